// SPDX-License-Identifier: GPL-2.0-only
#include "guest_files.h"

#include "user_session.h"

#include <stdlib.h>

static bool make_parent(struct world *world, struct session *session)
{
    struct call_table table = {.size = sizeof(table), .flags = TABLE_NESTS};
    uint32_t id;

    table.device = session->device;
    table.parent = session->space;
    user_call(world, session, CALL_TABLE, &table, "a parent of nested tables");
    id = session->table = table.id;
    return table.id && !world->api->fd_attach(session->bound, &id);
}

static void *make(struct world *world, const char *device)
{
    struct session *session = calloc(1, sizeof(*session));
    struct call_space space = {.size = sizeof(space)};

    if (!session)
        return NULL;
    session->file = world->api->file_open("iommu");
    if (session->file) {
        user_call(world, session, CALL_SPACE, &space, "an address space");
        session->space = space.id;
        session->bound = world->api->fd_bind(session->file, device, &session->device);
    }
    if (session->bound && make_parent(world, session))
        return session;
    free(session);
    return NULL;
}

static bool map(struct world *world, void *made, uint64_t gpa, uint64_t spa, uint64_t bytes)
{
    struct session *session = made;
    struct call_map call = {.size = sizeof(call),
                            .flags = MAP_FIXED | MAP_WRITE | MAP_READ,
                            .space = session->space,
                            .user = (uint64_t)(uintptr_t)ram_at(machine_ram(world->machine), spa, bytes),
                            .length = bytes,
                            .iova = gpa};

    return !world->api->file_ioctl(session->file, FILE_CALL(CALL_MAP), &call);
}

static bool unmap(struct world *world, void *made, uint64_t gpa, uint64_t bytes)
{
    struct session *session = made;
    struct call_unmap call = {.size = sizeof(call), .space = session->space, .iova = gpa, .length = bytes};

    return !world->api->file_ioctl(session->file, FILE_CALL(CALL_UNMAP), &call) && call.length == bytes;
}

static void end(struct world *world, void *made, const char *device)
{
    struct session *session = made;

    (void)device;
    world->api->fd_detach(session->bound);
    user_destroy(world, session, session->table, "the parent's end");
    world->api->fd_unbind(session->bound);
    world->api->file_close(session->file);
    world_run(world);
    free(session);
}

const struct host_maker host_by_files = {.make = make, .map = map, .unmap = unmap, .end = end};
