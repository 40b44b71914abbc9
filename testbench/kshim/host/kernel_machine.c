// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_machine.h"

#include "testbench/platform/pcie.h"
#include "testbench/platform/ram.h"

static struct machine *of(void *context)
{
    return ((struct kernel_machine *)context)->machine;
}

static kshim_u64 mmio_read(void *context, kshim_u64 pa, int bytes)
{
    struct kernel_machine *self = context;
    uint64_t value;

    if (self->reads)
        self->reads(self->reads_context, pa);
    value = machine_mmio_read(self->machine, pa, (unsigned)bytes);
    if (self->read_ns)
        machine_delay(self->machine, self->read_ns);
    return value;
}

static void mmio_write(void *context, kshim_u64 pa, int bytes, kshim_u64 value)
{
    struct kernel_machine *self = context;

    if (self->writes)
        self->writes(self->context, pa);
    machine_mmio_write(self->machine, pa, value, (unsigned)bytes);
    if (self->write_ns)
        machine_delay(self->machine, self->write_ns);
}

static kshim_u32 config_read(void *context, int segment, int bus, int devfn, int offset, int bytes)
{
    uint32_t value = UINT32_MAX;

    machine_cfg_read(of(context), (uint16_t)segment, (uint8_t)bus, (uint8_t)devfn, (unsigned)offset,
                     (unsigned)bytes, &value);
    return value;
}

static void config_write(void *context, int segment, int bus, int devfn, int offset, int bytes,
                         kshim_u32 value)
{
    machine_cfg_write(of(context), (uint16_t)segment, (uint8_t)bus, (uint8_t)devfn, (unsigned)offset,
                      (unsigned)bytes, value);
}

static void *acpi_table(void *context, const char *signature, int n)
{
    const void *table = n ? NULL : machine_acpi_table(of(context), signature, NULL);

    return (void *)(uintptr_t)table;
}

/* A segment exists where anything answers on its root bus. */
static int last_bus(void *context, int segment)
{
    uint32_t value;

    for (unsigned devfn = 0; devfn < 256; devfn++)
        if (machine_cfg_read(of(context), (uint16_t)segment, 0, (uint8_t)devfn, 0, 4, &value))
            return 255;
    return -1;
}

static kshim_u64 now(void *context)
{
    return machine_now(of(context));
}

static void delay(void *context, kshim_u64 ns)
{
    machine_delay(of(context), ns);
}

static void end_of_interrupt(void *context, kshim_u8 vector)
{
    machine_eoi(of(context), vector);
}

static void mapped(void *context, kshim_u64 user_address, kshim_u64 pa, kshim_u64 bytes)
{
    struct kernel_machine *self = context;

    for (size_t slot = 0; slot < KERNEL_MACHINE_PAGES; slot++) {
        struct kernel_machine_page *page = &self->pages[slot];

        if (bytes ? page->bytes != 0 : page->user_address != user_address)
            continue;
        *page = (struct kernel_machine_page){bytes ? user_address : 0, pa, bytes};
        return;
    }
}

bool kernel_machine_translate(const struct kernel_machine *self, uint64_t user_address, uint64_t *pa)
{
    for (size_t slot = 0; slot < KERNEL_MACHINE_PAGES; slot++) {
        const struct kernel_machine_page *page = &self->pages[slot];

        if (user_address - page->user_address < page->bytes) {
            *pa = page->pa + (user_address - page->user_address);
            return true;
        }
    }
    return false;
}

/* Of the machine that machine_config_default() describes. */
static const struct kshim_ioapic southbridge_ioapic[] = {{.id = 32, .pa = 0xfec00000}};

struct kshim_ops kernel_machine_ops(struct kernel_machine *self, uint64_t ram_bytes)
{
    return (struct kshim_ops){
        .context = self,
        .ram = ram_at(machine_ram(self->machine), 0, ram_bytes),
        .ram_size = ram_bytes,
        .ioapics = southbridge_ioapic,
        .ioapics_count = 1,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .config_read = config_read,
        .config_write = config_write,
        .acpi_table = acpi_table,
        .last_bus = last_bus,
        .now = now,
        .delay = delay,
        .mapped = mapped,
        .end_of_interrupt = end_of_interrupt,
    };
}

void kernel_machine_deliver(struct instance *instance, uint64_t address, uint32_t data)
{
    if (instance)
        instance_entry(instance)->interrupt(address, data);
}
