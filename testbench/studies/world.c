// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/world.h"

#include "testbench/studies/ledger.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, DTE_WORDS = 4, DTE_BYTES = 32 };

/* ---------------------------------------------------------------- life */

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    return amdvi_timed_atc_invalidate(((struct world *)context)->timed, invalidation);
}

static bool make_device(struct world *w, const char *preset, const char *const *keys)
{
    const struct amdvi_callbacks callbacks = {.context = w, .atc_invalidate = on_atc};
    const struct amdvi_memory memory = {.direct = w->ram, .direct_size = w->size};
    struct amdvi_config *config;
    bool good = amdvi_config_create(&config) == AMDVI_OK;

    if (!good)
        return false;
    good = amdvi_timed_preset_device(config, preset) == AMDVI_OK;
    for (; good && keys && *keys; keys += 2)
        good = amdvi_config_set(config, keys[0], keys[1]) == AMDVI_OK;
    good = good && amdvi_create(config, &memory, &callbacks, NULL, &w->device) == AMDVI_OK;
    amdvi_config_destroy(config);
    return good;
}

void world_register_write(struct world *w, const char *name, uint64_t value)
{
    w->failed |= amdvi_mmio_write(w->device, place_register(name), 8, value) != AMDVI_OK;
}

uint64_t world_register_read(struct world *w, const char *name)
{
    uint64_t value = 0;

    w->failed |= amdvi_mmio_read(w->device, place_register(name), 8, &value) != AMDVI_OK;
    return value;
}

/* A register of two fields. */
static void write_pair(struct world *w, const char *name, enum place first, uint64_t value, enum place second,
                       uint64_t other)
{
    uint64_t word = 0;

    place_set(&w->places, first, &word, value);
    place_set(&w->places, second, &word, other);
    world_register_write(w, name, word);
}

static bool boot(struct world *w)
{
    enum { ALL_DEVICES = 0x1ff, LOG_LOG2 = 9 };
    static const enum place on[] = {PLACE_CONTROL_IOMMU,
                                    PLACE_CONTROL_EVENTS,
                                    PLACE_CONTROL_COHERENT,
                                    PLACE_CONTROL_COMMANDS,
                                    PLACE_CONTROL_GT,
                                    PLACE_CONTROL_GCR3_GPA,
                                    PLACES};

    write_pair(w, "devtab_base", PLACE_TABLE_BASE, WORLD_DEVTAB, PLACE_TABLE_SIZE, ALL_DEVICES);
    write_pair(w, "cmd_base", PLACE_RING_BASE, WORLD_RING, PLACE_RING_LEN, WORLD_RING_LOG2);
    write_pair(w, "event_base", PLACE_LOG_BASE, WORLD_LOG, PLACE_LOG_LEN, LOG_LOG2);
    world_register_write(w, "control", place_bits(&w->places, on));
    return !w->failed;
}

/* What entries say beside their address: present, and readable and writable. A guest's are a user's, too, and
 * accessed; its pages are dirty. */
static bool make_entries(struct world *w)
{
    static const enum place host[] = {PLACE_HOST_PR, PLACE_HOST_IR, PLACE_HOST_IW, PLACES},
                            guest[] = {PLACE_GUEST_P, PLACE_GUEST_RW, PLACE_GUEST_US, PLACE_GUEST_A, PLACES};

    if (!places_find(&w->places))
        return false;
    for (unsigned next = 0; next < 8; next++) {
        w->host_entry[next] = place_bits(&w->places, host);
        place_set(&w->places, PLACE_HOST_NEXT, &w->host_entry[next], next);
    }
    w->guest_directory = w->guest_page = place_bits(&w->places, guest);
    place_set(&w->places, PLACE_GUEST_D, &w->guest_page, 1);
    w->guest_large = w->guest_page;
    place_set(&w->places, PLACE_GUEST_PS, &w->guest_large, 1);
    w->doorbell = place_register("cmd_tail");
    return true;
}

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct world *w = context;

    if (c->what->kind == AMDVI_SUBMITTED_REQUEST) {
        w->ended++;
        w->reads += c->reads;
        w->last_end = c->done;
        w->faults += c->what->status == AMDVI_OK && !c->what->result->ok;
    }
    if (w->ledger)
        ledger_completed(w->ledger, w, c);
    if (w->complete)
        w->complete(w->context, w, c);
}

bool world_open_sized(struct world *w, const char *preset, const char *const *keys,
                      const struct amdvi_timed_parameters *parameters, uint64_t seed, uint64_t size)
{
    const struct amdvi_timed_host host = {.context = w, .complete = on_complete};

    *w = (struct world){
        .size = size, .heap = WORLD_HEAP, .random = seed * 0x9e3779b97f4a7c15 | 1, .parameters = *parameters};
    w->ram = calloc(1, size);
    w->failed = !w->ram || !make_entries(w) || !make_device(w, preset, keys) || !boot(w) ||
                amdvi_timed_create(w->device, &w->parameters, &host, NULL, &w->timed) != AMDVI_OK;
    return !w->failed;
}

bool world_open(struct world *w, const char *const *keys, const char *preset, const char *const *settings)
{
    struct amdvi_timed_parameters parameters;

    *w = (struct world){.failed = true};
    if (amdvi_timed_preset_parameters(&parameters, preset) != AMDVI_OK)
        return false;
    for (; settings && *settings; settings += 2)
        if (amdvi_timed_set(&parameters, settings[0], settings[1]) != AMDVI_OK)
            return false;
    return world_open_sized(w, preset, keys, &parameters, 1, WORLD_SIZE);
}

void world_close(struct world *w)
{
    if (w->ledger)
        ledger_finish(w->ledger, w);
    amdvi_timed_destroy(w->timed);
    amdvi_destroy(w->device);
    free(w->ram);
}

void world_restart(struct world *w)
{
    w->failed |= amdvi_timed_restart(w->timed) != AMDVI_OK;
    if (w->ledger)
        ledger_restart(w->ledger, w);
}

/* ---------------------------------------------------------------- memory */

uint64_t world_page(struct world *w)
{
    uint64_t page = w->heap;

    if (page + PAGE > w->size) {
        w->failed = true;
        return WORLD_HEAP;
    }
    w->heap += PAGE;
    return page;
}

uint64_t world_draw(struct world *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

void world_poke(struct world *w, uint64_t spa, uint64_t value)
{
    memcpy(w->ram + spa, &value, 8);
}

uint64_t world_peek(const struct world *w, uint64_t spa)
{
    uint64_t value;

    memcpy(&value, w->ram + spa, 8);
    return value;
}

/* ---------------------------------------------------------------- host tables (iommu 4.1) */

static uint64_t host_entry(const struct world *w, uint64_t address, unsigned next_level)
{
    return address | w->host_entry[next_level];
}

/* The address that the entry at `spa` holds. */
static uint64_t address_at(const struct world *w, enum place place, uint64_t spa)
{
    uint64_t entry = world_peek(w, spa);

    return place_get(&w->places, place, &entry);
}

static uint64_t slot(uint64_t table, uint64_t address, unsigned level)
{
    return table + (address >> (12 + 9 * (level - 1)) & 511) * 8;
}

void world_host_map(struct world *w, uint64_t root, unsigned mode, uint64_t address, uint64_t spa,
                    unsigned shift)
{
    unsigned leaf = (shift - 12) / 9 + 1;

    for (unsigned level = mode; level > leaf; level--) {
        uint64_t at = slot(root, address, level);
        if (!world_peek(w, at))
            world_poke(w, at, host_entry(w, world_page(w), level - 1));
        root = address_at(w, PLACE_HOST_ADDRESS, at);
    }
    world_poke(w, slot(root, address, leaf), host_entry(w, spa >> shift << shift, 0));
}

uint64_t world_host_entry(const struct world *w, uint64_t root, unsigned mode, uint64_t address)
{
    for (unsigned level = mode; level > 1; level--)
        root = address_at(w, PLACE_HOST_ADDRESS, slot(root, address, level));
    return slot(root, address, 1);
}

uint64_t world_host_everything(struct world *w, unsigned mode, uint64_t spa)
{
    uint64_t below = spa, table = 0;

    for (unsigned level = 1; level <= mode; level++) {
        table = world_page(w);
        for (unsigned i = 0; i < 512; i++)
            world_poke(w, table + UINT64_C(8) * i, host_entry(w, below, level - 1));
        below = table;
    }
    return table;
}

static uint8_t *entry_of(const struct world *w, uint16_t device)
{
    return w->ram + WORLD_DEVTAB + (uint64_t)device * DTE_BYTES;
}

/* The part of the interrupts and of guests, the upper half, stays (iommu 3.1). */
void world_dte_host(struct world *w, uint16_t device, uint16_t domain, unsigned mode, uint64_t root)
{
    static const enum place on[] = {PLACE_DTE_V, PLACE_DTE_TV, PLACE_DTE_IR, PLACE_DTE_IW, PLACES};
    uint64_t words[DTE_WORDS / 2] = {place_bits(&w->places, on), 0};

    place_set(&w->places, PLACE_DTE_MODE, words, mode);
    place_set(&w->places, PLACE_DTE_ROOT, words, root);
    place_set(&w->places, PLACE_DTE_DOMAIN, words, domain);
    memcpy(entry_of(w, device), words, sizeof(words));
}

void world_dte_set(struct world *w, uint16_t device, enum place field, uint64_t value)
{
    uint64_t words[DTE_WORDS];

    memcpy(words, entry_of(w, device), sizeof(words));
    place_set(&w->places, field, words, value);
    memcpy(entry_of(w, device), words, sizeof(words));
}

/* ---------------------------------------------------------------- guest tables (iommu 5) */

static uint64_t gpa_of(uint64_t spa)
{
    return WORLD_GPA_BASE + spa;
}

static uint64_t spa_of(uint64_t gpa)
{
    return gpa - WORLD_GPA_BASE;
}

void world_back(struct world *w, const struct nested *n, uint64_t gpa)
{
    world_host_map(w, n->host_root, n->host_levels, gpa, spa_of(gpa), n->host_shift);
}

static uint64_t guest_page(struct world *w, const struct nested *n)
{
    uint64_t page = world_page(w);

    world_back(w, n, gpa_of(page));
    return page;
}

void world_nested(struct world *w, struct nested *n)
{
    n->host_root = world_page(w);
    n->gcr3 = gpa_of(guest_page(w, n));
}

/* V and the address of the next level or the root. */
uint64_t world_pasid(struct world *w, const struct nested *n, uint32_t pasid)
{
    static const enum place v[] = {PLACE_GCR3_V, PLACES};
    uint64_t table = spa_of(n->gcr3), valid = place_bits(&w->places, v);

    for (unsigned level = n->glx + 1; level > 0; level--) {
        uint64_t at = slot(table, (uint64_t)pasid << 12, level);
        if (!world_peek(w, at))
            world_poke(w, at, gpa_of(guest_page(w, n)) | valid);
        table = spa_of(address_at(w, PLACE_GCR3_ADDRESS, at));
    }
    return table;
}

void world_guest_map(struct world *w, const struct nested *n, uint64_t guest_root, uint64_t gva, uint64_t gpa,
                     unsigned shift)
{
    unsigned leaf = (shift - 12) / 9 + 1;

    for (unsigned level = n->guest_levels; level > leaf; level--) {
        uint64_t at = slot(guest_root, gva, level);
        if (!world_peek(w, at))
            world_poke(w, at, gpa_of(guest_page(w, n)) | w->guest_directory);
        guest_root = spa_of(address_at(w, PLACE_GUEST_ADDRESS, at));
    }
    world_poke(w, slot(guest_root, gva, leaf),
               gpa >> shift << shift | (leaf > 1 ? w->guest_large : w->guest_page));
}

void world_dte_nested(struct world *w, uint16_t device, uint16_t domain, const struct nested *n)
{
    world_dte_host(w, device, domain, n->host_levels, n->host_root);
    world_dte_set(w, device, PLACE_DTE_GV, 1);
    world_dte_set(w, device, PLACE_DTE_GLX, n->glx);
    world_dte_set(w, device, PLACE_DTE_GCR3, n->gcr3);
    world_dte_set(w, device, PLACE_DTE_GUEST_MODE, n->guest_levels == 5);
}

/* ---------------------------------------------------------------- commands (iommu 6) */

void world_command(struct world *w, const uint64_t *words)
{
    world_poke(w, WORLD_RING + w->tail, words[0]);
    world_poke(w, WORLD_RING + w->tail + 8, words[1]);
    w->tail = (w->tail + RING_ENTRY_BYTES) % ((unsigned)RING_ENTRY_BYTES << WORLD_RING_LOG2);
}

static void invalidate(struct world *w, const struct command_pages *pages)
{
    uint64_t words[COMMAND_WORDS];

    command_pages(&w->places, pages, words);
    world_command(w, words);
}

void world_invalidate_range(struct world *w, uint16_t domain, uint64_t address, uint64_t pages, bool pde)
{
    invalidate(
        w, &(struct command_pages){.domain = domain, .address = address, .count = pages, .directories = pde});
}

void world_invalidate_page(struct world *w, uint16_t domain, uint64_t address, bool pde)
{
    world_invalidate_range(w, domain, address, 1, pde);
}

void world_invalidate_guest(struct world *w, uint16_t domain, uint32_t pasid, uint64_t address,
                            uint64_t pages, bool pde)
{
    invalidate(w, &(struct command_pages){.domain = domain,
                                          .guest = true,
                                          .pasid = pasid,
                                          .address = address,
                                          .count = pages,
                                          .directories = pde});
}

void world_invalidate_domain(struct world *w, uint16_t domain)
{
    invalidate(w, &(struct command_pages){.domain = domain, .directories = true});
}

void world_doorbell(struct world *w, uint64_t when)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = w->doorbell};
    uint64_t words[COMMAND_WORDS];

    command_wait(&w->places, WORLD_STORE, ++w->waits, words);
    world_command(w, words);
    access.value = w->tail;
    w->failed |= amdvi_timed_register(w->timed, when, &access, UINT64_MAX) != AMDVI_OK;
}

uint64_t world_ring(struct world *w)
{
    uint64_t begins = amdvi_timed_now(w->timed), next;

    world_doorbell(w, begins);
    while (!w->failed && world_peek(w, WORLD_STORE) != w->waits) {
        next = amdvi_timed_next(w->timed);
        w->failed = next == AMDVI_TIMED_NEVER || amdvi_timed_run(w->timed, next) != AMDVI_OK;
    }
    return amdvi_timed_now(w->timed) - begins;
}

/* ---------------------------------------------------------------- requests */

static unsigned read_one(struct world *w, const struct amdvi_request *request)
{
    uint64_t before = w->reads, ended = w->ended;

    w->failed |= amdvi_timed_request(w->timed, amdvi_timed_now(w->timed), 0, request, 0) != AMDVI_OK ||
                 amdvi_timed_run(w->timed, AMDVI_TIMED_NEVER) != AMDVI_OK || w->ended != ended + 1;
    return (unsigned)(w->reads - before);
}

unsigned world_read(struct world *w, uint16_t device, uint64_t address)
{
    return read_one(
        w, &(struct amdvi_request){.device = device, .op = AMDVI_READ, .address = address, .length = 64});
}

unsigned world_read_pasid(struct world *w, uint16_t device, uint32_t pasid, uint64_t address)
{
    return read_one(w, &(struct amdvi_request){.device = device,
                                               .op = AMDVI_READ,
                                               .has_pasid = true,
                                               .pasid = pasid,
                                               .address = address,
                                               .length = 64});
}
