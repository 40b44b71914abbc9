// SPDX-License-Identifier: Apache-2.0
/* The lint about invalidations: which command covers a stale entry, and which would have been needed
 * (iommu 6.3, 6.4, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 0x400000, LARGE_PAGE = 0x200000 };

struct flush {
    uint16_t domain;
    bool gn, pde, s;
    uint32_t pasid;
    uint64_t address;
};

static void flush(const struct flush *f)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, f->domain);
    cmd_inv_pages_set_pasid(words, f->pasid);
    cmd_inv_pages_set_gn(words, f->gn);
    cmd_inv_pages_set_pde(words, f->pde);
    cmd_inv_pages_set_s(words, f->s);
    cmd_inv_pages_set_address(words, f->address);
    step();
    machine_command(&m, words[0], words[1]);
}

#define EVERYTHING UINT64_C(0x7ffffffffffff000)

/* A page of a host table was unmapped and asked for. */
static const struct {
    struct flush flush;
    bool covers;
} of_a_page[] = {
    {{.domain = DOMAIN, .address = IOVA}, true},
    {{.domain = DOMAIN, .address = IOVA - 0x1000}, false},
    {{.domain = DOMAIN, .address = IOVA + 0x1000}, false},
    {{.domain = DOMAIN + 1, .address = IOVA}, false},
    {{.domain = DOMAIN, .s = true, .address = IOVA | 0x3000}, true},             /* 32 KiB from IOVA */
    {{.domain = DOMAIN, .s = true, .address = (IOVA - 0x8000) | 0x3000}, false}, /* 32 KiB before it */
    {{.domain = DOMAIN, .s = true, .address = EVERYTHING}, true},
    {{.domain = DOMAIN, .gn = true, .s = true, .address = EVERYTHING}, false},
};

START_TEST(a_host_page_is_covered_by_its_range)
{
    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    flush(&of_a_page[_i].flush);
    ck_assert_uint_eq(reported(), !of_a_page[_i].covers);
    ck_assert_uint_eq(statistics().windows, of_a_page[_i].covers);
    findings = 0;
    ck_assert_uint_eq(ask(IOVA).ok, !of_a_page[_i].covers); /* the caches agree */
}
END_TEST

/* The same for a page of a guest table. */
static const struct {
    struct flush flush;
    bool covers;
} of_a_guest_page[] = {
    {{.domain = DOMAIN + 1, .gn = true, .pasid = PASID, .address = GVA}, true},
    {{.domain = DOMAIN + 1, .gn = true, .pasid = PASID, .address = GVA + 0x1000}, false},
    {{.domain = DOMAIN + 1, .gn = true, .pasid = PASID + 1, .address = GVA}, false},
    {{.domain = DOMAIN, .gn = true, .pasid = PASID, .address = GVA}, false},
    {{.domain = DOMAIN + 1, .gn = true, .pasid = PASID, .s = true, .address = EVERYTHING}, true},
    {{.domain = DOMAIN + 1, .address = 0x7777000}, true}, /* GN=0: no GPA can tell (6.4) */
};

START_TEST(a_guest_page_is_covered_by_its_range)
{
    ask_guest(PASID, GVA);
    machine_poke(&m, machine_guest_entry(&m, guest, GVA), 0);
    ask_guest(PASID, GVA);
    flush(&of_a_guest_page[_i].flush);
    ck_assert_uint_eq(reported(), !of_a_guest_page[_i].covers);
    ck_assert_uint_eq(ask_guest(PASID, GVA).ok, !of_a_guest_page[_i].covers);
}
END_TEST

static void map_large(uint64_t spa)
{
    uint64_t entry = v1_set_pr(spa, 1);

    entry = v1_set_iw(v1_set_ir(entry, 1), 1);
    machine_poke(&m, machine_host_entry(&m, root, 3, 2, LARGE), entry);
}

/* A command for any part of a large page drops it. */
START_TEST(a_large_page_is_covered_by_a_part_of_it)
{
    static const struct {
        uint64_t address;
        bool covers;
    } part[] = {{LARGE, true},
                {LARGE + LARGE_PAGE - 0x1000, true},
                {LARGE - 0x1000, false},
                {LARGE + LARGE_PAGE, false}};

    map_large(MACHINE_DATA);
    ck_assert_uint_eq(ask(LARGE + 0x5000).pa, MACHINE_DATA + 0x5000);
    step();
    map_large(MACHINE_DATA + LARGE_PAGE);
    ask(LARGE + 0x5000);
    machine_invalidate_page(&m, DOMAIN, part[_i].address);
    ck_assert_uint_eq(reported(), !part[_i].covers);
    ck_assert_uint_eq(ask(LARGE + 0x5000).pa, MACHINE_DATA + 0x5000 + (part[_i].covers ? LARGE_PAGE : 0));
}
END_TEST

/* OTHER's entry for the 2 MiB around an address. */
static uint64_t guest_directory(uint64_t gva)
{
    uint64_t table = guest;

    machine_guest_entry(&m, guest, gva);
    for (unsigned shift = 39; shift > 21; shift -= 9)
        table = v2_addr(machine_peek(&m, table + (gva >> shift & 511) * 8));
    return table + (gva >> 21 & 511) * 8;
}

/* A large guest page whose host pages are small: one page for the commands, though its fragments are cached.
 */
START_TEST(a_large_guest_page_is_covered_by_a_part_of_it)
{
    static const struct {
        uint64_t address;
        bool covers;
    } part[] = {{LARGE, true}, {LARGE + LARGE_PAGE - 0x1000, true}, {LARGE + LARGE_PAGE, false}};
    uint64_t host = machine_page(&m), at = guest_directory(LARGE);

    for (uint64_t page = MACHINE_HEAP; page < MACHINE_DATA + LARGE_PAGE; page += 0x1000)
        machine_map(&m, host, 3, page, page, MACHINE_READ_WRITE);
    machine_dte(&m, OTHER, DOMAIN + 1, 3, host);
    machine_dte_guest(&m, OTHER, gcr3);
    machine_poke(&m, at, MACHINE_DATA | 0xe7); /* P, RW, US, A, D, PS */
    ck_assert_uint_eq(ask_guest(PASID, LARGE + 0x5000).pa, MACHINE_DATA + 0x5000);
    step();
    machine_poke(&m, at, 0);
    ask_guest(PASID, LARGE + 0x5000);
    flush(&(struct flush){.domain = DOMAIN + 1, .gn = true, .pasid = PASID, .address = part[_i].address});
    ck_assert_uint_eq(reported(), !part[_i].covers);
    ck_assert_uint_eq(ask_guest(PASID, LARGE + 0x5000).ok, !part[_i].covers);
}
END_TEST

START_TEST(a_large_page_needs_all_of_it)
{
    map_large(MACHINE_DATA);
    ask(LARGE + 0x5000);
    map_large(MACHINE_DATA + LARGE_PAGE);
    ask(LARGE + 0x5000);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.first, LARGE);
    ck_assert_uint_eq(found.last, LARGE + LARGE_PAGE - 1);
    ck_assert_msg(strstr(text, "domain 0x7 0x400000 to 0x5fffff"), "%s", text);
}
END_TEST

START_TEST(a_stale_directory_needs_pde)
{
    ask(IOVA);
    replace_directory(IOVA);
    ask(IOVA + 0x2000);
    ck_assert_uint_eq(findings, 0);
    flush(&(struct flush){.domain = DOMAIN, .pde = _i, .s = true, .address = EVERYTHING});
    ck_assert_uint_eq(reported(), !_i);
}
END_TEST

START_TEST(a_directory_that_refuses_wrongly_is_found)
{
    ask(IOVA);
    replace_directory(IOVA);
    ck_assert(!ask(IOVA + 0x20000).ok);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert_uint_eq(found.got_perm, 0);
    ck_assert_uint_eq(found.should, MACHINE_DATA);
    ck_assert_uint_eq(found.word, machine_host_entry(&m, root, 3, 2, IOVA));
    ck_assert_msg(strstr(text, "met a stale directory: refused, memory says 0x800000"), "%s", text);
}
END_TEST

static void other_root(uint64_t *raw)
{
    uint64_t page = machine_page(&m);

    machine_map(&m, page, 3, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ_WRITE);
    dte_set_host_root(raw, page);
}

/* The device has another table and its domain was not flushed, but for the page: no word on the way has
 * changed, and only directories of the table before are left. */
START_TEST(a_directory_of_the_table_before_needs_pde)
{
    ask(IOVA);
    edit_entry(DEVICE, other_root);
    machine_invalidate_device(&m, DEVICE);
    flush(&(struct flush){.domain = DOMAIN, .address = IOVA});
    ck_assert_uint_eq(ask(IOVA).pa, MACHINE_DATA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert(cmd_inv_pages_pde(found.needed));
    machine_command(&m, found.needed[0], found.needed[1]);
    ck_assert_uint_eq(ask(IOVA).pa, MACHINE_DATA + 0x5000);
}
END_TEST

START_TEST(a_stale_guest_directory_is_found)
{
    uint64_t at = guest_directory(GVA);

    machine_guest_map(&m, guest, GVA + 0x1000, MACHINE_DATA + 0x1000);
    ask_guest(PASID, GVA + 0x1000); /* sets accessed bits: that takes a whole walk */
    machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
    ask_guest(PASID, GVA);
    step();
    machine_poke(&m, at, machine_page(&m) | 0x67);
    ck_assert_uint_eq(ask_guest(PASID, GVA + 0x1000).pa, MACHINE_DATA + 0x1000);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert_uint_eq(found.word, at);
    ck_assert_uint_eq(found.last - found.first, LARGE_PAGE - 1);
    ck_assert(cmd_inv_pages_gn(found.needed) && cmd_inv_pages_pde(found.needed));
    machine_command(&m, found.needed[0], found.needed[1]);
    ck_assert(!ask_guest(PASID, GVA + 0x1000).ok);
}
END_TEST

/* A page far up the same guest: only the GCR3 entry is cached on its way. */
START_TEST(a_stale_gcr3_entry_is_found)
{
    uint64_t far = UINT64_C(1) << 39 | GVA;

    machine_guest_map(&m, guest, far, MACHINE_DATA + 0x1000);
    ask_guest(PASID, GVA);
    step();
    machine_poke(&m, gcr3 + PASID * 8, machine_page(&m) | 1);
    ck_assert(ask_guest(PASID, far).ok);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_GCR3);
    ck_assert_uint_eq(found.word, gcr3 + PASID * 8);
    ck_assert_uint_eq(cmd_inv_pages_pasid(found.needed), PASID);
    ck_assert_msg(strstr(text, "GCR3 entry"), "%s", text);
    ck_assert_msg(strstr(text, "PASID 0x5 all pages"), "%s", text);
}
END_TEST

START_TEST(invalidate_all_covers_everything)
{
    ask(IOVA);
    ask_guest(PASID, GVA);
    machine_interrupt(&m, DEVICE, 3);
    unmap_page(IOVA);
    machine_poke(&m, machine_guest_entry(&m, guest, GVA), 0);
    machine_poke(&m, interrupts + 3 * 16 + 8, 0x42);
    ask(IOVA);
    ask_guest(PASID, GVA);
    machine_interrupt(&m, DEVICE, 3);
    machine_command(&m, (uint64_t)CMD_INVALIDATE_IOMMU_ALL << 60, 0);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_eq(statistics().windows, 3);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 0);
}
END_TEST

/* Commands of other devices, and of a device that the table has no entry for. */
START_TEST(other_devices_commands_cover_nothing)
{
    machine_interrupt(&m, DEVICE, 3);
    machine_poke(&m, interrupts + 3 * 16 + 8, 0x42);
    machine_interrupt(&m, DEVICE, 3);
    ask(IOVA);
    machine_poke(&m, machine_dte_address(DEVICE), 0);
    ask(IOVA);
    machine_invalidate_interrupts(&m, OTHER);
    machine_invalidate_device(&m, OTHER);
    machine_invalidate_domain(&m, DOMAIN);
    ck_assert_uint_eq(reported(), 2);
}
END_TEST

START_TEST(a_device_beyond_the_table_may_be_invalidated)
{
    machine_set_register(&m, reg_info[REG_CONTROL].offset, 0);
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES | 3);
    machine_set_register(&m, reg_info[REG_CONTROL].offset,
                         REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_CMDBUFEN_MASK);
    machine_invalidate_device(&m, 0x8000);
    ck_assert_uint_eq(findings, 0);
    ck_assert_uint_eq(statistics().invalidations, 1);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint about commands");
    TCase *tests = tcase_create("commands");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_host_page_is_covered_by_its_range, 0,
                        sizeof(of_a_page) / sizeof(of_a_page[0]));
    tcase_add_loop_test(tests, a_guest_page_is_covered_by_its_range, 0,
                        sizeof(of_a_guest_page) / sizeof(of_a_guest_page[0]));
    tcase_add_loop_test(tests, a_large_page_is_covered_by_a_part_of_it, 0, 4);
    tcase_add_loop_test(tests, a_large_guest_page_is_covered_by_a_part_of_it, 0, 3);
    tcase_add_test(tests, a_large_page_needs_all_of_it);
    tcase_add_loop_test(tests, a_stale_directory_needs_pde, 0, 2);
    tcase_add_test(tests, a_directory_that_refuses_wrongly_is_found);
    tcase_add_test(tests, a_directory_of_the_table_before_needs_pde);
    tcase_add_test(tests, a_stale_guest_directory_is_found);
    tcase_add_test(tests, a_stale_gcr3_entry_is_found);
    tcase_add_test(tests, invalidate_all_covers_everything);
    tcase_add_test(tests, other_devices_commands_cover_nothing);
    tcase_add_test(tests, a_device_beyond_the_table_may_be_invalidated);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
