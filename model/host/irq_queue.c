// SPDX-License-Identifier: Apache-2.0
/* Interrupts that wait until the host asks for them, and what it then has to do. */
#include "amdvi/host.h"

#include "model/base/allocator.h"
#include "model/device.h"

#include <string.h>

enum { CAPACITY_MAX = 65536 };

struct amdvi_irq_queue {
    struct amdvi_device *device;
    struct amdvi_observation *observation;
    size_t capacity, first, count;
    uint64_t merged, lost;
    struct amdvi_irq waiting[];
};

enum amdvi_irq_duty amdvi_irq_duty_of(const struct amdvi_irq *irq)
{
    if (!irq || !irq->deliverable)
        return AMDVI_IRQ_DUTY_NONE;
    switch (irq->cause) {
    case AMDVI_IRQ_VAPIC:
        return AMDVI_IRQ_DUTY_DOORBELL;
    case AMDVI_IRQ_GAPPI:
        return AMDVI_IRQ_DUTY_WAKE;
    default: /* a guest's own interrupt is posted, and posting tells what it needs */
        return irq->guest ? AMDVI_IRQ_DUTY_NONE : AMDVI_IRQ_DUTY_MESSAGE;
    }
}

static bool same(const struct amdvi_irq *a, const struct amdvi_irq *b)
{
    return a->cause == b->cause && a->guest == b->guest && a->guest_id == b->guest_id &&
           a->address == b->address && a->data == b->data && a->vector == b->vector &&
           a->destination == b->destination && a->logical == b->logical;
}

static struct amdvi_irq *at(struct amdvi_irq_queue *queue, size_t number)
{
    return &queue->waiting[(queue->first + number) % queue->capacity];
}

/* The queue is full: one that is already on its way need not come twice. */
static void merge_or_lose(struct amdvi_irq_queue *queue, const struct amdvi_irq *irq)
{
    for (size_t i = 0; i < queue->count; i++)
        if (same(at(queue, i), irq)) {
            queue->merged++;
            return;
        }
    queue->lost++;
}

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    struct amdvi_irq_queue *queue = context;

    if (amdvi_irq_duty_of(irq) == AMDVI_IRQ_DUTY_NONE)
        return;
    if (queue->count == queue->capacity)
        merge_or_lose(queue, irq);
    else
        *at(queue, queue->count++) = *irq;
}

enum amdvi_status amdvi_irq_queue_create(struct amdvi_device *device, size_t capacity,
                                         struct amdvi_irq_queue **queue)
{
    struct amdvi_observer observer = {.irq = on_irq};
    struct amdvi_irq_queue *new;

    if (!device || !queue || capacity < 1 || capacity > CAPACITY_MAX)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    new = allocate_zeroed(&device->allocator, sizeof(*new) + capacity * sizeof(new->waiting[0]));
    if (!new)
        return AMDVI_ERR_NO_MEMORY;
    new->device = device;
    new->capacity = capacity;
    observer.context = new;
    if (amdvi_observer_attach(device, &observer, &new->observation) != AMDVI_OK) {
        release(&device->allocator, new);
        return AMDVI_ERR_NO_MEMORY;
    }
    *queue = new;
    return AMDVI_OK;
}

void amdvi_irq_queue_destroy(struct amdvi_irq_queue *queue)
{
    struct amdvi_allocator allocator;

    if (!queue)
        return;
    allocator = queue->device->allocator;
    amdvi_observer_detach(queue->observation);
    release(&allocator, queue);
}

enum amdvi_status amdvi_irq_next(struct amdvi_irq_queue *queue, struct amdvi_irq *irq)
{
    if (!queue || !irq)
        return AMDVI_ERR_ARGUMENT;
    if (queue->count == 0)
        return AMDVI_ERR_END;
    *irq = *at(queue, 0);
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    return AMDVI_OK;
}

enum amdvi_status amdvi_irq_queue_state(const struct amdvi_irq_queue *queue, size_t *waiting,
                                        uint64_t *merged, uint64_t *lost)
{
    if (!queue)
        return AMDVI_ERR_ARGUMENT;
    if (waiting)
        *waiting = queue->count;
    if (merged)
        *merged = queue->merged;
    if (lost)
        *lost = queue->lost;
    return AMDVI_OK;
}
