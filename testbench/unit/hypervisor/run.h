// SPDX-License-Identifier: Apache-2.0
/* The end that all test programs of this folder share. */
#ifndef AMDVI_TEST_HYPERVISOR_RUN_H
#define AMDVI_TEST_HYPERVISOR_RUN_H

#include <check.h>
#include <stdlib.h>

static inline int run_tests(TCase *tcase)
{
    Suite *suite = suite_create("hypervisor");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
