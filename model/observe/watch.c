// SPDX-License-Identifier: Apache-2.0
#include "model/observe/watch.h"

#include "model/lookup/translate.h"

static uint32_t bit(enum amdvi_cache cache, uint64_t hits)
{
    return hits ? 1u << cache : 0;
}

/* The caches that answered something. */
static uint32_t caches(const struct amdvi_statistics *counts)
{
    return bit(AMDVI_CACHE_DTC, counts->dtc_hits) | bit(AMDVI_CACHE_ITC, counts->itc_hits) |
           bit(AMDVI_CACHE_PTC, counts->ptc_hits) | bit(AMDVI_CACHE_PDC, counts->pdc_hits) |
           bit(AMDVI_CACHE_GCR3, counts->gcr3_hits);
}

static void tell(const struct amdvi_device *device, const struct watch *watch, struct amdvi_hit_info *info)
{
    if (!device->observed || !device->observer.hit)
        return;
    info->caches = caches(&watch->counts);
    if (info->caches)
        device->observer.hit(device->observer.context, info);
}

void watch_page(struct amdvi_device *device, struct translation *t)
{
    const struct amdvi_request *rq = t->request;
    struct amdvi_hit_info info = {
        .device = rq->device, .address = t->address, .request = rq, .result = t->result};

    watch_stop(t->job, &t->watch);
    if (t->dte) {
        info.domain = t->dte->domain;
        info.guest = t->dte->guest && (rq->has_pasid || t->dte->giov);
        info.pasid = info.guest && rq->has_pasid ? rq->pasid : 0;
    }
    if (device->pmu.active)
        pmu_page(device, t);
    tell(device, &t->watch, &info);
}

void watch_interrupt(struct amdvi_device *device, struct job *job, struct watch *watch,
                     const struct watched_interrupt *i)
{
    struct amdvi_hit_info info = {
        .device = i->requester, .address = i->address, .data = i->data, .message = i->result};

    watch_stop(job, watch);
    info.domain = i->dte ? i->dte->domain : 0;
    if (device->pmu.active)
        pmu_interrupt(device, job, &watch->counts, i);
    tell(device, watch, &info);
}
