// SPDX-License-Identifier: Apache-2.0
/*
 * A small driver with the mistakes that drivers make, one at a time: each is found under its name, and the
 * driver without a mistake is silent. Its life is always the same: attach a device to a domain, map five
 * pages, DMA, unmap them, collect dirty bits, change an interrupt, free a table, detach; devices keep asking
 * all the while.
 */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

enum { PAGES = 5, BUFFER = 0x200000, DIRTY = 0x40, SECOND = DOMAIN + 9 };

enum mistake {
    RIGHT,
    NO_FLUSH_IN_IOTLB_SYNC,
    NO_ENTRY_FLUSH_ON_ATTACH,
    NO_ENTRY_FLUSH_ON_DETACH,
    WRONG_DOMAIN,
    NO_INTERRUPT_FLUSH,
    ONE_PAGE_SHORT,
    ONE_PAGE_LATE,
    PDE_0_WITH_FREED_TABLE,
    NO_COMPLETION_WAIT,
    DIRTY_BITS_WITHOUT_FLUSH,
    MISTAKES,
};

static enum mistake mistake;
static unsigned kinds[AMDVI_LINT_KINDS];
static struct amdvi_lint_finding first; /* the first mistake */
static char first_text[1024];
static uint64_t second_root;

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    (void)context;
    if (finding->severity != AMDVI_LINT_MISTAKE)
        return;
    kinds[finding->kind]++;
    if (findings++ == 0) {
        first = *finding;
        strncpy(first_text, finding->text, sizeof(first_text) - 1);
    }
}

/* ---------------------------------------------------------------- commands */

static void sync_domain(void)
{
    step();
    if (mistake != NO_COMPLETION_WAIT)
        machine_wait(&m);
}

static void flush(uint64_t address, bool sized, bool pde)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, mistake == WRONG_DOMAIN ? DOMAIN + 1 : DOMAIN);
    cmd_inv_pages_set_pde(words, pde);
    cmd_inv_pages_set_s(words, sized);
    cmd_inv_pages_set_address(words, address);
    step();
    machine_command(&m, words[0], words[1]);
}

/* ---------------------------------------------------------------- the driver */

static void map_pages(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        step();
        machine_map(&m, root, 3, BUFFER + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
    }
}

static void devices_ask(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        ask(BUFFER + i * 0x1000);
}

static void iotlb_sync(void)
{
    unsigned count = PAGES - (mistake == ONE_PAGE_SHORT);
    unsigned from = mistake == ONE_PAGE_LATE;

    for (unsigned i = from; i < count && mistake != NO_FLUSH_IN_IOTLB_SYNC; i++)
        flush(BUFFER + i * 0x1000, false, true);
    sync_domain();
}

/* The flush queue of nobody: a flush of the whole domain, later, that acquits no answer from before. */
static void flush_domain(void)
{
    if (mistake != WRONG_DOMAIN)
        flush(INT64_MAX & ~UINT64_C(0xfff), true, true);
    sync_domain();
}

static void unmap_pages(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        unmap_page(BUFFER + i * 0x1000);
    iotlb_sync();
    devices_ask();
}

static void collect_dirty_bits(void)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA);
    struct amdvi_request request = {
        .device = OTHER, .op = AMDVI_WRITE, .has_pasid = true, .pasid = PASID, .address = GVA, .length = 4};
    struct amdvi_result result;

    amdvi_translate(m.device, &request, &result);
    step();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)DIRTY);
    if (mistake != DIRTY_BITS_WITHOUT_FLUSH)
        machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
    sync_domain();
    amdvi_translate(m.device, &request, &result);
}

static void change_interrupt(void)
{
    machine_interrupt(&m, DEVICE, 3);
    step();
    machine_poke(&m, interrupts + 3 * 16 + 8, 0x99);
    if (mistake != NO_INTERRUPT_FLUSH)
        machine_invalidate_interrupts(&m, DEVICE);
    sync_domain();
    machine_interrupt(&m, DEVICE, 3);
}

/* The table of the buffer goes; its memory is used for something else. */
static void free_table(void)
{
    uint64_t at, table;

    map_pages();
    devices_ask();
    at = machine_host_entry(&m, root, 3, 2, BUFFER);
    table = v1_addr(machine_peek(&m, at));
    step();
    machine_poke(&m, at, 0);
    flush(BUFFER | 0xff000, true, mistake != PDE_0_WITH_FREED_TABLE);
    sync_domain();
    machine_poke(&m, table, v1_set_iw(v1_set_ir(v1_set_pr(0x666000, 1), 1), 1)); /* somebody's data */
    ask(BUFFER);
}

static void write_entry(uint16_t domain, uint64_t to, bool flushed)
{
    uint64_t at = machine_dte_address(DEVICE), raw[4];

    load_entry(DEVICE, raw);
    dte_set_host_root(raw, to);
    dte_set_domainid(raw, domain);
    step();
    amdvi_lint_write(lint, at, raw, 16); /* 16 bytes at once, as it must be */
    memcpy(m.ram + at, raw, 16);
    if (flushed)
        machine_invalidate_device(&m, DEVICE);
    sync_domain();
    ask(IOVA);
}

static void live(void)
{
    ask(IOVA);
    map_pages();
    devices_ask();
    unmap_pages();
    collect_dirty_bits();
    change_interrupt();
    free_table();
    write_entry(SECOND, second_root, mistake != NO_ENTRY_FLUSH_ON_ATTACH);
    machine_invalidate_device(&m, DEVICE);
    sync_domain();
    ask(IOVA);
    write_entry(DOMAIN, root, mistake != NO_ENTRY_FLUSH_ON_DETACH);
    machine_invalidate_device(&m, DEVICE); /* teardown: everything goes, and acquits nobody */
    flush_domain();
    amdvi_lint_finish(lint);
}

/* ---------------------------------------------------------------- the verdicts */

static const struct {
    const char *name;
    enum amdvi_lint_kind kind;
    enum amdvi_cache cache;
    const char *says;
} verdicts[MISTAKES] = {
    [NO_FLUSH_IN_IOTLB_SYNC] = {"no flush in iotlb_sync", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_PTC,
                                "needed INVALIDATE_IOMMU_PAGES domain 0x7 0x200000 to 0x20"},
    [NO_ENTRY_FLUSH_ON_ATTACH] = {"no entry flush on attach", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_DTC,
                                  "needed INVALIDATE_DEVTAB_ENTRY 0100"},
    [NO_ENTRY_FLUSH_ON_DETACH] = {"no entry flush on detach", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_DTC,
                                  "needed INVALIDATE_DEVTAB_ENTRY 0100"},
    [WRONG_DOMAIN] = {"wrong DomainID", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_PTC, " is for domain 0x8"},
    [NO_INTERRUPT_FLUSH] = {"no interrupt-table flush", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_ITC,
                            "needed INVALIDATE_INTERRUPT_TABLE 0100"},
    [ONE_PAGE_SHORT] = {"one page short", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_PTC, " ends 1 pages short"},
    [ONE_PAGE_LATE] = {"one page late", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_PTC, " begins 1 pages late"},
    [PDE_0_WITH_FREED_TABLE] = {"PDE=0 with a freed table", AMDVI_LINT_STALE_ENTRY, AMDVI_CACHE_PDC,
                                " has PDE=0"},
    [NO_COMPLETION_WAIT] = {"no COMPLETION_WAIT", AMDVI_LINT_MISSING_WAIT, AMDVI_CACHE_DTC,
                            "no COMPLETION_WAIT behind it"},
    [DIRTY_BITS_WITHOUT_FLUSH] = {"dirty bits without a flush", AMDVI_LINT_STALE_DIRTY, AMDVI_CACHE_PTC,
                                  "left no dirty bit"},
};

static void start(enum mistake which)
{
    mistake = which;
    memset(kinds, 0, sizeof(kinds));
    memset(&first, 0, sizeof(first));
    amdvi_lint_destroy(lint);
    ck_assert_int_eq(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.finding = on_finding}, &lint),
                     AMDVI_OK);
    second_root = machine_page(&m);
    machine_map(&m, second_root, 3, IOVA, MACHINE_DATA + 0x40000, MACHINE_READ_WRITE);
}

START_TEST(the_driver_without_a_mistake_is_silent)
{
    start(RIGHT);
    live();
    ck_assert_msg(findings == 0, "%s", first_text);
    ck_assert_uint_gt(statistics().checked, 0);
}
END_TEST

START_TEST(each_mistake_is_found_under_its_name)
{
    start((enum mistake)_i);
    live();
    ck_assert_msg(findings > 0, "%s: not found", verdicts[_i].name);
    ck_assert_msg(first.kind == verdicts[_i].kind, "%s: %s", verdicts[_i].name, first_text);
    ck_assert_msg(first.cache == verdicts[_i].cache, "%s: %s", verdicts[_i].name, first_text);
    ck_assert_msg(strstr(first_text, verdicts[_i].says) != NULL, "%s: %s", verdicts[_i].name, first_text);
    for (unsigned kind = 0; kind < AMDVI_LINT_KINDS; kind++)
        ck_assert_msg(!kinds[kind] || kind == verdicts[_i].kind, "%s: also %s", verdicts[_i].name,
                      amdvi_lint_kind_name((enum amdvi_lint_kind)kind));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mistakes of drivers");
    TCase *tests = tcase_create("mistakes of drivers");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_driver_without_a_mistake_is_silent);
    tcase_add_loop_test(tests, each_mistake_is_found_under_its_name, RIGHT + 1, MISTAKES);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
