// SPDX-License-Identifier: Apache-2.0
/*
 * Tables change at random, commands come or do not, and a twin without caches answers each request as memory
 * has it. The lint must speak up exactly when the cached answer is dangerous, and the commands that it asks
 * for must lead back to what memory says.
 */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 40, STEPS = 2500, PAGES = 4, ROUNDS = 20, VECTORS = 3, NEEDED_MAX = 256, USED = 0x60 };

static struct amdvi_device *twin;
static uint64_t random_state, roots[2], directories[2], guests[2];
static uint64_t host; /* the table under OTHER's guest tables; 0: none */
static struct amdvi_lint_finding needed[NEEDED_MAX];
static unsigned needed_count;

static uint64_t draw(uint64_t below)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* ---------------------------------------------------------------- two devices, one memory */

static void make_twin(void)
{
    struct amdvi_memory memory = {.direct = m.ram, .direct_size = MACHINE_RAM};
    uint64_t control = machine_register(&m, reg_info[REG_CONTROL].offset);
    struct amdvi_config *config;

    control &= ~(REG_CONTROL_CMDBUFEN_MASK | REG_CONTROL_EVENTLOGEN_MASK | REG_CONTROL_PPRLOGEN_MASK);
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    ck_assert_int_eq(amdvi_config_set(config, "caches", "off"), AMDVI_OK);
    ck_assert_int_eq(amdvi_create(config, &memory, NULL, NULL, &twin), AMDVI_OK);
    amdvi_config_destroy(config);
    amdvi_mmio_write(twin, reg_info[REG_DEVTAB_BASE].offset, 8, MACHINE_DEVICES | 0x1ff);
    amdvi_mmio_write(twin, reg_info[REG_CONTROL].offset, 8, control);
}

/* Each table twice, with the same shape and other pages; accessed and dirty bits are set. */
static void make_tables(void)
{
    roots[0] = root;
    roots[1] = machine_page(&m);
    guests[0] = guest;
    guests[1] = machine_page(&m);
    for (unsigned i = 0; i < PAGES; i++) {
        machine_map(&m, roots[1], 3, IOVA + i * 0x1000, MACHINE_DATA + 0x8000 + i * 0x1000,
                    MACHINE_READ_WRITE);
        for (unsigned g = 0; g < 2; g++)
            machine_guest_map(&m, guests[g], GVA + i * 0x1000, MACHINE_DATA + 0x8000 * g + 0x1000 * i);
    }
    directories[0] = v1_addr(machine_peek(&m, machine_host_entry(&m, root, 3, 2, IOVA)));
    directories[1] = machine_page(&m);
    for (unsigned g = 0; g < 2; g++)
        for (uint64_t table = guests[g], level = 0; level < 4; level++) {
            uint64_t slot = table + (level < 3 ? 0 : GVA / 0x1000 * 8);
            for (unsigned i = 0; i < (level < 3 ? 1 : PAGES); i++)
                machine_poke(&m, slot + 8 * i, machine_peek(&m, slot + 8 * i) | USED);
            table = v2_addr(machine_peek(&m, slot));
        }
}

/* In every other run OTHER's guest addresses go through a host table, which maps them one to one at first. */
static void make_host(void)
{
    host = machine_page(&m);
    for (uint64_t page = MACHINE_HEAP; page < MACHINE_HEAP + 0x40000; page += 0x1000)
        machine_map(&m, host, 3, page, page, MACHINE_READ_WRITE);
    for (uint64_t page = 0; page < 16; page++)
        machine_map(&m, host, 3, MACHINE_DATA + page * 0x1000, MACHINE_DATA + page * 0x1000,
                    MACHINE_READ_WRITE);
    machine_dte(&m, OTHER, DOMAIN + 1, 3, host);
    machine_dte_guest(&m, OTHER, gcr3);
}

static void on_needed(void *context, const struct amdvi_lint_finding *finding)
{
    (void)context;
    if (finding->kind == AMDVI_LINT_STALE_ENTRY && needed_count < NEEDED_MAX)
        needed[needed_count++] = *finding;
}

static void open_scene(uint64_t seed)
{
    const char *given = getenv("AMDVI_TEST_SEED");
    struct amdvi_lint_options wanted = {.finding = on_needed, .apart = true};

    random_state = (given ? strtoull(given, NULL, 0) : 1) << 16 | seed;
    printf("AMDVI_TEST_SEED=%llu, run %" PRIu64 "\n", given ? strtoull(given, NULL, 0) : 1, seed);
    fflush(stdout);
    amdvi_lint_destroy(lint);
    ck_assert_int_eq(amdvi_lint_create(m.device, &wanted, &lint), AMDVI_OK);
    needed_count = 0;
    make_tables();
    host = 0;
    if (seed % 2)
        make_host();
    make_twin();
}

/* ---------------------------------------------------------------- what software does */

static void change_leaf(void)
{
    uint64_t at = (draw(3) ? directories[draw(2)]
                           : v1_addr(machine_peek(&m, machine_host_entry(&m, roots[1], 3, 2, IOVA)))) +
                  (IOVA / 0x1000 + draw(PAGES)) * 8;
    uint64_t entry = v1_set_pr(MACHINE_DATA + draw(16) * 0x1000, draw(4) != 0);

    machine_poke(&m, at, v1_set_ir(v1_set_iw(entry, draw(2)), draw(4) != 0));
}

static void change_directory(void)
{
    uint64_t at = machine_host_entry(&m, roots[0], 3, 2, IOVA), entry = machine_peek(&m, at);

    machine_poke(&m, at, v1_set_addr(entry, directories[draw(2)]));
}

static void redraw(uint64_t *raw)
{
    switch (draw(7)) {
    case 0:
        dte_set_host_root(raw, roots[draw(2)]);
        break;
    case 1:
        dte_set_domainid(raw, DOMAIN + 4 * draw(2));
        break;
    case 2:
        dte_set_tv(raw, draw(4) != 0);
        break;
    case 3:
        dte_set_iw(raw, draw(2));
        break;
    case 4:
        dte_set_i(raw, draw(2));
        break;
    case 5:
        dte_set_iv(raw, draw(4) != 0);
        break;
    default:
        dte_set_intctl(raw, draw(3));
        break;
    }
}

static void change_device(void)
{
    edit_entry(DEVICE, redraw);
}

static void change_guest(void)
{
    if (draw(2))
        machine_poke(&m, gcr3 + PASID * 8, draw(4) ? guests[draw(2)] | 1 : 0);
    else
        machine_poke(&m, machine_guest_entry(&m, guests[draw(2)], GVA + draw(PAGES) * 0x1000),
                     draw(4) ? (MACHINE_DATA + draw(16) * 0x1000) | 7 | USED : 0);
}

static void change_host(void)
{
    uint64_t entry = v1_set_pr(MACHINE_DATA + draw(16) * 0x1000, draw(4) != 0);

    if (host)
        machine_poke(&m, machine_host_entry(&m, host, 3, 1, MACHINE_DATA + draw(16) * 0x1000),
                     v1_set_ir(v1_set_iw(entry, draw(4) != 0), draw(8) != 0));
}

static void change_interrupt(void)
{
    uint64_t at = interrupts + 3 * 16;

    machine_poke(&m, at, draw(4) != 0);
    machine_poke(&m, at + 8, 0x41 + draw(VECTORS));
}

static void flush_pages(void)
{
    static const uint64_t sizes[] = {0, 0, 0x7000, 0xff000, INT64_MAX & ~UINT64_C(0xfff)};
    uint64_t words[2] = {0}, size = sizes[draw(5)];
    bool gn = draw(2);

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, gn || draw(4) == 0 ? DOMAIN + 1 : DOMAIN + 4 * draw(2));
    cmd_inv_pages_set_pasid(words, gn ? PASID - draw(8) / 7 : 0);
    cmd_inv_pages_set_gn(words, gn);
    cmd_inv_pages_set_pde(words, draw(4) != 0);
    cmd_inv_pages_set_s(words, size != 0);
    cmd_inv_pages_set_address(words, ((gn ? GVA : IOVA) + draw(PAGES) * 0x1000) | size);
    machine_command(&m, words[0], words[1]);
}

static void flush_something(void)
{
    if (draw(3))
        flush_pages();
    else if (draw(8) == 0)
        machine_command(&m, (uint64_t)CMD_INVALIDATE_IOMMU_ALL << 60, 0);
    else if (draw(2))
        machine_invalidate_device(&m, draw(4) ? DEVICE : OTHER);
    else
        machine_invalidate_interrupts(&m, draw(4) ? DEVICE : OTHER);
}

/* ---------------------------------------------------------------- what devices do, and the judge */

static struct amdvi_request any_request(void)
{
    bool pasid = draw(3) == 0;
    struct amdvi_request request = {.device = pasid ? OTHER : DEVICE,
                                    .op = draw(3) ? AMDVI_READ : AMDVI_WRITE,
                                    .at = draw(4) ? AMDVI_UNTRANSLATED : AMDVI_TRANSLATION_REQUEST,
                                    .has_pasid = pasid,
                                    .pasid = pasid ? PASID : 0,
                                    .address = (pasid ? GVA : IOVA) + draw(PAGES) * 0x1000 + draw(64) * 8,
                                    .length = 8};

    if (request.at == AMDVI_TRANSLATION_REQUEST)
        request.op = AMDVI_READ;
    return request;
}

static unsigned permissions(const struct amdvi_result *result)
{
    return result->ok ? result->perm : 0;
}

/* lint.h: another address, fewer permissions, or a refusal that no walk of its own has mended. */
static bool is_dangerous(const struct amdvi_request *request, const struct amdvi_result *got,
                         const struct amdvi_result *now)
{
    bool ats = request->at == AMDVI_TRANSLATION_REQUEST;
    unsigned lost = permissions(got) & ~permissions(now);

    if (!permissions(got))
        return permissions(now) != 0;
    return !permissions(now) || (ats && lost) || got->pa != now->pa;
}

/* Returns whether the answer was what the lint should have reported. */
static bool ask_both(const struct amdvi_request *request)
{
    uint64_t before = statistics().stale, reports;
    struct amdvi_result got, now;
    bool dangerous;

    ck_assert_int_eq(amdvi_translate(twin, request, &now), AMDVI_OK);
    ck_assert_int_eq(amdvi_translate(m.device, request, &got), AMDVI_OK);
    dangerous = is_dangerous(request, &got, &now);
    reports = statistics().stale - before;
    /* A page entry may refuse an ATS request with right (10.2): which entry refuses does not show here. */
    if (request->at == AMDVI_TRANSLATION_REQUEST && !permissions(&got) && dangerous)
        return reports;
    ck_assert_msg(
        reports == dangerous,
        "%04x at 0x%" PRIx64 ": got 0x%" PRIx64 " (%u), memory says 0x%" PRIx64 " (%u), %" PRIu64 " reports",
        request->device, request->address, got.pa, permissions(&got), now.pa, permissions(&now), reports);
    return dangerous;
}

static bool interrupt_both(void)
{
    uint64_t before = statistics().stale;
    struct amdvi_int_result got, now;
    bool differ;

    ck_assert_int_eq(amdvi_interrupt(twin, DEVICE, 0xfee00000, 3, &now), AMDVI_OK);
    got = machine_interrupt(&m, DEVICE, 3);
    differ = got.ok != now.ok || (got.ok && (got.address != now.address || got.data != now.data));
    ck_assert_msg(statistics().stale - before == differ, "got %d data 0x%x, memory says %d data 0x%x", got.ok,
                  got.data, now.ok, now.data);
    return differ;
}

/* All that may be asked; the number of dangerous answers. */
static unsigned ask_everything(void)
{
    struct amdvi_request request = {.length = 8};
    unsigned wrong = interrupt_both();

    for (unsigned i = 0; i < PAGES * 8; i++) {
        request.has_pasid = i & 1;
        request.device = i & 1 ? OTHER : DEVICE;
        request.pasid = i & 1 ? PASID : 0;
        request.op = i & 2 ? AMDVI_WRITE : AMDVI_READ;
        request.at = (i & 6) == 4 ? AMDVI_TRANSLATION_REQUEST : AMDVI_UNTRANSLATED;
        request.address = (i & 1 ? GVA : IOVA) + i / 8 * 0x1000;
        wrong += ask_both(&request);
    }
    return wrong;
}

/* ---------------------------------------------------------------- properties */

static void act(void)
{
    static void (*const actions[])(void) = {
        change_leaf,      change_directory, change_device,   change_guest,    change_host,
        change_interrupt, flush_something,  flush_something, flush_something, flush_something,
    };
    struct amdvi_request request;

    step();
    if (draw(4) == 0) {
        actions[draw(10)]();
    } else if (draw(6) == 0) {
        interrupt_both();
    } else {
        request = any_request();
        ask_both(&request);
    }
}

START_TEST(the_lint_speaks_up_exactly_when_an_answer_is_dangerous)
{
    open_scene((uint64_t)_i);
    for (unsigned i = 0; i < STEPS; i++)
        act();
    ck_assert_uint_gt(statistics().stale, 0);
    amdvi_destroy(twin);
}
END_TEST

/* Where one entry hid another, it takes more than one round. */
START_TEST(the_commands_that_are_asked_for_lead_back_to_memory)
{
    unsigned rounds = 0;

    open_scene((uint64_t)_i);
    for (unsigned i = 0; i < STEPS / 5; i++)
        act();
    while (ask_everything() && rounds++ < ROUNDS) {
        amdvi_lint_finish(lint);
        for (unsigned i = 0; i < needed_count; i++)
            machine_command(&m, needed[i].needed[0], needed[i].needed[1]);
        needed_count = 0;
    }
    ck_assert_msg(rounds < ROUNDS, "%u answers are still wrong, the newest finding: %s", ask_everything(),
                  needed_count ? needed[needed_count - 1].text : "none");
    amdvi_destroy(twin);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint at random");
    TCase *tests = tcase_create("random");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, the_lint_speaks_up_exactly_when_an_answer_is_dangerous, 0, RUNS);
    tcase_add_loop_test(tests, the_commands_that_are_asked_for_lead_back_to_memory, 0, RUNS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
