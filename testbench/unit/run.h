// SPDX-License-Identifier: Apache-2.0
/* The end that all Check programs share. */
#ifndef AMDVI_TEST_RUN_H
#define AMDVI_TEST_RUN_H

#include <check.h>
#include <stdlib.h>

/* Runs the suite and gives the program's exit status. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
