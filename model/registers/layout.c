// SPDX-License-Identifier: Apache-2.0
#include "model/registers.h"
#include "model/registers/layout_tables.h"

#include <string.h>

size_t amdvi_layout_count(void)
{
    return amdvi_layout_total;
}

const struct amdvi_layout *amdvi_layout_at(size_t index)
{
    return index < amdvi_layout_total ? &amdvi_layouts[index] : NULL;
}

const struct amdvi_layout *amdvi_layout_find(const char *name)
{
    for (size_t i = 0; i < amdvi_layout_total; i++)
        if (!strcmp(amdvi_layouts[i].name, name))
            return &amdvi_layouts[i];
    return NULL;
}

const struct amdvi_field *amdvi_layout_field(const struct amdvi_layout *layout, const char *name)
{
    for (size_t i = 0; layout && i < layout->nfields; i++)
        if (!strcmp(layout->fields[i].name, name))
            return &layout->fields[i];
    return NULL;
}

const struct amdvi_layout *amdvi_layout_of_command(unsigned opcode)
{
    for (size_t i = 0; opcode && i < amdvi_layout_total; i++)
        if (amdvi_layouts[i].opcode == opcode)
            return &amdvi_layouts[i];
    return NULL;
}

const struct amdvi_layout *amdvi_layout_of_event(unsigned code)
{
    for (size_t i = 0; code && i < amdvi_layout_total; i++)
        if (amdvi_layouts[i].code == code)
            return &amdvi_layouts[i];
    return NULL;
}

static uint64_t ones(unsigned width)
{
    return UINT64_MAX >> (64 - width);
}

uint64_t amdvi_field_get(const struct amdvi_field *field, const uint64_t *words)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < field->npieces; i++) {
        const struct amdvi_piece *p = &field->pieces[i];
        value |= (words[p->lsb / 64] >> p->lsb % 64 & ones(p->width)) << p->at;
    }
    return value;
}

void amdvi_field_set(const struct amdvi_field *field, uint64_t *words, uint64_t value)
{
    for (unsigned i = 0; i < field->npieces; i++) {
        const struct amdvi_piece *p = &field->pieces[i];
        uint64_t *word = &words[p->lsb / 64];
        *word &= ~(ones(p->width) << p->lsb % 64);
        *word |= (value >> p->at & ones(p->width)) << p->lsb % 64;
    }
}

const char *amdvi_field_value_name(const struct amdvi_field *field, uint64_t value)
{
    for (const struct amdvi_enum *e = field->values; e && e->name; e++)
        if (e->value == value)
            return e->name;
    return NULL;
}

static const struct amdvi_register *covering(const struct amdvi_register *regs, size_t n, uint32_t offset)
{
    for (size_t i = 0; i < n; i++)
        if (offset >= regs[i].offset && offset - regs[i].offset < regs[i].width)
            return &regs[i];
    return NULL;
}

const struct amdvi_register *amdvi_register_at(uint32_t offset)
{
    /* The counter registers repeat for each counter of each bank (iommu 2.9). */
    if (offset >= CTR_SPACE_BASE && offset < CTR_SPACE_END)
        return covering(amdvi_registers_ctr, amdvi_registers_ctr_total, offset % CTR_SPACE_COUNTER_STRIDE);
    return covering(amdvi_registers_mmio, amdvi_registers_mmio_total, offset);
}

const struct amdvi_register *amdvi_vf_register_at(uint32_t offset)
{
    return covering(amdvi_registers_vf, amdvi_registers_vf_total, offset);
}

const struct amdvi_register *amdvi_vfc_register_at(uint32_t offset)
{
    return covering(amdvi_registers_vfc, amdvi_registers_vfc_total, offset);
}

const struct amdvi_register *amdvi_register_find(const char *name)
{
    for (size_t i = 0; i < amdvi_registers_mmio_total; i++)
        if (!strcmp(amdvi_registers_mmio[i].name, name))
            return &amdvi_registers_mmio[i];
    return NULL;
}
