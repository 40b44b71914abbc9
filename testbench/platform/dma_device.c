// SPDX-License-Identifier: Apache-2.0
/* A DMA device as such: it comes, it goes, it reads and writes. */
#include "testbench/platform/dma_internal.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- coming and going */

static void on_reset(void *context)
{
    struct dma_device *device = context;

    device->statistics.resets++;
    dma_atc_forget(device);
    dma_forget_invalidations(device);
    dma_pages_forget(device);
}

/* A device whose ATS is switched off keeps no translation. */
static void on_written(void *context, unsigned offset, unsigned size)
{
    struct dma_device *device = context;

    if (!pcie_ats_enabled(device->function))
        dma_atc_forget(device);
    dma_pages_written(device);
}

static void on_removed(void *context)
{
    struct dma_device *device = context, **at = &device->machine->devices;

    while (*at != device)
        at = &(*at)->next;
    *at = device->next;
    dma_forget_invalidations(device);
    free(device);
}

static enum amdvi_status plug_in(struct dma_device *device, const struct pcie_description *description)
{
    struct pcie_description what = *description;

    what.context = device;
    what.reset = on_reset;
    what.written = on_written;
    what.removed = on_removed;
    return pcie_add(machine_pci(device->machine), &what, &device->function);
}

static bool has_callbacks(const struct pcie_description *what)
{
    return what->context || what->read || what->write || what->reset || what->written || what->removed;
}

struct dma_device *dma_device_create(struct machine *machine, const struct pcie_description *description,
                                     enum amdvi_status *status)
{
    struct dma_device *device = NULL;
    enum amdvi_status ignored;

    status = status ? status : &ignored;
    *status = AMDVI_ERR_ARGUMENT;
    if (has_callbacks(description) || description->kind == PCIE_HOST_BRIDGE)
        return NULL;
    *status = AMDVI_ERR_NO_MEMORY;
    device = calloc(1, sizeof(*device));
    if (!device)
        return NULL;
    device->machine = machine;
    *status = plug_in(device, description);
    if (*status != AMDVI_OK) {
        free(device);
        return NULL;
    }
    device->next = machine->devices;
    machine->devices = device;
    return device;
}

void dma_device_remove(struct dma_device *device)
{
    pcie_remove(device->function);
}

struct pcie_function *dma_device_function(const struct dma_device *device)
{
    return device->function;
}

uint16_t dma_device_id(const struct dma_device *device)
{
    return pcie_requester(device->function);
}

struct dma_statistics dma_statistics(const struct dma_device *device)
{
    return device->statistics;
}

/* ---------------------------------------------------------------- requests */

static bool in_range(const struct dma_access *access)
{
    return access->length >= 1 && access->length <= DMA_LENGTH_MAX && access->pasid < 1u << 20 &&
           access->address <= UINT64_MAX - (access->length - 1);
}

enum dma_outcome dma_allowed(const struct dma_device *device, const struct dma_access *access)
{
    const struct pcie_function *f = device->function;

    if (!in_range(access))
        return DMA_BAD_ARGUMENT;
    if (access->forced)
        return DMA_DONE;
    if (!pcie_is_master(f))
        return DMA_NOT_MASTER;
    if (access->has_pasid && (!pcie_pasid_enabled(f) || access->pasid >> pcie_describe(f)->pasid_bits))
        return DMA_NO_PASID;
    if ((access->privileged && !(access->has_pasid && pcie_pasid_privileged_enabled(f))) ||
        (access->execute && !(access->has_pasid && pcie_pasid_execute_enabled(f))))
        return DMA_NO_PASID;
    return access->ats && !pcie_ats_enabled(f) ? DMA_NO_ATS : DMA_DONE;
}

struct amdvi_request dma_request(const struct dma_device *device, const struct dma_access *access)
{
    return (struct amdvi_request){
        .device = pcie_requester(device->function),
        .op = access->write     ? AMDVI_WRITE
              : access->execute ? AMDVI_EXECUTE
                                : AMDVI_READ,
        .has_pasid = access->has_pasid,
        .pasid = access->has_pasid ? access->pasid : 0,
        .privileged = access->privileged,
        .address = access->address,
        .length = access->length,
    };
}

enum dma_outcome dma_send(struct dma_device *device, const struct amdvi_request *request, void *data,
                          struct amdvi_result *result)
{
    enum amdvi_status status =
        machine_request(device->machine, pcie_segment(device->function), request, data, result);

    if (status == AMDVI_ERR_MEMORY)
        return DMA_NO_MEMORY;
    if (status != AMDVI_OK)
        return DMA_BAD_ARGUMENT;
    return result->ok ? DMA_DONE : DMA_FAULT;
}

static enum dma_outcome access_by(struct dma_device *device, const struct dma_access *access, void *data,
                                  struct amdvi_result *result)
{
    struct amdvi_request request = dma_request(device, access);

    return access->ats ? dma_access_translated(device, access, data, result)
                       : dma_send(device, &request, data, result);
}

static void count(struct dma_device *device, const struct dma_access *access, enum dma_outcome outcome)
{
    struct dma_statistics *counts = &device->statistics;

    if (access->write)
        counts->writes++;
    else
        counts->reads++;
    counts->faults += outcome == DMA_FAULT;
}

enum dma_outcome dma_access(struct dma_device *device, const struct dma_access *access, void *data,
                            struct amdvi_result *result)
{
    struct amdvi_result unused = {0};
    enum dma_outcome outcome = dma_allowed(device, access);

    if (outcome != DMA_DONE) {
        device->statistics.not_allowed++;
        return outcome;
    }
    outcome = access_by(device, access, data, result ? result : &unused);
    count(device, access, outcome);
    machine_finish(device->machine);
    return outcome;
}

enum dma_outcome dma_read(struct dma_device *device, uint64_t address, void *data, uint64_t length)
{
    const struct dma_access access = {.address = address, .length = length};

    return dma_access(device, &access, data, NULL);
}

/* Nothing is written into `data`: a write only reads it. */
enum dma_outcome dma_write(struct dma_device *device, uint64_t address, const void *data, uint64_t length)
{
    const struct dma_access access = {.address = address, .length = length, .write = true};
    union {
        const void *in;
        void *out;
    } bytes = {.in = data};

    return dma_access(device, &access, bytes.out, NULL);
}

enum pcie_interrupt dma_interrupt(struct dma_device *device, unsigned number)
{
    enum pcie_interrupt raised = pcie_raise(device->function, number);

    device->statistics.interrupts += raised == PCIE_INTERRUPT_SENT;
    machine_finish(device->machine);
    return raised;
}

/* ---------------------------------------------------------------- what IOMMUs say to devices */

/* Device functions that share a name with a bridge get nothing: it has no cache, and no page requests. */
static struct dma_device *device_named(struct machine *machine, uint16_t segment, uint16_t id)
{
    struct dma_device *device = machine->devices;

    while (device && (pcie_segment(device->function) != segment || pcie_device_id(device->function) != id))
        device = device->next;
    return device;
}

/* Nobody there: no answer comes, until the time is over. */
enum amdvi_atc_answer dma_devices_invalidate(struct machine *machine, struct machine_unit *unit,
                                             const struct amdvi_atc_invalidation *invalidation)
{
    struct dma_device *device = device_named(machine, unit->what.segment, invalidation->device);

    return device ? dma_invalidate(device, unit, invalidation) : AMDVI_ATC_PENDING;
}

void dma_devices_respond(struct machine *machine, struct machine_unit *unit,
                         const struct amdvi_prg_response *response)
{
    struct dma_device *device = device_named(machine, unit->what.segment, response->device);

    if (device)
        dma_respond(device, response);
}
