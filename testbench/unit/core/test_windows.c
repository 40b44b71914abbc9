// SPDX-License-Identifier: Apache-2.0
/* Windows: memory of the host that the device reaches without callbacks (amdvi/host.h). */
#include "machine.h"

#include "amdvi/host.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "");
}

static void teardown(void)
{
    machine_close(&m);
}

/* Memory of the machine in three pieces; `calls` of the callbacks are then all that does not lie in a piece.
 */
static unsigned calls(void)
{
    return m.reads + m.writes + m.exchanges;
}

static enum amdvi_status window(uint64_t base, uint64_t size, bool read_only)
{
    return amdvi_window_add(m.device, &(struct amdvi_window){.base = base,
                                                             .size = size,
                                                             .bytes = m.bytes + base % MEMORY_BYTES,
                                                             .read_only = read_only});
}

START_TEST(memory_may_lie_in_several_windows)
{
    struct amdvi_result result;
    unsigned before;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ck_assert_int_eq(window(DEV_TABLE, 0x200000, false), AMDVI_OK);
    ck_assert_int_eq(window(CMD_RING, 0x80000, false), AMDVI_OK);
    ck_assert_int_eq(window(TABLES, 0x100000, false), AMDVI_OK);
    before = calls();
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert(!ask(&m, AMDVI_READ, 0x9000).ok); /* with a record in the log */
    command(&m, UINT64_C(1) << 60 | STORE | 1, 9);
    ck_assert_uint_eq(get64(&m, STORE), 9);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, 2);
    ck_assert_uint_eq(calls(), before);
    ck_assert_int_eq(amdvi_window_remove(m.device, TABLES), AMDVI_OK);
    command(&m, UINT64_C(8) << 60, 0);
    result = ask(&m, AMDVI_READ, IOVA);
    ck_assert(result.ok && result.pa == PAGE);
    ck_assert_uint_gt(calls(), before);
}
END_TEST

/* Reads come from the window; what is written, also accessed and dirty bits, goes to the callbacks. */
START_TEST(a_read_only_window_is_not_written)
{
    unsigned reads, exchanges;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    ck_assert_int_eq(window(TABLES, 0x100000, true), AMDVI_OK);
    ck_assert_int_eq(window(STORE, 0x1000, true), AMDVI_OK);
    reads = m.reads;
    exchanges = m.exchanges;
    ck_assert(ask_as(&m, &(struct amdvi_request){.device = DEV,
                                                 .op = AMDVI_WRITE,
                                                 .address = IOVA,
                                                 .length = 8,
                                                 .has_pasid = true,
                                                 .pasid = 5})
                  .ok);
    ck_assert_uint_eq(m.reads, reads + 1); /* the device table entry, which lies outside */
    ck_assert_uint_gt(m.exchanges, exchanges);
    command(&m, UINT64_C(1) << 60 | STORE | 1, 9);
    ck_assert_uint_eq(m.writes, 1);
    ck_assert_uint_eq(get64(&m, STORE), 9);
}
END_TEST

START_TEST(windows_that_are_refused)
{
    ck_assert_int_eq(window(0x1000, 0x1000, false), AMDVI_OK);
    ck_assert_int_eq(window(0x1fff, 1, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(0, 0x1001, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(0x2000, 0, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(UINT64_MAX, 2, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(m.device, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(m.device, &(struct amdvi_window){.size = 1}), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(NULL, &(struct amdvi_window){.size = 1, .bytes = m.bytes}),
                     AMDVI_ERR_ARGUMENT);
    for (unsigned i = 1; i < AMDVI_WINDOWS_MAX; i++)
        ck_assert_int_eq(window(0x10000 + 0x1000 * i, 0x1000, false), AMDVI_OK);
    ck_assert_int_eq(window(0x90000, 0x1000, false), AMDVI_ERR_NO_MEMORY);
    ck_assert_int_eq(amdvi_window_remove(m.device, 0x1800), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_remove(NULL, 0x1000), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_remove(m.device, 0x1000), AMDVI_OK);
    ck_assert_int_eq(window(0x90000, 0x1000, false), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("windows");
    TCase *tests = tcase_create("windows");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, memory_may_lie_in_several_windows);
    tcase_add_test(tests, a_read_only_window_is_not_written);
    tcase_add_test(tests, windows_that_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
