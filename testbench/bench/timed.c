// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/timed.h"

#include "testbench/bench/run.h"

#include <amdvi/timed.h>

enum { PORTS = 4, UNDER_WAY = 64, NEAR_PAGES = 64 };

struct loop {
    struct machine *machine;
    struct amdvi_timed *timed;
    struct amdvi_request request;
    uint64_t left;
    unsigned near;
    bool good;
};

static void submit(struct loop *loop, uint64_t when, unsigned port)
{
    struct machine *machine = loop->machine;
    uint64_t draw = machine_random(machine) >> 20;
    uint64_t page =
        draw % 256 < loop->near ? (draw >> 8) % NEAR_PAGES : (draw >> 8) & (machine->geometry.pages - 1);

    loop->left--;
    loop->request.address = machine_address(&machine->geometry, page);
    loop->good &= amdvi_timed_request(loop->timed, when, port, &loop->request, port) == AMDVI_OK;
}

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct loop *loop = context;

    loop->good &= c->what->status == AMDVI_OK && c->what->result->ok;
    if (loop->left)
        submit(loop, c->done, (unsigned)c->what->tag);
}

double timed_requests(struct machine *machine, unsigned near, uint64_t operations)
{
    struct loop loop = {.machine = machine,
                        .request = machine_request(machine, 0),
                        .left = operations,
                        .near = near,
                        .good = true};
    struct amdvi_timed_host host = {.context = &loop, .complete = on_complete};
    double begin;

    if (amdvi_timed_create(machine->device, NULL, &host, NULL, &loop.timed) != AMDVI_OK)
        return -1;
    begin = bench_seconds();
    for (unsigned i = 0; i < UNDER_WAY && loop.left; i++)
        submit(&loop, 0, i % PORTS);
    loop.good &= amdvi_timed_run(loop.timed, AMDVI_TIMED_NEVER) == AMDVI_OK;
    begin = bench_seconds() - begin;
    amdvi_timed_destroy(loop.timed);
    return loop.good ? begin : -1;
}
