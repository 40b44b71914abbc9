// SPDX-License-Identifier: Apache-2.0
/* The tree of functions: who is where, who comes, who goes. */
#include "testbench/platform/pcie_internal.h"

#include <stdlib.h>
#include <string.h>

struct pcie_topology *pcie_create(uint64_t memory, uint64_t bytes, pcie_message *message, void *context)
{
    struct pcie_topology *topology = calloc(1, sizeof(*topology));

    if (topology)
        *topology =
            (struct pcie_topology){.memory = memory, .bytes = bytes, .message = message, .context = context};
    return topology;
}

static void free_function(struct pcie_function *function)
{
    free(function->vectors);
    free(function);
}

void pcie_destroy(struct pcie_topology *topology)
{
    if (!topology)
        return;
    while (topology->functions) {
        struct pcie_function *next = topology->functions->next;
        free_function(topology->functions);
        topology->functions = next;
    }
    free(topology);
}

/* ---------------------------------------------------------------- where */

static uint8_t bus_of(const struct pcie_function *function)
{
    return function->what.bridge ? function->what.bridge->value[REG_SECONDARY] : function->what.root_bus;
}

uint16_t pcie_device_id(const struct pcie_function *function)
{
    return (uint16_t)(bus_of(function) << 8 | function->what.devfn);
}

uint16_t pcie_segment(const struct pcie_function *function)
{
    while (function->what.bridge)
        function = function->what.bridge;
    return function->what.segment;
}

/* A bridge to conventional PCI puts its own name on what it forwards: bus behind it, device 0, function 0. */
uint16_t pcie_requester(const struct pcie_function *function)
{
    uint16_t requester = pcie_device_id(function);

    for (const struct pcie_function *up = function->what.bridge; up; up = up->what.bridge)
        if (up->what.kind == PCIE_TO_PCI)
            requester = (uint16_t)(up->value[REG_SECONDARY] << 8);
    return requester;
}

const struct pcie_description *pcie_describe(const struct pcie_function *function)
{
    return &function->what;
}

/* Every bridge on the way forwards this bus. */
static bool reachable(const struct pcie_function *function, uint8_t bus)
{
    for (const struct pcie_function *up = function->what.bridge; up; up = up->what.bridge)
        if (up->value[REG_SECONDARY] == 0 || bus < up->value[REG_SECONDARY] ||
            bus > up->value[REG_SUBORDINATE])
            return false;
    return true;
}

struct pcie_function *pcie_find(const struct pcie_topology *topology, uint16_t segment, uint8_t bus,
                                uint8_t devfn)
{
    for (struct pcie_function *f = topology->functions; f; f = f->next)
        if (f->what.devfn == devfn && bus_of(f) == bus && pcie_segment(f) == segment && reachable(f, bus))
            return f;
    return NULL;
}

struct pcie_function *pcie_first(const struct pcie_topology *topology)
{
    return topology->functions;
}

/* On the same bus, whatever its number. */
static bool beside(const struct pcie_function *function, const struct pcie_description *what)
{
    const struct pcie_description *other = &function->what;

    return other->bridge == what->bridge &&
           (what->bridge || (other->segment == what->segment && other->root_bus == what->root_bus));
}

void pcie_mark_multifunction(struct pcie_topology *topology)
{
    for (struct pcie_function *f = topology->functions; f; f = f->next) {
        bool several = false;
        for (struct pcie_function *other = topology->functions; other; other = other->next)
            several |= other != f && other->what.devfn >> 3 == f->what.devfn >> 3 && beside(other, &f->what);
        f->value[REG_HEADER_TYPE] = (uint8_t)((f->value[REG_HEADER_TYPE] & 0x7f) | (several ? 0x80 : 0));
    }
}

/* ---------------------------------------------------------------- coming */

static bool power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool bars_good(const struct pcie_description *what)
{
    for (unsigned i = 0; i < PCIE_BARS; i++) {
        const struct pcie_bar *bar = &what->bar[i];
        if (bar->bytes == 0)
            continue;
        if (!power_of_two(bar->bytes) || bar->bytes < 16 || bar->bytes > 1u << 30)
            return false;
        if (bar->wide && (i + 1 == PCIE_BARS || what->bar[i + 1].bytes))
            return false;
    }
    return true;
}

/* Table and pending bits lie in one BAR. */
static bool interrupts_good(const struct pcie_description *what)
{
    uint64_t table = (uint64_t)what->msix * PCIE_MSIX_ENTRY;

    if (what->msi && (!power_of_two(what->msi) || what->msi > 32))
        return false;
    if (what->msix == 0)
        return true;
    return what->msix <= PCIE_MSIX_MAX && what->msix_bar < PCIE_BARS &&
           what->bar[what->msix_bar].bytes >=
               ((table + 4095) & ~UINT64_C(4095)) + PCIE_PENDING_BYTES(what->msix);
}

static bool express_kind(enum pcie_kind kind)
{
    return kind < PCIE_CONVENTIONAL;
}

/* Behind a port there is one device; conventional functions are behind their bridge or on a root bus. */
static bool place_good(const struct pcie_description *what)
{
    if (!what->bridge)
        return what->kind != PCIE_UPSTREAM && what->kind != PCIE_DOWNSTREAM;
    if (!pcie_is_bridge(what->bridge))
        return false;
    switch (what->bridge->what.kind) {
    case PCIE_TO_PCI:
        return what->kind == PCIE_CONVENTIONAL;
    case PCIE_UPSTREAM:
        return what->kind == PCIE_DOWNSTREAM;
    default:
        return what->devfn < 8 && what->kind != PCIE_INTEGRATED && what->kind != PCIE_ROOT_PORT &&
               what->kind != PCIE_DOWNSTREAM;
    }
}

static bool description_good(const struct pcie_description *what)
{
    bool more = what->ats || what->pri || what->pasid || what->acs || what->flr;

    return what->kind <= PCIE_HOST_BRIDGE && place_good(what) && bars_good(what) && interrupts_good(what) &&
           (!more || express_kind(what->kind)) && what->class_code <= 0xffffff && what->ats_depth < 32 &&
           what->pasid_bits <= 20;
}

static void fill_in(struct pcie_description *what)
{
    what->vendor = what->vendor ? what->vendor : 0x1234;
    what->device = what->device ? what->device : 0x5678;
    what->pri_capacity = what->pri_capacity ? what->pri_capacity : 32;
    what->pasid_bits = what->pasid_bits ? what->pasid_bits : 20;
}

static bool taken(const struct pcie_topology *topology, const struct pcie_description *what)
{
    for (const struct pcie_function *f = topology->functions; f; f = f->next)
        if (f->what.devfn == what->devfn && beside(f, what))
            return true;
    return false;
}

static void append(struct pcie_topology *topology, struct pcie_function *function)
{
    struct pcie_function **end = &topology->functions;

    while (*end)
        end = &(*end)->next;
    *end = function;
}

enum amdvi_status pcie_add(struct pcie_topology *topology, const struct pcie_description *description,
                           struct pcie_function **function)
{
    struct pcie_function *f;

    if (!description_good(description))
        return AMDVI_ERR_ARGUMENT;
    if (taken(topology, description))
        return AMDVI_ERR_BUSY;
    f = calloc(1, sizeof(*f));
    if (!f)
        return AMDVI_ERR_NO_MEMORY;
    f->topology = topology;
    f->what = *description;
    fill_in(&f->what);
    if (f->what.msix && !(f->vectors = calloc(f->what.msix, PCIE_MSIX_ENTRY))) {
        free(f);
        return AMDVI_ERR_NO_MEMORY;
    }
    pcie_space_build(f);
    append(topology, f);
    pcie_mark_multifunction(topology);
    if (function)
        *function = f;
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- going */

static bool behind(const struct pcie_function *function, const struct pcie_function *bridge)
{
    const struct pcie_function *up = function->what.bridge;

    while (up && up != bridge)
        up = up->what.bridge;
    return up != NULL;
}

static void take_out_the_gone(struct pcie_topology *topology)
{
    struct pcie_function **at = &topology->functions;

    while (*at) {
        struct pcie_function *function = *at;
        if (!function->gone) {
            at = &function->next;
            continue;
        }
        *at = function->next;
        if (function->what.removed)
            function->what.removed(function->what.context);
        free_function(function);
    }
}

void pcie_remove(struct pcie_function *function)
{
    struct pcie_topology *topology = function->topology;

    for (struct pcie_function *f = topology->functions; f; f = f->next)
        f->gone = f == function || behind(f, function);
    take_out_the_gone(topology);
    pcie_mark_multifunction(topology);
}

/* ---------------------------------------------------------------- resets */

static void reset_one(struct pcie_function *function)
{
    pcie_space_build(function);
    if (function->what.reset)
        function->what.reset(function->what.context);
}

void pcie_reset(struct pcie_function *function)
{
    if (!pcie_is_bridge(function))
        reset_one(function);
    else
        for (struct pcie_function *f = function->topology->functions; f; f = f->next)
            if (behind(f, function))
                reset_one(f);
    pcie_mark_multifunction(function->topology);
}

void pcie_reset_all(struct pcie_topology *topology)
{
    for (struct pcie_function *f = topology->functions; f; f = f->next)
        reset_one(f);
    pcie_mark_multifunction(topology);
}
