// SPDX-License-Identifier: Apache-2.0
/* The lint: pointers and modes that are not software's to change while their unit runs (2.4, 2.8). Each is
 * found, and the same write to a unit that stands is silent. */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

static uint64_t get(unsigned id)
{
    return machine_register(&m, reg_info[id].offset);
}

static void set(unsigned id, uint64_t value)
{
    step();
    machine_set_register(&m, reg_info[id].offset, value);
}

/* Both sides of the logs that have two, and the log of guest interrupts. */
static void run_all_units(void)
{
    static const unsigned more[] = {REG_EVENT_B_BASE, REG_PPR_B_BASE, REG_GA_BASE};
    uint64_t control = get(REG_CONTROL);

    set(REG_CONTROL, 0);
    for (unsigned i = 0; i < 3; i++)
        set(more[i], UINT64_C(9) << 56 | (0x50000 + 0x2000 * i));
    control = reg_control_set_dualeventlogen(control | REG_CONTROL_GALOGEN_MASK, 2);
    set(REG_CONTROL, reg_control_set_dualpprlogen(control, 2));
    ck_assert_msg(findings == 0, "%s", text);
}

static void stop_all_units(void)
{
    set(REG_CONTROL, 0);
    ck_assert_msg(findings == 0, "%s", text);
}

static void expect(unsigned id, uint64_t old, uint64_t new, const char *rule)
{
    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, AMDVI_LINT_REGISTER_WHILE_RUNNING);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.at.line, line);
    ck_assert_uint_eq(found.word, reg_info[id].offset);
    ck_assert_uint_eq(found.old_value, old);
    ck_assert_uint_eq(found.new_value, new);
    ck_assert_msg(strstr(text, rule) != NULL, "%s", text);
}

/* ---------------------------------------------------------------- hardware's pointers */

static const unsigned hardwares[] = {REG_CMD_HEAD, REG_EVENT_TAIL, REG_EVENT_B_TAIL,
                                     REG_PPR_TAIL, REG_PPR_B_TAIL, REG_GA_TAIL};

enum { HARDWARES = sizeof(hardwares) / sizeof(*hardwares) };

START_TEST(a_pointer_of_hardware_is_not_softwares)
{
    run_all_units();
    set(hardwares[_i], 0); /* it is there already */
    ck_assert_uint_eq(findings, 0);
    set(hardwares[_i], 0x20);
    expect(hardwares[_i], 0, 0x20, "hardware moves this pointer");
}
END_TEST

START_TEST(a_pointer_of_a_ring_that_stands_is_free)
{
    stop_all_units();
    set(hardwares[_i], 0x20);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* ---------------------------------------------------------------- software's pointers */

static void put_command(uint32_t offset)
{
    machine_poke(&m, MACHINE_COMMANDS + offset, (uint64_t)CMD_INVALIDATE_DEVTAB_ENTRY << 60 | DEVICE);
    machine_poke(&m, MACHINE_COMMANDS + offset + 8, 0);
}

/* Three commands are given and none is fetched. 0: one more; 1: one is taken back; 2: beyond the ring. */
START_TEST(the_tail_of_commands_moves_over_new_ones)
{
    static const uint32_t tails[] = {0x40, 0x20, 0x2000};

    for (unsigned i = 0; i < 4; i++)
        put_command(16 * i);
    set(REG_CMD_TAIL, 0x30);
    set(REG_CMD_TAIL, tails[_i]);
    if (_i == 0)
        ck_assert_msg(findings == 0, "%s", text);
    else
        expect(REG_CMD_TAIL, 0x30, tails[_i], "only over new commands");
}
END_TEST

/* Two records lie in the log. 0, 1: one is given back, both are; 2: more than there are; 3: beyond the ring;
 * 4: to the start again. */
START_TEST(the_head_of_a_log_moves_over_records_that_are_there)
{
    static const uint32_t heads[] = {0x10, 0x20, 0x30, 0x2000, 0};

    ask(IOVA + 0x100000);
    ask(IOVA + 0x100000);
    ck_assert_uint_eq(get(REG_EVENT_TAIL), 0x20);
    if (_i == 4)
        set(REG_EVENT_HEAD, 0x20);
    set(REG_EVENT_HEAD, heads[_i]);
    if (_i < 2)
        ck_assert_msg(findings == 0, "%s", text);
    else
        expect(REG_EVENT_HEAD, _i == 4 ? 0x20 : 0, heads[_i], "records that are there");
}
END_TEST

START_TEST(pointers_of_software_are_free_while_the_ring_stands)
{
    stop_all_units();
    set(REG_EVENT_HEAD, 0x30);
    set(REG_CMD_TAIL, 0x30);
    set(REG_CMD_TAIL, 0);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* ---------------------------------------------------------------- modes */

#define SEGMENTS   (UINT64_C(1) << 34) /* DevTblSegEn */
#define GUEST_MODE (UINT64_C(1) << 25) /* GAMEn */

static const uint64_t modes[] = {
    REG_CONTROL_GTEN_MASK, REG_CONTROL_GAEN_MASK,        SEGMENTS, GUEST_MODE,
    UINT64_C(1) << 43, /* NumIntRemapMode */
    REG_CONTROL_XTEN_MASK, REG_CONTROL_GCR3TRPMODE_MASK,
};

enum { MODES = sizeof(modes) / sizeof(*modes) };

/* Devices use host tables, guest tables and interrupts, on a part that has the mode. */
static void use_everything(int mode)
{
    again_with("preset", modes[mode] == SEGMENTS ? "milan" : "turin");
    if (modes[mode] == GUEST_MODE) /* what counts is that it is taken away */
        set(REG_CONTROL, get(REG_CONTROL) | GUEST_MODE);
    ck_assert(ask(IOVA).ok);
    ck_assert(ask_guest(PASID, GVA).ok);
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
}

START_TEST(a_mode_that_changes_under_running_translation_is_found)
{
    uint64_t old;

    use_everything(_i);
    old = get(REG_CONTROL);
    set(REG_CONTROL, old ^ modes[_i]);
    expect(REG_CONTROL, old, old ^ modes[_i], "read in the other way");
}
END_TEST

/* GTEn before any device has guest tables, as Linux 6.1 does, and formats of interrupts before there are any.
 */
START_TEST(a_mode_that_nobody_uses_may_change)
{
    set(REG_CONTROL, get(REG_CONTROL) ^ modes[_i]);
    ck_assert_msg(findings == 0, "%s", text);
    ask(IOVA); /* a host table; interrupts, too, are remapped */
    set(REG_CONTROL, get(REG_CONTROL) ^ REG_CONTROL_GTEN_MASK);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* Entries that are there have GuestMode=0, which both values of GAMEn read alike. */
START_TEST(guest_mode_may_be_added_to_running_remapping)
{
    again_with("preset", "turin");
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    set(REG_CONTROL, get(REG_CONTROL) | GUEST_MODE);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

START_TEST(a_mode_that_is_settled_before_is_silent)
{
    uint64_t old;

    use_everything(_i);
    old = get(REG_CONTROL);
    set(REG_CONTROL, old & ~REG_CONTROL_IOMMUEN_MASK);
    set(REG_CONTROL, (old ^ modes[_i]) & ~REG_CONTROL_IOMMUEN_MASK);
    set(REG_CONTROL, old ^ modes[_i]);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* Drivers set these under running translation, and may: logs, interrupts, page requests, guests (7.7, 7.8,
 * viommu 7.4). */
START_TEST(switches_of_units_are_free)
{
    static const uint64_t switches[] = {
        REG_CONTROL_EVENTLOGEN_MASK, REG_CONTROL_EVENTINTEN_MASK, REG_CONTROL_COMWAITINTEN_MASK,
        REG_CONTROL_CMDBUFEN_MASK,   REG_CONTROL_PPRLOGEN_MASK,   REG_CONTROL_PPREN_MASK,
        REG_CONTROL_GALOGEN_MASK,    REG_CONTROL_GAINTEN_MASK,    REG_CONTROL_EPHEN_MASK,
        REG_CONTROL_VCMDEN_MASK,     REG_CONTROL_VIOMMUEN_MASK,   REG_CONTROL_IOMMUEN_MASK};

    for (unsigned i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
        set(REG_CONTROL, get(REG_CONTROL) ^ switches[i]);
        set(REG_CONTROL, get(REG_CONTROL) ^ switches[i]);
    }
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registers under lint");
    TCase *tests = tcase_create("registers");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_pointer_of_hardware_is_not_softwares, 0, HARDWARES);
    tcase_add_loop_test(tests, a_pointer_of_a_ring_that_stands_is_free, 0, HARDWARES);
    tcase_add_loop_test(tests, the_tail_of_commands_moves_over_new_ones, 0, 3);
    tcase_add_loop_test(tests, the_head_of_a_log_moves_over_records_that_are_there, 0, 5);
    tcase_add_test(tests, pointers_of_software_are_free_while_the_ring_stands);
    tcase_add_loop_test(tests, a_mode_that_changes_under_running_translation_is_found, 0, MODES);
    tcase_add_loop_test(tests, a_mode_that_nobody_uses_may_change, 0, MODES);
    tcase_add_test(tests, guest_mode_may_be_added_to_running_remapping);
    tcase_add_loop_test(tests, a_mode_that_is_settled_before_is_silent, 0, MODES);
    tcase_add_test(tests, switches_of_units_are_free);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
