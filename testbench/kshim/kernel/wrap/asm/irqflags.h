/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt flag is a variable: cli and sti are not for processes. Interrupts that came while it was off
 * are delivered when it goes on. */
#ifndef KSHIM_ASM_IRQFLAGS_H
#define KSHIM_ASM_IRQFLAGS_H

#ifdef __ASSEMBLY__
#include_next <asm/irqflags.h>
#else

#define arch_local_save_flags  kshim_unused_save_flags
#define arch_local_irq_disable kshim_unused_irq_disable
#define arch_local_irq_enable  kshim_unused_irq_enable
#define arch_local_irq_save    kshim_unused_irq_save
#define arch_local_irq_restore kshim_unused_irq_restore
#define arch_irqs_disabled     kshim_unused_irqs_disabled
#include_next <asm/irqflags.h>
#undef arch_local_save_flags
#undef arch_local_irq_disable
#undef arch_local_irq_enable
#undef arch_local_irq_save
#undef arch_local_irq_restore
#undef arch_irqs_disabled

#define KSHIM_IF 0x200ul /* the flag's place in RFLAGS */

extern unsigned long kshim_flags;    /* KSHIM_IF or 0 */
extern int kshim_interrupts_pending; /* something waits for the flag */
extern void kshim_interrupts_enabled(void);

static inline unsigned long arch_local_save_flags(void)
{
    return kshim_flags;
}

static inline void arch_local_irq_disable(void)
{
    kshim_flags = 0;
    asm volatile("" ::: "memory");
}

static inline void arch_local_irq_enable(void)
{
    asm volatile("" ::: "memory");
    kshim_flags = KSHIM_IF;
    if (__builtin_expect(kshim_interrupts_pending, 0))
        kshim_interrupts_enabled();
}

static inline unsigned long arch_local_irq_save(void)
{
    unsigned long flags = kshim_flags;

    arch_local_irq_disable();
    return flags;
}

static inline int arch_irqs_disabled(void)
{
    return !kshim_flags;
}

static inline void arch_local_irq_restore(unsigned long flags)
{
    if (flags & KSHIM_IF)
        arch_local_irq_enable();
}

#endif
#endif
