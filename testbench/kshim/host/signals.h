/* SPDX-License-Identifier: GPL-2.0-only */
/* Traps of the code of instances: the kernel's WARN and BUG are invalid instructions; all else ends the
 * process. */
#ifndef KSHIM_SIGNALS_H
#define KSHIM_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

enum trap { TRAP_UNKNOWN, TRAP_GO_ON, TRAP_END };

struct signal_owner {
    void *context;
    bool (*owns)(uintptr_t address, void *context);
    /* An invalid instruction there. TRAP_GO_ON: behind its two bytes. */
    enum trap (*trap)(uintptr_t address, void *context);
    /* Last words. */
    void (*died)(uintptr_t address, const char *why, void *context);
};

/* Copied; at most 16. The first one installs the handlers. */
void signals_watch(const struct signal_owner *owner);
void signals_forget(void *context);

#endif
