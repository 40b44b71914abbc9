// SPDX-License-Identifier: Apache-2.0
/* Three guests at work, recorded in either form and replayed without a difference. */
#include "recording.h"

#include "testbench/unit/guests/victim.h"

#include <check.h>
#include <stdlib.h>

enum { ROUNDS = 8, STEPS = 120 };

static void record(struct recording *recording, struct world *w, uint64_t seed, enum amdvi_trace_form form,
                   bool bulk)
{
    struct victim victims[WORLD_GUESTS];
    uint64_t random = seed;

    recording_start(recording, w->device, w->config, form, WORLD_BYTES);
    world_start(w);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        victim_open(&victims[g], w, g, seed * 7 + g);
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned g = (unsigned)(next_random(&random) % WORLD_GUESTS);
        victim_begin(&victims[g]);
        world_run(w);
        victim_end(&victims[g]);
        if (bulk && next_random(&random) % 16 == 0)
            amdvi_guest_map_fill(w->device, guest_id(g), AMDVI_MAP_DOMAINS, 0x40, 600, 0x33, 0, i % 2);
        if (next_random(&random) % 32 == 0)
            host_command(w, UINT64_C(2) << 60 | host_device(g, 0), 0);
    }
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        victim_close(&victims[g]);
}

static enum amdvi_trace_form form_of(int number)
{
    return number % 2 ? AMDVI_TRACE_FORM_TEXT : AMDVI_TRACE_FORM_BINARY;
}

START_TEST(guests_replay_without_a_difference)
{
    struct recording recording;
    struct world w;

    world_open_bare(&w, NULL, _i / 2 % 2);
    record(&recording, &w, (uint64_t)_i + 1, form_of(_i), false);
    recording_must_replay_exactly(&recording, w.device);
    recording_free(&recording);
    world_close(&w);
}
END_TEST

/* Writes in bulk become single ones, which look into the caches more often. */
START_TEST(map_writes_in_bulk_replay_as_single_ones)
{
    struct recording recording;
    struct played played;
    struct world w;

    world_open_bare(&w, NULL, false);
    record(&recording, &w, 77 + (uint64_t)_i, form_of(_i), true);
    recording_must_replay(&recording, &played);
    recording_free(&recording);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder, guests");
    TCase *tests = tcase_create("guests");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, guests_replay_without_a_difference, 0, ROUNDS);
    tcase_add_loop_test(tests, map_writes_in_bulk_replay_as_single_ones, 0, 2);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
