// SPDX-License-Identifier: GPL-2.0-only
/* Linux as a guest whose commands the hardware executes, and the same guest in mediated mode. */
#include "scenarios.h"

#include "host/guest.h"

enum {
    CARVE_SPA = 0x18000000, /* of the hypervisor: 64 MiB */
    CARVE_BYTES = 64 << 20,
    GUEST_SPA = 0x10000000,
    LIVE = 64, /* mappings at a time, of random runs */
};

#define NIC "0000:00:01.0" /* as guests see their first device */

/* A hypervisor of ours, with no kernel below it, and one guest. */
struct virtual
{
    struct hv_memory *memory;
    struct hv_driver *driver;
    struct guest *guest;
};

static bool hypervisor_start(struct world *world, struct virtual *virtual)
{
    struct hv_options options = {.devid = 0x0002};
    struct world_setup setup = {0};
    enum hv_status status;

    if (!world_build(world, &setup))
        return false;
    virtual->memory = hv_memory_over(CARVE_SPA, CARVE_BYTES,
                                     ram_at(machine_ram(world->machine), CARVE_SPA, CARVE_BYTES));
    status = hv_driver_create(machine_iommu(world->machine, 0), virtual->memory, &options, &virtual->driver);
    EXPECT(world, status == HV_OK, "the hypervisor's driver gives status %d", status);
    return status == HV_OK && hv_device_add(virtual->driver, dma_device_id(world->nic), false) == HV_OK &&
           hv_device_add(virtual->driver, dma_device_id(world->gpu), true) == HV_OK;
}

static bool start(struct world *world, struct virtual *virtual, enum hv_vmm_mode mode,
                  const char *command_line, bool host_tables)
{
    struct guest_setup setup = {
        .mode = mode, .command_line = command_line, .spa = GUEST_SPA, .host_tables = host_tables};

    if (!hypervisor_start(world, virtual))
        return false;
    setup.devices[0] = world->nic;
    setup.devices[1] = world->gpu;
    setup.vapic = hv_memory_page(virtual->memory);
    virtual->guest = guest_boot(world, virtual->driver, &setup);
    if (virtual->guest)
        instance_excuse(virtual->guest->kernel, "Event logged [IO_PAGE_FAULT");
    return virtual->guest;
}

static void stop(struct world *world, struct virtual *virtual)
{
    guest_end(virtual->guest);
    hv_driver_destroy(virtual->driver);
    hv_memory_destroy(virtual->memory);
    world_close(world);
    *virtual = (struct virtual){0};
}

/* ------------------------------------------------------------------------------ boot */

static void one_interrupt(struct world *world, struct guest *guest)
{
    int vectors = guest->api->irq_request(NIC, 1, 0);

    EXPECT(world, vectors == 1, "the guest's device gets no interrupt: %d", vectors);
    if (vectors != 1)
        return;
    EXPECT(world, dma_interrupt(world->nic, 0) == PCIE_INTERRUPT_SENT, "the device sends no interrupt");
    guest_run(guest);
    EXPECT(world, guest->api->irq_count(NIC, 0) == 1, "the guest's interrupt arrived %llu times",
           guest->api->irq_count(NIC, 0));
    guest->api->irq_release(NIC);
}

static void boot(struct world *world, enum hv_vmm_mode mode, const char *command_line, bool host_tables)
{
    struct virtual virtual = {0};
    uint64_t page, iova, pattern = UINT64_C(0x1122334455667788);
    struct guest *guest;

    if (!start(world, &virtual, mode, command_line, host_tables))
        return;
    guest = virtual.guest;
    EXPECT(world, instance_log_count(guest->kernel, "Interrupt remapping enabled"),
           "the guest remaps no interrupts");
    page = guest->api->page_alloc(0);
    iova = guest->api->dma_map(NIC, page, PAGE, 0);
    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_DONE, "the guest's DMA fails");
    EXPECT(world, guest_word(guest, page) == pattern, "the guest's DMA does not arrive");
    guest->api->dma_unmap(NIC, iova, PAGE, 0);
    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_FAULT, "unmapped DMA passes");
    guest_run(guest);
    EXPECT(world, instance_log_count(guest->kernel, "Event logged [IO_PAGE_FAULT"),
           "the guest does not see its fault");
    one_interrupt(world, guest);
    stop(world, &virtual);
}

static void boot_hardware(struct world *world)
{
    boot(world, HV_VMM_HARDWARE, "amd_iommu=pgtbl_v2", false);
}

static void boot_mediated(struct world *world)
{
    boot(world, HV_VMM_MEDIATED, "amd_iommu=pgtbl_v2", false);
}

static void boot_shadowed(struct world *world)
{
    boot(world, HV_VMM_MEDIATED, "", true);
}

/* ------------------------------------------------------------------------------ the same steps in both modes
 */

struct mapping {
    uint64_t page, iova;
};

struct run {
    struct mapping live[LIVE];
    unsigned count;
    uint64_t maps, unmaps, accesses, faults;
    uint64_t digest; /* of all that the guest has seen */
};

static void see(struct run *run, uint64_t value)
{
    run->digest = (run->digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    run->digest ^= run->digest >> 29;
}

static void map_one(struct world *world, struct guest *guest, struct run *run)
{
    struct mapping *mapping = &run->live[run->count];

    mapping->page = guest->api->page_alloc(0);
    mapping->iova = guest->api->dma_map(NIC, mapping->page, PAGE, 0);
    EXPECT(world, mapping->page && mapping->iova != UINT64_MAX, "the guest cannot map a page");
    see(run, mapping->iova);
    run->count++;
    run->maps++;
}

static void unmap_one(struct world *world, struct guest *guest, struct run *run, unsigned at)
{
    struct mapping mapping = run->live[at];
    uint64_t pattern = 0;
    enum dma_outcome outcome;

    guest->api->dma_unmap(NIC, mapping.iova, PAGE, 0);
    run->live[at] = run->live[--run->count];
    run->unmaps++;
    if (world_random(world) % 8 == 0) { /* what is gone is gone, at once */
        outcome = guest_write(guest, 0, mapping.iova, &pattern, 8);
        EXPECT(world, outcome == DMA_FAULT, "%#" PRIx64 " is reached after its unmap", mapping.iova);
        see(run, outcome);
        run->faults++;
        guest_run(guest);
    }
    guest->api->page_free(mapping.page, 0);
}

static void access_one(struct world *world, struct guest *guest, struct run *run, unsigned at)
{
    uint64_t offset = world_random(world) % (PAGE / 8) * 8, pattern = world_random(world);
    enum dma_outcome outcome = guest_write(guest, 0, run->live[at].iova + offset, &pattern, 8);

    EXPECT(world, outcome == DMA_DONE && guest_word(guest, run->live[at].page + offset) == pattern,
           "a write to %#" PRIx64 " gives outcome %d", run->live[at].iova + offset, outcome);
    see(run, outcome);
    run->accesses++;
}

static void step(struct world *world, struct guest *guest, struct run *run)
{
    uint64_t choice = world_random(world);
    unsigned at = run->count ? (unsigned)(choice >> 32) % run->count : 0;

    if (!run->count || (choice % 4 == 0 && run->count < LIVE))
        map_one(world, guest, run);
    else if (choice % 4 == 1)
        unmap_one(world, guest, run, at);
    else
        access_one(world, guest, run, at);
}

static struct run random_run(struct world *world, enum hv_vmm_mode mode, uint64_t steps)
{
    struct virtual virtual = {0};
    struct run run = {0};
    uint64_t exits = 0, faults;

    if (!start(world, &virtual, mode, "amd_iommu=pgtbl_v2", false))
        return run;
    for (uint64_t each = 0; each < steps && world->failures < 5; each++)
        step(world, virtual.guest, &run);
    guest_run(virtual.guest);
    faults = instance_log_count(virtual.guest->kernel, "Event logged [IO_PAGE_FAULT");
    EXPECT(world, faults == run.faults, "the guest has seen %" PRIu64 " of %" PRIu64 " faults", faults,
           run.faults);
    for (int cause = 0; cause < HV_EXITS; cause++)
        exits += hv_vmm_exits(virtual.guest->vmm, (enum hv_exit)cause);
    world_tell(world,
               "%-9s %" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64 " accesses, %" PRIu64 " faults: %" PRIu64
               " exits",
               mode == HV_VMM_HARDWARE ? "hardware:" : "mediated:", run.maps, run.unmaps, run.accesses,
               run.faults, exits);
    for (int cause = 0; cause < HV_EXITS; cause++)
        if (hv_vmm_exits(virtual.guest->vmm, (enum hv_exit)cause))
            world_tell(world, "  %-40s %8" PRIu64, hv_exit_text((enum hv_exit)cause),
                       hv_vmm_exits(virtual.guest->vmm, (enum hv_exit)cause));
    stop(world, &virtual);
    return run;
}

static void modes_agree(struct world *world)
{
    uint64_t steps = world->options->steps ? world->options->steps : 3000;
    struct run hardware = random_run(world, HV_VMM_HARDWARE, steps);
    struct run mediated = random_run(world, HV_VMM_MEDIATED, steps);

    EXPECT(world, hardware.maps && hardware.digest == mediated.digest,
           "the guest has seen one thing on hardware and another one mediated");
}

const struct scenario guest_scenarios[] = {
    {.name = "guest/boot-hardware",
     .what = "a Linux guest on a hardware vIOMMU: boot, DMA, fault, interrupt",
     .run = boot_hardware},
    {.name = "guest/boot-mediated", .what = "the same guest, its ring run by the VMM", .run = boot_mediated},
    {.name = "guest/boot-shadowed",
     .what = "mediated, with v1 tables that the VMM shadows",
     .run = boot_shadowed},
    {.name = "guest/random",
     .what = "the same random steps on hardware and mediated, and what they cost",
     .run = modes_agree},
    {.name = NULL},
};
