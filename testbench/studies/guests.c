// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/guests.h"

#include "amdvi/layout.h"

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
    CONTROL = 0x18,
    VF_TAIL = 8,
    DEVICE_MAP_BYTES = 1 << 20,
    DOMAIN_MAP_BYTES = 1 << 19,
    DEVICE_MAP_PAGE = 256, /* entries of a page */
    DOMAIN_MAP_PAGE = 512,
};

/* ---------------------------------------------------------------- the host's part */

/* vCmdEn, vIommuEn, GstBufferTRPMode beside what is on (viommu 1.2) */
static void enable(struct world *w)
{
    static const char *const on[] = {"vCmdEn", "vIommuEn", "GAEn", "GstBufferTRPMode"};
    const struct amdvi_layout *layout = amdvi_layout_find("reg_control");
    uint64_t control = 0;

    w->failed |= !layout || amdvi_mmio_read(w->device, CONTROL, 8, &control) != AMDVI_OK;
    for (unsigned i = 0; !w->failed && i < sizeof(on) / sizeof(on[0]); i++)
        amdvi_field_set(amdvi_layout_field(layout, on[i]), &control, 1);
    w->failed |= amdvi_mmio_write(w->device, CONTROL, 8, control) != AMDVI_OK;
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
    uint64_t device = guests_device(i);

    guest->root = world_page(w);
    guest->ring = world_page(w);
    world_host_map(w, guest->root, MODE, RING_GPA, guest->ring, SHIFT_4K);
    world_host_map(w, guest->root, MODE, STORE_GPA, g->stores, SHIFT_4K);
    world_host_map(w, guest->root, MODE, DATA_GPA, world_page(w), SHIFT_4K);
    world_dte_host(w, (uint16_t)device, domain_of(i), MODE, guest->root);
    world_poke(w, WORLD_DEVTAB + 32 * device + 24,
               UINT64_C(1) << 15 | (uint64_t)i << 32 | UINT64_C(0x10) << 16);
}

static void write_control(struct world *w, unsigned guest, uint64_t offset, uint64_t value)
{
    w->failed |= amdvi_vfc_write(w->device, (uint16_t)guest, offset, 8, value) != AMDVI_OK;
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
    world_command(w, UINT64_C(10) << 60 | UINT64_C(0x90000000) | i, 0);
}

/* TransDevID, maps, command buffer (viommu 9.4 step 2). One page of each map is all of it. */
void guests_start(struct world *w, unsigned i)
{
    const uint16_t guest = (uint16_t)i;

    if (w->failed)
        return;
    write_control(w, i, 0x10, (uint64_t)guests_device(i) << 16);
    w->failed |= amdvi_guest_map_fill(w->device, guest, AMDVI_MAP_DOMAINS, 0, DOMAIN_MAP_PAGE, domain_of(i),
                                      0, true) != AMDVI_OK;
    w->failed |= amdvi_guest_map_fill(w->device, guest, AMDVI_MAP_DEVICES, 0, DEVICE_MAP_PAGE,
                                      guests_device(i), 0, true) != AMDVI_OK;
    write_control(w, i, 0x20, RING_GPA | 0x100 | RING_LOG2);
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

static void put(struct world *w, struct guest *guest, uint64_t low, uint64_t high)
{
    world_poke(w, guest->ring + guest->tail, low);
    world_poke(w, guest->ring + guest->tail + 8, high);
    guest->tail = (guest->tail + 16) % (16u << RING_LOG2);
}

static uint64_t store_of(const struct guests *g, unsigned i)
{
    return g->stores + (uint64_t)(i % GUESTS_STORES) * 8;
}

/* Guests that share a word store different values. */
static uint64_t stored_by(const struct guests *g, unsigned i)
{
    return (uint64_t)i << 32 | g->all[i].waits;
}

void guests_invalidate(struct world *w, struct guests *g, unsigned i, bool all)
{
    put(w, &g->all[i], UINT64_C(3) << 60 | (uint64_t)1 << 32,
        all ? UINT64_C(0x7ffffffffffff003) : (uint64_t)DATA_GPA);
}

void guests_ring(struct world *w, struct guests *g, unsigned i, uint64_t when)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_VF, .write = true, .guest_id = (uint16_t)i, .size = 8, .offset = VF_TAIL};
    struct guest *guest = &g->all[i];

    guest->waits++;
    put(w, guest, UINT64_C(1) << 60 | STORE_GPA | (uint64_t)(i % GUESTS_STORES) * 8 | 1, stored_by(g, i));
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
    return world_peek(w, store_of(g, i)) == stored_by(g, i);
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
