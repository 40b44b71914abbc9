// SPDX-License-Identifier: Apache-2.0
/* What goes wrong on demand; and who looks on. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"
#include "testbench/unit/recorder/recording.h"

#include "amdvi/lint.h"

#include <linux/pci_regs.h>

enum { IOVA = 0x10000, INDEX = 0x20, VECTOR = 0x71 };

static struct board b;

static void setup(void)
{
    board_init(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

START_TEST(test_a_held_iommu_completes_nothing)
{
    uint64_t word = 1;

    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    ck_assert_int_eq(machine_hold(b.machine, 0, true), AMDVI_OK);
    board_queue_wait(&b);
    machine_delay(b.machine, 1000000000);
    ck_assert(!board_waited(&b));
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_DONE); /* requests go on */
    ck_assert_int_eq(machine_hold(b.machine, 0, false), AMDVI_OK);
    ck_assert(board_waited(&b));
    ck_assert_int_eq(machine_hold(b.machine, 1, true), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(test_injected_faults)
{
    uint64_t word = 1;

    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    ck_assert_int_eq(machine_inject(b.machine, 0, "read:pte:nth=1:data_error"), AMDVI_OK);
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_FAULT);
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_PAGE_TAB_HARDWARE_ERROR);
    ck_assert_int_eq(machine_inject(b.machine, 0, ""), AMDVI_OK);
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_DONE);
    ck_assert_int_eq(machine_inject(b.machine, 0, "read:nothing:drop"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(machine_inject(b.machine, 1, ""), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(machine_inject(b.machine, 0, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

static void enable_msi(void)
{
    unsigned at = board_capability(&b, PCI_CAP_ID_MSI);

    board_irte(&b, INDEX, VECTOR);
    board_configure(&b, at + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
    board_configure(&b, at + PCI_MSI_DATA_64, 2, INDEX);
    board_configure(&b, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
}

START_TEST(test_lost_messages)
{
    board_start(&b);
    enable_msi();
    machine_lose_messages(b.machine, 2);
    for (unsigned i = 0; i < 3; i++)
        dma_interrupt(b.device, 0);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(machine_statistics(b.machine).lost, 2);
}
END_TEST

/* ---------------------------------------------------------------- not MSIs */

/* Bits of an entry in guest mode: RemapEn, GALogIntr, GuestMode, IsRun, destination from bit 8, GATag from
 * 32; second word: vector, backing page [8.6]. */
static void post(bool running)
{
    struct ram *ram = machine_ram(b.machine);

    ram_set(ram, BOARD_INTERRUPTS + INDEX * 16 + 8, 0x45 | 0x900000);
    ram_set(ram, BOARD_INTERRUPTS + INDEX * 16,
            1 | 1 << 2 | 1 << 7 | (running ? 1 << 6 : 0) | 0x12 << 8 | UINT64_C(0xc0ffee) << 32);
}

static void start_posting(bool running)
{
    board_start(&b);
    enable_msi();
    post(running);
    /* GAMEn = 1, GAPPIEn */
    board_set(&b, 0x18, board_get(&b, 0x18) | 1 << 25 | UINT64_C(1) << 55);
    ck_assert_int_eq(dma_interrupt(b.device, 0), PCIE_INTERRUPT_SENT);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), 0x900220) & 1 << 5, 1 << 5); /* the guest's IRR */
    ck_assert_uint_eq(machine_statistics(b.machine).posted, 1);
}

START_TEST(test_a_doorbell_is_no_message)
{
    start_posting(true);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(b.doorbells, 1);
    ck_assert_uint_eq(machine_statistics(b.machine).doorbells, 1);
}
END_TEST

START_TEST(test_a_sleeping_guest_is_woken)
{
    start_posting(false);
    ck_assert_uint_eq(b.doorbells, 0);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(b.taken[0].address, 0xfee12000);
    ck_assert_uint_eq(b.taken[0].data, 0xee); /* GATag[7:0] */
    ck_assert_uint_eq(machine_statistics(b.machine).wakes, 1);
}
END_TEST

/* XT registers instead of MSI: the destination's upper bits lie in the upper half of the address [8.7]. */
START_TEST(test_an_x2apic_message)
{
    uint64_t word;

    board_start(&b);
    board_set(&b, 0x170, UINT64_C(1) << 56 | UINT64_C(0x9d) << 32 | 0x20305 << 8);
    board_set(&b, 0x18, board_get(&b, 0x18) | UINT64_C(1) << 51);
    dma_read(b.device, IOVA, &word, 8);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(b.taken[0].address, UINT64_C(0x010203) << 40 | 0xfee05000);
    ck_assert_uint_eq(b.taken[0].data, 0x9d);
}
END_TEST

/* ---------------------------------------------------------------- lint and recorder */

static struct amdvi_lint *lint;
static struct recording recording;
static unsigned findings;

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    findings += finding->kind == AMDVI_LINT_STALE_ENTRY && finding->severity == AMDVI_LINT_MISTAKE;
}

static void attach_lint(void *context, size_t index, struct amdvi_device *device,
                        const struct amdvi_config *config)
{
    const struct amdvi_lint_options options = {.finding = on_finding};

    ck_assert_int_eq(amdvi_lint_create(device, &options, &lint), AMDVI_OK);
}

START_TEST(test_a_lint_finds_a_forgotten_invalidation)
{
    uint64_t word = 1;

    b.config.attach = attach_lint;
    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    dma_write(b.device, IOVA, &word, 8);
    board_map(&b, IOVA, BOARD_DATA, false, false);
    dma_write(b.device, IOVA, &word, 8);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    amdvi_lint_destroy(lint);
}
END_TEST

static void attach_recorder(void *context, size_t index, struct amdvi_device *device,
                            const struct amdvi_config *config)
{
    recording_start(&recording, device, config, AMDVI_TRACE_FORM_TEXT, 0);
}

static void work(void)
{
    uint64_t word = 1;

    board_map(&b, IOVA, BOARD_DATA, true, true);
    dma_write(b.device, IOVA, &word, 8);
    dma_read(b.device, IOVA + 0x1000, &word, 8);
    enable_msi();
    dma_interrupt(b.device, 0);
    board_invalidate_pages(&b);
    board_queue_wait(&b);
    ck_assert(board_waited(&b));
}

/* A machine's IOMMU, firmware's part included, replays without the machine. */
START_TEST(test_a_recording_replays)
{
    struct played played;

    b.config.attach = attach_recorder;
    board_start(&b);
    work();
    recording_must_replay(&recording, &played);
    ck_assert_uint_ge(played.counts.translations, 2);
    ck_assert_uint_eq(played.counts.interrupts, 1);
    recording_free(&recording);
}
END_TEST

Suite *mishaps_suite(void)
{
    Suite *suite = suite_create("mishaps");
    TCase *tc = tcase_create("mishaps");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_a_held_iommu_completes_nothing);
    tcase_add_test(tc, test_injected_faults);
    tcase_add_test(tc, test_lost_messages);
    tcase_add_test(tc, test_a_doorbell_is_no_message);
    tcase_add_test(tc, test_a_sleeping_guest_is_woken);
    tcase_add_test(tc, test_an_x2apic_message);
    tcase_add_test(tc, test_a_lint_finds_a_forgotten_invalidation);
    tcase_add_test(tc, test_a_recording_replays);
    suite_add_tcase(suite, tc);
    return suite;
}
