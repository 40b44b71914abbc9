// SPDX-License-Identifier: Apache-2.0
/* What hosts ask beside the architecture (amdvi/host.h): whether there is work, interrupts, bus addresses,
 * looks. */
#include "machine.h"

#include "amdvi/host.h"
#include "amdvi/inject.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "");
}

static void teardown(void)
{
    machine_close(&m);
}

/* ---------------------------------------------------------------- when to run */

static bool has_work(void)
{
    bool work;

    ck_assert_int_eq(amdvi_has_work(m.device, &work), AMDVI_OK);
    return work;
}

START_TEST(work_is_what_a_run_would_do)
{
    boot(&m, C_NORMAL | UINT64_C(1) << 5); /* InvTimeOut 1 ms (2.4) */
    ck_assert(!has_work());
    put64(&m, CMD_RING, UINT64_C(1) << 60 | STORE | 1);
    put64(&m, CMD_RING + 8, 5);
    ck_assert_int_eq(amdvi_mmio_write(m.device, R_CMD_TAIL, 8, 16), AMDVI_OK);
    ck_assert(has_work());
    ck_assert_int_eq(amdvi_run(m.device), AMDVI_OK);
    ck_assert(!has_work());
    ck_assert_uint_eq(get64(&m, STORE), 5);
    m.atc_answer = AMDVI_ATC_PENDING;
    put64(&m, CMD_RING + 16, UINT64_C(4) << 60 | DEV);
    put64(&m, CMD_RING + 24, 0x1000);
    ck_assert_int_eq(amdvi_mmio_write(m.device, R_CMD_TAIL, 8, 32), AMDVI_OK);
    amdvi_run(m.device);
    ck_assert(!has_work());
    amdvi_advance(m.device, 2000000);
    ck_assert(has_work()); /* the device has not answered in time */
    ck_assert_int_eq(amdvi_has_work(NULL, &(bool){false}), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_has_work(m.device, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- interrupts */

START_TEST(duties_by_cause)
{
    struct amdvi_irq irq = {.cause = AMDVI_IRQ_EVENT};

    ck_assert_int_eq(amdvi_irq_duty_of(NULL), AMDVI_IRQ_DUTY_NONE);
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_NONE);
    irq.deliverable = true;
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_MESSAGE);
    irq.cause = AMDVI_IRQ_COMPLETION_WAIT;
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_MESSAGE);
    irq.guest = true;
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_NONE);
    irq.cause = AMDVI_IRQ_VAPIC;
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_DOORBELL);
    irq.cause = AMDVI_IRQ_GAPPI;
    ck_assert_int_eq(amdvi_irq_duty_of(&irq), AMDVI_IRQ_DUTY_WAKE);
}
END_TEST

/* MSI enabled, vector `vector` (PCI capability at 64h). */
static void enable_msi(uint8_t vector)
{
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x68, 4, 0xfee00000), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x70, 4, vector), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x66, 2, 1), AMDVI_OK);
}

START_TEST(a_queue_keeps_merges_and_loses)
{
    struct amdvi_irq_queue *queue;
    struct amdvi_irq irq;
    uint64_t merged, lost;
    size_t waiting;

    enable_msi(0x40);
    boot(&m, C_NORMAL | C_EVTINT | C_WAITINT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 2, &queue), AMDVI_OK);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_ERR_END);
    command(&m, UINT64_C(1) << 60 | 2, 0); /* COMPLETION_WAIT with an interrupt */
    enable_msi(0x50);
    command(&m, UINT64_C(1) << 60 | 2, 0);
    command(&m, UINT64_C(1) << 60 | 2, 0); /* full: as the second */
    enable_msi(0x60);
    command(&m, UINT64_C(1) << 60 | 2, 0); /* full: as none */
    ck_assert_int_eq(amdvi_irq_queue_state(queue, &waiting, &merged, &lost), AMDVI_OK);
    ck_assert_uint_eq(waiting, 2);
    ck_assert_uint_eq(merged, 1);
    ck_assert_uint_eq(lost, 1);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_OK);
    ck_assert_uint_eq(irq.vector, 0x40);
    ck_assert_int_eq(irq.cause, AMDVI_IRQ_COMPLETION_WAIT);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_OK);
    ck_assert_uint_eq(irq.vector, 0x50);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_ERR_END);
    ck_assert_uint_eq(m.irqs, 4); /* the callback hears of all */
    amdvi_irq_queue_destroy(queue);
    amdvi_irq_queue_destroy(NULL);
    command(&m, UINT64_C(1) << 60 | 2, 0);
}
END_TEST

START_TEST(a_queue_keeps_no_interrupt_that_is_masked)
{
    struct amdvi_irq_queue *queue;
    struct amdvi_irq irq;

    boot(&m, C_NORMAL | C_WAITINT); /* MSI is off */
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 4, &queue), AMDVI_OK);
    command(&m, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert_int_eq(amdvi_irq_next(queue, &irq), AMDVI_ERR_END);
    amdvi_irq_queue_destroy(queue);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 0, &queue), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(m.device, 65537, &queue), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_create(NULL, 1, &queue), AMDVI_ERR_ARGUMENT);
    for (unsigned i = 1; i <= 2; i++) {
        m.allocate_fail_at = m.allocations + i;
        ck_assert_int_eq(amdvi_irq_queue_create(m.device, 1, &queue), AMDVI_ERR_NO_MEMORY);
    }
    m.allocate_fail_at = 0;
    ck_assert_int_eq(amdvi_irq_next(NULL, &irq), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_irq_queue_state(NULL, NULL, NULL, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- bus addresses */

START_TEST(registers_are_found_by_bus_address)
{
    struct amdvi_bus_place place;
    uint64_t value = 0, base;

    /* The register window is where bits 63:14 (or 19) of capability offset 4 put it, if bit 0 enables it
     * (1.2). */
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x48, 4, 0x1), AMDVI_OK);
    ck_assert_int_eq(amdvi_bus_find(m.device, 0x1fd000000, &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_NOTHING);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x44, 4, 0xfd000001), AMDVI_OK);
    base = UINT64_C(0x1fd000000);
    ck_assert_int_eq(amdvi_bus_find(m.device, base + 0x2008, &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_REGISTERS);
    ck_assert_uint_eq(place.offset, 0x2008);
    ck_assert_int_eq(amdvi_bus_write(m.device, base + 0x8, 8, CMD_RING | UINT64_C(8) << 56), AMDVI_OK);
    ck_assert_uint_eq(reg_of(&m, 0x8), CMD_RING | UINT64_C(8) << 56);
    ck_assert_int_eq(amdvi_bus_read(m.device, base + 0x8, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, CMD_RING | UINT64_C(8) << 56);
    ck_assert_int_eq(amdvi_bus_find(m.device, base + amdvi_mmio_size(m.device), &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_NOTHING);
    ck_assert_int_eq(amdvi_bus_read(m.device, 0x1234, 4, &value), AMDVI_ERR_UNSUPPORTED);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(amdvi_bus_write(m.device, 0x1234, 4, 0), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_bus_find(NULL, 0, &place), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_bus_read(m.device, 0, 4, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_bus_write(NULL, 0, 4, 0), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* Firmware's bases: VF MMIO 4 KiB and VF Control 64 bytes for each GuestID (viommu 1.3, 3, 4). */
START_TEST(guests_registers_are_found_by_bus_address)
{
    struct machine v;
    struct amdvi_bus_place place;
    uint64_t value;

    machine_open(&v, "preset=turin vf_base=0xE000000000 vfc_base=0xE010000000");
    ck_assert_int_eq(amdvi_bus_find(v.device, UINT64_C(0xE000000000) + 7 * 4096 + 0x10, &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_VF);
    ck_assert_uint_eq(place.guest_id, 7);
    ck_assert_uint_eq(place.offset, 0x10);
    ck_assert_int_eq(amdvi_bus_find(v.device, UINT64_C(0xE010000000) + 65535 * 64 + 0x20, &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_VF_CONTROL);
    ck_assert_uint_eq(place.guest_id, 65535);
    ck_assert_uint_eq(place.offset, 0x20);
    ck_assert_int_eq(amdvi_bus_find(v.device, UINT64_C(0xE010000000) + 65536 * 64, &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_NOTHING);
    ck_assert_int_eq(amdvi_bus_write(v.device, UINT64_C(0xE010000000) + 3 * 64 + 0x10, 8, 0x120000),
                     AMDVI_OK);
    ck_assert_int_eq(amdvi_vfc_read(v.device, 3, 0x10, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x120000);
    ck_assert_int_eq(amdvi_bus_read(v.device, UINT64_C(0xE010000000) + 3 * 64 + 0x10, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x120000);
    ck_assert_int_eq(amdvi_bus_write(v.device, UINT64_C(0xE000000000) + 3 * 4096, 8, 0x40), AMDVI_OK);
    ck_assert_int_eq(amdvi_bus_read(v.device, UINT64_C(0xE000000000) + 3 * 4096, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x40);
    machine_close(&v);
    /* Without HW-vIOMMU there is no aperture. */
    machine_open(&v, "preset=legacy");
    ck_assert_int_eq(amdvi_bus_find(v.device, UINT64_C(0xE000000000), &place), AMDVI_OK);
    ck_assert_int_eq(place.space, AMDVI_BUS_NOTHING);
    machine_close(&v);
}
END_TEST

/* ---------------------------------------------------------------- looking */

START_TEST(looking_tells_and_leaves_no_trace)
{
    struct amdvi_request rq = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA + 8, .length = 16};
    struct amdvi_statistics before, after;
    struct amdvi_result result;
    uint8_t *memory = malloc(MEMORY_BYTES);

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    memcpy(memory, m.bytes, MEMORY_BYTES);
    amdvi_get_statistics(m.device, &before);
    ck_assert_int_eq(amdvi_look(m.device, &rq, &result), AMDVI_OK);
    ck_assert(result.ok && !result.identity);
    ck_assert_uint_eq(result.pa, PAGE + 8);
    ck_assert_uint_eq(result.size, 4096);
    ck_assert_uint_eq(result.covered, 4088);
    rq.length = 8192; /* the second page is not mapped */
    ck_assert_int_eq(amdvi_look(m.device, &rq, &result), AMDVI_OK);
    ck_assert(!result.ok);
    ck_assert_str_eq(amdvi_reason_text(result.fault.reason), "host page not present");
    rq.address = 0xfee00000;
    rq.length = 4;
    ck_assert_int_eq(amdvi_look(m.device, &rq, &result), AMDVI_ERR_UNSUPPORTED);
    rq.length = 0;
    ck_assert_int_eq(amdvi_look(m.device, &rq, &result), AMDVI_ERR_ARGUMENT);
    amdvi_get_statistics(m.device, &after);
    ck_assert_mem_eq(&before, &after, sizeof(before));
    ck_assert_mem_eq(memory, m.bytes, MEMORY_BYTES);
    free(memory);
}
END_TEST

/* Not the cached answer: what memory says now. */
START_TEST(looking_does_not_ask_caches)
{
    struct amdvi_request rq = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 1};
    uint64_t leaf = map_host(&m, DEV, D_OK, 0) + 8 * (IOVA >> 12 & 511);
    struct amdvi_result result;

    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    put64(&m, leaf, 0);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_int_eq(amdvi_look(m.device, &rq, &result), AMDVI_OK);
    ck_assert(!result.ok);
}
END_TEST

/* Bits that a request would set are told, and stay as they are. */
START_TEST(looking_tells_of_updates)
{
    struct amdvi_request rq = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8};
    uint64_t entry = (D_OK | (uint64_t)3 << 7), leaf = map_host(&m, DEV, entry, 0) + 8 * (IOVA >> 12 & 511);
    uint64_t before = get64(&m, leaf);
    struct amdvi_result result;
    bool updates = false;

    boot(&m, C_NORMAL | (uint64_t)3 << 46);
    ck_assert_int_eq(amdvi_look_updates(m.device, &rq, &result, &updates), AMDVI_OK);
    ck_assert(result.ok && updates);
    ck_assert_uint_eq(get64(&m, leaf), before);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_int_eq(amdvi_look_updates(m.device, &rq, &result, &updates), AMDVI_OK);
    ck_assert(result.ok && !updates);
    rq.op = AMDVI_WRITE;
    ck_assert_int_eq(amdvi_look_updates(m.device, &rq, &result, &updates), AMDVI_OK);
    ck_assert(updates);
    ask(&m, AMDVI_WRITE, IOVA);
    ck_assert_int_eq(amdvi_look_updates(m.device, &rq, &result, &updates), AMDVI_OK);
    ck_assert(!updates);
    ck_assert_int_eq(amdvi_look_updates(m.device, &rq, &result, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(identity_results_have_a_size)
{
    struct amdvi_result result;

    dte(&m, DEV, D_OK, 0, 0); /* Mode 0 */
    boot(&m, C_NORMAL);
    result = ask(&m, AMDVI_READ, 0x12345678);
    ck_assert(result.ok && result.identity);
    ck_assert_uint_eq(result.size, 4096);
    ck_assert_uint_eq(result.covered, 4096 - 0x678);
}
END_TEST

/* A plan of faults is for the device's own accesses: looking must not use it up. */
START_TEST(inspecting_an_entry_leaves_the_plan_of_faults_alone)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    struct amdvi_inject_count count;
    struct amdvi_dte_view view;
    size_t parsed;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ck_assert_int_eq(
        amdvi_inject_parse("read:dte:nth=1:master_abort", rules, AMDVI_INJECT_RULES_MAX, &parsed), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(m.device, rules, parsed), AMDVI_OK);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, DEV, &view), AMDVI_OK);
    ck_assert(!view.read_error);
    ck_assert_int_eq(amdvi_inject_count(m.device, 0, &count), AMDVI_OK);
    ck_assert_uint_eq(count.matched, 0);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host");
    TCase *tests = tcase_create("host");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, work_is_what_a_run_would_do);
    tcase_add_test(tests, duties_by_cause);
    tcase_add_test(tests, a_queue_keeps_merges_and_loses);
    tcase_add_test(tests, a_queue_keeps_no_interrupt_that_is_masked);
    tcase_add_test(tests, registers_are_found_by_bus_address);
    tcase_add_test(tests, guests_registers_are_found_by_bus_address);
    tcase_add_test(tests, looking_tells_and_leaves_no_trace);
    tcase_add_test(tests, looking_does_not_ask_caches);
    tcase_add_test(tests, looking_tells_of_updates);
    tcase_add_test(tests, identity_results_have_a_size);
    tcase_add_test(tests, inspecting_an_entry_leaves_the_plan_of_faults_alone);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
