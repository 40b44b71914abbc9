// SPDX-License-Identifier: Apache-2.0
/* What the calls for hosts (amdvi/host.h) refuse, and what they take for nothing. */
#include "machine.h"

#include <amdvi/host.h>

static struct machine m;

static void setup(void)
{
    machine_open(&m, "");
}

static void teardown(void)
{
    machine_close(&m);
}

static void told(void *context, const struct amdvi_invalidated *what)
{
    (void)context;
    (void)what;
}

START_TEST(queues)
{
    struct amdvi_irq_queue *queue;
    struct amdvi_irq irq;
    uint64_t merged, lost;
    size_t waiting;

    ck_assert_int_eq(amdvi_irq_queue_create(NULL, 1, &queue), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 1, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 0, &queue), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, SIZE_MAX, &queue), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 1, &queue), AMDVI_OK);
    ck_assert_int_eq(amdvi_irq_next(NULL, &irq), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_next(queue, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_ERR_END);
    ck_assert_int_eq(amdvi_irq_queue_state(NULL, &waiting, &merged, &lost), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_state(queue, NULL, NULL, NULL), AMDVI_OK);
    ck_assert_int_eq(amdvi_irq_queue_state(queue, &waiting, &merged, &lost), AMDVI_OK);
    ck_assert_uint_eq(waiting + merged + lost, 0);
    amdvi_irq_queue_destroy(queue);
    amdvi_irq_queue_destroy(NULL);
    ck_assert_int_eq(amdvi_irq_duty_of(NULL), AMDVI_IRQ_DUTY_NONE);
}
END_TEST

START_TEST(notifiers)
{
    struct amdvi_notifier *notifier;

    ck_assert_int_eq(amdvi_notifier_create(NULL, DEV, told, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, NULL, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, told, NULL, NULL), AMDVI_ERR_ARGUMENT);
    amdvi_notifier_destroy(NULL);
}
END_TEST

START_TEST(looks_and_work)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8};
    struct amdvi_result result;
    bool work;

    ck_assert_int_eq(amdvi_look(NULL, &request, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_look(m.device, NULL, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_look(m.device, &request, NULL), AMDVI_ERR_ARGUMENT);
    request.length = 0;
    ck_assert_int_eq(amdvi_look(m.device, &request, &result), AMDVI_ERR_ARGUMENT);
    request = (struct amdvi_request){.op = AMDVI_WRITE, .address = 0xfee00000, .length = 4};
    ck_assert_int_eq(amdvi_look(m.device, &request, &result), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_has_work(NULL, &work), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_has_work(m.device, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

static unsigned grants;

static void *allocate(void *context, size_t bytes_wanted)
{
    (void)context;
    if (grants == 0)
        return NULL;
    grants--;
    return malloc(bytes_wanted);
}

static void give_back(void *context, void *block)
{
    (void)context;
    free(block);
}

/* Each takes two blocks: its own, and its place among the observers. */
START_TEST(without_memory)
{
    const struct amdvi_allocator allocator = {.allocate = allocate, .release = give_back};
    const struct amdvi_memory memory = {0};
    struct amdvi_notifier *notifier;
    struct amdvi_irq_queue *queue;
    struct amdvi_device *device;

    grants = UINT32_MAX;
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, &allocator, &device), AMDVI_OK);
    for (unsigned few = 0; few < 2; few++) {
        grants = few;
        ck_assert_int_eq(amdvi_irq_queue_create(device, 4, &queue), AMDVI_ERR_NO_MEMORY);
        grants = few;
        ck_assert_int_eq(amdvi_notifier_create(device, DEV, told, NULL, &notifier), AMDVI_ERR_NO_MEMORY);
    }
    grants = 2;
    ck_assert_int_eq(amdvi_notifier_create(device, DEV, told, NULL, &notifier), AMDVI_OK);
    amdvi_notifier_destroy(notifier);
    amdvi_destroy(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host arguments");
    TCase *tests = tcase_create("host arguments");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, queues);
    tcase_add_test(tests, notifiers);
    tcase_add_test(tests, looks_and_work);
    tcase_add_test(tests, without_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
