// SPDX-License-Identifier: GPL-2.0-only
/* What goes wrong in hardware or devices, and what the driver says and does about it. */
#include "scenarios.h"

enum { EVENT_RECORDS = 512 };

/* More records than the log holds before the handler gets its turn. */
static void event_overflow(struct world *world)
{
    struct amdvi_device *iommu;

    if (!boot_plain(world, ""))
        return;
    iommu = iommu_of(world, world->nic);
    instance_excuse(world->kernel, SAYS_FAULT);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned each = 0; each < EVENT_RECORDS + 100; each++)
            expect_refused(world, world->nic, 0x10000000ull + each * PAGE, "nothing mapped");
        EXPECT(world, reg_status_eventoverflow(register_of(iommu, REG_STATUS_OFFSET)), "no overflow");
        world_run(world);
        EXPECT(world, !(reg_status_eventoverflow(register_of(iommu, REG_STATUS_OFFSET))),
               "the driver leaves the overflow");
        EXPECT(world, reg_status_eventlogrun(register_of(iommu, REG_STATUS_OFFSET)),
               "the log does not run again");
        world_pass(world, 6000000000ull); /* the driver's own limit of lines is over */
        expect_fault_told(world, world->nic, 0x20000000ull, "after the restart");
    }
    EXPECT(world, statistics_of(iommu).events_lost >= 300, "no record was lost");
}

/* The IOMMU executes nothing: the driver gives up waiting, says so, and works on when it wakes up. */
static void wait_withheld(struct world *world)
{
    uint64_t page, iova, before;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, "Completion-Wait loop timed out");
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    machine_hold(world->machine, 0, true);
    before = machine_now(world->machine);
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    EXPECT_LOG(world, "Completion-Wait loop timed out");
    world_tell(world, "gave up after %" PRIu64 " us", (machine_now(world->machine) - before) / 1000);
    machine_hold(world->machine, 0, false);
    world_pass(world, 1000);
    use_dma(world, WORLD_NIC, world->nic);
    world->api->page_free(page, 0);
}

/* A command that cannot be read stops the ring. */
static void command_unreadable(struct world *world)
{
    uint64_t page, iova;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, "Completion-Wait loop timed out");
    instance_excuse(world->kernel, "COMMAND_HARDWARE_ERROR");
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    machine_inject(world->machine, 0, "read:command:nth=1:data_error");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    world_run(world);
    EXPECT_LOG(world, "COMMAND_HARDWARE_ERROR");
    EXPECT_LOG(world, "Completion-Wait loop timed out");
    EXPECT(world, !(reg_status_cmdbufrun(register_of(iommu_of(world, world->nic), REG_STATUS_OFFSET))),
           "the ring runs: the driver has learned to start it again");
    expect_no_table(world, world->nic, iova, "unmapped without a flush");
    world->api->page_free(page, 0);
}

/* Somebody puts a command with opcode 0 into the ring, behind what the driver wrote last. */
static void command_illegal(struct world *world)
{
    struct amdvi_device *iommu;
    uint64_t ring, tail;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, "Completion-Wait loop timed out");
    instance_excuse(world->kernel, "ILLEGAL_COMMAND_ERROR");
    instance_excuse(world->kernel, "CMD[");
    iommu = iommu_of(world, world->nic);
    ring = reg_cmd_base_base(register_of(iommu, REG_CMD_BASE_OFFSET));
    tail = register_of(iommu, REG_CMD_TAIL_OFFSET);
    ram_set(machine_ram(world->machine), ring + tail, 0x12345678);
    ram_set(machine_ram(world->machine), ring + tail + 8, 0);
    machine_mmio_write(world->machine, 0xfd180000 + REG_CMD_TAIL_OFFSET, tail + 16, 8);
    world_run(world);
    EXPECT_LOG(world, "ILLEGAL_COMMAND_ERROR");
    EXPECT_LOG(world, "CMD[0]: 12345678");
    EXPECT(world, !(reg_status_cmdbufrun(register_of(iommu, REG_STATUS_OFFSET))), "the ring still runs");
    world->api->dma_unmap(WORLD_NIC, world->api->dma_map(WORLD_NIC, world->api->page_alloc(0), PAGE, 0), PAGE,
                          0);
    EXPECT_LOG(world, "Completion-Wait loop timed out");
}

/* Memory fails below a request: the record, and the driver's words for it. */
static void hardware_error(struct world *world, const char *plan, const char *line)
{
    size_t mark = log_mark(world);
    uint64_t page = world->api->page_alloc(0);
    uint64_t iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);

    instance_excuse(world->kernel, line);
    machine_inject(world->machine, 0, plan);
    expect_refused(world, world->nic, iova, plan);
    machine_inject(world->machine, 0, "");
    world_run(world);
    EXPECT(world, logged_since(world, mark, line), "%s: the driver does not tell %s", plan, line);
    expect_reaches(world, world->nic, iova, page, "memory is well again");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    world->api->page_free(page, 0);
}

static void table_unreadable(struct world *world)
{
    if (!world_boot(world, &(struct world_setup){.keys = {"caches=off"}}))
        return;
    hardware_error(world, "read:pte:data_error", "PAGE_TAB_HARDWARE_ERROR");
    hardware_error(world, "read:dte:target_abort", "DEV_TAB_HARDWARE_ERROR");
}

/* A device asks for translations although nobody allowed it. */
static void request_invalid(struct world *world)
{
    struct dma_access access = {.address = 0x100000, .length = 8, .ats = true, .forced = true};
    size_t mark;
    uint64_t word;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, "INVALID_DEVICE_REQUEST");
    mark = log_mark(world);
    EXPECT(world, dma_access(world->usb, &access, &word, NULL) != DMA_DONE, "ATS of a device without it");
    world_run(world);
    EXPECT(world, logged_since(world, mark, "INVALID_DEVICE_REQUEST"), "the driver does not tell it");
}

const struct scenario fault_scenarios[] = {
    {.name = "faults/event-overflow",
     .what = "the event log overflows and is started again",
     .run = event_overflow},
    {.name = "faults/wait-withheld", .what = "COMPLETION_WAIT does not come", .run = wait_withheld},
    {.name = "faults/command-unreadable", .what = "a command cannot be read", .run = command_unreadable},
    {.name = "faults/command-illegal",
     .what = "a command that is none stops the ring",
     .run = command_illegal},
    {.name = "faults/table-unreadable", .what = "table entries cannot be read", .run = table_unreadable},
    {.name = "faults/request-invalid",
     .what = "translation requests of a device without ATS",
     .run = request_invalid},
    {.name = NULL},
};
