// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/world.h"

#include "testbench/studies/ledger.h"

#include "amdvi/layout.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, DEVTAB = 0x0, CMD_BASE = 0x8, EVT_BASE = 0x10, CONTROL = 0x18, CMD_TAIL = 0x2008 };
/* IommuEn, EventLogEn, Coherent, CmdBufEn, GTEn, GCR3TRPMode (iommu 2.4) */
#define CONTROL_VALUE (UINT64_C(1) | 1u << 2 | 1u << 10 | 1u << 12 | 1u << 16 | UINT64_C(1) << 58)

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

static bool boot(struct world *w)
{
    const uint64_t registers[][2] = {{DEVTAB, WORLD_DEVTAB | 0x1ff},
                                     {CMD_BASE, WORLD_RING | (uint64_t)WORLD_RING_LOG2 << 56},
                                     {EVT_BASE, WORLD_LOG | (uint64_t)9 << 56},
                                     {CONTROL, CONTROL_VALUE}};

    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (amdvi_mmio_write(w->device, registers[i][0], 8, registers[i][1]) != AMDVI_OK)
            return false;
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
    w->failed = !w->ram || !make_device(w, preset, keys) || !boot(w) ||
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

static const uint64_t address_mask = 0x000ffffffffff000;

static uint64_t host_entry(uint64_t address, unsigned next_level)
{
    return address | 1 | (uint64_t)next_level << 9 | UINT64_C(3) << 61;
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
            world_poke(w, at, host_entry(world_page(w), level - 1));
        root = world_peek(w, at) & address_mask;
    }
    world_poke(w, slot(root, address, leaf), host_entry(spa >> shift << shift, 0));
}

uint64_t world_host_entry(const struct world *w, uint64_t root, unsigned mode, uint64_t address)
{
    for (unsigned level = mode; level > 1; level--)
        root = world_peek(w, slot(root, address, level)) & address_mask;
    return slot(root, address, 1);
}

uint64_t world_host_everything(struct world *w, unsigned mode, uint64_t spa)
{
    uint64_t below = spa, table = 0;

    for (unsigned level = 1; level <= mode; level++) {
        table = world_page(w);
        for (unsigned i = 0; i < 512; i++)
            world_poke(w, table + UINT64_C(8) * i, host_entry(below, level - 1));
        below = table;
    }
    return table;
}

/* V, TV, Mode, root, IR, IW; DomainID (iommu 3.1) */
void world_dte_host(struct world *w, uint16_t device, uint16_t domain, unsigned mode, uint64_t root)
{
    uint64_t at = WORLD_DEVTAB + (uint64_t)device * 32;

    world_poke(w, at + 8, domain);
    world_poke(w, at, 3 | (uint64_t)mode << 9 | root | UINT64_C(3) << 61);
}

void world_dte_set(struct world *w, uint16_t device, const char *field, uint64_t value)
{
    const struct amdvi_field *place = amdvi_layout_field(amdvi_layout_find("dte"), field);
    uint8_t *entry = w->ram + WORLD_DEVTAB + (uint64_t)device * 32;
    uint64_t words[4];

    w->failed |= !place;
    if (!place)
        return;
    memcpy(words, entry, sizeof(words));
    amdvi_field_set(place, words, value);
    memcpy(entry, words, sizeof(words));
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
    uint64_t table = spa_of(n->gcr3);

    for (unsigned level = n->glx + 1; level > 0; level--) {
        uint64_t at = slot(table, (uint64_t)pasid << 12, level);
        if (!world_peek(w, at))
            world_poke(w, at, gpa_of(guest_page(w, n)) | 1);
        table = spa_of(world_peek(w, at) & address_mask);
    }
    return table;
}

/* P, RW, US, A; in a page's D; PS in a larger page's */
void world_guest_map(struct world *w, const struct nested *n, uint64_t guest_root, uint64_t gva, uint64_t gpa,
                     unsigned shift)
{
    unsigned leaf = (shift - 12) / 9 + 1;

    for (unsigned level = n->guest_levels; level > leaf; level--) {
        uint64_t at = slot(guest_root, gva, level);
        if (!world_peek(w, at))
            world_poke(w, at, gpa_of(guest_page(w, n)) | 0x27);
        guest_root = spa_of(world_peek(w, at) & address_mask);
    }
    world_poke(w, slot(guest_root, gva, leaf), gpa >> shift << shift | 7 | (leaf > 1 ? 1u << 7 : 0) | 0x60);
}

/* GV, GLX, the three parts of the GCR3 root, GuestPagingMode (iommu 3.1) */
void world_dte_nested(struct world *w, uint16_t device, uint16_t domain, const struct nested *n)
{
    uint64_t at = WORLD_DEVTAB + (uint64_t)device * 32, root = n->gcr3;

    world_dte_host(w, device, domain, n->host_levels, n->host_root);
    world_poke(w, at + 8, domain | (root >> 15 & 0xffff) << 16 | (root >> 31 & 0x1fffff) << 43);
    world_poke(w, at + 16, n->guest_levels == 5 ? UINT64_C(1) << 54 : 0);
    world_poke(w, at,
               world_peek(w, at) | UINT64_C(1) << 55 | (uint64_t)n->glx << 56 | (root >> 12 & 7) << 58);
}

/* ---------------------------------------------------------------- commands (iommu 6) */

void world_command(struct world *w, uint64_t low, uint64_t high)
{
    world_poke(w, WORLD_RING + w->tail, low);
    world_poke(w, WORLD_RING + w->tail + 8, high);
    w->tail = (w->tail + 16) % (16u << WORLD_RING_LOG2);
}

void world_invalidate_page(struct world *w, uint16_t domain, uint64_t address, bool pde)
{
    world_command(w, UINT64_C(3) << 60 | (uint64_t)domain << 32, address | (pde ? 2 : 0));
}

/* S=1: the size is in the lowest zero bit of the address from bit 12 on (iommu 6.3). */
static uint64_t sized(uint64_t address, uint64_t pages)
{
    return address | ((pages * PAGE / 2 - 1) & ~(uint64_t)(PAGE - 1)) | 1;
}

void world_invalidate_range(struct world *w, uint16_t domain, uint64_t address, uint64_t pages, bool pde)
{
    world_command(w, UINT64_C(3) << 60 | (uint64_t)domain << 32, sized(address, pages) | (pde ? 2 : 0));
}

/* GN and the PASID (iommu 6) */
void world_invalidate_guest(struct world *w, uint16_t domain, uint32_t pasid, uint64_t address,
                            uint64_t pages, bool pde)
{
    world_command(w, UINT64_C(3) << 60 | (uint64_t)domain << 32 | pasid,
                  (pages > 1 ? sized(address, pages) : address) | (pde ? 2 : 0) | 4);
}

void world_invalidate_domain(struct world *w, uint16_t domain)
{
    world_command(w, UINT64_C(3) << 60 | (uint64_t)domain << 32, UINT64_C(0x7ffffffffffff003));
}

void world_doorbell(struct world *w, uint64_t when)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = CMD_TAIL};

    world_command(w, UINT64_C(1) << 60 | WORLD_STORE | 1, ++w->waits);
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
