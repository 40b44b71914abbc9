// SPDX-License-Identifier: Apache-2.0
/* Guests on a device whose memory answers later (amdvi/external.h): the same commands, stores, status bits
 * and records as with memory that answers at once, whatever the order of answers. */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <amdvi/external.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_MAX = 64, SUBMISSIONS = 8 };

struct later {
    struct world w;
    struct amdvi_ask open[OPEN_MAX];
    unsigned opened;
    uint32_t state;
};

static struct later now, later;

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    struct later *l = context;

    ck_assert_uint_lt(l->opened, OPEN_MAX);
    l->open[l->opened++] = *ask;
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    ck_assert_int_eq(completion->status, AMDVI_OK);
}

static void answer(struct later *l, unsigned index)
{
    struct amdvi_ask ask = l->open[index];
    uint8_t data[AMDVI_ASK_BYTES] = {0}, *at = l->w.bytes + ask.address;
    bool inside = ask.address < WORLD_BYTES && ask.length <= WORLD_BYTES - ask.address;

    l->open[index] = l->open[--l->opened];
    if (inside)
        memcpy(data, at, ask.length);
    if (inside && ask.kind == AMDVI_ASK_WRITE)
        memcpy(at, ask.data, ask.length);
    if (inside && ask.kind == AMDVI_ASK_UPDATE && memcmp(at, &ask.expected, 8) == 0)
        memcpy(at, &ask.desired, 8);
    ck_assert_int_eq(
        amdvi_memory_done(l->w.device, ask.id, inside ? AMDVI_MEMORY_OK : AMDVI_MEMORY_MASTER_ABORT, data),
        AMDVI_OK);
}

static void settle(struct later *l)
{
    while (l->opened) {
        l->state = l->state * 1664525 + 1013904223;
        answer(l, (l->state >> 8) % l->opened);
    }
}

static void open_both(bool by_gpa, int seed)
{
    const struct amdvi_external face = {
        .context = &later, .issue = on_issue, .complete = on_complete, .most = SUBMISSIONS};

    world_open(&now.w, NULL, by_gpa);
    world_open(&later.w, NULL, by_gpa);
    later.opened = 0;
    later.state = (uint32_t)seed;
    ck_assert_int_eq(amdvi_external_attach(later.w.device, &face), AMDVI_OK);
}

static void put(struct later *l, unsigned g, unsigned slot, uint64_t low, uint64_t high)
{
    const uint64_t words[2] = {low, high};

    memcpy(l->w.bytes + H_GUESTS + g * GUEST_BYTES + G_CMD + 16 * slot, words, sizeof(words));
}

/* Invalidations, a store, and in the last guest a command that is illegal. */
static void fill(struct later *l)
{
    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        put(l, g, 0, UINT64_C(3) << 60 | (uint64_t)guest_domain(0) << 32, UINT64_C(0x7ffffffffffff003));
        put(l, g, 1, UINT64_C(2) << 60 | guest_device(0), 0);
        put(l, g, 2, UINT64_C(8) << 60, 0);
        put(l, g, 3, UINT64_C(1) << 60 | G_STORE | 3, 0x1111 * (g + 1));
        put(l, g, 4, g == WORLD_GUESTS - 1 ? UINT64_C(10) << 60 : UINT64_C(5) << 60 | guest_device(1), 0);
    }
}

static void go(struct later *l, bool submits)
{
    struct amdvi_register_access tail = {
        .space = AMDVI_SPACE_VF, .write = true, .size = 8, .offset = VF_TAIL, .value = 5 * 16};

    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        tail.guest_id = guest_id(g);
        if (submits)
            ck_assert_int_eq(amdvi_submit_register(l->w.device, &tail, g), AMDVI_OK);
        else
            ck_assert_int_eq(amdvi_vf_write(l->w.device, guest_id(g), VF_TAIL, 8, tail.value), AMDVI_OK);
    }
    if (!submits)
        amdvi_run(l->w.device);
}

static void commands_end_alike(bool by_gpa, int seed)
{
    open_both(by_gpa, seed);
    fill(&now);
    fill(&later);
    go(&now, false);
    go(&later, true);
    settle(&later);
    ck_assert_int_eq(memcmp(now.w.bytes, later.w.bytes, WORLD_BYTES), 0);
    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        uint64_t store;
        memcpy(&store, later.w.bytes + H_GUESTS + g * GUEST_BYTES + G_STORE, sizeof(store));
        ck_assert_uint_eq(store, 0x1111 * (g + 1));
    }
    world_close(&now.w);
    world_close(&later.w);
}

START_TEST(commands_by_gpa_end_alike)
{
    commands_end_alike(true, _i);
}
END_TEST

START_TEST(commands_by_private_address_end_alike)
{
    commands_end_alike(false, _i);
}
END_TEST

/* ---------------------------------------------------------------- registers */

enum { ACCESSES = 48 };

static uint64_t last_value;

static void keep_value(void *context, const struct amdvi_completion *completion)
{
    ck_assert_int_eq(completion->status, AMDVI_OK);
    last_value = completion->value;
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* A register of guest 0: of the VF page with its slot, or of the control block with the ID maps. */
static struct amdvi_register_access draw_access(uint32_t *state)
{
    static const uint64_t slot[] = {0x0, 0x8, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x80, 0x100};
    bool control = next(state) % 3 == 0;
    struct amdvi_register_access access = {.space = control ? AMDVI_SPACE_VFC : AMDVI_SPACE_VF,
                                           .write = next(state) % 2,
                                           .guest_id = guest_id(0),
                                           .size = next(state) % 4 ? 8 : 4};

    access.offset = control ? next(state) % 8 * 8 : slot[next(state) % 10];
    access.value = (uint64_t)next(state) << 40 ^ (uint64_t)next(state) << 16 ^ next(state);
    if (next(state) % 2)
        access.value &= 0x3f0;
    if (access.size == 4)
        access.value &= UINT32_MAX;
    return access;
}

static uint64_t access_now(struct amdvi_device *device, const struct amdvi_register_access *a)
{
    uint64_t value = 0;

    if (a->write && a->space == AMDVI_SPACE_VF)
        amdvi_vf_write(device, a->guest_id, a->offset, a->size, a->value);
    else if (a->write)
        amdvi_vfc_write(device, a->guest_id, a->offset, a->size, a->value);
    else if (a->space == AMDVI_SPACE_VF)
        amdvi_vf_read(device, a->guest_id, a->offset, a->size, &value);
    else
        amdvi_vfc_read(device, a->guest_id, a->offset, a->size, &value);
    if (a->write)
        amdvi_run(device);
    return value;
}

START_TEST(registers_end_alike)
{
    const struct amdvi_external face = {
        .context = &later, .issue = on_issue, .complete = keep_value, .most = SUBMISSIONS};
    uint32_t state = (uint32_t)_i * 7919 + 1;

    open_both(_i % 2, _i);
    ck_assert_int_eq(amdvi_external_attach(later.w.device, &face), AMDVI_OK);
    for (unsigned n = 0; n < ACCESSES; n++) {
        struct amdvi_register_access access = draw_access(&state);
        uint64_t value = access_now(now.w.device, &access);

        ck_assert_int_eq(amdvi_submit_register(later.w.device, &access, n), AMDVI_OK);
        settle(&later);
        ck_assert(access.write || value == last_value);
        ck_assert_msg(memcmp(now.w.bytes, later.w.bytes, WORLD_BYTES) == 0, "seed %d, access %u: %s %s %llx",
                      _i, n, access.write ? "write" : "read",
                      access.space == AMDVI_SPACE_VF ? "VF" : "VF Control",
                      (unsigned long long)access.offset);
    }
    world_close(&now.w);
    world_close(&later.w);
}
END_TEST

/* ---------------------------------------------------------------- logs that fill up */

static bool last_ok;

static void keep_result(void *context, const struct amdvi_completion *completion)
{
    ck_assert_int_eq(completion->status, AMDVI_OK);
    last_ok = completion->result ? completion->result->ok : completion->page_request->ok;
}

/* A fault of a guest's device, or a page request: the guest's own logs, until they overflow and beyond. */
START_TEST(full_logs_end_alike)
{
    const struct amdvi_external face = {
        .context = &later, .issue = on_issue, .complete = keep_result, .most = SUBMISSIONS};
    const struct amdvi_request fault = {.device = host_device(0, 0),
                                        .op = AMDVI_WRITE,
                                        .has_pasid = true,
                                        .pasid = G_PASID,
                                        .address = G_IOVA + 9 * PAGE_BYTES,
                                        .length = 8};
    const struct amdvi_page_request page = {.device = host_device(0, 0),
                                            .has_pasid = true,
                                            .read = true,
                                            .last = true,
                                            .pasid = G_PASID,
                                            .prg_index = 5,
                                            .address = G_IOVA};

    open_both(_i % 2, _i);
    ck_assert_int_eq(amdvi_external_attach(later.w.device, &face), AMDVI_OK);
    for (unsigned n = 0; n < RING_ENTRIES + 2; n++) {
        bool faults = _i / 2 % 2 == 0, ok;

        if (faults) {
            ok = guest_ask(&now.w, 0, 0, AMDVI_WRITE, fault.address).ok;
            ck_assert_int_eq(amdvi_submit_request(later.w.device, &fault, n), AMDVI_OK);
        } else {
            ok = guest_page_request(&now.w, 0, 0, G_IOVA);
            ck_assert_int_eq(amdvi_submit_page_request(later.w.device, &page, n), AMDVI_OK);
        }
        settle(&later);
        ck_assert_int_eq(ok, last_ok);
        if (n % 16 == 0 || n >= RING_ENTRIES - 2)
            ck_assert_msg(memcmp(now.w.bytes, later.w.bytes, WORLD_BYTES) == 0, "record %u", n);
    }
    world_close(&now.w);
    world_close(&later.w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("later");
    TCase *tests = tcase_create("later");

    tcase_add_loop_test(tests, commands_by_gpa_end_alike, 0, 20);
    tcase_add_loop_test(tests, commands_by_private_address_end_alike, 0, 20);
    tcase_add_loop_test(tests, registers_end_alike, 0, 20);
    tcase_add_loop_test(tests, full_logs_end_alike, 0, 4);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
