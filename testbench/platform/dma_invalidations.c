// SPDX-License-Identifier: Apache-2.0
/* How a device answers invalidations of its translations: at once, late, never, wrongly. */
#include "testbench/platform/dma_internal.h"

#include <stdlib.h>

void dma_set_invalidation(struct dma_device *device, enum dma_invalidation how, uint64_t delay_ns)
{
    device->how = how;
    device->delay = delay_ns;
}

static void unlink_waiting(struct dma_device *device, struct dma_waiting *waiting)
{
    struct dma_waiting **at = &device->waiting;

    while (*at != waiting)
        at = &(*at)->next;
    *at = waiting->next;
}

void dma_forget_invalidations(struct dma_device *device)
{
    while (device->waiting) {
        struct dma_waiting *waiting = device->waiting;
        device->waiting = waiting->next;
        timers_cancel(&device->machine->timers, waiting);
        free(waiting);
    }
}

/* ---------------------------------------------------------------- late answers */

/* Tags count up, so that the one with the top bit turned is nobody's. */
static uint32_t tag_of(const struct dma_waiting *waiting)
{
    return waiting->wrong ? waiting->invalidation.tag ^ 0x80000000 : waiting->invalidation.tag;
}

static void answer(struct dma_waiting *waiting)
{
    struct dma_device *device = waiting->device;

    if (!waiting->wrong)
        dma_atc_drop(device, &waiting->invalidation);
    if (machine_way_of(waiting->unit->machine)->atc_complete(waiting->unit->unit, tag_of(waiting)) ==
        AMDVI_OK)
        device->statistics.invalidations_answered++;
    else
        device->statistics.wrong_answers++;
    free(waiting);
}

static void on_due(void *context)
{
    struct dma_waiting *waiting = context;

    unlink_waiting(waiting->device, waiting);
    answer(waiting);
}

void dma_answer_invalidations(struct dma_device *device)
{
    while (device->waiting) {
        struct dma_waiting *waiting = device->waiting;
        device->waiting = waiting->next;
        timers_cancel(&device->machine->timers, waiting);
        answer(waiting);
    }
    machine_finish(device->machine);
}

static void append(struct dma_device *device, struct dma_waiting *waiting)
{
    struct dma_waiting **end = &device->waiting;

    while (*end)
        end = &(*end)->next;
    *end = waiting;
}

/* Without memory for it, it is one that is never answered. */
static void answer_later(struct dma_device *device, struct machine_unit *unit,
                         const struct amdvi_atc_invalidation *invalidation, bool wrong)
{
    uint64_t due = device->machine->now + device->delay;
    struct dma_waiting *waiting = malloc(sizeof(*waiting));

    if (!waiting)
        return;
    *waiting =
        (struct dma_waiting){.device = device, .unit = unit, .invalidation = *invalidation, .wrong = wrong};
    append(device, waiting);
    timers_set(&device->machine->timers, due, on_due, waiting);
}

/* ---------------------------------------------------------------- arrival */

enum amdvi_atc_answer dma_invalidate(struct dma_device *device, struct machine_unit *unit,
                                     const struct amdvi_atc_invalidation *invalidation)
{
    bool drops = device->how == DMA_INVALIDATE_NOW || device->how == DMA_INVALIDATE_LOST ||
                 device->how == DMA_INVALIDATE_WRONG;

    device->statistics.invalidations++;
    if (drops)
        dma_atc_drop(device, invalidation);
    if (device->how == DMA_INVALIDATE_LATE || device->how == DMA_INVALIDATE_WRONG)
        answer_later(device, unit, invalidation, device->how == DMA_INVALIDATE_WRONG);
    if (device->how != DMA_INVALIDATE_NOW && device->how != DMA_INVALIDATE_LIE)
        return AMDVI_ATC_PENDING;
    device->statistics.invalidations_answered++;
    return AMDVI_ATC_DONE;
}
