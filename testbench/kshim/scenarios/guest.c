// SPDX-License-Identifier: GPL-2.0-only
/* Linux as a guest whose commands the hardware executes, and the same guest in mediated mode. */
#include "scenarios.h"

#include "host/guest.h"

enum {
    CARVE_SPA = 0x18000000, /* of the hypervisor: 64 MiB */
    CARVE_BYTES = 64 << 20,
    GUEST_SPA = 0x10000000,
};

/* A hypervisor of ours, with no kernel below it. */
struct hypervisor {
    struct hv_memory *memory;
    struct hv_driver *driver;
};

static bool hypervisor_start(struct world *world, struct hypervisor *hypervisor,
                             const struct world_setup *setup)
{
    struct hv_options options = {.devid = 0x0002};

    if (!world_build(world, setup))
        return false;
    hypervisor->memory =
        hv_memory_over(CARVE_SPA, CARVE_BYTES, ram_at(machine_ram(world->machine), CARVE_SPA, CARVE_BYTES));
    EXPECT(world, hypervisor->memory, "no memory for the hypervisor");
    enum hv_status status =
        hv_driver_create(machine_iommu(world->machine, 0), hypervisor->memory, &options, &hypervisor->driver);
    EXPECT(world, status == HV_OK, "the hypervisor's driver gives status %d", status);
    return status == HV_OK;
}

static void add(struct world *world, struct hypervisor *hypervisor, struct dma_device *device, bool ats)
{
    enum hv_status status = hv_device_add(hypervisor->driver, dma_device_id(device), ats);

    EXPECT(world, status == HV_OK, "device %#x cannot be added: %d", dma_device_id(device), status);
}

static void guest_boots(struct world *world, enum hv_vmm_mode mode)
{
    struct hypervisor hypervisor = {0};
    struct guest_setup setup = {
        .mode = mode, .command_line = "amd_iommu_dump amd_iommu=pgtbl_v2 intremap=off", .spa = GUEST_SPA};
    struct guest *guest;

    if (!hypervisor_start(world, &hypervisor, &(struct world_setup){0}))
        return;
    add(world, &hypervisor, world->nic, false);
    add(world, &hypervisor, world->gpu, true);
    setup.devices[0] = world->nic;
    setup.devices[1] = world->gpu;
    setup.vapic = hv_memory_page(hypervisor.memory);
    guest = guest_boot(world, hypervisor.driver, &setup);
    if (!guest)
        return;
    uint64_t page = guest->api->page_alloc(0), pattern = 0x1122334455667788;
    uint64_t iova = guest->api->dma_map("0000:00:01.0", page, 4096, 0);
    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_DONE, "the guest's DMA fails");
    EXPECT(world, guest_word(guest, page) == pattern, "the guest's DMA does not arrive");
    guest->api->dma_unmap("0000:00:01.0", iova, 4096, 0);
    instance_excuse(guest->kernel, "IO_PAGE_FAULT");
    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_FAULT, "unmapped DMA passes");
    guest_run(guest);
    size_t from = 0;
    EXPECT(world, instance_log_find(guest->kernel, "IO_PAGE_FAULT", &from),
           "the guest does not see its fault");
    guest_end(guest);
    hv_driver_destroy(hypervisor.driver);
    hv_memory_destroy(hypervisor.memory);
}

static void boots_hardware(struct world *world)
{
    guest_boots(world, HV_VMM_HARDWARE);
}

static void boots_mediated(struct world *world)
{
    guest_boots(world, HV_VMM_MEDIATED);
}

const struct scenario guest_scenarios[] = {
    {.name = "guest/boot-hardware",
     .what = "a Linux guest on a hardware vIOMMU: boot, DMA, fault",
     .run = boots_hardware},
    {.name = "guest/boot-mediated", .what = "the same guest, its ring run by the VMM", .run = boots_mediated},
    {.name = NULL},
};
