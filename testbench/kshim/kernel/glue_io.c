// SPDX-License-Identifier: GPL-2.0-only
/* Registers and memory behind addresses: a mapped register is its physical address plus a fixed number. */
#include <linux/io.h>
#include <linux/mm.h>

#include "glue.h"

#define IO_FIRST 0x0000600000000000ull /* nothing else of a process lies there */
#define IO_BYTES (1ull << 44)

static bool is_io(u64 address)
{
    return address - IO_FIRST < IO_BYTES;
}

static u64 plain_read(const volatile void *address, int bytes)
{
    switch (bytes) {
    case 1:
        return *(const volatile u8 *)address;
    case 2:
        return *(const volatile u16 *)address;
    case 4:
        return *(const volatile u32 *)address;
    default:
        return *(const volatile u64 *)address;
    }
}

static void plain_write(volatile void *address, int bytes, u64 value)
{
    switch (bytes) {
    case 1:
        *(volatile u8 *)address = value;
        break;
    case 2:
        *(volatile u16 *)address = value;
        break;
    case 4:
        *(volatile u32 *)address = value;
        break;
    default:
        *(volatile u64 *)address = value;
    }
}

/* Registers: by a mapping, or by one of the kernel's fixed addresses. */
static bool is_register(u64 address, u64 *pa)
{
    if (!is_io(address))
        return kshim_fixed_address(address, pa);
    *pa = address - IO_FIRST;
    return true;
}

unsigned long long kshim_io_read(const volatile void *address, int bytes)
{
    u64 pa, value;

    if (!is_register((u64)address, &pa))
        return plain_read(address, bytes);
    if (kshim_empty_ioapic_read(pa, &value))
        return value;
    kshim_maybe_switch();
    value = kshim_ops->mmio_read(kshim_ops->context, pa, bytes);
    kshim_maybe_switch();
    return value;
}

void kshim_io_write(unsigned long long value, volatile void *address, int bytes)
{
    u64 pa;

    if (!is_register((u64)address, &pa)) {
        plain_write(address, bytes, value);
        return;
    }
    if (kshim_empty_ioapic_write(pa, value))
        return;
    kshim_maybe_switch();
    kshim_ops->mmio_write(kshim_ops->context, pa, bytes, value);
    kshim_maybe_switch();
}

static void __iomem *map(u64 pa)
{
    return (void __iomem *)(IO_FIRST + pa);
}

#define MAPS(name)                                                                                           \
    void __iomem *kshim_##name(u64 pa, unsigned long bytes) KERNEL(name);                                    \
    void __iomem *kshim_##name(u64 pa, unsigned long bytes)                                                  \
    {                                                                                                        \
        return map(pa);                                                                                      \
    }
MAPS(ioremap)
MAPS(ioremap_uc)
MAPS(ioremap_wc)
MAPS(ioremap_cache)
MAPS(early_ioremap)

void kshim_iounmap(volatile void __iomem *address) KERNEL(iounmap);
void kshim_iounmap(volatile void __iomem *address)
{
}

/* Memory of another kernel, or firmware's: RAM as it is, all else as registers. */
void *kshim_memremap(u64 pa, size_t bytes, unsigned long flags) KERNEL(memremap);
void *kshim_memremap(u64 pa, size_t bytes, unsigned long flags)
{
    return pa < kshim_ops->ram_size && bytes <= kshim_ops->ram_size - pa ? __va(pa) : NULL;
}

void kshim_memunmap(void *address) KERNEL(memunmap);
void kshim_memunmap(void *address)
{
}

/* In units of 8 bytes where they fit: the driver writes 64-bit registers with it. */
void kshim_memcpy_toio(volatile void __iomem *to, const void *from, size_t bytes) KERNEL(memcpy_toio);
void kshim_memcpy_toio(volatile void __iomem *to, const void *from, size_t bytes)
{
    size_t done = 0;

    while (bytes - done >= 8 && IS_ALIGNED((u64)to + done, 8)) {
        kshim_io_write(*(const u64 *)(from + done), (void __force *)to + done, 8);
        done += 8;
    }
    for (; done < bytes; done++)
        kshim_io_write(*(const u8 *)(from + done), (void __force *)to + done, 1);
}

void kshim_memcpy_fromio(void *to, const volatile void __iomem *from, size_t bytes) KERNEL(memcpy_fromio);
void kshim_memcpy_fromio(void *to, const volatile void __iomem *from, size_t bytes)
{
    size_t done = 0;

    for (; bytes - done >= 8 && IS_ALIGNED((u64)from + done, 8); done += 8)
        *(u64 *)(to + done) = kshim_io_read((const void __force *)from + done, 8);
    for (; done < bytes; done++)
        *(u8 *)(to + done) = kshim_io_read((const void __force *)from + done, 1);
}

void kshim_memset_io(volatile void __iomem *to, int byte, size_t bytes) KERNEL(memset_io);
void kshim_memset_io(volatile void __iomem *to, int byte, size_t bytes)
{
    size_t done;

    for (done = 0; done < bytes; done++)
        kshim_io_write((u8)byte, (void __force *)to + done, 1);
}
