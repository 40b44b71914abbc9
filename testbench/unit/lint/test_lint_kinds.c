// SPDX-License-Identifier: Apache-2.0
/* The lint: mistakes that are no missing invalidations. Each is found with its blame, the right way is
 * silent. */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USED = 0x60, DIRTY = 0x40 };

static void expect(enum amdvi_lint_kind kind, enum amdvi_lint_severity severity)
{
    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, kind);
    ck_assert_int_eq(found.severity, severity);
    ck_assert_msg(strncmp(text, amdvi_lint_kind_name(kind), strlen(amdvi_lint_kind_name(kind))) == 0, "%s",
                  text);
}

/* ---------------------------------------------------------------- dirty bits (10.2) */

static struct amdvi_result write_guest(void)
{
    struct amdvi_request request = {
        .device = OTHER, .op = AMDVI_WRITE, .has_pasid = true, .pasid = PASID, .address = GVA, .length = 4};
    struct amdvi_result result;

    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    return result;
}

/* Software collects dirty bits: it clears them, and flushes or not. */
START_TEST(dirty_bits_that_are_cleared_without_a_flush_are_found)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA), cleared;

    ck_assert(write_guest().ok);
    ck_assert(machine_peek(&m, at) & DIRTY);
    cleared = step();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)DIRTY);
    if (_i)
        machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
    machine_wait(&m);
    ck_assert(write_guest().ok);
    ck_assert_int_eq((machine_peek(&m, at) & DIRTY) != 0, _i != 0);
    amdvi_lint_finish(lint);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect(AMDVI_LINT_STALE_DIRTY, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.word, at);
    ck_assert_uint_eq(found.changed.line, cleared);
}
END_TEST

START_TEST(a_read_needs_no_dirty_bit)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA);

    write_guest();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)DIRTY);
    ck_assert(ask_guest(PASID, GVA).ok);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

/* ---------------------------------------------------------------- rights that live on in translations (10.2)
 */

static void take_write(uint64_t *raw)
{
    dte_set_iw(raw, 0);
}

/* XSA-442: where a line keeps the rights of the entry it was made with, INVALIDATE_DEVTAB_ENTRY alone is not
 * enough. */
START_TEST(rights_that_lines_keep_need_their_pages_flushed)
{
    bool kept = _i < 2, flushed = _i & 1;

    again_with("ptc.dte_rights", kept ? "kept" : "looked_up");
    ck_assert(machine_write(&m, DEVICE, IOVA).ok);
    step();
    edit_entry(DEVICE, take_write);
    machine_invalidate_device(&m, DEVICE);
    if (flushed)
        machine_invalidate_domain(&m, DOMAIN);
    machine_wait(&m);
    ck_assert_int_eq(machine_write(&m, DEVICE, IOVA).ok, kept && !flushed);
    amdvi_lint_finish(lint);
    if (!kept || flushed) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PTC);
    ck_assert_uint_eq(found.word, machine_dte_address(DEVICE));
    ck_assert_uint_eq(cmd_inv_pages_domainid(found.needed), DOMAIN);
}
END_TEST

/* ---------------------------------------------------------------- entries in pieces */

/* 6.1 and 6.12 write the word with the root before the one with the DomainID; 16 bytes at once are whole. */
START_TEST(a_root_that_comes_before_its_domain_could_be_read)
{
    uint64_t at = machine_dte_address(DEVICE), raw[4];

    ask(IOVA);
    load_entry(DEVICE, raw);
    dte_set_host_root(raw, machine_page(&m));
    dte_set_domainid(raw, DOMAIN + 5);
    step();
    if (_i) {
        amdvi_lint_write(lint, at, raw, 16);
        memcpy(m.ram + at, raw, 16);
    } else {
        machine_poke(&m, at, raw[0]);
        machine_poke(&m, at + 8, raw[1]);
    }
    machine_invalidate_device(&m, DEVICE);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect(AMDVI_LINT_TORN_DTE, AMDVI_LINT_NOTE);
    ck_assert_uint_eq(found.request.device, DEVICE);
    ck_assert_uint_eq(found.domain, DOMAIN);
    ck_assert_uint_eq(found.got, raw[0]);
    ck_assert_msg(strstr(text, "under domain 0x7"), "%s", text);
}
END_TEST

/* With TV=0 first nothing is read that counts. */
START_TEST(a_door_that_is_closed_first_is_silent)
{
    uint64_t at = machine_dte_address(DEVICE), raw[4];

    ask(IOVA);
    load_entry(DEVICE, raw);
    machine_poke(&m, at, raw[0] & ~(uint64_t)2);
    machine_poke(&m, at + 8, DOMAIN + 5);
    dte_set_host_root(raw, machine_page(&m));
    machine_poke(&m, at, raw[0]);
    machine_invalidate_device(&m, DEVICE);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* Two updates, each whole, and no invalidation between: stale, not torn. */
START_TEST(two_updates_without_an_invalidation_are_not_torn)
{
    uint64_t at = machine_dte_address(DEVICE);

    ask(IOVA);
    machine_poke(&m, at, machine_peek(&m, at) & ~DTE_IW_MASK);
    machine_invalidate_device(&m, OTHER); /* the wrong one */
    machine_wait(&m);
    ask(IOVA);
    machine_poke(&m, at, machine_peek(&m, at) & ~DTE_IR_MASK);
    machine_wait(&m);
    ask(IOVA);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_TORN_DTE], 0);
    ck_assert_uint_ge(statistics().findings[AMDVI_LINT_STALE_ENTRY], 1);
}
END_TEST

/* The vector lies in the second word, the destination in the first. */
START_TEST(an_interrupt_entry_in_pieces_could_be_read)
{
    uint64_t at = interrupts + 3 * 16, first = machine_peek(&m, at);

    machine_interrupt(&m, DEVICE, 3);
    step();
    if (_i)
        machine_poke(&m, at, 0); /* RemapEn=0 first */
    machine_poke(&m, at + 8, 0x42);
    machine_poke(&m, at, first | 1 << 8);
    machine_invalidate_interrupts(&m, DEVICE);
    machine_wait(&m);
    if (_i)
        ck_assert_msg(findings == 0, "%s", text);
    else
        expect(AMDVI_LINT_TORN_IRTE, AMDVI_LINT_NOTE);
}
END_TEST

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
    expect(AMDVI_LINT_RING_OVERWRITTEN, AMDVI_LINT_MISTAKE);
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
    expect(AMDVI_LINT_RING_OVERWRITTEN, AMDVI_LINT_MISTAKE);
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
    expect(AMDVI_LINT_UNSEEN_COMMAND, AMDVI_LINT_MISTAKE);
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
    expect(AMDVI_LINT_WAIT_BACKWARDS, AMDVI_LINT_MISTAKE);
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
    expect(AMDVI_LINT_BASE_WHILE_RUNNING, _i ? AMDVI_LINT_MISTAKE : AMDVI_LINT_NOTE);
}
END_TEST

/* ---------------------------------------------------------------- page requests (9.4) */

static void let_request(uint64_t *raw)
{
    dte_set_ppr(raw, 1);
    dte_set_gprp(raw, 1);
}

static void withhold_pasid(uint64_t *raw)
{
    dte_set_gprp(raw, 0);
}

static void request_page(void)
{
    struct amdvi_page_request request = {.device = OTHER,
                                         .has_pasid = true,
                                         .pasid = PASID,
                                         .prg_index = 9,
                                         .read = true,
                                         .last = true,
                                         .address = GVA};
    struct amdvi_page_request_result result;

    edit_entry(OTHER, let_request);
    machine_invalidate_device(&m, OTHER);
    step();
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert(result.ok);
}

static void answer(uint32_t pasid)
{
    uint64_t words[2] = {0};

    cmd_complete_ppr_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, OTHER);
    cmd_complete_ppr_set_pasid(words, pasid);
    cmd_complete_ppr_set_gn(words, 1);
    cmd_complete_ppr_set_prgindex(words, 9);
    machine_command(&m, words[0], words[1]);
}

/* 0: never, 1: twice, 2: another PASID, 3: as it should be. */
START_TEST(a_group_is_answered_once_with_its_pasid)
{
    request_page();
    if (_i)
        answer(_i == 2 ? PASID + 1 : PASID);
    if (_i == 1)
        answer(PASID);
    amdvi_lint_finish(lint);
    if (_i == 3) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.index, 9);
    ck_assert_uint_eq(found.request.device, OTHER);
}
END_TEST

/* 0, 1 and Fh mean something (6.4). */
START_TEST(a_response_code_that_means_nothing_is_noted)
{
    static const uint64_t codes[] = {0, 1, 0xf, 2, 0xe};
    uint64_t words[2] = {0};

    request_page();
    cmd_complete_ppr_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, OTHER);
    cmd_complete_ppr_set_pasid(words, PASID);
    cmd_complete_ppr_set_gn(words, 1);
    cmd_complete_ppr_set_prgindex(words, 9);
    cmd_complete_ppr_set_response(words, codes[_i]);
    machine_command(&m, words[0], words[1]);
    if (_i < 3) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_NOTE);
    ck_assert_msg(strstr(text, "which means nothing") != NULL, "%s", text);
}
END_TEST

/* Linux sends GN=1 and never sets GPRP: the device gets no PASID. */
START_TEST(a_pasid_that_is_asked_for_and_withheld_is_noted)
{
    request_page();
    edit_entry(OTHER, withhold_pasid);
    machine_invalidate_device(&m, OTHER);
    ask_guest(PASID, GVA);
    answer(PASID);
    expect(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_NOTE);
    ck_assert_msg(strstr(text, "withholds"), "%s", text);
}
END_TEST

/* ---------------------------------------------------------------- tables that are not the same (10.2) */

static void another_gcr3(uint64_t *raw)
{
    uint64_t other = machine_page(&m), table = machine_page(&m);

    machine_poke(&m, other + PASID * 8, table | 1);
    machine_guest_map(&m, table, GVA, MACHINE_DATA + 0x9000);
    dte_set_gcr3_root(raw, other);
}

/* Two devices, one DomainID, two GCR3 tables: each gets translations of the other. */
START_TEST(devices_of_one_domain_with_different_guest_tables_are_found)
{
    enum { THIRD = 0x310 };
    struct amdvi_result result;

    machine_dte(&m, THIRD, DOMAIN + 1, 0, 0);
    machine_dte_guest(&m, THIRD, gcr3);
    if (!_i)
        edit_entry(THIRD, another_gcr3);
    ask_guest(PASID, GVA);
    step();
    result = machine_read_pasid(&m, THIRD, PASID, GVA);
    ck_assert(result.ok);
    if (_i) {
        ck_assert_uint_eq(reported(), 0);
        return;
    }
    expect(AMDVI_LINT_SHARED_DOMAIN, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.sharer, OTHER);
}
END_TEST

/* ---------------------------------------------------------------- waits, places, stores that nobody tells */

START_TEST(an_invalidation_that_is_not_waited_for_is_found)
{
    ask(IOVA);
    unmap_page(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    if (_i)
        machine_wait(&m);
    unmap_page(IOVA + 0x1000); /* the driver goes on */
    machine_wait(&m);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect(AMDVI_LINT_MISSING_WAIT, AMDVI_LINT_MISTAKE);
    ck_assert_msg(strstr(text, "INVALIDATE_IOMMU_PAGES in line "), "%s", text);
}
END_TEST

/* Other processors wait for themselves. */
START_TEST(other_processors_may_come_between)
{
    again(&(struct amdvi_lint_options){.regime = AMDVI_LINT_SYNCHRONOUS, .processors = _i ? 2 : 1});
    ask(IOVA);
    unmap_page(IOVA);
    machine_wait(&m); /* another one's */
    ask(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_wait(&m);
    ck_assert_uint_eq(reported(), _i ? 0 : 1);
}
END_TEST

START_TEST(who_relies_on_a_change_gets_a_finding_at_once)
{
    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_rely(lint), AMDVI_OK);
    ask(IOVA);
    expect(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.proof, AMDVI_LINT_RELIED);
    ck_assert_uint_eq(found.times, 2);
}
END_TEST

static bool place_text(void *context, uint64_t place, char *into, size_t size)
{
    (void)context;
    snprintf(into, size, "function_%u", (unsigned)place);
    return place != 3;
}

START_TEST(places_are_told_as_text)
{
    again(&(struct amdvi_lint_options){.place_text = place_text});
    ask(IOVA);
    amdvi_lint_place(lint, 1);
    unmap_page(IOVA);
    amdvi_lint_place(lint, 2);
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x1000);
    machine_wait(&m);
    amdvi_lint_place(lint, 3);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.changed.place, 1);
    ck_assert_uint_eq(found.near_at.place, 2);
    ck_assert_uint_eq(found.at.place, 3);
    ck_assert_msg(strstr(text, "changed by function_1; invalidated by function_2"), "%s", text);
}
END_TEST

START_TEST(stores_that_nobody_told_are_found_by_a_scan)
{
    uint64_t scanned;

    ask(IOVA);
    m.wrote = NULL;
    unmap_page(IOVA);
    scanned = step();
    ck_assert_int_eq(amdvi_lint_scan(lint), AMDVI_OK);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, leaf_of(IOVA));
    ck_assert_uint_eq(found.changed.line, scanned);
    ck_assert_int_eq(amdvi_lint_scan(NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* A lint goes on with another device: what was cached in the first is no matter there. */
START_TEST(a_lint_moves_to_another_device)
{
    struct amdvi_memory memory = {.direct = m.ram, .direct_size = MACHINE_RAM};
    struct amdvi_device *second, *first = m.device;

    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &second), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_move(lint, second), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_move(lint, second), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_eq(statistics().windows, 1);
    amdvi_destroy(first);
    m.device = second;
    amdvi_mmio_write(second, reg_info[REG_DEVTAB_BASE].offset, 8, MACHINE_DEVICES | 0x1ff);
    amdvi_mmio_write(second, reg_info[REG_CONTROL].offset, 8, 1);
    ask(IOVA + 0x1000);
    unmap_page(IOVA + 0x1000);
    ask(IOVA + 0x1000);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, leaf_of(IOVA + 0x1000));
}
END_TEST

/* ---------------------------------------------------------------- flush queues */

/* Time, entries, addresses: what a queue promises. */
START_TEST(a_queue_is_held_to_what_it_promises)
{
    again(&(struct amdvi_lint_options){
        .regime = AMDVI_LINT_QUEUED, .queue_entries = 2, .queue_ns = 50000, .windows = true});
    ask(IOVA);
    for (unsigned i = 2; i < 8; i += 2)
        ask(IOVA + i * 0x1000);
    unmap_page(IOVA);
    machine_wait(&m); /* somebody else's */
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
    if (_i == 0)
        line += 60;
    for (unsigned i = 2; i < 8 && _i == 1; i += 2)
        unmap_page(IOVA + i * 0x1000);
    if (_i == 2)
        machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ);
    ask(IOVA);
    if (_i == 3) {
        machine_invalidate_domain(&m, DOMAIN);
        machine_wait(&m);
        expect(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_WINDOW);
        return;
    }
    expect(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.proof, _i == 2 ? AMDVI_LINT_REUSED : AMDVI_LINT_OVERDUE);
}
END_TEST

/* How a domain is invalidated shows after some changes. */
START_TEST(the_regime_is_told_from_the_stream)
{
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN), AMDVI_LINT_AUTO);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 8; i++)
            ask(IOVA + i * 0x1000);
        for (unsigned i = 0; i < 8; i++) {
            unmap_page(IOVA + i * 0x1000);
            if (_i) {
                machine_invalidate_page(&m, DOMAIN, IOVA + i * 0x1000);
                machine_wait(&m);
            } else {
                machine_wait(&m); /* of another domain */
            }
        }
        if (!_i)
            machine_invalidate_domain(&m, DOMAIN);
        machine_wait(&m);
        for (unsigned i = 0; i < 8; i++)
            machine_map(&m, root, 3, IOVA + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
    }
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN), _i ? AMDVI_LINT_SYNCHRONOUS : AMDVI_LINT_QUEUED);
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN + 1), AMDVI_LINT_AUTO);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* An unmap that frees no table: PDE=1 throws two directories away for nothing. */
START_TEST(superfluous_pde_is_counted)
{
    ask(IOVA);
    if (_i)
        replace_directory(IOVA);
    else
        unmap_page(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_wait(&m);
    ck_assert_uint_eq(statistics().superfluous_pde, _i ? 0 : 1);
    ck_assert_uint_eq(statistics().directories_lost, _i ? 0 : 2);
}
END_TEST

static void add_entries(TCase *tests)
{
    tcase_add_loop_test(tests, dirty_bits_that_are_cleared_without_a_flush_are_found, 0, 2);
    tcase_add_test(tests, a_read_needs_no_dirty_bit);
    tcase_add_loop_test(tests, a_root_that_comes_before_its_domain_could_be_read, 0, 2);
    tcase_add_loop_test(tests, rights_that_lines_keep_need_their_pages_flushed, 0, 4);
    tcase_add_test(tests, a_door_that_is_closed_first_is_silent);
    tcase_add_test(tests, two_updates_without_an_invalidation_are_not_torn);
    tcase_add_loop_test(tests, an_interrupt_entry_in_pieces_could_be_read, 0, 2);
}

int main(void)
{
    Suite *suite = suite_create("kinds of lint");
    TCase *tests = tcase_create("kinds");

    tcase_add_checked_fixture(tests, setup, teardown);
    add_entries(tests);
    tcase_add_loop_test(tests, a_command_that_is_written_over_is_found, 0, 2);
    tcase_add_loop_test(tests, a_command_that_is_told_late_is_no_overwriting, 0, 2);
    tcase_add_loop_test(tests, a_command_beyond_the_tail_is_found, 0, 2);
    tcase_add_loop_test(tests, numbers_of_waits_that_go_back_are_found, 0, 2);
    tcase_add_test(tests, one_number_for_all_waits_is_silent);
    tcase_add_test(tests, who_sets_up_the_ring_counts_its_waits_anew);
    tcase_add_loop_test(tests, a_base_that_moves_is_a_note_unless_something_is_lost, 0, 2);
    tcase_add_loop_test(tests, a_group_is_answered_once_with_its_pasid, 0, 4);
    tcase_add_loop_test(tests, a_response_code_that_means_nothing_is_noted, 0, 5);
    tcase_add_test(tests, a_pasid_that_is_asked_for_and_withheld_is_noted);
    tcase_add_loop_test(tests, devices_of_one_domain_with_different_guest_tables_are_found, 0, 2);
    tcase_add_loop_test(tests, an_invalidation_that_is_not_waited_for_is_found, 0, 2);
    tcase_add_loop_test(tests, other_processors_may_come_between, 0, 2);
    tcase_add_test(tests, who_relies_on_a_change_gets_a_finding_at_once);
    tcase_add_test(tests, places_are_told_as_text);
    tcase_add_test(tests, stores_that_nobody_told_are_found_by_a_scan);
    tcase_add_test(tests, a_lint_moves_to_another_device);
    tcase_add_loop_test(tests, superfluous_pde_is_counted, 0, 2);
    tcase_add_loop_test(tests, a_queue_is_held_to_what_it_promises, 0, 4);
    tcase_add_loop_test(tests, the_regime_is_told_from_the_stream, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
