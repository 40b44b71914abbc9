// SPDX-License-Identifier: Apache-2.0
/* The suites of the platform's tests: one program has them all, since a link with the whole library takes
 * long. */
#ifndef AMDVI_UNIT_PLATFORM_SUITES_H
#define AMDVI_UNIT_PLATFORM_SUITES_H

#include <check.h>

Suite *access_suite(void);
Suite *atc_suite(void);
Suite *boot_suite(void);
Suite *config_space_suite(void);
Suite *configurations_suite(void);
Suite *functions_suite(void);
Suite *interrupts_suite(void);
Suite *invalidations_suite(void);
Suite *ioapic_suite(void);
Suite *late_suite(void);
Suite *mishaps_suite(void);
Suite *pages_suite(void);
Suite *parts_suite(void);
Suite *ram_suite(void);
Suite *resets_suite(void);
Suite *timed_suite(void);

#endif
