// SPDX-License-Identifier: Apache-2.0
/* The end that all test programs of this folder share. */
#ifndef AMDVI_TEST_HYPERVISOR_RUN_H
#define AMDVI_TEST_HYPERVISOR_RUN_H

#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

static inline int run_tests(TCase *tcase)
{
    Suite *suite = suite_create("hypervisor");

    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

#endif
