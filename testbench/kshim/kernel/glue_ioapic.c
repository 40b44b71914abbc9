// SPDX-License-Identifier: GPL-2.0-only
/* I/O interrupt controllers: the kernel's own driver for them, given what ACPI's MADT would tell, and the
 * fixed addresses by which it reaches their registers. */
#include <linux/io.h>
#include <linux/mm.h>

#include <asm/fixmap.h>
#include <asm/io_apic.h>
#include <asm/irqdomain.h>
#include <asm/x86_init.h>

#include "glue.h"

static u64 places[__end_of_fixed_addresses];

void kshim_set_fixmap(unsigned int index, phys_addr_t pa, pgprot_t protection) KERNEL(native_set_fixmap);
void kshim_set_fixmap(unsigned int index, phys_addr_t pa, pgprot_t protection)
{
    if (index < ARRAY_SIZE(places))
        places[index] = pa;
}

bool kshim_fixed_address(u64 address, u64 *pa)
{
    u64 index = (FIXADDR_TOP - (address & PAGE_MASK)) >> PAGE_SHIFT;

    if (address >= FIXADDR_TOP || index >= ARRAY_SIZE(places) || !places[index])
        return false;
    *pa = places[index] + offset_in_page(address);
    return true;
}

/* --- one without registers, as a small hypervisor has it: known by its number, with nothing behind its pins
 */

enum { INDEX = 0x00, DATA = 0x10, REGISTERS = 64, ID = 0, VERSION = 1, VERSION_24_PINS = 0x170020 };
#define EMPTY_FIRST 0xfec80000ull

struct empty {
    u32 index, registers[REGISTERS];
};

static struct empty empties[MAX_IO_APICS];

static struct empty *empty_at(u64 pa)
{
    u64 index = (pa - EMPTY_FIRST) >> PAGE_SHIFT;

    return pa >= EMPTY_FIRST && index < kshim_ops->ioapics_count && !kshim_ops->ioapics[index].pa
               ? &empties[index]
               : NULL;
}

bool kshim_empty_ioapic_read(u64 pa, u64 *value)
{
    struct empty *empty = empty_at(pa);

    if (empty)
        *value = offset_in_page(pa) == DATA ? empty->registers[empty->index % REGISTERS] : empty->index;
    return empty != NULL;
}

bool kshim_empty_ioapic_write(u64 pa, u64 value)
{
    struct empty *empty = empty_at(pa);

    if (empty && offset_in_page(pa) == INDEX)
        empty->index = value;
    else if (empty && offset_in_page(pa) == DATA && empty->index != VERSION)
        empty->registers[empty->index % REGISTERS] = value;
    return empty != NULL;
}

/* --- */

void kshim_ioapics_start(void)
{
    struct ioapic_domain_cfg domain = {.type = IOAPIC_DOMAIN_DYNAMIC, .ops = &mp_ioapic_irqdomain_ops};
    unsigned int each;

    x86_apic_ops.io_apic_read = native_io_apic_read;
    for (each = 0; each < kshim_ops->ioapics_count && each < MAX_IO_APICS; each++) {
        const struct kshim_ioapic *what = &kshim_ops->ioapics[each];

        empties[each].registers[ID] = what->id << 24;
        empties[each].registers[VERSION] = VERSION_24_PINS;
        if (mp_register_ioapic(what->id, what->pa ?: EMPTY_FIRST + ((u64)each << PAGE_SHIFT), gsi_top,
                               &domain))
            kshim_trouble(KSHIM_WARN, "the kernel refuses the I/O interrupt controller %u", what->id);
    }
}
