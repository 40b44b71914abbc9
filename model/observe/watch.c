// SPDX-License-Identifier: Apache-2.0
#include "model/observe/watch.h"

void watch_begin(struct amdvi_device *device)
{
    device->before = device->statistics;
}

static uint32_t bit(enum amdvi_cache cache, uint64_t before, uint64_t now)
{
    return now != before ? 1u << cache : 0;
}

/* The caches that answered something since watch_begin(). */
static uint32_t caches(const struct amdvi_device *device)
{
    const struct amdvi_statistics *b = &device->before, *now = &device->statistics;

    return bit(AMDVI_CACHE_DTC, b->dtc_hits, now->dtc_hits) |
           bit(AMDVI_CACHE_ITC, b->itc_hits, now->itc_hits) |
           bit(AMDVI_CACHE_PTC, b->ptc_hits, now->ptc_hits) |
           bit(AMDVI_CACHE_PDC, b->pdc_hits, now->pdc_hits) |
           bit(AMDVI_CACHE_GCR3, b->gcr3_hits, now->gcr3_hits);
}

static void tell(const struct amdvi_device *device, struct amdvi_hit_info *info)
{
    if (!device->observed || !device->observer.hit)
        return;
    info->caches = caches(device);
    if (info->caches)
        device->observer.hit(device->observer.context, info);
}

void watch_page(struct amdvi_device *device, const struct translation *t)
{
    const struct amdvi_request *rq = t->request;
    struct amdvi_hit_info info = {
        .device = rq->device, .address = t->address, .request = rq, .result = t->result};

    if (t->dte) {
        info.domain = t->dte->domain;
        info.guest = t->dte->guest && (rq->has_pasid || t->dte->giov);
        info.pasid = info.guest && rq->has_pasid ? rq->pasid : 0;
    }
    if (device->pmu.active)
        pmu_page(device, t);
    tell(device, &info);
}

void watch_interrupt(struct amdvi_device *device, const struct watched_interrupt *i)
{
    struct amdvi_hit_info info = {
        .device = i->requester, .address = i->address, .data = i->data, .message = i->result};

    info.domain = i->dte ? i->dte->domain : 0;
    if (device->pmu.active)
        pmu_interrupt(device, i);
    tell(device, &info);
}
