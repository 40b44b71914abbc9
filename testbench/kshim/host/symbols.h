/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHIM_SYMBOLS_H
#define KSHIM_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* Function, file and line of an address in an object, by addr2line (binutils); the number where there is
 * none. Answers are kept: a place is asked for once in a process. */
void symbols_text(const char *object, uint64_t address, char *text, size_t size);

#endif
