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
}

void times_restart(struct times *t)
{
    t->count = 0;
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

static void sort(struct times *t)
{
    if (t->count)
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
