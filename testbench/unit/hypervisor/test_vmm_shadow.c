// SPDX-License-Identifier: Apache-2.0
/* Guests that use host (v1) tables of their own, shadowed by the VMM of a mediated guest (iommu 4, 6.3): what
 * a device reaches is what the guest's table said at its last invalidation. */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"

#include <inttypes.h>

enum { GDEV = 0x10, GOTHER = 0x18, GUEST_BYTES = 32 << 20, DOMAIN = 7, SLOTS = 48, STEPS = 3000 };

#define LARGE      UINT64_C(0x200000)
#define EVERYTHING UINT64_C(0x7ffffffffffff000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_guest_iommu iommu;
static uint64_t root, random_state;

static void start(void)
{
    struct hv_vmm_options options = {.mode = HV_VMM_MEDIATED,
                                     .gpa = BENCH_GPA,
                                     .memory = GUEST_BYTES,
                                     .host_tables = true,
                                     .first = BENCH_DEVICE,
                                     .first_guest = GDEV};

    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, GOTHER), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    root = hv_guest_take(&iommu.pages, 1);
}

static void teardown(void)
{
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

/* ---------------------------------------------------------------- the guest's driver */

static uint64_t entry_of(uint64_t gpa, unsigned next, unsigned perm)
{
    uint64_t entry = v1_set_pr(v1_set_addr(0, gpa), 1);

    entry = v1_set_nextlevel(entry, next);
    return v1_set_iw(v1_set_ir(entry, !!(perm & HV_READ)), !!(perm & HV_WRITE));
}

/* GPA of the entry of `level` for an address; tables on the way are made. */
static uint64_t place(uint64_t iova, unsigned level)
{
    uint64_t table = root;

    for (unsigned l = 4; l > level; l--) {
        uint64_t at = table + (iova >> (12 + 9 * (l - 1)) & 511) * 8, entry = hv_guest_load(&iommu.pages, at);
        if (!v1_pr(entry)) {
            entry = entry_of(hv_guest_take(&iommu.pages, 1), l - 1, HV_READ | HV_WRITE);
            hv_guest_put(&iommu.pages, at, entry);
        }
        table = v1_addr(entry);
    }
    return table + (iova >> (12 + 9 * (level - 1)) & 511) * 8;
}

static void flush(uint16_t domain, uint64_t address, uint64_t size)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_pde(words, 1);
    cmd_inv_pages_set_s(words, size != HV_PAGE);
    cmd_inv_pages_set_address(words, size ? address | (size / 2 - 1) : EVERYTHING);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

static void describe(uint64_t entry[4], uint64_t table, unsigned mode, uint16_t domain, unsigned perm)
{
    memset(entry, 0, 32);
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_mode(entry, mode);
    dte_set_host_root(entry, table);
    dte_set_ir(entry, !!(perm & HV_READ));
    dte_set_iw(entry, !!(perm & HV_WRITE));
    dte_set_domainid(entry, domain);
}

static void attach_to(uint16_t device, uint64_t table, unsigned mode, uint16_t domain, unsigned perm)
{
    uint64_t entry[4];

    describe(entry, table, mode, domain, perm);
    hv_guest_iommu_entry(&iommu, device, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

static void attach(uint16_t device)
{
    attach_to(device, root, 4, DOMAIN, HV_READ | HV_WRITE);
}

static struct amdvi_result ask(uint16_t device, enum amdvi_op op, uint64_t address)
{
    struct amdvi_request request = {.device = device, .op = op, .address = address, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    return result;
}

static uint64_t reads(uint16_t device, uint64_t address)
{
    struct amdvi_result result = ask(device, AMDVI_READ, address);

    return result.ok ? result.pa : 0;
}

/* ---------------------------------------------------------------- what the guest sees */

START_TEST(the_guest_is_told)
{
    struct hv_vmm_options options = {.mode = HV_VMM_HARDWARE,
                                     .gpa = BENCH_GPA,
                                     .memory = GUEST_BYTES,
                                     .host_tables = true,
                                     .first = BENCH_DEVICE,
                                     .first_guest = GDEV};
    struct hv_vmm *none;
    uint64_t efr, at, header;

    start();
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &efr), HV_OK);
    ck_assert_uint_eq(efr >> 10 & 3, 0);
    ck_assert_int_eq(hv_vmm_pci_read(vmm, 0x34, 1, &at), HV_OK);
    for (hv_vmm_pci_read(vmm, (unsigned)at, 4, &header); (header & 0xff) != 0x0f;
         hv_vmm_pci_read(vmm, (unsigned)at, 4, &header))
        at = header >> 8 & 0xff;
    ck_assert(header >> 26 & 1); /* NpCache */
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    vmm = NULL;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &none), HV_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(a_page_is_there_after_its_flush)
{
    uint64_t page, other;

    start();
    page = hv_guest_take(&iommu.pages, 1);
    other = hv_guest_take(&iommu.pages, 1);
    attach(GDEV);
    ck_assert_uint_eq(reads(GDEV, 0x5000), 0);
    hv_guest_put(&iommu.pages, place(0x5000, 1), entry_of(page, 0, HV_READ));
    flush(DOMAIN, 0x5000, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, 0x5010), page + 0x10);
    ck_assert(!ask(GDEV, AMDVI_WRITE, 0x5000).ok);
    hv_guest_put(&iommu.pages, place(0x5000, 1), entry_of(other, 0, HV_READ | HV_WRITE));
    ck_assert_uint_eq(reads(GDEV, 0x5010), page + 0x10); /* until it is flushed, as on hardware */
    flush(DOMAIN + 1, 0x5000, HV_PAGE);
    flush(DOMAIN, 0x6000, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, 0x5010), page + 0x10);
    flush(DOMAIN, 0x5000, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, 0x5010), other + 0x10);
    ck_assert(ask(GDEV, AMDVI_WRITE, 0x5000).ok);
}
END_TEST

START_TEST(one_command_renews_everything)
{
    uint64_t page, words[2] = {0};

    start();
    page = hv_guest_take(&iommu.pages, 1);
    attach(GDEV);
    attach_to(GOTHER, root, 4, DOMAIN + 1, HV_READ);
    hv_guest_put(&iommu.pages, place(0x123456789000, 1), entry_of(page, 0, HV_READ | HV_WRITE));
    cmd_set_opcode(words, CMD_INVALIDATE_IOMMU_ALL);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert_uint_eq(reads(GDEV, 0x123456789008), page + 8);
    ck_assert_uint_eq(reads(GOTHER, 0x123456789008), page + 8);
    ck_assert(ask(GDEV, AMDVI_WRITE, 0x123456789008).ok);
    ck_assert(!ask(GOTHER, AMDVI_WRITE, 0x123456789008).ok); /* its entry withholds IW */
}
END_TEST

/* Sizes by NextLevel 7, levels left out, rights of directories; what is illegal is a hole. */
START_TEST(entries_of_all_kinds)
{
    uint64_t pages, table, high = UINT64_C(5) << 39;

    start();
    pages = hv_guest_take(&iommu.pages, 512);
    table = hv_guest_take(&iommu.pages, 1);
    for (unsigned i = 0; i < 16; i++) /* 64 KiB in 16 slots */
        hv_guest_put(&iommu.pages, place(0x40000, 1) + i * 8, entry_of(pages + 0x10000 + 0x7000, 7, HV_READ));
    hv_guest_put(&iommu.pages, root + 5 * 8, entry_of(table, 1, HV_READ)); /* from level 4 to level 1 */
    hv_guest_put(&iommu.pages, table + 3 * 8, entry_of(pages + 0x3000, 0, HV_READ | HV_WRITE));
    hv_guest_put(&iommu.pages, place(0x80000000, 2), entry_of(pages, 0, HV_READ | HV_WRITE)); /* 2 MiB */
    hv_guest_put(&iommu.pages, place(0x90000, 1), entry_of(pages, 3, HV_READ)); /* NextLevel 3 at level 1 */
    hv_guest_put(&iommu.pages, place(0x91000, 1), entry_of(pages, 0, HV_READ) | UINT64_C(1) << 52);
    hv_guest_put(&iommu.pages, place(0x92000, 1), entry_of(BENCH_GPA - HV_PAGE, 0, HV_READ));
    hv_guest_put(&iommu.pages, place(0x93000, 1),
                 entry_of(pages + 0xff000, 7, HV_READ)); /* 2 MiB by coding */
    hv_guest_put(&iommu.pages, place(0x94000, 1), entry_of(pages, 0, 0));
    hv_guest_put(&iommu.pages, pages, entry_of(pages, 0, HV_READ)); /* where NextLevel 3 would lead */
    attach(GDEV);
    ck_assert_uint_eq(reads(GDEV, 0x4a123 & ~7), (pages + 0x1a123) & ~UINT64_C(7));
    ck_assert_uint_eq(reads(GDEV, high + 0x3018), pages + 0x3018);
    ck_assert(!ask(GDEV, AMDVI_WRITE, high + 0x3018).ok);
    ck_assert_uint_eq(reads(GDEV, high + LARGE + 0x3018), 0);
    ck_assert_uint_eq(reads(GDEV, 0x80123450), pages + 0x123450);
    for (unsigned i = 0; i <= 4; i++)
        ck_assert_uint_eq(reads(GDEV, 0x90000 + i * HV_PAGE), 0);
}
END_TEST

/* Neighbours of what is flushed stay what they were: of a page, of a large page behind it, of a domain. */
START_TEST(a_flush_reaches_no_further)
{
    uint64_t pages, small;

    start();
    pages = hv_guest_take(&iommu.pages, 512);
    small = hv_guest_take(&iommu.pages, 16);
    for (unsigned i = 0; i < 16; i += 2)
        hv_guest_put(&iommu.pages, place(LARGE + i * HV_PAGE, 1), entry_of(small + i * HV_PAGE, 0, HV_READ));
    attach(GDEV);
    attach_to(GOTHER, root, 4, DOMAIN + 1, HV_READ | HV_WRITE);
    hv_guest_put(&iommu.pages, place(LARGE + 4 * HV_PAGE, 1), entry_of(small, 0, HV_READ));
    hv_guest_put(&iommu.pages, place(LARGE + 5 * HV_PAGE, 1), entry_of(small, 0, HV_READ));
    flush(DOMAIN, LARGE + 4 * HV_PAGE, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 4 * HV_PAGE), small);
    ck_assert_uint_eq(reads(GDEV, LARGE + 5 * HV_PAGE), 0);
    ck_assert_uint_eq(reads(GOTHER, LARGE + 4 * HV_PAGE), small + 4 * HV_PAGE);
    hv_guest_put(&iommu.pages, place(LARGE, 2), entry_of(pages, 0, HV_READ));
    flush(DOMAIN, LARGE + 6 * HV_PAGE, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 6 * HV_PAGE), pages + 6 * HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 2 * HV_PAGE), small + 2 * HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 8 * HV_PAGE), small + 8 * HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 7 * HV_PAGE), 0);
    flush(DOMAIN + 1, LARGE + 6 * HV_PAGE, HV_PAGE);
    ck_assert_uint_eq(reads(GOTHER, LARGE + 6 * HV_PAGE), pages + 6 * HV_PAGE);
    attach_to(GOTHER, root, 4, DOMAIN, HV_WRITE);
    ck_assert_uint_eq(reads(GOTHER, LARGE + 6 * HV_PAGE), 0); /* the entry withholds IR */
}
END_TEST

/* A page in the middle of a large one is replaced by the guest: all around it stays. */
START_TEST(a_large_page_breaks)
{
    uint64_t pages, table, other;

    start();
    pages = hv_guest_take(&iommu.pages, 512);
    table = hv_guest_take(&iommu.pages, 1);
    other = hv_guest_take(&iommu.pages, 1);
    hv_guest_put(&iommu.pages, place(LARGE, 2), entry_of(pages, 0, HV_READ));
    attach(GDEV);
    ck_assert_uint_eq(reads(GDEV, LARGE + 0x7008), pages + 0x7008);
    for (unsigned i = 0; i < 512; i++)
        hv_guest_put(&iommu.pages, table + i * 8, entry_of(i == 7 ? other : pages + i * HV_PAGE, 0, HV_READ));
    hv_guest_put(&iommu.pages, place(LARGE, 2), entry_of(table, 1, HV_READ | HV_WRITE));
    flush(DOMAIN, LARGE + 0x7000, HV_PAGE);
    ck_assert_uint_eq(reads(GDEV, LARGE + 0x7008), other + 8);
    ck_assert_uint_eq(reads(GDEV, LARGE + 0x8008), pages + 0x8008);
    ck_assert_uint_eq(reads(GDEV, LARGE + 0x1ff008), pages + 0x1ff008);
}
END_TEST

START_TEST(faults_are_the_guests)
{
    uint64_t record[2];

    start();
    attach(GDEV);
    ck_assert(!ask(GDEV, AMDVI_WRITE, 0xabc000).ok);
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_OK);
    ck_assert_uint_eq(evt_io_page_fault_code(record), EVT_IO_PAGE_FAULT);
    ck_assert_uint_eq(evt_io_page_fault_deviceid(record), GDEV);
    ck_assert_uint_eq(evt_io_page_fault_domainid(record), DOMAIN);
    ck_assert_uint_eq(evt_io_page_fault_address(record), 0xabc000);
    ck_assert(!evt_io_page_fault_gn(record) && evt_io_page_fault_rw(record) && !evt_io_page_fault_pr(record));
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_ERR_EMPTY);
}
END_TEST

/* ---------------------------------------------------------------- entries that change */

static bool nested_reads(uint64_t gva, uint64_t page)
{
    uint64_t entry[4] = {0}, gcr3 = hv_guest_take(&iommu.pages, 1), top = hv_guest_take(&iommu.pages, 1);

    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, top));
    ck_assert(hv_guest_map(&iommu.pages, top, gva, page, 1, true));
    describe(entry, 0, 0, DOMAIN + 2, HV_READ | HV_WRITE);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_gcr3_root(entry, gcr3);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    return reads(GDEV, gva) == page;
}

/* Host table, guest table, blocked, another host table, off: nothing of one is left in the next. */
START_TEST(entries_of_both_kinds_take_turns)
{
    uint64_t page, entry[4], old = 0;
    unsigned objects;

    start();
    old = root;
    page = hv_guest_take(&iommu.pages, 1);
    hv_guest_put(&iommu.pages, place(0x5000, 1), entry_of(page, 0, HV_READ));
    objects = hv_fd_objects(hv_vmm_context(vmm));
    for (unsigned round = 0; round < 40; round++) {
        attach(GDEV);
        ck_assert_uint_eq(reads(GDEV, 0x5000), page);
        ck_assert(nested_reads(0x9000, page) && !reads(GDEV, 0x5000));
        attach_to(GOTHER, old, 4, (uint16_t)(100 + round), HV_READ);
        attach_to(GDEV, old, 4, (uint16_t)(200 + round), HV_READ);
        ck_assert(reads(GDEV, 0x5000) == page && !reads(GDEV, 0x9000));
        describe(entry, 0, 0, 0, 0);
        hv_guest_iommu_entry(&iommu, GDEV, entry);
        hv_guest_iommu_entry(&iommu, GOTHER, entry);
        ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
        ck_assert(!reads(GDEV, 0x5000) && !reads(GOTHER, 0x5000));
        ck_assert_uint_eq(hv_fd_objects(hv_vmm_context(vmm)), objects);
    }
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
    ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
    ck_assert_uint_eq(reads(GDEV, BENCH_GPA + 0x5000), BENCH_GPA + 0x5000);
}
END_TEST

/* Levels that are not offered, a root in nobody's memory, bits that nobody honours. */
START_TEST(bad_entries_reach_nothing)
{
    uint64_t entry[4];

    start();
    attach_to(GDEV, root, 5, DOMAIN, HV_READ);
    ck_assert_uint_eq(reads(GDEV, 0x5000) | reads(GDEV, BENCH_GPA), 0);
    ck_assert_uint_eq(hv_vmm_refused(vmm), 1);
    attach_to(GDEV, BENCH_GPA - HV_PAGE, 4, DOMAIN, HV_READ);
    ck_assert_uint_eq(reads(GDEV, 0x5000) | reads(GDEV, BENCH_GPA), 0);
    describe(entry, root, 4, DOMAIN, HV_READ);
    dte_set_sa(entry, 1);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert_uint_eq(hv_vmm_refused(vmm), 2);
}
END_TEST

/* A table whose entries all lead back to it describes 2^36 pages: the VMM gives up, and goes on. */
START_TEST(a_table_without_end_is_survived)
{
    uint64_t table[4], page;

    start();
    page = hv_guest_take(&iommu.pages, 1);
    for (unsigned i = 0; i < 4; i++)
        table[i] = i < 3 ? hv_guest_take(&iommu.pages, 1) : root;
    for (unsigned level = 1; level <= 4; level++)
        for (unsigned i = 0; i < 512; i++)
            hv_guest_put(&iommu.pages, table[level - 1] + i * 8,
                         level > 1 ? entry_of(table[level - 2], level - 1, HV_READ)
                                   : entry_of(page, 0, i % 2 ? HV_READ : 0));
    attach(GDEV);
    flush(DOMAIN, 0, 0);
    for (unsigned i = 0; i < 512; i++)
        hv_guest_put(&iommu.pages, root + i * 8, 0);
    hv_guest_put(&iommu.pages, place(UINT64_C(9) << 39, 1), entry_of(page, 0, HV_READ));
    flush(DOMAIN, 0, 0);
    ck_assert_uint_eq(reads(GDEV, UINT64_C(9) << 39), page);
    ck_assert_uint_eq(reads(GDEV, 0x1000), 0);
}
END_TEST

/* ---------------------------------------------------------------- at random */

struct slot {
    uint64_t iova, size, gpa;
    unsigned perm;
};

static unsigned any(unsigned below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((random_state >> 33) % below);
}

/* Every sixth slot is 2 MiB, every sixth after it 64 KiB; neighbours share tables. */
static void lay_out(struct slot *slots)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t size = i % 6 == 0 ? LARGE : i % 6 == 1 ? 0x10000 : HV_PAGE;
        slots[i] = (struct slot){.iova = (i / 12 * UINT64_C(0x8040000000)) + (i % 12) * LARGE, .size = size};
    }
}

static void write_slot(const struct slot *s)
{
    unsigned level = s->size == LARGE ? 2 : 1, next = s->size == 0x10000 ? 7 : 0;
    uint64_t entry = s->gpa ? entry_of(next ? s->gpa | 0x7000 : s->gpa, next, s->perm) : 0;

    for (unsigned i = 0; i < (next ? 16u : 1u); i++)
        hv_guest_put(&iommu.pages, place(s->iova, level) + i * 8, entry);
}

static void change(struct slot *s, const uint64_t *memory)
{
    if (s->gpa && any(2))
        s->gpa = 0;
    else
        s->gpa = *memory + (s->size == LARGE ? 0 : (uint64_t)any(16) * 0x10000);
    s->perm = any(4);
    write_slot(s);
    if (any(10))
        flush(DOMAIN, s->iova, s->size);
    else
        flush(DOMAIN, 0, 0);
}

static void check_slot(const struct slot *s, uint16_t device)
{
    uint64_t at = (uint64_t)any((unsigned)(s->size / 8)) * 8;
    enum amdvi_op op = any(2) ? AMDVI_READ : AMDVI_WRITE;
    bool expected = s->gpa && s->perm & (op == AMDVI_READ ? HV_READ : HV_WRITE);
    struct amdvi_result result = ask(device, op, s->iova + at);

    ck_assert_msg(result.ok == expected, "slot %" PRIx64 " op %d", s->iova, op);
    if (expected)
        ck_assert_uint_eq(result.pa, s->gpa + at);
}

START_TEST(at_random_devices_see_the_guests_table)
{
    struct slot slots[SLOTS];
    uint64_t memory, record[2];

    start();
    random_state = (uint64_t)_i + 1;
    memory = hv_guest_take(&iommu.pages, 512);
    lay_out(slots);
    attach(GDEV);
    attach(GOTHER);
    for (unsigned i = 0; i < STEPS; i++) {
        if (any(3) == 0)
            change(&slots[any(SLOTS)], &memory);
        check_slot(&slots[any(SLOTS)], any(2) ? GDEV : GOTHER);
        while (!hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record))
            ck_assert_uint_eq(evt_io_page_fault_domainid(record), DOMAIN);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("shadow");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, the_guest_is_told);
    tcase_add_test(tcase, a_page_is_there_after_its_flush);
    tcase_add_test(tcase, one_command_renews_everything);
    tcase_add_test(tcase, entries_of_all_kinds);
    tcase_add_test(tcase, a_flush_reaches_no_further);
    tcase_add_test(tcase, a_large_page_breaks);
    tcase_add_test(tcase, faults_are_the_guests);
    tcase_add_test(tcase, entries_of_both_kinds_take_turns);
    tcase_add_test(tcase, bad_entries_reach_nothing);
    tcase_add_test(tcase, a_table_without_end_is_survived);
    tcase_add_loop_test(tcase, at_random_devices_see_the_guests_table, 0, 5);
    return run_tests(tcase);
}
