// SPDX-License-Identifier: Apache-2.0
/* Guests' registers. Devices of this version have no HW-vIOMMU engine behind them. */
#include "amdvi/amdvi.h"

enum amdvi_status amdvi_vf_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                unsigned size, uint64_t *value)
{
    return AMDVI_ERR_UNSUPPORTED;
}

enum amdvi_status amdvi_vf_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t value)
{
    return AMDVI_ERR_UNSUPPORTED;
}

enum amdvi_status amdvi_vfc_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t *value)
{
    return AMDVI_ERR_UNSUPPORTED;
}

enum amdvi_status amdvi_vfc_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                  unsigned size, uint64_t value)
{
    return AMDVI_ERR_UNSUPPORTED;
}
