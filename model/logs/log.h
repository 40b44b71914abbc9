// SPDX-License-Identifier: Apache-2.0
/*
 * One log core for the logs of the host and of guests: which of two rings is written, overflow, swap, the
 * early indicator (7.1, 7.7; viommu 8). Where rings and registers are is the owner's affair.
 */
#ifndef AMDVI_MODEL_LOG_H
#define AMDVI_MODEL_LOG_H

#include "model/port/job.h"
#include "model/port/steps.h"

enum dual { DUAL_A_ONLY, DUAL_B_ONLY, DUAL_SWAP };

/* Key log.unwritable. */
enum unwritable { UNWRITABLE_HOST, UNWRITABLE_BOTH, UNWRITABLE_NONE };

enum log_outcome {
    LOG_STOPPED, /* no ring takes records */
    LOG_WRITTEN,
    LOG_FULL,
    LOG_FAILED, /* there is no memory behind it */
};

struct log_owner;

/* A record that is being written. */
struct log_write {
    struct steps append, side, early, advance, told;
    const struct log_owner *owner;
    uint8_t log; /* enum amdvi_log */
    bool b;      /* which of the two rings */
    bool found;
    uint8_t outcome; /* enum log_outcome */
    uint8_t error;   /* of memory: enum walk_error */
    uint16_t guest_id;
    uint32_t head, tail;
    struct ring ring;
    uint64_t spa;
    uint64_t record[2];
};

static inline void log_write_begin(struct log_write *w, const struct log_owner *owner, unsigned log,
                                   const uint64_t record[2])
{
    const struct steps beginning = {0};

    w->append = w->side = w->early = w->advance = w->told = beginning;
    w->owner = owner;
    w->log = (uint8_t)log;
    w->record[0] = record[0];
    w->record[1] = record[1];
}

/* Host or guest. Those that return bool are steps: false means that they have asked. */
struct log_owner {
    bool is_guest;
    struct log_state *(*state)(struct amdvi_device *device, const struct log_write *w);
    unsigned (*dual)(const struct amdvi_device *device, const struct log_write *w);
    /* Whether ring `b` takes records. */
    bool (*takes)(const struct amdvi_device *device, const struct log_write *w, bool b);
    struct ring (*ring)(const struct amdvi_device *device, const struct log_write *w);
    uint64_t (*early)(const struct amdvi_device *device, const struct log_write *w); /* PPR_OVERFLOW_EARLY */
    bool (*early_told)(const struct amdvi_device *device, const struct log_write *w);
    /* Whether a ring that memory does not take records for has overflowed. */
    bool (*failure_stops)(const struct amdvi_device *device);
    bool (*refresh)(struct amdvi_device *device, struct job *job, struct log_write *w);
    bool (*pointers)(struct amdvi_device *device, struct job *job, struct log_write *w);
    /* `w->spa` is where the record goes, if `w->found`. */
    bool (*place)(struct amdvi_device *device, struct job *job, struct log_write *w);
    bool (*failed)(struct amdvi_device *device, struct job *job, struct log_write *w);
    bool (*advance)(struct amdvi_device *device, struct job *job, struct log_write *w);
    bool (*tell_early)(struct amdvi_device *device, struct job *job, struct log_write *w, bool interrupt);
    bool (*tell_overflow)(struct amdvi_device *device, struct job *job, struct log_write *w);
    bool (*tell_written)(struct amdvi_device *device, struct job *job, struct log_write *w);
};

/* False: it has asked. True: `w->outcome` is LOG_WRITTEN, or the record is lost. */
bool log_write_step(struct amdvi_device *device, struct job *job, struct log_write *w);

/* host_log.c */
void host_log_write_begin(struct log_write *w, const struct record *record);

#endif
