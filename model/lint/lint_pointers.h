// SPDX-License-Identifier: Apache-2.0
/* Registers of the rings of the host: which of them are one ring's, and whose each pointer is (2.8). */
#ifndef AMDVI_MODEL_LINT_POINTERS_H
#define AMDVI_MODEL_LINT_POINTERS_H

#include "amdvi/lint.h"

enum { LINT_COMMANDS = 0xff };

/* `head` is where the reader stands, `tail` where the writer does. */
struct lint_pointers {
    uint8_t base, head, tail, record;
    uint8_t log; /* enum amdvi_log; LINT_COMMANDS */
    bool b;
};

/* The ring with this base, head or tail; NULL: none. */
const struct lint_pointers *lint_pointers_of(unsigned id);
/* The register that hardware moves; the other pointer is software's. */
unsigned lint_hardwares_pointer(const struct lint_pointers *r);
/* What a "register-while-running" breaks, in words. */
const char *lint_register_rule(const struct amdvi_lint_finding *finding);

#endif
