// SPDX-License-Identifier: Apache-2.0
/*
 * A random machine: device table, host, guest and interrupt tables of random, mostly sensible bits in a small
 * memory, and random requests that meet them. Made from a stream of bytes, so that a fuzzer can drive it too.
 */
#ifndef AMDVI_TEST_RANDOM_WORLD_H
#define AMDVI_TEST_RANDOM_WORLD_H

#include "amdvi/amdvi.h"

struct chance {
    const uint8_t *bytes; /* null: from `state` */
    size_t left;
    uint64_t state;
    uint16_t device; /* of the last request: the next one mostly comes from it too */
};

enum { WORLD_BYTES = 0x100000, WORLD_DEVICES = 8 };

uint64_t chance_word(struct chance *chance);
/* Below `limit`. */
unsigned chance_below(struct chance *chance, unsigned limit);

/* Fills WORLD_BYTES of memory. The device table lies at 0, Size 0; rings at the end. */
void world_fill(struct chance *chance, uint8_t *memory);
/* Programs the registers and enables; `memory` must be what the device sees. */
void world_boot(struct chance *chance, struct amdvi_device *device);
void world_request(struct chance *chance, struct amdvi_request *request);

#endif
