// SPDX-License-Identifier: GPL-2.0-only
#include "nest.h"

bool nest_parent(struct world *world, struct nest *nest, const char *device, const struct world_setup *setup)
{
    struct session *session = &nest->session;
    struct call_table table = {.size = sizeof(table), .flags = TABLE_NESTS};

    if (!world_boot(world, setup))
        return false;
    EXPECT(world, !world->api->fd_nests(), "the driver has no nested tables");
    user_open(world, session, device);
    if (world->failures)
        return false;
    user_map_all(world, session, false);
    table.device = session->device;
    table.parent = session->space;
    user_call(world, session, CALL_TABLE, &table, "a parent of nested tables");
    nest->parent = session->table = table.id;
    nest->tables = (struct guest_tables){.ram = machine_ram(world->machine),
                                         .lies = session->pa - IOVA,
                                         .next = IOVA,
                                         .end = IOVA + MIB,
                                         .levels = 4};
    return !world->failures;
}

bool nest_iommu(struct world *world, struct nest *nest, uint32_t type, void *data, uint32_t bytes)
{
    struct call_virtual_iommu iommu = {.size = sizeof(iommu),
                                       .type = type,
                                       .device = nest->session.device,
                                       .table = nest->parent,
                                       .data_bytes = bytes,
                                       .data = (uint64_t)(uintptr_t)data};

    user_call(world, &nest->session, CALL_VIRTUAL_IOMMU, &iommu, "a virtual IOMMU");
    nest->iommu = iommu.id;
    nest_attach(world, nest, nest->parent, "the parent");
    return !world->failures;
}

bool nest_begin(struct world *world, struct nest *nest, const char *device, const struct world_setup *setup)
{
    return nest_parent(world, nest, device, setup) && nest_iommu(world, nest, VIRTUAL_TYPE, NULL, 0);
}

void nest_end(struct world *world, struct nest *nest, struct dma_device *device)
{
    user_destroy(world, &nest->session, nest->iommu, "the virtual IOMMU's end");
    user_close(world, &nest->session, device);
}

void nest_leave(struct world *world, struct nest *nest, struct dma_device *device, const uint32_t *tables,
                size_t count)
{
    world->api->fd_detach(nest->session.bound);
    for (size_t each = 0; each < count; each++)
        user_destroy(world, &nest->session, tables[each], "a nested table's end");
    nest_end(world, nest, device);
}

uint64_t nest_gcr3(struct nest *nest, uint64_t gva, uint64_t gpa)
{
    uint64_t gcr3 = tables_page(&nest->tables);

    nest->tables.root = 0;
    tables_map(&nest->tables, gva, gpa, PAGE, true);
    tables_set_gcr3(&nest->tables, gcr3, 0, nest->tables.root);
    return gcr3;
}

/* The 2 MiB of the session lie there again and again. */
uint64_t nest_place(const struct nest *nest, uint64_t gpa)
{
    return nest->session.pa + (gpa - IOVA) % LARGE;
}

void nest_words(const struct nest_entry *entry, uint64_t words[4])
{
    memset(words, 0, NEST_ENTRY_BYTES);
    dte_set_v(words, 1);
    dte_set_tv(words, 1);
    dte_set_gv(words, 1);
    dte_set_giov(words, entry->giov);
    dte_set_glx(words, entry->glx);
    dte_set_gcr3_root(words, entry->gcr3);
    dte_set_domainid(words, entry->domain);
    dte_set_guestpagingmode(words, entry->five_levels);
}

uint32_t nest_table_of(struct world *world, struct nest *nest, const uint64_t words[4], long wanted,
                       const char *what)
{
    struct call_table table = {.size = sizeof(table),
                               .device = nest->session.device,
                               .parent = nest->iommu,
                               .type = NEST_DATA,
                               .data_bytes = NEST_ENTRY_BYTES,
                               .data = (uint64_t)(uintptr_t)words};

    return user_call_gives(world, &nest->session, CALL_TABLE, &table, wanted, what) ? 0 : table.id;
}

uint32_t nest_table(struct world *world, struct nest *nest, const struct nest_entry *entry)
{
    uint64_t words[4];

    nest_words(entry, words);
    return nest_table_of(world, nest, words, 0, "a nested table");
}

void nest_attach(struct world *world, struct nest *nest, uint32_t table, const char *what)
{
    int result = world->api->fd_attach(nest->session.bound, &table);

    EXPECT(world, !result, "%s: attaching gives %d", what, result);
}
