// SPDX-License-Identifier: Apache-2.0
/* Guest memory: a piece of the driver's memory, a window of the caller's, or pieces of the machine's RAM. */
#include "testbench/hypervisor/vmm_internal.h"

#include "amdvi/host.h"

#include <string.h>

#define LARGE UINT64_C(0x200000)

/* ---------------------------------------------------------------- set-up */

static bool apart(const struct hv_vmm_range *a, const struct hv_vmm_range *b)
{
    return a->gpa < b->gpa ? b->gpa - a->gpa >= a->bytes : a->gpa - b->gpa >= b->bytes;
}

static bool good_range(const struct hv_vmm_range *r)
{
    return r->at && r->bytes && (r->gpa | r->spa | r->bytes) % HV_PAGE == 0 && r->gpa + r->bytes > r->gpa &&
           r->spa + r->bytes > r->spa;
}

static bool good_ranges(const struct hv_vmm_options *o)
{
    bool good =
        o->range_count && o->range_count <= HV_VMM_RANGES && !(o->gpa | o->memory | o->spa) && !o->ram;

    for (unsigned i = 0; good && i < o->range_count; i++) {
        good = good_range(&o->ranges[i]);
        for (unsigned j = 0; good && j < i; j++)
            good = apart(&o->ranges[i], &o->ranges[j]);
    }
    return good;
}

bool vmm_memory_good(const struct hv_vmm_options *o)
{
    if (o->vapic % HV_PAGE)
        return false;
    if (o->ranges)
        return good_ranges(o);
    return !o->stage2 && o->memory && o->memory % (2 * LARGE) == 0 && o->gpa % LARGE == 0 &&
           ((uintptr_t)o->ram | o->spa) % HV_PAGE == 0;
}

static enum hv_status take_memory(struct hv_vmm *vmm)
{
    struct hv_memory *memory = hv_driver_memory(vmm->driver);
    struct hv_vmm_range *range = &vmm->ranges[0];

    range->spa = hv_memory_take(memory, vmm->options.memory, LARGE);
    range->at = hv_memory_at(memory, range->spa, vmm->options.memory);
    vmm->taken = range->spa != 0;
    return vmm->taken ? HV_OK : HV_ERR_NO_MEMORY;
}

/* Memory of the caller's becomes a window of the machine's. */
static enum hv_status use_memory(struct hv_vmm *vmm)
{
    const struct hv_vmm_options *o = &vmm->options;
    const struct amdvi_window window = {.base = o->spa, .size = o->memory, .bytes = o->ram};

    vmm->ranges[0].spa = o->spa;
    vmm->ranges[0].at = o->ram;
    vmm->window = !amdvi_window_add(hv_driver_device(vmm->driver), &window);
    return vmm->window ? HV_OK : HV_ERR_NO_MEMORY;
}

static enum hv_status map(struct hv_vmm *vmm, uint64_t gpa, uint64_t spa, uint64_t bytes, uint64_t largest)
{
    return hv_fd_map(vmm->fd, vmm->parent, gpa, spa, bytes, HV_READ | HV_WRITE, largest);
}

/* Page sizes of both kinds, so that nested walks meet them. */
static enum hv_status map_halves(struct hv_vmm *vmm)
{
    const struct hv_vmm_range *r = &vmm->ranges[0];
    uint64_t half = r->bytes / 2;
    enum hv_status status = map(vmm, r->gpa, r->spa, half, LARGE);

    return status ? status : map(vmm, r->gpa + half, r->spa + half, half, HV_PAGE);
}

static enum hv_status make_one(struct hv_vmm *vmm)
{
    const struct hv_vmm_options *o = &vmm->options;
    enum hv_status status;

    vmm->range_count = 1;
    vmm->ranges[0] = (struct hv_vmm_range){.gpa = o->gpa, .bytes = o->memory};
    status = o->ram ? use_memory(vmm) : take_memory(vmm);
    return status ? status : map_halves(vmm);
}

static enum hv_status map_ranges(struct hv_vmm *vmm)
{
    enum hv_status status = HV_OK;

    for (unsigned i = 0; i < vmm->range_count && !status; i++) {
        const struct hv_vmm_range *r = &vmm->ranges[i];
        status = map(vmm, r->gpa, r->spa, r->bytes, LARGE);
    }
    return status;
}

enum hv_status vmm_memory_create(struct hv_vmm *vmm)
{
    const struct hv_vmm_options *o = &vmm->options;

    if (!o->ranges)
        return make_one(vmm);
    vmm->range_count = o->range_count;
    memcpy(vmm->ranges, o->ranges, o->range_count * sizeof(o->ranges[0]));
    return o->stage2 ? HV_OK : map_ranges(vmm);
}

void vmm_memory_destroy(struct hv_vmm *vmm)
{
    if (vmm->taken)
        hv_memory_give(hv_driver_memory(vmm->driver), vmm->ranges[0].spa, vmm->ranges[0].bytes);
    if (vmm->window)
        amdvi_window_remove(hv_driver_device(vmm->driver), vmm->ranges[0].spa);
}

/* ---------------------------------------------------------------- looking */

static bool holds(const struct hv_vmm_range *r, uint64_t gpa, uint64_t bytes)
{
    return gpa >= r->gpa && bytes <= r->bytes && gpa - r->gpa <= r->bytes - bytes;
}

void *hv_vmm_at(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    for (unsigned i = 0; i < vmm->range_count; i++)
        if (holds(&vmm->ranges[i], gpa, bytes))
            return (uint8_t *)vmm->ranges[i].at + (gpa - vmm->ranges[i].gpa);
    return NULL;
}

/* Up to the end of the page: what lies in one piece for sure. */
static uint64_t step(uint64_t gpa, uint64_t bytes)
{
    uint64_t page = HV_PAGE - gpa % HV_PAGE;

    return bytes < page ? bytes : page;
}

bool vmm_is_memory(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    uint64_t part;

    if (hv_vmm_at(vmm, gpa, bytes))
        return true;
    for (; bytes; gpa += part, bytes -= part) {
        part = step(gpa, bytes);
        if (!hv_vmm_at(vmm, gpa, part))
            return false;
    }
    return true;
}

uint64_t vmm_to_guest(const struct hv_vmm *vmm, uint64_t spa)
{
    for (unsigned i = 0; i < vmm->range_count; i++) {
        const struct hv_vmm_range *r = &vmm->ranges[i];
        if (spa >= r->spa && spa - r->spa < r->bytes)
            return spa - r->spa + r->gpa;
    }
    return spa;
}

/* ---------------------------------------------------------------- stores */

bool hv_vmm_store_bytes(struct hv_vmm *vmm, uint64_t gpa, const void *from, uint64_t bytes)
{
    const uint8_t *bytes_from = from;
    uint64_t part;

    if (!from || !vmm_is_memory(vmm, gpa, bytes))
        return false;
    for (uint64_t done = 0; done < bytes; done += part) {
        part = step(gpa + done, bytes - done);
        memcpy(hv_vmm_at(vmm, gpa + done, part), bytes_from + done, part);
    }
    hv_vmm_stored(vmm, gpa, bytes);
    return true;
}

bool hv_vmm_store(struct hv_vmm *vmm, uint64_t gpa, uint64_t value)
{
    return gpa % sizeof(value) == 0 && hv_vmm_store_bytes(vmm, gpa, &value, sizeof(value));
}

void hv_vmm_stored(struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    if (!vmm_is_memory(vmm, gpa, bytes))
        return;
    if (vmm->remapping) /* it may be an interrupt table */
        for (unsigned i = 0; i < vmm->count; i++)
            vmm_messages_renew(vmm, &vmm->devices[i]);
    if (!vmm_in_device_table(vmm, gpa, bytes))
        return;
    vmm->exits[HV_EXIT_DEVICE_TABLE]++;
    vmm_entries_stored(vmm, gpa, bytes);
}
