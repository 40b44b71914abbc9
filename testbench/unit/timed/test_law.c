// SPDX-License-Identifier: Apache-2.0
/*
 * Throughput in closed form: where one resource is short, what it can do is what comes out (Little's law),
 * for drawn parameters. And nothing is lost: what goes in comes out, and times add up. AMDVI_TEST_SEED draws;
 * it is printed.
 */
#include "testbench/unit/machine/machine.h"
#include "testbench/unit/run.h"

#include <amdvi/timed.h>
#include <stdio.h>
#include <string.h>

enum { DEVICE = 0x10, DOMAIN = 7, PAGES = 512, REQUESTS = 4000, NS = 1000, ROUNDS = 12 };
#define IOVA UINT64_C(0x40000000)

struct loop {
    struct machine machine;
    struct amdvi_timed *timed;
    struct amdvi_timed_parameters parameters;
    uint64_t left, page, first, last, latency_sum, waited;
};

static uint64_t state;

static uint64_t draw(uint64_t least, uint64_t most)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return least + (state >> 11) % (most - least + 1);
}

static void set(struct loop *l, const char *name, uint64_t value, const char *unit)
{
    char text[40];

    snprintf(text, sizeof(text), "%llu%s", (unsigned long long)value, unit);
    ck_assert_int_eq(amdvi_timed_set(&l->parameters, name, text), AMDVI_OK);
}

static void next(struct loop *l)
{
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_READ, .length = 64};

    request.address = IOVA + l->page++ % PAGES * 4096;
    l->left--;
    ck_assert_int_eq(amdvi_timed_request(l->timed, amdvi_timed_now(l->timed), 0, &request, 0), AMDVI_OK);
}

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct loop *l = context;

    ck_assert(c->what->status == AMDVI_OK && c->what->result->ok);
    l->last = c->done;
    l->latency_sum += c->done - c->submitted;
    l->waited += c->waited_port + c->waited_walker;
    if (l->left)
        next(l);
}

/* Every request walks for one read: a PTC of one line, directories that are there. */
static void open_loop(struct loop *l)
{
    uint64_t root;

    memset(l, 0, sizeof(*l));
    machine_init(&l->machine);
    machine_set(&l->machine, "ptc.log2_entries", "0");
    machine_start(&l->machine);
    root = machine_page(&l->machine);
    machine_dte(&l->machine, DEVICE, DOMAIN, 4, root);
    for (unsigned i = 0; i < PAGES; i++)
        machine_map(&l->machine, root, 4, IOVA + 4096 * i, MACHINE_DATA, MACHINE_READ_WRITE);
    amdvi_timed_preset_parameters(&l->parameters, NULL);
    set(l, "l1.entries", 0, "");
    set(l, "memory.credits", 4096, "");
    set(l, "walk.slots", 4096, "");
    set(l, "l1.outstanding", 4096, "");
    amdvi_timed_set(&l->parameters, "walk.merge_line", "off");
    amdvi_timed_set(&l->parameters, "walk.merge_page", "off");
}

/* Nanoseconds a request, once the directories are there. */
static double run(struct loop *l, unsigned outstanding, struct amdvi_timed_statistics *s)
{
    struct amdvi_timed_host host = {.context = l, .complete = on_complete};

    ck_assert_int_eq(amdvi_timed_create(l->machine.device, &l->parameters, &host, NULL, &l->timed), AMDVI_OK);
    l->left = 1;
    next(l);
    ck_assert_int_eq(amdvi_timed_run(l->timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    amdvi_timed_restart(l->timed);
    l->first = amdvi_timed_now(l->timed);
    l->latency_sum = 0;
    l->left = REQUESTS;
    for (unsigned i = 0; i < outstanding; i++)
        next(l);
    ck_assert_int_eq(amdvi_timed_run(l->timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    amdvi_timed_get_statistics(l->timed, s);
    return (double)(l->last - l->first) / REQUESTS / NS;
}

static void close_loop(struct loop *l)
{
    amdvi_timed_destroy(l->timed);
    machine_free(&l->machine);
}

static void near(double value, double wanted, double share, const char *what)
{
    ck_assert_msg(value >= wanted * (1 - share) && value <= wanted * (1 + share),
                  "%s: %.3f ns a request, not %.3f", what, value, wanted);
}

static void nothing_is_lost(const struct loop *l, const struct amdvi_timed_statistics *s, uint64_t latency_ns)
{
    uint64_t ended = 0, count;
    double mean;

    for (unsigned i = 0; i < AMDVI_TIMED_PLACES; i++)
        ended += s->requests[i];
    ck_assert_uint_eq(s->submitted, REQUESTS);
    ck_assert_uint_eq(s->completed, REQUESTS);
    ck_assert_uint_eq(ended, REQUESTS);
    ck_assert_uint_eq(amdvi_timed_pending(l->timed), 0);
    ck_assert_uint_ge(s->asks[AMDVI_TIMED_TABLES], s->requests[AMDVI_TIMED_WALK]);
    ck_assert_uint_eq(s->busy_ps[AMDVI_TIMED_TABLES], s->asks[AMDVI_TIMED_TABLES] * latency_ns * NS);
    ck_assert_uint_eq(s->port_wait_ps + s->walker_wait_ps, l->waited);
    amdvi_timed_mean(l->timed, AMDVI_TIMED_ALL_REQUESTS, &count, &mean);
    ck_assert_uint_eq(count, REQUESTS);
    near(mean / NS, (double)l->latency_sum / REQUESTS / NS, 1e-9, "mean");
}

/* One round: `short_one` is the only short resource, with a capacity of its own. */
static void law(const char *short_one)
{
    uint64_t latency = draw(80, 700), few = draw(1, 12), outstanding = draw(40, 64);
    struct amdvi_timed_statistics s;
    static struct loop l;
    double took, wanted;

    open_loop(&l);
    set(&l, "memory.latency", latency, "ns");
    wanted = (double)latency / (double)few;
    if (!strcmp(short_one, "memory.line_time")) {
        set(&l, short_one, draw(60, 200), "ns");
        amdvi_timed_get(&l.parameters, short_one, &few);
        wanted = (double)few / NS;
    } else if (*short_one) {
        set(&l, short_one, few, "");
        /* A place at the port is taken for the whole way: L1, link, arrays (3 + 5 + 3), link. */
        wanted = !strcmp(short_one, "l1.outstanding")
                     ? (double)(latency + 1 + 8 + 3 + 5 + 3 + 8) / (double)few
                     : wanted;
    } else {
        wanted = (double)(latency + 1 + 8 + 3 + 5 + 3 + 8) / (double)outstanding;
        wanted = wanted < 4 ? 4 : wanted; /* the array: an entry and three page sizes, a cycle each */
    }
    took = run(&l, (unsigned)outstanding, &s);
    near(took, wanted, 0.03, *short_one ? short_one : "outstanding");
    if (strcmp(short_one, "memory.line_time"))
        nothing_is_lost(&l, &s, latency);
    close_loop(&l);
}

START_TEST(what_is_short_decides)
{
    const char *text = getenv("AMDVI_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

    printf("AMDVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    state = seed * 0x9e3779b97f4a7c15 | 1;
    for (unsigned i = 0; i < ROUNDS; i++) {
        law("memory.credits");
        law("walk.slots");
        law("l1.outstanding");
        law("memory.line_time");
        law("");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("laws");
    TCase *tests = tcase_create("laws");

    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, what_is_short_decides);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
