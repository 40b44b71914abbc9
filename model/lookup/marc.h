// SPDX-License-Identifier: Apache-2.0
/*
 * MARC: up to four apertures of the address space lead elsewhere, and may be read-only (2.4 bit 40, 2.8).
 *
 * The sources name the registers' fields and no more. How the model reads them: an aperture with RelocEn=1 is
 * [Base, Base + Length), and an address inside it goes to Reloc + (address - Base); with ReadOnly=1 writes
 * fault. Which address is meant is the key marc.match: that of an untranslated request without PASID, which
 * is then not translated, like one in the exclusion range; or that which the translation has given.
 */
#ifndef AMDVI_MODEL_MARC_H
#define AMDVI_MODEL_MARC_H

#include "model/device.h"

enum { MARC_REQUEST, MARC_RESULT, MARC_NOTHING }; /* values of CONFIG_MARC_MATCH */
enum { MARC_APERTURES = 4 };

/* Where an address leads, and what may be done there. */
struct marc_target {
    uint64_t address;
    uint8_t perm;
};

/* False: no aperture has the address. The lowest aperture that has it counts. */
bool marc_find(const struct amdvi_device *device, uint64_t address, struct marc_target *target);

/* The first and the last address of an aperture; false: it has none. */
bool marc_aperture(const struct amdvi_device *device, unsigned index, uint64_t *first, uint64_t *last);

/* Whether this is the address that apertures are for. Nearly always false at the first look. */
static inline bool marc_matches(const struct amdvi_device *device, uint64_t what)
{
    return __builtin_expect(device->env.marc, 0) && device->config.value[CONFIG_MARC_MATCH] == what;
}

#endif
