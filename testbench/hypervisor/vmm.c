// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/features.h"
#include "testbench/hypervisor/vmm_internal.h"

#include "model/layout.h"

#include <stdlib.h>

enum { EVENT_DEPTH_DEFAULT = 4096 };

const char *hv_exit_text(enum hv_exit cause)
{
    static const char *const texts[HV_EXITS] = {
        [HV_EXIT_CONFIG_READ] = "configuration read",  [HV_EXIT_CONFIG_WRITE] = "configuration write",
        [HV_EXIT_DEVICE_TABLE] = "device table store", [HV_EXIT_RING_TAIL] = "command ring doorbell",
        [HV_EXIT_RING_POLL] = "command ring poll",     [HV_EXIT_LOG] = "log pointers",
        [HV_EXIT_INJECT] = "record injected",
    };

    return (unsigned)cause < HV_EXITS ? texts[cause] : "unknown";
}

/* ---------------------------------------------------------------- set-up */

static enum hv_status make_parent(struct hv_vmm *vmm, hv_handle device)
{
    const struct hv_foreign_stage2 *foreign = vmm->options.stage2;

    return foreign ? hv_fd_parent_adopt(vmm->fd, device, foreign, &vmm->parent)
                   : hv_fd_parent_alloc(vmm->fd, device, &vmm->parent);
}

static enum hv_status make_viommu(struct hv_vmm *vmm)
{
    bool hardware = vmm->options.mode == HV_VMM_HARDWARE;
    unsigned depth = vmm->options.event_depth ? vmm->options.event_depth : EVENT_DEPTH_DEFAULT;
    struct hv_viommu_alloc alloc = {.device = vmm->devices[0].device,
                                    .parent = vmm->parent,
                                    .type = hardware ? HV_VIOMMU_AMD : HV_VIOMMU_MEDIATED};
    enum hv_status status = hv_fd_viommu_alloc(vmm->fd, &alloc);

    if (status)
        return status;
    vmm->viommu = alloc.viommu;
    if (hardware)
        return hv_fd_vf_page(vmm->fd, vmm->viommu, alloc.vf_offset, &vmm->vf);
    status = hv_fd_eventq_alloc(vmm->fd, vmm->viommu, AMDVI_LOG_EVENT, depth, &vmm->events);
    return status ? status : hv_fd_eventq_alloc(vmm->fd, vmm->viommu, AMDVI_LOG_PPR, depth, &vmm->pprs);
}

/* The rest of a device, once there is a virtual IOMMU. */
static enum hv_status finish_device(struct hv_vmm *vmm, struct vmm_device *device)
{
    enum hv_status status;

    if (device->guest == vmm_function(vmm))
        return HV_ERR_EXISTS;
    status = hv_fd_vdevice_alloc(vmm->fd, vmm->viommu, device->device, device->guest, &device->vdevice);
    return status ? status : vmm_follow_entry(vmm, device);
}

static enum hv_status show_features(struct hv_vmm *vmm)
{
    uint64_t host, host2, efr = vmm->options.efr;

    hv_driver_features(vmm->driver, &host, &host2);
    efr = efr ? efr : hv_guest_features(host);
    vmm->registers.efr = vmm->options.host_tables ? reg_efr_set_hats(efr, REG_EFR_HATS_LEVEL4) : efr;
    if (vmm->remapping)
        vmm->registers.efr |= host & REG_EFR_GASUP_MASK;
    if (vmm->options.host_tables && vmm->options.mode == HV_VMM_HARDWARE)
        return HV_ERR_UNSUPPORTED;
    return hv_guest_features_check(host, efr, 0, NULL) ? HV_ERR_UNSUPPORTED : HV_OK;
}

static enum hv_status build(struct hv_vmm *vmm)
{
    struct vmm_device *first = &vmm->devices[0];
    enum hv_status status = hv_fd_create(vmm->options.tag, &vmm->fd);

    *first = (struct vmm_device){.host = vmm->options.first, .guest = vmm->options.first_guest};
    vmm->count = 1;
    if (!status)
        status = hv_fd_bind(vmm->fd, vmm->driver, first->host, &first->device);
    if (!status)
        status = make_parent(vmm, first->device);
    if (!status)
        status = vmm_memory_create(vmm);
    if (!status)
        status = make_viommu(vmm);
    if (!status)
        status = finish_device(vmm, first);
    if (!status)
        status = show_features(vmm);
    return status ? status : vmm_pci_create(vmm);
}

enum hv_status hv_vmm_create(struct hv_driver *driver, const struct hv_vmm_options *options,
                             struct hv_vmm **vmm)
{
    struct hv_vmm *made;
    enum hv_status status;

    if (!driver || !options || !vmm || !vmm_memory_good(options))
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->options = *options;
    made->remapping = options->ioapic;
    if (options->ioapic)
        made->ioapic = *options->ioapic;
    made->driver = driver;
    status = build(made);
    if (status) {
        hv_vmm_destroy(made);
        return status;
    }
    *vmm = made;
    return HV_OK;
}

void hv_vmm_destroy(struct hv_vmm *vmm)
{
    if (!vmm)
        return;
    vmm_pci_destroy(vmm);
    hv_fd_close(vmm->fd);
    vmm_memory_destroy(vmm);
    free(vmm);
}

enum hv_status hv_vmm_add_device(struct hv_vmm *vmm, uint16_t device, uint16_t guest_device)
{
    struct vmm_device *made;
    enum hv_status status;

    if (!vmm || vmm->count == VMM_DEVICES)
        return HV_ERR_ARGUMENT;
    made = &vmm->devices[vmm->count];
    *made = (struct vmm_device){.host = device, .guest = guest_device};
    status = hv_fd_bind(vmm->fd, vmm->driver, device, &made->device);
    if (!status)
        status = finish_device(vmm, made);
    if (!status) {
        vmm->count++;
        return HV_OK;
    }
    hv_fd_destroy_object(vmm->fd, made->vdevice);
    hv_fd_destroy_object(vmm->fd, made->device);
    return status;
}

static void forget_records(struct hv_vmm *vmm)
{
    uint64_t record[2];

    while (!hv_fd_eventq_read(vmm->fd, vmm->events, record))
        ;
    while (!hv_fd_eventq_read(vmm->fd, vmm->pprs, record))
        ;
}

enum hv_status hv_vmm_reset(struct hv_vmm *vmm)
{
    enum hv_status status;

    if (!vmm)
        return HV_ERR_ARGUMENT;
    vmm->registers = (struct hv_registers){.efr = vmm->registers.efr};
    vmm->rings = (struct vmm_rings){0};
    vmm_pci_reset(vmm);
    vmm_queues_changed(vmm, 0);
    vmm_interrupts_changed(vmm);
    vmm_table_moved(vmm);
    vmm_messages_forget(vmm);
    for (unsigned i = 0; i < vmm->count; i++)
        hv_device_interrupts_off(vmm->driver, vmm->devices[i].host);
    status = hv_fd_viommu_reset(vmm->fd, vmm->viommu);
    forget_records(vmm);
    return status;
}

/* ---------------------------------------------------------------- registers */

static bool direct(const struct hv_vmm *vmm, uint64_t offset)
{
    return vmm->vf.device && offset >= HV_VF_PAGE && offset < HV_VF_PAGE_END;
}

/* The page that the guest has mapped: no exit, the device answers. */
static enum hv_status direct_access(struct hv_vmm *vmm, bool write, uint64_t offset, unsigned size,
                                    uint64_t *value)
{
    offset -= HV_VF_PAGE;
    if (!write)
        return amdvi_vf_read(vmm->vf.device, vmm->vf.guest_id, offset, size, value) ? HV_ERR_ARGUMENT : HV_OK;
    if (amdvi_vf_write(vmm->vf.device, vmm->vf.guest_id, offset, size, *value))
        return HV_ERR_ARGUMENT;
    return amdvi_run(vmm->vf.device) ? HV_ERR_DEVICE : HV_OK;
}

static enum hv_exit cause_of(bool write, uint64_t offset)
{
    if (offset < HV_VF_PAGE || offset >= HV_VF_PAGE_END)
        return write ? HV_EXIT_CONFIG_WRITE : HV_EXIT_CONFIG_READ;
    if (offset == REG_CMD_TAIL_OFFSET && write)
        return HV_EXIT_RING_TAIL;
    return offset <= REG_CMD_TAIL_OFFSET || offset == REG_STATUS_OFFSET ? HV_EXIT_RING_POLL : HV_EXIT_LOG;
}

static bool legal(uint64_t offset, unsigned size)
{
    return (size == 4 || size == 8) && offset % size == 0 && offset < HV_REGISTERS_BYTES;
}

enum hv_status hv_vmm_read(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t *value)
{
    enum hv_status status;

    if (!vmm || !value || !legal(offset, size))
        return HV_ERR_ARGUMENT;
    if (direct(vmm, offset))
        return direct_access(vmm, false, offset, size, value);
    vmm->exits[cause_of(false, offset & ~UINT64_C(7))]++;
    if (offset < HV_VF_PAGE || offset >= HV_VF_PAGE_END)
        return hv_registers_read(&vmm->registers, offset, size, value);
    status = vmm_ring_read(vmm, offset & ~UINT64_C(7), value);
    *value >>= 8 * (offset & 7);
    return status;
}

/* ---------------------------------------------------------------- what a configuration write sets off */

static void configuration_changed(struct hv_vmm *vmm, uint64_t offset, uint64_t old_control)
{
    switch (offset) {
    case REG_DEVTAB_BASE_OFFSET:
        vmm_table_moved(vmm);
        break;
    case REG_XT_GENERAL_OFFSET:
    case REG_XT_PPR_OFFSET:
        vmm_interrupts_changed(vmm);
        break;
    case REG_CMD_BASE_OFFSET:
    case REG_EVENT_BASE_OFFSET:
    case REG_PPR_BASE_OFFSET:
        vmm_queues_changed(vmm, old_control);
        break;
    case REG_CONTROL_OFFSET:
        if ((vmm->registers.control ^ old_control) & REG_CONTROL_IOMMUEN_MASK)
            vmm_table_moved(vmm);
        vmm_queues_changed(vmm, old_control);
        break;
    default:
        break;
    }
}

enum hv_status hv_vmm_write(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t value)
{
    uint64_t old_control;
    enum hv_status status;

    if (!vmm || !legal(offset, size))
        return HV_ERR_ARGUMENT;
    if (vmm->options.untrapped)
        hv_vmm_look(vmm);
    if (direct(vmm, offset))
        return direct_access(vmm, true, offset, size, &value);
    vmm->exits[cause_of(true, offset & ~UINT64_C(7))]++;
    if (offset >= HV_VF_PAGE && offset < HV_VF_PAGE_END)
        return vmm_ring_write(vmm, offset, value);
    old_control = vmm->registers.control;
    status = hv_registers_write(&vmm->registers, offset, size, value);
    if (!status)
        configuration_changed(vmm, offset & ~UINT64_C(7), old_control);
    return status;
}

/* ---------------------------------------------------------------- counters */

uint64_t hv_vmm_exits(const struct hv_vmm *vmm, enum hv_exit cause)
{
    return (unsigned)cause < HV_EXITS ? vmm->exits[cause] : 0;
}

uint64_t hv_vmm_refused(const struct hv_vmm *vmm)
{
    return vmm->refused;
}

hv_handle hv_vmm_parent(const struct hv_vmm *vmm)
{
    return vmm->parent;
}

struct hv_fd *hv_vmm_context(const struct hv_vmm *vmm)
{
    return vmm->fd;
}

hv_handle hv_vmm_viommu(const struct hv_vmm *vmm)
{
    return vmm->viommu;
}

enum hv_status hv_vmm_handles(struct hv_vmm *vmm, uint16_t guest_device, hv_handle *device,
                              hv_handle *vdevice)
{
    const struct vmm_device *found = vmm ? vmm_find_guest(vmm, guest_device) : NULL;

    if (!device || !vdevice)
        return HV_ERR_ARGUMENT;
    if (!found)
        return HV_ERR_NO_OBJECT;
    *device = found->device;
    *vdevice = found->vdevice;
    return HV_OK;
}

enum hv_status hv_vmm_vf_page(const struct hv_vmm *vmm, struct hv_vf_page *page)
{
    if (!vmm || !page)
        return HV_ERR_ARGUMENT;
    *page = vmm->vf;
    return vmm->vf.device ? HV_OK : HV_ERR_UNSUPPORTED;
}
