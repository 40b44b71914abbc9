// SPDX-License-Identifier: Apache-2.0
/* What a function may do, as its configuration space says now. */
#include "testbench/platform/pcie_internal.h"

unsigned pcie_capability(const struct pcie_function *function, uint8_t id)
{
    unsigned at = function->value[REG_CAPABILITIES];

    while (at && function->value[at] != id)
        at = function->value[at + 1];
    return at;
}

unsigned pcie_extended(const struct pcie_function *function, uint16_t id)
{
    unsigned at = PCIE_SMALL_SPACE;

    while (at && pcie_get(function->value, at, 2) != id)
        at = pcie_get(function->value, at + 2, 2) >> 4;
    return at;
}

static bool awake(const struct pcie_function *f)
{
    return !f->power || (f->value[f->power + POWER_CONTROL] & 3) == 0;
}

bool pcie_is_master(const struct pcie_function *function)
{
    for (const struct pcie_function *f = function; f; f = f->what.bridge)
        if (!awake(f) || !(f->value[REG_COMMAND] & COMMAND_MASTER))
            return false;
    return true;
}

/* A bit of a register of 16 bits in a capability that may be absent. */
static bool bit(const struct pcie_function *f, unsigned capability, unsigned offset, unsigned mask)
{
    return capability && (pcie_get(f->value, capability + offset, 2) & mask);
}

bool pcie_ats_enabled(const struct pcie_function *function)
{
    return bit(function, function->ats, ATS_CONTROL, ATS_ENABLE);
}

bool pcie_pri_enabled(const struct pcie_function *function)
{
    return bit(function, function->pri, PRI_CONTROL, PRI_ENABLE);
}

uint32_t pcie_pri_allocation(const struct pcie_function *function)
{
    uint32_t capacity = function->what.pri_capacity, allowed;

    if (!function->pri)
        return 0;
    allowed = pcie_get(function->value, function->pri + PRI_ALLOCATION, 4);
    return allowed < capacity ? allowed : capacity;
}

bool pcie_pasid_enabled(const struct pcie_function *function)
{
    return bit(function, function->pasid, PASID_CONTROL, PASID_ENABLE);
}

bool pcie_pasid_privileged_enabled(const struct pcie_function *function)
{
    return pcie_pasid_enabled(function) && bit(function, function->pasid, PASID_CONTROL, PASID_PRIVILEGED);
}

bool pcie_pasid_execute_enabled(const struct pcie_function *function)
{
    return pcie_pasid_enabled(function) && bit(function, function->pasid, PASID_CONTROL, PASID_EXECUTE);
}

void pcie_pri_set_status(struct pcie_function *function, unsigned bits, bool on)
{
    unsigned at = function->pri + PRI_STATUS, now;

    if (!function->pri)
        return;
    now = pcie_get(function->value, at, 2);
    pcie_put(function->value, at, 2, on ? now | bits : now & ~bits);
}

bool pcie_pri_status(const struct pcie_function *function, unsigned bits)
{
    return bit(function, function->pri, PRI_STATUS, bits);
}
