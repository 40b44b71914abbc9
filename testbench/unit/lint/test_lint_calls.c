// SPDX-License-Identifier: Apache-2.0
/* The lint as an object: its arguments, its memory, the observer behind it, what it counts, what it hears of
 * registers and of software's writes. */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void read_page(void)
{
    step();
    machine_read(&m, DEVICE, IOVA);
}

static uint64_t leaf(void)
{
    return machine_host_entry(&m, root, 3, 1, IOVA);
}

/* ---------------------------------------------------------------- arguments */

static void refused(enum amdvi_status status)
{
    ck_assert_int_eq(status, AMDVI_ERR_ARGUMENT);
}

START_TEST(arguments_are_checked)
{
    struct amdvi_lint_statistics s;
    struct amdvi_lint *other;

    refused(amdvi_lint_create(m.device, NULL, NULL));
    refused(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.log2_words = 9}, &other));
    refused(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.log2_words = 21}, &other));
    refused(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.processors = 65}, &other));
    refused(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.regime = (enum amdvi_lint_regime)3},
                              &other));
    refused(amdvi_lint_place(NULL, 1));
    refused(amdvi_lint_rely(NULL));
    refused(amdvi_lint_move(lint, NULL));
    refused(amdvi_lint_move(NULL, m.device));
    ck_assert_int_eq(amdvi_lint_regime_of(NULL, 0), AMDVI_LINT_AUTO);
    refused(amdvi_lint_write(NULL, 0, "x", 1));
    refused(amdvi_lint_fill(NULL, 0, 0, 1));
    refused(amdvi_lint_fill(lint, 2, 0, UINT64_MAX));
    refused(amdvi_lint_read(NULL, 0, 1));
    refused(amdvi_lint_finish(NULL));
    refused(amdvi_lint_statistics(NULL, &s));
    refused(amdvi_lint_statistics(lint, NULL));
    amdvi_lint_destroy(NULL);
}
END_TEST

START_TEST(writes_of_no_length_change_nothing)
{
    read_page();
    ck_assert_int_eq(amdvi_lint_write(lint, leaf(), "x", 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_fill(lint, leaf(), 0, 0), AMDVI_OK);
    ck_assert_uint_eq(statistics().writes, 0);
    ck_assert_int_eq(amdvi_lint_fill(lint, leaf(), 0, 1), AMDVI_OK);
    ck_assert_uint_eq(statistics().writes, 1);
}
END_TEST

/* ---------------------------------------------------------------- memory of its own */

static struct {
    unsigned asked, fail_at, live;
} blocks;

static void *allocate(void *context, size_t bytes)
{
    (void)context;
    if (++blocks.asked == blocks.fail_at)
        return NULL;
    blocks.live++;
    return malloc(bytes);
}

static void release(void *context, void *block)
{
    (void)context;
    blocks.live -= block != NULL;
    free(block);
}

/* A lint asks for memory five times; each time there may be none. */
START_TEST(without_memory_there_is_no_lint)
{
    struct amdvi_allocator allocator = {.allocate = allocate, .release = release};
    struct amdvi_memory memory = {0};
    struct amdvi_device *device;
    struct amdvi_lint *other = NULL;
    unsigned before;

    memset(&blocks, 0, sizeof(blocks));
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, &allocator, &device), AMDVI_OK);
    before = blocks.live;
    blocks.fail_at = blocks.asked + 1 + (unsigned)_i;
    ck_assert_int_eq(amdvi_lint_create(device, NULL, &other), _i < 7 ? AMDVI_ERR_NO_MEMORY : AMDVI_OK);
    ck_assert_uint_eq(blocks.live, _i < 7 ? before : before + 7);
    amdvi_lint_destroy(other);
    ck_assert_uint_eq(blocks.live, before);
    amdvi_destroy(device);
}
END_TEST

static void count_note(void *context, const struct amdvi_lint_finding *finding)
{
    unsigned *notes = context;

    *notes += finding->severity == AMDVI_LINT_NOTE;
}

/* A stale answer that cannot be followed for want of memory is not lost in silence. */
START_TEST(stale_answers_that_are_not_followed_are_told)
{
    struct amdvi_allocator allocator = {.allocate = allocate, .release = release};
    struct amdvi_memory memory = {.direct = m.ram, .direct_size = MACHINE_RAM};
    struct amdvi_request request = {.device = DEVICE, .address = IOVA, .length = 4};
    struct amdvi_lint_statistics s;
    struct amdvi_device *device;
    struct amdvi_result result;
    struct amdvi_lint *other;
    unsigned notes = 0;

    memset(&blocks, 0, sizeof(blocks));
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, &allocator, &device), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_create(device,
                                       &(struct amdvi_lint_options){.context = &notes, .finding = count_note},
                                       &other),
                     AMDVI_OK);
    amdvi_mmio_write(device, reg_info[REG_DEVTAB_BASE].offset, 8, MACHINE_DEVICES | 0x1ff);
    amdvi_mmio_write(device, reg_info[REG_CONTROL].offset, 8, 1);
    amdvi_translate(device, &request, &result);
    machine_poke(&m, leaf(), 0);
    blocks.fail_at = blocks.asked + 1;
    amdvi_translate(device, &request, &result);
    ck_assert_uint_eq(notes, 1);
    ck_assert_int_eq(amdvi_lint_statistics(other, &s), AMDVI_OK);
    ck_assert_uint_eq(s.lost, 1);
    amdvi_translate(device, &request, &result); /* now there is memory */
    amdvi_lint_finish(other);
    amdvi_lint_statistics(other, &s);
    ck_assert_uint_eq(s.findings[AMDVI_LINT_STALE_ENTRY], 2);
    ck_assert_uint_eq(notes, 1);
    amdvi_lint_destroy(other);
    amdvi_destroy(device);
    ck_assert_uint_eq(blocks.live, 0);
}
END_TEST

/* ---------------------------------------------------------------- who hears what */

struct heard {
    unsigned accesses, requests, interrupts, commands, events, registers, hits;
};

static struct heard heard;

static void on_access(void *context, const struct amdvi_access_info *info)
{
    heard.accesses += info->length > 0;
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    heard.requests += request->device == DEVICE;
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    heard.interrupts += requester == DEVICE;
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    heard.commands += info->legal;
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    heard.events += info->logged;
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    heard.registers += size == 8;
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    heard.hits += info->caches != 0;
}

/* Something for each function of an observer. */
static void work(void)
{
    read_page();
    read_page();
    machine_read(&m, DEVICE, IOVA + 0x100000); /* nothing there: an event */
    machine_interrupt(&m, DEVICE, 3);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_register(&m, reg_info[REG_CONTROL].offset);
}

static struct heard hear(bool with_lint)
{
    static const struct amdvi_observer observer = {.access = on_access,
                                                   .request = on_request,
                                                   .interrupt = on_interrupt,
                                                   .command = on_command,
                                                   .event = on_event,
                                                   .mmio = on_mmio,
                                                   .hit = on_hit};

    teardown();
    setup();
    amdvi_lint_destroy(lint);
    lint = NULL;
    m.wrote = NULL;
    ck_assert_int_eq(amdvi_observe(m.device, &observer), AMDVI_OK);
    if (with_lint)
        attach();
    memset(&heard, 0, sizeof(heard));
    work();
    return heard;
}

START_TEST(the_former_observer_hears_what_it_heard_without)
{
    struct heard without = hear(false), with = hear(true);

    ck_assert(without.accesses && without.requests && without.interrupts && without.commands);
    ck_assert(without.events && without.registers && without.hits);
    ck_assert_mem_eq(&with, &without, sizeof(with));
}
END_TEST

START_TEST(without_a_callback_findings_are_counted)
{
    amdvi_lint_destroy(lint);
    ck_assert_int_eq(amdvi_lint_create(m.device, NULL, &lint), AMDVI_OK);
    read_page();
    machine_poke(&m, leaf(), 0);
    read_page();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_STALE_ENTRY], 1);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* ---------------------------------------------------------------- registers */

static const unsigned bases[] = {REG_DEVTAB_BASE, REG_CMD_BASE,   REG_EVENT_BASE, REG_EVENT_B_BASE,
                                 REG_PPR_BASE,    REG_PPR_B_BASE, REG_GA_BASE};

enum { BASES = sizeof(bases) / sizeof(bases[0]) };

/* All logs run, both sides of those that have two. */
static void run_all_units(void)
{
    uint64_t control = machine_register(&m, reg_info[REG_CONTROL].offset);
    static const unsigned more[] = {REG_EVENT_B_BASE, REG_PPR_B_BASE, REG_GA_BASE};

    machine_set_register(&m, reg_info[REG_CONTROL].offset, 0);
    for (unsigned i = 0; i < 3; i++)
        machine_set_register(&m, reg_info[more[i]].offset, UINT64_C(9) << 56 | (0x50000 + 0x2000 * i));
    control = reg_control_set_dualeventlogen(control | REG_CONTROL_GALOGEN_MASK, 2);
    machine_set_register(&m, reg_info[REG_CONTROL].offset, reg_control_set_dualpprlogen(control, 2));
    findings = 0;
}

START_TEST(a_base_register_of_a_running_unit_is_watched)
{
    uint64_t offset = reg_info[bases[_i]].offset, value;

    run_all_units();
    value = machine_register(&m, offset);
    machine_set_register(&m, offset, value);
    ck_assert_uint_eq(findings, 0);
    machine_set_register(&m, offset, value ^ 0x100000);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_BASE_WHILE_RUNNING);
    ck_assert_uint_eq(found.word, offset);
    ck_assert_uint_eq(found.old_value, value);
    ck_assert_uint_eq(found.new_value, value ^ 0x100000);
}
END_TEST

START_TEST(a_base_register_of_a_unit_that_stands_is_free)
{
    machine_set_register(&m, reg_info[REG_CONTROL].offset, 0);
    machine_set_register(&m, reg_info[bases[_i]].offset, 0x0900000000070000);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

START_TEST(half_a_base_register_is_watched)
{
    uint64_t offset = reg_info[REG_EVENT_BASE].offset, old = machine_register(&m, offset);

    ck_assert_int_eq(amdvi_mmio_write(m.device, offset + (_i ? 4 : 0), 4, 0x70000), AMDVI_OK);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, offset);
    ck_assert_uint_eq(found.new_value, _i ? (old & UINT32_MAX) | UINT64_C(0x70000) << 32
                                          : (old & ~(uint64_t)UINT32_MAX) | 0x70000);
}
END_TEST

/* Registers of 4 bytes, and offsets beyond all of them: nothing that the lint knows about. */
START_TEST(other_registers_are_silent)
{
    static const uint64_t offsets[] = {0x15c, 0x3f0, 0x40000, 0x4020};

    ck_assert_int_eq(amdvi_mmio_write(m.device, offsets[_i], 4, 0x1234), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* ---------------------------------------------------------------- what is counted */

START_TEST(reads_of_stores_are_counted_once)
{
    machine_wait(&m);
    ck_assert_uint_eq(statistics().stores_unread, 1);
    amdvi_lint_read(lint, MACHINE_STORE - 8, 8);
    amdvi_lint_read(lint, MACHINE_STORE + 8, 8);
    ck_assert_uint_eq(statistics().stores_unread, 1);
    amdvi_lint_read(lint, MACHINE_STORE - 0x100, 0x1000);
    amdvi_lint_read(lint, MACHINE_STORE, 8);
    ck_assert_uint_eq(statistics().stores_unread, 0);
}
END_TEST

static void flush(uint16_t domain, bool gn, uint32_t pasid, bool pde, uint64_t address)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_gn(words, gn);
    cmd_inv_pages_set_pasid(words, pasid);
    cmd_inv_pages_set_pde(words, pde);
    cmd_inv_pages_set_address(words, address);
    machine_command(&m, words[0], words[1]);
}

/* Whether the command drops anything of a page at IOVA and of one at GVA of a guest. */
static const struct {
    uint16_t domain;
    bool gn;
    uint32_t pasid;
    uint64_t address;
    bool superfluous;
} flushes[] = {
    {DOMAIN, false, 0, IOVA, false},
    {DOMAIN, false, 0, IOVA + 0x40000000, true},
    {DOMAIN, true, 0, IOVA, true},
    {DOMAIN + 2, false, 0, IOVA, true},
    {DOMAIN + 1, true, PASID, GVA, false},
    {DOMAIN + 1, true, PASID + 1, GVA, true},
    {DOMAIN + 1, true, PASID, UINT64_C(0xfffff00000000000), false}, /* the GCR3 entry */
    {DOMAIN + 1, false, 0, 0x123000, false},                        /* GN=0: guest pages go along */
};

START_TEST(commands_that_cover_nothing_are_counted)
{
    read_page();
    machine_read_pasid(&m, OTHER, PASID, GVA);
    flush(flushes[_i].domain, flushes[_i].gn, flushes[_i].pasid, true, flushes[_i].address);
    ck_assert_uint_eq(statistics().invalidations, 1);
    ck_assert_uint_eq(statistics().superfluous_invalidations, flushes[_i].superfluous);
}
END_TEST

/* Only directories are left for the second command, only nothing for the third. */
START_TEST(a_command_may_cover_directories_only)
{
    read_page();
    flush(DOMAIN, false, 0, false, IOVA);
    flush(DOMAIN, false, 0, true, IOVA);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 0);
    flush(DOMAIN, false, 0, true, IOVA);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 1);
}
END_TEST

/* ---------------------------------------------------------------- software's writes */

/* Four bytes of a table word: the other four stay. */
START_TEST(half_a_word_that_is_written_keeps_the_other_half)
{
    uint64_t old = machine_peek(&m, leaf());
    uint32_t half = (uint32_t)(_i ? old >> 32 : old) ^ (_i ? 1u << 30 : 0x5000);

    read_page();
    step();
    amdvi_lint_write(lint, leaf() + (_i ? 4 : 0), &half, 4);
    memcpy(m.ram + leaf() + (_i ? 4 : 0), &half, 4);
    machine_write(&m, DEVICE, IOVA);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, leaf());
    ck_assert_uint_eq(found.old_value, old);
    ck_assert_uint_eq(found.new_value, machine_peek(&m, leaf()));
    ck_assert_uint_eq(found.changed.line, 2);
}
END_TEST

/* More bytes than words are remembered, where no table is. */
START_TEST(a_large_write_elsewhere_changes_nothing)
{
    again(&(struct amdvi_lint_options){.log2_words = 10});
    read_page();
    amdvi_lint_fill(lint, MACHINE_DATA, 0xff, 0x100000);
    ck_assert_uint_eq(statistics().writes, 0);
    amdvi_lint_fill(lint, MACHINE_HEAP, 0, 0x100000);
    ck_assert_uint_gt(statistics().writes, 2);
}
END_TEST

static void add_counts(TCase *tests)
{
    tcase_add_test(tests, reads_of_stores_are_counted_once);
    tcase_add_loop_test(tests, commands_that_cover_nothing_are_counted, 0,
                        sizeof(flushes) / sizeof(flushes[0]));
    tcase_add_test(tests, a_command_may_cover_directories_only);
    tcase_add_loop_test(tests, half_a_word_that_is_written_keeps_the_other_half, 0, 2);
    tcase_add_test(tests, a_large_write_elsewhere_changes_nothing);
}

int main(void)
{
    Suite *suite = suite_create("lint, the object");
    TCase *tests = tcase_create("calls");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, writes_of_no_length_change_nothing);
    tcase_add_loop_test(tests, without_memory_there_is_no_lint, 0, 8);
    tcase_add_test(tests, stale_answers_that_are_not_followed_are_told);
    tcase_add_test(tests, the_former_observer_hears_what_it_heard_without);
    tcase_add_test(tests, without_a_callback_findings_are_counted);
    tcase_add_loop_test(tests, a_base_register_of_a_running_unit_is_watched, 0, BASES);
    tcase_add_loop_test(tests, a_base_register_of_a_unit_that_stands_is_free, 0, BASES);
    tcase_add_loop_test(tests, half_a_base_register_is_watched, 0, 2);
    tcase_add_loop_test(tests, other_registers_are_silent, 0, 4);
    add_counts(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
