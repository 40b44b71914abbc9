// SPDX-License-Identifier: Apache-2.0
/*
 * One access to memory fails, whichever it is, in the middle of a guest's work: every call says what it must,
 * nothing else goes wrong, and both that guest and its neighbour go on as soon as their rings are started
 * again.
 */
#include "amdvi/inject.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { A, B, ACCESSES_MAX = 4000, FAULTING = G_IOVA + 9 * PAGE_BYTES };

static struct world w;

static void fill(enum amdvi_guest_map map)
{
    enum amdvi_status status = amdvi_guest_map_fill(w.device, guest_id(A), map, 0x40, 0x20, 0x101, 0, true);

    ck_assert_msg(status == AMDVI_OK || status == AMDVI_ERR_MEMORY, "%s", amdvi_status_text(status));
}

/* Something of everything that a guest can cause. */
static void work(void)
{
    uint64_t domain = guest_domain(0), device = guest_device(0);

    fill(AMDVI_MAP_DEVICES);
    fill(AMDVI_MAP_DOMAINS);
    map_device_id(&w, A, 0x80, host_device(A, 0), 1);
    map_domain_id(&w, A, 0x80, host_domain(A, 0));
    guest_ask(&w, A, 0, AMDVI_WRITE, G_IOVA);
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    guest_page_request(&w, A, 0, FAULTING);
    guest_flush(&w, A, (uint16_t)domain);
    guest_command(&w, A, UINT64_C(2) << 60 | device, 0); /* INVALIDATE_DEVTAB_ENTRY */
    guest_command(&w, A, UINT64_C(4) << 60 | device, UINT64_C(0x7ffffffffffff001)); /* ..._IOTLB_PAGES */
    guest_command(&w, A, UINT64_C(8) << 60, 0);                                     /* ..._IOMMU_ALL */
    guest_wait(&w, A, G_STORE, 0x1111);
    guest_command(&w, A, UINT64_C(9) << 60, 0); /* illegal for a guest: its log, its interrupt */
    vf_read(&w, A, VF_STATUS);
}

/* The guest's driver starts its ring again, and it works. */
static void goes_on(unsigned g)
{
    vfc_write(&w, g, VFC_CMD, 0);
    vfc_write(&w, g, VFC_MISC, (uint64_t)trans_device(g) << 16);
    vf_write(&w, g, VF_HEAD, 0);
    vf_write(&w, g, VF_TAIL, 0);
    vfc_write(&w, g, VFC_CMD, command_control());
    guest_wait(&w, g, G_STORE + 8, 0x2222);
    ck_assert_uint_eq(guest_get64(&w, g, G_STORE + 8), 0x2222);
    ck_assert_uint_eq(vf_read(&w, g, VF_HEAD), 16);
}

/* Access number `nth` fails; false when there were not so many. */
static bool fails(const char *settings, bool by_gpa, unsigned nth)
{
    struct amdvi_inject_rule rules[1];
    struct amdvi_inject_count count;
    char plan[64];
    size_t rule_count;

    world_open(&w, settings, by_gpa);
    snprintf(plan, sizeof(plan), "any:all:nth=%u:%s", nth, nth % 2 ? "data_error" : "master_abort");
    ck_assert_int_eq(amdvi_inject_parse(plan, rules, 1, &rule_count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, rules, rule_count), AMDVI_OK);
    work();
    ck_assert_int_eq(amdvi_inject_count(w.device, 0, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, NULL, 0), AMDVI_OK);
    goes_on(A);
    goes_on(B);
    ck_assert(guest_ask(&w, B, 0, AMDVI_READ, G_IOVA).ok);
    world_close(&w);
    return count.acted > 0;
}

static const struct {
    const char *settings;
    bool by_gpa;
} worlds[] = {{NULL, true}, {NULL, false}, {"caches=off", true}};

START_TEST(whichever_access_fails_only_its_work_is_lost)
{
    unsigned nth = 1;

    while (nth < ACCESSES_MAX && fails(worlds[_i].settings, worlds[_i].by_gpa, nth))
        nth++;
    ck_assert_uint_gt(nth, 100);
    ck_assert_uint_lt(nth, ACCESSES_MAX);
}
END_TEST

/* A guest is made when it is first touched, of two blocks: neither call nor block matters. */
START_TEST(without_memory_a_guest_is_not_made)
{
    enum { UNTOUCHED = 0x1234 };
    uint64_t value = 5;

    world_open(&w, NULL, true);
    w.allocation_fails = w.allocations + 1 + (unsigned)_i % 2;
    if (_i < 2)
        ck_assert_int_eq(amdvi_vf_read(w.device, UNTOUCHED, VF_TAIL, 8, &value), AMDVI_ERR_NO_MEMORY);
    else if (_i < 4)
        ck_assert_int_eq(amdvi_vf_write(w.device, UNTOUCHED, VF_EVT_HEAD, 8, 0x40), AMDVI_ERR_NO_MEMORY);
    else
        ck_assert_int_eq(amdvi_vfc_write(w.device, UNTOUCHED, VFC_CMD, 8, 0x308), AMDVI_ERR_NO_MEMORY);
    ck_assert_uint_eq(w.allocations, w.allocation_fails);
    ck_assert_int_eq(amdvi_vf_write(w.device, UNTOUCHED, VF_EVT_HEAD, 8, 0x50), AMDVI_OK);
    ck_assert_int_eq(amdvi_vf_read(w.device, UNTOUCHED, VF_EVT_HEAD, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x50);
    world_close(&w);
    ck_assert_uint_eq(w.live_blocks, 0);
}
END_TEST

/* The slot in memory comes into being while memory fails for one of its registers: the copy inside goes on
 * (E2), and the slot has it as soon as memory works. */
START_TEST(a_slot_that_cannot_be_written_is_written_later)
{
    static const char *const plans[] = {"read:pte:nth=10:data_error", "write:map:nth=3:data_error"};
    uint64_t own[4], slot;
    struct amdvi_inject_rule rules[1];
    size_t count;

    world_open(&w, "caches=off", true);
    slot = w.slot_page + 64u * guest_id(A);
    for (unsigned i = 0; i < 4; i++)
        own[i] = get64(&w, H_DEVTAB + 32 * OWN_DEVICE + 8 * i);
    world_dte(&w, OWN_DEVICE, (const uint64_t[4]){0});
    vf_write(&w, A, VF_EVT_HEAD, 0x40);
    world_dte(&w, OWN_DEVICE, own);
    ck_assert_int_eq(amdvi_inject_parse(plans[_i], rules, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, rules, count), AMDVI_OK);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x40);
    ck_assert_uint_eq(get64(&w, slot + VF_EVT_HEAD), 0);
    ck_assert_int_eq(amdvi_inject(w.device, NULL, 0), AMDVI_OK);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x40);
    ck_assert_uint_eq(get64(&w, slot + VF_EVT_HEAD), 0x40);
    world_close(&w);
}
END_TEST

static void fail_reads_of_slots(void)
{
    struct amdvi_inject_rule rules[1];
    size_t count;

    ck_assert_int_eq(amdvi_inject_parse("read:map:data_error", rules, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, rules, count), AMDVI_OK);
}

/* Memory is the register (11 #12); where it cannot be read, the register has the value that was read last. */
START_TEST(a_slot_that_cannot_be_read_has_its_last_value)
{
    uint64_t slot;

    world_open(&w, NULL, true);
    slot = w.slot_page + 64u * guest_id(A);
    vf_write(&w, A, VF_EVT_HEAD, 0x40);
    put64(&w, slot + VF_EVT_HEAD, 0x50);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x50);
    put64(&w, slot + VF_EVT_HEAD, 0x60);
    fail_reads_of_slots();
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x50);
    ck_assert_int_eq(amdvi_inject(w.device, NULL, 0), AMDVI_OK);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x60);
    world_close(&w);
}
END_TEST

/* A write that does not reach the slot: the copy inside goes on with it, and the slot has it later (E2). 0:
 * its place is known; 1: it is looked for each time. */
START_TEST(a_write_that_the_slot_does_not_take_is_not_lost)
{
    struct amdvi_inject_rule rules[1];
    uint64_t slot;
    size_t count;

    world_open(&w, _i ? "caches=off" : NULL, true);
    slot = w.slot_page + 64u * guest_id(A);
    vf_write(&w, A, VF_EVT_HEAD, 0x40);
    ck_assert_uint_eq(get64(&w, slot + VF_EVT_HEAD), 0x40);
    ck_assert_int_eq(amdvi_inject_parse("write:map:data_error", rules, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, rules, count), AMDVI_OK);
    vf_write(&w, A, VF_EVT_HEAD, 0x60);
    ck_assert_uint_eq(get64(&w, slot + VF_EVT_HEAD), 0x40);
    ck_assert_int_eq(amdvi_inject(w.device, NULL, 0), AMDVI_OK);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x60);
    ck_assert_uint_eq(get64(&w, slot + VF_EVT_HEAD), 0x60);
    world_close(&w);
}
END_TEST

static void no_device(enum amdvi_status status)
{
    ck_assert_int_eq(status, AMDVI_ERR_ARGUMENT);
}

START_TEST(arguments_are_checked)
{
    uint64_t value;

    world_open(&w, NULL, true);
    no_device(amdvi_vf_read(NULL, 1, 0, 8, &value));
    no_device(amdvi_vf_read(w.device, 1, 0, 8, NULL));
    no_device(amdvi_vf_write(NULL, 1, 0, 8, 0));
    no_device(amdvi_vfc_read(NULL, 1, 0, 8, &value));
    no_device(amdvi_vfc_read(w.device, 1, 0, 8, NULL));
    no_device(amdvi_vfc_write(NULL, 1, 0, 8, 0));
    no_device(amdvi_guest_map_fill(NULL, 1, AMDVI_MAP_DEVICES, 0, 1, 0, 0, true));
    no_device(amdvi_guest_map_fill(w.device, 1, AMDVI_MAP_DEVICES, 0xffff, 2, 0, 0, true));
    world_close(&w);
}
END_TEST

START_TEST(without_hw_viommu_nothing_is_there)
{
    uint64_t value = 1;

    world_open_bare(&w, "preset=raphael", true);
    ck_assert_int_eq(amdvi_vf_read(w.device, 1, 0, 8, &value), AMDVI_ERR_UNSUPPORTED);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(amdvi_vf_write(w.device, 1, 0, 8, 0), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_vfc_read(w.device, 1, 0, 8, &value), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_vfc_write(w.device, 1, 0, 8, 0), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_guest_map_fill(w.device, 1, AMDVI_MAP_DEVICES, 0, 1, 0, 0, true),
                     AMDVI_ERR_UNSUPPORTED);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("failures under guests");
    TCase *tcase = tcase_create("failures");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, whichever_access_fails_only_its_work_is_lost, 0, 3);
    tcase_add_loop_test(tcase, without_memory_a_guest_is_not_made, 0, 6);
    tcase_add_loop_test(tcase, a_slot_that_cannot_be_written_is_written_later, 0, 2);
    tcase_add_test(tcase, a_slot_that_cannot_be_read_has_its_last_value);
    tcase_add_loop_test(tcase, a_write_that_the_slot_does_not_take_is_not_lost, 0, 2);
    tcase_add_test(tcase, arguments_are_checked);
    tcase_add_test(tcase, without_hw_viommu_nothing_is_there);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
