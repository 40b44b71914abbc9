// SPDX-License-Identifier: Apache-2.0
/*
 * Answers that were found right, and the words of memory on which that rests: as long as these are the same,
 * the same answer to the same request is right again, and no walk is needed to say so. The words are read
 * each time, so that stores which nobody has told are seen as well.
 */
#ifndef AMDVI_MODEL_LINT_KNOWN_H
#define AMDVI_MODEL_LINT_KNOWN_H

#include "amdvi/lint.h"

enum { LINT_KNOWN_LOG2 = 12, LINT_KNOWN = 1 << LINT_KNOWN_LOG2, LINT_KNOWN_WORDS = 32 };

struct lint_known {
    uint64_t who, page; /* device, PASID and what is asked; 4 KiB page of the address */
    uint64_t answer;    /* page and rights */
    uint64_t writes;    /* when it was compared last */
    uint64_t epoch;     /* 0: free */
    uint32_t count;
    bool direct; /* all words lie in the window: `at` */
    struct {
        uint64_t address, value;
        const uint64_t *at;
    } words[LINT_KNOWN_WORDS];
};

struct lint_memory {
    struct lint_known *all;
    uint64_t epoch;  /* of registers, from 1 */
    uint64_t writes; /* to memory, that were told or that hardware made */
};

struct shadow;

/* The answer is what memory says, by the words of `shadow`. */
void lint_know(struct amdvi_lint *lint, const struct amdvi_hit_info *info, const struct shadow *shadow);
/* Whether a cached answer to a request inside one page is known to be right, now. */
bool lint_is_known(struct amdvi_lint *lint, const struct amdvi_request *request,
                   const struct amdvi_result *result);
/* A register was written that may change what memory means. */
void lint_forget_known(struct amdvi_lint *lint);

#endif
