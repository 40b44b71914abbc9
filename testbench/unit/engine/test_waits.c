// SPDX-License-Identifier: Apache-2.0
/* Commands and walks whose memory is answered later: which walks a COMPLETION_WAIT behind an invalidation
 * waits for, and what of them is kept. */
#include "surroundings.h"

static struct surroundings *simple(const char *settings)
{
    return surroundings_simple(settings, 4);
}

static const struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1010, .length = 8};

/* As if the memory had been read before it was changed. */
static void answer_first_with(struct surroundings *s, const void *old)
{
    uint64_t id = s->open[0].id;

    s->open[0] = s->open[--s->opened];
    ck_assert_int_eq(amdvi_memory_done(s->device, id, AMDVI_MEMORY_OK, old), AMDVI_OK);
}

/* What the command processor asks for; walks stay where they are. */
static void settle_commands(struct surroundings *s)
{
    for (unsigned i = 0; i < s->opened;) {
        enum amdvi_access access = s->open[i].access;
        if (access == AMDVI_ACCESS_COMMAND || access == AMDVI_ACCESS_STORE) {
            surroundings_answer(s, i);
            i = 0;
        } else {
            i++;
        }
    }
}

static void put_command(struct surroundings *s, unsigned slot, uint64_t low, uint64_t high)
{
    put_word(s, 250 * 4096 + 16 * slot, low);
    put_word(s, 250 * 4096 + 16 * slot + 8, high);
}

static void ring_to(struct surroundings *s, unsigned slot)
{
    amdvi_mmio_write(s->device, 0x2008, 8, 16u * slot);
    amdvi_run(s->device);
    settle_commands(s);
}

static uint64_t head(struct surroundings *s)
{
    uint64_t value = 0;

    amdvi_mmio_read(s->device, 0x2000, 8, &value);
    return value / 16;
}

START_TEST(a_completion_wait_waits_for_walks_that_an_invalidation_covers)
{
    struct surroundings *s = simple("");
    uint8_t old[AMDVI_ASK_BYTES];

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    memcpy(old, s->bytes + TABLE + 8, 8); /* the walk reads the old entry */
    put_word(s, TABLE + 8, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)1 << 32, 0x1000); /* INVALIDATE_IOMMU_PAGES 0x1000 */
    put_command(s, 1, (uint64_t)1 << 60, 0);                          /* COMPLETION_WAIT */
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    answer_first_with(s, old);
    ck_assert(s->ended[0].done && s->ended[0].result.ok); /* the old translation may still be used */
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1); /* but nothing of it was kept */
    surroundings_settle(s);
    ck_assert(s->ended[1].done && !s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(other_invalidations_do_not_concern_a_walk)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)2 << 32, 0x1000); /* another domain */
    put_command(s, 1, (uint64_t)2 << 60 | 2, 0);                      /* another device */
    put_command(s, 2, (uint64_t)5 << 60 | 1, 0);                      /* the device's interrupts */
    put_command(s, 3, (uint64_t)1 << 60, 0);
    ring_to(s, 4);
    ck_assert_uint_eq(head(s), 4);
    surroundings_settle(s);
    amdvi_submit_request(s->device, &request, 1);
    ck_assert(s->ended[1].done && s->ended[1].result.ok); /* from the cache */
    surroundings_close(s);
}
END_TEST

/* Before a walk has ended nobody knows whether its page will hold the invalidated one too. */
START_TEST(a_page_beside_the_invalidated_one_is_waited_for_and_kept)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)1 << 32, 0x5000);
    put_command(s, 1, (uint64_t)1 << 60, 0);
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    surroundings_settle(s);
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1);
    ck_assert_uint_eq(s->opened, 0);
    ck_assert(s->ended[1].done && s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(an_entry_that_was_overtaken_is_not_kept)
{
    struct surroundings *s = simple("");
    uint8_t old[AMDVI_ASK_BYTES];

    amdvi_submit_request(s->device, &request, 0);
    memcpy(old, s->bytes + 32, 32);
    put_word(s, 32, D_V | D_TV); /* blocked from now on */
    put_command(s, 0, (uint64_t)2 << 60 | 1, 0);
    put_command(s, 1, (uint64_t)1 << 60, 0);
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    answer_first_with(s, old);
    surroundings_settle(s);
    ck_assert(s->ended[0].done && s->ended[0].result.ok);
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1);
    surroundings_settle(s);
    ck_assert(s->ended[1].done && !s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

/* All that is asked but records: `open[0]` is then the one that is being written. */
static void answer_all_but_records(struct surroundings *s)
{
    for (unsigned i = 0; i < s->opened;) {
        if (s->open[i].access == AMDVI_ACCESS_LOG) {
            i++;
            continue;
        }
        surroundings_answer(s, i);
        i = 0;
    }
}

/* Else a guest whose devices fault all the time would hold up everybody's COMPLETION_WAIT. */
START_TEST(a_completion_wait_does_not_wait_for_records_behind_it)
{
    struct surroundings *s = simple("");
    struct amdvi_request unmapped = request;

    unmapped.address = 0x5000;
    amdvi_submit_request(s->device, &unmapped, 0);
    answer_all_but_records(s);
    ck_assert_uint_eq(s->opened, 1);
    put_command(s, 0, (uint64_t)1 << 60, 0);
    ring_to(s, 1);
    answer_all_but_records(s);
    ck_assert_uint_eq(head(s), 0); /* the record was there before it */
    amdvi_submit_request(s->device, &unmapped, 1);
    answer_all_but_records(s);
    surroundings_answer(s, 0);
    answer_all_but_records(s);
    ck_assert(s->ended[0].done && !s->ended[1].done);
    ck_assert_uint_eq(head(s), 1);
    surroundings_settle(s);
    ck_assert(s->ended[1].done);
    surroundings_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waits");
    TCase *tests = tcase_create("waits");

    tcase_add_test(tests, a_completion_wait_waits_for_walks_that_an_invalidation_covers);
    tcase_add_test(tests, other_invalidations_do_not_concern_a_walk);
    tcase_add_test(tests, a_page_beside_the_invalidated_one_is_waited_for_and_kept);
    tcase_add_test(tests, an_entry_that_was_overtaken_is_not_kept);
    tcase_add_test(tests, a_completion_wait_does_not_wait_for_records_behind_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
