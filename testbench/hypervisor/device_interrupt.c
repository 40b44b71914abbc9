// SPDX-License-Identifier: Apache-2.0
/* Interrupts of devices: aborted, or remapped by a table of each device's own (iommu 8). */
#include "testbench/hypervisor/internal.h"

#include "tables/layout.h"

enum { TABLE_LOG2 = 8, ENTRIES = 1 << TABLE_LOG2, ENTRY_BYTES = 16, DESTINATIONS = 256 };

void hv_dte_interrupts(uint64_t entry[4], uint64_t table)
{
    uint64_t paging = dte_guestpagingmode(entry);

    entry[DTE_IV_WORD] = 0;
    dte_set_guestpagingmode(entry, paging);
    dte_set_iv(entry, 1);
    dte_set_intctl(entry, table ? DTE_INTCTL_REMAP : DTE_INTCTL_ABORT);
    dte_set_inttablen(entry, table ? TABLE_LOG2 : 0);
    dte_set_inttable_root(entry, table);
}

/* The interrupt part is one word, so it changes in one store. */
static enum hv_status write_part(struct hv_driver *driver, uint16_t device, uint64_t table)
{
    uint64_t entry[4], at = driver->device_table + (uint64_t)device * HV_DTE_BYTES;

    hv_entry_read(driver, device, entry);
    hv_dte_interrupts(entry, table);
    hv_memory_set(driver->memory, at + DTE_IV_WORD * sizeof(entry[0]), entry[DTE_IV_WORD]);
    return hv_flush_entry(driver, device);
}

static enum hv_status make_table(struct hv_driver *driver, uint16_t device)
{
    uint64_t *table = &driver->devices[device].interrupts;

    if (!*table)
        *table = hv_memory_page(driver->memory);
    return *table ? write_part(driver, device, *table) : HV_ERR_NO_MEMORY;
}

enum hv_status hv_device_interrupts_off(struct hv_driver *driver, uint16_t device)
{
    uint64_t table = driver ? driver->devices[device].interrupts : 0;
    enum hv_status status;

    if (!driver)
        return HV_ERR_ARGUMENT;
    if (!table)
        return HV_OK;
    status = write_part(driver, device, 0);
    if (!status)
        status = hv_flush_interrupts(driver, device);
    hv_memory_give(driver->memory, table, HV_PAGE);
    driver->devices[device].interrupts = 0;
    return status;
}

/* Without vAPIC page a message for a processor; XTEn is off, so the destination has 8 bits. */
static void encode_message(const struct hv_interrupt *interrupt, uint64_t entry[2])
{
    entry[0] = entry[1] = 0;
    irte_set_remapen(entry, 1);
    irte_set_inttype(entry, interrupt->arbitrated ? IRTE_INTTYPE_ARBITRATED : IRTE_INTTYPE_FIXED);
    irte_set_dm(entry, interrupt->logical);
    irte_set_xapic_destination(entry, interrupt->destination);
    irte_set_vector(entry, interrupt->vector);
}

static enum hv_status write_entry(struct hv_driver *driver, uint16_t device, unsigned index,
                                  const struct hv_interrupt *interrupt)
{
    uint64_t at = driver->devices[device].interrupts + (uint64_t)index * ENTRY_BYTES, entry[2];

    if (interrupt->valid && !interrupt->vapic)
        encode_message(interrupt, entry);
    else
        hv_interrupt_encode(interrupt, entry);
    hv_memory_set(driver->memory, at, 0); /* RemapEn=0 while the halves differ */
    hv_memory_set(driver->memory, at + sizeof(entry[0]), entry[1]);
    hv_memory_set(driver->memory, at, entry[0]);
    return hv_flush_interrupts(driver, device);
}

enum hv_status hv_device_interrupt(struct hv_driver *driver, uint16_t device, unsigned index,
                                   const struct hv_interrupt *interrupt)
{
    enum hv_status status = HV_OK;

    if (!driver || !interrupt || index >= ENTRIES || interrupt->vapic % HV_PAGE ||
        (interrupt->valid && interrupt->destination >= DESTINATIONS))
        return HV_ERR_ARGUMENT;
    if (driver->shared)
        return HV_ERR_UNSUPPORTED;
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    if (!driver->devices[device].interrupts && !interrupt->valid)
        return HV_OK;
    if (!driver->devices[device].interrupts)
        status = make_table(driver, device);
    return status ? status : write_entry(driver, device, index, interrupt);
}
