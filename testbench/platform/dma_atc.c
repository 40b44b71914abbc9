// SPDX-License-Identifier: Apache-2.0
/* Translations that a device keeps: asked for, used, dropped. */
#include "testbench/platform/dma_internal.h"

#include <string.h>

void dma_atc_forget(struct dma_device *device)
{
    device->statistics.dropped += device->held;
    device->held = 0;
}

static void remove_entry(struct dma_device *device, size_t index)
{
    device->held--;
    memmove(&device->atc[index], &device->atc[index + 1], (device->held - index) * sizeof(device->atc[0]));
}

bool dma_atc_entry(const struct dma_device *device, size_t index, struct dma_translation *translation)
{
    if (index >= device->held)
        return false;
    *translation = device->atc[index];
    return true;
}

/* ---------------------------------------------------------------- looking */

/* A global one is for every PASID, but not for requests without. */
static bool same_space(const struct dma_translation *entry, bool has_pasid, uint32_t pasid)
{
    return entry->has_pasid == has_pasid && (!has_pasid || entry->global || entry->pasid == pasid);
}

static uint8_t rights_for(const struct dma_access *access)
{
    if (access->write)
        return AMDVI_RIGHT_WRITE;
    return access->execute ? AMDVI_RIGHT_READ | AMDVI_RIGHT_EXEC : AMDVI_RIGHT_READ;
}

static const struct dma_translation *find(const struct dma_device *device, const struct dma_access *access)
{
    uint8_t needed = rights_for(access);

    for (size_t i = 0; i < device->held; i++) {
        const struct dma_translation *entry = &device->atc[i];
        if (access->address - entry->address < entry->size && entry->privileged == access->privileged &&
            same_space(entry, access->has_pasid, access->pasid) && (entry->rights & needed) == needed)
            return entry;
    }
    return NULL;
}

/* ---------------------------------------------------------------- dropping */

static bool overlap(const struct dma_translation *entry, uint64_t address, uint64_t size)
{
    return entry->address - address < size || address - entry->address < entry->size;
}

/* An invalidation without a PASID is for what was asked for without; one with a PASID also for global
 * entries. */
void dma_atc_drop(struct dma_device *device, const struct amdvi_atc_invalidation *invalidation)
{
    for (size_t i = device->held; i-- > 0;) {
        const struct dma_translation *entry = &device->atc[i];
        if (!same_space(entry, invalidation->has_pasid, invalidation->pasid) ||
            (invalidation->size && !overlap(entry, invalidation->address, invalidation->size)))
            continue;
        remove_entry(device, i);
        device->statistics.dropped++;
    }
}

/* ---------------------------------------------------------------- asking */

/* In the place of what it had for these addresses; the oldest goes when there is no room. */
static void keep(struct dma_device *device, const struct dma_translation *translation)
{
    for (size_t i = device->held; i-- > 0;) {
        const struct dma_translation *entry = &device->atc[i];
        if (same_space(entry, translation->has_pasid, translation->pasid) &&
            entry->privileged == translation->privileged &&
            overlap(entry, translation->address, translation->size))
            remove_entry(device, i);
    }
    if (device->held == DMA_ATC_ENTRIES)
        remove_entry(device, 0);
    device->atc[device->held++] = *translation;
}

/* For the page of the access. Who only wants to read says so: the page does not become dirty then. */
static struct amdvi_request question(const struct dma_device *device, const struct dma_access *access)
{
    struct amdvi_request request = dma_request(device, access);

    request.at = AMDVI_TRANSLATION_REQUEST;
    request.op = AMDVI_READ;
    request.execute = access->execute;
    request.no_write = !access->write;
    request.address &= ~(uint64_t)(RAM_PAGE - 1);
    request.length = RAM_PAGE;
    return request;
}

static struct dma_translation translation_of(const struct amdvi_request *request,
                                             const struct amdvi_result *result)
{
    uint64_t inside = request->address & (result->size - 1);

    return (struct dma_translation){.has_pasid = request->has_pasid,
                                    .global = result->global,
                                    .privileged = request->privileged,
                                    .untranslated_only = result->untranslated_only,
                                    .pasid = request->pasid,
                                    .address = request->address - inside,
                                    .size = result->size,
                                    .pa = result->pa - inside,
                                    .rights = result->perm};
}

/* Past IOMMUs there is nobody to ask. */
static enum amdvi_status ask(struct dma_device *device, const struct amdvi_request *request,
                             struct amdvi_result *result)
{
    struct machine_unit *unit =
        machine_unit_of(device->machine, pcie_segment(device->function), request->device);

    *result = (struct amdvi_result){0};
    return unit ? machine_way_of(device->machine)->translate(unit->unit, request, result)
                : AMDVI_ERR_UNSUPPORTED;
}

/* A page that is not there is no fault: the answer has no rights [9.2]. Such answers are not kept. */
static enum dma_outcome translate(struct dma_device *device, const struct dma_access *access,
                                  struct dma_translation *translation, struct amdvi_result *result)
{
    struct amdvi_request request = question(device, access);
    enum amdvi_status status = ask(device, &request, result);
    uint8_t needed = rights_for(access);

    device->statistics.translations++;
    if (status != AMDVI_OK || !result->ok)
        return DMA_FAULT;
    *translation = translation_of(&request, result);
    if (result->perm)
        keep(device, translation);
    if ((result->perm & needed) == needed)
        return DMA_DONE;
    device->statistics.translations_denied++;
    return DMA_NO_RIGHT;
}

enum dma_outcome dma_translate(struct dma_device *device, const struct dma_access *access,
                               struct dma_translation *translation)
{
    struct dma_translation unused;
    struct dma_access asks = *access;
    struct amdvi_result result;
    enum dma_outcome outcome;

    asks.ats = true;
    outcome = dma_allowed(device, &asks);
    if (outcome != DMA_DONE) {
        device->statistics.not_allowed++;
        return outcome;
    }
    outcome = translate(device, &asks, translation ? translation : &unused, &result);
    machine_finish(device->machine);
    return outcome;
}

/* ---------------------------------------------------------------- using */

/* Translated requests carry no PASID. What is for untranslated requests only goes the long way. */
static struct amdvi_request by_entry(const struct dma_device *device, const struct dma_access *piece,
                                     const struct dma_translation *entry)
{
    struct amdvi_request request = dma_request(device, piece);

    if (entry->untranslated_only)
        return request;
    request.at = AMDVI_TRANSLATED;
    request.has_pasid = request.privileged = false;
    request.address = entry->pa + (piece->address - entry->address);
    return request;
}

/* The first bytes of `piece`, as many as one translation gives; its length becomes theirs. */
static enum dma_outcome access_piece(struct dma_device *device, struct dma_access *piece, uint8_t *data,
                                     struct amdvi_result *result)
{
    const struct dma_translation *held = find(device, piece);
    struct dma_translation entry;
    struct amdvi_request request;
    uint64_t left;
    enum dma_outcome outcome;

    device->statistics.atc_hits += held != NULL;
    if (held)
        entry = *held;
    else if ((outcome = translate(device, piece, &entry, result)) != DMA_DONE)
        return outcome;
    left = entry.size - (piece->address - entry.address);
    piece->length = piece->length < left ? piece->length : left;
    request = by_entry(device, piece, &entry);
    device->statistics.translated += request.at == AMDVI_TRANSLATED;
    return dma_send(device, &request, data, result);
}

enum dma_outcome dma_access_translated(struct dma_device *device, const struct dma_access *access,
                                       uint8_t *data, struct amdvi_result *result)
{
    struct dma_access piece = *access;

    for (uint64_t done = 0; done < access->length; done += piece.length) {
        enum dma_outcome outcome;
        piece.address = access->address + done;
        piece.length = access->length - done;
        outcome = access_piece(device, &piece, data + done, result);
        if (outcome != DMA_DONE)
            return outcome;
    }
    return DMA_DONE;
}
