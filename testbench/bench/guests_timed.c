// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/guests_timed.h"

#include "testbench/bench/run.h"

#include <amdvi/timed.h>

/* Between doorbells, each of which takes half a microsecond and more: few are under way at once. */
enum { APART_PS = 2000000, VF_TAIL = 8, HALF = 500000, NEARLY_ALL = 990000 };

struct watcher {
    uint64_t answered;
    bool good;
};

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct watcher *w = context;

    w->good &= c->what->status == AMDVI_OK;
    if (c->what->kind != AMDVI_SUBMITTED_REQUEST)
        return;
    w->good &= c->what->result->ok;
    w->answered++;
}

static bool submit(struct amdvi_timed *timed, const struct guests_round *round)
{
    struct amdvi_register_access ring = {
        .space = AMDVI_SPACE_VF, .write = true, .size = 8, .offset = VF_TAIL, .value = round->tail};
    struct amdvi_request read = {.op = AMDVI_READ, .address = round->address, .length = 64};
    bool good = true;

    for (unsigned i = 0; good && i < round->active; i++) {
        ring.guest_id = (uint16_t)i;
        read.device = (uint16_t)(round->first_device + i);
        good = amdvi_timed_register(timed, (uint64_t)i * APART_PS, &ring, i) == AMDVI_OK &&
               amdvi_timed_request(timed, (uint64_t)i * APART_PS, 0, &read, i) == AMDVI_OK;
    }
    return good;
}

static void report(const struct amdvi_timed *timed, struct bench_crowd *result)
{
    uint64_t half = 0, nearly_all = 0;

    amdvi_timed_percentile(timed, AMDVI_TIMED_ALL_REQUESTS, HALF, &half);
    amdvi_timed_percentile(timed, AMDVI_TIMED_ALL_REQUESTS, NEARLY_ALL, &nearly_all);
    result->timed_round_us = (double)amdvi_timed_now(timed) / 1e6;
    result->timed_read_p50_ns = (double)half / 1e3;
    result->timed_read_p99_ns = (double)nearly_all / 1e3;
}

bool guests_timed(struct amdvi_device *device, const struct guests_round *round, struct bench_crowd *result)
{
    struct watcher watcher = {.good = true};
    const struct amdvi_timed_host host = {.context = &watcher, .complete = on_complete};
    struct amdvi_timed *timed;
    double begin;
    bool good;

    if (amdvi_timed_create(device, NULL, &host, NULL, &timed) != AMDVI_OK)
        return false;
    begin = bench_seconds();
    good = submit(timed, round) && amdvi_timed_run(timed, AMDVI_TIMED_NEVER) == AMDVI_OK;
    result->timed_seconds = bench_seconds() - begin;
    report(timed, result);
    amdvi_timed_destroy(timed);
    return good && watcher.good && watcher.answered == round->active;
}
