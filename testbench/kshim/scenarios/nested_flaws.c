// SPDX-License-Identifier: GPL-2.0-only
/* What the driver of 7.3 does wrong with nested tables, as it does it (docs/findings.md): a driver that does
 * it right fails here, and then this goes. */
#include "nest.h"

#define GVA  0x7f0000000000ull
#define DATA (IOVA + MIB)
#define HIGH (1ull << 47) /* more than the levels that the table has at first */

static uint64_t host_domain(struct world *world, struct dma_device *device)
{
    return dte_domainid(entry_of(world, device).words);
}

/* ------------------------------------------------------------------------------ back to the parent */

/* A second device of the user's, on a nested table of the virtual IOMMU. */
static void *bind_other(struct world *world, struct nest *nest, uint32_t table)
{
    uint32_t id;
    void *bound = world->api->fd_bind(nest->session.file, WORLD_USB, &id);

    EXPECT(world, bound, "the second device cannot be bound");
    if (bound)
        EXPECT(world, !world->api->fd_attach(bound, &table), "the second device cannot be attached");
    return bound;
}

/* The nested table's end has given its DomainID back, and the next one gets it, for another device: what the
 * first device has cached under it is the second one's. */
static void domain_again(struct world *world, struct nest *nest, uint64_t freed)
{
    struct nest_entry entry = {.domain = 6, .giov = true};
    uint64_t word = 0, mine = world_random(world);
    uint32_t table;
    void *other;

    entry.gcr3 = nest_gcr3(nest, GVA, DATA + PAGE);
    table = nest_table(world, nest, &entry);
    other = bind_other(world, nest, table);
    if (!other)
        return;
    ram_set(machine_ram(world->machine), nest_place(nest, DATA), mine);
    EXPECT(world, host_domain(world, world->usb) == freed, "the DomainID is not used again");
    EXPECT(world, dma_read(world->usb, GVA, &word, 8) == DMA_DONE && word == mine,
           "the second device does not get the first one's page");
    world->api->fd_detach(other);
    world->api->fd_unbind(other);
    user_destroy(world, &nest->session, table, "a nested table's end");
}

static void back_to_parent(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 5, .giov = true};
    uint64_t domain;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    world_await(world, AMDVI_LINT_SHARED_DOMAIN);
    entry.gcr3 = nest_gcr3(&nest, GVA, DATA);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    domain = host_domain(world, world->nic);
    expect_reaches(world, world->nic, GVA, nest_place(&nest, DATA), "nested");
    nest_attach(world, &nest, nest.parent, "back to the parent");
    EXPECT(world, dte_gv(entry_of(world, world->nic).words), "the driver writes the entry");
    expect_reaches(world, world->nic, GVA, nest_place(&nest, DATA), "still nested");
    user_destroy(world, &nest.session, table, "a nested table's end");
    domain_again(world, &nest, domain);
    nest_end(world, &nest, world->nic);
}

/* ------------------------------------------------------------------------------ growth of stage 2 */

/* Of a device that had the parent first: its entry becomes the parent's, and the guest's addresses are
 * physical ones. */
static void growth_unnests(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 5, .giov = true};
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, DATA);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    expect_refused_quietly(world, world->nic, DATA, "a guest physical address, before");
    user_map(world, &nest.session, HIGH, nest.session.pa, LARGE);
    EXPECT(world, !dte_gv(entry_of(world, world->nic).words), "growth keeps the entry nested");
    expect_reaches(world, world->nic, DATA, nest_place(&nest, DATA), "a guest physical address, after");
    expect_refused_quietly(world, world->nic, GVA, "the guest's address, after");
    nest_leave(world, &nest, world->nic, &table, 1);
}

/* Of one that was nested at once: its entry keeps root and mode of the table that is now a part only. */
static void growth_forgets(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 5, .giov = true};
    uint64_t mode;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    world->api->fd_detach(nest.session.bound);
    entry.gcr3 = nest_gcr3(&nest, GVA, HIGH);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    mode = dte_mode(entry_of(world, world->nic).words);
    user_map(world, &nest.session, HIGH, nest.session.pa, LARGE);
    EXPECT(world, dte_mode(entry_of(world, world->nic).words) == mode, "the entry follows the growth");
    expect_refused_quietly(world, world->nic, GVA, "what was mapped above");
    nest_leave(world, &nest, world->nic, &table, 1);
}

/* ------------------------------------------------------------------------------ unmapping in stage 2 */

/* Only nested devices have the parent: the flush of their domains is queued, and nobody waits for it. */
static void no_wait(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 5, .giov = true};
    uint64_t word = 0;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){.late = true}))
        return;
    world->api->fd_detach(nest.session.bound);
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + 2 * LARGE);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    EXPECT(world, try_read(world->nic, GVA) == DMA_DONE, "the page is not reached");
    world_await(world, AMDVI_LINT_STALE_ENTRY);
    user_unmap(world, &nest.session, IOVA + 2 * LARGE, LARGE);
    if (world->lint[0])
        amdvi_lint_scan(world->lint[0]);
    world_unmapped(world);
    EXPECT(world, dma_read(world->nic, GVA, &word, 8) == DMA_DONE, "the unmap waited for its flush");
    machine_settle(world->machine);
    expect_refused_quietly(world, world->nic, GVA, "after the flush");
    nest_leave(world, &nest, world->nic, &table, 1);
}

const struct scenario nested_flaw_scenarios[] = {
    NESTED("flaw-parent", "back to the parent: the entry stays, its DomainID is used again", back_to_parent),
    NESTED("flaw-growth", "stage 2 grows: the entry of a nested device becomes the parent's", growth_unnests),
    NESTED("flaw-mode", "stage 2 grows: the entry of a device nested at once keeps root and mode",
           growth_forgets),
    NESTED("flaw-wait", "an unmap in stage 2 does not wait for its flush", no_wait),
    {.name = NULL},
};
