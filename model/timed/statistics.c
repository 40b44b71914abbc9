// SPDX-License-Identifier: Apache-2.0
#include "model/timed/state.h"

#include <stdio.h>
#include <string.h>

enum amdvi_status amdvi_timed_get_statistics(const struct amdvi_timed *t,
                                             struct amdvi_timed_statistics *statistics)
{
    if (!t || !statistics)
        return AMDVI_ERR_ARGUMENT;
    *statistics = t->statistics;
    statistics->now = t->now;
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_restart(struct amdvi_timed *t)
{
    if (!t)
        return AMDVI_ERR_ARGUMENT;
    memset(&t->statistics, 0, sizeof(t->statistics));
    memset(t->histograms, 0, AMDVI_TIMED_HISTOGRAMS * sizeof(*t->histograms));
    t->statistics.since = t->now;
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_percentile(const struct amdvi_timed *t, enum amdvi_timed_histogram which,
                                         uint32_t ppm, uint64_t *ps)
{
    if (!t || !ps || which >= AMDVI_TIMED_HISTOGRAMS || ppm > 1000000)
        return AMDVI_ERR_ARGUMENT;
    *ps = histogram_at(&t->histograms[which], ppm);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_mean(const struct amdvi_timed *t, enum amdvi_timed_histogram which,
                                   uint64_t *count, double *ps)
{
    const struct histogram *h;

    if (!t || !count || !ps || which >= AMDVI_TIMED_HISTOGRAMS)
        return AMDVI_ERR_ARGUMENT;
    h = &t->histograms[which];
    *count = h->count;
    *ps = h->count ? (double)h->sum / (double)h->count : 0;
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- who waits for whom */

static const char *const states[] = {
    [OPERATION_COMING] = "on their way to their port",
    [OPERATION_AT_PORT] = "waiting for a place at their port",
    [OPERATION_MERGED] = "waiting for another walk of their page",
    [OPERATION_UNDER_WAY] = "in the device, waiting for memory, a walker or a record",
    [OPERATION_ENDING] = "answered, on their way back",
};

static uint64_t operations_in(const struct amdvi_timed *t, unsigned state)
{
    uint64_t all = 0, free = 0;

    for (uint32_t i = 0; i < t->operation_count; i++)
        all += t->operations[i].state == state;
    for (uint32_t i = t->free_operation; i != NOBODY; i = t->operations[i].next)
        free += t->operations[i].state == state;
    return all - free;
}

static uint64_t accesses_in(const struct amdvi_timed *t, const struct list *list)
{
    uint64_t count = 0;

    for (uint32_t i = list->first; i != NOBODY; i = t->accesses[i].next)
        count++;
    return count;
}

/* Appends to `text`, of which `used` bytes are there. */
static size_t say(char *text, size_t size, size_t used, const char *what, uint64_t count)
{
    int more = count && used < size
                   ? snprintf(text + used, size - used, "%llu %s\n", (unsigned long long)count, what)
                   : 0;

    return used + (more > 0 ? (size_t)more : 0);
}

enum amdvi_status amdvi_timed_explain(const struct amdvi_timed *t, char *text, size_t size)
{
    static const char *const classes[] = {
        "accesses to tables wait for a credit", "accesses to commands wait for a credit",
        "accesses to guests' structures wait for a credit", "writes wait for a credit"};
    size_t used = 0;

    if (!t || !text || !size)
        return AMDVI_ERR_ARGUMENT;
    text[0] = 0;
    for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        used = say(text, size, used, states[i], operations_in(t, i));
    used = say(text, size, used, "walkers busy", t->walkers);
    used = say(text, size, used, "accesses wait for a walker", accesses_in(t, &t->walk_queue));
    for (unsigned i = 0; i < AMDVI_TIMED_CLASSES; i++) {
        used = say(text, size, used, classes[i], accesses_in(t, &t->credit_queue[i]));
        used = say(text, size, used, "accesses of that class are with memory", t->credits[i]);
    }
    for (unsigned i = 0; i < AMDVI_ASKERS; i++)
        used = say(text, size, used, "ring waits for older walks", t->units[i].waits != NOBODY);
    return AMDVI_OK;
}
