// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/guests.h"

#include "amdvi/layout.h"

enum {
    PAGE = 4096,
    MODE = 3,
    OWN_DEVICE = 2, /* the IOMMU's: its table maps the private space */
    HOST_DOMAIN = 0x15,
    FIRST_DEVICE = 0x1000,
    FIRST_DOMAIN = 0x100,
    LAST_ID = 0xffff,
    SLOT_BYTES = 0x400000,
    DIRTY_BYTES = 0x2000,
    MAP_PAGES_DEVICE = 256,
    MAP_PAGES_DOMAIN = 128,
    RING_LOG2 = 8,
    RING_GPA = 0x1000,
    STORE_GPA = 0x2000,
    DATA_GPA = 0x3000,
    CONTROL = 0x18,
    VF_TAIL = 8,
    IDS = 65536,
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

/* Register slots and dirty bits (viommu 2.3), before the device looks at them. */
static void make_private_space(struct world *w, struct guests *g)
{
    g->private_root = world_page(w);
    map_run(w, g->private_root, 0, SLOT_BYTES);
    map_run(w, g->private_root, SLOT_BYTES, DIRTY_BYTES);
    world_dte_host(w, OWN_DEVICE, HOST_DOMAIN, MODE, g->private_root);
}

static void make_memory(struct world *w, struct guests *g, unsigned i)
{
    uint64_t root = world_page(w), device = FIRST_DEVICE + i, at = WORLD_DEVTAB + 32 * device;

    g->ring[i] = world_page(w);
    g->store[i] = world_page(w);
    world_host_map(w, root, MODE, RING_GPA, g->ring[i], SHIFT_4K);
    world_host_map(w, root, MODE, STORE_GPA, g->store[i], SHIFT_4K);
    world_host_map(w, root, MODE, DATA_GPA, world_page(w), SHIFT_4K);
    world_dte_host(w, (uint16_t)(LAST_ID - i), (uint16_t)(FIRST_DOMAIN + i), MODE, root);
    world_dte_host(w, (uint16_t)device, (uint16_t)(FIRST_DOMAIN + i), MODE, root);
    world_poke(w, at + 24, UINT64_C(1) << 15 | (uint64_t)i << 32 | UINT64_C(0x10) << 16);
}

static void write_control(struct world *w, unsigned guest, uint64_t offset, uint64_t value)
{
    w->failed |= amdvi_vfc_write(w->device, (uint16_t)guest, offset, 8, value) != AMDVI_OK;
}

/* RESET_VMMIO, TransDevID, maps, command buffer (viommu 9.4 step 2). */
static void make_guest(struct world *w, struct guests *g, unsigned i)
{
    const uint64_t maps = UINT64_C(0x1000000000);

    make_memory(w, g, i);
    map_run(w, g->private_root, maps + ((uint64_t)i << 20), MAP_PAGES_DEVICE * PAGE);
    map_run(w, g->private_root, 2 * maps + ((uint64_t)i << 19), MAP_PAGES_DOMAIN * PAGE);
    world_command(w, UINT64_C(10) << 60 | UINT64_C(0x90000000) | i, 0);
    world_ring(w);
    write_control(w, i, 0x10, (uint64_t)(LAST_ID - i) << 16);
    w->failed |= amdvi_guest_map_fill(w->device, (uint16_t)i, AMDVI_MAP_DOMAINS, 0, IDS,
                                      (uint16_t)(FIRST_DOMAIN + i), 0, true) != AMDVI_OK;
    w->failed |= amdvi_guest_map_fill(w->device, (uint16_t)i, AMDVI_MAP_DEVICES, 0, IDS,
                                      (uint16_t)(FIRST_DEVICE + i), 0, true) != AMDVI_OK;
    write_control(w, i, 0x20, RING_GPA | 0x100 | RING_LOG2);
}

void guests_open(struct world *w, struct guests *g, unsigned count)
{
    *g = (struct guests){0};
    make_private_space(w, g);
    enable(w);
    for (unsigned i = 0; i < count && !w->failed; i++)
        make_guest(w, g, i);
}

/* ---------------------------------------------------------------- the guest's */

static void put(struct world *w, struct guests *g, unsigned guest, uint64_t low, uint64_t high)
{
    world_poke(w, g->ring[guest] + g->tail[guest], low);
    world_poke(w, g->ring[guest] + g->tail[guest] + 8, high);
    g->tail[guest] = (g->tail[guest] + 16) % (16u << RING_LOG2);
}

void guests_flush(struct world *w, struct guests *g, unsigned guest, uint64_t when)
{
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_VF, .write = true, .guest_id = (uint16_t)guest, .size = 8, .offset = VF_TAIL};

    put(w, g, guest, UINT64_C(3) << 60 | (uint64_t)1 << 32, DATA_GPA);
    put(w, g, guest, UINT64_C(1) << 60 | STORE_GPA | 1, ++g->waits[guest]);
    access.value = g->tail[guest];
    w->failed |= amdvi_timed_register(w->timed, when, &access, UINT64_MAX) != AMDVI_OK;
}

bool guests_flushed(const struct world *w, const struct guests *g, unsigned guest)
{
    return world_peek(w, g->store[guest]) == g->waits[guest];
}
