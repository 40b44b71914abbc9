// SPDX-License-Identifier: Apache-2.0
/* What follows a walk: caches are filled, the result is made or the fault named. */
#include "model/lookup/verdict.h"

/* By choice the guest's own address and PASID are reported, whoever refuses (13 no. 19). */
static bool reported_by_gva(const struct amdvi_device *device, const struct translation *t,
                            const struct walk *walk)
{
    return device->config.value[CONFIG_NESTED_FAULT] && t->space.guest &&
           walk->reason != REASON_TABLE_READ_ERROR;
}

/* A host fault under a guest walk is about a GPA: no PASID, no guest flags (13 no. 19, 15 D4). */
static void fail_walk(const struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    struct fault_facts facts = verdict_facts(device, t);

    facts.address = walk->fault_address;
    facts.error = walk->failed;
    facts.guest = walk->stage == STAGE_GUEST;
    facts.pasid = t->space.pasid;
    if (walk->stage == STAGE_HOST_TABLE && !device->config.value[CONFIG_EVENT_TABLE_RW])
        facts.write = walk->fault_update;
    if (reported_by_gva(device, t, walk)) {
        facts = verdict_facts(device, t);
        facts.guest = true;
    }
    verdict_fail_with(t, walk->reason, &facts);
}

static void count_walk(struct amdvi_statistics *counts, const struct walk *walk)
{
    counts->walks++;
    counts->reads_host += walk->reads_host;
    counts->reads_guest += walk->reads_guest;
    counts->reads_gcr3 += walk->reads_gcr3;
    counts->updates += walk->updates;
}

/* log2 of the bytes that a directory stands for. */
static unsigned dir_shift(const struct walk_dir *dir)
{
    return dir->kind == WALK_GCR3 ? TICKET_UNMARKED - 1 : host_level_shift(dir->level) + 9;
}

static void fill_caches(struct amdvi_device *device, const struct translation *t, const struct walk *walk)
{
    const struct ticket *ticket = job_is_direct(t->job) ? NULL : &t->job->ticket;

    for (unsigned i = 0; i < walk->trail_count; i++)
        if (!ticket || ticket_keeps_dir(ticket, dir_shift(&walk->trail[i])))
            tlb_keep(&device->tlb, &t->space, &walk->trail[i]);
    if (!ticket || ticket_keeps_page(ticket, &walk->result))
        ptc_fill(&device->tlb, &t->space, t->address, &walk->result);
}

static uint8_t page_flags(const struct walk_result *r)
{
    return (uint8_t)((r->user_page ? PTC_USER : 0) | (r->untranslated_only ? PTC_UNTRANSLATED : 0) |
                     (r->force_coherent ? PTC_COHERENT : 0) | (r->global ? PTC_GLOBAL : 0));
}

void translation_conclude(struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    const struct walk_result *r = &walk->result;
    struct page page;

    count_walk(t->job->counts, walk);
    if (walk->reason) {
        fail_walk(device, t, walk);
        return;
    }
    if (job_caches(device, t->job))
        fill_caches(device, t, walk);
    page = (struct page){.spa = r->spa, .shift = r->shift, .flags = page_flags(r)};
    page.perm = verdict_granted(device, t, r->perm, page.flags, dte_rights(t->dte));
    verdict_succeed(device, t, &page);
}
