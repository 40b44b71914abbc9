// SPDX-License-Identifier: Apache-2.0
/* Accesses to configuration space, and what follows from writes. */
#include "testbench/platform/pcie_internal.h"

/* A write on its way. */
struct change {
    struct pcie_function *f;
    unsigned offset, size;
    uint32_t value;
};

/* Whether it writes the register at `at`, and there any of `bits`: ones, that is. */
static bool writes_ones(const struct change *change, unsigned at, unsigned bits)
{
    for (unsigned i = 0; i < change->size; i++) {
        unsigned place = change->offset + i - at;
        if (place < 4 && (change->value >> 8 * i & 0xff & bits >> 8 * place))
            return true;
    }
    return false;
}

static void store(const struct change *change)
{
    for (unsigned i = 0; i < change->size; i++) {
        unsigned at = change->offset + i;
        uint8_t byte = (uint8_t)(change->value >> 8 * i), writable = change->f->writable[at];
        uint8_t now = (uint8_t)((change->f->value[at] & ~writable) | (byte & writable));
        change->f->value[at] = (uint8_t)(now & ~(byte & change->f->clears[at]));
    }
}

/* ---------------------------------------------------------------- what follows */

static unsigned power_state(const struct pcie_function *f)
{
    return f->power ? f->value[f->power + POWER_CONTROL] & 3u : 0;
}

/* D1 and D2 are not there: the state stays. True: the function woke up, which resets it. */
static bool power_changed(struct pcie_function *f, unsigned before)
{
    unsigned now = power_state(f);

    if (now == 1 || now == 2)
        f->value[f->power + POWER_CONTROL] = (uint8_t)((f->value[f->power + POWER_CONTROL] & ~3u) | before);
    return before == POWER_D3HOT && now == 0;
}

static bool asks_for_reset(const struct change *change)
{
    const struct pcie_function *f = change->f;

    return f->what.flr && writes_ones(change, f->express + EXPRESS_CONTROL, EXPRESS_FLR);
}

/* Secondary bus reset, as the bit rises. */
static void bridge_control(const struct change *change, uint8_t before)
{
    struct pcie_function *f = change->f;

    if (pcie_is_bridge(f) && !(before & BRIDGE_RESET) && f->value[REG_BRIDGE_CONTROL] & BRIDGE_RESET)
        pcie_reset(f);
}

/* Stopped while it is not enabled; a reset, which is only for then, takes the error bits away. */
static void page_requests(const struct change *change)
{
    struct pcie_function *f = change->f;
    bool enabled = pcie_pri_enabled(f);

    if (!f->pri)
        return;
    if (!enabled && writes_ones(change, f->pri + PRI_CONTROL, PRI_RESET))
        pcie_pri_set_status(f, PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED, false);
    pcie_pri_set_status(f, PCIE_PRI_STOPPED, !enabled);
}

void pcie_space_write(struct pcie_function *f, unsigned offset, unsigned size, uint32_t value)
{
    struct change change = {.f = f, .offset = offset, .size = size, .value = value};
    unsigned power = power_state(f);
    uint8_t bridge = f->value[REG_BRIDGE_CONTROL];

    store(&change);
    if (power_changed(f, power) || asks_for_reset(&change)) {
        pcie_reset(f);
        return;
    }
    bridge_control(&change, bridge);
    page_requests(&change);
    pcie_send_pending(f);
    if (f->what.written)
        f->what.written(f->what.context, offset, size);
}

/* ---------------------------------------------------------------- accesses */

static bool access_good(unsigned offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4) && offset % size == 0 && offset < PCIE_SPACE;
}

/* Functions without PCIe have 256 bytes. */
static bool beyond(const struct pcie_function *f, unsigned offset)
{
    return offset >= PCIE_SMALL_SPACE && !f->express;
}

uint32_t pcie_peek(const struct pcie_function *function, unsigned offset, unsigned size)
{
    return access_good(offset, size) ? pcie_get(function->value, offset, size) : UINT32_MAX;
}

bool pcie_config_read(struct pcie_topology *topology, uint16_t segment, uint8_t bus, uint8_t devfn,
                      unsigned offset, unsigned size, uint32_t *value)
{
    const struct pcie_function *f = pcie_find(topology, segment, bus, devfn);

    *value = size >= 4 ? UINT32_MAX : (1u << 8 * size) - 1;
    if (!f || !access_good(offset, size))
        return false;
    if (f->what.read)
        *value = f->what.read(f->what.context, offset, size);
    else if (!beyond(f, offset))
        *value = pcie_get(f->value, offset, size);
    return true;
}

bool pcie_config_write(struct pcie_topology *topology, uint16_t segment, uint8_t bus, uint8_t devfn,
                       unsigned offset, unsigned size, uint32_t value)
{
    struct pcie_function *f = pcie_find(topology, segment, bus, devfn);

    if (!f || !access_good(offset, size))
        return false;
    if (f->what.write)
        f->what.write(f->what.context, offset, size, value);
    else if (!beyond(f, offset))
        pcie_space_write(f, offset, size, value);
    return true;
}
