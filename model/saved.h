// SPDX-License-Identifier: Apache-2.0
/*
 * The form of a saved device or guest: 8 bytes of magic, a version, a kind, then sections of {tag, length,
 * bytes}, then a checksum of everything before it; all numbers little endian.
 */
#ifndef AMDVI_MODEL_SAVED_H
#define AMDVI_MODEL_SAVED_H

#include "model/guests/guest.h"

enum {
    VERSION = 2,
    KIND_DEVICE = 1,
    KIND_GUEST = 2,
    HEADER_BYTES = 16,
    SECTION_BYTES = 12,
    CHECKSUM_BYTES = 8
};

enum section {
    SECTION_CONFIG = 1,
    SECTION_REGISTERS,
    SECTION_PCI,
    SECTION_STATE,
    SECTION_REPORTED,
    SECTION_ATC,
    SECTION_COUNTERS,
    SECTION_GUEST,
};

static const char saved_magic[8] = {'A', 'M', 'D', 'V', 'I', 'S', 'A', 'V'};

/* FNV-1a, 64 bits. */
static inline uint64_t saved_checksum(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0xcbf29ce484222325;

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    return sum;
}

enum { GUEST_WORDS = 2 + VF_COUNT + VFC_COUNT + 4, STATE_WORDS = 3 + 3 * 2, ATC_WORDS = 6 };

static inline size_t counter_words(const struct amdvi_device *device)
{
    return device->pmu.counters ? (size_t)device->pmu.banks * device->pmu.per_bank * CTR_COUNT : 0;
}

/* Instead of a GuestID. */
#define ATC_OF_HOST UINT64_MAX

#endif
