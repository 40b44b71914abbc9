// SPDX-License-Identifier: Apache-2.0
// The generated tables behind amdvi/layout.h.
#ifndef AMDVI_MODEL_LAYOUT_TABLES_H
#define AMDVI_MODEL_LAYOUT_TABLES_H

#include "model/include/amdvi/layout.h"

extern const struct amdvi_layout amdvi_layouts[];
extern const size_t amdvi_layout_total;
extern const struct amdvi_register amdvi_registers_mmio[], amdvi_registers_vf[], amdvi_registers_vfc[],
    amdvi_registers_ctr[];
extern const size_t amdvi_registers_mmio_total, amdvi_registers_vf_total, amdvi_registers_vfc_total,
    amdvi_registers_ctr_total;

#endif
