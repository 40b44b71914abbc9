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
     * without them. Gives a status. */
    struct bench_recording *recording;
    int (*end_recording)(struct bench_device *d);
};

/* `data` of effects that name a group, a code, a device, a PASID (amdvi/dpi.h, AMDVI_DPI_RESPONSE and
 * AMDVI_DPI_INVALIDATION): the one who makes it, and the one who reads what a design did. */
enum { BENCH_INDEX_BITS = 9, BENCH_CODE = 12, BENCH_CODE_BITS = 4, BENCH_HAS_PASID = 16, BENCH_PASID = 32 };

static inline uint64_t bench_pasid(bool has, uint32_t pasid)
{
    return has ? (uint64_t)pasid << BENCH_PASID | UINT64_C(1) << BENCH_HAS_PASID : 0;
}

static inline bool bench_has_pasid(uint64_t data)
{
    return data >> BENCH_HAS_PASID & 1;
}

static inline uint32_t bench_pasid_of(uint64_t data)
{
    return (uint32_t)(data >> BENCH_PASID) & 0xfffff;
}

static inline unsigned bench_index_of(uint64_t data)
{
    return (unsigned)data & ((1u << BENCH_INDEX_BITS) - 1);
}

static inline unsigned bench_code_of(uint64_t data)
{
    return (unsigned)(data >> BENCH_CODE) & ((1u << BENCH_CODE_BITS) - 1);
}

static inline unsigned bench_device_id_of(uint64_t data)
{
    return data & UINT16_MAX;
}

/* Null for a number that is no handle. */
struct bench_device *amdvi_dpi_find(int handle);
/* Makes `d`, from calloc(), a device with that memory, whose context it becomes: its handle, or a negative
 * status; then `d` is freed. */
int amdvi_dpi_admit(const char *settings, struct amdvi_memory memory, struct bench_device *d);
/* A request from the bench's numbers; false: one is out of range. */
bool amdvi_dpi_fill(struct amdvi_request *request, int device, int op, int at, int flags, int pasid,
                    long long address, long long length);

#endif
