// SPDX-License-Identifier: Apache-2.0
/*
 * Any parameters at all: each is drawn from its whole range, times up to 10 us. Whatever they are, what goes
 * in comes out, once, with the result that the device gives without time; counters add up; and the same
 * parameters give the same times again. AMDVI_TEST_SEED draws, AMDVI_TEST_ROUNDS says how often; both are
 * printed.
 */
#include "testbench/unit/timed/stage.h"

#include <stdio.h>
#include <string.h>

enum { REQUESTS = 200, LONGEST = 10000000 };

static struct stage s;
static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

/* As often small as great: below a bound whose length is drawn. */
static uint64_t value_of(const struct amdvi_timed_parameter *p)
{
    uint64_t most = !strcmp(p->unit, "time") && p->most > LONGEST ? LONGEST : p->most;
    uint64_t range = most - p->least, bound = UINT64_C(1) << draw(40), value = draw(bound);

    return p->least + (value < range ? value : range);
}

static size_t number_of_parameter(const char *name)
{
    size_t i = 0;

    while (amdvi_timed_parameter_at(i) && strcmp(amdvi_timed_parameter_at(i)->name, name))
        i++;
    ck_assert(amdvi_timed_parameter_at(i) != NULL);
    return i;
}

static void draw_parameters(struct amdvi_timed_parameters *parameters)
{
    const struct amdvi_timed_parameter *p;
    const char *name = NULL;

    amdvi_timed_preset_parameters(parameters, NULL);
    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++)
        parameters->value[i] = draw(3) ? value_of(p) : parameters->value[i];
    while (amdvi_timed_check(parameters, &name) != AMDVI_OK) {
        ck_assert_str_eq(name, "l1.outstanding");
        parameters->value[number_of_parameter(name)] /= 2;
    }
}

static uint64_t of(const struct amdvi_timed_parameters *parameters, const char *name)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_timed_get(parameters, name, &value), AMDVI_OK);
    return value;
}

/* Requests of both kinds at drawn times, with an invalidation of everything and a wait in between. */
static void submit(uint64_t ports)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct amdvi_request request = {.device = DEVICE, .op = AMDVI_READ, .length = 64};
        uint64_t when = draw(40000) * 1000;
        unsigned port = (unsigned)draw(ports);
        request.address = page_at((unsigned)draw(PAGES)) + draw(63) * 64;
        ck_assert_int_eq(draw(2) ? amdvi_timed_atc_request(s.timed, when, port, &request, i)
                                 : amdvi_timed_request(s.timed, when, port, &request, i),
                         AMDVI_OK);
        s.ends[i].pa = request.address - IOVA + MACHINE_DATA; /* until it ends: what must come */
    }
    stage_invalidate_page(&s, page_at(3));
    stage_invalidate_atc(&s, page_at(3));
    stage_wait(&s, 77);
    stage_doorbell(&s, 20000, REQUESTS);
}

static void check_results(const uint64_t *wanted)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        ck_assert(s.ends[i].ended);
        if (s.ends[i].place == AMDVI_TIMED_DROPPED)
            ck_assert_int_eq(s.ends[i].status, AMDVI_ERR_BUSY);
        else
            ck_assert_msg(s.ends[i].ok && s.ends[i].pa == wanted[i],
                          "request %u: status %d, ok %d, place %d, %llx, not %llx", i, (int)s.ends[i].status,
                          s.ends[i].ok, (int)s.ends[i].place, (unsigned long long)s.ends[i].pa,
                          (unsigned long long)wanted[i]);
    }
    ck_assert_uint_eq(machine_peek(&s.machine, MACHINE_STORE), 77);
}

static void check_counts(void)
{
    struct amdvi_timed_statistics n;
    uint64_t ended = 0;

    ck_assert_int_eq(amdvi_timed_get_statistics(s.timed, &n), AMDVI_OK);
    for (unsigned i = 0; i < AMDVI_TIMED_PLACES; i++)
        ended += n.requests[i];
    ck_assert_uint_eq(n.submitted, REQUESTS + 1);
    ck_assert_uint_eq(n.completed, REQUESTS + 1);
    ck_assert_uint_eq(ended, REQUESTS);
    ck_assert_uint_eq(n.requests[AMDVI_TIMED_DROPPED], n.dropped);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    ck_assert_uint_eq(n.commands, 3);
}

/* A hash of when everything ended. */
static uint64_t run_once(const struct amdvi_timed_parameters *parameters, uint64_t begin)
{
    uint64_t wanted[REQUESTS], hash = 1469598103934665603u;

    state = begin;
    stage_open_with(&s, parameters);
    stage_allow_ats(&s);
    submit(of(parameters, "l1.ports"));
    for (unsigned i = 0; i < REQUESTS; i++)
        wanted[i] = s.ends[i].pa;
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    check_results(wanted);
    check_counts();
    for (unsigned i = 0; i < REQUESTS; i++)
        hash = (hash ^ s.ends[i].at) * 1099511628211u;
    stage_close(&s);
    return hash;
}

START_TEST(whatever_the_parameters)
{
    const char *seed_text = getenv("AMDVI_TEST_SEED"), *rounds_text = getenv("AMDVI_TEST_ROUNDS");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 1,
             rounds = rounds_text ? strtoull(rounds_text, NULL, 0) : 150;

    printf("AMDVI_TEST_SEED=%llu AMDVI_TEST_ROUNDS=%llu\n", (unsigned long long)seed,
           (unsigned long long)rounds);
    for (uint64_t round = 0; round < rounds; round++) {
        struct amdvi_timed_parameters parameters;
        uint64_t begin, first;
        state = (seed + round) * 0x9e3779b97f4a7c15 | 1;
        draw_parameters(&parameters);
        parameters.value[number_of_parameter("atc.unanswered")] =
            0; /* without a time-out nobody would go on */
        begin = state;
        first = run_once(&parameters, begin);
        ck_assert_msg(first == run_once(&parameters, begin), "round %llu: other times",
                      (unsigned long long)round);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("any parameters");
    TCase *tests = tcase_create("any");

    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, whatever_the_parameters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
