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

bool vmm_in_device_table(const struct hv_vmm *vmm, uint64_t gpa)
{
    uint64_t base = reg_devtab_base_base(vmm->registers.devtab_base);

    return reg_control_iommuen(vmm->registers.control) && gpa >= base && gpa - base < table_bytes(vmm);
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
}

static void block(struct hv_vmm *vmm, struct vmm_device *device)
{
    hv_fd_detach(vmm->fd, device->device);
    leave_table(vmm, device);
}

static void nest(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4])
{
    hv_handle table;

    if (hv_fd_nested_share(vmm->fd, vmm->viommu, entry, &table) ||
        hv_fd_attach(vmm->fd, device->device, table)) {
        vmm->refused++;
        block(vmm, device);
        vmm_illegal_entry(vmm, device->guest);
        return;
    }
    leave_table(vmm, device);
    device->table = table;
}

static bool passes(const uint64_t entry[4])
{
    bool plain = dte_tv(entry) && !dte_gv(entry) && dte_mode(entry) == DTE_MODE_NONE && !dte_host_root(entry);

    return !dte_v(entry) || (plain && dte_ir(entry) && dte_iw(entry));
}

/* iommu 3.3 in the guest's own view: V=0 passes (to guest memory), TV=0 blocks, GV=0 with Mode 0 passes. */
static void follow_entry(struct hv_vmm *vmm, struct vmm_device *device)
{
    uint64_t entry[4];

    read_entry(vmm, device->guest, entry);
    filter(entry);
    if (!reg_control_iommuen(vmm->registers.control) || passes(entry)) {
        hv_fd_attach(vmm->fd, device->device, vmm->parent);
        leave_table(vmm, device);
    } else if (!dte_tv(entry)) {
        block(vmm, device);
    } else {
        nest(vmm, device, entry);
    }
}

void vmm_entry_changed(struct hv_vmm *vmm, uint64_t gpa)
{
    uint64_t index = (gpa - reg_devtab_base_base(vmm->registers.devtab_base)) / VMM_DTE_BYTES;
    struct vmm_device *device = index <= UINT16_MAX ? vmm_find_guest(vmm, (uint16_t)index) : NULL;

    /* An entry goes live with its word 0 (iommu 3.1): words after it belong to an entry that is not valid
     * yet, or are changes of a live one. Both are seen as they come. */
    if (device)
        follow_entry(vmm, device);
}

void vmm_table_moved(struct hv_vmm *vmm)
{
    for (unsigned i = 0; i < vmm->count; i++)
        follow_entry(vmm, &vmm->devices[i]);
}

/* ---------------------------------------------------------------- DMA */

static uint64_t to_guest(const struct hv_vmm *vmm, uint64_t spa)
{
    return spa - vmm->ram + vmm->options.gpa;
}

enum hv_status hv_vmm_translate(struct hv_vmm *vmm, const struct amdvi_request *request,
                                struct amdvi_result *result)
{
    const struct vmm_device *device = vmm && request && result ? vmm_find_guest(vmm, request->device) : NULL;
    struct amdvi_request host;

    if (!device)
        return HV_ERR_NO_OBJECT;
    host = *request;
    host.device = device->host;
    if (amdvi_translate(hv_driver_device(vmm->driver), &host, result))
        return HV_ERR_DEVICE;
    if (result->ok)
        result->pa = to_guest(vmm, result->pa);
    return hv_vmm_deliver(vmm);
}

enum hv_status hv_vmm_page_request(struct hv_vmm *vmm, const struct amdvi_page_request *request, bool *logged)
{
    const struct vmm_device *device = vmm && request && logged ? vmm_find_guest(vmm, request->device) : NULL;
    struct amdvi_page_request host;
    struct amdvi_page_request_result result;

    if (!device)
        return HV_ERR_NO_OBJECT;
    host = *request;
    host.device = device->host;
    if (amdvi_page_request(hv_driver_device(vmm->driver), &host, &result))
        return HV_ERR_DEVICE;
    *logged = result.ok;
    return hv_vmm_deliver(vmm);
}
