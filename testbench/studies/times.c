// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/times.h"

#include "testbench/studies/workload.h"

#include <stdio.h>
#include <stdlib.h>

void times_add(struct times *t, uint64_t ps)
{
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 1024;
        uint64_t *all = realloc(t->all, room * sizeof(*all));
        t->failed |= !all;
        if (!all)
            return;
        t->all = all;
        t->room = room;
    }
    t->all[t->count++] = ps;
    t->sorted = false;
}

void times_restart(struct times *t)
{
    t->count = 0;
    t->sorted = false;
}

void times_free(struct times *t)
{
    free(t->all);
    *t = (struct times){0};
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t sorted_share(const struct times *t, uint32_t ppm)
{
    enum { ALL = 1000000 };
    uint64_t wanted = (t->count * (uint64_t)ppm + ALL - 1) / ALL;

    return t->count ? t->all[wanted ? wanted - 1 : 0] : 0;
}

/* One pass: by eight bits, those that are equal in them staying in their order. */
static void pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t at[257] = {0};

    for (size_t i = 0; i < count; i++)
        at[(from[i] >> shift & 255) + 1]++;
    for (unsigned i = 1; i < 256; i++)
        at[i] += at[i - 1];
    for (size_t i = 0; i < count; i++)
        to[at[from[i] >> shift & 255]++] = from[i];
}

/* Millions of times are sorted by their bits, from the lowest on; false: no memory for a second array. */
static bool sort_by_bits(struct times *t)
{
    uint64_t *other = malloc(t->room * sizeof(*other)), most = 0;

    if (!other)
        return false;
    for (size_t i = 0; i < t->count; i++)
        most = t->all[i] > most ? t->all[i] : most;
    for (unsigned shift = 0; shift < 64 && most >> shift; shift += 8) {
        uint64_t *sorted = other;
        pass(t->all, sorted, t->count, shift);
        other = t->all;
        t->all = sorted;
    }
    free(other);
    return true;
}

static void sort(struct times *t)
{
    enum { FEW = 1024 };

    if (t->sorted)
        return;
    t->sorted = true;
    if (t->count && (t->count < FEW || !sort_by_bits(t)))
        qsort(t->all, t->count, sizeof(*t->all), by_size);
}

uint64_t times_share(struct times *t, uint32_t ppm)
{
    sort(t);
    return sorted_share(t, ppm);
}

double times_mean(const struct times *t)
{
    double sum = 0;

    for (size_t i = 0; i < t->count; i++)
        sum += (double)t->all[i];
    return t->count ? sum / (double)t->count : 0;
}

void times_report(struct times *t, struct experiment_result *r, const char *name)
{
    char text[EXPERIMENT_TEXT];

    sort(t);
    snprintf(text, sizeof(text), "%s_mean_ns", name);
    metric_add(r, text, times_mean(t) / 1e3);
    for (unsigned i = 0; i < EXPERIMENT_SHARES; i++) {
        snprintf(text, sizeof(text), "%s_%s_ns", name, experiment_shares[i].name);
        metric_add(r, text, (double)sorted_share(t, experiment_shares[i].ppm) / 1e3);
    }
}
