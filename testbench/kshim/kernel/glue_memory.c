// SPDX-License-Identifier: GPL-2.0-only
/* Memory primitives that the processor's own assembly serves in a kernel. */
#include <linux/string.h>
#include <linux/types.h>

#include "glue.h"

#undef memcpy
#undef memset
#undef memmove

void *memset(void *to, int byte, size_t bytes)
{
    void *start = to;

    asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(byte) : "memory");
    return start;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *start = to;

    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return start;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    char *target = to;
    const char *source = from;

    if (target <= source)
        return memcpy(to, from, bytes);
    while (bytes--)
        target[bytes] = source[bytes];
    return to;
}

void kshim_copy_page(void *to, const void *from) KERNEL(copy_page);
void kshim_copy_page(void *to, const void *from)
{
    memcpy(to, from, 4096);
}

unsigned int kshim_weight32(unsigned int word) KERNEL(__sw_hweight32);
unsigned int kshim_weight32(unsigned int word)
{
    unsigned int count;

    for (count = 0; word; count++)
        word &= word - 1;
    return count;
}

unsigned long kshim_weight64(unsigned long word) KERNEL(__sw_hweight64);
unsigned long kshim_weight64(unsigned long word)
{
    unsigned long count;

    for (count = 0; word; count++)
        word &= word - 1;
    return count;
}

int kshim_popcount(unsigned long word) KERNEL(__popcountdi2);
int kshim_popcount(unsigned long word)
{
    return kshim_weight64(word);
}

/* Single values of the user: the address comes in one fixed register, the value goes in another, 0 is
 * success. */
#define GET_USER(name, load)                                                                                 \
    asm(".text\n.globl __get_user_" #name "\n.hidden __get_user_" #name "\n.type __get_user_" #name          \
        ",@function\n__get_user_" #name ":\n\t" load "\n\txorl %eax, %eax\n\tret\n")
GET_USER(1, "movzbl (%rax), %edx");
GET_USER(2, "movzwl (%rax), %edx");
GET_USER(4, "movl (%rax), %edx");
GET_USER(8, "movq (%rax), %rdx");

#define PUT_USER(name, store)                                                                                \
    asm(".text\n.globl __put_user_" #name "\n.hidden __put_user_" #name "\n.type __put_user_" #name          \
        ",@function\n__put_user_" #name ":\n\t" store "\n\txorl %ecx, %ecx\n\tret\n")
PUT_USER(1, "movb %al, (%rcx)");
PUT_USER(2, "movw %ax, (%rcx)");
PUT_USER(4, "movl %eax, (%rcx)");
PUT_USER(8, "movq %rax, (%rcx)");

/* --- chance: of the seed, so that equal seeds give equal runs */

void kshim_random_bytes(void *to, size_t bytes) KERNEL(get_random_bytes);
void kshim_random_bytes(void *to, size_t bytes)
{
    u8 *at = to;

    while (bytes--)
        *at++ = kshim_random();
}

u32 kshim_random32(void) KERNEL(get_random_u32);
u32 kshim_random32(void)
{
    return kshim_random();
}

u64 kshim_random64(void) KERNEL(get_random_u64);
u64 kshim_random64(void)
{
    return kshim_random();
}

bool kshim_rng_ready(void) KERNEL(rng_is_initialized);
bool kshim_rng_ready(void)
{
    return true;
}

struct notifier {
    int (*call)(struct notifier *self, unsigned long event, void *data);
};

int kshim_with_rng(struct notifier *notifier) KERNEL(execute_with_initialized_rng);
int kshim_with_rng(struct notifier *notifier)
{
    return notifier->call(notifier, 0, NULL);
}
