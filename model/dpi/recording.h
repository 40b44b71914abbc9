// SPDX-License-Identifier: Apache-2.0
/* A trace that a bench writes: what trace.c and difference.c share. */
#ifndef AMDVI_DPI_RECORDING_H
#define AMDVI_DPI_RECORDING_H

#include "model/dpi/bench_device.h"

#include <stdio.h>

struct bench_recording {
    FILE *file;
    struct amdvi_recorder *recorder;
    char head[sizeof("expect_irq") - 1]; /* how the line under way begins, as far as it matters */
    unsigned headed;
    bool decided, holding; /* of the line under way */
    char *held;            /* lines that the next action releases */
    size_t held_bytes, held_room;
    bool no_memory; /* for what is to be held: the trace is not whole */
};

/* The device of that handle, which records; else a status. */
int amdvi_dpi_recording(int handle, struct bench_device **d);
/* The recorder has written all that it will, what is held back included if `interrupts_count`; the file stays
 * open for what comes behind it. A status. */
int amdvi_dpi_finish(struct bench_device *d, bool interrupts_count);
/* Ends the recording; `status`, or that the file is not whole. */
int amdvi_dpi_close(struct bench_device *d, int status);

#endif
