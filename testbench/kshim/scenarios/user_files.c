// SPDX-License-Identifier: GPL-2.0-only
/* iommufd as a VMM uses it: an address space, a table with dirty tracking, its bitmap. */
#include "shadow.h"

/* The public interface of /dev/iommu: numbers and arguments. */
#define FILE_CALL(number) (0x3b00u | (number))
enum {
    CALL_DESTROY = 0x80,
    CALL_SPACE = 0x81,
    CALL_MAP = 0x85,
    CALL_UNMAP = 0x86,
    CALL_TABLE = 0x89,
    CALL_TRACK = 0x8b,
    CALL_BITMAP = 0x8c,
    CALL_VIRTUAL_IOMMU = 0x90,
    CALL_VIRTUAL_DEVICE = 0x91
};
/* The driver of 7.3 looks at no type; 0 is refused before it is asked. */
enum { VIRTUAL_TYPE = 1 };
enum { MAP_FIXED = 1, MAP_WRITE = 2, MAP_READ = 4, TABLE_NESTS = 1, TABLE_TRACKS = 2 };

struct call_destroy {
    uint32_t size, id;
};
struct call_space {
    uint32_t size, flags, id;
};
struct call_map {
    uint32_t size, flags, space, reserved;
    uint64_t user, length, iova;
};
struct call_unmap {
    uint32_t size, space;
    uint64_t iova, length;
};
struct call_table {
    uint32_t size, flags, device, parent, id, reserved, type, data_bytes;
    uint64_t data;
    uint32_t fault, reserved2;
};
struct call_track {
    uint32_t size, flags, table, reserved;
};
struct call_bitmap {
    uint32_t size, table, flags, reserved;
    uint64_t iova, length, page, data;
};

struct call_virtual_iommu {
    uint32_t size, flags, type, device, table, id, data_bytes, reserved;
    uint64_t data;
};
struct call_virtual_device {
    uint32_t size, iommu, device, id;
    uint64_t virtual_id;
};

enum { PAGES = 2048, ORDER = 9 };
#define IOVA 0x40000000ull

struct session {
    void *file, *bound;
    uint32_t device, space, table;
    uint64_t pa;     /* 1 << ORDER pages of the kernel's, mapped several times in a row */
    uint64_t bitmap; /* a page of the user's, which the kernel pins */
};

static void call(struct world *world, struct session *session, unsigned number, void *argument,
                 const char *what)
{
    long result = world->api->file_ioctl(session->file, FILE_CALL(number), argument);

    EXPECT(world, result == 0, "%s gives %ld", what, result);
}

static void open_session(struct world *world, struct session *session)
{
    struct call_space space = {.size = sizeof(space)};

    session->file = world->api->file_open("iommu");
    EXPECT(world, session->file, "there is no /dev/iommu");
    if (!session->file)
        return;
    call(world, session, CALL_SPACE, &space, "an address space");
    session->space = space.id;
    session->bound = world->api->fd_bind(session->file, WORLD_NIC, &session->device);
    EXPECT(world, session->bound, "the device cannot be bound");
    session->pa = world->api->page_alloc(ORDER);
    session->bitmap = world->api->page_alloc(0);
}

/* Where a page of the address space lies: in order, or so that no two neighbours make a larger leaf. */
static uint64_t place_of(const struct session *session, uint64_t page, bool scattered)
{
    uint64_t within = page % (1u << ORDER);

    return session->pa + (scattered ? within * 7 % (1u << ORDER) : within) * PAGE;
}

static void map_all(struct world *world, struct session *session, bool scattered)
{
    uint64_t step = scattered ? 1 : 1u << ORDER;

    for (uint64_t page = 0; page < PAGES; page += step) {
        void *user = ram_at(machine_ram(world->machine), place_of(session, page, scattered), step * PAGE);
        struct call_map map = {.size = sizeof(map),
                               .flags = MAP_FIXED | MAP_WRITE | MAP_READ,
                               .space = session->space,
                               .user = (uint64_t)(uintptr_t)user,
                               .length = step * PAGE,
                               .iova = IOVA + page * PAGE};

        call(world, session, CALL_MAP, &map, "a mapping");
    }
}

static void close_session(struct world *world, struct session *session)
{
    struct call_unmap unmap = {
        .size = sizeof(unmap), .space = session->space, .iova = IOVA, .length = PAGES * PAGE};
    struct call_destroy table = {.size = sizeof(table), .id = session->table};

    world->api->fd_detach(session->bound);
    if (session->table)
        call(world, session, CALL_DESTROY, &table, "the table's end");
    call(world, session, CALL_UNMAP, &unmap, "an unmapping");
    world->api->fd_unbind(session->bound);
    world->api->file_close(session->file);
    world_run(world);
    expect_fault_told(world, world->nic, IOVA, "closed");
    world->api->page_free(session->bitmap, 0);
    world->api->page_free(session->pa, ORDER);
}

/* ------------------------------------------------------------------------------ an address space */

static void address_space(struct world *world)
{
    struct session session = {0};
    uint32_t id;

    if (!boot_plain(world, ""))
        return;
    open_session(world, &session);
    if (world->failures)
        return;
    map_all(world, &session, false);
    id = session.space;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    for (unsigned each = 0; each < 100; each++) {
        uint64_t offset = below(world, PAGES) * PAGE + below(world, 500) * 8;

        expect_reaches(world, world->nic, IOVA + offset, session.pa + offset % (PAGE << ORDER),
                       "of the address space");
    }
    close_session(world, &session);
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
    call(world, session, CALL_BITMAP, &get, "the bitmap");
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
    open_session(world, &session);
    if (world->failures)
        return;
    table.device = session.device;
    table.parent = session.space;
    call(world, &session, CALL_TABLE, &table, "a table with dirty tracking");
    id = session.table = track.table = table.id;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    map_all(world, &session, scattered);
    call(world, &session, CALL_TRACK, &track, "tracking");
    for (unsigned round = 0; round < 10 && !world->failures; round++)
        track_once(world, &session, scattered ? 100 : 1 + round / 4, scattered ? 1 : 1u << ORDER, &bits);
    world_tell(world, "%" PRIu64 " dirty bits", bits);
    track.flags = 0;
    call(world, &session, CALL_TRACK, &track, "tracking's end");
    close_session(world, &session);
}

/* ------------------------------------------------------------------------------ nesting */

static void destroy(struct world *world, struct session *session, uint32_t id)
{
    struct call_destroy end = {.size = sizeof(end), .id = id};

    call(world, session, CALL_DESTROY, &end, "an object's end");
}

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
    open_session(world, &session);
    if (world->failures)
        return;
    table.device = iommu.device = device.device = session.device;
    table.parent = session.space;
    call(world, &session, CALL_TABLE, &table, "a parent of nested tables");
    id = session.table = iommu.table = table.id;
    EXPECT(world, !world->api->fd_attach(session.bound, &id), "the device cannot be attached");
    map_all(world, &session, false);
    EXPECT(world, !dte_gv(entry_of(world, world->nic).words), "GV in the entry of a parent");
    expect_reaches(world, world->nic, IOVA + 5 * PAGE, session.pa + 5 * PAGE, "through the parent");
    call(world, &session, CALL_VIRTUAL_IOMMU, &iommu, "a virtual IOMMU");
    device.iommu = iommu.id;
    call(world, &session, CALL_VIRTUAL_DEVICE, &device, "a virtual device");
    destroy(world, &session, device.id);
    destroy(world, &session, iommu.id);
    close_session(world, &session);
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
