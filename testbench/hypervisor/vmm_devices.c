// SPDX-License-Identifier: Apache-2.0
/* The guest's device table, and the guest's devices behind it (viommu 4.2, 9.4 steps 6 and 7). */
#include "testbench/hypervisor/dte.h"
#include "testbench/hypervisor/vmm_internal.h"

#include "model/layout.h"
#include "tables/layout.h"

#include <string.h>

struct vmm_device *vmm_find_guest(struct hv_vmm *vmm, uint16_t guest_device)
{
    for (unsigned i = 0; i < vmm->count; i++)
        if (vmm->devices[i].guest == guest_device)
            return &vmm->devices[i];
    return NULL;
}

static uint64_t table_bytes(const struct hv_vmm *vmm)
{
    return (reg_devtab_base_size(vmm->registers.devtab_base) + 1) * HV_PAGE;
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b ? b - a < a_bytes : a - b < b_bytes;
}

bool vmm_in_device_table(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    uint64_t base = reg_devtab_base_base(vmm->registers.devtab_base);

    return reg_control_iommuen(vmm->registers.control) && overlap(base, table_bytes(vmm), gpa, bytes);
}

/* Entries beyond the table or beyond memory block, as the hardware faults on them. */
static void read_entry(const struct hv_vmm *vmm, uint16_t guest_device, uint64_t entry[4])
{
    uint64_t offset = (uint64_t)guest_device * VMM_DTE_BYTES;
    const void *from = NULL;

    if (offset < table_bytes(vmm))
        from = hv_vmm_at(vmm, reg_devtab_base_base(vmm->registers.devtab_base) + offset, VMM_DTE_BYTES);
    hv_dte_blocked(entry);
    if (from)
        memcpy(entry, from, VMM_DTE_BYTES);
}

/* 5.3: bits that nobody honours are refused by the driver. These the VMM answers for: the interrupt half
 * (guests run without interrupt remapping), I (ATS is the host's choice) and SysMgt (no such messages here).
 */
static void filter(uint64_t entry[4])
{
    uint64_t paging = dte_guestpagingmode(entry);

    entry[DTE_IV_WORD] = 0;
    dte_set_guestpagingmode(entry, paging);
    dte_set_i(entry, 0);
    dte_set_sysmgt(entry, 0);
}

static void leave_table(struct hv_vmm *vmm, struct vmm_device *device)
{
    if (device->table)
        hv_fd_destroy_object(vmm->fd, device->table);
    device->table = 0;
    vmm_shadow_leave(vmm, device);
}

static void block(struct hv_vmm *vmm, struct vmm_device *device)
{
    hv_fd_detach(vmm->fd, device->device);
    leave_table(vmm, device);
}

static enum hv_status nest(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4])
{
    hv_handle table;
    enum hv_status status = hv_fd_nested_share(vmm->fd, vmm->viommu, entry, &table);

    if (status)
        return status;
    status = hv_fd_attach(vmm->fd, device->device, table);
    if (status) {
        hv_fd_destroy_object(vmm->fd, table);
        return status;
    }
    leave_table(vmm, device);
    device->table = table;
    return HV_OK;
}

static enum hv_status shadow(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4])
{
    enum hv_status status = vmm_shadow_attach(vmm, device, entry);

    if (!status && device->table) {
        hv_fd_destroy_object(vmm->fd, device->table);
        device->table = 0;
    }
    return status;
}

static enum hv_status translate(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4])
{
    return vmm_names_host_table(vmm, entry) ? shadow(vmm, device, entry) : nest(vmm, device, entry);
}

static enum hv_status pass(struct hv_vmm *vmm, struct vmm_device *device)
{
    enum hv_status status = hv_fd_attach(vmm->fd, device->device, vmm->parent);

    if (!status)
        leave_table(vmm, device);
    return status;
}

static bool plain(const uint64_t entry[4])
{
    return dte_tv(entry) && !dte_gv(entry) && dte_mode(entry) == DTE_MODE_NONE && !dte_host_root(entry);
}

static bool passes(const uint64_t entry[4])
{
    return !dte_v(entry) || (plain(entry) && dte_ir(entry) && dte_iw(entry));
}

/* Drivers block with TV=0, or with TV=1 and no permission (iommu 3.3). */
static bool blocks(const uint64_t entry[4])
{
    return !dte_tv(entry) || (plain(entry) && !dte_ir(entry) && !dte_iw(entry));
}

/* What the guest's table says; entries of a guest whose IOMMU is off are zero: they pass. */
static void entry_now(const struct hv_vmm *vmm, uint16_t guest_device, uint64_t entry[4])
{
    memset(entry, 0, VMM_DTE_BYTES);
    if (!reg_control_iommuen(vmm->registers.control))
        return;
    read_entry(vmm, guest_device, entry);
    filter(entry);
}

/* iommu 3.3 in the guest's own view: V=0 passes (to guest memory), TV=0 blocks, GV=0 with Mode 0 passes. */
enum hv_status vmm_follow_entry(struct hv_vmm *vmm, struct vmm_device *device)
{
    enum hv_status status = HV_OK;
    uint64_t entry[4];

    entry_now(vmm, device->guest, entry);
    if (device->followed && hv_dte_same(device->entry, entry))
        return HV_OK;
    memcpy(device->entry, entry, sizeof(entry));
    device->doubtful = false;
    if (passes(entry))
        status = pass(vmm, device);
    else if (blocks(entry))
        block(vmm, device);
    else if (translate(vmm, device, entry)) {
        block(vmm, device);
        device->doubtful = true;
    }
    device->followed = !status;
    return status;
}

/* With the interrupt part of the entry. */
static void follow(struct hv_vmm *vmm, struct vmm_device *device)
{
    vmm_follow_entry(vmm, device);
    vmm_messages_renew(vmm, device);
}

/* 6.1 and 6.12 store entries in pieces of 8 bytes, and what lies between two of them is nobody's entry
 * (viommu 14): devices follow each store, but what cannot be followed is judged later. */
void vmm_entries_stored(struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    uint64_t base = reg_devtab_base_base(vmm->registers.devtab_base);

    for (unsigned i = 0; i < vmm->count; i++)
        if (overlap(base + (uint64_t)vmm->devices[i].guest * VMM_DTE_BYTES, VMM_DTE_BYTES, gpa, bytes))
            follow(vmm, &vmm->devices[i]);
}

void vmm_table_moved(struct hv_vmm *vmm)
{
    for (unsigned i = 0; i < vmm->count; i++)
        follow(vmm, &vmm->devices[i]);
}

enum hv_status hv_vmm_look(struct hv_vmm *vmm)
{
    if (!vmm)
        return HV_ERR_ARGUMENT;
    vmm_table_moved(vmm);
    return HV_OK;
}

static void judge(struct hv_vmm *vmm, struct vmm_device *device)
{
    if (!device->doubtful)
        return;
    device->doubtful = false;
    vmm->refused++;
    vmm_illegal_entry(vmm, device->guest);
}

void vmm_entry_invalidated(struct hv_vmm *vmm, struct vmm_device *device)
{
    follow(vmm, device);
    judge(vmm, device);
}

enum hv_status hv_vmm_device_interrupt(struct hv_vmm *vmm, uint16_t guest_device, unsigned index,
                                       const struct hv_interrupt *interrupt)
{
    const struct vmm_device *device = vmm ? vmm_find_guest(vmm, guest_device) : NULL;

    return device ? hv_device_interrupt(vmm->driver, device->host, index, interrupt) : HV_ERR_NO_OBJECT;
}

/* ---------------------------------------------------------------- DMA */

/* With `data` the bytes move too. */
static enum hv_status ask(struct hv_vmm *vmm, const struct amdvi_request *request, void *data,
                          struct amdvi_result *result)
{
    struct vmm_device *device = vmm && request && result ? vmm_find_guest(vmm, request->device) : NULL;
    struct amdvi_request host;
    enum amdvi_status status;

    if (!device)
        return HV_ERR_NO_OBJECT;
    if (vmm->options.untrapped)
        hv_vmm_look(vmm);
    judge(vmm, device);
    host = *request;
    host.device = device->host;
    status = data ? amdvi_dma(hv_driver_device(vmm->driver), &host, data, result)
                  : amdvi_translate(hv_driver_device(vmm->driver), &host, result);
    if (status)
        return HV_ERR_DEVICE;
    if (result->ok)
        result->pa = vmm_to_guest(vmm, result->pa);
    return hv_vmm_deliver(vmm);
}

enum hv_status hv_vmm_translate(struct hv_vmm *vmm, const struct amdvi_request *request,
                                struct amdvi_result *result)
{
    return ask(vmm, request, NULL, result);
}

enum hv_status hv_vmm_dma(struct hv_vmm *vmm, const struct amdvi_request *request, void *data,
                          struct amdvi_result *result)
{
    return data ? ask(vmm, request, data, result) : HV_ERR_ARGUMENT;
}

enum hv_status hv_vmm_page_request(struct hv_vmm *vmm, const struct amdvi_page_request *request, bool *logged)
{
    struct vmm_device *device = vmm && request && logged ? vmm_find_guest(vmm, request->device) : NULL;
    struct amdvi_page_request host;
    struct amdvi_page_request_result result;

    if (!device)
        return HV_ERR_NO_OBJECT;
    if (vmm->options.untrapped)
        hv_vmm_look(vmm);
    judge(vmm, device);
    host = *request;
    host.device = device->host;
    if (amdvi_page_request(hv_driver_device(vmm->driver), &host, &result))
        return HV_ERR_DEVICE;
    *logged = result.ok;
    return hv_vmm_deliver(vmm);
}
