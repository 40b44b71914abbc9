// SPDX-License-Identifier: Apache-2.0
/*
 * All mappings of a device against one look at a time, on random tables: host, guest and nested, of any depth
 * and page size. An address is in a mapping exactly when a look at it succeeds, with that place and those
 * rights.
 */
#include "machine.h"
#include "random_world.h"

#include <amdvi/host.h>
#include <stdio.h>

enum { WORLDS = 40, WINDOWS = 24, LOOKS = 40, MAPPINGS = 20000, WINDOW = 1 << 24 };

static uint8_t bytes[WORLD_BYTES];
static struct amdvi_mapping mapped[MAPPINGS];
static unsigned count;

static int on_mapping(void *context, const struct amdvi_mapping *mapping)
{
    (void)context;
    ck_assert_uint_lt(count, MAPPINGS);
    ck_assert_uint_le(mapping->iova, mapping->last);
    ck_assert(count == 0 || mapped[count - 1].last < mapping->iova);
    mapped[count++] = *mapping;
    return 0;
}

static const struct amdvi_mapping *mapping_at(uint64_t address)
{
    for (unsigned i = 0; i < count; i++)
        if (address >= mapped[i].iova && address <= mapped[i].last)
            return &mapped[i];
    return NULL;
}

/* The rights at an address; `*pa` where there are any. */
static unsigned look(struct amdvi_device *device, const struct amdvi_request *like, uint64_t address,
                     uint64_t *pa)
{
    struct amdvi_request request = *like;
    struct amdvi_result result;
    unsigned rights = 0;

    request.address = address;
    request.op = AMDVI_READ;
    ck_assert_int_eq(amdvi_look(device, &request, &result), AMDVI_OK);
    if (result.ok) {
        *pa = result.pa;
        return result.perm & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    }
    request.op = AMDVI_WRITE;
    ck_assert_int_eq(amdvi_look(device, &request, &result), AMDVI_OK);
    if (result.ok) {
        *pa = result.pa;
        rights = result.perm & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    }
    return rights;
}

static void compare(struct amdvi_device *device, const struct amdvi_request *like, uint64_t address)
{
    const struct amdvi_mapping *mapping = mapping_at(address);
    uint64_t pa = 0;
    unsigned rights = look(device, like, address, &pa);

    ck_assert_msg((mapping != NULL) == (rights != 0), "%llx is %s", (unsigned long long)address,
                  mapping ? "mapped and cannot be reached" : "not mapped and can be reached");
    if (!mapping)
        return;
    ck_assert_uint_eq(mapping->spa + (address - mapping->iova), pa);
    ck_assert_uint_eq(mapping->perm, rights);
}

/* The part of the address space around where a random request goes. */
static void one_window(struct amdvi_device *device, struct chance *chance)
{
    struct amdvi_mappings walk = {.mapping = on_mapping};
    struct amdvi_request like;

    world_request(chance, &like);
    like.at = AMDVI_UNTRANSLATED;
    like.length = 1;
    like.execute = like.no_write = false;
    walk.device = like.device;
    walk.has_pasid = like.has_pasid;
    walk.pasid = like.pasid;
    walk.privileged = like.privileged;
    walk.first = like.address & ~(uint64_t)(WINDOW - 1);
    walk.last = walk.first + (WINDOW - 1);
    count = 0;
    ck_assert_int_eq(amdvi_walk_mappings(device, &walk), AMDVI_OK);
    compare(device, &like, like.address & ~(uint64_t)15);
    for (unsigned i = 0; i < LOOKS; i++)
        compare(device, &like, walk.first + (chance_word(chance) & (WINDOW - 1) & ~(uint64_t)15));
    for (unsigned i = 0; i < count && i < LOOKS; i++) {
        compare(device, &like, mapped[i].last & ~(uint64_t)15);
        if (mapped[i].last < walk.last)
            compare(device, &like, mapped[i].last + 1);
    }
}

START_TEST(mappings_are_what_a_look_finds)
{
    struct amdvi_memory memory = {.direct = bytes, .direct_size = WORLD_BYTES};
    uint64_t seed = test_seed();

    for (unsigned world = 0; world < WORLDS; world++, seed++) {
        struct amdvi_config *config = config_of("");
        struct chance chance = {.state = seed};
        struct amdvi_device *device;

        ck_assert_int_eq(amdvi_create(config, &memory, NULL, NULL, &device), AMDVI_OK);
        amdvi_config_destroy(config);
        world_fill(&chance, bytes);
        world_boot(&chance, device);
        for (unsigned i = 0; i < WINDOWS; i++)
            one_window(device, &chance);
        amdvi_destroy(device);
    }
}
END_TEST

/* Four levels of guest tables express 48 bits: nothing is in the hole between the halves, and the upper half
 * begins where it begins [5.2]. */
START_TEST(both_halves_of_a_pasid_are_walked)
{
    const uint64_t upper = UINT64_C(0xffff800000000000);
    struct amdvi_mappings walk = {
        .mapping = on_mapping, .device = DEV, .has_pasid = true, .pasid = 5, .last = UINT64_MAX};
    struct machine m;
    uint64_t leaf, root, table[3];

    machine_open(&m, "");
    boot(&m, C_NORMAL | C_GT);
    leaf = map_guest(&m, DEV, D_OK, 0);
    root = leaf - 3 * 0x1000; /* tables are made one behind the other */
    for (unsigned i = 0; i < 3; i++)
        table[i] = new_table(&m);
    put64(&m, root + 8 * 256, table[0] | 7);
    put64(&m, table[0], table[1] | 7);
    put64(&m, table[1], table[2] | 7);
    put64(&m, table[2], (PAGE + 0x3000) | 7);
    count = 0;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &walk), AMDVI_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(mapped[0].iova, IOVA);
    ck_assert_uint_eq(mapped[1].iova, upper);
    ck_assert_uint_eq(mapped[1].last, upper + 0xfff);
    ck_assert_uint_eq(mapped[1].spa, PAGE + 0x3000);
    machine_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mappings");
    TCase *tests = tcase_create("mappings");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, mappings_are_what_a_look_finds);
    tcase_add_test(tests, both_halves_of_a_pasid_are_walked);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
