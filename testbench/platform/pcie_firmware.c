// SPDX-License-Identifier: Apache-2.0
/* What firmware does before an operating system looks: numbers the buses depth first, gives addresses to BARs
 * and windows to bridges, switches memory decoding on. */
#include "testbench/platform/pcie_internal.h"

enum { MEBIBYTE = 1 << 20 };

struct firmware {
    struct pcie_topology *topology;
    uint64_t at;  /* the next free address */
    unsigned bus; /* the last number given */
    bool fits;
};

/* One bus: behind a bridge, or a root bus. */
struct bus {
    struct pcie_function *bridge;
    uint16_t segment;
    uint8_t number;
};

static struct pcie_function *function_on(const struct firmware *fw, const struct bus *bus, unsigned devfn)
{
    for (struct pcie_function *f = fw->topology->functions; f; f = f->next)
        if (f->what.devfn == devfn && f->what.bridge == bus->bridge &&
            (bus->bridge || (f->what.segment == bus->segment && f->what.root_bus == bus->number)))
            return f;
    return NULL;
}

static void align(struct firmware *fw, uint64_t to)
{
    fw->at = (fw->at + to - 1) & ~(to - 1);
}

/* ---------------------------------------------------------------- endpoints */

static void place_bar(struct firmware *fw, struct pcie_function *f, unsigned index)
{
    const struct pcie_bar *bar = &f->what.bar[index];

    align(fw, bar->bytes);
    pcie_space_write(f, REG_BAR + 4 * index, 4, (uint32_t)fw->at);
    if (bar->wide)
        pcie_space_write(f, REG_BAR + 4 * index + 4, 4, (uint32_t)(fw->at >> 32));
    fw->at += bar->bytes;
}

static void place_endpoint(struct firmware *fw, struct pcie_function *f)
{
    bool any = false;

    for (unsigned i = 0; i < PCIE_BARS; i++) {
        if (f->what.bar[i].bytes == 0)
            continue;
        place_bar(fw, f, i);
        any = true;
    }
    if (any)
        pcie_space_write(f, REG_COMMAND, 2, COMMAND_MEMORY);
}

/* ---------------------------------------------------------------- bridges */

static void place_bus(struct firmware *fw, const struct bus *bus);

/* The windows for prefetchable memory stay closed: the other one takes that, too. */
static void place_window(struct pcie_function *f, uint64_t first, uint64_t end)
{
    if (end == first)
        return;
    pcie_space_write(f, REG_MEMORY_BASE, 2, (uint32_t)(first >> 16));
    pcie_space_write(f, REG_MEMORY_LIMIT, 2, (uint32_t)((end - 1) >> 16));
}

static void place_bridge(struct firmware *fw, struct pcie_function *f, uint8_t primary)
{
    struct bus bus = {.bridge = f};
    uint64_t first;

    if (fw->bus + 1 >= PCIE_BUSES) {
        fw->fits = false;
        return;
    }
    bus.number = (uint8_t)++fw->bus;
    pcie_space_write(f, REG_PRIMARY, 2, primary | (uint32_t)bus.number << 8);
    align(fw, MEBIBYTE);
    first = fw->at;
    place_bus(fw, &bus);
    align(fw, MEBIBYTE);
    pcie_space_write(f, REG_SUBORDINATE, 1, fw->bus);
    place_window(f, first, fw->at);
    pcie_space_write(f, REG_COMMAND, 2, COMMAND_MEMORY | COMMAND_MASTER);
}

static void place_bus(struct firmware *fw, const struct bus *bus)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        struct pcie_function *f = function_on(fw, bus, devfn);
        if (!f || f->what.write)
            continue;
        if (pcie_is_bridge(f))
            place_bridge(fw, f, bus->number);
        else
            place_endpoint(fw, f);
    }
}

/* ---------------------------------------------------------------- root buses */

static unsigned root_of(const struct pcie_function *f)
{
    return (unsigned)f->what.segment << 8 | f->what.root_bus;
}

/* The first root bus at or above `from`, as segment << 8 | bus; beyond all segments: none. */
static unsigned next_root(const struct pcie_topology *topology, unsigned from)
{
    unsigned best = 1u << 24;

    for (const struct pcie_function *f = topology->functions; f; f = f->next)
        if (!f->what.bridge && root_of(f) >= from && root_of(f) < best)
            best = root_of(f);
    return best;
}

enum amdvi_status pcie_firmware(struct pcie_topology *topology)
{
    struct firmware fw = {.topology = topology, .at = topology->memory, .fits = true};

    for (unsigned root = next_root(topology, 0); root < 1u << 24; root = next_root(topology, root + 1)) {
        struct bus bus = {.segment = (uint16_t)(root >> 8), .number = (uint8_t)root};
        fw.bus = bus.number;
        place_bus(&fw, &bus);
        fw.fits &= (root & ~0xffu) + fw.bus < next_root(topology, root + 1);
    }
    fw.fits &= fw.at - topology->memory <= topology->bytes;
    return fw.fits ? AMDVI_OK : AMDVI_ERR_TOO_SMALL;
}
