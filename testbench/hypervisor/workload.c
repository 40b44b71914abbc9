// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/workload_internal.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"

#include <stdlib.h>

#define LARGE UINT64_C(0x200000)

/* ---------------------------------------------------------------- small things */

uint32_t workload_any(struct hv_workload *w, uint32_t below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((w->random >> 33) % below);
}

void workload_see(struct hv_workload *w, enum hv_sight kind, uint64_t value, uint64_t extra)
{
    if (w->options.sight)
        w->options.sight(w->options.context, kind, value, extra);
}

/* Far apart, so that most pages have tables of their own; every eighth follows its neighbour. */
uint64_t workload_address(unsigned slot)
{
    if (slot >= SMALL)
        return UINT64_C(0x600000000000) + (uint64_t)(slot - SMALL) * 3 * LARGE;
    return UINT64_C(0x1000000000) + (slot / 8) * UINT64_C(0x140205000) + (uint64_t)(slot % 8) * HV_PAGE;
}

static uint64_t size_of(unsigned slot)
{
    return slot < SMALL ? HV_PAGE : LARGE;
}

static unsigned level_of(unsigned slot)
{
    return slot < SMALL ? 1 : 2;
}

void workload_wait(struct hv_workload *w)
{
    enum hv_status status = hv_guest_iommu_wait(&w->iommu);

    if (status)
        w->status = status;
    workload_see(w, HV_SIGHT_STORED, hv_guest_load(&w->iommu.pages, w->iommu.store), 0);
}

struct workload_device *workload_pick(struct hv_workload *w)
{
    return &w->devices[workload_any(w, w->options.device_count)];
}

/* ---------------------------------------------------------------- logs */

void workload_read_events(struct hv_workload *w)
{
    uint64_t record[2];

    while (!hv_guest_iommu_record(&w->iommu, AMDVI_LOG_EVENT, record)) {
        w->counts.events++;
        workload_see(w, HV_SIGHT_EVENT, record[0], record[1]);
    }
}

static void answer(struct hv_workload *w, const uint64_t record[2])
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, ppr_deviceid(record));
    cmd_complete_ppr_set_pasid(words, ppr_pasid(record));
    cmd_complete_ppr_set_gn(words, ppr_gn(record));
    cmd_complete_ppr_set_prgindex(words, ppr_prgindex(record));
    cmd_complete_ppr_set_response(words, CMD_COMPLETE_PPR_RESPONSE_SUCCESS);
    hv_guest_iommu_command(&w->iommu, words);
}

/* ---------------------------------------------------------------- pages */

static void map(struct hv_workload *w, struct workload_space *space, unsigned slot)
{
    uint64_t gpa = slot < SMALL ? w->pool[workload_any(w, POOL)] : w->large[workload_any(w, LARGE_PAGES)];
    bool writable = workload_any(w, 4) != 0;

    if (!hv_guest_map(&w->iommu.pages, space->root, workload_address(slot), gpa, level_of(slot), writable))
        return;
    space->gpa[slot] = gpa;
    space->writable[slot] = writable;
    w->counts.maps++;
}

/* What the walks left in the leaf, before it goes. */
static void unmap(struct hv_workload *w, struct workload_device *device, unsigned pasid, unsigned slot)
{
    struct workload_space *space = &device->spaces[pasid];
    uint64_t at = hv_guest_entry(&w->iommu.pages, space->root, workload_address(slot), level_of(slot));

    workload_see(w, HV_SIGHT_ENTRY, at, hv_guest_load(&w->iommu.pages, at));
    hv_guest_put(&w->iommu.pages, at, 0);
    space->gpa[slot] = 0;
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, workload_address(slot), size_of(slot));
    w->counts.unmaps++;
}

static struct workload_space *pick_space(struct hv_workload *w, struct workload_device *device,
                                         unsigned *pasid)
{
    *pasid = workload_any(w, 3) ? 0 : workload_any(w, PASIDS);
    return device->spaces[*pasid].root ? &device->spaces[*pasid] : NULL;
}

/* One page, or a few with a single COMPLETION_WAIT at the end. */
static void change_pages(struct hv_workload *w)
{
    struct workload_device *device = workload_pick(w);
    unsigned pasid, count = workload_any(w, 8) ? 1 : 2 + workload_any(w, 6);
    struct workload_space *space = pick_space(w, device, &pasid);
    bool flushed = false;

    while (space && count-- > 0) {
        unsigned slot = workload_any(w, SLOTS);
        if (space->gpa[slot]) {
            unmap(w, device, pasid, slot);
            flushed = true;
        } else {
            map(w, space, slot);
        }
    }
    if (flushed)
        workload_wait(w);
}

/* Less permission counts after the flush. */
static void protect(struct hv_workload *w)
{
    struct workload_device *device = workload_pick(w);
    unsigned pasid, slot = workload_any(w, SLOTS);
    struct workload_space *space = pick_space(w, device, &pasid);
    uint64_t at;

    if (!space || !space->gpa[slot])
        return;
    at = hv_guest_entry(&w->iommu.pages, space->root, workload_address(slot), level_of(slot));
    space->writable[slot] = !space->writable[slot];
    hv_guest_put(&w->iommu.pages, at, v2_set_rw(hv_guest_load(&w->iommu.pages, at), space->writable[slot]));
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, workload_address(slot), size_of(slot));
    workload_wait(w);
}

/* ---------------------------------------------------------------- flushes */

void workload_command_for(struct hv_workload *w, unsigned opcode, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, opcode);
    if (opcode != CMD_INVALIDATE_IOMMU_ALL)
        cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(&w->iommu, words);
}

static void flush(struct hv_workload *w)
{
    const struct workload_device *device = workload_pick(w);

    switch (workload_any(w, 8)) {
    case 0:
        workload_command_for(w, CMD_INVALIDATE_DEVTAB_ENTRY, device->id);
        break;
    case 1:
        workload_command_for(w, CMD_INVALIDATE_IOMMU_ALL, 0);
        break;
    case 2:
        workload_command_for(w, CMD_INVALIDATE_INTERRUPT_TABLE, device->id);
        break;
    case 3: /* the first device may have a cache of its own */
        workload_command_for(w, CMD_INVALIDATE_IOTLB_PAGES, w->devices[0].id);
        break;
    default:
        hv_guest_iommu_flush(&w->iommu, device->domain, workload_any(w, PASIDS), 0, 0);
    }
    w->counts.flushes++;
    workload_wait(w);
}

/* ---------------------------------------------------------------- address spaces */

static bool make_space(struct hv_workload *w, struct workload_device *device, unsigned pasid)
{
    struct workload_space *space = &device->spaces[pasid];

    *space = (struct workload_space){.root = hv_guest_take(&w->iommu.pages, 1)};
    return space->root && hv_guest_gcr3_set(&w->iommu.pages, device->gcr3, device->glx, pasid, space->root);
}

static void end_space(struct hv_workload *w, struct workload_device *device, unsigned pasid)
{
    struct workload_space *space = &device->spaces[pasid];

    hv_guest_gcr3_set(&w->iommu.pages, device->gcr3, device->glx, pasid, 0);
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, 0, 0);
    workload_wait(w);
    hv_guest_tables_give(&w->iommu.pages, space->root);
    *space = (struct workload_space){0};
}

/* PASID 0 is what requests without PASID use; it stays. */
static void change_space(struct hv_workload *w)
{
    struct workload_device *device = workload_pick(w);
    unsigned pasid = 1 + workload_any(w, PASIDS - 1);

    if (device->spaces[pasid].root)
        end_space(w, device, pasid);
    else
        make_space(w, device, pasid);
    w->counts.spaces++;
}

static void describe(const struct workload_device *device, uint64_t entry[4])
{
    entry[0] = entry[1] = entry[2] = entry[3] = 0;
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ppr(entry, 1);
    dte_set_glx(entry, device->glx);
    dte_set_gcr3_root(entry, device->gcr3);
    dte_set_domainid(entry, device->domain);
}

void workload_write_entry(struct hv_workload *w, const struct workload_device *device)
{
    uint64_t entry[4];

    describe(device, entry);
    hv_guest_iommu_entry(&w->iommu, device->id, entry);
}

/* Another domain for a device; the numbers come round, and an old one is flushed before. */
static void move(struct hv_workload *w)
{
    struct workload_device *device = workload_pick(w);

    device->domain = (uint16_t)(1 + w->next_domain++ % DOMAINS);
    workload_write_entry(w, device);
    for (unsigned pasid = 0; pasid < PASIDS; pasid++)
        hv_guest_iommu_flush(&w->iommu, device->domain, pasid, 0, 0);
    workload_wait(w);
    w->counts.moves++;
}

/* ---------------------------------------------------------------- what devices do */

/* Mostly pages that are mapped. */
static unsigned pick_slot(struct hv_workload *w, const struct workload_space *space)
{
    unsigned slot = workload_any(w, SLOTS);

    if (workload_any(w, 8) == 0)
        return slot;
    for (unsigned i = 0; i < SLOTS; i++)
        if (space->gpa[(slot + i) % SLOTS])
            return (slot + i) % SLOTS;
    return slot;
}

static void request(struct hv_workload *w)
{
    const struct workload_device *device = workload_pick(w);
    unsigned pasid = workload_any(w, 4) ? 0 : workload_any(w, PASIDS),
             slot = pick_slot(w, &device->spaces[pasid]);
    struct amdvi_request rq = {
        .device = device->id, .op = workload_any(w, 3) ? AMDVI_READ : AMDVI_WRITE, .length = 8};
    struct amdvi_result result;

    rq.has_pasid = pasid != 0;
    rq.pasid = pasid;
    rq.address = workload_address(slot) + (uint64_t)workload_any(w, (uint32_t)size_of(slot) / 8) * 8;
    if (hv_vmm_translate(w->iommu.vmm, &rq, &result)) {
        w->status = HV_ERR_DEVICE;
        return;
    }
    w->counts.requests++;
    w->counts.faults += !result.ok;
    if (result.ok)
        workload_see(w, HV_SIGHT_TRANSLATION, result.pa, result.perm);
    else
        workload_see(w, HV_SIGHT_TRANSLATION, result.fault.reason, result.fault.flags);
    if (!result.ok)
        workload_read_events(w);
}

/* A device asks for a page; the guest maps it and says so. */
static void page_request(struct hv_workload *w)
{
    struct workload_device *device = workload_pick(w);
    unsigned pasid = 1 + workload_any(w, PASIDS - 1), slot = workload_any(w, SMALL);
    struct workload_space *space = &device->spaces[pasid];
    struct amdvi_page_request rq = {.device = device->id, .has_pasid = true, .pasid = pasid, .read = true};
    uint64_t record[2];
    bool logged;

    rq.last = true;
    rq.prg_index = (uint16_t)workload_any(w, 512);
    rq.address = workload_address(slot);
    if (hv_vmm_page_request(w->iommu.vmm, &rq, &logged)) {
        w->status = HV_ERR_DEVICE;
        return;
    }
    while (!hv_guest_iommu_record(&w->iommu, AMDVI_LOG_PPR, record)) {
        workload_see(w, HV_SIGHT_PPR, record[0], record[1]);
        w->counts.page_requests++;
        if (space->root && !space->gpa[slot])
            map(w, space, slot);
        answer(w, record);
    }
    workload_wait(w);
}

/* ---------------------------------------------------------------- all of it */

static void operate(struct hv_workload *w)
{
    uint32_t dice = workload_any(w, 1000);

    w->counts.operations++;
    if (dice < 440)
        request(w);
    else if (dice < 442)
        workload_overflow(w);
    else if (dice < 446)
        workload_block(w);
    else if (dice < 450)
        workload_stray(w);
    else if (dice < 850)
        change_pages(w);
    else if (dice < 900)
        flush(w);
    else if (dice < 940)
        protect(w);
    else if (dice < 970)
        page_request(w);
    else if (dice < 995)
        change_space(w);
    else if (dice < 999)
        move(w);
    else
        workload_mistake(w);
}

enum hv_status hv_workload_run(struct hv_workload *workload, uint64_t operations)
{
    if (!workload)
        return HV_ERR_ARGUMENT;
    while (operations-- > 0 && !workload->status)
        operate(workload);
    return workload->status;
}

static bool start_device(struct hv_workload *w, unsigned index)
{
    struct workload_device *device = &w->devices[index];

    device->id = w->options.devices[index];
    device->domain = (uint16_t)(1 + w->next_domain++);
    device->glx = index % 2;
    device->gcr3 = hv_guest_take(&w->iommu.pages, 1);
    if (!device->gcr3 || !make_space(w, device, 0))
        return false;
    workload_write_entry(w, device);
    return true;
}

static enum hv_status start(struct hv_workload *w)
{
    enum hv_status status = hv_guest_iommu_create(&w->iommu, w->iommu.vmm, w->options.gpa, w->options.bytes);
    bool good = !status;

    if (status)
        return status;
    for (unsigned i = 0; i < LARGE_PAGES && good; i++)
        good = (w->large[i] = hv_guest_take(&w->iommu.pages, LARGE / HV_PAGE)) != 0;
    for (unsigned i = 0; i < POOL && good; i++)
        good = (w->pool[i] = hv_guest_take(&w->iommu.pages, 1)) != 0;
    for (unsigned i = 0; i < w->options.device_count && good; i++)
        good = start_device(w, i);
    workload_wait(w);
    return good ? w->status : HV_ERR_NO_MEMORY;
}

enum hv_status hv_workload_create(struct hv_vmm *vmm, const struct hv_workload_options *options,
                                  struct hv_workload **workload)
{
    struct hv_workload *made;
    enum hv_status status;

    if (!vmm || !options || !workload || !options->device_count ||
        options->device_count > HV_WORKLOAD_DEVICES)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->options = *options;
    made->random = options->seed;
    made->iommu.vmm = vmm;
    status = start(made);
    if (status) {
        hv_workload_destroy(made);
        return status;
    }
    *workload = made;
    return HV_OK;
}

void hv_workload_destroy(struct hv_workload *workload)
{
    if (!workload)
        return;
    hv_guest_iommu_destroy(&workload->iommu);
    free(workload);
}

struct hv_workload_counts hv_workload_counts(const struct hv_workload *workload)
{
    struct hv_workload_counts counts = workload->counts;

    counts.commands = workload->iommu.commands;
    counts.waits = workload->iommu.waits;
    return counts;
}
