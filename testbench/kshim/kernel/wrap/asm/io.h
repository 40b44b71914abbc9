/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers are reached by two functions of the shim, which know a mapped register by its address. */
#ifndef KSHIM_ASM_IO_H
#define KSHIM_ASM_IO_H

#include_next <asm/io.h>

extern unsigned long long kshim_io_read(const volatile void *address, int bytes);
extern void kshim_io_write(unsigned long long value, volatile void *address, int bytes);

#undef readb
#undef readw
#undef readl
#undef readq
#undef writeb
#undef writew
#undef writel
#undef writeq
#undef readb_relaxed
#undef readw_relaxed
#undef readl_relaxed
#undef readq_relaxed
#undef writeb_relaxed
#undef writew_relaxed
#undef writel_relaxed
#undef writeq_relaxed

#define readb(address)         ((u8)kshim_io_read((address), 1))
#define readw(address)         ((u16)kshim_io_read((address), 2))
#define readl(address)         ((u32)kshim_io_read((address), 4))
#define readq(address)         ((u64)kshim_io_read((address), 8))
#define writeb(value, address) kshim_io_write((u8)(value), (address), 1)
#define writew(value, address) kshim_io_write((u16)(value), (address), 2)
#define writel(value, address) kshim_io_write((u32)(value), (address), 4)
#define writeq(value, address) kshim_io_write((u64)(value), (address), 8)
#define readb_relaxed          readb
#define readw_relaxed          readw
#define readl_relaxed          readl
#define readq_relaxed          readq
#define writeb_relaxed         writeb
#define writew_relaxed         writew
#define writel_relaxed         writel
#define writeq_relaxed         writeq

#endif
