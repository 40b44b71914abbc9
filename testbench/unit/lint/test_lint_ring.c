// SPDX-License-Identifier: Apache-2.0
/* The lint: what software does wrong with its ring and with the bases of rings and logs (2.2, 6.1). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>

/* ---------------------------------------------------------------- the ring (6.1) */

/* Software writes a command; the device does not run. */
static void write_command(uint32_t offset, uint64_t low)
{
    machine_poke(&m, MACHINE_COMMANDS + offset, low);
    machine_poke(&m, MACHINE_COMMANDS + offset + 8, 0);
}

static void set_tail(uint32_t offset)
{
    machine_set_register(&m, reg_info[REG_CMD_TAIL].offset, offset);
}

START_TEST(a_command_that_is_written_over_is_found)
{
    write_command(0, (uint64_t)CMD_INVALIDATE_DEVTAB_ENTRY << 60 | DEVICE);
    set_tail(16);
    if (_i)
        amdvi_run(m.device);
    machine_poke(&m, MACHINE_COMMANDS, (uint64_t)CMD_INVALIDATE_INTERRUPT_TABLE << 60 | DEVICE);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_RING_OVERWRITTEN, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.word, MACHINE_COMMANDS);
}
END_TEST

/* A recorder tells the command when the device fetches it, behind the doorbell; then it is written over, or
 * not. */
START_TEST(a_command_that_is_told_late_is_no_overwriting)
{
    set_tail(16);
    write_command(0, (uint64_t)CMD_INVALIDATE_DEVTAB_ENTRY << 60 | DEVICE);
    ck_assert_msg(findings == 0, "%s", text);
    if (_i) {
        amdvi_run(m.device);
        for (uint32_t slot = 1; slot <= 512; slot++) { /* once around the ring */
            set_tail((slot + 1) % 512 * 16);
            write_command(slot % 512 * 16, (uint64_t)CMD_INVALIDATE_DEVTAB_ENTRY << 60 | DEVICE);
            amdvi_run(m.device);
        }
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    machine_poke(&m, MACHINE_COMMANDS, (uint64_t)CMD_INVALIDATE_INTERRUPT_TABLE << 60 | DEVICE);
    expect_one(AMDVI_LINT_RING_OVERWRITTEN, AMDVI_LINT_MISTAKE);
}
END_TEST

START_TEST(a_command_beyond_the_tail_is_found)
{
    uint64_t written;

    write_command(0, (uint64_t)CMD_INVALIDATE_DEVTAB_ENTRY << 60 | DEVICE);
    written = step();
    write_command(16, (uint64_t)CMD_INVALIDATE_INTERRUPT_TABLE << 60 | DEVICE);
    set_tail(_i ? 32 : 16);
    amdvi_run(m.device);
    amdvi_lint_finish(lint);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_UNSEEN_COMMAND, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.word, MACHINE_COMMANDS + 16);
    ck_assert_uint_eq(found.at.line, written);
}
END_TEST

/* Waits are queued out of order: the number was taken before the lock. */
START_TEST(numbers_of_waits_that_go_back_are_found)
{
    for (unsigned i = 0; i < 8; i++)
        machine_wait(&m);
    if (!_i)
        m.stores -= 2;
    machine_wait(&m);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_WAIT_BACKWARDS, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.word, MACHINE_STORE);
    ck_assert_uint_eq(found.old_value, 8);
    ck_assert_uint_eq(found.new_value, 7);
}
END_TEST

/* A kernel that another one has started sets up the ring, maybe at the same place, and counts from 1. */
START_TEST(who_sets_up_the_ring_counts_its_waits_anew)
{
    uint64_t control = machine_register(&m, 0x18), base = machine_register(&m, 0x08);

    for (unsigned i = 0; i < 8; i++)
        machine_wait(&m);
    machine_set_register(&m, 0x18, 0);
    machine_set_register(&m, 0x08, base);
    machine_set_register(&m, 0x2000, 0);
    machine_set_register(&m, 0x2008, 0);
    machine_set_register(&m, 0x18, control);
    m.tail = 0;
    m.stores = 0;
    machine_wait(&m);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

START_TEST(one_number_for_all_waits_is_silent)
{
    for (unsigned i = 0; i < 8; i++) {
        m.stores = 0;
        machine_wait(&m);
    }
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* ---------------------------------------------------------------- bases (2.2) */

/* A kernel that takes over from one that has crashed moves bases of running units. */
START_TEST(a_base_that_moves_is_a_note_unless_something_is_lost)
{
    if (_i) {
        machine_read(&m, DEVICE, IOVA + 0x100000); /* a fault, and its record is never read */
        ck_assert_uint_eq(machine_events(&m), 1);
    }
    machine_set_register(&m, reg_info[REG_EVENT_BASE].offset, UINT64_C(9) << 56 | 0x70000);
    expect_one(AMDVI_LINT_BASE_WHILE_RUNNING, _i ? AMDVI_LINT_MISTAKE : AMDVI_LINT_NOTE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *tests = tcase_create("ring");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_command_that_is_written_over_is_found, 0, 2);
    tcase_add_loop_test(tests, a_command_that_is_told_late_is_no_overwriting, 0, 2);
    tcase_add_loop_test(tests, a_command_beyond_the_tail_is_found, 0, 2);
    tcase_add_loop_test(tests, numbers_of_waits_that_go_back_are_found, 0, 2);
    tcase_add_test(tests, who_sets_up_the_ring_counts_its_waits_anew);
    tcase_add_test(tests, one_number_for_all_waits_is_silent);
    tcase_add_loop_test(tests, a_base_that_moves_is_a_note_unless_something_is_lost, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
