// SPDX-License-Identifier: Apache-2.0
/* Timers, the queue of messages, ACPI tables. */
#include "testbench/platform/acpi.h"
#include "testbench/platform/messages.h"
#include "testbench/platform/timers.h"
#include "testbench/unit/platform/suites.h"

#include <string.h>

/* ---------------------------------------------------------------- timers */

static struct timers timers;
static char order[16];

static void append(void *context)
{
    strcat(order, context);
}

static void again(void *context)
{
    append(context);
    if (strlen(order) < 3)
        timers_set(&timers, 7, again, context);
}

static void setup(void)
{
    timers = (struct timers){0};
    order[0] = 0;
}

static void teardown(void)
{
    timers_clear(&timers);
}

START_TEST(test_timers_fire_by_time_then_by_age)
{
    uint64_t due = 0;

    timers_set(&timers, 20, append, "c");
    timers_set(&timers, 10, append, "a");
    timers_set(&timers, 20, append, "d");
    timers_set(&timers, 10, append, "b");
    ck_assert(timers_next(&timers, &due));
    ck_assert_uint_eq(due, 10);
    ck_assert(!timers_fire(&timers, 9));
    while (timers_fire(&timers, 19))
        ;
    ck_assert_str_eq(order, "ab");
    while (timers_fire(&timers, 20))
        ;
    ck_assert_str_eq(order, "abcd");
    ck_assert(!timers_next(&timers, &due));
}
END_TEST

START_TEST(test_cancelled_timers_do_not_fire)
{
    static char gone[] = "x", stays[] = "y";

    timers_set(&timers, 1, append, gone);
    timers_set(&timers, 2, append, stays);
    timers_set(&timers, 3, append, gone);
    timers_cancel(&timers, gone);
    while (timers_fire(&timers, 5))
        ;
    ck_assert_str_eq(order, "y");
}
END_TEST

START_TEST(test_a_timer_may_set_another)
{
    timers_set(&timers, 7, again, "z");
    while (timers_fire(&timers, 7))
        ;
    ck_assert_str_eq(order, "zzz");
}
END_TEST

/* ---------------------------------------------------------------- messages */

static struct messages queue;

static struct message numbered(uint32_t number)
{
    return (struct message){.kind = MESSAGE_DEVICE, .address = 0xfee00000, .data = number};
}

static void put(uint32_t number)
{
    struct message message = numbered(number);

    messages_put(&queue, &message);
}

START_TEST(test_messages_keep_their_order_around_the_end_of_the_ring)
{
    struct message message;

    queue = (struct messages){0};
    for (uint32_t i = 0; i < 3 * MESSAGES_ROOM; i++) {
        put(i);
        put(i + 1000000);
        ck_assert(messages_take(&queue, &message));
        ck_assert_uint_eq(message.data, i % 2 ? i / 2 + 1000000 : i / 2);
        if (queue.count > MESSAGES_ROOM - 2)
            break;
    }
}
END_TEST

START_TEST(test_a_full_queue_merges_equals_and_loses_others)
{
    struct message message;

    queue = (struct messages){0};
    for (uint32_t i = 0; i < MESSAGES_ROOM; i++)
        put(i);
    put(MESSAGES_ROOM - 1);
    put(MESSAGES_ROOM);
    ck_assert_uint_eq(queue.merged, 1);
    ck_assert_uint_eq(queue.lost, 1);
    for (uint32_t i = 0; i < MESSAGES_ROOM; i++) {
        ck_assert(messages_take(&queue, &message));
        ck_assert_uint_eq(message.data, i);
    }
    ck_assert(!messages_take(&queue, &message));
}
END_TEST

static const struct {
    struct amdvi_irq irq;
    bool leaves;
    struct message message;
} irqs[] = {
    {{.cause = AMDVI_IRQ_EVENT, .deliverable = true, .address = 0xfee01000, .data = 0x41},
     true,
     {MESSAGE_OWN, 0xfee01000, 0x41}},
    {{.cause = AMDVI_IRQ_EVENT, .address = 0xfee01000, .data = 0x41}, false, {0}},
    {{.cause = AMDVI_IRQ_GA, .deliverable = true, .address = 0x100fee00000, .data = 0x23},
     true,
     {MESSAGE_OWN, 0x100fee00000, 0x23}},
    {{.cause = AMDVI_IRQ_EVENT, .guest = true, .deliverable = true, .address = 0xfee01000}, false, {0}},
    {{.cause = AMDVI_IRQ_VAPIC, .deliverable = true, .destination = 0x305, .vector = 0x77},
     true,
     {MESSAGE_DOORBELL, 0x305, 0x77}},
    {{.cause = AMDVI_IRQ_GAPPI, .deliverable = true, .address = 0xfee05000, .data = 0x66, .vector = 0x66},
     true,
     {MESSAGE_WAKE, 0xfee05000, 0x66}},
};

START_TEST(test_what_leaves_an_iommu)
{
    struct message message;

    queue = (struct messages){0};
    messages_put_irq(&queue, &irqs[_i].irq);
    ck_assert_int_eq(messages_take(&queue, &message), irqs[_i].leaves);
    if (!irqs[_i].leaves)
        return;
    ck_assert_int_eq(message.kind, irqs[_i].message.kind);
    ck_assert_uint_eq(message.address, irqs[_i].message.address);
    ck_assert_uint_eq(message.data, irqs[_i].message.data);
}
END_TEST

START_TEST(test_lost_on_demand)
{
    const struct message bell = {.kind = MESSAGE_DOORBELL};
    struct message message;

    queue = (struct messages){.lose = 2};
    put(1);
    messages_put(&queue, &bell);
    put(2);
    put(3);
    ck_assert_uint_eq(queue.lost, 2);
    ck_assert(messages_take(&queue, &message));
    ck_assert_int_eq(message.kind, MESSAGE_DOORBELL);
    ck_assert(messages_take(&queue, &message));
    ck_assert_uint_eq(message.data, 3);
}
END_TEST

/* ---------------------------------------------------------------- tables */

START_TEST(test_a_given_table_stays)
{
    struct acpi_tables tables = {.count = 0};

    ck_assert(acpi_put(&tables, "IVRS", "built", 5, false));
    ck_assert(acpi_put(&tables, "IVRS", "again", 5, false));
    ck_assert_mem_eq(acpi_find(&tables, "IVRS")->bytes, "again", 5);
    ck_assert(acpi_put(&tables, "IVRS", "mine", 4, true));
    ck_assert(acpi_put(&tables, "IVRS", "third", 5, false));
    ck_assert_uint_eq(acpi_find(&tables, "IVRS")->size, 4);
    ck_assert_mem_eq(acpi_find(&tables, "IVRS")->bytes, "mine", 4);
    ck_assert(acpi_put(&tables, "MCFG", "x", 1, true));
    ck_assert_uint_eq(tables.count, 2);
    ck_assert_ptr_null(acpi_find(&tables, "DSDT"));
    acpi_clear(&tables);
    ck_assert_ptr_null(acpi_find(&tables, "IVRS"));
}
END_TEST

START_TEST(test_tables_have_room_for_some)
{
    struct acpi_tables tables = {.count = 0};
    char signature[5] = "TAB0";

    for (unsigned i = 0; i < ACPI_TABLES_MAX; i++) {
        signature[3] = (char)('A' + i);
        ck_assert(acpi_put(&tables, signature, "x", 1, true));
    }
    ck_assert(!acpi_put(&tables, "MORE", "x", 1, true));
    ck_assert(acpi_put(&tables, signature, "y", 1, true));
    acpi_clear(&tables);
}
END_TEST

Suite *parts_suite(void)
{
    Suite *suite = suite_create("parts");
    TCase *clock = tcase_create("timers"), *others = tcase_create("messages and tables");

    tcase_add_checked_fixture(clock, setup, teardown);
    tcase_add_test(clock, test_timers_fire_by_time_then_by_age);
    tcase_add_test(clock, test_cancelled_timers_do_not_fire);
    tcase_add_test(clock, test_a_timer_may_set_another);
    tcase_add_test(others, test_messages_keep_their_order_around_the_end_of_the_ring);
    tcase_add_test(others, test_a_full_queue_merges_equals_and_loses_others);
    tcase_add_loop_test(others, test_what_leaves_an_iommu, 0, sizeof(irqs) / sizeof(irqs[0]));
    tcase_add_test(others, test_lost_on_demand);
    tcase_add_test(others, test_a_given_table_stays);
    tcase_add_test(others, test_tables_have_room_for_some);
    suite_add_tcase(suite, clock);
    suite_add_tcase(suite, others);
    return suite;
}
