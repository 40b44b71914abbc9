// SPDX-License-Identifier: Apache-2.0
/* Jobs that wait for the same lock get it in turn, whatever else wakes them meanwhile. */
#include "model/port/external.h"
#include "model/port/lock.h"

#include "testbench/unit/run.h"

#include <stdlib.h>

static struct amdvi_device *device;
static struct external external;
static struct job owner, first, second, stranger;
static struct job_lock lock;

static void setup(void)
{
    struct job *jobs[] = {&owner, &first, &second, &stranger};

    device = calloc(1, sizeof(*device));
    ck_assert_ptr_nonnull(device);
    external = (struct external){0};
    device->external = &external;
    lock = (struct job_lock){0};
    for (unsigned i = 0; i < 4; i++)
        *jobs[i] = (struct job){.executor = EXECUTOR_PORT};
    ck_assert(job_lock(&owner, &lock));
    ck_assert(!job_lock(&first, &lock));
    ck_assert(!job_lock(&second, &lock));
}

static void teardown(void)
{
    free(device);
}

static void passes_in_turn(void)
{
    job_unlock(device, &owner, &lock);
    ck_assert_ptr_eq(lock.owner, &first);
    ck_assert(job_lock(&first, &lock));
    job_unlock(device, &first, &lock);
    ck_assert_ptr_eq(lock.owner, &second);
    ck_assert(job_lock(&second, &lock));
    job_unlock(device, &second, &lock);
    ck_assert_ptr_null(lock.owner);
}

START_TEST(waiting_jobs_get_it_in_turn)
{
    passes_in_turn();
}
END_TEST

/* A ring that waits for a guest's registers is stirred by another job that has ended. */
START_TEST(who_is_woken_otherwise_keeps_its_place)
{
    external_ready(&external, &first);
    external_ready(&external, &stranger);
    ck_assert_ptr_eq(external_take_ready(&external), &first);
    ck_assert(!job_lock(&first, &lock));
    passes_in_turn();
    ck_assert(!stranger.waits);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *tests = tcase_create("lock");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, waiting_jobs_get_it_in_turn);
    tcase_add_test(tests, who_is_woken_otherwise_keeps_its_place);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
