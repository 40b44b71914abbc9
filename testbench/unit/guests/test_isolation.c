// SPDX-License-Identifier: Apache-2.0
/*
 * What one guest does is not seen by another (viommu 6, 7, 8): the same script gives the same journal alone
 * and beside a guest that does anything it likes. Turns are fair. A device, or a guest, goes on elsewhere as
 * if it had stayed.
 */
#include "testbench/unit/guests/victim.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VICTIM, ATTACKER, OTHER, STEPS = 60, RUNS = 12 };

static uint64_t seed_of(unsigned run)
{
    const char *text = getenv("AMDVI_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

    printf("AMDVI_TEST_SEED=%llu, run %u\n", (unsigned long long)seed, run);
    fflush(stdout);
    return (seed << 16) + run;
}

static void same_journals(const struct victim *a, const struct victim *b)
{
    size_t at = journal_compare(&a->journal, &b->journal);

    if (at == SIZE_MAX)
        return;
    journal_print(&a->journal, at, "first");
    journal_print(&b->journal, at, "second");
    ck_abort_msg("the journals differ");
}

/* ---------------------------------------------------------------- the attacker */

struct attacker {
    struct world *w;
    unsigned g;
    uint64_t random;
};

static unsigned pick(struct attacker *a, unsigned below)
{
    return (unsigned)(next_random(&a->random) >> 33) % below;
}

/* Half of them with an opcode and IDs that mean something. */
static void put_command(struct attacker *a)
{
    uint64_t low = next_random(&a->random), high = next_random(&a->random);

    if (pick(a, 2)) {
        low = (uint64_t)(1 + pick(a, 10)) << 60 | pick(a, 0x20) | (uint64_t)pick(a, 8) << 32;
        high = pick(a, 2) ? UINT64_C(0x7ffffffffffff005) : (uint64_t)pick(a, 0x40) << 12;
    }
    if (low >> 60 == 1)
        low = (low & UINT64_C(0xf000000000000007)) | (uint64_t)pick(a, GUEST_BYTES) << 3 << pick(a, 3);
    guest_put_command(a->w, a->g, pick(a, RING_ENTRIES), low, high);
}

static void put_bytes(struct attacker *a)
{
    static const uint32_t places[] = {G_GCR3, G_TABLES, G_TABLES + 0x1000, G_TABLES + 0x2000, G_LEAF, 0};
    uint32_t at = places[pick(a, 6)];
    uint64_t value = next_random(&a->random);

    if (!at)
        at = pick(a, GUEST_BYTES) & 0xfffff000;
    if (pick(a, 2))
        value = (uint64_t)pick(a, 0x80) << 12 | pick(a, 0x1000);
    guest_put64(a->w, a->g, at + 8 * (uint64_t)pick(a, 512), value);
}

static void use_vf(struct attacker *a)
{
    uint64_t offset = pick(a, 3) ? 8u * pick(a, 0x14) : 8u * pick(a, 512), value;
    unsigned size = pick(a, 2) ? 8 : 4;

    amdvi_vf_write(a->w->device, guest_id(a->g), offset, size,
                   pick(a, 2) ? next_random(&a->random) : 16 * (uint64_t)pick(a, RING_ENTRIES));
    amdvi_vf_read(a->w->device, guest_id(a->g), offset, size, &value);
}

/* Bases, lengths and enable bits are what its VMM hands on (9.2). */
static void use_vmm(struct attacker *a)
{
    static const uint64_t offsets[] = {VFC_EVT_B, VFC_CMD, VFC_EVT, VFC_PPR, VFC_PPR_B};
    unsigned which = pick(a, 5);
    const uint64_t usual[] = {G_EVT_B, command_control(), event_control(), ppr_control(), G_PPR_B};

    amdvi_vfc_write(a->w->device, guest_id(a->g), offsets[which], 8,
                    pick(a, 3) ? usual[which] & (pick(a, 2) ? ~UINT64_C(0x100) : UINT64_MAX)
                               : next_random(&a->random));
}

static void use_device(struct attacker *a)
{
    struct amdvi_request request = {.device = host_device(a->g, pick(a, DEVICES_EACH)),
                                    .op = (uint8_t)pick(a, 4),
                                    .at = (uint8_t)pick(a, 3),
                                    .has_pasid = pick(a, 4) != 0,
                                    .pasid = pick(a, 4) ? G_PASID : pick(a, 600),
                                    .address =
                                        pick(a, 4) ? (uint64_t)pick(a, 0x20) << 12 : next_random(&a->random),
                                    .length = 1 + pick(a, 8)};
    uint8_t data[8] = {0};
    struct amdvi_result result;

    request.pasid = request.has_pasid ? request.pasid : 0;
    if (request.at == AMDVI_TRANSLATED)
        request.at = AMDVI_UNTRANSLATED; /* a device that the host trusts could name any SPA */
    amdvi_dma(a->w->device, &request, data, &result);
    if (pick(a, 3) == 0)
        guest_page_request(a->w, a->g, pick(a, DEVICES_EACH), request.address & ~UINT64_C(0xfff));
}

static void attack(struct attacker *a, unsigned actions)
{
    for (unsigned i = 0; i < actions; i++)
        switch (pick(a, 12)) {
        case 0:
            use_vmm(a);
            break;
        case 1:
            use_device(a);
            break;
        case 2:
        case 3:
            use_vf(a);
            break;
        case 4:
            amdvi_vf_write(a->w->device, guest_id(a->g), VF_TAIL, 8, 16 * (uint64_t)pick(a, RING_ENTRIES));
            break;
        case 5:
        case 6:
            put_bytes(a);
            break;
        default:
            put_command(a);
        }
    if (pick(a, 4) == 0)
        world_run(a->w);
}

/* An attacker that stopped its own queue is let go on by its VMM. */
static void revive(struct attacker *a)
{
    vfc_write(a->w, a->g, VFC_CMD, 0);
    vfc_write(a->w, a->g, VFC_CMD, command_control());
}

/* ---------------------------------------------------------------- alone and beside it */

static void live(struct victim *v, struct attacker *a)
{
    for (unsigned step = 0; step < STEPS; step++) {
        if (a && step % 8 == 0)
            revive(a);
        if (a)
            attack(a, pick(a, 60));
        victim_begin(v);
        if (a)
            attack(a, pick(a, 20));
        world_run(v->world);
        if (a)
            attack(a, pick(a, 20));
        victim_end(v);
    }
    world_run(v->world);
}

/* Everything but the pointer and status bits of the host's event log. */
static void same_host(struct world *a, struct world *b)
{
    for (uint64_t offset = 0; offset < 0x3000; offset += 8) {
        uint64_t mask = offset == R_STATUS ? ~UINT64_C(0xb) : UINT64_MAX;
        if (offset != R_EVT_TAIL)
            ck_assert_msg((reg_read(a, offset) & mask) == (reg_read(b, offset) & mask), "host register %llx",
                          (unsigned long long)offset);
    }
}

/* The third guest, its maps and everything of the host's stayed as they were, but for its event log. */
static void same_memory(const struct world *alone, const struct world *beside)
{
    for (unsigned page = 0; page < WORLD_BYTES / PAGE_BYTES; page++) {
        uint64_t at = (uint64_t)page * PAGE_BYTES;
        bool theirs = (at >= guest_spa(ATTACKER, 0) && at < guest_spa(ATTACKER, GUEST_BYTES)) ||
                      at == H_EVT || at == alone->slot_page_high || at == alone->dirty_page ||
                      at == H_VAPIC + (uint64_t)ATTACKER * PAGE_BYTES;
        ck_assert_msg(theirs || !memcmp(alone->bytes + at, beside->bytes + at, PAGE_BYTES), "memory at %llx",
                      (unsigned long long)at);
    }
}

static void alone_and_beside(unsigned run, bool by_gpa, const char *settings)
{
    uint64_t seed = seed_of(run);
    struct world quiet, loud;
    struct victim alone, beside;
    struct attacker attacker = {&loud, ATTACKER, seed * 3 + 1};

    world_open(&quiet, settings, by_gpa);
    world_open(&loud, settings, by_gpa);
    victim_open(&alone, &quiet, VICTIM, seed);
    victim_open(&beside, &loud, VICTIM, seed);
    live(&alone, NULL);
    live(&beside, &attacker);
    same_journals(&alone, &beside);
    same_host(&quiet, &loud);
    same_memory(&quiet, &loud);
    victim_close(&alone);
    victim_close(&beside);
    world_close(&quiet);
    world_close(&loud);
}

START_TEST(a_guest_sees_nothing_of_another_by_gpa)
{
    alone_and_beside((unsigned)_i, true, NULL);
}
END_TEST

START_TEST(a_guest_sees_nothing_of_another_by_private_address)
{
    alone_and_beside((unsigned)_i, false, NULL);
}
END_TEST

START_TEST(nor_without_caches_and_with_long_turns)
{
    alone_and_beside((unsigned)_i, _i & 1, "caches=off viommu.commands_per_turn=0");
}
END_TEST

/* ---------------------------------------------------------------- cached translations of others */

struct line_set {
    struct amdvi_cache_line lines[512];
    unsigned count;
};

static bool others_line(enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    unsigned owner = cache == AMDVI_CACHE_DTC ? owner_of_device(line->device) : owner_of_domain(line->domain);

    return owner == VICTIM || owner == OTHER;
}

static void take_lines(const struct world *w, enum amdvi_cache cache, struct line_set *set)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;

    set->count = 0;
    while (amdvi_inspect_cache(w->device, cache, &cursor, &line) == AMDVI_OK)
        if (others_line(cache, &line)) {
            ck_assert_uint_lt(set->count, 512);
            set->lines[set->count++] = line;
        }
}

static void same_lines(const struct line_set *a, const struct line_set *b, enum amdvi_cache cache)
{
    ck_assert_msg(a->count == b->count, "cache %d: %u lines, then %u", (int)cache, a->count, b->count);
    for (unsigned i = 0; i < a->count; i++)
        ck_assert(a->lines[i].slot == b->lines[i].slot && a->lines[i].address == b->lines[i].address &&
                  a->lines[i].target == b->lines[i].target);
}

static void fill_caches(struct world *w)
{
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned which = 0; which < DEVICES_EACH; which++)
            for (unsigned page = 0; page < 4; page++)
                ck_assert(guest_ask(w, g, which, AMDVI_READ, G_IOVA + PAGE_BYTES * page).ok);
}

/* Commands, not requests: those take room of others, as in any cache. */
static void only_commands(struct attacker *a)
{
    revive(a);
    for (unsigned i = 0; i < 64; i++)
        put_command(a);
    vf_write(a->w, a->g, VF_TAIL, 16 * (uint64_t)pick(a, RING_ENTRIES));
}

START_TEST(commands_leave_cached_translations_of_others_alone)
{
    static struct line_set before[AMDVI_CACHES], after;
    struct world w;
    struct attacker attacker = {&w, ATTACKER, seed_of((unsigned)_i)};

    world_open(&w, NULL, _i & 1);
    fill_caches(&w);
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++)
        take_lines(&w, (enum amdvi_cache)cache, &before[cache]);
    ck_assert_uint_ge(before[AMDVI_CACHE_PTC].count, 4 * 2 * DEVICES_EACH);
    ck_assert_uint_ge(before[AMDVI_CACHE_DTC].count, 2 * DEVICES_EACH);
    for (unsigned round = 0; round < 100; round++)
        only_commands(&attacker);
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++) {
        take_lines(&w, (enum amdvi_cache)cache, &after);
        same_lines(&before[cache], &after, (enum amdvi_cache)cache);
    }
    world_close(&w);
}
END_TEST

/* ---------------------------------------------------------------- fairness */

struct order {
    unsigned others, worst, victims;
};

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct order *order = context;

    if (info->guest_id != guest_id(VICTIM)) {
        order->others++;
        return;
    }
    order->victims++;
    order->worst = order->others > order->worst ? order->others : order->worst;
    order->others = 0;
}

static void fill_ring(struct world *w, unsigned g, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        guest_put_command(w, g, i, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_vf_write(w->device, guest_id(g), VF_TAIL, 8, 16 * count), AMDVI_OK);
}

START_TEST(a_flood_delays_others_by_one_turn_a_command)
{
    static const unsigned turns[] = {1, 4, 32};
    struct order order = {0};
    struct amdvi_observer observer = {.context = &order, .command = on_command};
    struct world w;
    char settings[64];

    snprintf(settings, sizeof(settings), "viommu.commands_per_turn=%u", turns[_i]);
    world_open(&w, settings, true);
    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    fill_ring(&w, ATTACKER, 255);
    fill_ring(&w, OTHER, 255);
    fill_ring(&w, VICTIM, 40);
    world_run(&w);
    ck_assert_uint_eq(order.victims, 40);
    ck_assert_uint_le(order.worst, 2 * turns[_i]);
    ck_assert_uint_eq(vf_read(&w, ATTACKER, VF_HEAD), 255 * 16);
    world_close(&w);
}
END_TEST

/* ---------------------------------------------------------------- save and restore */

static void steps(struct victim *v, unsigned count)
{
    while (count--) {
        victim_begin(v);
        world_run(v->world);
        victim_end(v);
    }
}

static void *saved(struct world *w, bool whole, size_t *size)
{
    void *buffer;
    uint16_t id = guest_id(VICTIM);

    ck_assert_int_eq(whole ? amdvi_save(w->device, NULL, 0, size)
                           : amdvi_guest_save(w->device, id, NULL, 0, size),
                     AMDVI_ERR_TOO_SMALL);
    buffer = malloc(*size);
    ck_assert_ptr_nonnull(buffer);
    ck_assert_int_eq(whole ? amdvi_save(w->device, buffer, *size, size)
                           : amdvi_guest_save(w->device, id, buffer, *size, size),
                     AMDVI_OK);
    return buffer;
}

/* From where `old` stands, in a journal of its own. */
static void go_on(struct victim *now, const struct victim *old, struct world *w, unsigned g)
{
    victim_open(now, w, g, 0);
    now->random = old->random;
    now->step = old->step;
    now->tail = old->tail;
    now->wait_data = old->wait_data;
}

static void both_go_on(struct victim *stayed, struct victim *moved)
{
    stayed->journal.count = 0;
    steps(stayed, STEPS / 2);
    steps(moved, STEPS / 2);
    same_journals(stayed, moved);
    victim_close(stayed);
    victim_close(moved);
}

START_TEST(a_device_goes_on_in_another)
{
    uint64_t seed = seed_of((unsigned)_i);
    struct world old, new;
    struct victim stayed, moved;
    size_t size;
    void *bytes;

    world_open(&old, NULL, _i & 1);
    world_open_bare(&new, NULL, _i & 1);
    victim_open(&stayed, &old, VICTIM, seed);
    steps(&stayed, STEPS / 2);
    victim_begin(&stayed); /* rung, not run */
    bytes = saved(&old, true, &size);
    memcpy(new.bytes, old.bytes, WORLD_BYTES);
    ck_assert_int_eq(amdvi_restore(new.device, bytes, size), AMDVI_OK);
    go_on(&moved, &stayed, &new, VICTIM);
    stayed.journal.count = 0;
    world_run(&old);
    world_run(&new);
    victim_end(&stayed);
    victim_end(&moved);
    same_journals(&stayed, &moved);
    moved.journal.count = 0;
    both_go_on(&stayed, &moved);
    ck_assert(!memcmp(old.bytes, new.bytes, WORLD_BYTES));
    free(bytes);
    world_close(&old);
    world_close(&new);
}
END_TEST

START_TEST(a_guest_goes_on_under_another_guest_id)
{
    uint64_t seed = seed_of((unsigned)_i);
    struct world old, new;
    struct victim stayed, moved;
    size_t size;
    void *bytes;

    world_open(&old, NULL, _i & 1);
    world_open(&new, NULL, _i & 1);
    victim_open(&stayed, &old, VICTIM, seed);
    steps(&stayed, STEPS / 2);
    bytes = saved(&old, false, &size);
    memcpy(new.bytes + guest_spa(OTHER, 0), old.bytes + guest_spa(VICTIM, 0), GUEST_BYTES);
    ck_assert_int_eq(amdvi_guest_restore(new.device, guest_id(OTHER), bytes, size), AMDVI_OK);
    vfc_write(&new, OTHER, VFC_MISC, (uint64_t)trans_device(OTHER) << 16); /* the host's choice of place */
    go_on(&moved, &stayed, &new, OTHER);
    both_go_on(&stayed, &moved);
    free(bytes);
    world_close(&old);
    world_close(&new);
}
END_TEST

/* Anything flipped, cut or of the other kind is refused, and changes nothing. */
static void refuses(struct world *w, uint8_t *bytes, size_t size, bool whole, uint64_t *random)
{
    size_t at = next_random(random) % size, cut = next_random(random) % size;
    uint8_t bit = (uint8_t)(1u << next_random(random) % 8);

    bytes[at] ^= bit;
    ck_assert_int_ne(whole ? amdvi_restore(w->device, bytes, size)
                           : amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, size),
                     AMDVI_OK);
    bytes[at] ^= bit;
    ck_assert_int_ne(whole ? amdvi_restore(w->device, bytes, cut)
                           : amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, cut),
                     AMDVI_OK);
    ck_assert_int_eq(whole ? amdvi_guest_restore(w->device, guest_id(VICTIM), bytes, size)
                           : amdvi_restore(w->device, bytes, size),
                     AMDVI_ERR_ARGUMENT);
}

START_TEST(damaged_bytes_are_refused)
{
    uint64_t random = seed_of((unsigned)_i);
    struct world w;
    struct victim v;
    size_t size, again;
    uint8_t *bytes, *after;

    world_open(&w, NULL, true);
    victim_open(&v, &w, VICTIM, random);
    steps(&v, 5);
    bytes = saved(&w, _i, &size);
    for (unsigned i = 0; i < 200; i++)
        refuses(&w, bytes, size, _i, &random);
    after = saved(&w, _i, &again);
    ck_assert_uint_eq(size, again);
    ck_assert(!memcmp(bytes, after, size));
    ck_assert_int_eq(amdvi_restore(w.device, NULL, 100), AMDVI_ERR_CORRUPT);
    free(bytes);
    free(after);
    victim_close(&v);
    world_close(&w);
}
END_TEST

START_TEST(another_configuration_is_refused)
{
    struct world a, b;
    size_t size;
    void *bytes;

    world_open(&a, NULL, true);
    world_open(&b, "viommu.commands_per_turn=2", true);
    bytes = saved(&a, true, &size);
    ck_assert_int_eq(amdvi_restore(b.device, bytes, size), AMDVI_ERR_ARGUMENT);
    free(bytes);
    world_close(&a);
    world_close(&b);
}
END_TEST

static enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    *(uint32_t *)context = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

START_TEST(a_guest_that_waits_for_a_device_cannot_be_saved)
{
    struct world w;
    uint32_t tag;
    size_t size;

    world_open(&w, NULL, true);
    w.notes = (struct world_notes){.context = &tag, .atc = pending};
    guest_command(&w, VICTIM, UINT64_C(4) << 60 | guest_device(0), G_IOVA);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(VICTIM), NULL, 0, &size), AMDVI_ERR_BUSY);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(OTHER), NULL, 0, &size), AMDVI_ERR_TOO_SMALL);
    ck_assert_int_eq(amdvi_atc_complete(w.device, tag), AMDVI_OK);
    ck_assert_int_eq(amdvi_guest_save(w.device, guest_id(VICTIM), NULL, 0, &size), AMDVI_ERR_TOO_SMALL);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isolation");
    TCase *tests = tcase_create("isolation");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_guest_sees_nothing_of_another_by_gpa, 0, RUNS);
    tcase_add_loop_test(tests, a_guest_sees_nothing_of_another_by_private_address, 0, RUNS);
    tcase_add_loop_test(tests, nor_without_caches_and_with_long_turns, 0, RUNS);
    tcase_add_loop_test(tests, commands_leave_cached_translations_of_others_alone, 0, RUNS);
    tcase_add_loop_test(tests, a_flood_delays_others_by_one_turn_a_command, 0, 3);
    tcase_add_loop_test(tests, a_device_goes_on_in_another, 0, RUNS);
    tcase_add_loop_test(tests, a_guest_goes_on_under_another_guest_id, 0, RUNS);
    tcase_add_loop_test(tests, damaged_bytes_are_refused, 0, 2);
    tcase_add_test(tests, another_configuration_is_refused);
    tcase_add_test(tests, a_guest_that_waits_for_a_device_cannot_be_saved);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
