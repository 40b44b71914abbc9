// SPDX-License-Identifier: Apache-2.0
/*
 * Records on their way to the logs. One writer takes them one after the other, so that each log holds them in
 * the order in which they were made; the job that made one waits until it is written or lost. The direct
 * executor writes at once.
 */
#ifndef AMDVI_MODEL_RECORD_H
#define AMDVI_MODEL_RECORD_H

#include "model/logs/log.h"

enum { RECORDS_LOOSE = 16 };

struct record_writer {
    struct job job;
    struct job *first, *last; /* whose records are to be written, the first one now */
    bool begun, inner_begun;
    uint64_t queued, ended;          /* records so far */
    struct log_write outer, inner;   /* inner: what is found while a guest's record is written */
    struct job loose[RECORDS_LOOSE]; /* carry records that nobody waits for */
};

/* False: it waits to be written; `wanted` only counts in the first call. `written` may be null. */
bool record_write(struct amdvi_device *device, struct job *job, const struct record *wanted, bool *written);
/* Nobody waits for it. False: too many such are on their way. `job` is the one that made it. */
bool record_has_room(const struct amdvi_device *device, const struct job *job);
bool record_post(struct amdvi_device *device, const struct job *job, const struct record *wanted);

/* As record_write(), to the host's event log. */
bool event_report(struct amdvi_device *device, struct job *job, const struct event *event, bool *logged);
bool event_report_raw(struct amdvi_device *device, struct job *job, const uint64_t record[2], bool *logged);

/* For executors that answer later. True: records have ended; it may have asked about the next one, too. */
bool record_writer_step(struct amdvi_device *device);
/* Whether the records that were on their way at the first call are written or lost; others may have come
 * since.
 * `*mark` is 0 before the first call, and again when they are. */
bool records_settled(const struct amdvi_device *device, uint64_t *mark);
static inline bool record_writer_idle(const struct amdvi_device *device)
{
    return !device->writer || !device->writer->first;
}

#endif
