// SPDX-License-Identifier: Apache-2.0
/* The log core (7.1, 7.7; viommu 8). */
#include "model/logs/log.h"

/* Used entries reach the threshold: the early indicator of PPR logs (2.8, 7.7; a guest's register is like the
 * host's). It has an interrupt enable of its own, and tells once until software takes the bit back. */
static bool check_early(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    uint64_t early = w->owner->early(device, w);
    uint32_t used = ((w->tail - w->head) & (w->ring.bytes - 1)) / w->ring.record;

    STEPS_BEGIN(&w->early);
    if (reg_ppr_overflow_early_en(early) && used >= reg_ppr_overflow_early_threshold(early) &&
        !w->owner->early_told(device, w))
        STEPS_WAIT(&w->early, w->owner->tell_early(device, job, w, reg_ppr_overflow_early_inten(early)));
    STEPS_END(&w->early);
}

static bool put_record(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    struct place place = {.spa = w->spa, .access = AMDVI_ACCESS_LOG};

    return job_write(device, job, &place, w->record, w->ring.record, &w->error);
}

/* The record is in memory before the tail moves (erratum 732, section 12). */
static bool write_side(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    STEPS_BEGIN(&w->side);
    w->outcome = LOG_FAILED;
    w->ring = w->owner->ring(device, w);
    if (w->ring.bytes == 0)
        STEPS_DONE(&w->side);
    STEPS_WAIT(&w->side, w->owner->pointers(device, job, w));
    if (ring_full(&w->ring, w->head, w->tail)) {
        w->outcome = LOG_FULL;
        STEPS_DONE(&w->side);
    }
    STEPS_WAIT(&w->side, w->owner->place(device, job, w));
    if (!w->found)
        STEPS_DONE(&w->side);
    STEPS_WAIT(&w->side, put_record(device, job, w));
    if (w->error) {
        STEPS_WAIT(&w->side, w->owner->failed(device, job, w));
        STEPS_DONE(&w->side);
    }
    w->tail = ring_next(&w->ring, w->tail);
    STEPS_WAIT(&w->side, w->owner->advance(device, job, w));
    if (w->log == AMDVI_LOG_PPR)
        STEPS_WAIT(&w->side, check_early(device, job, w));
    w->outcome = LOG_WRITTEN;
    STEPS_END(&w->side);
}

/* In swap mode a full log hands over to the other one, if that runs (7.1). */
static bool swap(struct amdvi_device *device, struct log_write *w)
{
    struct log_state *state = w->owner->state(device, w);
    bool b = !state->active_b;

    if (w->owner->dual(device, w) != DUAL_SWAP || !w->owner->takes(device, w, b))
        return false;
    state->active_b = w->b = b;
    return true;
}

static bool overflows(const struct amdvi_device *device, const struct log_write *w)
{
    return w->outcome == LOG_FULL || (w->outcome == LOG_FAILED && w->owner->failure_stops(device));
}

static bool append(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    STEPS_BEGIN(&w->append);
    w->outcome = LOG_STOPPED;
    STEPS_WAIT(&w->append, w->owner->refresh(device, job, w));
    w->b = w->owner->state(device, w)->active_b;
    if (!w->owner->takes(device, w, w->b) && !swap(device, w))
        STEPS_DONE(&w->append);
    STEPS_WAIT(&w->append, write_side(device, job, w));
    if (!overflows(device, w))
        STEPS_DONE(&w->append);
    STEPS_WAIT(&w->append, w->owner->tell_overflow(device, job, w));
    if (!swap(device, w))
        STEPS_DONE(&w->append);
    STEPS_WAIT(&w->append, write_side(device, job, w));
    if (overflows(device, w))
        STEPS_WAIT(&w->append, w->owner->tell_overflow(device, job, w));
    STEPS_END(&w->append);
}

static void observe(struct amdvi_device *device, const struct log_write *w)
{
    struct amdvi_event_info info = {.guest = w->owner->is_guest,
                                    .guest_id = w->guest_id,
                                    .logged = w->outcome == LOG_WRITTEN,
                                    .record = {w->record[0], w->record[1]},
                                    .log = (enum amdvi_log)w->log,
                                    .index = w->owner->state(device, w)->count};

    if (device->observed && device->observer.event)
        device->observer.event(device->observer.context, &info);
}

bool log_write_step(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    STEPS_BEGIN(&w->told);
    STEPS_WAIT(&w->told, append(device, job, w));
    observe(device, w);
    if (w->outcome != LOG_WRITTEN)
        STEPS_DONE(&w->told);
    w->owner->state(device, w)->count++;
    STEPS_WAIT(&w->told, w->owner->tell_written(device, job, w));
    STEPS_END(&w->told);
}
