// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/timed.h"

#include "testbench/bench/run.h"

#include <amdvi/timed.h>

/* A page of 4 KiB takes 81.92 ns of a 400 Gb/s link. */
enum { PORTS = 4, UNDER_WAY = 64, NEAR_PAGES = 64, RING_PAGES = 2048, PAGE_PS = 81920 };

struct loop {
    struct machine *machine;
    struct amdvi_timed *timed;
    struct amdvi_request request;
    uint64_t left;
    unsigned near;
    bool link;
    uint64_t ring, free; /* page of the ring; when the link is free, ps */
    bool good;
};

static uint64_t next_page(struct loop *loop)
{
    struct machine *machine = loop->machine;
    uint64_t draw;

    if (loop->link)
        return loop->ring++ % RING_PAGES;
    draw = machine_random(machine) >> 20;
    return draw % 256 < loop->near ? (draw >> 8) % NEAR_PAGES : (draw >> 8) & (machine->geometry.pages - 1);
}

static void submit(struct loop *loop, uint64_t when, unsigned port)
{
    loop->left--;
    loop->request.address = machine_address(&loop->machine->geometry, next_page(loop));
    if (loop->link) {
        when = when > loop->free ? when : loop->free;
        loop->free = when + PAGE_PS;
    }
    loop->good &= amdvi_timed_request(loop->timed, when, port, &loop->request, port) == AMDVI_OK;
}

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct loop *loop = context;

    loop->good &= c->what->status == AMDVI_OK && c->what->result->ok;
    if (loop->left)
        submit(loop, c->done, (unsigned)c->what->tag);
}

static double run(struct loop *loop)
{
    struct amdvi_timed_host host = {.context = loop, .complete = on_complete};
    double begin;

    loop->request = machine_request(loop->machine, 0);
    loop->good = true;
    if (amdvi_timed_create(loop->machine->device, NULL, &host, NULL, &loop->timed) != AMDVI_OK)
        return -1;
    begin = bench_seconds();
    for (unsigned i = 0; i < UNDER_WAY && loop->left; i++)
        submit(loop, 0, i % PORTS);
    loop->good &= amdvi_timed_run(loop->timed, AMDVI_TIMED_NEVER) == AMDVI_OK;
    begin = bench_seconds() - begin;
    amdvi_timed_destroy(loop->timed);
    return loop->good ? begin : -1;
}

double timed_requests(struct machine *machine, unsigned near, uint64_t operations)
{
    struct loop loop = {.machine = machine, .left = operations, .near = near};

    return run(&loop);
}

double timed_link(struct machine *machine, uint64_t operations)
{
    struct loop loop = {.machine = machine, .left = operations, .link = true};

    return run(&loop);
}
