/* SPDX-License-Identifier: GPL-2.0-only */
/* `current` is a plain variable: the processor's own form is addressed absolutely, which no shared object may
 * be. */
#ifndef KSHIM_ASM_CURRENT_H
#define KSHIM_ASM_CURRENT_H

#define get_current kshim_unused_get_current
#include_next <asm/current.h>
#undef get_current

#ifndef __ASSEMBLY__
extern struct task_struct *kshim_current;
#define get_current() kshim_current
#endif

#endif
