// SPDX-License-Identifier: Apache-2.0
/* What lookups under way may leave in the caches when others, or invalidations, have come meanwhile. */
#include "surroundings.h"

enum { PASID = 5, DOMAIN = 1, COMMANDS = 0x80000, STORED = 0x81000 };
/* Tables by SPA, which are their GPAs, too. */
enum {
    HOST = 0x10000,
    TABLES_AT = 0x11000,
    OLD_AT = 0x12000,
    NEW_AT = 0x13000,
    GCR3 = 0x14000,
    GUEST = 0x15000
};
enum { SMALL = 4096, LARGE = 0x200000, OLD_SPA = 0x40000, NEW_SPA = 0x60000, INTERRUPT_TABLE = 0x20000 };

static void put_entry(struct surroundings *s, const uint64_t words[3])
{
    for (unsigned i = 0; i < 3; i++)
        put_word(s, 32 + 8 * i, words[i]);
}

static struct surroundings *open_empty(const char *settings)
{
    struct surroundings *s = surroundings_open(1, settings, 4);

    memset(s->bytes, 0, WORLD_BYTES);
    return s;
}

static void write_register(struct surroundings *s, uint64_t offset, uint64_t value)
{
    ck_assert_int_eq(amdvi_mmio_write(s->device, offset, 8, value), AMDVI_OK);
}

/* ---------------------------------------------------------------- interrupts */

/* IV, IntTabLen 9, IntCtl 2 (3.2); an entry of 16 bytes with its vector in bits 71:64 (8.3). */
START_TEST(an_interrupt_entry_is_not_cached_twice)
{
    struct surroundings *s = open_empty("");
    struct amdvi_cache_line line;
    uint32_t cursor = 0, lines = 0;

    write_register(s, R_CONTROL, C_NORMAL | C_GA);
    put_entry(s, (const uint64_t[3]){0, 0, 1 | 9 << 1 | INTERRUPT_TABLE | UINT64_C(2) << 60});
    put_word(s, INTERRUPT_TABLE + 16 * 3, 1);
    put_word(s, INTERRUPT_TABLE + 16 * 3 + 8, 0x41);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(amdvi_submit_interrupt(s->device, 1, 0xfee00000, 3, i), AMDVI_OK);
    surroundings_settle(s);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(s->ended[i].done && s->ended[i].interrupt.ok);
    while (amdvi_inspect_cache(s->device, AMDVI_CACHE_ITC, &cursor, &line) == AMDVI_OK)
        lines++;
    ck_assert_uint_eq(lines, 1);
    surroundings_close(s);
}
END_TEST

/* ---------------------------------------------------------------- prefetches */

/* Device 1: a guest page of 2 MiB at GVA 0 that the host keeps in pages of 4 KiB, in two places. */
static void map_large_page(struct surroundings *s)
{
    put_entry(s, (const uint64_t[3]){D_OK | D_GV | 2 << 9 | HOST | (uint64_t)(GCR3 >> 12 & 7) << 58,
                                     DOMAIN | (uint64_t)(GCR3 >> 15) << 16, 0});
    put_word(s, HOST, V1_RW | 1 << 9 | TABLES_AT | 1);
    put_word(s, HOST + 8, V1_RW | 1 << 9 | OLD_AT | 1);
    put_word(s, HOST + 16, V1_RW | 1 << 9 | NEW_AT | 1);
    for (uint64_t i = 0; i < 64; i++)
        put_word(s, TABLES_AT + 8 * i, V1_RW | SMALL * i | 1);
    put_word(s, OLD_AT, V1_RW | OLD_SPA | 1);
    put_word(s, NEW_AT, V1_RW | NEW_SPA | 1);
    put_word(s, GCR3 + 8 * PASID, GUEST | 1);
    put_word(s, GUEST, (GUEST + SMALL) | 7);
    put_word(s, GUEST + SMALL, (GUEST + 2 * SMALL) | 7);
    put_word(s, GUEST + 2 * SMALL, LARGE | 0x87);
}

static bool asked_for(const struct surroundings *s, uint64_t address)
{
    for (unsigned i = 0; i < s->opened; i++)
        if (s->open[i].address == address)
            return true;
    return false;
}

static void answer_all_but(struct surroundings *s, uint64_t address)
{
    for (unsigned i = 0; i < s->opened;) {
        if (s->open[i].address == address) {
            i++;
        } else {
            surroundings_answer(s, i);
            i = 0;
        }
    }
}

static void command_of(struct surroundings *s, unsigned slot, uint64_t low, uint64_t high)
{
    put_word(s, COMMANDS + 16 * slot, low);
    put_word(s, COMMANDS + 16 * slot + 8, high);
}

/* The page moves while it is looked up; software invalidates some other part of it (6.4 opcode 3). */
START_TEST(a_prefetch_that_is_overtaken_in_part_of_its_page_keeps_nothing)
{
    struct surroundings *s = open_empty("walk.hardware_ad=off");
    const struct amdvi_prefetch prefetch = {.device = 1, .has_pasid = true, .pasid = PASID, .count = 1};
    const struct amdvi_request request = {
        .device = 1, .op = AMDVI_READ, .has_pasid = true, .pasid = PASID, .length = 8};

    map_large_page(s);
    write_register(s, R_CONTROL, 0);
    write_register(s, R_CMD, COMMANDS | UINT64_C(8) << 56);
    write_register(s, R_CONTROL, C_NORMAL | C_GT);
    ck_assert_int_eq(amdvi_submit_prefetch(s->device, &prefetch, 0), AMDVI_OK);
    while (!asked_for(s, OLD_AT))
        surroundings_answer(s, 0);
    put_word(s, GUEST + 2 * SMALL, (2 * LARGE) | 0x87);
    command_of(s, 0, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32 | PASID, 5 * SMALL | 4);
    command_of(s, 1, UINT64_C(1) << 60 | STORED | 1, 77);
    write_register(s, R_CMD_TAIL, 32);
    ck_assert_int_eq(amdvi_run(s->device), AMDVI_OK);
    answer_all_but(s, OLD_AT);
    ck_assert_uint_eq(s->bytes[STORED], 0); /* the COMPLETION_WAIT waits for what was overtaken */
    surroundings_settle(s);
    ck_assert(s->ended[0].done);
    ck_assert_uint_eq(s->bytes[STORED], 77);
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 1), AMDVI_OK);
    surroundings_settle(s);
    ck_assert(s->ended[1].done && s->ended[1].result.ok);
    ck_assert_uint_eq(s->ended[1].result.pa, NEW_SPA);
    surroundings_close(s);
}
END_TEST

/* ---------------------------------------------------------------- records */

/* Calls that answer at once while a record is on its way: theirs wait behind it, as many as have room, and
 * the others are lost, which the device counts. */
START_TEST(a_record_without_room_is_counted_as_lost)
{
    enum { LOG = 0x90000, REQUESTS = 20 };
    const struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .length = 8};
    struct surroundings *s = open_empty("");
    struct amdvi_statistics statistics;
    struct amdvi_result result;
    unsigned lost = 0;

    write_register(s, R_CONTROL, 0);
    write_register(s, R_EVT, LOG | UINT64_C(8) << 56);
    write_register(s, R_CONTROL, C_NORMAL);
    put_entry(s, (const uint64_t[3]){D_V, DOMAIN, 0}); /* TV=0 */
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 0), AMDVI_OK);
    surroundings_answer(s, 0);
    ck_assert_int_eq(s->open[0].access, AMDVI_ACCESS_LOG);
    for (unsigned i = 0; i < REQUESTS; i++) {
        ck_assert_int_eq(amdvi_translate(s->device, &request, &result), AMDVI_OK);
        lost += !result.fault.logged;
    }
    ck_assert_uint_gt(lost, 0);
    surroundings_settle(s);
    ck_assert_int_eq(amdvi_get_statistics(s->device, &statistics), AMDVI_OK);
    ck_assert_uint_eq(statistics.events_lost, lost);
    ck_assert_uint_eq(statistics.events, REQUESTS + 1 - lost);
    surroundings_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("overtaken");
    TCase *tests = tcase_create("overtaken");

    tcase_add_test(tests, an_interrupt_entry_is_not_cached_twice);
    tcase_add_test(tests, a_prefetch_that_is_overtaken_in_part_of_its_page_keeps_nothing);
    tcase_add_test(tests, a_record_without_room_is_counted_as_lost);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
