// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/way_timed.h"

#include "amdvi/host.h"

#include "testbench/platform/ram.h"
#include "testbench/platform/way_direct.h"

#include <stdlib.h>
#include <string.h>

enum { PS_PER_NS = 1000, POSTED = 0, WAITED = 1 };

struct unit {
    struct way_timed *way;
    size_t index;
    struct amdvi_memory memory;
    struct amdvi_device *device;
    bool done; /* what is waited for */
    enum amdvi_status status;
    union {
        struct amdvi_result result;
        struct amdvi_int_result interrupt;
        struct amdvi_page_request_result page_request;
        uint64_t value;
    } answer;
};

static struct amdvi_timed *timed_of(const struct unit *unit)
{
    return unit->way->timed[unit->index];
}

uint64_t way_timed_now(const struct way_timed *way, size_t iommu)
{
    return iommu < WAY_TIMED_MAX ? way->before[iommu] + amdvi_timed_now(way->timed[iommu]) : 0;
}

/* ---------------------------------------------------------------- answers */

static void take_answer(struct unit *unit, const struct amdvi_completion *what)
{
    unit->status = what->status;
    if (what->status != AMDVI_OK)
        return;
    switch (what->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        unit->answer.result = *what->result;
        break;
    case AMDVI_SUBMITTED_INTERRUPT:
        unit->answer.interrupt = *what->interrupt;
        break;
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        unit->answer.page_request = *what->page_request;
        break;
    case AMDVI_SUBMITTED_REGISTER:
        unit->answer.value = what->value;
        break;
    case AMDVI_SUBMITTED_PREFETCH: /* nobody waits for one */
        break;
    }
}

static void complete(void *context, const struct amdvi_timed_completion *completion)
{
    struct unit *unit = context;

    if (completion->what->tag != WAITED)
        return;
    unit->done = true;
    take_answer(unit, completion->what);
}

/* Lets time pass until what was submitted with the tag WAITED has ended. */
static enum amdvi_status wait_for_answer(struct unit *unit, enum amdvi_status submitted)
{
    unit->done = false;
    memset(&unit->answer, 0, sizeof(unit->answer));
    if (submitted != AMDVI_OK)
        return submitted;
    while (!unit->done) {
        uint64_t next = amdvi_timed_next(timed_of(unit));
        if (next == AMDVI_TIMED_NEVER)
            return AMDVI_ERR_BUSY;
        amdvi_timed_run(timed_of(unit), next);
    }
    return unit->status;
}

/* ---------------------------------------------------------------- life */

static enum amdvi_status keep_time(struct unit *unit)
{
    const struct amdvi_timed_host host = {.context = unit, .complete = complete};

    return amdvi_timed_create(unit->device, unit->way->parameters, &host, NULL,
                              &unit->way->timed[unit->index]);
}

static void destroy(void *context)
{
    struct unit *unit = context;

    if (!unit)
        return;
    amdvi_timed_destroy(timed_of(unit));
    unit->way->timed[unit->index] = NULL;
    amdvi_destroy(unit->device);
    free(unit);
}

static enum amdvi_status create(void *context, const struct machine_order *order, void **made,
                                struct amdvi_device **device)
{
    struct unit *unit = calloc(1, sizeof(*unit));
    enum amdvi_status status = unit ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;

    if (order->index >= WAY_TIMED_MAX)
        status = AMDVI_ERR_ARGUMENT;
    if (status == AMDVI_OK) {
        *unit = (struct unit){.way = context, .index = order->index, .memory = order->memory};
        status = way_direct_device(order, &unit->device);
    }
    if (status == AMDVI_OK)
        status = keep_time(unit);
    if (status != AMDVI_OK) {
        if (unit)
            amdvi_destroy(unit->device);
        free(unit);
        return status;
    }
    *made = unit;
    *device = unit->device;
    return AMDVI_OK;
}

/* The clock goes on. */
static enum amdvi_status reset(void *context)
{
    struct unit *unit = context;
    enum amdvi_status status;

    unit->way->before[unit->index] = way_timed_now(unit->way, unit->index);
    amdvi_timed_destroy(timed_of(unit));
    unit->way->timed[unit->index] = NULL;
    status = amdvi_reset(unit->device);
    return status == AMDVI_OK ? keep_time(unit) : status;
}

/* ---------------------------------------------------------------- the processor */

static bool place_of(struct unit *unit, uint64_t spa, struct amdvi_register_access *access)
{
    struct amdvi_bus_place place;

    if (amdvi_bus_find(unit->device, spa, &place) != AMDVI_OK || place.space == AMDVI_BUS_NOTHING)
        return false;
    access->space = place.space == AMDVI_BUS_VF           ? AMDVI_SPACE_VF
                    : place.space == AMDVI_BUS_VF_CONTROL ? AMDVI_SPACE_VFC
                                                          : AMDVI_SPACE_MMIO;
    access->guest_id = place.guest_id;
    access->offset = place.offset;
    return true;
}

static enum amdvi_status bus_read(void *context, uint64_t spa, unsigned size, uint64_t *value)
{
    struct unit *unit = context;
    struct amdvi_register_access access = {.size = size};
    enum amdvi_status status;

    *value = 0;
    if (!place_of(unit, spa, &access))
        return AMDVI_ERR_UNSUPPORTED;
    status = wait_for_answer(
        unit, amdvi_timed_register(timed_of(unit), amdvi_timed_now(timed_of(unit)), &access, WAITED));
    *value = unit->answer.value;
    return status;
}

/* Posted: nobody hears whether it was taken. */
static enum amdvi_status bus_write(void *context, uint64_t spa, unsigned size, uint64_t value)
{
    struct unit *unit = context;
    struct amdvi_register_access access = {.write = true, .size = size, .value = value};

    if (!place_of(unit, spa, &access))
        return AMDVI_ERR_UNSUPPORTED;
    return amdvi_timed_register(timed_of(unit), amdvi_timed_now(timed_of(unit)), &access, POSTED);
}

static enum amdvi_status pci_read(void *context, unsigned offset, unsigned size, uint64_t *value)
{
    return amdvi_pci_read(((struct unit *)context)->device, offset, size, value);
}

static enum amdvi_status pci_write(void *context, unsigned offset, unsigned size, uint64_t value)
{
    return amdvi_pci_write(((struct unit *)context)->device, offset, size, value);
}

/* ---------------------------------------------------------------- devices */

static enum amdvi_status translate(void *context, const struct amdvi_request *request,
                                   struct amdvi_result *result)
{
    struct unit *unit = context;
    enum amdvi_status status = wait_for_answer(
        unit, amdvi_timed_request(timed_of(unit), amdvi_timed_now(timed_of(unit)), 0, request, WAITED));

    *result = unit->answer.result;
    return status;
}

struct piece {
    uint64_t pa, length;
};

/* Page by page, so that nothing has moved when one of them is refused; what covers more is asked once. */
static enum amdvi_status translate_all(struct unit *unit, const struct amdvi_request *request,
                                       struct piece *pieces, size_t *count, struct amdvi_result *first)
{
    struct amdvi_request part = *request;

    for (uint64_t done = 0; done < request->length; done += pieces[(*count)++].length) {
        uint64_t left = request->length - done;
        struct amdvi_result result;
        enum amdvi_status status;

        part.address = request->address + done;
        part.length = RAM_PAGE - part.address % RAM_PAGE;
        part.length = part.length < left ? part.length : left;
        status = translate(unit, &part, &result);
        if (*count == 0 || status != AMDVI_OK || !result.ok)
            *first = result;
        if (status != AMDVI_OK || !result.ok)
            return status;
        pieces[*count].pa = result.pa;
        pieces[*count].length = part.length;
        if (result.covered > part.length)
            pieces[*count].length = result.covered < left ? result.covered : left;
    }
    return AMDVI_OK;
}

static enum amdvi_status move(const struct unit *unit, const struct amdvi_request *request,
                              const struct piece *pieces, size_t count, uint8_t *data)
{
    const struct amdvi_memory *memory = &unit->memory;
    bool writes = request->op == AMDVI_WRITE || request->op == AMDVI_ATOMIC;

    for (size_t i = 0; i < count; data += pieces[i++].length) {
        enum amdvi_memory_result result =
            writes ? memory->write(memory->context, pieces[i].pa, data, (size_t)pieces[i].length)
                   : memory->read(memory->context, pieces[i].pa, data, (size_t)pieces[i].length);
        if (result != AMDVI_MEMORY_OK)
            return AMDVI_ERR_MEMORY;
    }
    return AMDVI_OK;
}

static enum amdvi_status dma(void *context, const struct amdvi_request *request, void *data,
                             struct amdvi_result *result)
{
    struct unit *unit = context;
    struct piece *pieces;
    enum amdvi_status status;
    size_t count = 0;

    if (!amdvi_request_is_legal(request))
        return AMDVI_ERR_ARGUMENT;
    pieces = calloc((size_t)(request->length / RAM_PAGE + 2), sizeof(*pieces));
    if (!pieces)
        return AMDVI_ERR_NO_MEMORY;
    status = translate_all(unit, request, pieces, &count, result);
    if (status == AMDVI_OK && result->ok)
        status = move(unit, request, pieces, count, data);
    free(pieces);
    return status;
}

static enum amdvi_status interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                                   struct amdvi_int_result *result)
{
    struct unit *unit = context;
    struct amdvi_timed *timed = timed_of(unit);
    enum amdvi_status status = wait_for_answer(
        unit, amdvi_timed_interrupt(timed, amdvi_timed_now(timed), 0, requester, address, data, WAITED));

    *result = unit->answer.interrupt;
    return status;
}

static enum amdvi_status page_request(void *context, const struct amdvi_page_request *request,
                                      struct amdvi_page_request_result *result)
{
    struct unit *unit = context;
    enum amdvi_status status = wait_for_answer(
        unit, amdvi_timed_page_request(timed_of(unit), amdvi_timed_now(timed_of(unit)), 0, request, WAITED));

    *result = unit->answer.page_request;
    return status;
}

static enum amdvi_status atc_complete(void *context, uint32_t tag)
{
    struct unit *unit = context;
    enum amdvi_status status = amdvi_atc_complete(unit->device, tag);

    amdvi_run(unit->device);
    return status;
}

/* ---------------------------------------------------------------- time */

/* Rings run by themselves; whoever has written a register past the machine has to start them. */
static bool work(void *context)
{
    struct unit *unit = context;
    bool some = false;

    if (amdvi_has_work(unit->device, &some) == AMDVI_OK && some)
        amdvi_run(unit->device);
    return false;
}

static void advance(void *context, uint64_t nanoseconds, uint64_t now)
{
    struct unit *unit = context;
    uint64_t before = unit->way->before[unit->index], end = now * PS_PER_NS;

    (void)nanoseconds;
    if (end > way_timed_now(unit->way, unit->index))
        amdvi_timed_run(timed_of(unit), end - before);
}

static uint64_t clock_of(void *context)
{
    struct unit *unit = context;

    return (way_timed_now(unit->way, unit->index) + PS_PER_NS - 1) / PS_PER_NS;
}

const struct machine_way way_timed = {.create = create,
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
                                      .now = clock_of};
