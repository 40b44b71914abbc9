// SPDX-License-Identifier: GPL-2.0-only
/* iommufd as a VMM uses it: an address space, a table with dirty tracking, its bitmap. */
#include "shadow.h"
#include "user_session.h"

/* ------------------------------------------------------------------------------ an address space */

static void address_space(struct world *world)
{
    struct session session = {0};
    uint32_t id;

    if (!boot_plain(world, ""))
        return;
    user_open(world, &session, WORLD_NIC);
    if (world->failures)
        return;
    user_map_all(world, &session, false);
    id = session.space;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    for (unsigned each = 0; each < 100; each++) {
        uint64_t offset = below(world, PAGES) * PAGE + below(world, 500) * 8;

        expect_reaches(world, world->nic, IOVA + offset, session.pa + offset % (PAGE << ORDER),
                       "of the address space");
    }
    user_close(world, &session, world->nic);
}

/* ------------------------------------------------------------------------------ dirty tracking */

static const uint64_t *read_bitmap(struct world *world, struct session *session)
{
    uint64_t *bits = ram_at(machine_ram(world->machine), session->bitmap, PAGES / 8);
    struct call_bitmap get = {.size = sizeof(get),
                              .table = session->table,
                              .iova = IOVA,
                              .length = PAGES * PAGE,
                              .page = PAGE,
                              .data = (uint64_t)(uintptr_t)bits};

    memset(bits, 0, PAGES / 8);
    user_call(world, session, CALL_BITMAP, &get, "the bitmap");
    world_unmapped(world); /* writes from here on have to set their bits again */
    return bits;
}

/* What the device writes is what the bitmap has, page by page or leaf by leaf, and reading it begins anew. */
static void track_once(struct world *world, struct session *session, unsigned writes, unsigned leaf_pages,
                       uint64_t *bits)
{
    static uint8_t wanted[PAGES];
    const uint64_t *found;

    memset(wanted, 0, sizeof(wanted));
    for (unsigned each = 0; each < writes; each++) {
        uint64_t page = below(world, PAGES);

        EXPECT(world, try_write(world->nic, IOVA + page * PAGE) == DMA_DONE, "a write to page %" PRIu64,
               page);
        EXPECT(world, try_read(world->nic, IOVA + below(world, PAGES) * PAGE) == DMA_DONE, "a read");
        memset(wanted + page / leaf_pages * leaf_pages, 1, leaf_pages);
    }
    found = read_bitmap(world, session);
    for (unsigned page = 0; page < PAGES; page++) {
        bool is_dirty = found[page / 64] >> page % 64 & 1;

        EXPECT(world, is_dirty == wanted[page], "page %u is %s", page, is_dirty ? "dirty" : "not dirty");
        *bits += is_dirty;
    }
    found = read_bitmap(world, session);
    for (unsigned each = 0; each < PAGES / 64; each++)
        EXPECT(world, !found[each], "pages from %u are dirty again without a write", each * 64);
}

static void dirty(struct world *world)
{
    struct session session = {0};
    struct call_table table = {.size = sizeof(table), .flags = TABLE_TRACKS};
    struct call_track track = {.size = sizeof(track), .flags = 1};
    bool scattered = world->scenario->about != NULL;
    uint64_t bits = 0;
    uint32_t id;

    if (!boot_plain(world, ""))
        return;
    user_open(world, &session, WORLD_NIC);
    if (world->failures)
        return;
    table.device = session.device;
    table.parent = session.space;
    user_call(world, &session, CALL_TABLE, &table, "a table with dirty tracking");
    id = session.table = track.table = table.id;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    user_map_all(world, &session, scattered);
    user_call(world, &session, CALL_TRACK, &track, "tracking");
    for (unsigned round = 0; round < 10 && !world->failures; round++)
        track_once(world, &session, scattered ? 100 : 1 + round / 4, scattered ? 1 : 1u << ORDER, &bits);
    world_tell(world, "%" PRIu64 " dirty bits", bits);
    track.flags = 0;
    user_call(world, &session, CALL_TRACK, &track, "tracking's end");
    user_close(world, &session, world->nic);
}

/* ------------------------------------------------------------------------------ nesting */

/* A parent of nested tables translates by host tables alone, and takes a virtual IOMMU with a device. */
static void parent(struct world *world)
{
    struct session session = {0};
    struct call_table table = {.size = sizeof(table), .flags = TABLE_NESTS};
    struct call_virtual_iommu iommu = {.size = sizeof(iommu), .type = VIRTUAL_TYPE};
    struct call_virtual_device device = {.size = sizeof(device), .virtual_id = 0x10};
    uint32_t id;

    if (!boot_plain(world, ""))
        return;
    user_open(world, &session, WORLD_NIC);
    if (world->failures)
        return;
    table.device = iommu.device = device.device = session.device;
    table.parent = session.space;
    user_call(world, &session, CALL_TABLE, &table, "a parent of nested tables");
    id = session.table = iommu.table = table.id;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    user_map_all(world, &session, false);
    EXPECT(world, !dte_gv(entry_of(world, world->nic).words), "GV in the entry of a parent");
    expect_reaches(world, world->nic, IOVA + 5 * PAGE, session.pa + 5 * PAGE, "through the parent");
    user_call(world, &session, CALL_VIRTUAL_IOMMU, &iommu, "a virtual IOMMU");
    device.iommu = iommu.id;
    user_call(world, &session, CALL_VIRTUAL_DEVICE, &device, "a virtual device");
    user_destroy(world, &session, device.id, "the device's end");
    user_destroy(world, &session, iommu.id, "the IOMMU's end");
    user_close(world, &session, world->nic);
}

const struct scenario file_scenarios[] = {
    {.name = "iommufd/space",
     .what = "an address space of a user's, DMA through it",
     .run = address_space,
     .since = KSHIM_V(6, 6)},
    {.name = "iommufd/dirty-pages",
     .what = "dirty tracking with leaves of 4 KiB: exactly what the device wrote",
     .run = dirty,
     .since = KSHIM_V(6, 12),
     .about = ""},
    {.name = "iommufd/dirty-leaves",
     .what = "the same with leaves of 2 MiB",
     .run = dirty,
     .since = KSHIM_V(6, 12)},
    {.name = "iommufd/parent",
     .what = "a parent of nested tables, a virtual IOMMU and a virtual device",
     .run = parent,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
