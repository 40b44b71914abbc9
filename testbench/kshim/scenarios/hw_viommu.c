// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that drives HW-vIOMMU by itself (testbench/kshim/added/hw_viommu, the calls of AMD's development
 * branch) and a VMM above it that has nothing but iommufd: virtual IOMMU, VF page by mmap(), device, queues,
 * nested table. What the guest then writes into its ring the hardware executes, without the VMM or the
 * kernel.
 */
#include "nest.h"

enum { TYPE = 3, QUEUE_COMMANDS = 2, QUEUE_EVENTS = 3, CALL_QUEUE = 0x94 }; /* of the added code */
enum { GUEST_DEVICE = 0x0010, GUEST_DOMAIN = 7, RING_BYTES = 4096, RECORD = 16 };
#define GVA    0x7f0000000000ull
#define DATA   (IOVA + MIB) /* guest pages behind those of the tables */
#define RING   (DATA + 0x10000)
#define EVENTS (DATA + 0x20000)
#define DONE   (DATA + 0x30000)
#define WINDOW 0x10000000ull /* where the user wants to see the VF page */

struct call_queue {
    uint32_t size, flags, iommu, type, index, id;
    uint64_t base, length;
};

struct viommu {
    struct nest nest;
    struct nest_entry entry;
    uint64_t offset; /* of the VF page in the file */
    uint32_t device, commands, events, table;
    uint64_t tail, waits;
};

/* ------------------------------------------------------------------------------ the guest's registers */

static uint64_t vf_page(struct world *world)
{
    uint64_t pa = 0;

    EXPECT(world, kernel_machine_translate(&world->seen_by_kernel, WINDOW, &pa),
           "nothing is mapped for the user");
    return pa;
}

static uint64_t vf_read(struct world *world, unsigned offset)
{
    return machine_mmio_read(world->machine, vf_page(world) + offset, 8);
}

static void vf_write(struct world *world, unsigned offset, uint64_t value)
{
    machine_mmio_write(world->machine, vf_page(world) + offset, value, 8);
}

/* ------------------------------------------------------------------------------ the VMM's calls */

static uint32_t queue(struct world *world, struct viommu *viommu, uint32_t type, uint64_t base)
{
    struct call_queue call = {
        .size = sizeof(call), .iommu = viommu->nest.iommu, .type = type, .base = base, .length = RING_BYTES};

    user_call(world, &viommu->nest.session, CALL_QUEUE, &call, "a queue");
    return call.id;
}

static uint32_t device(struct world *world, struct viommu *viommu)
{
    struct call_virtual_device call = {.size = sizeof(call),
                                       .iommu = viommu->nest.iommu,
                                       .device = viommu->nest.session.device,
                                       .virtual_id = GUEST_DEVICE};

    user_call(world, &viommu->nest.session, CALL_VIRTUAL_DEVICE, &call, "a virtual device");
    return call.id;
}

/* Only what was given can be mapped. */
static void map_page(struct world *world, struct viommu *viommu)
{
    void *file = viommu->nest.session.file;

    EXPECT(world, world->api->file_mmap(file, WINDOW, PAGE, viommu->offset + PAGE) == -6, /* ENXIO */
           "a page that nobody gave is mapped");
    EXPECT(world, world->api->file_mmap(file, WINDOW, 2 * PAGE, viommu->offset) == -6,
           "two pages are mapped");
    EXPECT(world, !world->api->file_mmap(file, WINDOW, PAGE, viommu->offset), "the VF page is not mapped");
}

static bool begin(struct world *world, struct viommu *viommu)
{
    struct nest *nest = &viommu->nest;

    if (!nest_iommu(world, nest, TYPE, &viommu->offset, sizeof(viommu->offset)))
        return false;
    map_page(world, viommu);
    viommu->device = device(world, viommu);
    memset(ram_at(machine_ram(world->machine), nest_place(nest, RING), RING_BYTES), 0, RING_BYTES);
    viommu->commands = queue(world, viommu, QUEUE_COMMANDS, RING);
    viommu->events = queue(world, viommu, QUEUE_EVENTS, EVENTS);
    viommu->entry =
        (struct nest_entry){.domain = GUEST_DOMAIN, .giov = true, .gcr3 = nest_gcr3(nest, GVA, DATA)};
    viommu->table = nest_table(world, nest, &viommu->entry);
    nest_attach(world, nest, viommu->table, "a guest's table");
    viommu->tail = viommu->waits = 0;
    return !world->failures;
}

static void end(struct world *world, struct viommu *viommu)
{
    struct session *session = &viommu->nest.session;
    uint32_t ids[] = {viommu->table, viommu->events, viommu->commands, viommu->device};
    struct call_destroy busy = {.size = sizeof(busy), .id = viommu->nest.iommu};

    nest_attach(world, &viommu->nest, viommu->nest.parent, "the parent again");
    for (size_t each = 0; each < COUNT(ids); each++)
        user_destroy(world, session, ids[each], "an object's end");
    user_call_gives(world, session, CALL_DESTROY, &busy, -16,
                    "the end of a virtual IOMMU that is mapped"); /* EBUSY */
    EXPECT(world, !world->api->file_munmap(WINDOW), "the VF page cannot be unmapped");
    user_destroy(world, session, viommu->nest.iommu, "the virtual IOMMU's end");
}

/* ------------------------------------------------------------------------------ the guest's commands */

static void put(struct world *world, struct viommu *viommu, const uint64_t words[2])
{
    struct ram *ram = machine_ram(world->machine);
    uint64_t place = nest_place(&viommu->nest, RING + viommu->tail);

    ram_set(ram, place, words[0]);
    ram_set(ram, place + 8, words[1]);
    viommu->tail = (viommu->tail + RECORD) % RING_BYTES;
}

/* What is in the ring is executed when the tail moves: the store of a COMPLETION_WAIT is there. */
static void execute(struct world *world, struct viommu *viommu)
{
    uint64_t number = ++viommu->waits, words[2] = {0};

    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, DONE);
    cmd_completion_wait_set_data(words, number);
    put(world, viommu, words);
    vf_write(world, VF_CMD_TAIL_OFFSET, viommu->tail);
    machine_settle(world->machine);
    EXPECT(world, ram_get(machine_ram(world->machine), nest_place(&viommu->nest, DONE)) == number,
           "the store of a guest's COMPLETION_WAIT is not there");
    EXPECT(world, vf_read(world, VF_CMD_HEAD_OFFSET) == viommu->tail,
           "the head is at %#" PRIx64 ", not %#" PRIx64, vf_read(world, VF_CMD_HEAD_OFFSET), viommu->tail);
}

static void invalidate_page(struct world *world, struct viommu *viommu, uint64_t gva, uint16_t domain)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_gn(words, 1);
    cmd_inv_pages_set_address(words, gva);
    put(world, viommu, words);
}

static void expect_guests_entry(struct world *world)
{
    const uint64_t *words = entry_of(world, world->nic).words;

    EXPECT(world, dte_gv(words) && dte_mode(words) && dte_vimuen(words), "no guest's entry");
    EXPECT(world, dte_gdeviceid(words) == GUEST_DEVICE, "GDeviceID %#" PRIx64,
           (uint64_t)dte_gdeviceid(words));
    EXPECT(world, dte_guestid(words), "no GuestID");
}

/* The guest takes a page away: its own command is enough, and its own log tells of the next access. */
static void take_away(struct world *world, struct viommu *viommu)
{
    struct ram *ram = machine_ram(world->machine);
    uint64_t tail = vf_read(world, VF_EVENT_TAIL_OFFSET), record[2];

    expect_reaches(world, world->nic, GVA, nest_place(&viommu->nest, DATA), "through both stages");
    tables_unmap(&viommu->nest.tables, GVA);
    invalidate_page(world, viommu, GVA, GUEST_DOMAIN);
    execute(world, viommu);
    expect_refused(world, world->nic, GVA, "taken away by the guest");
    world_run(world);
    for (unsigned each = 0; each < COUNT(record); each++)
        record[each] = ram_get(ram, nest_place(&viommu->nest, EVENTS + tail) + each * sizeof(record[each]));
    EXPECT(world, vf_read(world, VF_EVENT_TAIL_OFFSET) == tail + RECORD, "no record in the guest's log");
    EXPECT(world,
           evt_io_page_fault_code(record) == EVT_IO_PAGE_FAULT &&
               evt_io_page_fault_deviceid(record) == GUEST_DEVICE,
           "the record is %#" PRIx64, record[0]);
    EXPECT(world, evt_io_page_fault_address(record) == GVA, "its address is not the guest's");
    vf_write(world, VF_EVENT_HEAD_OFFSET, tail + RECORD);
}

static void use(struct world *world, struct viommu *viommu)
{
    struct guest_tables *tables = &viommu->nest.tables;
    size_t lines = instance_log_lines(world->kernel);

    expect_guests_entry(world);
    execute(world, viommu);
    for (unsigned round = 0; round < 300; round++) { /* more than the ring is long */
        tables_map(tables, GVA, DATA + round % 8 * PAGE, PAGE, true);
        expect_reaches(world, world->nic, GVA, nest_place(&viommu->nest, DATA + round % 8 * PAGE),
                       "mapped again");
        tables_unmap(tables, GVA);
        invalidate_page(world, viommu, GVA, GUEST_DOMAIN);
        execute(world, viommu);
    }
    tables_map(tables, GVA, DATA, PAGE, true);
    take_away(world, viommu);
    EXPECT(world, instance_log_lines(world->kernel) == lines, "the host's kernel had something to say");
}

/* The hardware stops at a command that is not for guests, and says so in the guest's log. */
static void stop(struct world *world, struct viommu *viommu)
{
    uint64_t tail = vf_read(world, VF_EVENT_TAIL_OFFSET), words[2] = {0};

    cmd_set_opcode(words, CMD_INSERT_GUEST_EVENT);
    put(world, viommu, words);
    vf_write(world, VF_CMD_TAIL_OFFSET, viommu->tail);
    machine_settle(world->machine);
    EXPECT(world, vf_read(world, VF_EVENT_TAIL_OFFSET) == tail + RECORD, "an illegal command is not told");
    EXPECT(world, vf_read(world, VF_CMD_HEAD_OFFSET) != viommu->tail, "an illegal command is executed");
}

static void guest(struct world *world)
{
    struct viommu viommu = {0};
    struct kshim_leaks before = {0}, after;

    if (!nest_parent(world, &viommu.nest, WORLD_NIC, &(struct world_setup){0}))
        return;
    EXPECT_LOG(world, "HW-vIOMMU at");
    for (unsigned round = 0; round < 3; round++) { /* the GuestID is the same again */
        if (round == 1)
            before = in_use(world);
        viommu.nest.tables.next = IOVA;
        memset(ram_at(machine_ram(world->machine), viommu.nest.session.pa, MIB), 0, MIB);
        if (!begin(world, &viommu))
            return;
        use(world, &viommu);
        stop(world, &viommu);
        end(world, &viommu);
    }
    after = in_use(world);
    EXPECT(world, after.pages == before.pages && after.slabs == before.slabs,
           "guests leak: %llu pages, %llu objects", after.pages - before.pages, after.slabs - before.slabs);
    user_close(world, &viommu.nest.session, world->nic);
}

const struct scenario hw_viommu_scenarios[] = {
    {.name = "hw-viommu/guest",
     .what = "a kernel that drives HW-vIOMMU itself: VF page by mmap(), queues, nested table, the guest's "
             "commands",
     .run = guest,
     .since = KSHIM_V(7, 0),
     .added = "hw_viommu"},
    {.name = NULL},
};
