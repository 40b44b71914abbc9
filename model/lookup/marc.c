// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/marc.h"

enum { APERTURES = 4, REGISTERS = REG_MARC_BASE1 - REG_MARC_BASE0 };

bool marc_find(const struct amdvi_device *device, uint64_t address, struct marc_target *target)
{
    for (unsigned i = 0; i < APERTURES; i++) {
        const uint64_t *reg = &device->reg[REG_MARC_BASE0 + i * REGISTERS];
        uint64_t reloc = reg[REG_MARC_RELOC0 - REG_MARC_BASE0];
        uint64_t offset = address - reg_marc_base_base(reg[0]);
        if (!reg_marc_reloc_relocen(reloc) ||
            offset >= reg_marc_length_length(reg[REG_MARC_LENGTH0 - REG_MARC_BASE0]))
            continue;
        target->address = reg_marc_reloc_reloc(reloc) + offset;
        target->perm = reg_marc_reloc_readonly(reloc) ? PERM_READ : PERM_READ | PERM_WRITE;
        return true;
    }
    return false;
}
