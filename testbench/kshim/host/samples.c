// SPDX-License-Identifier: GPL-2.0-only
#include "samples.h"

#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000 };

void samples_add(struct samples *samples, uint64_t ns)
{
    if (!samples->first)
        samples->first = ns;
    else if (samples->count < SAMPLES_MOST)
        samples->ns[samples->count++] = ns;
}

static int in_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

uint64_t samples_percentile(const struct samples *samples, unsigned ppm)
{
    uint64_t *sorted;
    uint64_t found;
    size_t rank;

    if (!samples->count)
        return 0;
    sorted = malloc(samples->count * sizeof(*sorted));
    if (!sorted)
        return 0;
    memcpy(sorted, samples->ns, samples->count * sizeof(*sorted));
    qsort(sorted, samples->count, sizeof(*sorted), in_order);
    rank = (samples->count * ppm + MILLION - 1) / MILLION;
    found = sorted[rank ? rank - 1 : 0];
    free(sorted);
    return found;
}
