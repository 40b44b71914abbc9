// SPDX-License-Identifier: Apache-2.0
/* The queue of guests that have commands, in the order in which they take turns (viommu 7). */
#include "model/guests/guest_work.h"

static void append(struct amdvi_device *device, struct guest *guest)
{
    guest->queued = true;
    guest->next_queued = NULL;
    if (device->guests.queue_last)
        device->guests.queue_last->next_queued = guest;
    else
        device->guests.queue_first = guest;
    device->guests.queue_last = guest;
}

void guest_queue(struct amdvi_device *device, struct guest *guest)
{
    if (!guest->queued && guest_command_running(device, guest))
        append(device, guest);
}

void guest_unqueue(struct amdvi_device *device, struct guest *guest)
{
    struct guest *left = device->guests.queue_first;

    if (!guest->queued)
        return;
    guest->queued = false;
    device->guests.queue_first = device->guests.queue_last = NULL;
    while (left) {
        struct guest *next = left->next_queued;
        if (left->queued) {
            left->queued = false;
            append(device, left);
        }
        left = next;
    }
}

/* After a restore: those that are marked as queued, in the order of their numbers. */
void guests_queue_again(struct amdvi_device *device)
{
    for (unsigned id = 0; device->guests.first && id < GUESTS; id++) {
        struct guest *guest = guest_find(device, (uint16_t)id);
        if (guest && guest->queued) {
            guest->queued = false;
            guest_queue(device, guest);
        }
    }
}

void guests_interrupted(struct amdvi_device *device, bool in_a_run)
{
    guests_forget_names(device);
    device->guests.dirty_lock = (struct job_lock){0};
    for (struct guest *guest = device->guests.first; guest; guest = guest->next) {
        guest->lock = (struct job_lock){0};
        guest->spent = false;
        if (in_a_run)
            guest_queue(device, guest);
    }
}

static struct guest *next_guest(const struct amdvi_device *device, uint32_t *id)
{
    for (; *id < GUESTS; ++*id) {
        struct guest *guest = guest_find(device, (uint16_t)*id);
        if (guest)
            return guest;
        if (!device->guests.pages[*id / GUEST_PAGE])
            *id |= GUEST_PAGE - 1;
    }
    return NULL;
}

bool guests_settle(struct amdvi_device *device, struct job *job, struct guest_settling *s)
{
    struct guest *guest;

    STEPS_BEGIN(&s->steps);
    if (!device->guests.unsettled || !device->guests.pages)
        STEPS_DONE(&s->steps);
    device->guests.unsettled = false;
    guest_work_begin(&s->work);
    for (s->id = 0; next_guest(device, &s->id); s->id++) {
        STEPS_WAIT(&s->steps,
                   guest_status_set(device, job, guest_find(device, (uint16_t)s->id), 0, &s->work));
        guest = guest_find(device, (uint16_t)s->id);
        guest_queue(device, guest);
    }
    STEPS_END(&s->steps);
}

struct guest *guests_take_first(struct amdvi_device *device)
{
    struct guest *guest = device->guests.queue_first;

    device->guests.queue_first = guest->next_queued;
    if (!device->guests.queue_first)
        device->guests.queue_last = NULL;
    guest->queued = false;
    return guest;
}
