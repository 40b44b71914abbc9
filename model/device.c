// SPDX-License-Identifier: Apache-2.0
/* Birth, reset and death of a device; its clock and its work. */
#include "model/commands/ats.h"
#include "model/commands/command.h"
#include "model/flight.h"
#include "model/guests/guest.h"
#include "model/port/external.h"
#include "model/units.h"

#include "model/base/allocator.h"
#include "model/base/sized.h"
#include "model/plan.h"
#include "model/registers/control.h"
#include "model/signals/signals.h"

static struct cache_geometry geometry(const struct amdvi_config *config, enum config_id entries,
                                      enum config_id ways)
{
    return (struct cache_geometry){.log2_entries = (uint8_t)config->value[entries],
                                   .ways = (uint8_t)config->value[ways],
                                   .policy = (uint8_t)config->value[CONFIG_CACHE_POLICY]};
}

static struct cache_geometry placed(const struct amdvi_config *config, enum config_id entries,
                                    enum config_id ways, enum config_id disable, enum config_id index)
{
    struct cache_geometry g = geometry(config, entries, ways);

    g.way_disable = (uint16_t)config->value[disable];
    g.index = (uint8_t)config->value[index];
    g.index_shift = (uint8_t)config->value[CONFIG_INDEX_SHIFT];
    return g;
}

static void set_groups(struct cache_geometry *g, const struct amdvi_config *config, enum config_id partition,
                       enum config_id groups)
{
    g->partition = (uint8_t)config->value[partition];
    g->log2_groups = (uint8_t)__builtin_ctzll(config->value[groups]);
}

static bool create_caches(struct amdvi_device *device)
{
    const struct amdvi_config *config = &device->config;
    struct cache_geometry dtc =
        placed(config, CONFIG_DTC_ENTRIES, CONFIG_DTC_WAYS, CONFIG_DTC_DISABLE, CONFIG_DTC_INDEX);
    struct cache_geometry itc =
        placed(config, CONFIG_ITC_ENTRIES, CONFIG_ITC_WAYS, CONFIG_ITC_DISABLE, CONFIG_ITC_INDEX);
    struct tlb_config tlb = {
        .ptc = placed(config, CONFIG_PTC_ENTRIES, CONFIG_PTC_WAYS, CONFIG_PTC_DISABLE, CONFIG_PTC_INDEX),
        .pdc = placed(config, CONFIG_PDC_ENTRIES, CONFIG_PDC_WAYS, CONFIG_PDC_DISABLE, CONFIG_PDC_INDEX),
        .gcr3 = geometry(config, CONFIG_GCR3_ENTRIES, CONFIG_GCR3_WAYS),
        .page_sizes = (uint8_t)config->value[CONFIG_PAGE_SIZES],
        .owners = reg_efr_viommusup(config->value[CONFIG_EFR]),
    };

    set_groups(&tlb.ptc, config, CONFIG_PTC_PARTITION, CONFIG_PTC_GROUPS);
    set_groups(&tlb.pdc, config, CONFIG_PDC_PARTITION, CONFIG_PDC_GROUPS);
    device->entries.itc_gen = allocate_zeroed(&device->allocator, DEVICES * sizeof(*device->entries.itc_gen));
    device->reported = allocate_zeroed(&device->allocator, DEVICES / 8);
    return cache_create(&device->entries.dtc, &dtc, sizeof(struct dtc_line), &device->allocator) &&
           cache_create(&device->entries.itc, &itc, sizeof(struct itc_line), &device->allocator) &&
           tlb_create(&device->tlb, &tlb, &device->allocator) && guests_create(device) &&
           guest_logs_create(device) && pmu_create(device) && commands_create(device) &&
           device->entries.itc_gen && device->reported;
}

static void destroy(struct amdvi_device *device)
{
    struct amdvi_allocator allocator = device->allocator;

    observers_free(device);
    external_destroy(device);
    atc_clear(device);
    guests_destroy(device);
    guest_logs_destroy(device);
    commands_destroy(device);
    pmu_destroy(device);
    cache_destroy(&device->entries.dtc, &allocator);
    cache_destroy(&device->entries.itc, &allocator);
    tlb_destroy(&device->tlb, &allocator);
    release(&allocator, device->entries.itc_gen);
    release(&allocator, device->reported);
    release(&allocator, device);
}

enum amdvi_status amdvi_create_sized(const struct amdvi_config *config, const struct amdvi_memory *memory,
                                     size_t memory_size, const struct amdvi_callbacks *callbacks,
                                     size_t callbacks_size, const struct amdvi_allocator *allocator,
                                     struct amdvi_device **device)
{
    struct amdvi_memory known = {0};
    struct amdvi_callbacks calls = {0};
    struct amdvi_device *new;

    if (!config || !memory || !device)
        return AMDVI_ERR_ARGUMENT;
    if (sized_take(&known, sizeof(known), memory, memory_size) ||
        (callbacks && sized_take(&calls, sizeof(calls), callbacks, callbacks_size)))
        return AMDVI_ERR_UNSUPPORTED;
    new = allocate_zeroed(allocator, sizeof(*new));
    if (!new)
        return AMDVI_ERR_NO_MEMORY;
    new->config = *config;
    new->memory = known;
    new->callbacks = calls;
    if (allocator)
        new->allocator = *allocator;
    if (!create_caches(new)) {
        destroy(new);
        return AMDVI_ERR_NO_MEMORY;
    }
    amdvi_reset(new);
    *device = new;
    return AMDVI_OK;
}

enum amdvi_status amdvi_destroy(struct amdvi_device *device)
{
    if (!device)
        return AMDVI_OK;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    destroy(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_reset(struct amdvi_device *device)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device) || (device->external && device->external->pumping))
        return AMDVI_ERR_BUSY;
    tell_call(device, AMDVI_CALL_RESET, 0);
    external_cancel(device);
    device->caches = device->config.value[CONFIG_CACHES];
    device->command_run = device->guests.unsettled = false;
    device->command_blocked.held = false;
    memset(device->logs.log, 0, sizeof(device->logs.log));
    atc_clear(device);
    guests_reset(device);
    pmu_reset(device);
    inject_reset(device);
    device->now = 0;
    memset(&device->statistics, 0, sizeof(device->statistics));
    regs_reset(device);
    pci_reset(device);
    device_derive(device);
    tlb_clear(&device->tlb);
    dtc_invalidate_all(device);
    cache_clear(&device->entries.itc);
    if (device->external)
        units_begin(device);
    return AMDVI_OK;
}

/* At once. */
static void run_now(struct amdvi_device *device)
{
    struct job job;

    job_begin(device, &job);
    atc_check_timeouts(device, &job);
    job_begin(device, &device->host_commands->job);
    host_ring_run(device, device->host_commands);
    job_begin(device, &device->guest_commands->job);
    guest_rings_run(device, device->guest_commands);
}

enum amdvi_status amdvi_run(struct amdvi_device *device)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    tell_call(device, AMDVI_CALL_RUN, 0);
    if (!device->external) {
        run_now(device);
        return AMDVI_OK;
    }
    device->external->stirred = true;
    external_pump(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_advance(struct amdvi_device *device, uint64_t nanoseconds)
{
    if (!device || device->now + nanoseconds < device->now)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    tell_call(device, AMDVI_CALL_ADVANCE, nanoseconds);
    device->now += nanoseconds;
    return AMDVI_OK;
}

enum amdvi_status amdvi_get_statistics_sized(const struct amdvi_device *device,
                                             struct amdvi_statistics *statistics, size_t size)
{
    if (!device || !statistics)
        return AMDVI_ERR_ARGUMENT;
    sized_give(statistics, size, &device->statistics, sizeof(device->statistics));
    return AMDVI_OK;
}
