/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel instance on a machine of testbench/platform: registers, configuration space, tables, clock,
 * interrupts. */
#ifndef KSHIM_KERNEL_MACHINE_H
#define KSHIM_KERNEL_MACHINE_H

#include "instance.h"

#include "testbench/platform/machine.h"

enum { KERNEL_MACHINE_PAGES = 16 };

/* What a file operation of the kernel's mapped for its user. */
struct kernel_machine_page {
    uint64_t user_address, pa, bytes;
};

struct kernel_machine {
    struct machine *machine;
    struct kernel_machine_page pages[KERNEL_MACHINE_PAGES];
    /* The kernel is about to write a register; may be null. */
    void (*writes)(void *context, uint64_t pa);
    /* It is about to read one; may be null. */
    void (*reads)(void *context, uint64_t pa);
    void *reads_context;
    void *context;
    /* What an access takes the processor; 0: no time passes by it. */
    uint64_t read_ns, write_ns;
};

/* The operations, with `self` as their context, which must stay. RAM is the machine's first window, which
 * must begin at 0, up to `ram_bytes`. */
struct kshim_ops kernel_machine_ops(struct kernel_machine *self, uint64_t ram_bytes);

/* What lies at an address that the user has mapped; false: nothing. */
bool kernel_machine_translate(const struct kernel_machine *self, uint64_t user_address, uint64_t *pa);

/* What the machine delivers, for machine_config.deliver with the instance's address as context. */
void kernel_machine_deliver(struct instance *instance, uint64_t address, uint32_t data);

#endif
