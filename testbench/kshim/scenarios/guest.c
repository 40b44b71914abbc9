// SPDX-License-Identifier: GPL-2.0-only
/* Linux as a guest whose commands the hardware executes, and the same guest in mediated mode; on our
 * hypervisor alone, and beside a kernel that owns the IOMMU. */
#include "guest_files.h"
#include "guest_steps.h"

static void one_interrupt(struct world *world, struct guest *guest)
{
    int vectors = guest->api->irq_request(GUEST_NIC, 1, 0);

    EXPECT(world, vectors == 1, "the guest's device gets no interrupt: %d", vectors);
    if (vectors != 1)
        return;
    EXPECT(world, dma_interrupt(world->nic, 0) == PCIE_INTERRUPT_SENT, "the device sends no interrupt");
    guest_run(guest);
    EXPECT(world, guest->api->irq_count(GUEST_NIC, 0) == 1, "the guest's interrupt arrived %llu times",
           guest->api->irq_count(GUEST_NIC, 0));
    guest->api->irq_release(GUEST_NIC);
}

static void one_page(struct world *world, struct guest *guest)
{
    uint64_t pattern = UINT64_C(0x1122334455667788), page = guest->api->page_alloc(0);
    uint64_t iova = guest->api->dma_map(GUEST_NIC, page, PAGE, 0);

    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_DONE, "the guest's DMA fails");
    EXPECT(world, guest_word(guest, page) == pattern, "the guest's DMA does not arrive");
    guest->api->dma_unmap(GUEST_NIC, iova, PAGE, 0);
    EXPECT(world, guest_write(guest, 0, iova, &pattern, 8) == DMA_FAULT, "unmapped DMA passes");
    guest_run(guest);
    EXPECT(world, instance_log_count(guest->kernel, SAYS_FAULT), "the guest does not see its fault");
}

static void boot(struct world *world)
{
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, world->scenario->about);

    if (!guest)
        return;
    EXPECT(world, instance_log_count(guest->kernel, "Interrupt remapping enabled"),
           "the guest remaps no interrupts");
    one_page(world, guest);
    one_interrupt(world, guest);
    EXPECT(world, !virtual.setup.host || virtual.kernel.commands,
           "the hypervisor has put nothing into the kernel's ring");
    virtual_stop(&virtual);
}

static void random_steps(struct world *world)
{
    steps_compare(world, world->scenario->about, world->options->steps ? world->options->steps : 3000);
}

static const struct virtual_setup hardware = {.mode = HV_VMM_HARDWARE};
static const struct virtual_setup mediated = {.mode = HV_VMM_MEDIATED};
static const struct virtual_setup shadowed = {
    .mode = HV_VMM_MEDIATED, .command_line = "", .host_tables = true};
static const struct virtual_setup host_hardware = {.host = &host_by_domain, .mode = HV_VMM_HARDWARE};
static const struct virtual_setup host_mediated = {.host = &host_by_domain, .mode = HV_VMM_MEDIATED};
static const struct virtual_setup host_shadowed = {
    .host = &host_by_domain, .mode = HV_VMM_MEDIATED, .command_line = "", .host_tables = true};
static const struct virtual_setup files_hardware = {.host = &host_by_files, .mode = HV_VMM_HARDWARE};
static const struct virtual_setup files_mediated = {.host = &host_by_files, .mode = HV_VMM_MEDIATED};

const struct scenario guest_scenarios[] = {
    {.name = "guest/boot-hardware",
     .what = "a Linux guest on a hardware vIOMMU: boot, DMA, fault, interrupt",
     .run = boot,
     .about = &hardware},
    {.name = "guest/boot-mediated",
     .what = "the same guest, its ring run by the VMM",
     .run = boot,
     .about = &mediated},
    {.name = "guest/boot-shadowed",
     .what = "mediated, with v1 tables that the VMM shadows",
     .run = boot,
     .about = &shadowed},
    {.name = "guest/random",
     .what = "the same random steps on hardware and mediated, and what they cost",
     .run = random_steps,
     .about = &hardware},
    {.name = "guest/host-kernel/boot-hardware",
     .what = "a kernel owns the IOMMU, its iommu_map() is stage 2: boot, DMA, fault, interrupt",
     .run = boot,
     .about = &host_hardware},
    {.name = "guest/host-kernel/boot-mediated",
     .what = "the same, the guest's ring run by the VMM",
     .run = boot,
     .about = &host_mediated},
    {.name = "guest/host-kernel/boot-shadowed",
     .what = "the same, with v1 tables of the guest that the VMM shadows",
     .run = boot,
     .about = &host_shadowed},
    {.name = "guest/host-kernel/random",
     .what = "the same random steps on hardware and mediated, a kernel below",
     .run = random_steps,
     .about = &host_hardware},
    {.name = "guest/iommufd/boot-hardware",
     .what = "a kernel owns the IOMMU, its iommufd makes stage 2: boot, DMA, fault, interrupt",
     .run = boot,
     .since = KSHIM_V(7, 0),
     .about = &files_hardware},
    {.name = "guest/iommufd/boot-mediated",
     .what = "the same, the guest's ring run by the VMM",
     .run = boot,
     .since = KSHIM_V(7, 0),
     .about = &files_mediated},
    {.name = "guest/iommufd/random",
     .what = "the same random steps on hardware and mediated, over iommufd",
     .run = random_steps,
     .since = KSHIM_V(7, 0),
     .about = &files_hardware},
    {.name = NULL},
};
