// SPDX-License-Identifier: GPL-2.0-only
#include "guest_files.h"

#include "user_session.h"

#include <stdlib.h>

/* A session, with more devices than one. */
struct files {
    struct session session;
    struct {
        const char *name; /* the caller's, which stays */
        void *bound;
    } devices[HOST_DEVICES];
    unsigned count;
};

static bool bind(struct world *world, struct files *files, const char *device)
{
    uint32_t id;

    if (files->count == HOST_DEVICES)
        return false;
    files->devices[files->count].name = device;
    files->devices[files->count].bound = world->api->fd_bind(files->session.file, device, &id);
    if (!files->devices[files->count].bound)
        return false;
    files->session.device = id;
    return ++files->count;
}

static bool attach(struct world *world, struct files *files)
{
    uint32_t id = files->session.table;

    return !world->api->fd_attach(files->devices[files->count - 1].bound, &id);
}

static bool make_parent(struct world *world, struct session *session)
{
    struct call_table table = {.size = sizeof(table), .flags = TABLE_NESTS};

    table.device = session->device;
    table.parent = session->space;
    user_call(world, session, CALL_TABLE, &table, "a parent of nested tables");
    session->table = table.id;
    return table.id;
}

static void *make(struct world *world, const char *device)
{
    struct files *files = calloc(1, sizeof(*files));
    struct call_space space = {.size = sizeof(space)};

    if (!files)
        return NULL;
    files->session.file = world->api->file_open("iommu");
    if (files->session.file)
        user_call(world, &files->session, CALL_SPACE, &space, "an address space");
    files->session.space = space.id;
    if (space.id && bind(world, files, device) && make_parent(world, &files->session) && attach(world, files))
        return files;
    free(files);
    return NULL;
}

static bool join(struct world *world, void *made, const char *device)
{
    return bind(world, made, device) && attach(world, made);
}

static bool map(struct world *world, void *made, uint64_t gpa, uint64_t spa, uint64_t bytes)
{
    struct session *session = &((struct files *)made)->session;
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
    struct session *session = &((struct files *)made)->session;
    struct call_unmap call = {.size = sizeof(call), .space = session->space, .iova = gpa, .length = bytes};

    return !world->api->file_ioctl(session->file, FILE_CALL(CALL_UNMAP), &call) && call.length == bytes;
}

static void *bound_of(const struct files *files, const char *device)
{
    for (unsigned each = 0; each < files->count; each++)
        if (files->devices[each].name == device)
            return files->devices[each].bound;
    return NULL;
}

/* The last one that is bound holds nothing: the table goes first. */
static void leave(struct world *world, void *made, const char *device)
{
    struct files *files = made;

    world->api->fd_detach(bound_of(files, device));
    if (device == files->devices[0].name)
        user_destroy(world, &files->session, files->session.table, "the parent's end");
    world->api->fd_unbind(bound_of(files, device));
}

static void end(struct world *world, void *made)
{
    world->api->file_close(((struct files *)made)->session.file);
    world_run(world);
    free(made);
}

const struct host_maker host_by_files = {
    .make = make, .map = map, .unmap = unmap, .join = join, .leave = leave, .end = end};
