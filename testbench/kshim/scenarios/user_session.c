// SPDX-License-Identifier: GPL-2.0-only
#include "user_session.h"

long user_call_gives(struct world *world, struct session *session, unsigned number, void *argument,
                     long wanted, const char *what)
{
    long result = world->api->file_ioctl(session->file, FILE_CALL(number), argument);

    EXPECT(world, result == wanted, "%s gives %ld", what, result);
    return result;
}

void user_call(struct world *world, struct session *session, unsigned number, void *argument,
               const char *what)
{
    user_call_gives(world, session, number, argument, 0, what);
}

void user_destroy(struct world *world, struct session *session, uint32_t id, const char *what)
{
    struct call_destroy end = {.size = sizeof(end), .id = id};

    user_call(world, session, CALL_DESTROY, &end, what);
}

void user_open(struct world *world, struct session *session, const char *device)
{
    struct call_space space = {.size = sizeof(space)};

    session->name = device;
    session->file = world->api->file_open("iommu");
    EXPECT(world, session->file, "there is no /dev/iommu");
    if (!session->file)
        return;
    user_call(world, session, CALL_SPACE, &space, "an address space");
    session->space = space.id;
    session->bound = world->api->fd_bind(session->file, device, &session->device);
    EXPECT(world, session->bound, "the device cannot be bound");
    session->pa = world->api->page_alloc(ORDER);
    session->bitmap = world->api->page_alloc(0);
}

uint64_t user_place(const struct session *session, uint64_t page, bool scattered)
{
    uint64_t within = page % (1u << ORDER);

    return session->pa + (scattered ? within * 7 % (1u << ORDER) : within) * PAGE;
}

void user_map(struct world *world, struct session *session, uint64_t iova, uint64_t pa, uint64_t bytes)
{
    struct call_map map = {.size = sizeof(map),
                           .flags = MAP_FIXED | MAP_WRITE | MAP_READ,
                           .space = session->space,
                           .user = (uint64_t)(uintptr_t)ram_at(machine_ram(world->machine), pa, bytes),
                           .length = bytes,
                           .iova = iova};

    user_call(world, session, CALL_MAP, &map, "a mapping");
}

void user_map_all(struct world *world, struct session *session, bool scattered)
{
    uint64_t step = scattered ? 1 : 1u << ORDER;

    for (uint64_t page = 0; page < PAGES; page += step)
        user_map(world, session, IOVA + page * PAGE, user_place(session, page, scattered), step * PAGE);
}

void user_unmap(struct world *world, struct session *session, uint64_t iova, uint64_t bytes)
{
    struct call_unmap unmap = {.size = sizeof(unmap), .space = session->space, .iova = iova, .length = bytes};

    user_call(world, session, CALL_UNMAP, &unmap, "an unmapping");
}

void user_close(struct world *world, struct session *session, struct dma_device *device)
{
    world->api->fd_detach(session->bound);
    if (session->table)
        user_destroy(world, session, session->table, "the table's end");
    user_unmap(world, session, 0, UINT64_MAX);
    world->api->fd_unbind(session->bound);
    world->api->file_close(session->file);
    world_run(world);
    if (strcmp(world->api->domain_type(session->name), "identity"))
        expect_fault_told(world, device, IOVA, "closed");
    world->api->page_free(session->bitmap, 0);
    world->api->page_free(session->pa, ORDER);
}
