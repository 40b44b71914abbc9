// SPDX-License-Identifier: Apache-2.0
/* Configuration space as a function has it after a reset: header, capabilities, which bits software writes.
 */
#include "testbench/platform/pcie_internal.h"

#include <string.h>

uint32_t pcie_get(const uint8_t *bytes, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)bytes[offset + i] << 8 * i;
    return value;
}

void pcie_put(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

bool pcie_is_bridge(const struct pcie_function *function)
{
    return function->what.kind >= PCIE_ROOT_PORT && function->what.kind <= PCIE_TO_PCI;
}

/* A register: what it reads, what of it can be written. */
static void set(struct pcie_function *f, unsigned offset, unsigned size, uint32_t value, uint32_t writable)
{
    pcie_put(f->value, offset, size, value);
    pcie_put(f->writable, offset, size, writable);
}

/* ---------------------------------------------------------------- header */

static void build_bar(struct pcie_function *f, unsigned index)
{
    const struct pcie_bar *bar = &f->what.bar[index];
    uint32_t type = (bar->prefetchable ? 8u : 0) | (bar->wide ? 4u : 0);

    if (bar->bytes == 0)
        return;
    set(f, REG_BAR + 4 * index, 4, type, (uint32_t) ~(bar->bytes - 1) & ~0xfu);
    if (bar->wide)
        set(f, REG_BAR + 4 * index + 4, 4, 0, UINT32_MAX);
}

static void build_endpoint_header(struct pcie_function *f)
{
    for (unsigned i = 0; i < PCIE_BARS; i++)
        build_bar(f, i);
    set(f, REG_SUBSYSTEM, 4, f->what.vendor | (uint32_t)f->what.device << 16, 0);
}

/* No ports: the I/O window reads 0 and takes no writes, which says that there is none. */
static void build_bridge_header(struct pcie_function *f)
{
    set(f, REG_HEADER_TYPE, 1, 1, 0);
    set(f, REG_PRIMARY, 4, 0, 0x00ffffff);
    set(f, REG_MEMORY_BASE, 2, 0xfff0, 0xfff0);
    set(f, REG_MEMORY_LIMIT, 2, 0, 0xfff0);
    set(f, REG_PREFETCH_BASE, 2, 0xfff1, 0xfff0);
    set(f, REG_PREFETCH_LIMIT, 2, 0x0001, 0xfff0);
    set(f, REG_PREFETCH_BASE_HIGH, 4, 0, UINT32_MAX);
    set(f, REG_PREFETCH_LIMIT_HIGH, 4, 0, UINT32_MAX);
    set(f, REG_BRIDGE_CONTROL, 2, 0, 0x0043);
}

static uint32_t class_code(const struct pcie_function *f)
{
    if (f->what.class_code)
        return f->what.class_code;
    if (pcie_is_bridge(f))
        return 0x060400;
    return f->what.kind == PCIE_HOST_BRIDGE ? 0x060000 : 0x020000;
}

static void build_header(struct pcie_function *f)
{
    set(f, REG_ID, 4, f->what.vendor | (uint32_t)f->what.device << 16, 0);
    set(f, REG_COMMAND, 2, 0, 0x0546);
    pcie_put(f->clears, REG_STATUS, 2, 0xf900);
    set(f, REG_CLASS, 4, class_code(f) << 8, 0);
    set(f, REG_CACHE_LINE, 1, 0, 0xff);
    set(f, REG_INTERRUPT_LINE, 1, 0xff, 0xff);
    if (pcie_is_bridge(f))
        build_bridge_header(f);
    else
        build_endpoint_header(f);
}

/* ---------------------------------------------------------------- capabilities */

/* Where the next one goes, and where the offset to it stands. */
struct chain {
    struct pcie_function *f;
    unsigned at, link;
};

static unsigned capability(struct chain *chain, uint8_t id, unsigned bytes)
{
    unsigned at = chain->at;

    pcie_put(chain->f->value, chain->link, 1, at);
    pcie_put(chain->f->value, at, 1, id);
    chain->link = at + 1;
    chain->at += (bytes + 3) & ~3u;
    return at;
}

static unsigned build_power(struct chain *chain)
{
    unsigned at = capability(chain, CAP_POWER, 8);

    set(chain->f, at + 2, 2, 0x0003, 0); /* version 3, neither D1 nor D2, no PME */
    set(chain->f, at + POWER_CONTROL, 2, 0, 0x0003);
    return at;
}

static unsigned log2_of(unsigned value)
{
    unsigned log2 = 0;

    while (value >> (log2 + 1))
        log2++;
    return log2;
}

static unsigned build_msi(struct chain *chain)
{
    const struct pcie_description *what = &chain->f->what;
    unsigned wide = what->msi_narrow ? 0 : 4, masks = what->msi_mask ? 10 : 0;
    unsigned at = capability(chain, CAP_MSI, 10 + wide + masks);
    uint32_t used = (uint32_t)((UINT64_C(1) << what->msi) - 1);

    set(chain->f, at + MSI_CONTROL, 2,
        log2_of(what->msi) << 1 | (wide ? MSI_WIDE : 0u) | (masks ? MSI_MASKS : 0u), 0x0071);
    set(chain->f, at + MSI_ADDRESS, 4, 0, 0xfffffffc);
    if (wide)
        set(chain->f, at + MSI_ADDRESS + 4, 4, 0, UINT32_MAX);
    set(chain->f, at + MSI_ADDRESS + 4 + wide, 2, 0, 0xffff);
    if (masks)
        set(chain->f, at + MSI_ADDRESS + 8 + wide, 4, 0, used);
    return at;
}

static unsigned build_msix(struct chain *chain)
{
    unsigned at = capability(chain, CAP_MSIX, 12), bar = chain->f->what.msix_bar;

    set(chain->f, at + MSIX_CONTROL, 2, chain->f->what.msix - 1, MSIX_ENABLE | MSIX_MASK);
    set(chain->f, at + 4, 4, bar, 0);
    set(chain->f, at + 8, 4, (uint32_t)pcie_pending_offset(chain->f) | bar, 0);
    memset(chain->f->vectors, 0, (size_t)chain->f->what.msix * PCIE_MSIX_ENTRY);
    for (unsigned i = 0; i < chain->f->what.msix; i++)
        chain->f->vectors[i * PCIE_MSIX_ENTRY + 12] = 1; /* masked */
    return at;
}

static unsigned port_type(enum pcie_kind kind)
{
    static const uint8_t types[] = {[PCIE_INTEGRATED] = 9, [PCIE_ENDPOINT] = 0,   [PCIE_ROOT_PORT] = 4,
                                    [PCIE_UPSTREAM] = 5,   [PCIE_DOWNSTREAM] = 6, [PCIE_TO_PCI] = 7};

    return types[kind];
}

/* Functions with a PASID, and ports, pass prefixes from end to end. */
static unsigned build_express(struct chain *chain)
{
    struct pcie_function *f = chain->f;
    bool slot = f->what.kind == PCIE_ROOT_PORT || f->what.kind == PCIE_DOWNSTREAM;
    bool link = f->what.kind != PCIE_INTEGRATED;
    unsigned at = capability(chain, CAP_EXPRESS, 60);

    set(f, at + 2, 2, 2 | port_type(f->what.kind) << 4 | (slot ? 0x100u : 0), 0);
    set(f, at + 4, 4, 0x8000u | (f->what.flr ? 1u << 28 : 0), 0);
    set(f, at + EXPRESS_CONTROL, 2, 0x2810, 0x7fff);
    if (link) {
        set(f, at + 12, 4, 0x00000011, 0); /* 2.5 GT/s, one lane */
        set(f, at + 16, 2, 0, 0x00fb);
        set(f, at + 18, 2, 0x0011, 0);
    }
    set(f, at + 36, 4, f->what.pasid || pcie_is_bridge(f) ? 0x00600000 : 0, 0);
    set(f, at + 40, 2, 0, 0x7fff);
    return at;
}

/* ---------------------------------------------------------------- extended capabilities */

static unsigned extended(struct chain *chain, uint16_t id, unsigned bytes)
{
    unsigned at = chain->at;

    if (chain->link)
        pcie_put(chain->f->value, chain->link, 2, at << 4 | 1);
    pcie_put(chain->f->value, at, 4, id | 1u << 16);
    chain->link = at + 2;
    chain->at += (bytes + 3) & ~3u;
    return at;
}

/* Ports: source validation, blocking, request and completion redirect, upstream forwarding, direct
 * translated; functions of one device: redirects and direct translated. */
static void build_acs(struct chain *chain)
{
    uint16_t bits = pcie_is_bridge(chain->f) ? 0x005f : 0x004c;
    unsigned at = extended(chain, EXT_ACS, 8);

    set(chain->f, at + 4, 2, bits, 0);
    set(chain->f, at + 6, 2, 0, bits);
}

/* Translation requests are aligned to pages; with PASIDs, an invalidation may be for all of them. */
static unsigned build_ats(struct chain *chain)
{
    unsigned at = extended(chain, EXT_ATS, 8);

    set(chain->f, at + 4, 2, chain->f->what.ats_depth | 1u << 5 | (chain->f->what.pasid ? 1u << 6 : 0), 0);
    set(chain->f, at + ATS_CONTROL, 2, 0, ATS_ENABLE | 0x1f);
    return at;
}

static unsigned build_pri(struct chain *chain)
{
    const struct pcie_description *what = &chain->f->what;
    unsigned at = extended(chain, EXT_PRI, 16);

    set(chain->f, at + PRI_CONTROL, 2, 0, PRI_ENABLE);
    set(chain->f, at + PRI_STATUS, 2, PCIE_PRI_STOPPED | (what->pri_pasid ? 1u << 15 : 0), 0);
    pcie_put(chain->f->clears, at + PRI_STATUS, 2, PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED);
    set(chain->f, at + 8, 4, what->pri_capacity, 0);
    set(chain->f, at + PRI_ALLOCATION, 4, 0, UINT32_MAX);
    return at;
}

static unsigned build_pasid(struct chain *chain)
{
    const struct pcie_description *what = &chain->f->what;
    unsigned rights =
        (what->pasid_execute ? PASID_EXECUTE : 0u) | (what->pasid_privileged ? PASID_PRIVILEGED : 0u);
    unsigned at = extended(chain, EXT_PASID, 8);

    set(chain->f, at + 4, 2, rights | what->pasid_bits << 8, 0);
    set(chain->f, at + PASID_CONTROL, 2, 0, PASID_ENABLE | rights);
    return at;
}

static void build_extended(struct pcie_function *f)
{
    struct chain chain = {.f = f, .at = PCIE_SMALL_SPACE};

    if (f->what.acs)
        build_acs(&chain);
    f->ats = f->what.ats ? build_ats(&chain) : 0;
    f->pri = f->what.pri ? build_pri(&chain) : 0;
    f->pasid = f->what.pasid ? build_pasid(&chain) : 0;
}

void pcie_space_build(struct pcie_function *f)
{
    struct chain chain = {.f = f, .at = 0x40, .link = REG_CAPABILITIES};

    memset(f->value, 0, sizeof(f->value));
    memset(f->pending, 0, sizeof(f->pending));
    build_header(f);
    f->power = f->what.power ? build_power(&chain) : 0;
    f->msi = f->what.msi ? build_msi(&chain) : 0;
    f->msix = f->what.msix ? build_msix(&chain) : 0;
    f->express = f->what.kind < PCIE_CONVENTIONAL ? build_express(&chain) : 0;
    if (chain.link != REG_CAPABILITIES)
        pcie_put(f->value, REG_STATUS, 2, 0x0010); /* there is a list of capabilities */
    build_extended(f);
}
