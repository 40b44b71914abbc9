// SPDX-License-Identifier: Apache-2.0
/* A device as a bench has it by handle: what the files of this face share. */
#ifndef AMDVI_DPI_BENCH_DEVICE_H
#define AMDVI_DPI_BENCH_DEVICE_H

#include "amdvi/amdvi.h"
#include "amdvi/host.h"

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_EFFECTS = 4096 };

struct bench_effect {
    int kind, length;
    uint64_t address, data;
};

/* The bench has one thread. */
struct bench_device {
    int handle;
    struct amdvi_device *device;
    struct amdvi_observation *observation;
    struct amdvi_config *config;
    uint8_t *bytes; /* null: the bench answers, in `scope` */
    uint64_t size;
    void *scope;
    struct bench_effect effects[BENCH_EFFECTS];
    unsigned first, count;
    /* A trace that is being written; null: none. Reached by pointer, so that a bench without traces links
     * without them. */
    struct bench_recording *recording;
    int (*end_recording)(struct bench_device *d);
};

/* Null for a number that is no handle. */
struct bench_device *amdvi_dpi_find(int handle);
/* Makes `d`, from calloc(), a device with that memory, whose context it becomes: its handle, or a negative
 * status; then `d` is freed. */
int amdvi_dpi_admit(const char *settings, struct amdvi_memory memory, struct bench_device *d);
/* A request from the bench's numbers; false: one is out of range. */
bool amdvi_dpi_fill(struct amdvi_request *request, int device, int op, int at, int flags, int pasid,
                    long long address, long long length);

#endif
