// SPDX-License-Identifier: Apache-2.0
/* Guests that remap interrupts: where a device's message goes is what the guest's own tables say (iommu 8),
 * by an entry of the host's (viommu 4.3). Entries are written here by their bits (iommu 8.3, 3.2). */
#include "bench.h"
#include "run.h"

#include "amdvi/ivrs.h"
#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "testbench/hypervisor/guest_driver.h"

enum { GDEV = 0x10, IOAPIC = 0xa0, GUEST_BYTES = 16 << 20, INDEX = 5, MODES = 4 };

#define MSI UINT64_C(0xfee00000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_guest_iommu iommu;
static uint64_t table; /* GPA of the guest's interrupt table */
static bool wide;      /* entries of 128 bits */

/* `mode` bit 0: mediated, bit 1: entries of 128 bits. */
static void start_with(int mode, bool untrapped)
{
    static const struct hv_vmm_ioapic ioapic = {.number = 32, .device = IOAPIC};
    struct hv_vmm_options options = {.mode = mode & 1 ? HV_VMM_MEDIATED : HV_VMM_HARDWARE,
                                     .gpa = BENCH_GPA,
                                     .memory = GUEST_BYTES,
                                     .untrapped = untrapped,
                                     .ioapic = &ioapic,
                                     .first = BENCH_DEVICE,
                                     .first_guest = GDEV};

    wide = mode & 2;
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    iommu.control |= wide ? REG_CONTROL_GAEN_MASK : 0;
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, iommu.control), HV_OK);
    table = hv_guest_take(&iommu.pages, 2);
}

static void start(int mode)
{
    start_with(mode, false);
}

static void teardown(void)
{
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

/* ---------------------------------------------------------------- the guest's driver */

static void store(uint64_t gpa, const void *from, unsigned bytes)
{
    ck_assert(hv_vmm_store_bytes(vmm, gpa, from, bytes));
}

/* RemapEn, IntType, DM, destination, vector. */
static void entry_at(unsigned index, unsigned type, bool logical, unsigned destination, unsigned vector)
{
    uint64_t low = 1 | (uint64_t)type << 2 | (uint64_t)logical << 6 | (uint64_t)destination << 8;
    uint64_t both[2] = {low, vector};
    uint32_t small = (uint32_t)low | vector << 16;

    store(table + index * (wide ? 16u : 4u), wide ? (void *)both : (void *)&small, wide ? 16 : 4);
}

static void no_entry_at(unsigned index)
{
    uint64_t none[2] = {0};

    store(table + index * (wide ? 16u : 4u), none, wide ? 16 : 4);
}

static void invalidate(unsigned opcode, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, opcode);
    cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

/* V=TV=1, IR=IW=1, Mode 0: memory passes; IV, IntTabLen=9, IntCtl. */
static void attach(uint16_t device, unsigned control)
{
    uint64_t entry[4] = {UINT64_C(3) | UINT64_C(3) << 61, 0, 0, 0};

    entry[2] = 1 | 9 << 1 | table | (uint64_t)control << 60;
    hv_guest_iommu_entry(&iommu, device, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

/* The guest programs a message: destination 0 of the address is ignored by remapping, the index is data. */
static void program(unsigned index, uint64_t address, uint32_t data)
{
    const struct hv_message message = {.address = address, .data = data};

    ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV, index, &message), HV_OK);
}

/* The device sends what the VMM has given it. */
static struct amdvi_int_result send(unsigned index)
{
    struct amdvi_int_result result;

    ck_assert_int_eq(amdvi_interrupt(b.device, BENCH_DEVICE, MSI, index, &result), AMDVI_OK);
    return result;
}

static void arrives(unsigned index, unsigned vector, unsigned destination)
{
    struct amdvi_int_result result = send(index);

    ck_assert(result.ok);
    ck_assert_uint_eq(result.vector, vector);
    ck_assert_uint_eq(result.destination, destination);
    ck_assert(!result.logical && result.type == 0);
}

/* ---------------------------------------------------------------- tests */

START_TEST(the_guest_is_told)
{
    unsigned char ivrs[4096];
    struct amdvi_ivrs_summary summary;
    size_t bytes;
    uint64_t efr;
    bool found = false;

    start(_i);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &efr), HV_OK);
    ck_assert((efr >> 7 & 1) && !(efr >> 2 & 1) && !(efr >> 21 & 7)); /* GASup, no XTSup, no GAMSup */
    ck_assert_int_eq(hv_vmm_ivrs(vmm, ivrs, sizeof(ivrs), &bytes), HV_OK);
    ck_assert_int_eq(amdvi_ivrs_check(ivrs, bytes, &summary), AMDVI_OK);
    for (size_t i = 0; i + 8 <= bytes; i += 4) /* type 48h: handle, source, variety IOAPIC (iommu 1.3) */
        found |= ivrs[i] == 0x48 && ivrs[i + 4] == 32 && ivrs[i + 5] == IOAPIC && ivrs[i + 7] == 1;
    ck_assert(found);
}
END_TEST

START_TEST(a_message_goes_where_the_guest_says)
{
    struct amdvi_int_result result;

    start(_i);
    entry_at(INDEX, 0, false, 3, 0x45);
    entry_at(INDEX + 1, 1, true, 0x0f, 0x46);
    attach(GDEV, 2);
    program(0, MSI, INDEX);
    program(1, MSI, INDEX + 1);
    arrives(0, 0x45, 3);
    result = send(1);
    ck_assert(result.ok && result.vector == 0x46 && result.destination == 0x0f);
    ck_assert(result.logical && result.type == 1);
    ck_assert(!send(2).ok); /* the guest has not programmed it */
    program(1, MSI, INDEX);
    arrives(1, 0x45, 3);
    entry_at(INDEX, 1, false, 3, 0x45);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
    ck_assert_uint_eq(send(1).type, 1);
    entry_at(INDEX, 0, false, 3, 0x45);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
    ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV, 1, NULL), HV_OK);
    ck_assert(!send(1).ok);
    arrives(0, 0x45, 3);
}
END_TEST

/* Affinity: the entry changes, and what the device has been given stays. */
START_TEST(changes_are_followed)
{
    start(_i);
    entry_at(INDEX, 0, false, 3, 0x45);
    attach(GDEV, 2);
    program(0, MSI, INDEX);
    for (unsigned round = 0; round < 5; round++) {
        entry_at(INDEX, 0, false, round, 0x50 + round);
        invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
        arrives(0, 0x50 + round, round);
    }
    no_entry_at(INDEX);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
    ck_assert(!send(0).ok);
    entry_at(INDEX, 0, false, 1, 0x60);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
    arrives(0, 0x60, 1);
}
END_TEST

/* A guest that writes its tables unseen: its invalidation (mediated), any register write or a look finds it.
 */
START_TEST(unseen_changes_are_followed)
{
    start_with(_i, true);
    attach(GDEV, 2);
    program(0, MSI, INDEX);
    ck_assert(!send(0).ok);
    if (wide)
        memcpy(hv_vmm_at(vmm, table + INDEX * 16, 16), (uint64_t[]){1 | 2 << 8, 0x47}, 16);
    else
        memcpy(hv_vmm_at(vmm, table + INDEX * 4, 4), &(uint32_t){1 | 2 << 8 | 0x47 << 16}, 4);
    ck_assert_int_eq(hv_vmm_look(vmm), HV_OK);
    arrives(0, 0x47, 2);
}
END_TEST

/* A mediated guest whose stores are told of for the device table only: the command is heard. */
START_TEST(an_invalidation_is_heard)
{
    start(1 | _i << 1);
    attach(GDEV, 2);
    program(0, MSI, INDEX);
    if (wide)
        memcpy(hv_vmm_at(vmm, table + INDEX * 16, 16), (uint64_t[]){1 | 2 << 8, 0x47}, 16);
    else
        memcpy(hv_vmm_at(vmm, table + INDEX * 4, 4), &(uint32_t){1 | 2 << 8 | 0x47 << 16}, 4);
    ck_assert(!send(0).ok);
    hv_guest_iommu_wait(&iommu);
    ck_assert(!send(0).ok);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV + 1);
    ck_assert(!send(0).ok);
    invalidate(CMD_INVALIDATE_INTERRUPT_TABLE, GDEV);
    arrives(0, 0x47, 2);
}
END_TEST

/* IntCtl: 0 aborts, 1 passes what the device was programmed with, 2 remaps; and IV=0 passes, too. */
START_TEST(the_guests_entry_decides)
{
    const uint64_t address = MSI | 7 << 12;
    uint64_t plain[4] = {UINT64_C(3) | UINT64_C(3) << 61, 0, 0, 0};

    start(_i);
    entry_at(INDEX, 0, false, 3, 0x45);
    program(0, address, INDEX);
    arrives(0, INDEX, 7); /* an entry of zeros: V=0, IV=0 */
    attach(GDEV, 2);
    arrives(0, 0x45, 3);
    attach(GDEV, 0);
    ck_assert(!send(0).ok);
    attach(GDEV, 1);
    arrives(0, INDEX, 7);
    hv_guest_iommu_entry(&iommu, GDEV, plain);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    arrives(0, INDEX, 7);
    attach(GDEV, 2);
    arrives(0, 0x45, 3);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, 0), HV_OK); /* its IOMMU is off */
    arrives(0, INDEX, 7);
}
END_TEST

/* Beyond the table, a reserved type, NMI, a table in nobody's memory. */
START_TEST(what_is_illegal_is_refused)
{
    start(_i);
    entry_at(INDEX, 2, false, 3, 0x45);
    attach(GDEV, 2);
    program(0, MSI, INDEX);
    ck_assert(!send(0).ok);
    program(0, MSI, 1 << 9);
    ck_assert(!send(0).ok);
    program(0, MSI, 4 << 8 | 0x20);
    ck_assert(!send(0).ok);
    entry_at(INDEX, 0, false, 3, 0x45);
    program(0, MSI, INDEX);
    arrives(0, 0x45, 3);
    table = BENCH_GPA - 2 * HV_PAGE;
    attach(GDEV, 2);
    ck_assert(!send(0).ok);
}
END_TEST

/* The VMM emulates the IOAPIC and asks where its messages go. */
START_TEST(messages_of_the_ioapic)
{
    const struct hv_message message = {.address = MSI, .data = 9};
    struct amdvi_int_result result;

    start(_i);
    entry_at(9, 0, true, 2, 0x31);
    attach(IOAPIC, 2);
    ck_assert_int_eq(hv_vmm_remap(vmm, IOAPIC, &message, &result), HV_OK);
    ck_assert(result.ok && result.vector == 0x31 && result.destination == 2 && result.logical);
    no_entry_at(9);
    ck_assert_int_eq(hv_vmm_remap(vmm, IOAPIC, &message, &result), HV_OK);
    ck_assert(!result.ok && result.fault.event == EVT_IO_PAGE_FAULT);
    ck_assert_int_eq(hv_vmm_remap(vmm, IOAPIC, NULL, &result), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_remap(NULL, IOAPIC, &message, &result), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(a_reset_forgets_messages)
{
    const struct hv_message message = {.address = MSI, .data = 0x33};

    start(_i);
    program(0, MSI, 0x33);
    arrives(0, 0x33, 0);
    ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
    ck_assert(!send(0).ok);
    ck_assert_int_eq(hv_vmm_look(vmm), HV_OK);
    ck_assert(!send(0).ok);
    program(0, MSI, 0x33);
    arrives(0, 0x33, 0);
    program(1, MSI, 0); /* vector 0 for processor 0 is a message, too */
    arrives(1, 0, 0);
    ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV, 1, NULL), HV_OK);
    ck_assert(!send(1).ok);
    ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV, 256, &message), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV + 1, 0, &message), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_vmm_device_message(NULL, GDEV, 0, &message), HV_ERR_ARGUMENT);
}
END_TEST

/* The next kernel has its tables where the last one had them. */
START_TEST(a_reset_starts_remapping_anew)
{
    start(_i);
    for (unsigned round = 0; round < 2; round++) {
        entry_at(INDEX, 0, false, 3, 0x45 + round);
        attach(GDEV, 2);
        program(0, MSI, INDEX);
        arrives(0, 0x45 + round, 3);
        ck_assert_int_eq(hv_vmm_device_message(vmm, GDEV, 0, NULL), HV_OK);
        ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
        hv_guest_iommu_destroy(&iommu);
        ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
        iommu.control |= wide ? REG_CONTROL_GAEN_MASK : 0;
        ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, iommu.control), HV_OK);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("messages");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, the_guest_is_told, 0, 2);
    tcase_add_loop_test(tcase, a_message_goes_where_the_guest_says, 0, MODES);
    tcase_add_loop_test(tcase, changes_are_followed, 0, MODES);
    tcase_add_loop_test(tcase, unseen_changes_are_followed, 0, MODES);
    tcase_add_loop_test(tcase, an_invalidation_is_heard, 0, 2);
    tcase_add_loop_test(tcase, the_guests_entry_decides, 0, MODES);
    tcase_add_loop_test(tcase, what_is_illegal_is_refused, 0, MODES);
    tcase_add_loop_test(tcase, messages_of_the_ioapic, 0, MODES);
    tcase_add_loop_test(tcase, a_reset_forgets_messages, 0, 2);
    tcase_add_loop_test(tcase, a_reset_starts_remapping_anew, 0, MODES);
    return run_tests(tcase);
}
