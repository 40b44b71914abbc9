// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include "guest_config.h"
#include "guest_messages.h"

#include "testbench/platform/ram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { IOMMU_MMIO = 0xfd180000, IOMMU_BYTES = 0x4000, IOMMU_ID = 0x0002 };

/* ------------------------------------------------------------------------------ interrupts */

/* From within the VMM: noted, delivered when it is done. */
static void told(void *context, enum hv_interrupt_type type, uint8_t vector)
{
    struct guest *guest = context;

    (void)type;
    for (unsigned each = 0; each < guest->vector_count; each++)
        if (guest->vectors[each] == vector)
            return;
    if (guest->vector_count < GUEST_VECTORS)
        guest->vectors[guest->vector_count++] = vector;
}

static void deliver(struct guest *guest)
{
    uint8_t vector;

    if (!guest->kernel || guest->delivering)
        return;
    guest->delivering = true;
    while (guest->mode == HV_VMM_HARDWARE && hv_vmm_take_interrupt(guest->vmm, &vector) == HV_OK)
        told(guest, HV_INTERRUPT_EVENT, vector);
    while (guest->vector_count) {
        vector = guest->vectors[0];
        memmove(guest->vectors, guest->vectors + 1, --guest->vector_count);
        instance_entry(guest->kernel)->interrupt(0xfee00000, vector);
    }
    guest->delivering = false;
}

bool guest_take_message(struct guest *guest, uint64_t address, uint32_t data)
{
    return guest->kernel && !instance_entry(guest->kernel)->interrupt(address, data);
}

/* After everything that may have made the VMM or the IOMMU work. */
static void follow(struct guest *guest)
{
    machine_settle(guest->world->machine);
    if (guest->below)
        world_run(guest->world);
    hv_vmm_deliver(guest->vmm);
    if (guest->below && guest->kernel)
        guest_messages_take(guest);
    deliver(guest);
}

/* ------------------------------------------------------------------------------ the guest's machine */

static bool is_iommu(uint64_t pa)
{
    return pa - IOMMU_MMIO < IOMMU_BYTES;
}

/* What leaving the guest takes its processor: an exit, the VMM's work, a call of the host's driver. */
static void spend_exits(struct guest *guest)
{
    const struct times *times = &guest->world->options->times;
    uint64_t exits = 0, bells = hv_vmm_exits(guest->vmm, HV_EXIT_RING_TAIL);

    for (int cause = 0; cause < HV_EXITS; cause++)
        exits += hv_vmm_exits(guest->vmm, (enum hv_exit)cause);
    world_spend(guest->world,
                (exits - guest->exits) * (times_of(times, "trap.exit") + times_of(times, "trap.dispatch")) +
                    (bells - guest->bells) * times_of(times, "trap.submit"));
    guest->exits = exits;
    guest->bells = bells;
}

static kshim_u64 mmio_read(void *context, kshim_u64 pa, int bytes)
{
    struct guest *guest = context;
    uint64_t value = UINT64_MAX;

    if (!is_iommu(pa))
        return machine_mmio_read(guest->world->machine, pa, (unsigned)bytes);
    if (hv_vmm_read(guest->vmm, pa - IOMMU_MMIO, (unsigned)bytes, &value) != HV_OK)
        FAIL(guest->world, "guest %u: a read of register %#llx fails", guest->number, pa - IOMMU_MMIO);
    world_spend(guest->world, guest->world->options->times.read);
    spend_exits(guest);
    return value;
}

static void mmio_write(void *context, kshim_u64 pa, int bytes, kshim_u64 value)
{
    struct guest *guest = context;

    if (!is_iommu(pa)) {
        machine_mmio_write(guest->world->machine, pa, value, (unsigned)bytes);
        return;
    }
    guest_cost_before(&guest->cost, pa - IOMMU_MMIO, value);
    if (hv_vmm_write(guest->vmm, pa - IOMMU_MMIO, (unsigned)bytes, value) != HV_OK)
        FAIL(guest->world, "guest %u: a write of register %#llx fails", guest->number, pa - IOMMU_MMIO);
    follow(guest);
    world_spend(guest->world, guest->world->options->times.write);
    spend_exits(guest);
    guest_cost_after(&guest->cost);
}

static kshim_u32 config_read(void *context, int segment, int bus, int devfn, int offset, int bytes)
{
    struct guest *guest = context;
    uint64_t value = UINT32_MAX;

    if (segment || bus)
        return UINT32_MAX;
    if (devfn == IOMMU_ID)
        return hv_vmm_pci_read(guest->vmm, (unsigned)offset, (unsigned)bytes, &value) == HV_OK
                   ? (kshim_u32)value
                   : UINT32_MAX;
    return guest_config_read(guest, (uint8_t)devfn, (unsigned)offset, (unsigned)bytes);
}

static void config_write(void *context, int segment, int bus, int devfn, int offset, int bytes,
                         kshim_u32 value)
{
    struct guest *guest = context;

    if (segment || bus)
        return;
    if (devfn == IOMMU_ID)
        hv_vmm_pci_write(guest->vmm, (unsigned)offset, (unsigned)bytes, value);
    else
        guest_config_write(guest, (uint8_t)devfn, (unsigned)offset, (unsigned)bytes, value);
    deliver(guest);
}

static void *acpi_table(void *context, const char *signature, int n)
{
    struct guest *guest = context;

    return !n && !strncmp(signature, "IVRS", 4) ? guest->ivrs : NULL;
}

static int last_bus(void *context, int segment)
{
    (void)context;
    return segment ? -1 : 0;
}

static kshim_u64 now(void *context)
{
    return machine_now(((struct guest *)context)->world->machine);
}

static void delay(void *context, kshim_u64 ns)
{
    struct guest *guest = context;

    machine_delay(guest->world->machine, ns);
    follow(guest);
}

static const struct kshim_ioapic ioapic[] = {{.id = 32}};

static struct kshim_ops operations(struct guest *guest)
{
    return (struct kshim_ops){
        .context = guest,
        .ram = ram_at(machine_ram(guest->world->machine), guest->spa, GUEST_RAM_BYTES),
        .ram_size = GUEST_RAM_BYTES,
        .seed = guest->world->options->seed + guest->number,
        .ioapics = ioapic,
        .ioapics_count = 1,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .config_read = config_read,
        .config_write = config_write,
        .acpi_table = acpi_table,
        .last_bus = last_bus,
        .now = now,
        .delay = delay,
    };
}

/* ------------------------------------------------------------------------------ life */

static bool add_devices(struct guest *guest, const struct guest_setup *setup)
{
    for (unsigned each = 0; each < GUEST_DEVICES && setup->devices[each]; each++) {
        struct guest_device *passed = &guest->devices[guest->device_count++];

        passed->device = setup->devices[each];
        passed->devfn = (uint8_t)((each + 1) << 3);
        passed->id = passed->devfn;
        snprintf(passed->name, sizeof(passed->name), "0000:00:%02x.0", each + 1);
        guest_config_start(passed);
        if (each && hv_vmm_add_device(guest->vmm, dma_device_id(passed->device), passed->id) != HV_OK)
            return false;
    }
    return guest->device_count > 0;
}

static bool make_vm(struct guest *guest, struct hv_driver *driver, const struct guest_setup *setup)
{
    struct hv_vmm_range ram = {.spa = guest->spa,
                               .bytes = GUEST_RAM_BYTES,
                               .at = ram_at(machine_ram(guest->world->machine), guest->spa, GUEST_RAM_BYTES)};
    struct hv_vmm_options options = {
        .mode = setup->mode,
        .first = dma_device_id(setup->devices[0]),
        .first_guest = 1 << 3,
        .tag = guest->number,
        .ranges = &ram,
        .range_count = 1,
        .stage2 = guest->below ? &guest->below->table : NULL,
        .untrapped = true,
        .mmio = IOMMU_MMIO,
        .iommu = IOMMU_ID,
        .host_tables = setup->host_tables,
        .ioapic = &(struct hv_vmm_ioapic){.number = 32, .device = 0x14 << 3},
        .vapic = setup->vapic,
        .context = guest,
        .interrupt = told,
    };
    enum hv_status status = hv_vmm_create(driver, &options, &guest->vmm);
    size_t bytes = 0;

    if (status != HV_OK || !add_devices(guest, setup)) {
        FAIL(guest->world, "guest %u: the VM cannot be made: status %d", guest->number, status);
        return false;
    }
    if (guest->below)
        host_space_follow(guest->below, hv_fd_stage2(hv_vmm_context(guest->vmm), hv_vmm_parent(guest->vmm)));
    guest_cost_start(&guest->cost, machine_iommu(guest->world->machine, 0),
                     machine_ram(guest->world->machine), guest->spa, GUEST_RAM_BYTES);
    hv_vmm_ivrs(guest->vmm, NULL, 0, &bytes);
    guest->ivrs = calloc(1, bytes);
    return guest->ivrs && hv_vmm_ivrs(guest->vmm, guest->ivrs, bytes, &bytes) == HV_OK;
}

static bool start_kernel(struct guest *guest, const struct guest_setup *setup)
{
    struct world *world = guest->world;
    struct kshim_ops ops = operations(guest);
    char error[400], name[16];
    int result;

    snprintf(name, sizeof(name), "guest%u", guest->number);
    guest->kernel = instance_load(setup->object ? setup->object : world->options->guest_object, name, error,
                                  sizeof(error));
    if (!guest->kernel) {
        FAIL(world, "%s", error);
        return false;
    }
    if (world->options->verbose)
        instance_log_to(guest->kernel, stderr);
    guest->api = instance_api(guest->kernel);
    ops.command_line = setup->command_line ? setup->command_line : "";
    ops.flags = setup->flags;
    result = instance_boot(guest->kernel, &ops);
    EXPECT(world, !result, "guest %u: the driver's init gives %d", guest->number, result);
    for (unsigned each = 0; each < guest->device_count; each++)
        EXPECT(world, !guest->api->device_enable(guest->devices[each].name), "guest %u: %s cannot be enabled",
               guest->number, guest->devices[each].name);
    return !result;
}

struct guest *guest_boot(struct world *world, struct hv_driver *driver, const struct guest_setup *setup)
{
    struct guest *guest = calloc(1, sizeof(*guest));

    if (!guest)
        return NULL;
    guest->world = world;
    guest->mode = setup->mode;
    guest->spa = setup->spa;
    guest->below = setup->below;
    guest->number = 0;
    while (guest->number < WORLD_GUESTS && world->guests[guest->number])
        guest->number++;
    if (guest->number == WORLD_GUESTS) {
        FAIL(world, "too many guests");
        free(guest);
        return NULL;
    }
    world->guests[guest->number] = guest;
    if (make_vm(guest, driver, setup) && start_kernel(guest, setup))
        return guest;
    guest_end(guest);
    return NULL;
}

void guest_end(struct guest *guest)
{
    if (!guest)
        return;
    if (guest->kernel) {
        EXPECT(guest->world, !instance_entry(guest->kernel)->locks_held(), "guest %u ends with locks held",
               guest->number);
        if (instance_all_troubles(guest->kernel)) {
            FAIL(guest->world, "guest %u was in trouble: %s", guest->number,
                 instance_first_trouble(guest->kernel));
            instance_print_troubles(guest->kernel, stderr);
        }
    }
    guest->world->guests[guest->number] = NULL;
    guest_cost_end(&guest->cost);
    if (guest->below) {
        guest_messages_end(guest);
        host_space_follow(guest->below, NULL);
    }
    hv_vmm_destroy(guest->vmm);
    free(guest->ivrs);
    free(guest);
}

void guest_run(struct guest *guest)
{
    follow(guest);
    instance_entry(guest->kernel)->run();
    follow(guest);
}

/* ------------------------------------------------------------------------------ its devices */

enum dma_outcome guest_write(struct guest *guest, unsigned device, uint64_t address, const void *data,
                             uint64_t bytes)
{
    enum dma_outcome outcome;

    hv_vmm_look(guest->vmm);
    outcome = dma_write(guest->devices[device].device, address, data, bytes);
    follow(guest);
    return outcome;
}

enum dma_outcome guest_read(struct guest *guest, unsigned device, uint64_t address, void *data,
                            uint64_t bytes)
{
    enum dma_outcome outcome;

    hv_vmm_look(guest->vmm);
    outcome = dma_read(guest->devices[device].device, address, data, bytes);
    follow(guest);
    return outcome;
}

uint64_t guest_word(struct guest *guest, uint64_t gpa)
{
    return ram_get(machine_ram(guest->world->machine), guest->spa + gpa);
}
