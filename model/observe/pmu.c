// SPDX-License-Identifier: Apache-2.0
#include "model/observe/pmu.h"
#include "model/logs/fault.h"

#include "model/base/allocator.h"
#include "model/logs/record.h"
#include "model/lookup/translate.h"
#include "model/observe/watch.h"

#include <string.h>

/* ---------------------------------------------------------------- life */

static size_t counters_of(const struct pmu *pmu)
{
    return (size_t)pmu->banks * pmu->per_bank;
}

static size_t size_of_counting(const struct pmu *pmu)
{
    return (size_t)pmu->words * PMU_SOURCES * sizeof(*pmu->counting);
}

bool pmu_create(struct amdvi_device *device)
{
    const uint64_t *config = device->config.value;
    struct pmu *pmu = &device->pmu;

    if (!reg_efr_pcsup(config[CONFIG_EFR]))
        return true;
    pmu->banks = (uint8_t)config[CONFIG_PMU_BANKS];
    pmu->per_bank = (uint8_t)config[CONFIG_PMU_COUNTERS];
    ctr_masks(config[CONFIG_EFR], config[CONFIG_EFR2], (uint32_t)config[CONFIG_CAP_HEADER], pmu->mask);
    pmu->counters = allocate_zeroed(&device->allocator, counters_of(pmu) * sizeof(*pmu->counters));
    pmu->sources = allocate_zeroed(&device->allocator, counters_of(pmu));
    pmu->words = (uint8_t)((counters_of(pmu) + 63) / 64);
    pmu->counting = allocate_zeroed(&device->allocator, size_of_counting(pmu));
    pmu->hits = allocate_zeroed(&device->allocator,
                                sizeof(*pmu->hits) + counters_of(pmu) * sizeof(pmu->hits->counters[0]));
    return pmu->counters && pmu->sources && pmu->counting && pmu->hits;
}

void pmu_destroy(struct amdvi_device *device)
{
    release(&device->allocator, device->pmu.counters);
    release(&device->allocator, device->pmu.sources);
    release(&device->allocator, device->pmu.counting);
    release(&device->allocator, device->pmu.hits);
}

void pmu_reset(struct amdvi_device *device)
{
    struct pmu *pmu = &device->pmu;

    for (size_t i = 0; i < counters_of(pmu); i++)
        for (unsigned id = 0; id < CTR_COUNT; id++)
            pmu->counters[i].reg[id] = pmu->mask[id].reset;
    pmu_changed(device);
}

/* ---------------------------------------------------------------- registers */

/* The register that holds byte `offset` of the window, or null. */
static uint64_t *find(const struct amdvi_device *device, uint64_t offset, unsigned *id)
{
    const struct pmu *pmu = &device->pmu;
    uint64_t inside = offset - CTR_SPACE_BASE, bank = inside / CTR_SPACE_BANK_STRIDE;
    uint64_t counter = inside % CTR_SPACE_BANK_STRIDE / CTR_SPACE_COUNTER_STRIDE;

    if (offset < CTR_SPACE_BASE || bank >= pmu->banks || counter >= pmu->per_bank)
        return NULL;
    for (*id = 0; *id < CTR_COUNT; ++*id)
        if (ctr_info[*id].offset / 8 == inside % CTR_SPACE_COUNTER_STRIDE / 8)
            return &pmu->counters[bank * pmu->per_bank + counter].reg[*id];
    return NULL;
}

uint32_t pmu_read(const struct amdvi_device *device, uint64_t offset)
{
    unsigned id;
    const uint64_t *value = find(device, offset, &id);

    pmu_settle(device);
    return value ? (uint32_t)(*value >> offset % 8 * 8) : 0;
}

/* What a page counts whose entry and translation are cached. */
static bool counts_hits(uint64_t source)
{
    return source == CTR_SOURCE_CSOURCE_MEM_TRANSLATIONS || source == CTR_SOURCE_CSOURCE_PTE_HIT ||
           source == CTR_SOURCE_CSOURCE_DTE_HIT;
}

static bool has_filter(const struct pmu_counter *c)
{
    return ctr_device_en(c->reg[CTR_DEVICE]) || ctr_domain_en(c->reg[CTR_DOMAIN]) ||
           ctr_pasid_en(c->reg[CTR_PASID]);
}

static void forget_sources(struct pmu *pmu)
{
    pmu->active = false;
    if (!pmu->hits)
        return;
    *pmu->hits = (struct pmu_hits){0};
    memset(pmu->counting, 0, size_of_counting(pmu));
}

void pmu_changed(struct amdvi_device *device)
{
    struct pmu *pmu = &device->pmu;

    forget_sources(pmu);
    for (size_t i = 0; i < counters_of(pmu); i++) {
        const struct pmu_counter *c = &pmu->counters[i];
        uint64_t source = ctr_source_csource(c->reg[CTR_SOURCE]);
        pmu->active |= source != 0;
        if (!source || source >= PMU_SOURCES)
            continue;
        pmu->sources[i] = (uint8_t)(source | (has_filter(c) ? PMU_FILTERED : 0));
        pmu->counting[i / 64 * PMU_SOURCES + source] |= UINT64_C(1) << i % 64;
        if (!counts_hits(source))
            continue;
        pmu->hits->counters[pmu->hits->count++] = (uint16_t)i;
        pmu->hits->filtered |= has_filter(c);
    }
    device_watch(device);
}

void pmu_write(struct amdvi_device *device, uint64_t offset, uint32_t value)
{
    unsigned id, shift = offset % 8 * 8;
    uint64_t *reg = find(device, offset, &id);
    uint64_t mask;

    if (!reg)
        return;
    pmu_settle(device);
    mask = device->pmu.mask[id].rw & (uint64_t)UINT32_MAX << shift;
    *reg = (*reg & ~mask) | ((uint64_t)value << shift & mask);
    pmu_changed(device);
}

/* ---------------------------------------------------------------- counting */

/* Whose an operation was. */
struct owner {
    bool has_device, has_domain, has_pasid;
    uint16_t device, domain;
    uint32_t pasid;
};

/* What an operation did, by CSource. */
struct tally {
    const struct job *job; /* what did it */
    struct owner owner;
    uint32_t sources; /* bit n: CSource n has events */
    uint64_t events[PMU_SOURCES];
};

static void put(struct tally *tally, unsigned source, uint64_t events)
{
    tally->events[source] = events;
    tally->sources |= (uint32_t)(events != 0) << source;
}

static bool filter_passes(bool enabled, uint64_t match, uint64_t mask, bool has, uint64_t value)
{
    return !enabled || (has && ((value ^ match) & mask) == 0);
}

static bool selects(const struct pmu_counter *c, const struct owner *o)
{
    uint64_t device = c->reg[CTR_DEVICE], domain = c->reg[CTR_DOMAIN], pasid = c->reg[CTR_PASID];

    return filter_passes(ctr_device_en(device), ctr_device_match(device), ctr_device_mask(device),
                         o->has_device, o->device) &&
           filter_passes(ctr_domain_en(domain), ctr_domain_match(domain), ctr_domain_mask(domain),
                         o->has_domain, o->domain) &&
           filter_passes(ctr_pasid_en(pasid), ctr_pasid_match(pasid), ctr_pasid_mask(pasid), o->has_pasid,
                         o->pasid);
}

/* Nobody waits for the record; one for which there is no room on the way is lost. */
static void report(struct amdvi_device *device, const struct job *job, const struct pmu_counter *c)
{
    struct record record = {.log = AMDVI_LOG_EVENT};

    if (!ctr_report_reporten(c->reg[CTR_REPORT]))
        return;
    evt_event_counter_zero_set_code(record.words, EVT_EVENT_COUNTER_ZERO);
    evt_event_counter_zero_set_counternote(record.words, ctr_report_note(c->reg[CTR_REPORT]));
    if (!record_post(device, job, &record))
        event_written(device, record.words, false);
}

/* 48 bits; a step never holds more than one roll-over. */
static void add(struct amdvi_device *device, const struct job *job, struct pmu_counter *c, uint64_t events)
{
    uint64_t old = ctr_counter_count(c->reg[CTR_COUNTER]);

    c->reg[CTR_COUNTER] = ctr_counter_set_count(c->reg[CTR_COUNTER], old + events);
    if (ctr_counter_count(c->reg[CTR_COUNTER]) < old)
        report(device, job, c);
}

/* A bit for each counter of a word of them that has something to count. */
static uint64_t counters_for(const struct pmu *pmu, size_t word, uint32_t sources)
{
    uint64_t all = 0;

    for (; sources; sources &= sources - 1)
        all |= pmu->counting[word * PMU_SOURCES + (unsigned)__builtin_ctz(sources)];
    return all;
}

/* In the order of their numbers, in which roll-overs are reported. */
static void count(struct amdvi_device *device, const struct tally *tally)
{
    struct pmu *pmu = &device->pmu;

    pmu_settle(device);
    for (size_t word = 0; word < pmu->words; word++)
        for (uint64_t left = counters_for(pmu, word, tally->sources); left; left &= left - 1) {
            size_t i = word * 64 + (unsigned)__builtin_ctzll(left);
            unsigned source = pmu->sources[i];
            if (source < PMU_FILTERED || selects(&pmu->counters[i], &tally->owner))
                add(device, tally->job, &pmu->counters[i], tally->events[source % PMU_FILTERED]);
        }
}

/* ---------------------------------------------------------------- pages of requests */

/* Requests without PASID are those of PASID 0 where GIoV says so. `dte` may be null. */
static struct owner owner_of(const struct amdvi_request *request, const struct dte *dte)
{
    return (struct owner){.has_device = true,
                          .device = request->device,
                          .has_domain = dte && dte->valid,
                          .domain = dte ? dte->domain : 0,
                          .has_pasid = request->has_pasid || (dte && dte->giov),
                          .pasid = request->has_pasid ? request->pasid : 0};
}

static void tally_pass(struct tally *tally, const struct translation *t)
{
    if (!t->result->ok || !t->result->identity || t->request->at == AMDVI_TRANSLATION_REQUEST)
        return;
    if (t->request->at == AMDVI_TRANSLATED)
        put(tally, CTR_SOURCE_CSOURCE_MEM_PASS_PRETRANSLATED, 1);
    else if (t->excluded)
        put(tally, CTR_SOURCE_CSOURCE_MEM_PASS_EXCLUSION, 1);
    else
        put(tally, CTR_SOURCE_CSOURCE_MEM_PASS_UNTRANSLATED, 1);
}

/* Host-only walks count as nested ones, as on silicon; GCR3 tables belong to the guest. */
static void tally_walk(struct tally *tally, const struct amdvi_statistics *counts)
{
    uint64_t walks = counts->walks, hits = counts->ptc_hits;
    uint64_t nested = counts->reads_host, guest = counts->reads_guest + counts->reads_gcr3;

    put(tally, CTR_SOURCE_CSOURCE_MEM_TRANSLATIONS, hits + walks);
    put(tally, CTR_SOURCE_CSOURCE_PTE_HIT, hits);
    put(tally, CTR_SOURCE_CSOURCE_PTE_MISS, walks);
    put(tally, CTR_SOURCE_CSOURCE_PDE_HIT, counts->pdc_hits);
    put(tally, CTR_SOURCE_CSOURCE_PDE_MISS, counts->pdc_misses);
    put(tally, CTR_SOURCE_CSOURCE_TABLE_READS_NESTED, nested);
    put(tally, CTR_SOURCE_CSOURCE_TABLE_READS_GUEST, guest);
    put(tally, CTR_SOURCE_CSOURCE_TABLE_READS, nested + guest);
}

void pmu_page(struct amdvi_device *device, const struct translation *t)
{
    const struct amdvi_statistics *counts = &t->watch.counts;
    struct tally tally = {.job = t->job, .owner = owner_of(t->request, t->dte)};

    tally_pass(&tally, t);
    tally_walk(&tally, counts);
    put(&tally, CTR_SOURCE_CSOURCE_DTE_HIT, counts->dtc_hits);
    put(&tally, CTR_SOURCE_CSOURCE_DTE_MISS, counts->dtc_misses);
    put(&tally, CTR_SOURCE_CSOURCE_MEM_TARGET_ABORT,
        !t->result->ok && t->request->at != AMDVI_TRANSLATION_REQUEST);
    count(device, &tally);
}

/* ---------------------------------------------------------------- cached answers */

/* How many more it can count before it rolls over. */
static uint64_t room_of(const struct pmu_counter *c)
{
    return ctr_counter_count(UINT64_MAX) - ctr_counter_count(c->reg[CTR_COUNTER]);
}

static void step(struct pmu_counter *c, uint64_t events)
{
    c->reg[CTR_COUNTER] =
        ctr_counter_set_count(c->reg[CTR_COUNTER], ctr_counter_count(c->reg[CTR_COUNTER]) + events);
}

void pmu_settle(const struct amdvi_device *device)
{
    const struct pmu *pmu = &device->pmu;
    struct pmu_hits *hits = pmu->hits;

    if (!hits || !hits->given)
        return;
    for (unsigned i = 0; i < hits->count; i++)
        step(&pmu->counters[hits->counters[i]], hits->given - hits->left);
    hits->given = hits->left = 0;
}

/* Until the next counter rolls over. */
static uint64_t room_for_hits(const struct pmu *pmu)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < pmu->hits->count; i++) {
        uint64_t room = room_of(&pmu->counters[pmu->hits->counters[i]]);
        least = room < least ? room : least;
    }
    return least;
}

static bool hit_of_owner(struct pmu *pmu, const struct owner *owner)
{
    if (!room_for_hits(pmu))
        return false;
    for (unsigned i = 0; i < pmu->hits->count; i++) {
        struct pmu_counter *c = &pmu->counters[pmu->hits->counters[i]];
        if (selects(c, owner))
            step(c, 1);
    }
    return true;
}

bool pmu_hit(struct amdvi_device *device, const struct amdvi_request *request, const struct dte *dte)
{
    struct pmu_hits *hits = device->pmu.hits;

    if (hits->filtered) {
        const struct owner owner = owner_of(request, dte);
        return hit_of_owner(&device->pmu, &owner);
    }
    if (!hits->left) {
        pmu_settle(device);
        hits->given = hits->left = room_for_hits(&device->pmu);
    }
    if (!hits->left)
        return false;
    hits->left--;
    return true;
}

/* ---------------------------------------------------------------- interrupts */

static bool smi_was_blocked(const struct amdvi_int_result *result)
{
    return !result->ok &&
           (result->fault.reason == REASON_INT_SMI_FILTERED || result->fault.reason == REASON_INT_SMI_LOGGED);
}

void pmu_interrupt(struct amdvi_device *device, const struct job *job, const struct amdvi_statistics *counts,
                   const struct watched_interrupt *i)
{
    struct tally tally = {.job = job, .owner = {.has_device = true, .device = i->requester}};
    bool remapped = counts->interrupts_remapped && i->result->ok;

    tally.owner.has_domain = i->dte && i->dte->valid;
    tally.owner.domain = i->dte ? i->dte->domain : 0;
    put(&tally, CTR_SOURCE_CSOURCE_INT_DTE_HIT, counts->dtc_hits);
    put(&tally, CTR_SOURCE_CSOURCE_INT_DTE_MISS, counts->dtc_misses);
    put(&tally, CTR_SOURCE_CSOURCE_VAPIC_GUEST, remapped && i->result->posted);
    put(&tally, CTR_SOURCE_CSOURCE_VAPIC_NON_GUEST,
        remapped && !i->result->posted && device->env.guest_mode_legal);
    put(&tally, CTR_SOURCE_CSOURCE_SMI_RECEIVED, i->smi);
    put(&tally, CTR_SOURCE_CSOURCE_SMI_BLOCKED, smi_was_blocked(i->result));
    count(device, &tally);
}

/* ---------------------------------------------------------------- commands and registers */

static void tag_command(const struct amdvi_device *device, struct owner *owner, const uint64_t words[2])
{
    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_IOMMU_PAGES:
        owner->has_domain = true;
        owner->domain = (uint16_t)cmd_inv_pages_domainid(words);
        owner->has_pasid = cmd_inv_pages_gn(words);
        owner->pasid = (uint32_t)cmd_inv_pages_pasid(words);
        break;
    case CMD_INVALIDATE_IOTLB_PAGES:
        owner->has_device = true;
        owner->device = (uint16_t)cmd_inv_iotlb_deviceid(words);
        owner->has_pasid = cmd_inv_iotlb_gn(words);
        owner->pasid = cmd_iotlb_pasid(&device->rules, words);
        break;
    case CMD_INVALIDATE_DEVTAB_ENTRY:
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        owner->has_device = true;
        owner->device = (uint16_t)cmd_inv_devtab_deviceid(words);
        break;
    default:
        break;
    }
}

void pmu_command(struct amdvi_device *device, const struct job *job, const struct watched_command *c)
{
    struct tally tally = {.job = job};

    tag_command(device, &tally.owner, c->words);
    put(&tally, CTR_SOURCE_CSOURCE_COMMANDS, c->done);
    put(&tally, CTR_SOURCE_CSOURCE_INVALIDATIONS, c->invalidations);
    put(&tally, CTR_SOURCE_CSOURCE_ENTRIES_INVALIDATED, c->entries);
    count(device, &tally);
}

void pmu_counted_access(struct amdvi_device *device)
{
    struct job job;
    struct tally tally = {.job = &job};

    job_begin(device, &job);
    put(&tally, CTR_SOURCE_CSOURCE_COUNTED_ACCESS, 1);
    count(device, &tally);
}
