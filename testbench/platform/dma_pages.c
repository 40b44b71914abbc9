// SPDX-License-Identifier: Apache-2.0
/* Page requests of a device and the responses to them, as the PRI capability has it. */
#include "testbench/platform/dma_internal.h"

#include <string.h>

enum { CODE_FAILURE = 15 };

unsigned dma_pages_outstanding(const struct dma_device *device)
{
    return device->outstanding;
}

void dma_pages_forget(struct dma_device *device)
{
    memset(device->group, 0, sizeof(device->group));
    device->outstanding = 0;
}

/* Switched off, the interface is stopped when everything is answered. */
static void show_stopped(struct dma_device *device)
{
    bool stopped = !pcie_pri_enabled(device->function) && device->outstanding == 0;

    pcie_pri_set_status(device->function, PCIE_PRI_STOPPED, stopped);
}

void dma_pages_written(struct dma_device *device)
{
    show_stopped(device);
}

/* ---------------------------------------------------------------- requests */

static bool in_range(const struct dma_page_request *request)
{
    return request->group < DMA_GROUPS && request->pasid < 1u << 20;
}

/* After a response failure the device asks for nothing until software has taken the bit away. */
static enum dma_page_outcome allowed(const struct dma_device *device, const struct dma_page_request *request)
{
    const struct pcie_function *f = device->function;

    if (!pcie_is_master(f) || !pcie_pri_enabled(f) || pcie_pri_status(f, PCIE_PRI_RESPONSE_FAILURE))
        return DMA_PAGE_NOT_ALLOWED;
    if (request->has_pasid && (!pcie_pasid_enabled(f) || request->pasid >> pcie_describe(f)->pasid_bits))
        return DMA_PAGE_NOT_ALLOWED;
    return device->outstanding < pcie_pri_allocation(f) ? DMA_PAGE_LOGGED : DMA_PAGE_FULL;
}

/* A request without rights is a stop marker: nobody answers it. */
static void note(struct dma_device *device, const struct dma_page_request *request)
{
    struct dma_group *group = &device->group[request->group];

    device->statistics.page_requests++;
    if (!request->read && !request->write && !request->execute)
        return;
    group->requests++;
    group->closed |= request->last;
    group->has_pasid = request->has_pasid;
    group->pasid = request->has_pasid ? request->pasid : 0;
    device->outstanding++;
}

static enum dma_page_outcome send(struct dma_device *device, const struct dma_page_request *request,
                                  struct amdvi_fault *fault)
{
    uint16_t requester = pcie_requester(device->function);
    struct machine_unit *unit = machine_unit_of(device->machine, pcie_segment(device->function), requester);
    struct amdvi_page_request_result result = {0};
    const struct amdvi_page_request message = {.device = requester,
                                               .has_pasid = request->has_pasid,
                                               .privileged = request->privileged,
                                               .read = request->read,
                                               .write = request->write,
                                               .execute = request->execute,
                                               .last = request->last,
                                               .pasid = request->has_pasid ? request->pasid : 0,
                                               .prg_index = request->group,
                                               .address = request->address};

    note(device, request);
    if (unit)
        machine_way_of(device->machine)->page_request(unit->unit, &message, &result);
    if (fault)
        *fault = result.fault;
    machine_finish(device->machine);
    return result.ok ? DMA_PAGE_LOGGED : DMA_PAGE_REFUSED;
}

enum dma_page_outcome dma_page_request(struct dma_device *device, const struct dma_page_request *request,
                                       struct amdvi_fault *fault)
{
    enum dma_page_outcome outcome = in_range(request) ? allowed(device, request) : DMA_PAGE_BAD_ARGUMENT;

    return outcome == DMA_PAGE_LOGGED ? send(device, request, fault) : outcome;
}

enum dma_page_outcome dma_page_request_forced(struct dma_device *device,
                                              const struct dma_page_request *request,
                                              struct amdvi_fault *fault)
{
    return in_range(request) ? send(device, request, fault) : DMA_PAGE_BAD_ARGUMENT;
}

/* ---------------------------------------------------------------- responses */

/* A group waits for one after its last request; where responses are to carry the PASID, they must. */
static bool is_expected(const struct dma_device *device, const struct amdvi_prg_response *response)
{
    const struct dma_group *group = &device->group[response->index % DMA_GROUPS];
    bool carries = pcie_describe(device->function)->pri_pasid;

    if (!group->requests || !group->closed)
        return false;
    if (response->has_pasid)
        return group->has_pasid && group->pasid == response->pasid;
    return !(carries && group->has_pasid);
}

static void record(struct dma_device *device, const struct dma_page_response *response)
{
    if (device->responses == DMA_RESPONSES) {
        device->statistics.lost_responses++;
        return;
    }
    device->response[(device->first_response + device->responses++) % DMA_RESPONSES] = *response;
}

void dma_respond(struct dma_device *device, const struct amdvi_prg_response *response)
{
    struct dma_group *group = &device->group[response->index % DMA_GROUPS];
    struct dma_page_response taken = {.group = response->index,
                                      .has_pasid = response->has_pasid,
                                      .pasid = response->pasid,
                                      .code = response->code,
                                      .expected = is_expected(device, response)};

    device->statistics.responses++;
    record(device, &taken);
    if (!taken.expected) {
        device->statistics.unexpected_responses++;
        pcie_pri_set_status(device->function, PCIE_PRI_UNEXPECTED, true);
        return;
    }
    device->outstanding -= group->requests;
    *group = (struct dma_group){0};
    if (response->code == CODE_FAILURE)
        pcie_pri_set_status(device->function, PCIE_PRI_RESPONSE_FAILURE, true);
    show_stopped(device);
}

bool dma_page_next_response(struct dma_device *device, struct dma_page_response *response)
{
    if (device->responses == 0)
        return false;
    *response = device->response[device->first_response];
    device->first_response = (device->first_response + 1) % DMA_RESPONSES;
    device->responses--;
    return true;
}
