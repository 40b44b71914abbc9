// SPDX-License-Identifier: GPL-2.0-only
#include "signals.h"

#include "instance.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

enum { OWNERS = 16, STACK_BYTES = 128 << 10 };

static struct signal_owner owners[OWNERS];
static bool installed;

static struct signal_owner *owner_of(uintptr_t address)
{
    for (unsigned each = 0; each < OWNERS; each++)
        if (owners[each].context && owners[each].owns(address, owners[each].context))
            return &owners[each];
    return NULL;
}

/* The innermost frame that belongs to an instance: the fault itself may be in a function of ours. */
static struct signal_owner *owner_on_stack(uintptr_t *frame, uintptr_t *address)
{
    for (unsigned depth = 0; frame && depth < 64; depth++) {
        struct signal_owner *owner = owner_of(frame[1]);
        uintptr_t *next = (uintptr_t *)frame[0];

        if (owner) {
            *address = frame[1];
            return owner;
        }
        if (next <= frame || next > frame + (1 << 16))
            break;
        frame = next;
    }
    return NULL;
}

static const char *name_of(int number)
{
    return number == SIGILL   ? "an invalid instruction"
           : number == SIGFPE ? "an arithmetic fault"
                              : "a wild access";
}

/* For addr2line: the file and the place in it. */
static void tell_outside(uintptr_t address, const char *why)
{
    Dl_info info;

    if (dladdr((void *)address, &info))
        fprintf(stderr, "kshim: %s at %s+%#jx, outside of any kernel\n", why, info.dli_fname,
                (uintmax_t)(address - (uintptr_t)info.dli_fbase));
}

/* Of a driver that empties the processor's caches, WBINVD or WBNOINVD, which are not for processes: its
 * length; 0 when it is something else. */
static unsigned cache_instruction(uintptr_t address)
{
    const unsigned char *code = (const unsigned char *)address;

    return code[0] == 0x0f && code[1] == 0x09                      ? 2u
           : code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x09 ? 3u
                                                                   : 0;
}

static void handle(int number, siginfo_t *info, void *place)
{
    greg_t *registers = ((ucontext_t *)place)->uc_mcontext.gregs;
    uintptr_t address = (uintptr_t)registers[REG_RIP];
    struct signal_owner *owner = owner_of(address);
    char why[80];

    if (owner && number == SIGILL && owner->trap(address, owner->context) == TRAP_GO_ON) {
        registers[REG_RIP] += 2;
        return;
    }
    if (owner && number == SIGSEGV && cache_instruction(address)) {
        registers[REG_RIP] += cache_instruction(address);
        return;
    }
    snprintf(why, sizeof(why), "%s (address %p)", name_of(number), info->si_addr);
    if (!owner) {
        tell_outside(address, why);
        owner = owner_on_stack((uintptr_t *)registers[REG_RBP], &address);
    }
    if (owner)
        owner->died(address, why, owner->context);
    fflush(NULL);
    _exit(INSTANCE_EXIT_DIED);
}

static void install(void)
{
    static unsigned char stack[STACK_BYTES];
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    installed = true;
}

void signals_watch(const struct signal_owner *owner)
{
    if (!installed)
        install();
    for (unsigned each = 0; each < OWNERS; each++)
        if (!owners[each].context) {
            owners[each] = *owner;
            return;
        }
}

void signals_forget(void *context)
{
    for (unsigned each = 0; each < OWNERS; each++)
        if (owners[each].context == context)
            owners[each].context = NULL;
}
