// SPDX-License-Identifier: Apache-2.0
/* Requests that move data (trace rules 1 and 3). */
#include "model/requests/request.h"

enum { PAGE_BYTES = 4096 };

static bool moves_in(const struct amdvi_request *request)
{
    return request->op == AMDVI_WRITE;
}

static uint8_t move(struct amdvi_device *device, const struct amdvi_request *request, uint64_t spa,
                    uint8_t *data, size_t length)
{
    struct place place = {.spa = spa, .access = AMDVI_ACCESS_DATA};
    struct job job;

    job_begin(device, &job);
    return moves_in(request) ? port_write(device, &job, &place, data, length)
                             : port_read(device, &job, &place, data, length);
}

/* A page behind the first, once more: it was good a moment ago, and is not counted twice. */
static bool page_again(struct amdvi_device *device, const struct amdvi_request *piece,
                       struct amdvi_result *page)
{
    struct amdvi_statistics unused = {0};
    struct job job;

    job_begin_apart(&job, JOB_SAFE | JOB_UNWATCHED, &unused);
    translation_page(device, &job, piece, page);
    return page->ok;
}

static enum amdvi_status move_all(struct amdvi_device *device, const struct amdvi_request *request,
                                  const struct amdvi_result *first, uint8_t *data)
{
    struct amdvi_request piece = *request;
    struct amdvi_result page = *first;

    for (uint64_t done = 0; done < request->length; done += piece.length) {
        uint64_t left = request->length - done;
        piece.address = request->address + done;
        piece.length = PAGE_BYTES - piece.address % PAGE_BYTES;
        piece.length = piece.length < left ? piece.length : left;
        if (done > 0 && !page_again(device, &piece, &page))
            return AMDVI_ERR_MEMORY;
        if (move(device, request, page.pa, data + done, piece.length))
            return AMDVI_ERR_MEMORY;
    }
    return AMDVI_OK;
}

static uint32_t little_endian(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

enum amdvi_status amdvi_dma(struct amdvi_device *device, const struct amdvi_request *request, void *data,
                            struct amdvi_result *result)
{
    if (!device || !result || !data || !request_legal(request) || request->at == AMDVI_TRANSLATION_REQUEST)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (request_is_interrupt(request)) {
        device->statistics.requests++;
        request_as_interrupt(device, request, little_endian(data), result);
        return AMDVI_OK;
    }
    amdvi_translate(device, request, result);
    return result->ok ? move_all(device, request, result, data) : AMDVI_OK;
}
