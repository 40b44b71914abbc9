// SPDX-License-Identifier: Apache-2.0
/* The lint outlives its device's state: a reset, a restore in place, and one into a new device. What was
 * cached before is no matter after it; what is forgotten after it is found. */
#include "testbench/unit/lint/scene.h"

#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

static uint8_t *saved;
static size_t saved_size;

static void save(void)
{
    ck_assert_int_eq(amdvi_save(m.device, NULL, 0, &saved_size), AMDVI_ERR_TOO_SMALL);
    saved = malloc(saved_size);
    ck_assert_ptr_nonnull(saved);
    ck_assert_int_eq(amdvi_save(m.device, saved, saved_size, &saved_size), AMDVI_OK);
}

static void restore(void)
{
    ck_assert_int_eq(amdvi_restore(m.device, saved, saved_size), AMDVI_OK);
    free(saved);
}

/* On another machine: the old device goes. */
static void restore_elsewhere(void)
{
    struct amdvi_memory memory = {.direct = m.ram, .direct_size = MACHINE_RAM};
    struct amdvi_device *first = m.device;

    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &m.device), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_move(lint, m.device), AMDVI_OK);
    ck_assert_int_eq(amdvi_destroy(first), AMDVI_OK);
    restore();
}

/* The driver programs a device that has forgotten everything. */
static void reset(void)
{
    uint64_t control = machine_register(&m, reg_info[REG_CONTROL].offset);
    uint64_t commands = machine_register(&m, reg_info[REG_CMD_BASE].offset);

    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    free(saved);
    m.tail = 0;
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES | 0x1ff);
    machine_set_register(&m, reg_info[REG_CMD_BASE].offset, commands);
    machine_set_register(&m, reg_info[REG_CONTROL].offset,
                         control &
                             (REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_CMDBUFEN_MASK | REG_CONTROL_GTEN_MASK));
}

static void (*const ends[])(void) = {restore, restore_elsewhere, reset};

enum { ENDS = sizeof(ends) / sizeof(*ends) };

/* All that the lint holds back: a stale answer, one that was invalidated and not waited for, a directory. */
static void leave_open(void)
{
    for (unsigned i = 0; i < 4; i++)
        ask(IOVA + i * 0x1000);
    unmap_page(IOVA);
    ask(IOVA);
    unmap_page(IOVA + 0x1000);
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x1000);
    save();
}

START_TEST(what_was_held_back_before_is_dropped)
{
    leave_open();
    ends[_i]();
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x5000); /* of the driver's next operation */
    unmap_page(IOVA + 0x6000);
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x6000);
    machine_wait(&m);
    machine_wait(&m);
    ck_assert_msg(reported() == 0, "%s", text);
    ck_assert_uint_ge(statistics().windows, 1);
}
END_TEST

START_TEST(what_is_forgotten_after_it_is_found)
{
    uint64_t changed;

    leave_open();
    ends[_i]();
    ck_assert(ask(IOVA + 0x2000).ok);
    unmap_page(IOVA + 0x2000);
    changed = line;
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x3000); /* the wrong one */
    machine_wait(&m);
    ck_assert(ask(IOVA + 0x2000).ok);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ENTRY);
    ck_assert_uint_eq(found.word, leaf_of(IOVA + 0x2000));
    ck_assert_uint_eq(found.changed.line, changed);
    ck_assert_int_eq(found.lack, AMDVI_LINT_LACKS_RANGE);
}
END_TEST

START_TEST(the_right_way_after_it_is_silent)
{
    leave_open();
    ends[_i]();
    ck_assert(ask(IOVA + 0x2000).ok);
    unmap_page(IOVA + 0x2000);
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x2000);
    machine_wait(&m);
    ck_assert(!ask(IOVA + 0x2000).ok);
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the lint outlives states");
    TCase *tests = tcase_create("lives");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_was_held_back_before_is_dropped, 0, ENDS);
    tcase_add_loop_test(tests, what_is_forgotten_after_it_is_found, 0, ENDS);
    tcase_add_loop_test(tests, the_right_way_after_it_is_silent, 0, ENDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
