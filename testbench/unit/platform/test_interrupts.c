// SPDX-License-Identifier: Apache-2.0
/* Messages of devices: MSI, MSI-X, IOAPIC, writes of their own; through the IOMMU to the processors. */
#include "testbench/platform/ioapic.h"
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>

enum { INDEX = 0x20, VECTOR = 0x71, SOUTHBRIDGE = 0x00a0 };

static struct board b;
static unsigned msi, msix;
static uint64_t bar;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    msi = board_capability(&b, PCI_CAP_ID_MSI);
    msix = board_capability(&b, PCI_CAP_ID_MSIX);
    bar = board_config(&b, PCI_BASE_ADDRESS_0, 4) & ~15u;
    for (unsigned i = 0; i < 8; i++)
        board_irte(&b, INDEX + i, (uint8_t)(VECTOR + i));
}

static void teardown(void)
{
    board_stop(&b);
}

/* As system software does it: `log2` of the messages that the device may use. */
static void enable_msi(unsigned log2)
{
    board_configure(&b, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
    board_configure(&b, msi + PCI_MSI_DATA_64, 2, INDEX);
    board_configure(&b, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | log2 << 4);
}

static void set_vector(unsigned number, uint32_t data, uint32_t control)
{
    uint64_t at = bar + number * PCI_MSIX_ENTRY_SIZE;

    machine_mmio_write(b.machine, at + PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee00000, 4);
    machine_mmio_write(b.machine, at + PCI_MSIX_ENTRY_UPPER_ADDR, 0, 4);
    machine_mmio_write(b.machine, at + PCI_MSIX_ENTRY_DATA, data, 4);
    machine_mmio_write(b.machine, at + PCI_MSIX_ENTRY_VECTOR_CTRL, control, 4);
}

static void enable_msix(void)
{
    for (unsigned i = 0; i < 8; i++)
        set_vector(i, INDEX + i, 0);
    board_configure(&b, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

static uint64_t pending_bits(void)
{
    return machine_mmio_read(b.machine, bar + 0x1000, 8);
}

static void assert_took(size_t number, uint32_t data)
{
    ck_assert_uint_gt(b.count, number);
    ck_assert_uint_eq(b.taken[number].address, 0xfee00000);
    ck_assert_uint_eq(b.taken[number].data & 0xff, data);
}

/* ---------------------------------------------------------------- MSI */

START_TEST(test_msi_is_remapped)
{
    enable_msi(2);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(dma_interrupt(b.device, i), PCIE_INTERRUPT_SENT);
    ck_assert_uint_eq(b.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_took(i, VECTOR + i);
    ck_assert_uint_eq(machine_statistics(b.machine).device_messages, 4);
    ck_assert_int_eq(dma_interrupt(b.device, 4), PCIE_INTERRUPT_OFF);
}
END_TEST

START_TEST(test_msi_uses_no_more_than_allowed)
{
    enable_msi(1);
    dma_interrupt(b.device, 2);
    dma_interrupt(b.device, 3);
    assert_took(0, VECTOR);
    assert_took(1, VECTOR + 1);
    board_configure(&b, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | 6 << 4); /* more than there are */
    dma_interrupt(b.device, 3);
    assert_took(2, VECTOR + 3);
}
END_TEST

START_TEST(test_masked_msi_waits)
{
    enable_msi(2);
    board_configure(&b, msi + PCI_MSI_MASK_64, 4, 0x5);
    ck_assert_int_eq(dma_interrupt(b.device, 0), PCIE_INTERRUPT_PENDING);
    ck_assert_int_eq(dma_interrupt(b.device, 2), PCIE_INTERRUPT_PENDING);
    ck_assert_int_eq(dma_interrupt(b.device, 1), PCIE_INTERRUPT_SENT);
    ck_assert_uint_eq(board_config(&b, msi + PCI_MSI_PENDING_64, 4), 0x5);
    board_configure(&b, msi + PCI_MSI_MASK_64, 4, 0x1);
    ck_assert_uint_eq(b.count, 2);
    assert_took(1, VECTOR + 2);
    ck_assert_uint_eq(board_config(&b, msi + PCI_MSI_PENDING_64, 4), 0x1);
    board_configure(&b, msi + PCI_MSI_MASK_64, 4, 0);
    assert_took(2, VECTOR);
}
END_TEST

START_TEST(test_no_message_unless_enabled_and_master)
{
    ck_assert_int_eq(dma_interrupt(b.device, 0), PCIE_INTERRUPT_OFF);
    enable_msi(0);
    board_configure(&b, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    ck_assert_int_eq(dma_interrupt(b.device, 0), PCIE_INTERRUPT_OFF);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(dma_statistics(b.device).interrupts, 0);
}
END_TEST

START_TEST(test_narrow_msi)
{
    struct board other;
    unsigned at;

    board_init(&other);
    other.what.msi_narrow = true;
    board_start(&other);
    board_irte(&other, 0x33, 0x99);
    at = board_capability(&other, PCI_CAP_ID_MSI);
    board_configure(&other, at + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
    board_configure(&other, at + PCI_MSI_DATA_32, 2, 0x33);
    board_configure(&other, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    dma_interrupt(other.device, 0);
    ck_assert_uint_eq(other.count, 1);
    ck_assert_uint_eq(other.taken[0].data & 0xff, 0x99);
    board_stop(&other);
}
END_TEST

/* ---------------------------------------------------------------- MSI-X */

START_TEST(test_msix_is_remapped)
{
    enable_msi(2);
    enable_msix(); /* comes before MSI */
    dma_interrupt(b.device, 7);
    assert_took(0, VECTOR + 7);
    ck_assert_int_eq(dma_interrupt(b.device, 8), PCIE_INTERRUPT_OFF);
}
END_TEST

START_TEST(test_msix_table_reads_back)
{
    set_vector(3, 0x1234, 1);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 3 * 16 + 8, 4), 0x1234);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 3 * 16 + 8, 8), UINT64_C(0x100001234));
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 3 * 16, 8), 0xfee00000);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 12, 4),
                      1); /* masked until software says otherwise */
}
END_TEST

START_TEST(test_masked_vectors_wait)
{
    enable_msix();
    set_vector(5, INDEX + 5, PCI_MSIX_ENTRY_CTRL_MASKBIT);
    ck_assert_int_eq(dma_interrupt(b.device, 5), PCIE_INTERRUPT_PENDING);
    ck_assert_uint_eq(pending_bits(), 1 << 5);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 0x1000, 1), 1 << 5);
    machine_mmio_write(b.machine, bar + 0x1000, 0, 8); /* only the device writes these */
    ck_assert_uint_eq(pending_bits(), 1 << 5);
    set_vector(5, INDEX + 6, 0);
    assert_took(0, VECTOR + 6);
    ck_assert_uint_eq(pending_bits(), 0);
}
END_TEST

START_TEST(test_a_masked_function_waits)
{
    enable_msix();
    board_configure(&b, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    dma_interrupt(b.device, 1);
    dma_interrupt(b.device, 2);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(pending_bits(), 6);
    board_configure(&b, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
    assert_took(0, VECTOR + 1);
    assert_took(1, VECTOR + 2);
}
END_TEST

START_TEST(test_the_last_of_2048_vectors)
{
    struct board other;
    uint64_t base, entry;

    board_init(&other);
    other.what.msix = 2048;
    other.what.bar[0].bytes = 0x10000;
    board_start(&other);
    board_irte(&other, INDEX, VECTOR);
    base = board_config(&other, PCI_BASE_ADDRESS_0, 4) & ~15u;
    entry = base + 2047 * 16;
    board_configure(&other, board_capability(&other, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2,
                    PCI_MSIX_FLAGS_ENABLE);
    machine_mmio_write(other.machine, entry, 0xfee00000, 8);
    ck_assert_int_eq(dma_interrupt(other.device, 2047), PCIE_INTERRUPT_PENDING);
    ck_assert_uint_eq(machine_mmio_read(other.machine, base + 0x8000 + 248, 8), UINT64_C(1) << 63);
    machine_mmio_write(other.machine, entry + 8, INDEX, 8);
    ck_assert_uint_eq(other.count, 1);
    board_stop(&other);
}
END_TEST

/* ---------------------------------------------------------------- other ways */

START_TEST(test_a_refused_message)
{
    enable_msi(0);
    board_configure(&b, msi + PCI_MSI_DATA_64, 2, 0x100); /* behind the end of the table */
    ck_assert_int_eq(dma_interrupt(b.device, 0), PCIE_INTERRUPT_SENT);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(machine_statistics(b.machine).refused_messages, 1);
    ck_assert_uint_eq(board_events(&b), 1);
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_IO_PAGE_FAULT);
}
END_TEST

/* An MSI is a write like any other when its address is memory. */
START_TEST(test_a_message_to_memory)
{
    board_map(&b, 0x10000, BOARD_DATA, true, true);
    enable_msi(0);
    board_configure(&b, msi + PCI_MSI_ADDRESS_LO, 4, 0x10008);
    dma_interrupt(b.device, 0);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 8), INDEX);
    board_configure(&b, msi + PCI_MSI_ADDRESS_LO, 4, 0x20008);
    dma_interrupt(b.device, 0);
    ck_assert_uint_eq(machine_statistics(b.machine).refused_messages, 1);
}
END_TEST

/* The address of a vector has 64 bits. */
START_TEST(test_a_message_to_far_memory)
{
    board_map(&b, UINT64_C(0x7fff10000), BOARD_DATA, true, true);
    enable_msix();
    machine_mmio_write(b.machine, bar, UINT64_C(0x7fff10010), 8);
    dma_interrupt(b.device, 0);
    ck_assert_uint_eq(b.count, 0);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x10), INDEX);
}
END_TEST

START_TEST(test_a_device_that_writes_into_the_interrupt_range)
{
    const struct dma_access access = {.address = 0xfee00000, .length = 4, .write = true};
    struct amdvi_result result;
    uint32_t word = INDEX + 2;

    ck_assert_int_eq(dma_access(b.device, &access, &word, &result), DMA_DONE);
    assert_took(0, VECTOR + 2);
    ck_assert_uint_eq(result.pa, 0xfee00000);
    word = 0x1ff; /* behind the end of the table */
    ck_assert_int_eq(dma_access(b.device, &access, &word, &result), DMA_FAULT);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_INT_INDEX);
    ck_assert_uint_eq(b.count, 1);
}
END_TEST

START_TEST(test_without_an_iommu_messages_pass)
{
    struct board bare;

    board_init(&bare);
    bare.config.iommus_count = 0;
    board_power(&bare);
    msi = board_capability(&bare, PCI_CAP_ID_MSI);
    board_configure(&bare, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee03000);
    board_configure(&bare, msi + PCI_MSI_DATA_64, 2, 0x45);
    board_configure(&bare, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    dma_interrupt(bare.device, 0);
    ck_assert_uint_eq(bare.count, 1);
    ck_assert_uint_eq(bare.taken[0].address, 0xfee03000);
    ck_assert_uint_eq(bare.taken[0].data, 0x45);
    board_stop(&bare);
}
END_TEST

/* The IOAPIC's interrupts are requests of the southbridge: DeviceID 00:14.0, which has no entry: V=0, all
 * pass. With an entry its index is remapped like a device's. */
START_TEST(test_the_ioapic_is_remapped_under_its_own_name)
{
    const uint64_t apic = 0xfec00000, entry = BOARD_DEVICES + SOUTHBRIDGE * 32;
    struct ram *ram = machine_ram(b.machine);

    machine_mmio_write(b.machine, apic, 0x10 + 2 * 4, 4);
    machine_mmio_write(b.machine, apic + 0x10, INDEX + 1, 4);
    ck_assert_uint_eq(machine_mmio_read(b.machine, apic + 0x10, 4), INDEX + 1);
    for (unsigned word = 4; word-- > 0;)
        ram_set(ram, entry + word * 8, board_dte_get(&b, word));
    machine_set_pin(b.machine, 0, 4, true);
    assert_took(0, VECTOR + 1);
    machine_set_pin(b.machine, 0, 4, false);
    machine_set_pin(b.machine, 1, 4, true); /* there is no second one */
    ck_assert_uint_eq(b.count, 1);
}
END_TEST

START_TEST(test_end_of_interrupt_reaches_the_ioapic)
{
    const uint64_t apic = 0xfec00000;

    machine_mmio_write(b.machine, apic, 0x10 + 2 * 4, 4);
    machine_mmio_write(b.machine, apic + 0x10, IOAPIC_LEVEL | 0x44, 4);
    machine_set_pin(b.machine, 0, 4, true);
    ck_assert_uint_eq(b.count, 1);
    machine_eoi(b.machine, 0x44);
    ck_assert_uint_eq(b.count, 2);
}
END_TEST

/* ---------------------------------------------------------------- of the IOMMU */

static void fault(void)
{
    uint64_t word = 0;

    dma_read(b.device, 0x700000, &word, 8);
}

START_TEST(test_the_iommus_own_message)
{
    uint32_t capability = 0, at;

    fault();
    ck_assert_uint_eq(b.count, 0); /* MSI is not enabled */
    machine_cfg_read(b.machine, 0, 0, 2, PCI_CAPABILITY_LIST, 1, &capability);
    machine_cfg_read(b.machine, 0, 0, 2, capability + 1, 1, &at);
    machine_cfg_write(b.machine, 0, 0, 2, at + PCI_MSI_ADDRESS_LO, 4, 0xfee02000);
    machine_cfg_write(b.machine, 0, 0, 2, at + PCI_MSI_DATA_64, 2, 0x31);
    machine_cfg_write(b.machine, 0, 0, 2, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    fault();
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(b.taken[0].address, 0xfee02000);
    ck_assert_uint_eq(b.taken[0].data, 0x31);
    ck_assert_uint_eq(machine_statistics(b.machine).own_messages, 1);
}
END_TEST

/* Software that handles one interrupt may cause the next: it is delivered inside, and none comes twice. */
static void handler(void *context, uint64_t address, uint32_t data)
{
    b.taken[b.count++] = (struct board_message){address, data};
    if (b.count < 3)
        dma_interrupt(b.device, (unsigned)b.count);
}

START_TEST(test_delivery_may_call_the_machine)
{
    board_stop(&b);
    board_init(&b);
    b.config.deliver = handler;
    board_start(&b);
    for (unsigned i = 0; i < 8; i++)
        board_irte(&b, INDEX + i, (uint8_t)(VECTOR + i));
    enable_msi(2);
    dma_interrupt(b.device, 0);
    ck_assert_uint_eq(b.count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_took(i, VECTOR + i);
}
END_TEST

static void pull_the_plug(void *context, uint64_t address, uint32_t data)
{
    b.count++;
    ck_assert_int_eq(machine_power_on(b.machine), AMDVI_OK);
}

/* A reset of everything takes along what is on its way. */
START_TEST(test_power_on_forgets_messages)
{
    board_stop(&b);
    board_init(&b);
    b.config.deliver = pull_the_plug;
    board_start(&b);
    board_irte(&b, INDEX, VECTOR);
    board_irte(&b, INDEX + 1, VECTOR + 1);
    enable_msi(1);
    board_configure(&b, msi + PCI_MSI_MASK_64, 4, 3);
    dma_interrupt(b.device, 0);
    dma_interrupt(b.device, 1);
    board_configure(&b, msi + PCI_MSI_MASK_64, 4, 0); /* both at once */
    ck_assert_uint_eq(b.count, 1);
}
END_TEST

Suite *interrupts_suite(void)
{
    Suite *suite = suite_create("interrupts");
    TCase *tc = tcase_create("interrupts");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_msi_is_remapped);
    tcase_add_test(tc, test_msi_uses_no_more_than_allowed);
    tcase_add_test(tc, test_masked_msi_waits);
    tcase_add_test(tc, test_no_message_unless_enabled_and_master);
    tcase_add_test(tc, test_narrow_msi);
    tcase_add_test(tc, test_msix_is_remapped);
    tcase_add_test(tc, test_msix_table_reads_back);
    tcase_add_test(tc, test_masked_vectors_wait);
    tcase_add_test(tc, test_a_masked_function_waits);
    tcase_add_test(tc, test_the_last_of_2048_vectors);
    tcase_add_test(tc, test_a_refused_message);
    tcase_add_test(tc, test_a_message_to_memory);
    tcase_add_test(tc, test_a_message_to_far_memory);
    tcase_add_test(tc, test_a_device_that_writes_into_the_interrupt_range);
    tcase_add_test(tc, test_without_an_iommu_messages_pass);
    tcase_add_test(tc, test_the_ioapic_is_remapped_under_its_own_name);
    tcase_add_test(tc, test_end_of_interrupt_reaches_the_ioapic);
    tcase_add_test(tc, test_the_iommus_own_message);
    tcase_add_test(tc, test_delivery_may_call_the_machine);
    tcase_add_test(tc, test_power_on_forgets_messages);
    suite_add_tcase(suite, tc);
    return suite;
}
