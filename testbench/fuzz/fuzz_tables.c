// SPDX-License-Identifier: Apache-2.0
/*
 * Random tables and requests: no crash, and three devices must agree on every answer: one with caches, one
 * without, one that is asked in batches; the memory of all three ends the same.
 */
#include "testbench/unit/core/random_world.h"

#include <stdlib.h>
#include <string.h>

enum { MACHINES = 3, REQUESTS = 24, OTHERS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MACHINES][WORLD_BYTES];
static struct amdvi_device *devices[MACHINES];

static void demand(bool held)
{
    if (!held)
        abort();
}

static void create(int which)
{
    struct amdvi_memory window = {.direct = memory[which], .direct_size = WORLD_BYTES};
    struct amdvi_config *config;

    demand(amdvi_config_create(&config) == AMDVI_OK);
    demand(amdvi_config_set(config, "caches", which == 1 ? "off" : "on") == AMDVI_OK);
    demand(amdvi_create(config, &window, NULL, NULL, &devices[which]) == AMDVI_OK);
    amdvi_config_destroy(config);
}

static void start(int which, const struct chance *from, struct chance *rest)
{
    *rest = *from;
    if (!devices[which])
        create(which);
    demand(amdvi_reset(devices[which]) == AMDVI_OK);
    world_fill(rest, memory[which]);
    world_boot(rest, devices[which]);
}

static void same_answer(const struct amdvi_result *a, const struct amdvi_result *b)
{
    demand(a->ok == b->ok);
    if (!a->ok) {
        demand(a->fault.reason == b->fault.reason && a->fault.flags == b->fault.flags);
        demand(a->fault.address == b->fault.address && a->fault.logged == b->fault.logged);
        return;
    }
    demand(a->pa == b->pa && a->perm == b->perm && a->identity == b->identity);
    demand(a->identity || (a->size == b->size && a->covered == b->covered));
    demand(a->identity || a->covered <= a->size);
}

/* No order is promised between devices, and their tables are shared here. */
static int run_of_one_device(const struct amdvi_request *requests, int left)
{
    int count = 1;

    while (count < left && requests[count].device == requests[0].device)
        count++;
    return count;
}

static void translate(struct chance *chance)
{
    struct amdvi_request requests[REQUESTS];
    struct amdvi_result results[MACHINES][REQUESTS];

    memset(results, 0, sizeof(results));
    for (int i = 0; i < REQUESTS; i++)
        world_request(chance, &requests[i]);
    for (int i = 0; i < REQUESTS; i++) {
        demand(amdvi_translate(devices[0], &requests[i], &results[0][i]) == AMDVI_OK);
        demand(amdvi_translate(devices[1], &requests[i], &results[1][i]) == AMDVI_OK);
    }
    for (int i = 0, n; i < REQUESTS; i += n) {
        n = run_of_one_device(&requests[i], REQUESTS - i);
        demand(amdvi_translate_batch(devices[2], &requests[i], &results[2][i], (size_t)n) == AMDVI_OK);
    }
    for (int i = 0; i < REQUESTS; i++) {
        same_answer(&results[0][i], &results[1][i]);
        same_answer(&results[0][i], &results[2][i]);
    }
}

static void interrupt(struct chance *chance)
{
    uint32_t word = (uint32_t)chance_word(chance);
    uint16_t from = (uint16_t)chance_below(chance, WORLD_DEVICES);
    struct amdvi_int_result results[MACHINES];

    memset(results, 0, sizeof(results));
    for (int i = 0; i < MACHINES; i++) {
        demand(amdvi_interrupt(devices[i], from, 0xfee00000 | (word & 0xfffff), word >> 16, &results[i]) ==
               AMDVI_OK);
        demand(results[i].ok == results[0].ok && results[i].vector == results[0].vector);
        demand(results[i].fault.reason == results[0].fault.reason);
    }
}

static void page_request(struct chance *chance)
{
    uint64_t word = chance_word(chance);
    struct amdvi_page_request request = {.device = (uint16_t)chance_below(chance, WORLD_DEVICES),
                                         .has_pasid = word & 1,
                                         .read = word >> 1 & 1,
                                         .last = word >> 2 & 1,
                                         .pasid = word >> 3 & 0xfffff,
                                         .prg_index = word >> 23 & 0x1ff,
                                         .address = word};
    struct amdvi_page_request_result results[MACHINES];

    for (int i = 0; i < MACHINES; i++) {
        demand(amdvi_page_request(devices[i], &request, &results[i]) == AMDVI_OK);
        demand(results[i].ok == results[0].ok);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chance input = {.bytes = data, .left = size}, rest;

    for (int i = 0; i < MACHINES; i++)
        start(i, &input, &rest);
    while (rest.left > 0) {
        translate(&rest);
        for (int i = 0; i < OTHERS / 2; i++) {
            interrupt(&rest);
            page_request(&rest);
        }
    }
    for (int i = 1; i < MACHINES; i++)
        demand(memcmp(memory[0], memory[i], WORLD_BYTES) == 0);
    return 0;
}
