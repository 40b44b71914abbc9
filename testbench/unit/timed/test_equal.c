// SPDX-License-Identifier: Apache-2.0
/*
 * Timed against direct (house idea I): two equal machines get the same random requests, table edits and
 * commands. In one everything happens at once; in the other under time, requests many at once. Edits wait
 * until nothing is under way. So what requests get, what lies in memory afterwards, and how far the rings
 * have come is equal.
 *
 * AMDVI_TEST_SEED draws, AMDVI_TEST_ROUNDS says how many rounds (default 3,000); both are printed.
 */
#include "testbench/unit/machine/machine.h"
#include "testbench/unit/run.h"

#include <amdvi/timed.h>
#include <stdio.h>
#include <string.h>

enum {
    DEVICES = 4,
    FIRST = 0x10,
    DOMAINS = 2,
    PAGES = 48,
    MOST = 32,
    MODE = 4,
    RING_BYTES = 0x2000,
    LOG_BYTES = 0x2000,
    CMD_HEAD = 0x2000
};
#define IOVA UINT64_C(0x40000000)

struct side {
    struct machine machine;
    uint64_t roots[DOMAINS];
    struct amdvi_timed *timed; /* null: direct */
    struct amdvi_result results[MOST];
    unsigned ended;
};

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static uint64_t number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : fallback;
}

/* ---------------------------------------------------------------- both sides */

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct side *s = context;

    s->ended++;
    if (c->what->kind == AMDVI_SUBMITTED_REQUEST)
        s->results[c->what->tag] = *c->what->result;
}

/* Where lines lie makes no difference to results. */
static void draw_places(struct side *s)
{
    static const char *const keys[][4] = {
        {"ptc.index", "hash", "address", "domain"}, {"pdc.index", "hash", "address", "domain"},
        {"ptc.partition", "off", "ways", "sets"},   {"pdc.partition", "off", "ways", "sets"},
        {"ptc.way_disable", "0", "3", "0x7e"},      {"dtc.index", "hash", "device", "device"}};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        machine_set(&s->machine, keys[i][0], keys[i][1 + draw(3)]);
    machine_set(&s->machine, "ptc.groups", "2");
    machine_set(&s->machine, "pdc.groups", "4");
}

static void open_side(struct side *s, const struct amdvi_timed_parameters *parameters)
{
    struct amdvi_timed_host host = {.context = s, .complete = on_complete};

    memset(s, 0, sizeof(*s));
    machine_init(&s->machine);
    machine_set(&s->machine, "ptc.log2_entries", "4");
    machine_set(&s->machine, "pdc.log2_entries", "3");
    machine_set(&s->machine, "dtc.log2_entries", "1");
    if (parameters)
        draw_places(s);
    machine_start(&s->machine);
    for (unsigned i = 0; i < DOMAINS; i++)
        s->roots[i] = machine_page(&s->machine);
    for (unsigned i = 0; i < DEVICES; i++)
        machine_dte(&s->machine, (uint16_t)(FIRST + i), (uint16_t)(1 + i % DOMAINS), MODE,
                    s->roots[i % DOMAINS]);
    if (parameters)
        ck_assert_int_eq(amdvi_timed_create(s->machine.device, parameters, &host, NULL, &s->timed), AMDVI_OK);
}

static void close_side(struct side *s)
{
    amdvi_timed_destroy(s->timed);
    machine_free(&s->machine);
}

static uint64_t page_at(uint64_t page)
{
    return IOVA + page % 16 * 4096 + page / 16 * (UINT64_C(1) << 21);
}

static void settle(struct side *s)
{
    if (s->timed)
        ck_assert_int_eq(amdvi_timed_run(s->timed, AMDVI_TIMED_NEVER), AMDVI_OK);
}

/* ---------------------------------------------------------------- requests */

static void ask(struct side *s, const struct amdvi_request *requests, const uint64_t *delays, unsigned count)
{
    s->ended = 0;
    for (unsigned i = 0; i < count && !s->timed; i++)
        ck_assert_int_eq(amdvi_translate(s->machine.device, &requests[i], &s->results[i]), AMDVI_OK);
    for (unsigned i = 0; i < count && s->timed; i++)
        ck_assert_int_eq(
            amdvi_timed_request(s->timed, amdvi_timed_now(s->timed) + delays[i], i % 4, &requests[i], i),
            AMDVI_OK);
    settle(s);
    if (s->timed)
        ck_assert_uint_eq(s->ended, count);
}

static void same(const struct amdvi_result *a, const struct amdvi_result *b)
{
    ck_assert_int_eq(a->ok, b->ok);
    if (a->ok)
        ck_assert(a->pa == b->pa && a->perm == b->perm && a->size == b->size && a->covered == b->covered);
    else
        ck_assert(a->fault.reason == b->fault.reason && a->fault.event == b->fault.event &&
                  a->fault.address == b->fault.address);
}

static unsigned some_requests(struct side *direct, struct side *timed)
{
    struct amdvi_request requests[MOST] = {0};
    uint64_t delays[MOST];
    unsigned count = 1 + (unsigned)draw(MOST);

    for (unsigned i = 0; i < count; i++) {
        requests[i] = (struct amdvi_request){.device = (uint16_t)(FIRST + draw(DEVICES)),
                                             .op = (uint8_t)draw(2),
                                             .address = page_at(draw(PAGES)) + draw(60) * 64,
                                             .length = 1 + draw(256)};
        delays[i] = draw(1500000);
    }
    ask(direct, requests, delays, count);
    ask(timed, requests, delays, count);
    for (unsigned i = 0; i < count; i++)
        same(&direct->results[i], &timed->results[i]);
    return count;
}

/* ---------------------------------------------------------------- commands */

static void put(struct side *s, uint64_t low, uint64_t high)
{
    machine_poke(&s->machine, MACHINE_COMMANDS + s->machine.tail, low);
    machine_poke(&s->machine, MACHINE_COMMANDS + s->machine.tail + 8, high);
    s->machine.tail = (s->machine.tail + 16) % RING_BYTES;
}

static void ring(struct side *s)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = 0x2008, .value = s->machine.tail};

    if (s->timed) {
        ck_assert_int_eq(amdvi_timed_register(s->timed, amdvi_timed_now(s->timed), &access, MOST), AMDVI_OK);
    } else {
        machine_set_register(&s->machine, 0x2008, s->machine.tail);
        amdvi_run(s->machine.device);
    }
    settle(s);
}

/* By page, by 16 pages, with and without directories; a domain; an entry of the device table; all
 * (iommu 6.4). */
static void draw_command(uint64_t domain, uint64_t page, uint64_t command[2])
{
    uint64_t pde = draw(2) << 1;

    command[0] = UINT64_C(3) << 60 | domain << 32;
    command[1] = page_at(page) | pde;
    switch (draw(6)) {
    case 0:
        command[1] = (page_at(page) & ~UINT64_C(0xffff)) | 0x7001 | pde;
        break;
    case 1:
        command[1] = UINT64_C(0x7ffffffffffff001) | pde;
        break;
    case 2:
        command[0] = UINT64_C(2) << 60 | (FIRST + draw(DEVICES));
        command[1] = 0;
        break;
    case 3:
        command[0] = UINT64_C(8) << 60;
        command[1] = 0;
        break;
    default:
        break;
    }
}

static unsigned some_commands(struct side *direct, struct side *timed, uint64_t number_of_wait)
{
    unsigned count = 1 + (unsigned)draw(9);

    for (unsigned i = 0; i < count; i++) {
        uint64_t command[2];
        draw_command(1 + draw(DOMAINS), draw(PAGES), command);
        put(direct, command[0], command[1]);
        put(timed, command[0], command[1]);
    }
    put(direct, UINT64_C(1) << 60 | MACHINE_STORE | 1, number_of_wait);
    put(timed, UINT64_C(1) << 60 | MACHINE_STORE | 1, number_of_wait);
    ring(direct);
    ring(timed);
    ck_assert_uint_eq(machine_peek(&direct->machine, MACHINE_STORE), number_of_wait);
    ck_assert_uint_eq(machine_peek(&timed->machine, MACHINE_STORE), number_of_wait);
    ck_assert_uint_eq(machine_register(&direct->machine, CMD_HEAD),
                      machine_register(&timed->machine, CMD_HEAD));
    return count + 1;
}

/* ---------------------------------------------------------------- edits, with their invalidation */

/* What is replaced goes out of every cache: caches may differ, so nothing stale may be asked for. */
static void edit(struct side *s, unsigned domain, uint64_t page, uint64_t spa, unsigned perm)
{
    machine_map(&s->machine, s->roots[domain], MODE, page_at(page), spa, perm);
    put(s, UINT64_C(3) << 60 | (uint64_t)(1 + domain) << 32, page_at(page));
    put(s, UINT64_C(1) << 60 | MACHINE_STORE | 1, 0);
    ring(s);
}

static void some_edits(struct side *direct, struct side *timed)
{
    for (uint64_t n = draw(4); n; n--) {
        unsigned domain = (unsigned)draw(DOMAINS), perm = (unsigned)draw(4);
        uint64_t page = draw(PAGES), spa = MACHINE_DATA + draw(1024) * 4096;
        edit(direct, domain, page, spa, perm);
        edit(timed, domain, page, spa, perm);
    }
}

/* Records of requests that were under way together may come in another order. */
static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void same_records(struct side *direct, struct side *timed)
{
    unsigned count = machine_events(&direct->machine);

    ck_assert_uint_eq(count, machine_events(&timed->machine));
    qsort(direct->machine.ram + MACHINE_EVENTS, count, 16, by_bytes);
    qsort(timed->machine.ram + MACHINE_EVENTS, count, 16, by_bytes);
    ck_assert(!memcmp(direct->machine.ram + MACHINE_EVENTS, timed->machine.ram + MACHINE_EVENTS, LOG_BYTES));
}

/* The log starts again at its first record. */
static void empty_log(struct side *s)
{
    uint64_t control = machine_register(&s->machine, 0x18);

    machine_set_register(&s->machine, 0x18, control & ~UINT64_C(4));
    machine_set_register(&s->machine, 0x2010, 0);
    machine_set_register(&s->machine, 0x2018, 0);
    machine_set_register(&s->machine, 0x18, control);
    memset(s->machine.ram + MACHINE_EVENTS, 0, LOG_BYTES);
}

/* Each record is one of both, whatever their order. */
static void same_memory(struct side *direct, struct side *timed)
{
    same_records(direct, timed);
    empty_log(direct);
    empty_log(timed);
    ck_assert(!memcmp(direct->machine.ram, timed->machine.ram, MACHINE_RAM));
}

START_TEST(timed_is_direct)
{
    static const char *const slots[] = {"1", "3", "16"}, *const flush[] = {"none", "wait", "invalidation"};
    uint64_t seed = number("AMDVI_TEST_SEED", 1), rounds = number("AMDVI_TEST_ROUNDS", 3000);
    uint64_t requests = 0, commands = 0;
    static struct side direct, timed;

    printf("AMDVI_TEST_SEED=%llu AMDVI_TEST_ROUNDS=%llu\n", (unsigned long long)seed,
           (unsigned long long)rounds);
    state = seed * 0x9e3779b97f4a7c15 | 1;
    for (uint64_t round = 0; round < rounds; round++) {
        if (round % 200 == 0) {
            struct amdvi_timed_parameters p;
            if (round) {
                close_side(&direct);
                close_side(&timed);
            }
            amdvi_timed_preset_parameters(&p, NULL);
            amdvi_timed_set(&p, "walk.slots", slots[draw(3)]);
            amdvi_timed_set(&p, "command.flush", flush[draw(3)]);
            amdvi_timed_set(&p, "memory.credits", slots[draw(3)]);
            amdvi_timed_set(&p, "walk.merge_page", draw(2) ? "on" : "off");
            amdvi_timed_set(&p, "walk.prefetch", draw(2) ? "on" : "off");
            open_side(&direct, NULL);
            open_side(&timed, &p);
        }
        some_edits(&direct, &timed);
        requests += some_requests(&direct, &timed);
        commands += some_commands(&direct, &timed, round + 1);
        same_records(&direct, &timed);
        if (round % 10 == 9)
            same_memory(&direct, &timed);
    }
    close_side(&direct);
    close_side(&timed);
    printf("%llu requests and %llu commands, 0 differ\n", (unsigned long long)requests,
           (unsigned long long)commands);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timed against direct");
    TCase *tests = tcase_create("equal");

    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, timed_is_direct);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
