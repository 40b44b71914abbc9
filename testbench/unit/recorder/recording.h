// SPDX-License-Identifier: Apache-2.0
/* A trace in memory: recorded from a device, played, and held against it. */
#ifndef AMDVI_TEST_RECORDING_H
#define AMDVI_TEST_RECORDING_H

#include "amdvi/recorder.h"
#include "amdvi/replay.h"

struct recording {
    uint8_t *bytes;
    size_t length, room;
    size_t refuse_at; /* the write function takes no byte more than these; 0: all */
    struct amdvi_recorder *recorder;
};

/* How it was to play a trace. */
struct played {
    struct amdvi_replay_counts counts;
    struct amdvi_statistics statistics;
    char failure[512]; /* the first */
};

int recording_write(void *recording, const void *bytes, size_t length);
void recording_start(struct recording *r, struct amdvi_device *device, const struct amdvi_config *config,
                     enum amdvi_trace_form form, uint64_t ram);
/* Plays; records of the kind `without` are left out (AMDVI_TRACE_KINDS: none). */
void recording_play(const struct recording *r, enum amdvi_trace_kind without, struct played *played);
/* Finishes, plays, and demands that no expectation fails. */
void recording_must_replay(struct recording *r, struct played *played);
/* The same, and that the caches did the same, too. */
void recording_must_replay_exactly(struct recording *r, struct amdvi_device *device);
void recording_free(struct recording *r);

#endif
