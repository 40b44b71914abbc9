// SPDX-License-Identifier: Apache-2.0
/*
 * One algorithm, several executors (house idea I): the same random requests through the direct, the batch,
 * the external and the timed executor, the last two with answers in a drawn order. Results, memory with its
 * accessed and dirty bits, log records and interrupts are equal.
 *
 * AMDVI_TEST_SEED draws, AMDVI_TEST_REQUESTS says how many (default 60,000 for each pair).
 */
#include "surroundings.h"

#include <amdvi/timed.h>

#include <stdio.h>
#include <time.h>

enum { GROUP = 48, GROUPS = 40, LOG_PAGES = 251, CONTROL = 0x18, EVENT_HEAD = 0x2010, EVENT_TAIL = 0x2018 };

struct asked {
    unsigned count;
    struct amdvi_request requests[GROUP];
};

static uint64_t requests_wanted(void)
{
    const char *text = getenv("AMDVI_TEST_REQUESTS");

    return text ? strtoull(text, NULL, 0) : 60000;
}

/*
 * Devices share tables in the random world, and who comes first decides which of them must set an accessed
 * bit, for which their permissions differ: a group is of one device. SE lets the first fault through, so that
 * the order of requests would show (7.5).
 */
static void draw_group(struct chance *chance, struct asked *group)
{
    uint16_t device = (uint16_t)chance_below(chance, WORLD_DEVICES);

    group->count = 1 + chance_below(chance, GROUP);
    for (unsigned i = 0; i < group->count; i++) {
        world_request(chance, &group->requests[i]);
        group->requests[i].device = device;
    }
}

static void without_se(struct surroundings *s)
{
    for (unsigned device = 0; device < WORLD_DEVICES; device++)
        s->bytes[32 * device + 12] &= (uint8_t)~2u;
}

typedef void way(struct surroundings *s, const struct asked *group, struct amdvi_result *results);

static void directly(struct surroundings *s, const struct asked *group, struct amdvi_result *results)
{
    for (unsigned i = 0; i < group->count; i++)
        ck_assert_int_eq(amdvi_translate(s->device, &group->requests[i], &results[i]), AMDVI_OK);
}

static void in_batch(struct surroundings *s, const struct asked *group, struct amdvi_result *results)
{
    ck_assert_int_eq(amdvi_translate_batch(s->device, group->requests, results, group->count), AMDVI_OK);
}

static void from_outside(struct surroundings *s, const struct asked *group, struct amdvi_result *results)
{
    memset(s->ended, 0, sizeof(s->ended));
    for (unsigned i = 0; i < group->count; i++) {
        ck_assert_int_eq(amdvi_submit_request(s->device, &group->requests[i], i), AMDVI_OK);
        for (unsigned n = chance_below(&s->chance, 4); n; n--)
            surroundings_answer_any(s);
    }
    surroundings_settle(s);
    for (unsigned i = 0; i < group->count; i++) {
        ck_assert(s->ended[i].done);
        results[i] = s->ended[i].result;
    }
}

/* ---------------------------------------------------------------- under time */

static void keep_result(void *context, const struct amdvi_timed_completion *c)
{
    struct amdvi_result *results = context;

    ck_assert_int_eq(c->what->status, AMDVI_OK);
    results[c->what->tag] = *c->what->result;
}

/* One of some machines: few and many walkers and credits, with and without merging and an L1. */
static void draw_machine(struct chance *chance, struct amdvi_timed_parameters *p)
{
    static const char *const slots[] = {"1", "2", "16"}, *const credits[] = {"1", "3", "8"},
                             *const entries[] = {"0", "2", "64"}, *const outstanding[] = {"1", "4", "64"};

    amdvi_timed_preset_parameters(p, chance_below(chance, 8) ? "generic" : "ideal");
    amdvi_timed_set(p, "walk.slots", slots[chance_below(chance, 3)]);
    amdvi_timed_set(p, "memory.credits", credits[chance_below(chance, 3)]);
    amdvi_timed_set(p, "l1.entries", entries[chance_below(chance, 3)]);
    amdvi_timed_set(p, "l1.outstanding", outstanding[chance_below(chance, 3)]);
    amdvi_timed_set(p, "walk.merge_line", chance_below(chance, 2) ? "on" : "off");
    amdvi_timed_set(p, "walk.merge_page", chance_below(chance, 2) ? "on" : "off");
    amdvi_timed_set(p, "memory.slow_latency", "900ns");
    amdvi_timed_set(p, "memory.slow_share", chance_below(chance, 2) ? "300000" : "0");
}

static void under_time(struct surroundings *s, const struct asked *group, struct amdvi_result *results)
{
    struct amdvi_timed_host host = {.context = results, .complete = keep_result};
    struct amdvi_timed_parameters parameters;
    struct amdvi_timed *timed;

    draw_machine(&s->chance, &parameters);
    ck_assert_int_eq(amdvi_timed_create(s->device, &parameters, &host, NULL, &timed), AMDVI_OK);
    for (unsigned i = 0; i < group->count; i++)
        ck_assert_int_eq(amdvi_timed_request(timed, chance_below(&s->chance, 2000000),
                                             chance_below(&s->chance, 4), &group->requests[i], i),
                         AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_run(timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    ck_assert_uint_eq(amdvi_timed_pending(timed), 0);
    amdvi_timed_destroy(timed);
}

/* ---------------------------------------------------------------- what must be equal */

static void same_fault(const struct amdvi_fault *a, const struct amdvi_fault *b)
{
    ck_assert_msg(a->reason == b->reason, "%s, not %s", amdvi_reason_text(b->reason),
                  amdvi_reason_text(a->reason));
    ck_assert_msg(a->event == b->event && a->flags == b->flags && a->address == b->address &&
                      a->reply == b->reply && a->logged == b->logged && a->domain == b->domain &&
                      a->pasid == b->pasid,
                  "records differ for %s", amdvi_reason_text(a->reason));
}

static void same_result(const struct amdvi_result *a, const struct amdvi_result *b)
{
    ck_assert_msg(a->ok == b->ok, "ok=%d, not %d (%s)", b->ok, a->ok,
                  amdvi_reason_text(a->ok ? b->fault.reason : a->fault.reason));
    if (!a->ok) {
        same_fault(&a->fault, &b->fault);
        return;
    }
    ck_assert_uint_eq(a->pa, b->pa);
    ck_assert_uint_eq(a->perm, b->perm);
    ck_assert_int_eq(a->identity, b->identity);
    ck_assert(a->identity || (a->size == b->size && a->covered == b->covered));
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* Records of one group come in the order in which the requests ended: the same records, whatever the order.
 */
static void same_records(struct surroundings *a, struct surroundings *b)
{
    uint64_t tail_a = 0, tail_b = 0;
    uint8_t *log_a = a->bytes + LOG_PAGES * 4096, *log_b = b->bytes + LOG_PAGES * 4096;

    amdvi_mmio_read(a->device, EVENT_TAIL, 8, &tail_a);
    amdvi_mmio_read(b->device, EVENT_TAIL, 8, &tail_b);
    ck_assert_uint_eq(tail_a, tail_b);
    qsort(log_a, tail_a / 16, 16, by_bytes);
    qsort(log_b, tail_b / 16, 16, by_bytes);
}

/* The log starts again at its first record. */
static void empty_log(struct surroundings *s)
{
    uint64_t control = 0;

    amdvi_mmio_read(s->device, CONTROL, 8, &control);
    amdvi_mmio_write(s->device, CONTROL, 8, control & ~(uint64_t)4);
    amdvi_mmio_write(s->device, EVENT_HEAD, 8, 0);
    amdvi_mmio_write(s->device, EVENT_TAIL, 8, 0);
    amdvi_mmio_write(s->device, CONTROL, 8, control);
    memset(s->bytes + LOG_PAGES * 4096, 0, 4096);
}

static void same_memory(const struct surroundings *a, const struct surroundings *b)
{
    size_t at = 0;

    if (memcmp(a->bytes, b->bytes, WORLD_BYTES) == 0)
        return;
    while (a->bytes[at] == b->bytes[at])
        at++;
    ck_abort_msg("memory differs at %zx", at);
}

static void one_group(struct surroundings *a, way *way_a, struct surroundings *b, way *way_b,
                      const struct asked *group)
{
    static struct amdvi_result results_a[GROUP], results_b[GROUP];

    memset(results_a, 0, sizeof(results_a));
    memset(results_b, 0, sizeof(results_b));
    way_a(a, group, results_a);
    way_b(b, group, results_b);
    for (unsigned i = 0; i < group->count; i++)
        same_result(&results_a[i], &results_b[i]);
    same_records(a, b);
    same_memory(a, b);
    ck_assert_uint_eq(a->interrupts, b->interrupts);
    empty_log(a);
    empty_log(b);
}

static uint64_t one_world(uint64_t seed, const char *settings, way *way_a, way *way_b)
{
    struct surroundings *a = surroundings_open(seed, settings, GROUP),
                        *b = surroundings_open(seed, settings, GROUP);
    struct chance chance = {.state = seed ^ 0x5555};
    static struct asked group;
    uint64_t requests = 0;

    without_se(a);
    without_se(b);
    empty_log(a);
    empty_log(b);
    for (unsigned i = 0; i < GROUPS; i++) {
        draw_group(&chance, &group);
        one_group(a, way_a, b, way_b, &group);
        requests += group.count;
    }
    surroundings_close(a);
    surroundings_close(b);
    return requests;
}

static void agree(const char *settings, way *way_a, way *way_b)
{
    uint64_t seed = test_seed(), wanted = requests_wanted(), done = 0;
    clock_t began = clock();

    while (done < wanted)
        done += one_world(seed++, settings, way_a, way_b);
    printf("%llu requests, 0 differ, %.0f/s\n", (unsigned long long)done,
           (double)done * CLOCKS_PER_SEC / (double)(clock() - began + 1));
}

START_TEST(external_is_direct)
{
    agree("caches=on", directly, from_outside);
}
END_TEST

START_TEST(external_is_direct_without_caches)
{
    agree("caches=off", directly, from_outside);
}
END_TEST

START_TEST(external_is_batch)
{
    agree("caches=on", in_batch, from_outside);
}
END_TEST

START_TEST(external_is_direct_with_tiny_caches)
{
    agree("ptc.log2_entries=2 ptc.ways=2 pdc.log2_entries=2 pdc.ways=1 dtc.log2_entries=1 dtc.ways=1 "
          "gcr3.log2_entries=0 gcr3.ways=1",
          directly, from_outside);
}
END_TEST

START_TEST(timed_is_direct)
{
    agree("caches=on", directly, under_time);
}
END_TEST

START_TEST(timed_is_direct_with_tiny_caches)
{
    agree("ptc.log2_entries=2 ptc.ways=2 pdc.log2_entries=2 pdc.ways=1 dtc.log2_entries=1 dtc.ways=1 "
          "gcr3.log2_entries=0 gcr3.ways=1",
          directly, under_time);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("executors");
    TCase *tests = tcase_create("executors");

    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, external_is_direct);
    tcase_add_test(tests, external_is_direct_without_caches);
    tcase_add_test(tests, external_is_batch);
    tcase_add_test(tests, external_is_direct_with_tiny_caches);
    tcase_add_test(tests, timed_is_direct);
    tcase_add_test(tests, timed_is_direct_with_tiny_caches);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
