// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/marc.h"

enum { REGISTERS = REG_MARC_BASE1 - REG_MARC_BASE0 };

static const uint64_t *registers_of(const struct amdvi_device *device, unsigned index)
{
    return &device->reg[REG_MARC_BASE0 + index * REGISTERS];
}

bool marc_aperture(const struct amdvi_device *device, unsigned index, uint64_t *first, uint64_t *last)
{
    const uint64_t *reg = registers_of(device, index);
    uint64_t length = reg_marc_length_length(reg[REG_MARC_LENGTH0 - REG_MARC_BASE0]);

    *first = reg_marc_base_base(reg[0]);
    *last = *first + length - 1;
    return device->env.marc && reg_marc_reloc_relocen(reg[REG_MARC_RELOC0 - REG_MARC_BASE0]) && length;
}

bool marc_find(const struct amdvi_device *device, uint64_t address, struct marc_target *target)
{
    uint64_t first, last;

    for (unsigned i = 0; i < MARC_APERTURES; i++) {
        uint64_t reloc = registers_of(device, i)[REG_MARC_RELOC0 - REG_MARC_BASE0];
        if (!marc_aperture(device, i, &first, &last) || address < first || address > last)
            continue;
        target->address = reg_marc_reloc_reloc(reloc) + (address - first);
        target->perm = reg_marc_reloc_readonly(reloc) ? PERM_READ : PERM_READ | PERM_WRITE;
        return true;
    }
    return false;
}
