// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested tables by the real iommufd and driver: an entry that a guest wrote, put into the device table with
 * the user's address space as stage 2, and DMA through guest tables that the test builds.
 */
#include "nest.h"
#include "shadow.h"

#define GVA  0x7f0000000000ull
#define DATA (IOVA + MIB) /* guest pages behind those of the tables */

/* GV, root, levels and stage 2 of the entry that the device table has now. */
static void expect_entry(struct world *world, struct dma_device *device, const struct nest_entry *wanted,
                         const char *when)
{
    struct amdvi_dte_view view = entry_of(world, device);
    const uint64_t *words = view.words;

    EXPECT(world, dte_v(words) && dte_tv(words) && dte_gv(words), "%s: V, TV or GV is missing", when);
    EXPECT(world, dte_gcr3_root(words) == wanted->gcr3, "%s: the GCR3 root is %#" PRIx64, when,
           dte_gcr3_root(words));
    EXPECT(world, dte_glx(words) == wanted->glx && dte_giov(words) == wanted->giov, "%s: GLX or GIoV", when);
    EXPECT(world, dte_guestpagingmode(words) == wanted->five_levels, "%s: levels of the guest's tables",
           when);
    EXPECT(world, dte_mode(words) && dte_host_root(words), "%s: no stage 2 in the entry", when);
}

/* What the IOMMU was told so far. */
static uint64_t commands_of(struct world *world, struct dma_device *device)
{
    return statistics_of(iommu_of(world, device)).commands;
}

/* ------------------------------------------------------------------------------ attach */

/* The event has the guest physical address that the host's table does not know [iommu 13 #19]. */
static void expect_refused_in_stage_2(struct world *world, uint64_t gva, uint64_t gpa)
{
    size_t mark = log_mark(world);
    char address[40];

    snprintf(address, sizeof(address), "address=0x%" PRIx64, gpa);
    instance_excuse(world->kernel, SAYS_FAULT);
    expect_refused(world, world->nic, gva, "a hole in stage 2");
    world_run(world);
    EXPECT(world, logged_since(world, mark, address), "the driver does not tell %s", address);
}

static void expect_sizes_and_rights(struct world *world, struct nest *nest)
{
    struct guest_tables *tables = &nest->tables;

    tables_map(tables, GVA + PAGE, DATA + 3 * PAGE, PAGE, false);
    tables_map(tables, GVA + LARGE, IOVA + LARGE, LARGE, true);
    tables_map(tables, GVA + 2 * PAGE, IOVA + PAGES * PAGE, PAGE, true);
    EXPECT(world, try_read(world->nic, GVA + PAGE) == DMA_DONE, "a read-only page is not read");
    expect_fault_told(world, world->nic, GVA + PAGE, "a read-only page");
    expect_reaches(world, world->nic, GVA + LARGE + 5 * MIB / 4, nest_place(nest, IOVA + LARGE + 5 * MIB / 4),
                   "a leaf of 2 MiB");
    expect_refused_in_stage_2(world, GVA + 2 * PAGE, IOVA + PAGES * PAGE);
    expect_fault_told(world, world->nic, GVA + 3 * PAGE, "a hole in the guest's tables");
    expect_fault_told(world, world->nic, DATA, "a guest physical address");
}

static void attach(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 7, .giov = true};
    uint64_t commands;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, DATA);
    table = nest_table(world, &nest, &entry);
    commands = commands_of(world, world->nic);
    nest_attach(world, &nest, table, "a nested table");
    EXPECT(world, commands_of(world, world->nic) > commands, "the IOMMU is not told of the entry");
    expect_entry(world, world->nic, &entry, "attached");
    EXPECT(world, dte_domainid(entry_of(world, world->nic).words) != entry.domain,
           "the guest's number of a domain is used for the host's");
    expect_table(world, world->nic, GVA, nest_place(&nest, DATA), "attached");
    expect_reaches(world, world->nic, GVA, nest_place(&nest, DATA), "through both stages");
    expect_sizes_and_rights(world, &nest);
    world->api->fd_detach(nest.session.bound);
    expect_no_table(world, world->nic, GVA, "detached");
    expect_refused_quietly(world, world->nic, GVA, "detached");
    user_destroy(world, &nest.session, table, "a nested table's end");
    nest_end(world, &nest, world->nic);
}

/* Without GIoV, what has no PASID passes stage 2 alone. */
static void no_giov(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 7};
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, DATA);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    expect_entry(world, world->nic, &entry, "attached");
    expect_reaches(world, world->nic, DATA, nest_place(&nest, DATA), "stage 2 alone");
    expect_fault_told(world, world->nic, GVA, "a guest's address");
    nest_leave(world, &nest, world->nic, &table, 1);
}

/* ------------------------------------------------------------------------------ PASIDs */

static enum dma_outcome reach(struct world *world, uint32_t pasid, uint64_t *word)
{
    struct dma_access access = {
        .address = GVA, .length = 8, .has_pasid = true, .pasid = pasid, .forced = true};

    return dma_access(world->gpu, &access, word, NULL);
}

static void expect_pasid(struct world *world, uint32_t pasid, uint64_t place)
{
    uint64_t pattern = world_random(world), word = 0;

    ram_set(machine_ram(world->machine), place, pattern);
    EXPECT(world, reach(world, pasid, &word) == DMA_DONE && word == pattern,
           "PASID %u reads another page than its own", pasid);
}

/* Two levels of GCR3 tables; the same address leads each PASID elsewhere. */
static void pasids(struct world *world)
{
    static const uint32_t used[] = {0, 1, 5, 511, 512, 1000};
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 3, .glx = 1};
    uint64_t leaf[2], word;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_GPU, &(struct world_setup){0}))
        return;
    entry.gcr3 = tables_page(&nest.tables);
    for (unsigned each = 0; each < COUNT(leaf); each++) {
        leaf[each] = tables_page(&nest.tables);
        tables_set_gcr3(&nest.tables, entry.gcr3, each, leaf[each]);
    }
    for (unsigned each = 0; each < COUNT(used); each++) {
        nest.tables.root = 0;
        tables_map(&nest.tables, GVA, DATA + each * PAGE, PAGE, true);
        tables_set_gcr3(&nest.tables, leaf[used[each] / 512], used[each] % 512, nest.tables.root);
    }
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    expect_entry(world, world->gpu, &entry, "attached");
    for (unsigned each = 0; each < 4 * COUNT(used); each++)
        expect_pasid(world, used[each % COUNT(used)], nest_place(&nest, DATA + each % COUNT(used) * PAGE));
    instance_excuse(world->kernel, "Event logged [");
    EXPECT(world, reach(world, 2, &word) == DMA_FAULT, "a PASID without tables passes");
    EXPECT(world, reach(world, 1 << 18, &word) == DMA_FAULT, "a PASID beyond GLX passes");
    nest_leave(world, &nest, world->gpu, &table, 1);
}

/* ------------------------------------------------------------------------------ moves */

enum { TABLES = 3 };

/* Domains of their own for the first two; the third is the first one's entry once more. */
static void moves(struct world *world)
{
    static const uint16_t domains[TABLES] = {5, 6, 5};
    struct nest nest = {0};
    struct nest_entry entry[TABLES];
    uint32_t table[TABLES];
    uint64_t host_domain[TABLES] = {0};

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    for (unsigned each = 0; each < TABLES; each++) {
        entry[each] = (struct nest_entry){.domain = domains[each], .giov = true};
        entry[each].gcr3 = each == TABLES - 1 ? entry[0].gcr3 : nest_gcr3(&nest, GVA, DATA + each * PAGE);
        table[each] = nest_table(world, &nest, &entry[each]);
    }
    for (unsigned round = 0; round < 60 && !world->failures; round++) {
        unsigned now = round < TABLES ? round : (unsigned)below(world, TABLES);

        nest_attach(world, &nest, table[now], "a move");
        host_domain[now] = dte_domainid(entry_of(world, world->nic).words);
        expect_reaches(world, world->nic, GVA, nest_place(&nest, DATA + now % (TABLES - 1) * PAGE),
                       "after a move");
    }
    EXPECT(world, host_domain[0] == host_domain[2] && host_domain[0] != host_domain[1],
           "domains of the guest's %u, %u, %u became %" PRIu64 ", %" PRIu64 ", %" PRIu64, domains[0],
           domains[1], domains[2], host_domain[0], host_domain[1], host_domain[2]);
    nest_leave(world, &nest, world->nic, table, TABLES);
}

/* ------------------------------------------------------------------------------ five levels */

static void five_levels(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 9, .giov = true, .five_levels = true};
    uint64_t high = 1ull << 52;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){.flags = KSHIM_LA57}))
        return;
    nest.tables.levels = 5;
    entry.gcr3 = nest_gcr3(&nest, high, DATA);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table of five levels");
    expect_entry(world, world->nic, &entry, "attached");
    expect_reaches(world, world->nic, high, nest_place(&nest, DATA), "five levels");
    expect_fault_told(world, world->nic, 0, "the same address without its highest bits");
    nest_leave(world, &nest, world->nic, &table, 1);
}

const struct scenario nested_scenarios[] = {
    NESTED("attach", "a guest's entry over the user's address space: sizes, rights, holes in either stage",
           attach),
    NESTED("no-giov", "without GIoV a request without PASID passes stage 2 alone", no_giov),
    NESTED("pasids", "two levels of GCR3 tables, each PASID its own page", pasids),
    NESTED("moves", "a device between nested tables, and what becomes of the guest's domains", moves),
    NESTED("five-levels", "guest tables of five levels", five_levels),
    {.name = NULL},
};
