// SPDX-License-Identifier: Apache-2.0
/* Looking into the caches without touching them. */
#include "model/device.h"

static const struct cache *array_of(const struct amdvi_device *device, enum amdvi_cache cache)
{
    switch (cache) {
    case AMDVI_CACHE_DTC:
        return &device->entries.dtc;
    case AMDVI_CACHE_ITC:
        return &device->entries.itc;
    case AMDVI_CACHE_PTC:
        return &device->tlb.ptc;
    case AMDVI_CACHE_PDC:
        return &device->tlb.pdc;
    case AMDVI_CACHE_GCR3:
        return &device->tlb.gcr3;
    default:
        return NULL;
    }
}

static bool view_dtc(const struct dtc_line *line, struct amdvi_cache_line *view)
{
    view->device = line->device;
    view->domain = line->dte.domain;
    view->target = line->dte.raw[0];
    return true;
}

static bool view_itc(const struct amdvi_device *device, const struct itc_line *line,
                     struct amdvi_cache_line *view)
{
    view->device = line->device;
    view->index = line->index;
    view->target = line->raw[0];
    return line->epoch == device->entries.itc_epoch && line->gen == device->entries.itc_gen[line->device];
}

static void view_space(uint32_t space, struct amdvi_cache_line *view)
{
    view->has_pasid = space >> 31;
    view->pasid = space & 0xfffff;
}

static bool view_ptc(const struct amdvi_device *device, const struct ptc_line *line,
                     struct amdvi_cache_line *view)
{
    view->domain = tlb_id_domain(line->id);
    view_space(tlb_id_space(line->id), view);
    view->perm = line->perm;
    view->address = line->page << tlb_id_more(line->id);
    view->size = (uint64_t)1 << tlb_id_more(line->id);
    view->target = line->spa;
    return ptc_line_live(&device->tlb, line);
}

static bool view_pdc(const struct amdvi_device *device, const struct pdc_line *line,
                     struct amdvi_cache_line *view)
{
    unsigned level = tlb_id_more(line->id) & 15;
    unsigned shift = level ? host_level_shift(level) + 9 : 64;

    view->domain = tlb_id_domain(line->id);
    view_space(tlb_id_space(line->id), view);
    view->kind = tlb_id_more(line->id) >> 4;
    view->level = (uint8_t)level;
    view->perm = line->perm;
    view->address = shift < 64 ? line->tag << shift : 0;
    view->size = shift < 64 ? (uint64_t)1 << shift : 0;
    view->target = line->table;
    return pdc_line_live(&device->tlb, line);
}

static bool view_line(const struct amdvi_device *device, enum amdvi_cache cache, const void *line,
                      struct amdvi_cache_line *view)
{
    switch (cache) {
    case AMDVI_CACHE_DTC:
        return view_dtc(line, view);
    case AMDVI_CACHE_ITC:
        return view_itc(device, line, view);
    case AMDVI_CACHE_PTC:
        return view_ptc(device, line, view);
    default:
        return view_pdc(device, line, view);
    }
}

enum amdvi_status amdvi_inspect_cache(const struct amdvi_device *device, enum amdvi_cache cache,
                                      uint32_t *cursor, struct amdvi_cache_line *line)
{
    const struct cache *array = device ? array_of(device, cache) : NULL;

    if (!array || !cursor || !line)
        return AMDVI_ERR_ARGUMENT;
    for (; *cursor < array->entries; ++*cursor) {
        if (!array->tags[*cursor])
            continue;
        *line = (struct amdvi_cache_line){.slot = *cursor};
        if (!view_line(device, cache, cache_line(array, *cursor), line))
            continue;
        ++*cursor;
        return AMDVI_OK;
    }
    return AMDVI_ERR_END;
}

enum amdvi_status amdvi_cache_geometry(const struct amdvi_device *device, enum amdvi_cache cache,
                                       uint32_t *entries, uint32_t *ways)
{
    const struct cache *array = device ? array_of(device, cache) : NULL;

    if (!array || !entries || !ways)
        return AMDVI_ERR_ARGUMENT;
    *entries = array->entries;
    *ways = array->ways;
    return AMDVI_OK;
}
