// SPDX-License-Identifier: GPL-2.0-only
#include "virtual.h"

enum {
    CARVE_SPA = 0x18000000, /* of the hypervisor: 64 MiB, beyond the kernel's RAM */
    CARVE_BYTES = 64 << 20,
    GUESTS_SPA = 0x10000000,                      /* of guests without a kernel below */
    SET_ASIDE = VIRTUAL_GUESTS * GUEST_RAM_BYTES, /* of the kernel's RAM, from 0 up */
};

static bool start_alone(struct virtual *virtual)
{
    struct world *world = virtual->world;
    struct hv_options options = {.devid = 0x0002};
    enum hv_status status;

    if (!world_build(world, &(struct world_setup){0}))
        return false;
    virtual->memory = hv_memory_over(CARVE_SPA, CARVE_BYTES,
                                     ram_at(machine_ram(world->machine), CARVE_SPA, CARVE_BYTES));
    status = hv_driver_create(machine_iommu(world->machine, 0), virtual->memory, &options, &virtual->driver);
    EXPECT(world, status == HV_OK, "the hypervisor's driver gives status %d", status);
    return status == HV_OK && hv_device_add(virtual->driver, dma_device_id(world->nic), false) == HV_OK &&
           hv_device_add(virtual->driver, dma_device_id(world->usb), false) == HV_OK &&
           hv_device_add(virtual->driver, dma_device_id(world->gpu), true) == HV_OK;
}

/* Faults of mediated guests pass the kernel's log. */
static bool start_on_kernel(struct virtual *virtual)
{
    if (!world_boot(virtual->world,
                    &(struct world_setup){.set_aside = SET_ASIDE, .timed = virtual->setup.timed}) ||
        !host_kernel_join(&virtual->kernel, virtual->world, CARVE_SPA, CARVE_BYTES))
        return false;
    instance_excuse(virtual->world->kernel, SAYS_FAULT);
    virtual->memory = virtual->kernel.memory;
    virtual->driver = virtual->kernel.driver;
    return true;
}

bool virtual_start(struct world *world, struct virtual *virtual, const struct virtual_setup *setup)
{
    *virtual = (struct virtual){.world = world, .setup = *setup};
    return setup->host ? start_on_kernel(virtual) : start_alone(virtual);
}

struct guest *virtual_guest(struct virtual *virtual, const char *object, struct dma_device *device,
                            struct dma_device *other)
{
    const struct virtual_setup *setup = &virtual->setup;
    uint64_t first = setup->host ? 0 : GUESTS_SPA;
    struct guest_setup guest = {.mode = setup->mode,
                                .object = object,
                                .command_line =
                                    setup->command_line ? setup->command_line : "amd_iommu=pgtbl_v2",
                                .devices = {device, other},
                                .spa = first + virtual->count * (uint64_t)GUEST_RAM_BYTES,
                                .flags = setup->flags,
                                .host_tables = setup->host_tables};
    struct guest *made;

    if (setup->host) {
        guest.below =
            host_space_make(&virtual->kernel, guest.devices, guest.spa, GUEST_RAM_BYTES, setup->host);
        if (!guest.below)
            return NULL;
    }
    guest.vapic = hv_memory_page(virtual->memory);
    made = guest_boot(virtual->world, virtual->driver, &guest);
    if (made) {
        instance_excuse(made->kernel, SAYS_FAULT);
        virtual->guests[virtual->count++] = made;
    }
    return made;
}

struct guest *virtual_boot(struct world *world, struct virtual *virtual, const struct virtual_setup *setup)
{
    if (!virtual_start(world, virtual, setup))
        return NULL;
    return virtual_guest(virtual, NULL, world->nic, world->gpu);
}

void virtual_end(struct virtual *virtual, struct guest *guest)
{
    struct host_space *below = guest->below;

    for (unsigned each = 0; each < virtual->count; each++)
        if (virtual->guests[each] == guest)
            virtual->guests[each] = NULL;
    guest_end(guest);
    if (below)
        host_space_end(below);
}

void virtual_stop(struct virtual *virtual)
{
    struct world *world = virtual->world;

    for (unsigned each = virtual->count; each-- > 0;)
        if (virtual->guests[each])
            virtual_end(virtual, virtual->guests[each]);
    if (virtual->setup.host) {
        host_kernel_leave(&virtual->kernel);
    } else {
        hv_driver_destroy(virtual->driver);
        hv_memory_destroy(virtual->memory);
    }
    world_end_kernel(world);
    world_close(world);
}
