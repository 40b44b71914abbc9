// SPDX-License-Identifier: Apache-2.0
/* Guest memory in pieces of the machine's RAM, and a guest whose stores nobody traps: what a VMM in front of
 * a real kernel has (viommu 4.2): the same in both modes. */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"
#include "testbench/hypervisor/workload.h"

enum { GDEV = 0x10, PIECES = 3, PIECE_BYTES = 6 << 20, VECTOR = 0x45 };

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_vmm_options options;
static struct hv_vmm_range ranges[PIECES];
static struct hv_guest_iommu iommu;

/* The guest's pieces follow each other; in the machine they lie apart and in another order. */
static void prepare(int mode)
{
    options = (struct hv_vmm_options){.mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE,
                                      .first = BENCH_DEVICE,
                                      .first_guest = GDEV,
                                      .ranges = ranges,
                                      .range_count = PIECES};
    const unsigned order[PIECES] = {1, 0, 2};

    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    for (unsigned n = 0; n < PIECES; n++) {
        unsigned i = order[n];
        ranges[i] = (struct hv_vmm_range){.gpa = BENCH_GPA + i * (uint64_t)PIECE_BYTES, .bytes = PIECE_BYTES};
        ranges[i].spa = hv_memory_take(b.memory, PIECE_BYTES, HV_PAGE << (i % 2 ? 9 : 0));
        ranges[i].at = hv_memory_at(b.memory, ranges[i].spa, PIECE_BYTES);
        ck_assert_ptr_nonnull(ranges[i].at);
        hv_memory_page(b.memory);
    }
    options.vapic = hv_memory_page(b.memory);
    vmm = NULL;
}

static void start(int mode)
{
    prepare(mode);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void teardown(void)
{
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static struct amdvi_result dma(enum amdvi_op op, uint64_t address, void *data, unsigned length)
{
    struct amdvi_request request = {.device = GDEV, .op = op, .address = address, .length = length};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_dma(vmm, &request, data, &result), HV_OK);
    return result;
}

START_TEST(a_guest_runs_in_pieces)
{
    struct hv_workload_options work = {
        .seed = 11, .devices = {GDEV}, .device_count = 1, .gpa = BENCH_GPA, .bytes = PIECES * PIECE_BYTES};
    struct hv_workload *workload;
    uint64_t before;

    start(_i);
    before = hv_memory_used(b.memory);
    ck_assert_int_eq(hv_workload_create(vmm, &work, &workload), HV_OK);
    ck_assert_int_eq(hv_workload_run(workload, 3000), HV_OK);
    hv_workload_destroy(workload);
    hv_vmm_destroy(vmm);
    vmm = NULL;
    ck_assert_uint_le(hv_memory_used(b.memory), before); /* the pieces are not the VMM's to give back */
    ck_assert_ptr_nonnull(hv_memory_at(b.memory, ranges[0].spa, 1));
}
END_TEST

START_TEST(each_address_leads_to_its_piece)
{
    unsigned char out[16] = "across two of it", in[16];
    uint64_t seam = BENCH_GPA + PIECE_BYTES;
    struct amdvi_result result;

    start(_i);
    result = dma(AMDVI_WRITE, seam - 8, out, sizeof(out));
    ck_assert(result.ok);
    ck_assert_mem_eq((char *)ranges[0].at + PIECE_BYTES - 8, out, 8);
    ck_assert_mem_eq(ranges[1].at, out + 8, 8);
    result = dma(AMDVI_READ, seam + 0x5008, in, 8);
    ck_assert(result.ok && result.pa == seam + 0x5008);
    result = dma(AMDVI_READ, seam + PIECE_BYTES + 0x5008, in, 8);
    ck_assert(result.ok && result.pa == seam + PIECE_BYTES + 0x5008);
    ck_assert(hv_vmm_store_bytes(vmm, seam - 3, out, sizeof(out)));
    ck_assert_mem_eq((char *)ranges[0].at + PIECE_BYTES - 3, out, 3);
    ck_assert_mem_eq(ranges[1].at, out + 3, 13);
    ck_assert_ptr_null(hv_vmm_at(vmm, seam - 8, 16));
    ck_assert_ptr_eq(hv_vmm_at(vmm, seam + 8, 16), (char *)ranges[1].at + 8);
    ck_assert(!hv_vmm_store_bytes(vmm, BENCH_GPA + PIECES * PIECE_BYTES - 8, out, sizeof(out)));
    ck_assert_mem_ne((char *)ranges[2].at + PIECE_BYTES - 8, out, 8); /* nothing of it is stored */
    ck_assert(!dma(AMDVI_WRITE, BENCH_GPA + PIECES * PIECE_BYTES, out, 8).ok);
}
END_TEST

/* A ring may lie across two pieces: it runs in both modes. */
START_TEST(a_ring_crosses_pieces)
{
    const uint64_t control = REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_CMDBUFEN_MASK;
    uint64_t base = BENCH_GPA + PIECE_BYTES - HV_PAGE, word[2] = {0}, status;

    start(_i);
    cmd_set_opcode(word, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(word, 1);
    cmd_completion_wait_set_address(word, BENCH_GPA + 0x3000);
    for (unsigned i = 0; i < 512; i++) {
        cmd_completion_wait_set_data(word, i + 1);
        ck_assert(hv_vmm_store_bytes(vmm, base + i * sizeof(word), word, sizeof(word)));
    }
    hv_vmm_write(vmm, REG_CMD_BASE_OFFSET, 8, reg_cmd_base_set_len(base, 9));
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, control);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CMD_TAIL_OFFSET, 8, 500 * 16), HV_OK);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_STATUS_OFFSET, 8, &status), HV_OK);
    ck_assert(vf_status_cmdbufrun(status));
    ck_assert_uint_eq(*(uint64_t *)hv_vmm_at(vmm, BENCH_GPA + 0x3000, 8), 500);
}
END_TEST

static void refuse(enum hv_status status)
{
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), status);
    ck_assert_ptr_null(vmm);
}

START_TEST(pieces_are_checked)
{
    struct hv_vmm_range good;

    prepare(_i);
    good = ranges[1];
    ranges[1].gpa += 8;
    refuse(HV_ERR_ARGUMENT);
    ranges[1] = good;
    ranges[1].bytes += 8;
    refuse(HV_ERR_ARGUMENT);
    ranges[1] = good;
    ranges[1].at = NULL;
    refuse(HV_ERR_ARGUMENT);
    ranges[1] = good;
    ranges[1].gpa = ranges[2].gpa + HV_PAGE;
    refuse(HV_ERR_ARGUMENT);
    ranges[1] = good;
    ranges[1].bytes = 0;
    refuse(HV_ERR_ARGUMENT);
    ranges[1] = good;
    options.range_count = HV_VMM_RANGES + 1;
    refuse(HV_ERR_ARGUMENT);
    options.range_count = 0;
    refuse(HV_ERR_ARGUMENT);
    options.range_count = PIECES;
    options.memory = 16 << 20;
    refuse(HV_ERR_ARGUMENT);
    options.memory = 0;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}
END_TEST

/* ---------------------------------------------------------------- stores that nobody traps */

static void describe(uint64_t entry[4], uint64_t gva, uint64_t page)
{
    uint64_t gcr3 = hv_guest_take(&iommu.pages, 1), root = hv_guest_take(&iommu.pages, 1);

    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, root));
    ck_assert(hv_guest_map(&iommu.pages, root, gva, page, 1, true));
    memset(entry, 0, 32);
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, 7);
    dte_set_gcr3_root(entry, gcr3);
}

static bool reads(uint64_t address)
{
    unsigned char data[8];

    return dma(AMDVI_READ, address, data, sizeof(data)).ok;
}

/* The guest writes its table as its own memory. `_i` / 2: who looks, the request or the doorbell. */
START_TEST(an_entry_in_plain_memory_is_found)
{
    struct amdvi_request host = {.device = BENCH_DEVICE, .op = AMDVI_READ, .address = 0x5000, .length = 8};
    uint64_t entry[4];
    struct amdvi_result result;

    prepare(_i % 2);
    options.untrapped = true;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, PIECES * PIECE_BYTES), HV_OK);
    describe(entry, 0x5000, hv_guest_take(&iommu.pages, 1));
    memcpy(hv_vmm_at(vmm, iommu.device_table + GDEV * 32, 32), entry, 32);
    if (_i / 2)
        ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK); /* a doorbell */
    else
        ck_assert(reads(0x5000));
    ck_assert_int_eq(amdvi_translate(b.device, &host, &result), AMDVI_OK);
    ck_assert(result.ok);
    ck_assert_uint_eq(hv_vmm_exits(vmm, HV_EXIT_DEVICE_TABLE), 0);
    memset(hv_vmm_at(vmm, iommu.device_table + GDEV * 32, 32), 0, 32);
    ck_assert_int_eq(hv_vmm_look(vmm), HV_OK);
    ck_assert(!reads(0x5000) && reads(BENCH_GPA));
    ck_assert_int_eq(hv_vmm_look(NULL), HV_ERR_ARGUMENT);
    hv_guest_iommu_destroy(&iommu);
}
END_TEST

/* ---------------------------------------------------------------- the page of a virtual APIC */

START_TEST(posted_vectors_are_taken_from_the_highest_down)
{
    const unsigned posted[] = {0x45, 0x21, 0xff, 0x46, 0};
    uint8_t *page, vector;

    start(0);
    page = hv_memory_at(b.memory, options.vapic, HV_PAGE);
    for (unsigned i = 0; i < 5; i++)
        page[0x200 + posted[i] / 32 * 16 + posted[i] % 32 / 8] |= (uint8_t)(1 << posted[i] % 8);
    for (unsigned i = 0; i < 5; i++) {
        const uint8_t order[] = {0xff, 0x46, 0x45, 0x21, 0};
        ck_assert_int_eq(hv_vmm_take_interrupt(vmm, &vector), HV_OK);
        ck_assert_uint_eq(vector, order[i]);
    }
    ck_assert_int_eq(hv_vmm_take_interrupt(vmm, &vector), HV_ERR_EMPTY);
    ck_assert_int_eq(hv_vmm_take_interrupt(vmm, NULL), HV_ERR_ARGUMENT);
}
END_TEST

/* The guest's own MSI says the vector, and the device posts it. */
START_TEST(an_event_is_posted_and_taken)
{
    uint64_t at, id;
    uint8_t vector;

    start(0);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, PIECES * PIECE_BYTES), HV_OK);
    for (hv_vmm_pci_read(vmm, 0x34, 1, &at); hv_vmm_pci_read(vmm, (unsigned)at, 1, &id), id != 5;)
        hv_vmm_pci_read(vmm, (unsigned)at + 1, 1, &at);
    hv_vmm_pci_write(vmm, (unsigned)at + 4, 4, 0xfee00000);
    hv_vmm_pci_write(vmm, (unsigned)at + 12, 2, VECTOR);
    hv_vmm_pci_write(vmm, (unsigned)at + 2, 2, 1);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, iommu.control | REG_CONTROL_COMWAITINTEN_MASK),
                     HV_OK);
    ck_assert_int_eq(hv_vmm_take_interrupt(vmm, &vector), HV_ERR_EMPTY);
    uint64_t words[2] = {0};
    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_i(words, 1);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert_int_eq(hv_vmm_take_interrupt(vmm, &vector), HV_OK);
    ck_assert_uint_eq(vector, VECTOR);
    hv_guest_iommu_destroy(&iommu);
}
END_TEST

START_TEST(a_mediated_guest_has_no_such_page)
{
    uint8_t vector;

    start(1);
    ck_assert_int_eq(hv_vmm_take_interrupt(vmm, &vector), HV_ERR_UNSUPPORTED);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("memory");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, a_guest_runs_in_pieces, 0, 2);
    tcase_add_loop_test(tcase, each_address_leads_to_its_piece, 0, 2);
    tcase_add_loop_test(tcase, a_ring_crosses_pieces, 0, 2);
    tcase_add_loop_test(tcase, pieces_are_checked, 0, 2);
    tcase_add_loop_test(tcase, an_entry_in_plain_memory_is_found, 0, 4);
    tcase_add_test(tcase, posted_vectors_are_taken_from_the_highest_down);
    tcase_add_test(tcase, an_event_is_posted_and_taken);
    tcase_add_test(tcase, a_mediated_guest_has_no_such_page);
    return run_tests(tcase);
}
