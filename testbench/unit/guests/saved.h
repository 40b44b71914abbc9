// SPDX-License-Identifier: Apache-2.0
/*
 * The saved form of a device or a guest, taken apart and put together again by hand: 8 bytes of magic, a
 * version and a kind of 4 bytes, sections of a tag (4), a length (8) and that many bytes, and the FNV-1a sum
 * of everything before it.
 */
#ifndef AMDVI_TEST_GUESTS_SAVED_H
#define AMDVI_TEST_GUESTS_SAVED_H

#include "amdvi/amdvi.h"

enum { SAVED_MAX = 1 << 16, SAVED_HEADER = 16, SAVED_SECTION = 12, SAVED_SUM = 8 };
enum {
    SAVED_CONFIG = 1,
    SAVED_REGISTERS,
    SAVED_PCI,
    SAVED_STATE,
    SAVED_REPORTED,
    SAVED_ATC,
    SAVED_COUNTERS,
    SAVED_GUEST,
    SAVED_TAGS,
};

struct saved {
    uint8_t bytes[SAVED_MAX];
    size_t size;
};

void saved_device(struct saved *saved, const struct amdvi_device *device);
void saved_guest(struct saved *saved, const struct amdvi_device *device, uint16_t id);
bool saved_same(const struct saved *a, const struct saved *b);

/* Where the body of section number `nth` (from 0) of that tag begins; 0: there is none. */
size_t saved_find(const struct saved *saved, uint32_t tag, unsigned nth);
size_t saved_length(const struct saved *saved, size_t body);

uint64_t saved_get(const struct saved *saved, size_t at, unsigned bytes);
/* Writes without touching the sum. */
void saved_put(struct saved *saved, size_t at, uint64_t value, unsigned bytes);
/* Makes the sum right. */
void saved_seal(struct saved *saved);
/* Cuts `cut` bytes out at `at` and puts `room` zero bytes there. */
void saved_splice(struct saved *saved, size_t at, size_t cut, size_t room);
/* Takes a section out; writes another one at the end, with its body zero. */
void saved_remove(struct saved *saved, size_t body);
size_t saved_append(struct saved *saved, uint32_t tag, size_t length);

#endif
