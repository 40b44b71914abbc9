// SPDX-License-Identifier: Apache-2.0
/* The extended interrupt table: {type, GuestID} finds an entry in two steps (viommu 2.4). */
#include "testbench/hypervisor/internal.h"

#include "model/layout.h"
#include "tables/layout.h"

enum { LEVEL2_LOG2 = 8, TYPE_SHIFT = 16, LEVEL1_ENTRY = 8, LEVEL2_ENTRY = 16 };

static uint64_t level2(struct hv_driver *driver, unsigned index)
{
    uint64_t entry, *table = &driver->interrupt_tables[index];

    if (*table)
        return *table;
    *table = hv_memory_page(driver->memory);
    if (!*table)
        return 0;
    entry = extirt_l1_set_l2len(extirt_l1_set_v(0, 1), LEVEL2_LOG2);
    hv_memory_set(driver->memory, driver->interrupts + (uint64_t)index * LEVEL1_ENTRY,
                  extirt_l1_set_l2_root(entry, *table));
    return *table;
}

void hv_interrupt_encode(const struct hv_interrupt *interrupt, uint64_t entry[2])
{
    entry[0] = entry[1] = 0;
    if (!interrupt->valid)
        return;
    irteg_set_remapen(entry, 1);
    irteg_set_guestmode(entry, 1);
    irteg_set_galogintr(entry, 1);
    irteg_set_isrun(entry, interrupt->running);
    irteg_set_destination(entry, interrupt->destination);
    irteg_set_gatag(entry, interrupt->tag);
    irteg_set_vector(entry, interrupt->vector);
    irteg_set_vapic_root(entry, interrupt->vapic);
}

/* Entries of that form are posted with vAPIC mode on only; of an owner's IOMMU it may be off. */
static bool guest_mode(const struct hv_driver *driver)
{
    uint64_t control = 0;

    return !driver->shared || (!amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &control) &&
                               reg_control_gamen(control) == REG_CONTROL_GAMEN_VAPIC);
}

enum hv_status hv_guest_interrupt(struct hv_guest *guest, enum hv_interrupt_type type,
                                  const struct hv_interrupt *interrupt)
{
    uint64_t entry[2], at;
    unsigned index;

    if (!guest || !interrupt || (type != HV_INTERRUPT_EVENT && type != HV_INTERRUPT_PPR) ||
        interrupt->vapic % HV_PAGE)
        return HV_ERR_ARGUMENT;
    if (interrupt->valid && !guest_mode(guest->driver))
        return HV_ERR_UNSUPPORTED;
    index = (unsigned)type << TYPE_SHIFT | guest->id;
    if (!interrupt->valid && !guest->driver->interrupt_tables[index >> LEVEL2_LOG2])
        return HV_OK;
    at = level2(guest->driver, index >> LEVEL2_LOG2);
    if (!at)
        return HV_ERR_NO_MEMORY;
    at += (uint64_t)(index & ((1u << LEVEL2_LOG2) - 1)) * LEVEL2_ENTRY;
    hv_interrupt_encode(interrupt, entry);
    hv_memory_set(guest->driver->memory, at + sizeof(entry[0]), entry[1]);
    hv_memory_set(guest->driver->memory, at, entry[0]);
    return hv_flush_interrupts(guest->driver, guest->driver->options.devid);
}
