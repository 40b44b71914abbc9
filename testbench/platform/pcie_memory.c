// SPDX-License-Identifier: Apache-2.0
/* Accesses to BARs, through the windows of the bridges above; the table of MSI-X lies in one of them. */
#include "testbench/platform/pcie_internal.h"

uint64_t pcie_bar_address(const struct pcie_function *function, unsigned bar)
{
    uint64_t address = pcie_get(function->value, REG_BAR + 4 * bar, 4) & ~0xfu;

    if (function->what.bar[bar].wide)
        address |= (uint64_t)pcie_get(function->value, REG_BAR + 4 * bar + 4, 4) << 32;
    return address;
}

uint64_t pcie_pending_offset(const struct pcie_function *function)
{
    return ((uint64_t)function->what.msix * PCIE_MSIX_ENTRY + 4095) & ~UINT64_C(4095);
}

/* ---------------------------------------------------------------- who decodes */

static bool decodes(const struct pcie_function *f)
{
    bool awake = !f->power || (f->value[f->power + POWER_CONTROL] & 3) == 0;

    return awake && f->value[REG_COMMAND] & COMMAND_MEMORY;
}

/* Base and limit name whole MiB, the limit the last one. */
static bool in_window(const struct pcie_function *bridge, unsigned base, unsigned limit, uint64_t base_high,
                      uint64_t limit_high, uint64_t pa)
{
    uint64_t first = (uint64_t)(pcie_get(bridge->value, base, 2) & 0xfff0) << 16 | base_high << 32;
    uint64_t last = (uint64_t)(pcie_get(bridge->value, limit, 2) & 0xfff0) << 16 | 0xfffff | limit_high << 32;

    return pa >= first && pa <= last;
}

static bool forwards(const struct pcie_function *bridge, uint64_t pa)
{
    return decodes(bridge) && (in_window(bridge, REG_MEMORY_BASE, REG_MEMORY_LIMIT, 0, 0, pa) ||
                               in_window(bridge, REG_PREFETCH_BASE, REG_PREFETCH_LIMIT,
                                         pcie_get(bridge->value, REG_PREFETCH_BASE_HIGH, 4),
                                         pcie_get(bridge->value, REG_PREFETCH_LIMIT_HIGH, 4), pa));
}

static bool reaches(const struct pcie_function *f, uint64_t pa)
{
    for (const struct pcie_function *up = f->what.bridge; up; up = up->what.bridge)
        if (!forwards(up, pa))
            return false;
    return decodes(f);
}

static bool bar_at(const struct pcie_function *f, uint64_t pa, unsigned *bar, uint64_t *offset)
{
    if (pcie_is_bridge(f))
        return false;
    for (unsigned i = 0; i < PCIE_BARS; i++) {
        *offset = pa - pcie_bar_address(f, i);
        *bar = i;
        if (f->what.bar[i].bytes && *offset < f->what.bar[i].bytes)
            return reaches(f, pa);
    }
    return false;
}

static struct pcie_function *find(struct pcie_topology *topology, uint64_t pa, unsigned size, unsigned *bar,
                                  uint64_t *offset)
{
    if ((size != 1 && size != 2 && size != 4 && size != 8) || pa % size)
        return NULL;
    for (struct pcie_function *f = topology->functions; f; f = f->next)
        if (bar_at(f, pa, bar, offset))
            return f;
    return NULL;
}

/* ---------------------------------------------------------------- MSI-X */

static bool in_table(const struct pcie_function *f, unsigned bar, uint64_t offset)
{
    return f->msix && bar == f->what.msix_bar && offset < (uint64_t)f->what.msix * PCIE_MSIX_ENTRY;
}

static bool in_pending(const struct pcie_function *f, unsigned bar, uint64_t offset)
{
    uint64_t from = pcie_pending_offset(f);

    return f->msix && bar == f->what.msix_bar && offset >= from &&
           offset < from + PCIE_PENDING_BYTES(f->what.msix);
}

static uint64_t bytes_of(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static uint64_t pending_bits(const struct pcie_function *f, uint64_t offset, unsigned size)
{
    uint64_t at = offset - pcie_pending_offset(f), bits = f->pending[at / 8] >> at % 8 * 8;

    return size == 8 ? bits : bits & ((UINT64_C(1) << 8 * size) - 1);
}

static void write_table(struct pcie_function *f, uint64_t offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        f->vectors[offset + i] = (uint8_t)(value >> 8 * i);
    pcie_send_pending(f);
}

/* ---------------------------------------------------------------- accesses */

bool pcie_memory_read(struct pcie_topology *topology, uint64_t pa, unsigned size, uint64_t *value)
{
    unsigned bar;
    uint64_t offset;
    struct pcie_function *f = find(topology, pa, size, &bar, &offset);

    *value = UINT64_MAX;
    if (!f)
        return false;
    if (in_table(f, bar, offset))
        *value = bytes_of(f->vectors + offset, size);
    else if (in_pending(f, bar, offset))
        *value = pending_bits(f, offset, size);
    else
        *value = f->what.bar_read ? f->what.bar_read(f->what.context, bar, offset, size) : 0;
    return true;
}

bool pcie_memory_write(struct pcie_topology *topology, uint64_t pa, unsigned size, uint64_t value)
{
    unsigned bar;
    uint64_t offset;
    struct pcie_function *f = find(topology, pa, size, &bar, &offset);

    if (!f)
        return false;
    if (in_table(f, bar, offset))
        write_table(f, offset, size, value);
    else if (!in_pending(f, bar, offset) && f->what.bar_write)
        f->what.bar_write(f->what.context, bar, offset, size, value);
    return true;
}
