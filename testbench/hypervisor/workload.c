// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/workload.h"

#include "testbench/hypervisor/guest_driver.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"

#include <stdlib.h>

enum { PASIDS = 6, SMALL = 96, LARGE_PAGES = 4, SLOTS = SMALL + LARGE_PAGES, POOL = 64, DOMAINS = 64 };

#define LARGE UINT64_C(0x200000)

/* One address space: PASID of a device. Slots have fixed addresses; 0 in `gpa` is not mapped. */
struct space {
    uint64_t root;
    uint64_t gpa[SLOTS];
    bool writable[SLOTS];
};

struct device {
    uint16_t id, domain;
    unsigned glx;
    uint64_t gcr3;
    struct space spaces[PASIDS];
};

struct hv_workload {
    struct hv_workload_options options;
    struct hv_guest_iommu iommu;
    struct device devices[HV_WORKLOAD_DEVICES];
    uint64_t pool[POOL], large[LARGE_PAGES]; /* what gets mapped */
    uint64_t random;
    uint16_t next_domain;
    struct hv_workload_counts counts;
    enum hv_status status;
};

/* ---------------------------------------------------------------- small things */

static uint32_t any(struct hv_workload *w, uint32_t below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((w->random >> 33) % below);
}

static void see(struct hv_workload *w, enum hv_sight kind, uint64_t value, uint64_t extra)
{
    if (w->options.sight)
        w->options.sight(w->options.context, kind, value, extra);
}

/* Far apart, so that most pages have tables of their own; every eighth follows its neighbour. */
static uint64_t address_of(unsigned slot)
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

static void wait(struct hv_workload *w)
{
    enum hv_status status = hv_guest_iommu_wait(&w->iommu);

    if (status)
        w->status = status;
    see(w, HV_SIGHT_STORED, hv_guest_load(&w->iommu.pages, w->iommu.store), 0);
}

static struct device *pick(struct hv_workload *w)
{
    return &w->devices[any(w, w->options.device_count)];
}

/* ---------------------------------------------------------------- logs */

static void read_events(struct hv_workload *w)
{
    uint64_t record[2];

    while (!hv_guest_iommu_record(&w->iommu, AMDVI_LOG_EVENT, record)) {
        w->counts.events++;
        see(w, HV_SIGHT_EVENT, record[0], record[1]);
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

static void map(struct hv_workload *w, struct space *space, unsigned slot)
{
    uint64_t gpa = slot < SMALL ? w->pool[any(w, POOL)] : w->large[any(w, LARGE_PAGES)];
    bool writable = any(w, 4) != 0;

    if (!hv_guest_map(&w->iommu.pages, space->root, address_of(slot), gpa, level_of(slot), writable))
        return;
    space->gpa[slot] = gpa;
    space->writable[slot] = writable;
    w->counts.maps++;
}

/* What the walks left in the leaf, before it goes. */
static void unmap(struct hv_workload *w, struct device *device, unsigned pasid, unsigned slot)
{
    struct space *space = &device->spaces[pasid];
    uint64_t at = hv_guest_entry(&w->iommu.pages, space->root, address_of(slot), level_of(slot));

    see(w, HV_SIGHT_ENTRY, at, hv_guest_load(&w->iommu.pages, at));
    hv_guest_put(&w->iommu.pages, at, 0);
    space->gpa[slot] = 0;
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, address_of(slot), size_of(slot));
    w->counts.unmaps++;
}

static struct space *pick_space(struct hv_workload *w, struct device *device, unsigned *pasid)
{
    *pasid = any(w, 3) ? 0 : any(w, PASIDS);
    return device->spaces[*pasid].root ? &device->spaces[*pasid] : NULL;
}

/* One page, or a few with a single COMPLETION_WAIT at the end. */
static void change_pages(struct hv_workload *w)
{
    struct device *device = pick(w);
    unsigned pasid, count = any(w, 8) ? 1 : 2 + any(w, 6);
    struct space *space = pick_space(w, device, &pasid);
    bool flushed = false;

    while (space && count-- > 0) {
        unsigned slot = any(w, SLOTS);
        if (space->gpa[slot]) {
            unmap(w, device, pasid, slot);
            flushed = true;
        } else {
            map(w, space, slot);
        }
    }
    if (flushed)
        wait(w);
}

/* Less permission counts after the flush. */
static void protect(struct hv_workload *w)
{
    struct device *device = pick(w);
    unsigned pasid, slot = any(w, SLOTS);
    struct space *space = pick_space(w, device, &pasid);
    uint64_t at;

    if (!space || !space->gpa[slot])
        return;
    at = hv_guest_entry(&w->iommu.pages, space->root, address_of(slot), level_of(slot));
    space->writable[slot] = !space->writable[slot];
    hv_guest_put(&w->iommu.pages, at, v2_set_rw(hv_guest_load(&w->iommu.pages, at), space->writable[slot]));
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, address_of(slot), size_of(slot));
    wait(w);
}

/* ---------------------------------------------------------------- flushes */

static void command_for(struct hv_workload *w, unsigned opcode, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, opcode);
    if (opcode != CMD_INVALIDATE_IOMMU_ALL)
        cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(&w->iommu, words);
}

static void flush(struct hv_workload *w)
{
    const struct device *device = pick(w);

    switch (any(w, 8)) {
    case 0:
        command_for(w, CMD_INVALIDATE_DEVTAB_ENTRY, device->id);
        break;
    case 1:
        command_for(w, CMD_INVALIDATE_IOMMU_ALL, 0);
        break;
    case 2:
        command_for(w, CMD_INVALIDATE_INTERRUPT_TABLE, device->id);
        break;
    case 3: /* the first device may have a cache of its own */
        command_for(w, CMD_INVALIDATE_IOTLB_PAGES, w->devices[0].id);
        break;
    default:
        hv_guest_iommu_flush(&w->iommu, device->domain, any(w, PASIDS), 0, 0);
    }
    w->counts.flushes++;
    wait(w);
}

/* ---------------------------------------------------------------- address spaces */

static bool make_space(struct hv_workload *w, struct device *device, unsigned pasid)
{
    struct space *space = &device->spaces[pasid];

    *space = (struct space){.root = hv_guest_take(&w->iommu.pages, 1)};
    return space->root && hv_guest_gcr3_set(&w->iommu.pages, device->gcr3, device->glx, pasid, space->root);
}

static void end_space(struct hv_workload *w, struct device *device, unsigned pasid)
{
    struct space *space = &device->spaces[pasid];

    hv_guest_gcr3_set(&w->iommu.pages, device->gcr3, device->glx, pasid, 0);
    hv_guest_iommu_flush(&w->iommu, device->domain, pasid, 0, 0);
    wait(w);
    hv_guest_tables_give(&w->iommu.pages, space->root);
    *space = (struct space){0};
}

/* PASID 0 is what requests without PASID use; it stays. */
static void change_space(struct hv_workload *w)
{
    struct device *device = pick(w);
    unsigned pasid = 1 + any(w, PASIDS - 1);

    if (device->spaces[pasid].root)
        end_space(w, device, pasid);
    else
        make_space(w, device, pasid);
    w->counts.spaces++;
}

static void describe(const struct device *device, uint64_t entry[4])
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

static void write_entry(struct hv_workload *w, const struct device *device)
{
    uint64_t entry[4];

    describe(device, entry);
    hv_guest_iommu_entry(&w->iommu, device->id, entry);
}

/* Another domain for a device; the numbers come round, and an old one is flushed before. */
static void move(struct hv_workload *w)
{
    struct device *device = pick(w);

    device->domain = (uint16_t)(1 + w->next_domain++ % DOMAINS);
    write_entry(w, device);
    for (unsigned pasid = 0; pasid < PASIDS; pasid++)
        hv_guest_iommu_flush(&w->iommu, device->domain, pasid, 0, 0);
    wait(w);
    w->counts.moves++;
}

/* ---------------------------------------------------------------- what devices do */

/* Mostly pages that are mapped. */
static unsigned pick_slot(struct hv_workload *w, const struct space *space)
{
    unsigned slot = any(w, SLOTS);

    if (any(w, 8) == 0)
        return slot;
    for (unsigned i = 0; i < SLOTS; i++)
        if (space->gpa[(slot + i) % SLOTS])
            return (slot + i) % SLOTS;
    return slot;
}

static void request(struct hv_workload *w)
{
    const struct device *device = pick(w);
    unsigned pasid = any(w, 4) ? 0 : any(w, PASIDS), slot = pick_slot(w, &device->spaces[pasid]);
    struct amdvi_request rq = {.device = device->id, .op = any(w, 3) ? AMDVI_READ : AMDVI_WRITE, .length = 8};
    struct amdvi_result result;

    rq.has_pasid = pasid != 0;
    rq.pasid = pasid;
    rq.address = address_of(slot) + (uint64_t)any(w, (uint32_t)size_of(slot) / 8) * 8;
    if (hv_vmm_translate(w->iommu.vmm, &rq, &result)) {
        w->status = HV_ERR_DEVICE;
        return;
    }
    w->counts.requests++;
    w->counts.faults += !result.ok;
    if (result.ok)
        see(w, HV_SIGHT_TRANSLATION, result.pa, result.perm);
    else
        see(w, HV_SIGHT_TRANSLATION, result.fault.reason, result.fault.flags);
    if (!result.ok)
        read_events(w);
}

/* A device asks for a page; the guest maps it and says so. */
static void page_request(struct hv_workload *w)
{
    struct device *device = pick(w);
    unsigned pasid = 1 + any(w, PASIDS - 1), slot = any(w, SMALL);
    struct space *space = &device->spaces[pasid];
    struct amdvi_page_request rq = {.device = device->id, .has_pasid = true, .pasid = pasid, .read = true};
    uint64_t record[2];
    bool logged;

    rq.last = true;
    rq.prg_index = (uint16_t)any(w, 512);
    rq.address = address_of(slot);
    if (hv_vmm_page_request(w->iommu.vmm, &rq, &logged)) {
        w->status = HV_ERR_DEVICE;
        return;
    }
    while (!hv_guest_iommu_record(&w->iommu, AMDVI_LOG_PPR, record)) {
        see(w, HV_SIGHT_PPR, record[0], record[1]);
        w->counts.page_requests++;
        if (space->root && !space->gpa[slot])
            map(w, space, slot);
        answer(w, record);
    }
    wait(w);
}

/* A command that no guest may give: the guest is told, its ring stands, it starts again (viommu 7.3, 7.4). */
static void mistake(struct hv_workload *w)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_RESET_VMMIO);
    hv_guest_iommu_command(&w->iommu, words);
    if (!hv_guest_iommu_wait(&w->iommu))
        w->status = HV_ERR_COMMAND; /* it should not have come */
    read_events(w);
    if (hv_guest_iommu_restart(&w->iommu))
        w->status = HV_ERR_DEVICE;
    w->counts.mistakes++;
    wait(w);
}

/* ---------------------------------------------------------------- all of it */

static void operate(struct hv_workload *w)
{
    uint32_t dice = any(w, 1000);

    w->counts.operations++;
    if (dice < 450)
        request(w);
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
        mistake(w);
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
    struct device *device = &w->devices[index];

    device->id = w->options.devices[index];
    device->domain = (uint16_t)(1 + w->next_domain++);
    device->glx = index % 2;
    device->gcr3 = hv_guest_take(&w->iommu.pages, 1);
    if (!device->gcr3 || !make_space(w, device, 0))
        return false;
    write_entry(w, device);
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
    wait(w);
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
