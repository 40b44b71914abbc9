// SPDX-License-Identifier: Apache-2.0
/* What hosts ask beside the architecture (amdvi/host.h). */
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

/* ---------------------------------------------------------------- windows */

/* Memory of the machine in three pieces; `calls` of the callbacks are then all that does not lie in a piece.
 */
static unsigned calls(void)
{
    return m.reads + m.writes + m.exchanges;
}

static enum amdvi_status window(uint64_t base, uint64_t size, bool read_only)
{
    return amdvi_window_add(m.device, &(struct amdvi_window){.base = base,
                                                             .size = size,
                                                             .bytes = m.bytes + base % MEMORY_BYTES,
                                                             .read_only = read_only});
}

START_TEST(memory_may_lie_in_several_windows)
{
    struct amdvi_result result;
    unsigned before;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ck_assert_int_eq(window(DEV_TABLE, 0x200000, false), AMDVI_OK);
    ck_assert_int_eq(window(CMD_RING, 0x80000, false), AMDVI_OK);
    ck_assert_int_eq(window(TABLES, 0x100000, false), AMDVI_OK);
    before = calls();
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert(!ask(&m, AMDVI_READ, 0x9000).ok); /* with a record in the log */
    command(&m, UINT64_C(1) << 60 | STORE | 1, 9);
    ck_assert_uint_eq(get64(&m, STORE), 9);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, 2);
    ck_assert_uint_eq(calls(), before);
    ck_assert_int_eq(amdvi_window_remove(m.device, TABLES), AMDVI_OK);
    command(&m, UINT64_C(8) << 60, 0);
    result = ask(&m, AMDVI_READ, IOVA);
    ck_assert(result.ok && result.pa == PAGE);
    ck_assert_uint_gt(calls(), before);
}
END_TEST

/* Reads come from the window; what is written, also accessed and dirty bits, goes to the callbacks. */
START_TEST(a_read_only_window_is_not_written)
{
    unsigned reads, exchanges;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    ck_assert_int_eq(window(TABLES, 0x100000, true), AMDVI_OK);
    ck_assert_int_eq(window(STORE, 0x1000, true), AMDVI_OK);
    reads = m.reads;
    exchanges = m.exchanges;
    ck_assert(ask_as(&m, &(struct amdvi_request){.device = DEV,
                                                 .op = AMDVI_WRITE,
                                                 .address = IOVA,
                                                 .length = 8,
                                                 .has_pasid = true,
                                                 .pasid = 5})
                  .ok);
    ck_assert_uint_eq(m.reads, reads + 1); /* the device table entry, which lies outside */
    ck_assert_uint_gt(m.exchanges, exchanges);
    command(&m, UINT64_C(1) << 60 | STORE | 1, 9);
    ck_assert_uint_eq(m.writes, 1);
    ck_assert_uint_eq(get64(&m, STORE), 9);
}
END_TEST

START_TEST(windows_that_are_refused)
{
    ck_assert_int_eq(window(0x1000, 0x1000, false), AMDVI_OK);
    ck_assert_int_eq(window(0x1fff, 1, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(0, 0x1001, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(0x2000, 0, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(window(UINT64_MAX, 2, false), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(m.device, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(m.device, &(struct amdvi_window){.size = 1}), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_add(NULL, &(struct amdvi_window){.size = 1, .bytes = m.bytes}),
                     AMDVI_ERR_ARGUMENT);
    for (unsigned i = 1; i < AMDVI_WINDOWS_MAX; i++)
        ck_assert_int_eq(window(0x10000 + 0x1000 * i, 0x1000, false), AMDVI_OK);
    ck_assert_int_eq(window(0x90000, 0x1000, false), AMDVI_ERR_NO_MEMORY);
    ck_assert_int_eq(amdvi_window_remove(m.device, 0x1800), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_remove(NULL, 0x1000), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_window_remove(m.device, 0x1000), AMDVI_OK);
    ck_assert_int_eq(window(0x90000, 0x1000, false), AMDVI_OK);
}
END_TEST

/* ---------------------------------------------------------------- mappings */

enum { MAPPINGS = 64 };
static struct amdvi_mapping mapped[MAPPINGS];
static unsigned mapped_count, mapped_stop;

static int on_mapping(void *context, const struct amdvi_mapping *mapping)
{
    ck_assert_uint_lt(mapped_count, MAPPINGS);
    mapped[mapped_count++] = *mapping;
    return mapped_count == mapped_stop;
}

static void walk(uint16_t device, uint64_t first, uint64_t last, const uint32_t *pasid)
{
    struct amdvi_mappings w = {.device = device, .first = first, .last = last, .mapping = on_mapping};

    w.has_pasid = pasid != NULL;
    w.pasid = pasid ? *pasid : 0;
    mapped_count = 0;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_OK);
}

static void must_map(unsigned i, uint64_t iova, uint64_t last, uint64_t spa, uint8_t perm)
{
    ck_assert_uint_lt(i, mapped_count);
    ck_assert_uint_eq(mapped[i].iova, iova);
    ck_assert_uint_eq(mapped[i].last, last);
    ck_assert_uint_eq(mapped[i].spa, spa);
    ck_assert_uint_eq(mapped[i].perm, perm);
}

START_TEST(mappings_of_host_tables)
{
    uint64_t table = map_host(&m, DEV, D_OK, 0), value = get64(&m, table + 8 * (IOVA >> 12 & 511));

    boot(&m, C_NORMAL);
    put64(&m, table + 8 * 8, value + 0x1000);                           /* the next page, contiguous */
    put64(&m, table + 8 * 9, (value + 0x2000) & ~(UINT64_C(1) << 62));  /* contiguous, but read-only */
    put64(&m, table + 8 * 11, (value + 0x4000) & ~(UINT64_C(1) << 61)); /* behind a hole, write-only */
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 3);
    must_map(0, IOVA, IOVA + 0x1fff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    must_map(1, IOVA + 0x2000, IOVA + 0x2fff, PAGE + 0x2000, AMDVI_RIGHT_READ);
    must_map(2, IOVA + 0x4000, IOVA + 0x4fff, PAGE + 0x4000, AMDVI_RIGHT_WRITE);
    walk(DEV, IOVA + 0x1004, IOVA + 0x1008, NULL); /* cut to pages */
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA + 0x1000, IOVA + 0x1fff, PAGE + 0x1000, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    mapped_stop = 1;
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    mapped_stop = 0;
    ck_assert_uint_eq(m.irqs, 0);
}
END_TEST

START_TEST(mappings_of_guest_tables)
{
    uint32_t five = 5, six = 6;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    walk(DEV, 0, UINT64_MAX, &five);
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA, IOVA + 0xfff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV, 0, UINT64_MAX, &six);
    ck_assert_uint_eq(mapped_count, 0);
}
END_TEST

START_TEST(mappings_of_devices_that_pass_or_fail)
{
    dte(&m, DEV, D_OK, 0, 0);
    dte(&m, DEV + 1, D_V, 0, 0); /* TV=0: refused */
    boot(&m, C_NORMAL);
    walk(DEV, 0x1000, 0x10fff, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    ck_assert(mapped[0].identity);
    must_map(0, 0x1000, 0x10fff, 0x1000, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV + 1, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 0);
    walk(DEV + 2, 0, UINT64_MAX, NULL); /* V=0 */
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, 0, UINT64_MAX, 0, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
}
END_TEST

/* Addresses that no table is read for: the walk does not go over them in small steps. */
START_TEST(mappings_end_where_nothing_can_be)
{
    map_guest(&m, DEV, D_OK | D_GV | UINT64_C(1) << 54, 0); /* GIoV: no upper half [5.2] */
    map_host(&m, DEV + 1, D_V | D_TV, 0);                   /* IR=IW=0 */
    boot(&m, C_NORMAL | C_GT);
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA, IOVA + 0xfff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV + 1, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 0);
}
END_TEST

START_TEST(a_walk_refuses_what_makes_no_sense)
{
    struct amdvi_mappings w = {.mapping = on_mapping, .last = 1};

    ck_assert_int_eq(amdvi_walk_mappings(NULL, &w), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_walk_mappings(m.device, NULL), AMDVI_ERR_ARGUMENT);
    w.first = 2;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
    w.first = 0;
    w.pasid = 1u << 20;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
    w.pasid = 0;
    w.mapping = NULL;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- invalidations */

static struct amdvi_invalidated told[16];
static unsigned told_count;

static void on_invalidated(void *context, const struct amdvi_invalidated *what)
{
    ck_assert_uint_lt(told_count, 16);
    told[told_count++] = *what;
}

static struct amdvi_invalidated only_one(uint64_t low, uint64_t high)
{
    told_count = 0;
    command(&m, low, high);
    ck_assert_uint_eq(told_count, 1);
    ck_assert_uint_eq(told[0].device, DEV);
    return told[0];
}

START_TEST(a_notifier_hears_of_its_device_and_domain)
{
    struct amdvi_notifier *notifier;
    struct amdvi_invalidated what;
    uint64_t domain = (uint64_t)DOM << 32;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier), AMDVI_OK);
    what = only_one(UINT64_C(3) << 60 | domain, 0x7000); /* one page of the domain */
    ck_assert_uint_eq(what.first, 0x7000);
    ck_assert_uint_eq(what.last, 0x7fff);
    ck_assert(!what.has_pasid && !what.entry && !what.interrupts);
    what = only_one(UINT64_C(3) << 60 | domain, 0x7ffffffffffff003); /* all of it (6.4) */
    ck_assert_uint_eq(what.first, 0);
    ck_assert_uint_eq(what.last, UINT64_MAX);
    what = only_one(UINT64_C(2) << 60 | DEV, 0);
    ck_assert(what.entry);
    what = only_one(UINT64_C(5) << 60 | DEV, 0);
    ck_assert(what.interrupts && !what.entry);
    what = only_one(UINT64_C(8) << 60, 0);
    ck_assert(what.entry && what.last == UINT64_MAX);
    told_count = 0;
    command(&m, UINT64_C(3) << 60 | (uint64_t)(DOM + 1) << 32, 0x7000);
    command(&m, UINT64_C(2) << 60 | (DEV + 1), 0);
    command(&m, UINT64_C(5) << 60 | (DEV + 1), 0);
    ck_assert_uint_eq(told_count, 0);
    amdvi_reset(m.device);
    ck_assert_uint_eq(told_count, 1);
    amdvi_notifier_destroy(notifier);
    amdvi_notifier_destroy(NULL);
    amdvi_reset(m.device);
    ck_assert_uint_eq(told_count, 1);
    ck_assert_int_eq(amdvi_notifier_create(NULL, DEV, on_invalidated, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, NULL, NULL, &notifier), AMDVI_ERR_ARGUMENT);
    for (unsigned i = 1; i <= 2; i++) {
        m.allocate_fail_at = m.allocations + i;
        ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier),
                         AMDVI_ERR_NO_MEMORY);
    }
    m.allocate_fail_at = 0;
}
END_TEST

START_TEST(a_notifier_hears_of_pasids)
{
    struct amdvi_notifier *notifier;
    struct amdvi_invalidated what;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    ck_assert_int_eq(amdvi_notifier_create(m.device, DEV, on_invalidated, NULL, &notifier), AMDVI_OK);
    what = only_one(UINT64_C(3) << 60 | (uint64_t)DOM << 32 | 5, 0x9000 | 4); /* GN, PASID 5 */
    ck_assert(what.has_pasid);
    ck_assert_uint_eq(what.pasid, 5);
    ck_assert_uint_eq(what.first, 0x9000);
    /* A range of GPAs: guest tables may lead there from anywhere. */
    what = only_one(UINT64_C(3) << 60 | (uint64_t)DOM << 32, 0x9000);
    ck_assert(!what.has_pasid && what.first == 0 && what.last == UINT64_MAX);
    amdvi_notifier_destroy(notifier);
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
    tcase_add_test(tests, memory_may_lie_in_several_windows);
    tcase_add_test(tests, a_read_only_window_is_not_written);
    tcase_add_test(tests, windows_that_are_refused);
    tcase_add_test(tests, mappings_of_host_tables);
    tcase_add_test(tests, mappings_of_guest_tables);
    tcase_add_test(tests, mappings_of_devices_that_pass_or_fail);
    tcase_add_test(tests, mappings_end_where_nothing_can_be);
    tcase_add_test(tests, a_walk_refuses_what_makes_no_sense);
    tcase_add_test(tests, a_notifier_hears_of_its_device_and_domain);
    tcase_add_test(tests, a_notifier_hears_of_pasids);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
