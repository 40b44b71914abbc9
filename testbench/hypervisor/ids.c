// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/ids.h"

bool hv_ids_has(const struct hv_ids *ids, uint16_t id)
{
    return ids->used[id / 8] >> (id % 8) & 1;
}

void hv_ids_take(struct hv_ids *ids, uint16_t id)
{
    ids->used[id / 8] |= (uint8_t)(1u << (id % 8));
}

void hv_ids_give(struct hv_ids *ids, uint16_t id)
{
    ids->used[id / 8] &= (uint8_t) ~(1u << (id % 8));
}

bool hv_ids_find(struct hv_ids *ids, uint16_t first, uint16_t last, uint16_t *id)
{
    int step = first <= last ? 1 : -1;

    for (int i = first; i != (int)last + step; i += step) {
        if (hv_ids_has(ids, (uint16_t)i))
            continue;
        *id = (uint16_t)i;
        hv_ids_take(ids, *id);
        return true;
    }
    return false;
}
