// SPDX-License-Identifier: Apache-2.0
/* IOMMUs that are called: everything is done when the call returns, and takes no time. */
#include "testbench/platform/way.h"

#include "amdvi/host.h"

#include "testbench/platform/ram.h"
#include "testbench/platform/way_direct.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- life */

/* The largest window first: it is the one that the library reads in place without looking at others. */
static size_t largest_window(const struct ram *ram)
{
    size_t best = 0;

    for (size_t i = 1; ram_window(ram, i); i++)
        if (ram_window(ram, i)->size > ram_window(ram, best)->size)
            best = i;
    return best;
}

static bool add_windows(struct amdvi_device *device, const struct ram *ram, size_t but)
{
    for (size_t i = 0; ram_window(ram, i); i++) {
        const struct ram_window *from = ram_window(ram, i);
        struct amdvi_window window = {.base = from->base, .size = from->size, .bytes = from->bytes};
        if (i != but && amdvi_window_add(device, &window) != AMDVI_OK)
            return false;
    }
    return true;
}

enum amdvi_status way_direct_device(const struct machine_order *order, struct amdvi_device **device)
{
    size_t best = largest_window(order->ram);
    const struct ram_window *window = ram_window(order->ram, best);
    struct amdvi_memory memory = order->memory;
    enum amdvi_status status;

    memory.direct = window->bytes;
    memory.direct_base = window->base;
    memory.direct_size = window->size;
    status = amdvi_create(order->config, &memory, &order->callbacks, NULL, device);
    if (status != AMDVI_OK || add_windows(*device, order->ram, best))
        return status;
    amdvi_destroy(*device);
    return AMDVI_ERR_NO_MEMORY;
}

static enum amdvi_status create(void *context, const struct machine_order *order, void **unit,
                                struct amdvi_device **device)
{
    enum amdvi_status status = way_direct_device(order, device);

    (void)context;
    *unit = status == AMDVI_OK ? *device : NULL;
    return status;
}

static void destroy(void *unit)
{
    amdvi_destroy(unit);
}

static enum amdvi_status reset(void *unit)
{
    return amdvi_reset(unit);
}

/* ---------------------------------------------------------------- the processor */

static enum amdvi_status bus_read(void *unit, uint64_t spa, unsigned size, uint64_t *value)
{
    return amdvi_bus_read(unit, spa, size, value);
}

static enum amdvi_status bus_write(void *unit, uint64_t spa, unsigned size, uint64_t value)
{
    return amdvi_bus_write(unit, spa, size, value);
}

static enum amdvi_status pci_read(void *unit, unsigned offset, unsigned size, uint64_t *value)
{
    return amdvi_pci_read(unit, offset, size, value);
}

static enum amdvi_status pci_write(void *unit, unsigned offset, unsigned size, uint64_t value)
{
    return amdvi_pci_write(unit, offset, size, value);
}

/* ---------------------------------------------------------------- devices */

static enum amdvi_status dma(void *unit, const struct amdvi_request *request, void *data,
                             struct amdvi_result *result)
{
    return amdvi_dma(unit, request, data, result);
}

static enum amdvi_status interrupt(void *unit, uint16_t requester, uint64_t address, uint32_t data,
                                   struct amdvi_int_result *result)
{
    return amdvi_interrupt(unit, requester, address, data, result);
}

static enum amdvi_status translate(void *unit, const struct amdvi_request *request,
                                   struct amdvi_result *result)
{
    return amdvi_translate(unit, request, result);
}

static enum amdvi_status page_request(void *unit, const struct amdvi_page_request *request,
                                      struct amdvi_page_request_result *result)
{
    return amdvi_page_request(unit, request, result);
}

static enum amdvi_status atc_complete(void *unit, uint32_t tag)
{
    return amdvi_atc_complete(unit, tag);
}

/* ---------------------------------------------------------------- time */

static bool work(void *unit)
{
    bool some = false;

    if (amdvi_has_work(unit, &some) != AMDVI_OK || !some)
        return false;
    amdvi_run(unit);
    return true;
}

static void advance(void *unit, uint64_t nanoseconds, uint64_t now)
{
    (void)now;
    amdvi_advance(unit, nanoseconds);
}

static uint64_t no_clock(void *unit)
{
    (void)unit;
    return 0;
}

const struct machine_way way_direct = {.create = create,
                                       .destroy = destroy,
                                       .reset = reset,
                                       .bus_read = bus_read,
                                       .bus_write = bus_write,
                                       .pci_read = pci_read,
                                       .pci_write = pci_write,
                                       .dma = dma,
                                       .interrupt = interrupt,
                                       .translate = translate,
                                       .page_request = page_request,
                                       .atc_complete = atc_complete,
                                       .work = work,
                                       .advance = advance,
                                       .now = no_clock};
