// SPDX-License-Identifier: Apache-2.0
/*
 * Translation caches of devices (ATS, iommu 9): a request of a device with an ATC is answered there, or asks
 * for a translation over PCIe and keeps it. An invalidation takes the way to the device, the time that the
 * device takes, and the way back; some may never be answered, so that the IOMMU's time-out ends them.
 *
 * An ATC keeps what it got until an invalidation covers it, whatever the IOMMU's own caches have forgotten.
 * What was given before an invalidation and arrives behind it is used once and not kept.
 */
#include "model/timed/state.h"

#include "model/base/allocator.h"

#include <string.h>

enum { DEVICES = 65536, PPM = 1000000, CONTROL = 0x18, TIMEOUT_SHIFT = 5 };

struct atc_line {
    uint64_t page; /* address >> 12 of the first byte */
    uint64_t size; /* 0: empty */
    uint64_t stamp;
    uint32_t pasid;
    uint16_t device;
    bool has_pasid, privileged;
    struct amdvi_result result; /* of the first byte */
};

struct atc {
    uint64_t clock;
    struct atc_line lines[];
};

/* ---------------------------------------------------------------- lines */

static uint64_t ways(const struct amdvi_timed *t)
{
    return t->p[PARAMETER_ATC_WAYS] < t->p[PARAMETER_ATC_ENTRIES] ? t->p[PARAMETER_ATC_WAYS]
                                                                  : t->p[PARAMETER_ATC_ENTRIES];
}

static uint64_t sets(const struct amdvi_timed *t)
{
    return t->p[PARAMETER_ATC_ENTRIES] / ways(t);
}

static struct atc_line *set_of(struct amdvi_timed *t, struct atc *atc, uint64_t address)
{
    uint64_t set = (address >> t->p[PARAMETER_ATC_INDEX_SHIFT]) % sets(t);

    return &atc->lines[set * ways(t)];
}

static bool same_space(const struct atc_line *line, uint16_t device, bool has_pasid, uint32_t pasid)
{
    return line->device == device && line->has_pasid == has_pasid && (!has_pasid || line->pasid == pasid);
}

static bool covers(const struct atc_line *line, const struct amdvi_request *r)
{
    uint64_t from = line->page << 12;

    return r->length <= line->size && same_space(line, r->device, r->has_pasid, r->pasid) &&
           r->address >= from && r->address - from <= line->size - r->length;
}

static uint8_t needs(const struct amdvi_request *r)
{
    switch (r->op) {
    case AMDVI_WRITE:
        return AMDVI_RIGHT_WRITE;
    case AMDVI_ATOMIC:
        return AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE;
    case AMDVI_EXECUTE:
        return AMDVI_RIGHT_EXEC;
    default:
        return AMDVI_RIGHT_READ;
    }
}

/* What was granted to privileged requests is not for others (iommu 5.3). */
static bool grants(const struct atc_line *line, const struct amdvi_request *r)
{
    return !(needs(r) & ~line->result.perm) && line->privileged == r->privileged;
}

/* Functions of a device share one. */
static unsigned number_of(const struct amdvi_timed *t, uint16_t device)
{
    return (unsigned)device >> t->p[PARAMETER_ATC_SHARED];
}

static struct atc *atc_of(struct amdvi_timed *t, uint16_t device)
{
    unsigned number = number_of(t, device);

    if (!t->atcs)
        t->atcs = allocate_zeroed(&t->allocator, DEVICES * sizeof(struct atc *));
    if (t->atcs && !t->atcs[number])
        t->atcs[number] =
            allocate_zeroed(&t->allocator, sizeof(struct atc) + sets(t) * ways(t) * sizeof(struct atc_line));
    return t->atcs ? t->atcs[number] : NULL;
}

static struct atc_line *find_line(struct amdvi_timed *t, struct atc *atc, const struct amdvi_request *r)
{
    struct atc_line *line = set_of(t, atc, r->address);

    for (uint64_t way = 0; way < ways(t); way++, line++)
        if (covers(line, r) && grants(line, r))
            return line;
    return NULL;
}

static struct atc_line *victim(struct amdvi_timed *t, struct atc *atc, const struct amdvi_request *r)
{
    struct atc_line *line = set_of(t, atc, r->address), *oldest = line;

    for (uint64_t way = 0; way < ways(t); way++, line++)
        if (covers(line, r))
            return line;
        else if (line->stamp < oldest->stamp)
            oldest = line;
    return oldest;
}

/* ---------------------------------------------------------------- requests */

bool atc_answers(struct amdvi_timed *t, struct operation *o)
{
    struct atc *atc = t->p[PARAMETER_ATC_ENTRIES] ? atc_of(t, o->in.request.device) : NULL;
    struct atc_line *line = atc ? find_line(t, atc, &o->in.request) : NULL;
    uint64_t into;

    if (!line)
        return false;
    into = o->in.request.address - (line->page << 12);
    line->stamp = ++atc->clock;
    o->out.result = line->result;
    o->out.result.pa += into;
    o->out.result.covered = line->size - into;
    return true;
}

/* The page of the translation, as far as the answer covers it. */
void atc_keep(struct amdvi_timed *t, const struct operation *o)
{
    const struct amdvi_result *result = &o->out.result;
    uint64_t into = o->in.request.address & (result->size - 1);
    struct atc *atc = t->p[PARAMETER_ATC_ENTRIES] ? atc_of(t, o->in.request.device) : NULL;
    struct atc_line *line;

    if (!atc || !result->ok || result->untranslated_only || result->covered < result->size - into)
        return;
    line = victim(t, atc, &o->in.request);
    *line = (struct atc_line){.page = (o->in.request.address - into) >> 12,
                              .size = result->size,
                              .stamp = ++atc->clock,
                              .pasid = o->in.request.pasid,
                              .device = o->in.request.device,
                              .has_pasid = o->in.request.has_pasid,
                              .privileged = o->in.request.privileged,
                              .result = *result};
    line->result.pa -= into;
}

/* ---------------------------------------------------------------- invalidations */

static bool overlaps(const struct amdvi_atc_invalidation *i, uint64_t address, uint64_t size)
{
    return !i->size || (address + (size - 1) >= i->address && i->address + (i->size - 1) >= address);
}

static void drop(struct amdvi_timed *t, const struct amdvi_atc_invalidation *i)
{
    struct atc *atc = t->atcs ? t->atcs[number_of(t, i->device)] : NULL;

    for (uint64_t n = 0; atc && n < sets(t) * ways(t); n++) {
        struct atc_line *line = &atc->lines[n];
        if (line->size && same_space(line, i->device, i->has_pasid, i->pasid) &&
            overlaps(i, line->page << 12, line->size))
            line->size = line->stamp = 0;
    }
}

/* Answers that the device has asked for and that are not there yet. */
static void overtake(struct amdvi_timed *t, const struct amdvi_atc_invalidation *i)
{
    for (uint32_t n = 0; n < t->operation_count; n++) {
        struct operation *o = &t->operations[n];
        o->overtaken |= o->asked && o->in.request.device == i->device;
    }
}

static uint32_t take(struct amdvi_timed *t)
{
    uint32_t index = 0;

    while (index < t->invalidation_count && t->invalidations[index].state != INVALIDATION_FREE)
        index++;
    if (index < t->invalidation_count)
        return index;
    return pool_grow_invalidations(t) ? index : NOBODY;
}

enum amdvi_atc_answer amdvi_timed_atc_invalidate(struct amdvi_timed *t,
                                                 const struct amdvi_atc_invalidation *invalidation)
{
    uint32_t index;

    if (!t || !invalidation)
        return AMDVI_ATC_DONE;
    overtake(t, invalidation);
    index = take(t);
    if (index == NOBODY) { /* no memory: at once is earlier than it may be, but never wrong */
        drop(t, invalidation);
        return AMDVI_ATC_DONE;
    }
    t->invalidations[index] = (struct invalidation){.what = *invalidation, .state = INVALIDATION_GOES};
    t->statistics.atc_invalidations++;
    wheel_put(&t->wheel, t->now + t->p[PARAMETER_PCIE_LATENCY], EVENT_ATC, index);
    return AMDVI_ATC_PENDING;
}

/* ControlReg.InvTimeOut (iommu 2.4) in picoseconds; 0: never. The time of arrival counts as that of sending:
 * the way there is short beside it. */
static uint64_t timeout(const struct amdvi_timed *t)
{
    static const uint64_t milliseconds[] = {0, 1, 10, 100, 1000, 10000, 100000, 0};
    uint64_t control = 0;

    amdvi_mmio_read(t->device, CONTROL, 8, &control);
    return milliseconds[control >> TIMEOUT_SHIFT & 7] * UINT64_C(1000000000);
}

static void arrives(struct amdvi_timed *t, uint32_t index)
{
    struct invalidation *i = &t->invalidations[index];
    bool lost = t->p[PARAMETER_ATC_UNANSWERED] && random_below(t, PPM) < t->p[PARAMETER_ATC_UNANSWERED];
    uint64_t wait = lost ? timeout(t) : t->p[PARAMETER_ATC_INVALIDATION] + t->p[PARAMETER_PCIE_LATENCY];

    drop(t, &i->what);
    i->state = lost ? INVALIDATION_LOST : INVALIDATION_RETURNS;
    if (lost && !wait)
        i->state = INVALIDATION_FREE; /* nobody ever hears of it */
    else
        wheel_put(&t->wheel, t->now + wait, EVENT_ATC, index);
}

/* Its completion is there, or its time is up: the device's clock says so. */
static void returns(struct amdvi_timed *t, uint32_t index)
{
    struct invalidation *i = &t->invalidations[index];
    bool lost = i->state == INVALIDATION_LOST;
    uint32_t tag = i->what.tag;

    i->state = INVALIDATION_FREE;
    if (!lost)
        amdvi_atc_complete(t->device, tag);
    amdvi_run(t->device);
}

void atc_event(struct amdvi_timed *t, uint32_t index)
{
    if (t->invalidations[index].state == INVALIDATION_GOES)
        arrives(t, index);
    else
        returns(t, index);
}

void atc_free(struct amdvi_timed *t)
{
    for (uint32_t i = 0; t->atcs && i < DEVICES; i++)
        release(&t->allocator, t->atcs[i]);
    release(&t->allocator, t->atcs);
    release(&t->allocator, t->invalidations);
}
