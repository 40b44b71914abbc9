// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include "guest.h"
#include "surroundings.h"
#include "world_lint.h"
#include "world_record.h"

#include "model/layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTERS = 0x80000 }; /* bytes of the window of an IOMMU [2.1] */

/* ------------------------------------------------------------------------------ telling */

void world_fail(struct world *world, const char *file, int line, const char *format, ...)
{
    const char *base = strrchr(file, '/');
    char text[400];
    va_list arguments;

    world->failures++;
    if (world->failures > 20)
        return; /* one cause, many lines */
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s:%d: %s\n", base ? base + 1 : file, line, text);
    world_report_first(world->report, text);
}

void world_tell(struct world *world, const char *format, ...)
{
    va_list arguments;

    printf("  ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    (void)world;
}

static uint64_t random_state;

uint64_t world_random(struct world *world)
{
    uint64_t mix;

    (void)world;
    mix = random_state += 0x9e3779b97f4a7c15u;
    mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
    mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
    return mix ^ mix >> 31;
}

/* ------------------------------------------------------------------------------ the machine */

static void deliver(void *context, uint64_t address, uint32_t data)
{
    struct world *world = context;

    if (world->kernel) {
        kernel_machine_deliver(world->kernel, address, data);
        return;
    }
    for (unsigned each = 0; each < WORLD_GUESTS; each++)
        if (world->guests[each] && guest_take_message(world->guests[each], address, data))
            return;
}

static void attach(void *context, size_t index, struct amdvi_device *device,
                   const struct amdvi_config *config)
{
    struct world *world = context;

    world_record_attach(world, index, device, config);
    world_lint_attach(world, index, device);
    world_report_attach(world->report, device);
}

static struct world *world_of_nic;

static void nic_write(void *context, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    (void)context;
    (void)bar;
    (void)size;
    if (world_of_nic->nic_written)
        world_of_nic->nic_written(world_of_nic, offset, value);
}

static struct pcie_description nic_description(void)
{
    return (struct pcie_description){.kind = PCIE_INTEGRATED,
                                     .devfn = 1 << 3,
                                     .msi = 16,
                                     .msi_mask = true,
                                     .bar = {{.bytes = 0x4000}},
                                     .bar_write = nic_write,
                                     .flr = true};
}

static struct pcie_description usb_description(void)
{
    return (struct pcie_description){
        .kind = PCIE_INTEGRATED, .devfn = 3 << 3, .class_code = 0x0c0330, .msi = 1, .msi_narrow = true};
}

static struct pcie_description gpu_description(struct pcie_function *port)
{
    return (struct pcie_description){.kind = PCIE_ENDPOINT,
                                     .bridge = port,
                                     .class_code = 0x030000,
                                     .bar = {{.bytes = 0x10000}},
                                     .msix = 16,
                                     .flr = true,
                                     .ats = true,
                                     .pri = true,
                                     .pasid = true,
                                     .pasid_bits = 16,
                                     .acs = false};
}

static void plug(struct world *world)
{
    struct pcie_description port = {.kind = PCIE_ROOT_PORT, .devfn = 2 << 3, .acs = true};
    struct pcie_description nic = nic_description(), usb = usb_description(), gpu;
    struct pcie_function *bridge = NULL;

    world_of_nic = world;
    world->nic = dma_device_create(world->machine, &nic, NULL);
    world->usb = dma_device_create(world->machine, &usb, NULL);
    if (pcie_add(machine_pci(world->machine), &port, &bridge) == AMDVI_OK) {
        gpu = gpu_description(bridge);
        world->gpu = dma_device_create(world->machine, &gpu, NULL);
    }
    if (!world->nic || !world->usb || !world->gpu)
        FAIL(world, "the devices cannot be plugged in");
}

/* Preset first, then what the scenario says. */
static const char **keys_of(const struct world_setup *setup, const char *keys[WORLD_KEYS + 2],
                            char preset[64])
{
    size_t count = 0;

    snprintf(preset, 64, "preset=%s", setup->preset ? setup->preset : "genoa");
    keys[count++] = preset;
    for (size_t each = 0; each < WORLD_KEYS && setup->keys[each]; each++)
        keys[count++] = setup->keys[each];
    keys[count] = NULL;
    return keys;
}

/* The second IOMMU takes what is behind the root port. */
static void describe_iommus(struct machine_config *config, const struct world_setup *setup, const char **keys)
{
    config->iommus[0].keys = keys;
    config->iommus[0].memory = setup->memory;
    config->iommus[0].memory_count = setup->memory_count;
    config->iommus[0].aliases = setup->aliases;
    config->iommus[0].aliases_count = setup->aliases_count;
    if (setup->iommus < 2)
        return;
    config->iommus_count = 2;
    config->iommus[0].last = 0x00ff;
    config->iommus[1] = config->iommus[0];
    config->iommus[1].device = 4 << 3 | 2;
    config->iommus[1].first = 0x0100;
    config->iommus[1].last = 0xffff;
    config->iommus[1].registers = 0xfd000000;
}

bool world_build(struct world *world, const struct world_setup *setup)
{
    const char *keys[WORLD_KEYS + 2];
    char preset[64];
    struct machine_config config;
    struct machine_error error = {""};

    random_state = world->options->seed;
    world_lint_setup(world, setup->queued);
    machine_config_default(&config);
    memset(config.ram, 0, sizeof(config.ram));
    config.ram[0].size = WORLD_RAM_BYTES;
    config.ivrs_types = setup->ivrs_types;
    config.late = setup->late;
    config.context = world;
    config.deliver = deliver;
    config.attach = attach;
    world->timed = world->options->timed || setup->timed;
    world->timing = (struct way_timed){.parameters = &world->options->times.iommu};
    config.way = surroundings_way(world->timed);
    config.way_context = &world->timing;
    describe_iommus(&config, setup, keys_of(setup, keys, preset));
    if (machine_create(&config, &world->machine, &error) != AMDVI_OK) {
        FAIL(world, "the machine cannot be built: %s", error.text);
        return false;
    }
    plug(world);
    if (setup->plug)
        setup->plug(world);
    if (machine_power_on(world->machine) != AMDVI_OK) {
        FAIL(world, "the machine's firmware fails");
        return false;
    }
    return !world->failures;
}

/* ------------------------------------------------------------------------------ the kernel */

/* Doorbells are where the driver's stores become the hardware's business. */
static void writes(void *context, uint64_t pa)
{
    struct world *world = context;

    world_lint_place(world, world->kernel);
    if ((pa & (REGISTERS - 1)) != REG_CMD_TAIL_OFFSET)
        return;
    world->doorbell = way_timed_now(&world->timing, 0);
    world_lint_look(world);
}

static bool load(struct world *world, const char *name)
{
    char error[400];

    world->kernel = instance_load(world->options->object, name, error, sizeof(error));
    if (!world->kernel) {
        FAIL(world, "%s", error);
        return false;
    }
    if (world->options->verbose)
        instance_log_to(world->kernel, stderr);
    world->api = world_report_calls(world->report, instance_api(world->kernel));
    world->version = instance_version(world->kernel);
    return true;
}

static bool start(struct world *world, const struct world_setup *setup, uint64_t ram_first, uint64_t ram_end)
{
    struct kshim_ops ops;
    int result;

    world->seen_by_kernel =
        (struct kernel_machine){.machine = world->machine, .writes = writes, .context = world};
    if (world->timed) {
        world->seen_by_kernel.read_ns = world->options->times.read;
        world->seen_by_kernel.write_ns = world->options->times.write;
    }
    ops = kernel_machine_ops(&world->seen_by_kernel, ram_end);
    ops.ram_first = ram_first;
    ops.command_line = setup->command_line ? setup->command_line : "";
    ops.flags = setup->flags | (world->options->interleave ? KSHIM_INTERLEAVE : 0u);
    ops.seed = world->options->seed;
    result = instance_boot(world->kernel, &ops);
    if (result)
        FAIL(world, "the driver's init gives %d", result);
    for (size_t each = 0; !result && each < 3; each++)
        EXPECT(world,
               !world->api->device_enable(((const char *const[]){WORLD_NIC, WORLD_GPU, WORLD_USB})[each]),
               "a device cannot be enabled");
    world_run(world);
    return !result;
}

bool world_boot(struct world *world, const struct world_setup *setup)
{
    if (!world_build(world, setup) || !load(world, "host"))
        return false;
    if (setup->before_boot)
        setup->before_boot(world);
    return start(world, setup, setup->set_aside, WORLD_KERNEL_BYTES);
}

static void look_for_troubles(struct world *world)
{
    EXPECT(world, !instance_entry(world->kernel)->locks_held(), "the scenario ends with locks held");
    if (instance_all_troubles(world->kernel)) {
        FAIL(world, "the kernel was in trouble: %s", instance_first_trouble(world->kernel));
        instance_print_troubles(world->kernel, stderr);
    }
}

bool world_boot_again(struct world *world, const struct world_setup *setup)
{
    bool crashed = setup->flags & KSHIM_KDUMP;

    look_for_troubles(world);
    /* what the first one did is no part of the second one's story */
    world_lint_finish(world);
    for (size_t index = 0; machine_iommu(world->machine, index); index++)
        world_lint_attach(world, index, machine_iommu(world->machine, index));
    if (!load(world, "second"))
        return false;
    return start(world, setup, crashed ? WORLD_KERNEL_BYTES : 0,
                 crashed ? WORLD_RAM_BYTES : WORLD_KERNEL_BYTES);
}

void world_run(struct world *world)
{
    instance_entry(world->kernel)->run();
}

void world_spend(struct world *world, uint64_t ns)
{
    if (world->timed)
        machine_delay(world->machine, ns);
}

void world_pass(struct world *world, uint64_t ns)
{
    const struct kshim_entry *entry = instance_entry(world->kernel);
    uint64_t end = machine_now(world->machine) + ns;

    for (;;) {
        uint64_t now = machine_now(world->machine), next = entry->next_timer();

        if (now >= end)
            break;
        machine_delay(world->machine, next > now && next < end ? next - now : end - now);
        world_run(world);
    }
}

void world_close(struct world *world)
{
    const char *wrong;

    world_lint_finish(world);
    world_record_finish(world);
    wrong = surroundings_finish();
    EXPECT(world, !wrong, "%s", wrong);
    machine_destroy(world->machine);
    world->machine = NULL;
}

void world_end_kernel(struct world *world)
{
    if (!world->kernel)
        return;
    world_run(world);
    look_for_troubles(world);
    world->kernel = NULL;
}

void world_end(struct world *world)
{
    bool had_kernel = world->kernel;

    world_end_kernel(world);
    world_close(world);
    if (world->failures && had_kernel && !world->options->verbose)
        fprintf(stderr, "(the kernel's log: --verbose)\n");
}
