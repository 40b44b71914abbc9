// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_TEST_GUESTS_SEED_H
#define AMDVI_TEST_GUESTS_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Of this run of a test: from AMDVI_TEST_SEED, which is printed. */
static inline uint64_t seed_of(unsigned run)
{
    const char *text = getenv("AMDVI_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

    printf("AMDVI_TEST_SEED=%llu, run %u\n", (unsigned long long)seed, run);
    fflush(stdout);
    return (seed << 16) + run;
}

#endif
