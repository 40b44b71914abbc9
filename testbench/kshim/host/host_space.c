// SPDX-License-Identifier: GPL-2.0-only
/* A guest's memory as a domain of the host's kernel, and what is heard of its changes. */
#include "host_kernel.h"

#include "tables/layout.h"
#include "testbench/platform/pcie.h"

enum { READ_WRITE = 3, PIECE = 2 << 20 /* of a guest's memory, which can be taken away alone */ };

/* ------------------------------------------------------------------------------ what the kernel wrote */

static bool entry_of(const struct host_space *space, uint64_t entry[4])
{
    unsigned long long words[4];
    int result = space->host->kernel->entry_read(space->devices[0].name, space->devices[0].id, words);

    for (unsigned each = 0; !result && each < 4; each++)
        entry[each] = words[each];
    EXPECT(space->host->world, !result, "the entry of %s cannot be read: %d", space->devices[0].name, result);
    return !result;
}

static struct hv_foreign_stage2 table_of(const uint64_t entry[4])
{
    return (struct hv_foreign_stage2){.root = dte_host_root(entry),
                                      .mode = (unsigned)dte_mode(entry),
                                      .domain = (uint16_t)dte_domainid(entry)};
}

/* An entry of the kernel's has the domain's own number, and no guest half; one of the hypervisor's with that
 * number leads to the same table. */
static void look_for_move(struct host_space *space)
{
    struct hv_foreign_stage2 now;
    uint64_t entry[4];
    enum hv_status status;

    if (!entry_of(space, entry))
        return;
    now = table_of(entry);
    if (!now.mode || now.domain != space->table.domain ||
        (now.root == space->table.root && now.mode == space->table.mode))
        return;
    space->moves++;
    space->table = now;
    status = hv_stage2_moved(space->stage2, now.root, now.mode);
    EXPECT(space->host->world, status == HV_OK, "stage 2 of %s cannot be moved: status %d",
           space->devices[0].name, status);
}

static void changed(void *context, unsigned long long gpa, unsigned long long bytes, int taken_away)
{
    struct host_space *space = context;
    enum hv_status status;

    if (!space->stage2)
        return;
    look_for_move(space);
    if (!taken_away)
        return;
    space->flushes++;
    status = hv_stage2_changed(space->stage2, gpa, bytes);
    EXPECT(space->host->world, status == HV_OK, "stage 2 of %s cannot be flushed: status %d",
           space->devices[0].name, status);
}

void host_space_follow(struct host_space *space, struct hv_stage2 *stage2)
{
    space->stage2 = stage2;
}

/* ------------------------------------------------------------------------------ life */

/* The interfaces for drivers. */
static void *make_domain(struct world *world, const char *device)
{
    void *domain = world->api->domain_alloc(device);

    if (domain && world->api->attach(domain, device)) {
        world->api->domain_free(domain);
        return NULL;
    }
    return domain;
}

static bool map_domain(struct world *world, void *domain, uint64_t gpa, uint64_t spa, uint64_t bytes)
{
    return !world->api->map(domain, gpa, spa, bytes, READ_WRITE);
}

static bool unmap_domain(struct world *world, void *domain, uint64_t gpa, uint64_t bytes)
{
    return world->api->unmap(domain, gpa, bytes) == bytes;
}

static bool join_domain(struct world *world, void *domain, const char *device)
{
    return !world->api->attach(domain, device);
}

static void leave_domain(struct world *world, void *domain, const char *device)
{
    world->api->detach(domain, device);
}

static void end_domain(struct world *world, void *domain)
{
    world->api->domain_free(domain);
}

const struct host_maker host_by_domain = {.make = make_domain,
                                          .map = map_domain,
                                          .unmap = unmap_domain,
                                          .join = join_domain,
                                          .leave = leave_domain,
                                          .end = end_domain};

bool host_space_map(struct host_space *space, uint64_t gpa, uint64_t spa, uint64_t bytes)
{
    return space->maker->map(space->host->world, space->made, gpa, spa, bytes);
}

bool host_space_unmap(struct host_space *space, uint64_t gpa, uint64_t bytes)
{
    return space->maker->unmap(space->host->world, space->made, gpa, bytes);
}

static bool map_all(struct host_space *space, uint64_t spa)
{
    bool good = true;

    for (uint64_t gpa = 0; good && gpa < space->bytes; gpa += PIECE)
        good = host_space_map(space, gpa, spa + gpa, PIECE);
    return good;
}

/* What the kernel has written, and who hears of its changes. */
static bool take(struct host_space *space)
{
    uint64_t entry[4];

    if (!entry_of(space, entry))
        return false;
    space->table = table_of(entry);
    EXPECT(space->host->world, !dte_gv(entry) && space->table.mode, "%s has no host table",
           space->devices[0].name);
    return !space->host->kernel->follow(space->devices[0].name, changed, space);
}

static bool add(struct host_space *space, const struct dma_device *device)
{
    struct host_device *place = &space->devices[space->device_count];
    struct world *world = space->host->world;

    place->id = dma_device_id(device);
    host_name_of(device, place->name);
    if (space->device_count) {
        if (!space->maker->join(world, space->made, place->name))
            return false;
    } else {
        space->made = space->maker->make(world, place->name);
        if (!space->made)
            return false;
    }
    space->device_count++;
    return true;
}

static bool give(struct host_space *space, const struct dma_device *device)
{
    bool ats = pcie_ats_enabled(dma_device_function(device));

    return hv_device_add(space->host->driver, dma_device_id(device), ats) == HV_OK;
}

static struct host_space *free_place(struct host_kernel *host)
{
    for (unsigned each = 0; each < HOST_SPACES; each++)
        if (!host->spaces[each].host)
            return &host->spaces[each];
    return NULL;
}

struct host_space *host_space_make(struct host_kernel *host, struct dma_device *const devices[HOST_DEVICES],
                                   uint64_t spa, uint64_t bytes, const struct host_maker *maker)
{
    struct host_space *space = free_place(host);
    bool good = space;

    if (!space) {
        FAIL(host->world, "too many guests on the host's kernel");
        return NULL;
    }
    *space = (struct host_space){.host = host, .maker = maker, .bytes = bytes};
    for (unsigned each = 0; good && each < HOST_DEVICES && devices[each]; each++)
        good = add(space, devices[each]);
    good = good && map_all(space, spa) && take(space);
    for (unsigned each = 0; good && each < space->device_count; each++)
        good = give(space, devices[each]);
    if (!good)
        FAIL(host->world, "the host's kernel gives %s no memory", space->devices[0].name);
    return good ? space : NULL;
}

void host_space_end(struct host_space *space)
{
    struct world *world = space->host->world;

    space->stage2 = NULL;
    for (unsigned each = 0; each < space->device_count; each++)
        hv_device_remove(space->host->driver, space->devices[each].id);
    space->host->kernel->leave(space->devices[0].name);
    EXPECT(world, host_space_unmap(space, 0, space->bytes), "the memory of %s cannot be unmapped",
           space->devices[0].name);
    for (unsigned each = space->device_count; each-- > 0;)
        space->maker->leave(world, space->made, space->devices[each].name);
    space->maker->end(world, space->made);
    *space = (struct host_space){0};
}
