// SPDX-License-Identifier: Apache-2.0
/* A device table entry that a plan of failures has dropped from its cache answers nobody any more. */
#include "machine.h"

#include <amdvi/inject.h>

static struct machine m;

/* Not even the request behind the one that met the failures, when the plan has ended. */
START_TEST(a_dropped_entry_is_read_again)
{
    const struct amdvi_inject_rule plan[] = {
        {.what = AMDVI_INJECT_CACHE, .action = AMDVI_INJECT_DROP, .cache = AMDVI_CACHE_DTC},
        {.what = AMDVI_INJECT_MEMORY,
         .action = AMDVI_INJECT_DATA_ERROR,
         .reads = true,
         .classes = 1u << AMDVI_ACCESS_DTE}};

    machine_open(&m, "preset=genoa");
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_int_eq(amdvi_inject(m.device, plan, 2), AMDVI_OK);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.reason, AMDVI_REASON_DTE_READ_ERROR);
    ck_assert_int_eq(amdvi_inject(m.device, NULL, 0), AMDVI_OK);
    dte(&m, DEV, D_V, DOM, 0); /* TV=0 */
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.reason, AMDVI_REASON_DTE_TV0);
    machine_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dropped entry");
    TCase *tests = tcase_create("dropped entry");

    tcase_add_test(tests, a_dropped_entry_is_read_again);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
