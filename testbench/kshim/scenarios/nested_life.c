// SPDX-License-Identifier: GPL-2.0-only
/* Nested tables: what is refused, what is given back, and which locks are taken where. */
#include "nest.h"

#define GVA 0x7f0000000000ull
enum { INVALID = -22, NOT_SUPPORTED = -95, BUSY = -16 };

/* ------------------------------------------------------------------------------ refusals */

typedef void (*spoil)(uint64_t words[4]);

static void mode(uint64_t words[4])
{
    dte_set_mode(words, 3);
}

static void host_root(uint64_t words[4])
{
    dte_set_host_root(words, 0x5000);
}

static void no_root(uint64_t words[4])
{
    dte_set_gcr3_root(words, 0);
}

static void glx(uint64_t words[4])
{
    dte_set_glx(words, 3);
}

static void levels(uint64_t words[4])
{
    dte_set_guestpagingmode(words, 2);
}

static void five(uint64_t words[4])
{
    dte_set_guestpagingmode(words, 1);
}

static const struct {
    const char *what;
    spoil spoil;
    long result;
} refused[] = {
    {"an entry with a mode of the host's", mode, INVALID},
    {"an entry with a root of the host's", host_root, INVALID},
    {"GV without a GCR3 root", no_root, INVALID},
    {"GLX 3", glx, INVALID},
    {"six levels", levels, INVALID},
    {"five levels on a processor of four", five, NOT_SUPPORTED},
};

static void refuse_calls(struct world *world, struct nest *nest, const uint64_t words[4])
{
    struct call_table table = {.size = sizeof(table),
                               .device = nest->session.device,
                               .parent = nest->iommu,
                               .type = 1, /* the form of another vendor */
                               .data_bytes = NEST_ENTRY_BYTES,
                               .data = (uint64_t)(uintptr_t)words};

    user_call_gives(world, &nest->session, CALL_TABLE, &table, NOT_SUPPORTED, "another vendor's form");
    table.type = NEST_DATA;
    table.data_bytes = NEST_ENTRY_BYTES - 8;
    user_call_gives(world, &nest->session, CALL_TABLE, &table, INVALID, "three words of an entry");
    table.data_bytes = NEST_ENTRY_BYTES;
    table.flags = TABLE_TRACKS;
    user_call_gives(world, &nest->session, CALL_TABLE, &table, NOT_SUPPORTED, "a flag of the parent's");
}

/* The entry of the device stays as it was, and nothing of what was refused stays behind. */
static void refusals(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 2, .giov = true};
    struct kshim_leaks before, after;
    uint64_t words[4];

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + MIB);
    before = in_use(world);
    for (unsigned each = 0; each < 4 * COUNT(refused); each++) {
        nest_words(&entry, words);
        refused[each % COUNT(refused)].spoil(words);
        nest_table_of(world, &nest, words, refused[each % COUNT(refused)].result,
                      refused[each % COUNT(refused)].what);
    }
    nest_words(&entry, words);
    refuse_calls(world, &nest, words);
    after = in_use(world);
    EXPECT(world, before.slabs == after.slabs && before.pages == after.pages,
           "refused tables leave %lld objects and %lld pages", after.slabs - before.slabs,
           after.pages - before.pages);
    EXPECT(world, !dte_gv(entry_of(world, world->nic).words), "a refused entry is in the device table");
    expect_reaches(world, world->nic, IOVA + MIB, nest_place(&nest, IOVA + MIB), "through the parent");
    nest_end(world, &nest, world->nic);
}

/* What is in use cannot be destroyed: a table that a device has, and a virtual IOMMU that has tables. */
static void busy(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 2, .giov = true};
    struct call_destroy end = {.size = sizeof(end)};
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + MIB);
    end.id = table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    user_call_gives(world, &nest.session, CALL_DESTROY, &end, BUSY, "the end of a table in use");
    end.id = nest.iommu;
    user_call_gives(world, &nest.session, CALL_DESTROY, &end, BUSY, "the end of a virtual IOMMU in use");
    end.id = nest.parent;
    user_call_gives(world, &nest.session, CALL_DESTROY, &end, BUSY, "the end of a parent in use");
    expect_reaches(world, world->nic, GVA, nest_place(&nest, IOVA + MIB), "afterwards");
    nest_leave(world, &nest, world->nic, &table, 1);
}

/* ------------------------------------------------------------------------------ what is given back */

enum { SHARERS = 4, ROUNDS = 8 };

/* Tables of one guest domain come and go, in another order each time. */
static void share_once(struct world *world, struct nest *nest, const struct nest_entry *entry, unsigned first)
{
    uint32_t table[SHARERS];

    for (unsigned each = 0; each < SHARERS; each++)
        table[each] = nest_table(world, nest, entry);
    for (unsigned each = 0; each < SHARERS; each++)
        user_destroy(world, &nest->session, table[(first + each) % SHARERS], "a nested table's end");
}

static void shared_domain(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 2, .giov = true};
    struct kshim_leaks before, after;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + MIB);
    share_once(world, &nest, &entry, 0);
    before = in_use(world);
    for (unsigned round = 0; round < ROUNDS; round++)
        share_once(world, &nest, &entry, round);
    after = in_use(world);
    EXPECT(world, before.slabs == after.slabs, "%u nested tables that shared a domain leave %lld objects",
           ROUNDS * SHARERS, after.slabs - before.slabs);
    nest_end(world, &nest, world->nic);
}

/* ------------------------------------------------------------------------------ locks */

/* A driver of another device unmaps in its interrupt: what it takes there, and all that is taken behind it,
 * belongs to interrupts. An unmap in the parent takes the lock of the guest's domains behind such a one. */
static void locks(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 2, .giov = true};
    uint64_t page, iova;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_USB, page, PAGE, 0);
    EXPECT(world, world->api->irq_request(WORLD_USB, 1, 0) == 1, "no interrupt for the other device");
    EXPECT(world, !world->api->irq_unmaps(WORLD_USB, iova, PAGE), "the handler takes no work");
    EXPECT(world, dma_interrupt(world->usb, 0) == PCIE_INTERRUPT_SENT, "it sends no interrupt");
    world_run(world);
    expect_fault_told(world, world->usb, iova, "unmapped by an interrupt");
    world->api->irq_release(WORLD_USB);
    world->api->page_free(page, 0);
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + MIB);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    user_unmap(world, &nest.session, IOVA + 2 * LARGE, LARGE);
    EXPECT(world, !instance_troubles(world->kernel, KSHIM_LOCKS),
           "the lock of the guest's domains is taken with interrupts on");
    nest_leave(world, &nest, world->nic, &table, 1);
}

const struct scenario nested_life_scenarios[] = {
    NESTED("refusals", "guests' entries that the driver refuses, and that nothing of them stays", refusals),
    NESTED("busy", "what is in use is not destroyed", busy),
    NESTED("shared-domain", "tables that share a guest's domain are given back", shared_domain),
    NESTED("locks", "the lock of the guest's domains, and an unmap in an interrupt", locks),
    {.name = NULL},
};
