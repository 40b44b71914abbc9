/* SPDX-License-Identifier: GPL-2.0-only */
/* Times of one kind of call, and a line of figures about them. */
#ifndef KSHIM_SAMPLES_H
#define KSHIM_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

enum { SAMPLES_MOST = 4096 };

struct samples {
    uint64_t first; /* the cold one */
    uint64_t ns[SAMPLES_MOST];
    size_t count; /* of all others */
    uint64_t commands;
};

/* The first one of all counts apart. More than fit are not kept. */
void samples_add(struct samples *samples, uint64_t ns);
/* The time at or below which `ppm` of all but the first lie; 0 without any. */
uint64_t samples_percentile(const struct samples *samples, unsigned ppm);

#endif
