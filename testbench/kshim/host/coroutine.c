// SPDX-License-Identifier: GPL-2.0-only
#include "coroutine.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { STACK_BYTES = 256 << 10, GUARD_BYTES = 4096 };

struct coroutine {
    void *stack_pointer;
    unsigned char *stack;
    void (*function)(void *argument);
    void *argument;
};

/* Saves what the ABI lets a callee keep, goes to the other stack, and takes it from there. */
__attribute__((naked, noinline)) static void switch_stack(__attribute__((unused)) void **from,
                                                          __attribute__((unused)) void *to)
{
    __asm__("pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
            "movq %rsp, (%rdi)\n\t"
            "movq %rsi, %rsp\n\t"
            "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\tpopq %rbp\n\t"
            "ret");
}

static void first_function(struct coroutine *self)
{
    self->function(self->argument);
    abort();
}

/* The first frame: r12 holds the coroutine, r13 what to call. No frame is above, so walks of frames end here.
 */
__attribute__((naked, noinline)) static void first_frame(void)
{
    __asm__("xorl %ebp, %ebp\n\t"
            "movq %r12, %rdi\n\t"
            "call *%r13\n\t"
            "ud2");
}

struct coroutine *coroutine_new(void (*function)(void *argument), void *argument)
{
    struct coroutine *self = calloc(1, sizeof(*self));
    void **top;

    if (!self)
        return NULL;
    self->stack = mmap(NULL, STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (self->stack == MAP_FAILED || mprotect(self->stack, GUARD_BYTES, PROT_NONE)) {
        free(self);
        return NULL;
    }
    self->function = function;
    self->argument = argument;
    top = (void **)(void *)(self->stack + STACK_BYTES + GUARD_BYTES);
    top -= 2; /* zero, and aligned to 16 bytes where the first frame calls */
    *--top = (void *)(uintptr_t)first_frame;
    top -= 6; /* in the order in which they are taken: r15, r14, r13, r12, rbx, rbp */
    top[2] = (void *)(uintptr_t)first_function;
    top[3] = self;
    self->stack_pointer = top;
    return self;
}

void coroutine_free(struct coroutine *coroutine)
{
    if (!coroutine)
        return;
    munmap(coroutine->stack, STACK_BYTES + GUARD_BYTES);
    free(coroutine);
}

void coroutine_switch(struct coroutine_set *set, struct coroutine *to)
{
    void **from = set->current ? &set->current->stack_pointer : &set->caller_stack;

    if (to == set->current)
        return;
    set->current = to;
    switch_stack(from, to ? to->stack_pointer : set->caller_stack);
}
