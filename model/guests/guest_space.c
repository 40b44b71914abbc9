// SPDX-License-Identifier: Apache-2.0
/*
 * The two address spaces behind a guest's virtual IOMMU (viommu 2, 3.2): private addresses through the
 * device table entry of the IOMMU's own DeviceID, guest buffers through that of TransDevID. Both are host
 * (v1) translations and are cached like any others (2.2, 11 #33).
 */
#include "model/base/fault_facts.h"
#include "model/guests/guest_work.h"
#include "model/logs/fault.h"
#include "model/logs/record.h"
#include "model/port/exec.h"

static const struct private_region regions[] = {
    [PRIVATE_REGISTERS] = {0, 64},
    [PRIVATE_DEVICE_MAP] = {0x1000000000, 1 << 20},
    [PRIVATE_DOMAIN_MAP] = {0x2000000000, 1 << 19},
    [PRIVATE_COMMANDS] = {0x2800000000, 1 << 19},
    [PRIVATE_PPR_A] = {0x3000000000, 1 << 19},
    [PRIVATE_PPR_B] = {0x3800000000, 1 << 19},
    [PRIVATE_EVENT_A] = {0x4000000000, 1 << 19},
    [PRIVATE_EVENT_B] = {0x4800000000, 1 << 19},
};

uint64_t private_address(enum private_area area, uint16_t id)
{
    return regions[area].base + id * regions[area].stride;
}

/* E8: an entry that does not translate is a failure, never pass-through: a cleared entry must not give a
 * guest raw system memory. */
static enum reason entry_reason(const struct dte *dte, uint8_t need)
{
    if (!dte->valid || !dte->tv || dte->mode == 0)
        return REASON_DTE_TV0;
    if (dte->verdict)
        return (enum reason)dte->verdict;
    if (dte->mode_verdict)
        return REASON_DTE_MODE;
    return need & ~dte->perm ? REASON_DTE_PERMISSION : REASON_NONE;
}

void space_tell(struct amdvi_device *device, const struct space_access *access, uint16_t domain, uint8_t perm)
{
    struct amdvi_request request = {.device = access->device,
                                    .op = access->write ? AMDVI_WRITE : AMDVI_READ,
                                    .address = access->address,
                                    .length = 8};
    struct amdvi_result result = {
        .ok = true, .pa = access->spa, .size = (uint64_t)1 << HELD_PAGE_BITS, .perm = perm};
    struct amdvi_hit_info info = {.caches = 1u << AMDVI_CACHE_PTC,
                                  .device = access->device,
                                  .request = &request,
                                  .result = &result,
                                  .address = access->address,
                                  .domain = domain,
                                  .own = true};

    if (device->observer.hit)
        device->observer.hit(device->observer.context, &info);
}

static bool cached(struct amdvi_device *device, struct job *job, const struct tlb_space *space, uint8_t need,
                   struct space_access *access)
{
    const struct ptc_line *line =
        job_caches(device, job) ? ptc_lookup(&device->tlb, space, access->address) : NULL;

    if (!line || need & ~line->perm || (access->write && !(line->flags & PTC_DIRTY)))
        return false;
    access->spa = line->spa | (access->address & (((uint64_t)1 << tlb_id_more(line->id)) - 1));
    access->perm = line->flags & PTC_DIRTY ? line->perm : line->perm & ~PERM_WRITE;
    if (__builtin_expect(device->observed, 0))
        space_tell(device, access, space->domain, access->perm);
    return true;
}

/* Host tables alone: software invalidates the page of the walk. */
static void keep(struct amdvi_device *device, const struct job *job, const struct space_walk *w,
                 const struct space_access *access)
{
    const struct ticket *ticket = job_is_direct(job) ? NULL : &job->ticket;
    const struct walk *walk = &w->run.walk;

    for (unsigned i = 0; i < walk->trail_count; i++)
        if (!ticket || ticket_keeps_dir(ticket, host_level_shift(walk->trail[i].level) + 9))
            tlb_keep(&device->tlb, &w->space, &walk->trail[i]);
    if (!access->fleeting && (!ticket || ticket_keeps_page(ticket, &walk->result)))
        ptc_fill(&device->tlb, &w->space, access->address, &walk->result);
}

static bool walk_space(struct amdvi_device *device, struct job *job, struct space_walk *w,
                       struct space_access *access)
{
    const struct walk *walk = &w->run.walk;

    if (!exec_walk(device, job, &w->run, &w->request, &w->space))
        return false;
    access->reason = walk->reason;
    if (walk->reason) {
        access->fault_address = walk->fault_address;
        access->error = walk->failed;
        return true;
    }
    access->spa = walk->result.spa;
    access->perm = walk->result.dirty ? walk->result.perm : walk->result.perm & ~PERM_WRITE;
    if (job_caches(device, job))
        keep(device, job, w, access);
    return true;
}

/* By choice private addresses are looked up in the tables each time; else commands of their DomainID drop
 * what is cached of them (11 #33). */
static bool never_cached(const struct amdvi_device *device, uint16_t requester)
{
    return requester == device->config.value[CONFIG_DEVID] && !device->config.value[CONFIG_SPACE_CACHE];
}

/* True: a walk is needed. */
static bool by_entry(struct amdvi_device *device, struct job *job, struct space_walk *w,
                     struct space_access *access)
{
    const struct dte *dte = w->entry.dte;
    uint8_t need = access->write ? PERM_WRITE : PERM_READ;

    access->reason = w->entry.reason;
    access->error = w->entry.error;
    access->fault_address = w->entry.error ? w->entry.address : access->address;
    access->domain = 0;
    access->perm = 0;
    if (access->reason)
        return false;
    access->domain = dte->domain;
    access->fleeting |= never_cached(device, access->device);
    access->reason = entry_reason(dte, need);
    w->space = dtc_space(device, dte, false, 0);
    w->request = (struct walk_request){.dte = dte,
                                       .env = &device->env,
                                       .address = access->address,
                                       .need = need,
                                       .probe = job_caches(device, job)};
    return !access->reason &&
           (never_cached(device, access->device) || !cached(device, job, &w->space, need, access));
}

/* An answer that an invalidation has overtaken is used once and not held. */
static bool overtaken(const struct job *job)
{
    return !job_is_direct(job) && job->ticket.marked;
}

bool space_look_up(struct amdvi_device *device, struct job *job, struct held *held,
                   struct space_access *access, struct space_walk *w)
{
    if (!w->walking) {
        if (!dtc_fetch(device, job, access->device, &w->entry))
            return false;
        w->walking = by_entry(device, job, w, access);
        w->run.begun = false;
    }
    if (w->walking && !walk_space(device, job, w, access))
        return false;
    w->walking = false;
    if (w->entry.dte)
        access->perm &= w->entry.dte->perm;
    if (!access->reason && held && !overtaken(job))
        held_keep(device, held, access);
    return true;
}

static bool read_words(struct amdvi_device *device, struct job *job, struct page_read *p)
{
    const struct place place = {.spa = p->io.access.spa, .access = AMDVI_ACCESS_MAP};

    return job_read_long(device, job, &place, p->words, sizeof(p->words), &p->done, &p->io.error);
}

bool space_read_page(struct amdvi_device *device, struct job *job, struct held *held, struct page_read *p)
{
    STEPS_BEGIN(&p->steps);
    p->there = false;
    p->done = 0;
    STEPS_WAIT(&p->steps, space_find(device, job, held, &p->io));
    if (p->io.access.reason)
        STEPS_DONE(&p->steps);
    STEPS_WAIT(&p->steps, read_words(device, job, p));
    p->there = !p->io.error;
    STEPS_END(&p->steps);
}

bool guest_space_report(struct amdvi_device *device, struct job *job, const struct space_access *access,
                        unsigned vflags)
{
    struct fault_facts facts = {.device = access->device,
                                .domain = access->domain,
                                .address = access->fault_address,
                                .write = access->write,
                                .error = access->error,
                                .vflags = (uint8_t)vflags};
    struct amdvi_fault fault;
    struct event event;

    return !fault_make(device, access->reason, &facts, NULL, &event, &fault) ||
           event_report(device, job, &event, NULL);
}

/* 7.3: VIOMMU_HARDWARE_ERROR, or the page fault of E8 when the own entry is not set up at all. */
bool private_report(struct amdvi_device *device, struct job *job, uint16_t id,
                    const struct space_access *access, unsigned vflags)
{
    const struct event event = {.code = EVT_VIOMMU_HARDWARE_ERROR,
                                .guest_id = id,
                                .vflags = (uint8_t)vflags,
                                .address = access->address};

    if (access->reason == REASON_DTE_TV0)
        return guest_space_report(device, job, access, vflags | VFLAG_PTR);
    return event_report(device, job, &event, NULL);
}
