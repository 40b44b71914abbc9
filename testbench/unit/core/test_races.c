// SPDX-License-Identifier: Apache-2.0
/* Entries that change between the read and the update of a walk (4.5), and accesses at the edges of the
 * direct window. */
#include "machine.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa efr=0x25bf732fa2295aff"); /* with PREFETCH */
}

static void teardown(void)
{
    machine_close(&m);
}

struct change {
    uint64_t address, value;
    unsigned times;
};

/* Software changes the entry between the walker's read and its update. */
static void change_first(struct machine *machine, uint64_t address)
{
    struct change *change = machine->race_context;

    if (address != change->address || change->times == 0)
        return;
    change->times--;
    put64(machine, address, change->value);
}

START_TEST(a_changed_leaf_is_walked_again)
{
    uint64_t leaf = map_host(&m, DEV, D_OK | 1 << 7, 0) + IOVA / 4096 * 8;
    struct change change = {leaf, V1_RW | (PAGE + 0x1000) | 1, 1};

    boot(&m, C_NORMAL);
    m.race = change_first;
    m.race_context = &change;
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).pa, PAGE + 0x1000);
    ck_assert_uint_eq(get64(&m, leaf), V1_RW | (PAGE + 0x1000) | 1 | 1 << 5);
}
END_TEST

START_TEST(a_leaf_that_vanishes_faults)
{
    uint64_t leaf = map_host(&m, DEV, D_OK | 1 << 7, 0) + IOVA / 4096 * 8;
    struct change change = {leaf, 0, 1};

    boot(&m, C_NORMAL);
    m.race = change_first;
    m.race_context = &change;
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(get64(&m, leaf), 0);
}
END_TEST

START_TEST(a_changed_guest_leaf_is_walked_again)
{
    uint64_t leaf = map_guest(&m, DEV, D_OK, 0) + IOVA / 4096 * 8;
    struct change change = {leaf, (PAGE + 0x1000) | 7, 1};
    struct amdvi_request request = {
        .device = DEV, .op = AMDVI_WRITE, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};

    boot(&m, C_NORMAL | C_GT);
    m.race = change_first;
    m.race_context = &change;
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE + 0x1000);
    ck_assert_uint_eq(get64(&m, leaf), (PAGE + 0x1000) | 0x67);
}
END_TEST

/* Always different: flips an ignored bit each time. */
static void change_always(struct machine *machine, uint64_t address)
{
    put64(machine, address, get64(machine, address) ^ 2);
}

START_TEST(endless_races_end)
{
    map_host(&m, DEV, D_OK | 3 << 7, 0);
    boot(&m, C_NORMAL);
    m.race = change_always;
    ck_assert_uint_eq(ask(&m, AMDVI_WRITE, IOVA).pa, PAGE);
    ck_assert_uint_lt(m.exchanges, 100);
}
END_TEST

/* An entry that is not aligned in the host's memory cannot be exchanged there: the callback must do it. */
START_TEST(a_window_at_an_odd_place_uses_the_callback)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *odd, *kept = m.device;
    uint8_t *shifted = malloc(MEMORY_BYTES + 1);
    uint64_t leaf = map_host(&m, DEV, D_OK | 1 << 7, 0) + IOVA / 4096 * 8;

    ck_assert_ptr_nonnull(shifted);
    memcpy(shifted + 1, m.bytes, MEMORY_BYTES);
    memory.direct = shifted + 1;
    memory.direct_size = MEMORY_BYTES;
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &odd), AMDVI_OK);
    m.device = odd;
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).pa, PAGE);
    ck_assert_uint_gt(m.exchanges, 0);
    ck_assert_uint_eq(get64(&m, leaf) & 0x20, 0x20);
    amdvi_destroy(odd);
    m.device = kept;
    free(shifted);
}
END_TEST

START_TEST(accesses_across_the_end_of_the_window_use_the_callback)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *short_window, *kept = m.device;
    unsigned before;

    memory.direct = m.bytes + 0x1000;
    memory.direct_base = 0x1000;
    memory.direct_size = DEV_TABLE + 32 * DEV + 16 - 0x1000;
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &short_window), AMDVI_OK);
    dte(&m, DEV, D_OK, DOM, 0);
    dte(&m, DEV - 1, D_OK, DOM, 0);
    m.device = short_window;
    boot(&m, C_NORMAL);
    before = m.reads;
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(m.reads, before + 1);
    ck_assert(ask_as(&m, &(struct amdvi_request){.device = DEV - 1, .length = 8}).ok);
    ck_assert_uint_eq(m.reads, before + 1);
    amdvi_destroy(short_window);
    m.device = kept;
}
END_TEST

START_TEST(a_race_about_the_backing_page_keeps_both_bits)
{
    struct change change = {PAGE + 0x220, 1, 1};

    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE, 1 | 1 << 7);
    put64(&m, INT_TABLE + 8, 0x45 | (uint64_t)PAGE);
    boot(&m, C_NORMAL | C_GA | C_GAM);
    m.race = change_first;
    m.race_context = &change;
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(get64(&m, PAGE + 0x220), 1 | 1 << 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("races");
    TCase *tests = tcase_create("races");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_changed_leaf_is_walked_again);
    tcase_add_test(tests, a_leaf_that_vanishes_faults);
    tcase_add_test(tests, a_changed_guest_leaf_is_walked_again);
    tcase_add_test(tests, endless_races_end);
    tcase_add_test(tests, a_window_at_an_odd_place_uses_the_callback);
    tcase_add_test(tests, accesses_across_the_end_of_the_window_use_the_callback);
    tcase_add_test(tests, a_race_about_the_backing_page_keeps_both_bits);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
