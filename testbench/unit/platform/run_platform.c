// SPDX-License-Identifier: Apache-2.0
/* All suites of the platform, or the one that CK_RUN_SUITE names. */
#include "testbench/unit/platform/suites.h"

#include <stdlib.h>

int main(void)
{
    static Suite *(*const suites[])(void) = {
        access_suite,         atc_suite,       boot_suite,       config_space_suite,
        configurations_suite, functions_suite, interrupts_suite, invalidations_suite,
        ioapic_suite,         late_suite,      mishaps_suite,    pages_suite,
        parts_suite,          ram_suite,       resets_suite,     timed_suite};
    SRunner *runner = srunner_create(NULL);
    int failed;

    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
