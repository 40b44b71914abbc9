// SPDX-License-Identifier: Apache-2.0
/* A set of 16-bit identifiers that are handed out: GuestIDs, TransDevIDs, DomainIDs. */
#ifndef AMDVI_HYPERVISOR_IDS_H
#define AMDVI_HYPERVISOR_IDS_H

#include <stdbool.h>
#include <stdint.h>

struct hv_ids {
    uint8_t used[65536 / 8];
};

bool hv_ids_has(const struct hv_ids *ids, uint16_t id);
void hv_ids_take(struct hv_ids *ids, uint16_t id);
void hv_ids_give(struct hv_ids *ids, uint16_t id);
/* The first free one from `first` to `last`, upwards or downwards; false when there is none. */
bool hv_ids_find(struct hv_ids *ids, uint16_t first, uint16_t last, uint16_t *id);

#endif
