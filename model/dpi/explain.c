// SPDX-License-Identifier: Apache-2.0
/* Why the model answers as it does, and what a status means. */
#include "model/dpi/bench_device.h"

#include "amdvi/dpi.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT = 1024 };

static char text[TEXT];

static const char unknown[] = "no such device, or a number out of range";

/* The device table entry that its requests meet: how much of `text` it takes. */
static int write_entry(struct bench_device *d, uint16_t device, const char *what, uint64_t value)
{
    struct amdvi_dte_view dte = {0};

    amdvi_inspect_dte(d->device, device, &dte);
    return snprintf(text, sizeof(text),
                    "device 0x%04x, %s 0x%" PRIx64 ": entry at 0x%" PRIx64 " %016" PRIx64 " %016" PRIx64
                    " %016" PRIx64 " %016" PRIx64 "%s; ",
                    device, what, value, dte.address, dte.words[0], dte.words[1], dte.words[2], dte.words[3],
                    dte.cached ? " (cached)" : "");
}

const char *amdvi_dpi_explain(int handle, int device, int op, int flags, int pasid, long long address)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    struct amdvi_request request = {0};
    struct amdvi_result now = {0};
    int used;

    if (!d || !amdvi_dpi_fill(&request, device, op, AMDVI_UNTRANSLATED, flags, pasid, address, 1))
        return unknown;
    if (amdvi_look(d->device, &request, &now) != AMDVI_OK) /* a PASID of more than 20 bits */
        return unknown;
    used = write_entry(d, request.device, "address", request.address);
    snprintf(text + used, sizeof(text) - (size_t)used, "memory says %s%s 0x%" PRIx64,
             now.ok ? "translated to" : "refused: ", now.ok ? "" : amdvi_reason_text(now.fault.reason),
             now.ok ? now.pa : request.address);
    return text;
}

/* False: the cache has no entry of that index. */
static bool find_cached(struct bench_device *d, uint16_t device, uint32_t index,
                        struct amdvi_cache_line *line)
{
    uint32_t cursor = 0;

    while (amdvi_inspect_cache(d->device, AMDVI_CACHE_ITC, &cursor, line) == AMDVI_OK)
        if (line->device == device && line->index == index)
            return true;
    return false;
}

const char *amdvi_dpi_explain_interrupt(int handle, int device, int data)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    uint32_t index = (uint32_t)data & 0x7ff; /* in all modes [8.2] */
    struct amdvi_cache_line line = {0};
    int used;

    if (!d || device < 0 || device > UINT16_MAX)
        return unknown;
    used = write_entry(d, (uint16_t)device, "message", (uint32_t)data);
    if (find_cached(d, (uint16_t)device, index, &line))
        snprintf(text + used, sizeof(text) - (size_t)used,
                 "interrupt entry %" PRIu32 " is cached: %016" PRIx64, index, line.target);
    else
        snprintf(text + used, sizeof(text) - (size_t)used, "interrupt entry %" PRIu32 " is not cached",
                 index);
    return text;
}

const char *amdvi_dpi_text(int status)
{
    switch (status) {
    case AMDVI_DPI_HANDLE:
        return "no such device";
    case AMDVI_DPI_RANGE:
        return "a number out of range";
    case AMDVI_DPI_NONE:
        return "nothing left";
    case AMDVI_DPI_FILE:
        return "a trace cannot be written, or none is being recorded";
    default:
        return amdvi_status_text((enum amdvi_status)(0u - (unsigned)status));
    }
}
