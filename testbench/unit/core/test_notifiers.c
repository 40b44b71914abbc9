// SPDX-License-Identifier: Apache-2.0
/* Notifiers: who is told of invalidations (amdvi/host.h). */
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

static struct amdvi_invalidated told[16];
static unsigned told_count;

static void on_invalidated(void *context, const struct amdvi_invalidated *what)
{
    ck_assert_uint_lt(told_count, 16);
    told[told_count++] = *what;
}

static struct amdvi_invalidated only_one(uint64_t low, uint64_t high)
{
    told_count = 0;
    command(&m, low, high);
    ck_assert_uint_eq(told_count, 1);
    ck_assert_uint_eq(told[0].device, DEV);
    return told[0];
}

START_TEST(a_notifier_hears_of_its_device_and_domain)
{
    struct amdvi_notifier *notifier;
    struct amdvi_invalidated what;
    uint64_t domain = (uint64_t)DOM << 32;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier), AMDVI_OK);
    what = only_one(UINT64_C(3) << 60 | domain, 0x7000); /* one page of the domain */
    ck_assert_uint_eq(what.first, 0x7000);
    ck_assert_uint_eq(what.last, 0x7fff);
    ck_assert(!what.has_pasid && !what.entry && !what.interrupts);
    what = only_one(UINT64_C(3) << 60 | domain, 0x7ffffffffffff003); /* all of it (6.4) */
    ck_assert_uint_eq(what.first, 0);
    ck_assert_uint_eq(what.last, UINT64_MAX);
    what = only_one(UINT64_C(2) << 60 | DEV, 0);
    ck_assert(what.entry);
    what = only_one(UINT64_C(5) << 60 | DEV, 0);
    ck_assert(what.interrupts && !what.entry);
    what = only_one(UINT64_C(8) << 60, 0);
    ck_assert(what.entry && what.last == UINT64_MAX);
    told_count = 0;
    command(&m, UINT64_C(3) << 60 | (uint64_t)(DOM + 1) << 32, 0x7000);
    command(&m, UINT64_C(2) << 60 | (DEV + 1), 0);
    command(&m, UINT64_C(5) << 60 | (DEV + 1), 0);
    ck_assert_uint_eq(told_count, 0);
    amdvi_reset(m.device);
    ck_assert_uint_eq(told_count, 1);
    amdvi_notifier_destroy(notifier);
    amdvi_notifier_destroy(NULL);
    amdvi_reset(m.device);
    ck_assert_uint_eq(told_count, 1);
    ck_assert_int_eq(amdvi_notifier_create(NULL, DEV, on_invalidated, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, NULL, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    for (unsigned i = 1; i <= 2; i++) {
        m.allocate_fail_at = m.allocations + i;
        ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier),
                         AMDVI_ERR_NO_MEMORY);
    }
    m.allocate_fail_at = 0;
}
END_TEST

START_TEST(a_notifier_hears_of_pasids)
{
    struct amdvi_notifier *notifier;
    struct amdvi_invalidated what;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier), AMDVI_OK);
    what = only_one(UINT64_C(3) << 60 | (uint64_t)DOM << 32 | 5, 0x9000 | 4); /* GN, PASID 5 */
    ck_assert(what.has_pasid);
    ck_assert_uint_eq(what.pasid, 5);
    ck_assert_uint_eq(what.first, 0x9000);
    /* A range of GPAs: guest tables may lead there from anywhere. */
    what = only_one(UINT64_C(3) << 60 | (uint64_t)DOM << 32, 0x9000);
    ck_assert(!what.has_pasid && what.first == 0 && what.last == UINT64_MAX);
    amdvi_notifier_destroy(notifier);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notifiers");
    TCase *tests = tcase_create("notifiers");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_notifier_hears_of_its_device_and_domain);
    tcase_add_test(tests, a_notifier_hears_of_pasids);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
