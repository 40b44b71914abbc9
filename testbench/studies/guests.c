// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/guests.h"

#include <stdlib.h>

enum {
    PAGE = 4096,
    MODE = 3,
    OWN_DEVICE = 2, /* the IOMMU's: its table maps the private space */
    HOST_DOMAIN = 0x15,
    FIRST_DEVICE = 0x10,
    FIRST_DOMAIN = 0x100,
    SLOT_BYTES = 64,
    DIRTY_BYTES = 0x2000,
    DIRTY_AT = 0x400000,
    RING_LOG2 = 8,
    RING_GPA = 0x1000,
    STORE_GPA = 0x2000,
    DATA_GPA = 0x3000,
    GUEST_DEVICE = 0x10, /* as the guest knows its only one, and its domain */
    GUEST_DOMAIN = 1,
    DEVICE_MAP_BYTES = 1 << 20,
    DOMAIN_MAP_BYTES = 1 << 19,
    DEVICE_MAP_PAGE = 256, /* entries of a page */
    DOMAIN_MAP_PAGE = 512,
};

/* ---------------------------------------------------------------- the host's part */

/* Beside what is on (viommu 1.2). */
static void enable(struct world *w)
{
    static const enum place on[] = {PLACE_CONTROL_VCMD, PLACE_CONTROL_VIOMMU, PLACE_CONTROL_GA,
                                    PLACE_CONTROL_BUFFER_GPA, PLACES};

    world_register_write(w, "control", world_register_read(w, "control") | place_bits(&w->places, on));
}

static void map_run(struct world *w, uint64_t root, uint64_t address, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes && !w->failed; at += PAGE)
        world_host_map(w, root, MODE, address + at, world_page(w), SHIFT_4K);
}

/* All pages of a map are one: of a guest's maps every entry is the same. */
static void map_alike(struct world *w, uint64_t root, uint64_t address, uint64_t bytes)
{
    uint64_t page = world_page(w);

    for (uint64_t at = 0; at < bytes && !w->failed; at += PAGE)
        world_host_map(w, root, MODE, address + at, page, SHIFT_4K);
}

/* Number `guest` from `first` on, in a circle that leaves `taken` out. */
static uint16_t without(unsigned first, unsigned guest, unsigned taken)
{
    enum { IDS = 65536 };
    unsigned before = (taken - first) % IDS; /* so many come before it */

    return (uint16_t)(first + guest + (guest >= before));
}

uint16_t guests_device(unsigned guest)
{
    return without(FIRST_DEVICE, guest, OWN_DEVICE);
}

static uint16_t domain_of(unsigned guest)
{
    return without(FIRST_DOMAIN, guest, HOST_DOMAIN);
}

/* Register slots and dirty bits (viommu 2.3), before the device looks at them. */
void guests_prepare(struct world *w, struct guests *g, unsigned count)
{
    *g = (struct guests){.count = count, .all = calloc(count, sizeof(*g->all))};
    w->failed |= !g->all || count > GUESTS_MOST;
    if (w->failed)
        return;
    g->tail_at = place_vf_register("cmd_tail");
    g->private_root = world_page(w);
    g->stores = world_page(w);
    map_run(w, g->private_root, 0, (uint64_t)count * SLOT_BYTES);
    map_run(w, g->private_root, DIRTY_AT, DIRTY_BYTES);
    world_dte_host(w, OWN_DEVICE, HOST_DOMAIN, MODE, g->private_root);
    enable(w);
}

/* The device's table is the one through which the guest's buffers are read, too: TransDevID is the device. */
static void make_memory(struct world *w, struct guests *g, unsigned i)
{
    struct guest *guest = &g->all[i];
    uint16_t device = guests_device(i);

    guest->root = world_page(w);
    guest->ring = world_page(w);
    world_host_map(w, guest->root, MODE, RING_GPA, guest->ring, SHIFT_4K);
    world_host_map(w, guest->root, MODE, STORE_GPA, g->stores, SHIFT_4K);
    world_host_map(w, guest->root, MODE, DATA_GPA, world_page(w), SHIFT_4K);
    world_dte_host(w, device, domain_of(i), MODE, guest->root);
    world_dte_set(w, device, PLACE_DTE_VIMU, 1);
    world_dte_set(w, device, PLACE_DTE_GDEVICE, GUEST_DEVICE);
    world_dte_set(w, device, PLACE_DTE_GUEST, i);
}

static void write_control(struct world *w, unsigned guest, const char *name, uint64_t value)
{
    w->failed |= amdvi_vfc_write(w->device, (uint16_t)guest, place_vfc_register(name), 8, value) != AMDVI_OK;
}

void guests_tables(struct world *w, struct guests *g, unsigned i)
{
    const uint64_t maps = UINT64_C(0x1000000000);

    if (w->failed)
        return;
    make_memory(w, g, i);
    map_alike(w, g->private_root, maps + (uint64_t)i * DEVICE_MAP_BYTES, DEVICE_MAP_BYTES);
    map_alike(w, g->private_root, 2 * maps + (uint64_t)i * DOMAIN_MAP_BYTES, DOMAIN_MAP_BYTES);
}

void guests_reset_command(struct world *w, unsigned i)
{
    uint64_t words[COMMAND_WORDS];

    command_reset_guest(&w->places, (uint16_t)i, words);
    world_command(w, words);
}

/* TransDevID, maps, command buffer (viommu 9.4 step 2). One page of each map is all of it. */
void guests_start(struct world *w, unsigned i)
{
    const uint16_t guest = (uint16_t)i;
    static const enum place en[] = {PLACE_VFC_RING_EN, PLACES};
    uint64_t device = 0, ring;

    if (w->failed)
        return;
    ring = place_bits(&w->places, en);
    place_set(&w->places, PLACE_VFC_RING_BASE, &ring, RING_GPA);
    place_set(&w->places, PLACE_VFC_RING_LEN, &ring, RING_LOG2);
    place_set(&w->places, PLACE_VFC_TRANS_DEVICE, &device, guests_device(i));
    write_control(w, i, "misc", device);
    w->failed |= amdvi_guest_map_fill(w->device, guest, AMDVI_MAP_DOMAINS, 0, DOMAIN_MAP_PAGE, domain_of(i),
                                      0, true) != AMDVI_OK;
    w->failed |= amdvi_guest_map_fill(w->device, guest, AMDVI_MAP_DEVICES, 0, DEVICE_MAP_PAGE,
                                      guests_device(i), 0, true) != AMDVI_OK;
    write_control(w, i, "cmd_control", ring);
}

void guests_open(struct world *w, struct guests *g, unsigned count)
{
    guests_prepare(w, g, count);
    for (unsigned i = 0; i < count && !w->failed; i++) {
        guests_tables(w, g, i);
        guests_reset_command(w, i);
        world_ring(w);
        guests_start(w, i);
    }
}

void guests_close(struct guests *g)
{
    free(g->all);
    g->all = NULL;
}

void guests_map(struct world *w, struct guests *g, unsigned i, uint64_t pages)
{
    for (uint64_t page = 0; page < pages && !w->failed; page++)
        world_host_map(w, g->all[i].root, MODE, GUEST_DATA_GPA + page * PAGE, w->size, SHIFT_4K);
}

/* ---------------------------------------------------------------- the guest's */

static void put(struct world *w, struct guest *guest, const uint64_t *words)
{
    world_poke(w, guest->ring + guest->tail, words[0]);
    world_poke(w, guest->ring + guest->tail + 8, words[1]);
    guest->tail = (guest->tail + RING_ENTRY_BYTES) % ((unsigned)RING_ENTRY_BYTES << RING_LOG2);
}

static uint64_t store_at(unsigned i)
{
    return (uint64_t)(i % GUESTS_STORES) * 8;
}

/* Guests that share a word store different values. */
static uint64_t stored_by(const struct guests *g, unsigned i)
{
    return (uint64_t)i << 32 | g->all[i].waits;
}

void guests_invalidate(struct world *w, struct guests *g, unsigned i, bool all)
{
    const struct command_pages page = {.domain = GUEST_DOMAIN, .address = DATA_GPA, .count = 1},
                               domain = {.domain = GUEST_DOMAIN, .directories = true};
    uint64_t words[COMMAND_WORDS];

    command_pages(&w->places, all ? &domain : &page, words);
    put(w, &g->all[i], words);
}

void guests_ring(struct world *w, struct guests *g, unsigned i, uint64_t when)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_VF, .write = true, .guest_id = (uint16_t)i, .size = 8, .offset = g->tail_at};
    struct guest *guest = &g->all[i];
    uint64_t words[COMMAND_WORDS];

    guest->waits++;
    command_wait(&w->places, STORE_GPA + store_at(i), stored_by(g, i), words);
    put(w, guest, words);
    access.value = guest->tail;
    w->failed |= amdvi_timed_register(w->timed, when, &access, UINT64_MAX) != AMDVI_OK;
}

void guests_flush(struct world *w, struct guests *g, unsigned i, uint64_t when)
{
    guests_invalidate(w, g, i, false);
    guests_ring(w, g, i, when);
}

bool guests_flushed(const struct world *w, const struct guests *g, unsigned i)
{
    return world_peek(w, g->stores + store_at(i)) == stored_by(g, i);
}

bool guests_next_flushed(const struct world *w, struct guests *g, unsigned *guest)
{
    for (unsigned i = 0; i < GUESTS_STORES && i < g->count; i++) {
        uint64_t stored = world_peek(w, g->stores + UINT64_C(8) * i);
        if (stored == g->seen[i])
            continue;
        g->seen[i] = stored;
        *guest = (unsigned)(stored >> 32);
        return true;
    }
    return false;
}
