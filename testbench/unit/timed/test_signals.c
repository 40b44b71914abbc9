// SPDX-License-Identifier: Apache-2.0
/*
 * When interrupts, page requests and records of faults are through. Link 8, an L2 array 3, a read 150, a
 * write 100, an interrupt's way 500, PCIe 450.
 */
#include "testbench/unit/timed/stage.h"

#include <string.h>

enum { LINK = 8, ARRAY = 3, READ = 150, WRITE = 100, WAY = 450, INTERRUPT = 500 };

static struct stage s;

static void open_interrupts(const char *settings)
{
    uint64_t root;

    stage_open(&s, settings, NULL);
    root = machine_page(&s.machine);
    machine_dte_interrupts(&s.machine, DEVICE, root, 5);
    machine_irte(&s.machine, root, 3, 0x51);
}

static void interrupt(uint64_t at_ns, uint64_t tag)
{
    ck_assert_int_eq(amdvi_timed_interrupt(s.timed, at_ns * NS, 0, DEVICE, 0xfee00000, 3, tag), AMDVI_OK);
}

/* The device's entry, then the table's; the second time both are cached: one lookup behind the other. */
START_TEST(an_interrupt)
{
    open_interrupts("");
    interrupt(0, 1);
    stage_ends_at(&s, 1, LINK + ARRAY + READ + ARRAY + READ + INTERRUPT);
    interrupt(5000, 2);
    stage_ends_at(&s, 2, 5000 + LINK + 2 * ARRAY + INTERRUPT);
    stage_close(&s);
}
END_TEST

START_TEST(the_way_of_an_interrupt)
{
    open_interrupts("interrupt.latency=2us,link.latency=0,l2a.latency=0");
    interrupt(0, 1);
    stage_ends_at(&s, 1, 2 * READ + 2000);
    stage_close(&s);
}
END_TEST

/* There over PCIe, the entry is read, a record is written, and back. */
START_TEST(a_page_request)
{
    struct amdvi_page_request request = {.device = DEVICE, .read = true, .last = true, .address = IOVA};

    stage_open(&s, "", NULL);
    stage_allow_page_requests(&s);
    ck_assert_int_eq(amdvi_timed_page_request(s.timed, 0, 0, &request, 1), AMDVI_OK);
    stage_ends_at(&s, 1, WAY + LINK + ARRAY + READ + WRITE + LINK + WAY);
    stage_close(&s);
}
END_TEST

/* A walk that ends at an entry that is not there: the requester's answer comes when the record is written. */
START_TEST(a_fault)
{
    uint64_t cold = 1 + LINK + ARRAY + READ + (ARRAY + 2) + ARRAY + 4 * READ;

    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(PAGES), 1);
    stage_ends_at(&s, 1, cold + WRITE + LINK);
    ck_assert(!s.ends[1].ok);
    ck_assert_uint_eq(machine_events(&s.machine), 1);
    stage_close(&s);
}
END_TEST

/* A register takes the doorbell's way and nothing else. */
START_TEST(a_register)
{
    const struct amdvi_register_access access = {.space = AMDVI_SPACE_MMIO, .size = 8, .offset = 0x18};

    stage_open(&s, "command.doorbell=70ns", NULL);
    ck_assert_int_eq(amdvi_timed_register(s.timed, 30 * NS, &access, 1), AMDVI_OK);
    stage_ends_at(&s, 1, 100);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signals");
    TCase *tests = tcase_create("signals");

    tcase_add_test(tests, an_interrupt);
    tcase_add_test(tests, the_way_of_an_interrupt);
    tcase_add_test(tests, a_page_request);
    tcase_add_test(tests, a_fault);
    tcase_add_test(tests, a_register);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
