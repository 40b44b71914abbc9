// SPDX-License-Identifier: Apache-2.0
/* The world's tables in memory: device table, stages, private space, interrupts. */
#include "testbench/unit/guests/world_parts.h"

static const uint64_t v1_rw = UINT64_C(3) << 61;

uint64_t world_page(struct world *w)
{
    uint64_t page = w->next_table;

    w->next_table += PAGE_BYTES;
    world_must(w->next_table <= H_GUESTS, "no room for tables");
    return page;
}

void world_map(struct world *w, uint64_t root, unsigned levels, uint64_t address, uint64_t spa)
{
    for (unsigned level = levels; level > 1; level--) {
        uint64_t at = root + (address >> (12 + 9 * (level - 1)) & 511) * 8;
        if (!get64(w, at))
            put64(w, at, world_page(w) | (uint64_t)(level - 1) << 9 | v1_rw | 1);
        root = get64(w, at) & UINT64_C(0xffffffffff000);
    }
    put64(w, root + (address >> 12 & 511) * 8, spa | v1_rw | 1);
}

/* Its last level, if there is one, loses the page. */
static void unmap(struct world *w, uint64_t root, unsigned levels, uint64_t address)
{
    for (unsigned level = levels; level > 1 && root; level--)
        root = get64(w, root + (address >> (12 + 9 * (level - 1)) & 511) * 8) & UINT64_C(0xffffffffff000);
    if (root)
        put64(w, root + (address >> 12 & 511) * 8, 0);
}

void world_private_area(struct world *w, unsigned g, enum world_area which, bool mapped)
{
    const uint64_t id = guest_id(g);
    const uint64_t areas[WORLD_AREAS][2] = {
        [AREA_DEVICE_MAP] = {UINT64_C(0x1000000000) + (id << 20), w->device_map[g]},
        [AREA_DOMAIN_MAP] = {UINT64_C(0x2000000000) + (id << 19), w->domain_map[g]},
        [AREA_SLOTS] = {id * 64 & ~UINT64_C(0xfff), id * 64 < PAGE_BYTES ? w->slot_page : w->slot_page_high},
        [AREA_DIRTY] = {0x400000, w->dirty_page}};

    if (mapped)
        world_map(w, w->private_root, 3, areas[which][0], areas[which][1]);
    else
        unmap(w, w->private_root, 3, areas[which][0]);
}

void world_dte(struct world *w, uint16_t device, const uint64_t words[4])
{
    for (unsigned i = 0; i < 4; i++)
        put64(w, H_DEVTAB + 32u * device + 8 * i, words[i]);
}

void world_guest_dte(struct world *w, unsigned g, unsigned which)
{
    /* V, TV, Mode 1, PPR and GPRP, GV, GCR3 root [14:12], IR, IW; DomainID, I; vImuEn, GDeviceID, GuestID */
    uint64_t words[4] = {
        UINT64_C(0x203) | w->roots[g] | UINT64_C(0xb) << 52 | (uint64_t)(G_GCR3 >> 12) << 58 | v1_rw,
        host_domain(g, which) | UINT64_C(1) << 32, 0,
        UINT64_C(1) << 15 | (uint64_t)guest_device(which) << 16 | (uint64_t)guest_id(g) << 32};

    world_dte(w, host_device(g, which), words);
}

void world_trans_dte(struct world *w, unsigned g, uint16_t device)
{
    world_dte(w, device, (const uint64_t[4]){UINT64_C(0x203) | w->roots[g] | v1_rw, trans_domain(g), 0, 0});
}

void world_own_dte(struct world *w)
{
    /* Mode 3; IV, IntTabLen 10, root, IntCtl 2 (2.4) */
    world_dte(w, OWN_DEVICE,
              (const uint64_t[4]){UINT64_C(0x603) | w->private_root | v1_rw, OWN_DOMAIN,
                                  1 | 10 << 1 | H_INT_L1 | UINT64_C(2) << 60, 0});
}

/* Regions of 2.1 in which buffers lie when GstBufferTRPMode=0. */
static void map_buffers(struct world *w, unsigned g)
{
    static const struct {
        uint64_t base;
        uint32_t gpa;
    } buffer[] = {{UINT64_C(0x2800000000), G_CMD},
                  {UINT64_C(0x3000000000), G_PPR},
                  {UINT64_C(0x3800000000), G_PPR_B},
                  {UINT64_C(0x4000000000), G_EVT},
                  {UINT64_C(0x4800000000), G_EVT_B}};

    for (unsigned i = 0; i < sizeof(buffer) / sizeof(buffer[0]); i++)
        world_map(w, w->private_root, 3, buffer[i].base + ((uint64_t)guest_id(g) << 19),
                  guest_spa(g, buffer[i].gpa));
    for (uint64_t page = 1; page < LONG_RING_ENTRIES / RING_ENTRIES; page++)
        world_map(w, w->private_root, 3,
                  UINT64_C(0x2800000000) + ((uint64_t)guest_id(g) << 19) + page * PAGE_BYTES,
                  guest_spa(g, G_CMD));
}

void world_map_private(struct world *w)
{
    w->private_root = world_page(w);
    w->slot_page = world_page(w);
    w->slot_page_high = world_page(w);
    w->dirty_page = world_page(w);
    world_map(w, w->private_root, 3, 0, w->slot_page);
    world_map(w, w->private_root, 3, 0x4000, w->slot_page_high);
    world_map(w, w->private_root, 3, 0x400000, w->dirty_page);
    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        w->device_map[g] = world_page(w);
        w->domain_map[g] = world_page(w);
        world_map(w, w->private_root, 3, UINT64_C(0x1000000000) + ((uint64_t)guest_id(g) << 20),
                  w->device_map[g]);
        world_map(w, w->private_root, 3, UINT64_C(0x2000000000) + ((uint64_t)guest_id(g) << 19),
                  w->domain_map[g]);
        if (!w->by_gpa)
            map_buffers(w, g);
    }
}

/* Entries of {type, GuestID}: guest mode, IsRun, vector 0x40 and up, the guest's vAPIC page (2.4). */
void world_make_interrupts(struct world *w)
{
    for (unsigned high = 0; high < 2; high++)
        for (unsigned type = 0; type < 2; type++)
            put64(w, H_INT_L1 + 8 * (high + 256 * type),
                  (H_INT_L2 + PAGE_BYTES * (high + 2 * type)) | 8 << 2 | 1);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned type = 0; type < 2; type++) {
            uint64_t at =
                H_INT_L2 + PAGE_BYTES * ((guest_id(g) >> 8) + 2u * type) + 16u * (guest_id(g) & 0xff);
            put64(w, at, 1 | 1 << 6 | 1 << 7 | 3 << 8);
            put64(w, at + 8, (H_VAPIC + PAGE_BYTES * g) | (0x40 + 2 * g + type));
        }
}

void world_make_guest(struct world *w, unsigned g)
{
    w->roots[g] = world_page(w);
    for (uint64_t gpa = 0; gpa < GUEST_BYTES; gpa += PAGE_BYTES)
        world_map(w, w->roots[g], 1, gpa, guest_spa(g, gpa));
    for (uint64_t page = 0; page < LONG_RING_ENTRIES / RING_ENTRIES; page++)
        world_map(w, w->roots[g], 1, G_LONG_CMD + page * PAGE_BYTES, guest_spa(g, G_CMD));
    guest_put64(w, g, G_GCR3 + 8 * G_PASID, G_TABLES | 1);
    for (uint64_t level = 0; level < 3; level++)
        guest_put64(w, g, G_TABLES + PAGE_BYTES * level, (G_TABLES + PAGE_BYTES * (level + 1)) | 7);
    for (uint64_t i = 0; i < 4; i++)
        guest_put64(w, g, G_LEAF + 8 * (G_IOVA / PAGE_BYTES + i), (G_DATA + PAGE_BYTES * i) | 7);
    for (unsigned which = 0; which < DEVICES_EACH; which++)
        world_guest_dte(w, g, which);
    world_trans_dte(w, g, trans_device(g));
}
