// SPDX-License-Identifier: Apache-2.0
/* The parts of `amdvi decode`. */
#ifndef AMDVI_CLI_DECODE_H
#define AMDVI_CLI_DECODE_H

#include "cli/cli.h"

enum { DECODE_WORDS = 4 };

/* A value and what it is. */
struct decoded {
    const struct amdvi_layout *layout; /* null: not known yet */
    const char *guess;                 /* why that layout, or null when it was given */
    uint64_t words[DECODE_WORDS];
    unsigned bits; /* that were given */
};

/* Words of dumps that stand on lines of their own: "DTE[0]: ...", "CMD[0]: ...". */
struct kernel_dump {
    uint64_t words[DECODE_WORDS];
    unsigned next;
    bool command;
};

/* decode_kernel.c: what the driver prints into the kernel's log ("Event logged [...]", DTE and CMD dumps) and
 * what ftrace prints of a command (w0= to w3=). */
enum kernel_line { KERNEL_OTHER, KERNEL_PART, KERNEL_DECODED };
enum kernel_line kernel_line(const char *line, struct kernel_dump *dump, struct decoded *value);

/* Which command it is when bit 63:60 of the words are its opcode; null: none. */
const struct amdvi_layout *decode_command(const uint64_t *words);
bool decode_reserved_clear(const struct amdvi_layout *layout, const uint64_t *words);

#endif
