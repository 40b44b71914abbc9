// SPDX-License-Identifier: GPL-2.0-only
#include "host_kernel.h"

#include "model/layout.h"
#include "testbench/platform/ram.h"

#include <errno.h>

enum { REGISTERS = 0x80000, RECORD_BYTES = 16 };

void host_name_of(const struct dma_device *device, char name[HOST_NAME])
{
    uint16_t id = dma_device_id(device);

    snprintf(name, HOST_NAME, "0000:%02x:%02x.%x", (unsigned)id >> 8, (unsigned)id >> 3 & 0x1f, id & 7u);
}

/* ------------------------------------------------------------------------------ what the owner does */

static enum hv_status status_of(int result)
{
    return !result ? HV_OK : result == -ERANGE ? HV_ERR_NO_ID : HV_ERR_DEVICE;
}

static enum hv_status entry_read(void *context, uint16_t device, uint64_t entry[4])
{
    const struct host_kernel *host = context;
    unsigned long long words[4] = {0};
    int result = host->kernel->entry_read(WORLD_NIC, device, words);

    for (unsigned each = 0; each < 4; each++)
        entry[each] = words[each];
    return status_of(result);
}

static enum hv_status entry_write(void *context, uint16_t device, const uint64_t entry[4])
{
    struct host_kernel *host = context;
    const unsigned long long words[4] = {entry[0], entry[1], entry[2], entry[3]};

    host->commands += 2; /* the flush and its wait */
    return status_of(host->kernel->entry_write(WORLD_NIC, device, words));
}

static enum hv_status command(void *context, const uint64_t words[2])
{
    struct host_kernel *host = context;

    host->commands++;
    return status_of(host->kernel->command(WORLD_NIC, (const unsigned long long[]){words[0], words[1]}));
}

static enum hv_status wait(void *context)
{
    struct host_kernel *host = context;

    host->commands++;
    return status_of(host->kernel->wait(WORLD_NIC));
}

/* ------------------------------------------------------------------------------ logs */

static uint64_t register_at(struct host_kernel *host, uint64_t offset)
{
    uint64_t value = 0;

    amdvi_mmio_read(machine_iommu(host->world->machine, 0), offset, 8, &value);
    return value;
}

static void hand_on(struct host_kernel *host, struct host_log *log, enum amdvi_log kind)
{
    bool events = kind == AMDVI_LOG_EVENT;
    uint64_t base = register_at(host, events ? REG_EVENT_BASE_OFFSET : REG_PPR_BASE_OFFSET);
    uint64_t at = reg_event_base_base(base), record[2];
    uint32_t bytes = RECORD_BYTES << reg_event_base_len(base);
    uint32_t tail = (uint32_t)register_at(host, events ? REG_EVENT_TAIL_OFFSET : REG_PPR_TAIL_OFFSET);
    bool heard;

    for (; log->seen != tail && log->seen < bytes; log->seen = (log->seen + RECORD_BYTES) % bytes) {
        record[0] = ram_get(machine_ram(host->world->machine), at + log->seen);
        record[1] = ram_get(machine_ram(host->world->machine), at + log->seen + 8);
        hv_driver_record(host->driver, kind, record, &heard);
    }
}

/* Once for each overflow; the kernel clears the bit when it starts the log again. */
static void look_for_overflow(struct host_kernel *host, struct host_log *log, enum amdvi_log kind)
{
    uint64_t bit = kind == AMDVI_LOG_EVENT ? REG_STATUS_EVENTOVERFLOW_MASK : REG_STATUS_PPROVERFLOW_MASK;
    bool now = register_at(host, REG_STATUS_OFFSET) & bit;

    if (now && !log->overflowed)
        hv_driver_lost(host->driver, kind);
    log->overflowed = now;
}

static void look_at(struct host_kernel *host, struct host_log *log, enum amdvi_log kind)
{
    hand_on(host, log, kind);
    look_for_overflow(host, log, kind);
}

/* The kernel's handler is about to learn what there is, from Status, and how far a log reaches. It clears an
 * overflow before it reads what came before that. */
static void reads(void *context, uint64_t pa)
{
    struct host_kernel *host = context;
    uint64_t offset = pa & (REGISTERS - 1);

    if (!host->driver)
        return;
    if (offset == REG_STATUS_OFFSET || offset == REG_EVENT_TAIL_OFFSET)
        look_at(host, &host->events, AMDVI_LOG_EVENT);
    if (offset == REG_STATUS_OFFSET || offset == REG_PPR_TAIL_OFFSET)
        look_at(host, &host->requests, AMDVI_LOG_PPR);
}

/* ------------------------------------------------------------------------------ life */

static bool make_memory(struct host_kernel *host, uint64_t spa, uint64_t bytes)
{
    struct ram *ram = machine_ram(host->world->machine);

    host->memory = hv_memory_over(spa, bytes, ram_at(ram, spa, bytes));
    return host->memory &&
           hv_memory_reach(host->memory, 0, WORLD_KERNEL_BYTES, ram_at(ram, 0, WORLD_KERNEL_BYTES));
}

bool host_kernel_join(struct host_kernel *host, struct world *world, uint64_t spa, uint64_t bytes)
{
    struct hv_options options = {.devid = 0x0002};
    struct hv_owner owner = {.context = host,
                             .entry_read = entry_read,
                             .entry_write = entry_write,
                             .command = command,
                             .wait = wait};
    enum hv_status status = HV_ERR_NO_MEMORY;

    *host = (struct host_kernel){.world = world, .kernel = instance_entry(world->kernel)->owner};
    if (make_memory(host, spa, bytes))
        status =
            hv_driver_share(machine_iommu(world->machine, 0), host->memory, &options, &owner, &host->driver);
    if (status != HV_OK) {
        FAIL(world, "the hypervisor cannot join the kernel: status %d", status);
        return false;
    }
    host->events.seen = (uint32_t)register_at(host, REG_EVENT_HEAD_OFFSET);
    host->requests.seen = (uint32_t)register_at(host, REG_PPR_HEAD_OFFSET);
    world->seen_by_kernel.reads_context = host;
    world->seen_by_kernel.reads = reads;
    return true;
}

void host_kernel_leave(struct host_kernel *host)
{
    host->world->seen_by_kernel.reads = NULL;
    hv_driver_destroy(host->driver);
    hv_memory_destroy(host->memory);
    *host = (struct host_kernel){0};
}
