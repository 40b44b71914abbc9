// SPDX-License-Identifier: Apache-2.0
/* A device, or a guest, goes on elsewhere as if it had stayed. */
#include "testbench/unit/guests/isolation.h"
#include "testbench/unit/guests/seed.h"
#include "testbench/unit/guests/victim.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

enum { STEPS = 60, RUNS = 12 };

static void same_journals(const struct victim *a, const struct victim *b)
{
    size_t at = journal_compare(&a->journal, &b->journal);

    if (at == SIZE_MAX)
        return;
    journal_print(&a->journal, at, "first");
    journal_print(&b->journal, at, "second");
    ck_abort_msg("the journals differ");
}

static void steps(struct victim *v, unsigned count)
{
    while (count--) {
        victim_begin(v);
        world_run(v->world);
        victim_end(v);
    }
}

static void *saved(struct world *w, bool whole, size_t *size)
{
    void *buffer;
    uint16_t id = guest_id(VICTIM);

    ck_assert_int_eq(whole ? amdvi_save(w->device, NULL, 0, size)
                           : amdvi_guest_save(w->device, id, NULL, 0, size),
                     AMDVI_ERR_TOO_SMALL);
    buffer = malloc(*size);
    ck_assert_ptr_nonnull(buffer);
    ck_assert_int_eq(whole ? amdvi_save(w->device, buffer, *size, size)
                           : amdvi_guest_save(w->device, id, buffer, *size, size),
                     AMDVI_OK);
    return buffer;
}

/* From where `old` stands, in a journal of its own. */
static void go_on(struct victim *now, const struct victim *old, struct world *w, unsigned g)
{
    victim_open(now, w, g, 0);
    now->random = old->random;
    now->step = old->step;
    now->tail = old->tail;
    now->wait_data = old->wait_data;
    now->wait_gpa = old->wait_gpa;
    now->head = old->head;
}

static void both_go_on(struct victim *stayed, struct victim *moved)
{
    stayed->journal.count = 0;
    steps(stayed, STEPS / 2);
    steps(moved, STEPS / 2);
    same_journals(stayed, moved);
    victim_close(stayed);
    victim_close(moved);
}

START_TEST(a_device_goes_on_in_another)
{
    uint64_t seed = seed_of((unsigned)_i);
    struct world old, new;
    struct victim stayed, moved;
    size_t size;
    void *bytes;

    world_open(&old, NULL, _i & 1);
    world_open_bare(&new, NULL, _i & 1);
    victim_open(&stayed, &old, VICTIM, seed);
    steps(&stayed, STEPS / 2);
    victim_begin(&stayed); /* rung, not run */
    bytes = saved(&old, true, &size);
    memcpy(new.bytes, old.bytes, WORLD_BYTES);
    ck_assert_int_eq(amdvi_restore(new.device, bytes, size), AMDVI_OK);
    go_on(&moved, &stayed, &new, VICTIM);
    stayed.journal.count = 0;
    world_run(&old);
    world_run(&new);
    victim_end(&stayed);
    victim_end(&moved);
    same_journals(&stayed, &moved);
    moved.journal.count = 0;
    both_go_on(&stayed, &moved);
    ck_assert(!memcmp(old.bytes, new.bytes, WORLD_BYTES));
    free(bytes);
    world_close(&old);
    world_close(&new);
}
END_TEST

START_TEST(a_guest_goes_on_under_another_guest_id)
{
    uint64_t seed = seed_of((unsigned)_i);
    struct world old, new;
    struct victim stayed, moved;
    size_t size;
    void *bytes;

    world_open(&old, NULL, _i & 1);
    world_open(&new, NULL, _i & 1);
    victim_open(&stayed, &old, VICTIM, seed);
    steps(&stayed, STEPS / 2);
    bytes = saved(&old, false, &size);
    memcpy(new.bytes + guest_spa(OTHER, 0), old.bytes + guest_spa(VICTIM, 0), GUEST_BYTES);
    ck_assert_int_eq(amdvi_guest_restore(new.device, guest_id(OTHER), bytes, size), AMDVI_OK);
    vfc_write(&new, OTHER, VFC_MISC, (uint64_t)trans_device(OTHER) << 16); /* the host's choice of place */
    go_on(&moved, &stayed, &new, OTHER);
    both_go_on(&stayed, &moved);
    free(bytes);
    world_close(&old);
    world_close(&new);
}
END_TEST

/* Anything flipped, cut or of the other kind is refused, and changes nothing. */
static void refuses(struct world *w, uint8_t *bytes, size_t size, bool whole, uint64_t *random)
{
    size_t at = next_random(random) % size, cut = next_random(random) % size;
    uint8_t bit = (uint8_t)(1u << next_random(random) % 8);

    bytes[at] ^= bit;
    ck_assert_int_ne(whole ? amdvi_restore(w->device, bytes, size)
                           : amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, size),
                     AMDVI_OK);
    bytes[at] ^= bit;
    ck_assert_int_ne(whole ? amdvi_restore(w->device, bytes, cut)
                           : amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, cut),
                     AMDVI_OK);
    ck_assert_int_eq(whole ? amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, size)
                           : amdvi_restore(w->device, bytes, size),
                     AMDVI_ERR_ARGUMENT);
}

START_TEST(damaged_bytes_are_refused)
{
    uint64_t random = seed_of((unsigned)_i);
    struct world w;
    struct victim v;
    size_t size, again;
    uint8_t *bytes, *after;

    world_open(&w, NULL, true);
    victim_open(&v, &w, VICTIM, random);
    steps(&v, 5);
    bytes = saved(&w, _i, &size);
    for (unsigned i = 0; i < 200; i++)
        refuses(&w, bytes, size, _i, &random);
    after = saved(&w, _i, &again);
    ck_assert_uint_eq(size, again);
    ck_assert(!memcmp(bytes, after, size));
    ck_assert_int_eq(amdvi_restore(w.device, NULL, 100), AMDVI_ERR_CORRUPT);
    free(bytes);
    free(after);
    victim_close(&v);
    world_close(&w);
}
END_TEST

START_TEST(another_configuration_is_refused)
{
    struct world a, b;
    size_t size;
    void *bytes;

    world_open(&a, NULL, true);
    world_open(&b, "viommu.commands_per_turn=2", true);
    bytes = saved(&a, true, &size);
    ck_assert_int_eq(amdvi_restore(b.device, bytes, size), AMDVI_ERR_ARGUMENT);
    free(bytes);
    world_close(&a);
    world_close(&b);
}
END_TEST

static enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    *(uint32_t *)context = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

START_TEST(a_guest_that_waits_for_a_device_cannot_be_saved)
{
    struct world w;
    uint32_t tag;
    size_t size;

    world_open(&w, NULL, true);
    w.notes = (struct world_notes){.context = &tag, .atc = pending};
    guest_command(&w, VICTIM, UINT64_C(4) << 60 | guest_device(0), G_IOVA);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(VICTIM), NULL, 0, &size), AMDVI_ERR_BUSY);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(OTHER), NULL, 0, &size), AMDVI_ERR_TOO_SMALL);
    ck_assert_int_eq(amdvi_atc_complete(w.device, tag), AMDVI_OK);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(VICTIM), NULL, 0, &size), AMDVI_ERR_TOO_SMALL);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: moved");
    TCase *tests = tcase_create("moved");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_device_goes_on_in_another, 0, RUNS);
    tcase_add_loop_test(tests, a_guest_goes_on_under_another_guest_id, 0, RUNS);
    tcase_add_loop_test(tests, damaged_bytes_are_refused, 0, 2);
    tcase_add_test(tests, another_configuration_is_refused);
    tcase_add_test(tests, a_guest_that_waits_for_a_device_cannot_be_saved);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
