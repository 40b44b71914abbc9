// SPDX-License-Identifier: Apache-2.0
/* What memory says now, without caches and without side effects: the judge of cached answers. */
#ifndef AMDVI_MODEL_SHADOW_H
#define AMDVI_MODEL_SHADOW_H

#include "model/lookup/translate.h"

/* As many reads as the deepest nested walk makes (5.4). */
enum { SHADOW_WORDS = 64 };

struct shadow_word {
    uint64_t address, value; /* SPA */
    uint8_t kind;            /* enum walk_kind */
    uint8_t level;
};

struct shadow {
    struct amdvi_result result; /* `fault.reason` when not ok; nothing is logged */
    struct dte dte;
    uint64_t dte_address;
    bool dte_known;
    bool dirty_due; /* memory would have a dirty bit set now */
    bool updates;   /* a request would have set accessed or dirty bits */
    unsigned count;
    struct shadow_word words[SHADOW_WORDS]; /* table entries on the way, root first */
};

/* One page of a request. */
void shadow_page(struct amdvi_device *device, const struct amdvi_request *request, uint64_t address,
                 struct shadow *shadow);
/* The device table entry alone, into `dte`, `dte_address` and `dte_known`. */
void shadow_dte(struct amdvi_device *device, uint16_t requester, struct shadow *shadow);
/* The interrupt remapping entry at an address; false if memory has none. */
bool shadow_irte(struct amdvi_device *device, uint64_t address, uint64_t raw[2]);

/* Whether a guest's map leads to this host ID. */
bool shadow_map_names(struct amdvi_device *device, uint16_t guest_id, enum amdvi_guest_map map,
                      uint16_t host_id);

/* The lowest DomainID by which a guest's map names this one of the host's; false: none does. */
bool shadow_guest_domain(struct amdvi_device *device, uint16_t guest_id, uint16_t host_domain,
                         uint16_t *guest_domain);

/* Eight bytes of memory; false when there are none. */
bool shadow_read(struct amdvi_device *device, uint64_t address, uint64_t *value);

#endif
