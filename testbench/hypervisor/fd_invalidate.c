// SPDX-License-Identifier: Apache-2.0
/* What the hardware does with a guest's commands, done by software: check, replace IDs, execute (viommu 7).
 */
#include "testbench/hypervisor/fd_objects.h"

#include "cmdbuf/layout.h"

static bool legal(const struct hv_driver *driver, const uint64_t words[2])
{
    uint64_t reserved[2] = {0};

    return cmd_rule((unsigned)cmd_opcode(words), driver->efr, driver->efr2, driver->capability, reserved) &&
           !(words[0] & reserved[0]) && !(words[1] & reserved[1]);
}

/* What the maps of a guest with hardware say of numbers that it does not use. */
static bool unused_are_illegal(const struct fd_viommu *viommu)
{
    return viommu->parent->driver->options.invalid_entries;
}

/* A guest domain without nested table has the parent's number, as in the DomIDMap. */
static enum hv_status pages(const struct fd_viommu *viommu, const uint64_t command[2])
{
    const struct fd_domain *domain = fd_find_domain(viommu, (uint16_t)cmd_inv_pages_domainid(command));
    uint64_t words[2] = {command[0], command[1]};

    if (!domain && unused_are_illegal(viommu))
        return HV_ERR_COMMAND;
    cmd_inv_pages_set_domainid(words, domain ? domain->host : viommu->parent->stage2->domain);
    return hv_command(viommu->parent->driver, words);
}

/* All others name the device in the same bits. Devices that the guest does not have are none of its business.
 */
static enum hv_status device(const struct fd_viommu *viommu, const uint64_t command[2])
{
    const struct fd_vdevice *vdevice = fd_find_vdevice(viommu, (uint16_t)cmd_inv_devtab_deviceid(command));
    uint64_t words[2] = {command[0], command[1]};

    if (!vdevice)
        return unused_are_illegal(viommu) ? HV_ERR_COMMAND : HV_OK;
    cmd_inv_devtab_set_deviceid(words, vdevice->device->id);
    if (cmd_opcode(words) == CMD_INVALIDATE_IOTLB_PAGES)
        cmd_inv_iotlb_set_queueid(words, 0);
    return hv_command(viommu->parent->driver, words);
}

/* 11 #14: everything of this guest, and no more. */
static enum hv_status all(const struct fd_viommu *viommu)
{
    struct hv_driver *driver = viommu->parent->driver;
    enum hv_status status = HV_OK;

    for (const struct fd_domain *d = viommu->domains; d && !status; d = d->next)
        status = hv_invalidate_domain(driver, d->host);
    for (const struct fd_vdevice *v = viommu->vdevices; v && !status; v = v->next)
        status = hv_flush_entry(driver, v->device->id);
    return status;
}

static enum hv_status execute(const struct fd_viommu *viommu, const struct fd_nested *only,
                              const uint64_t words[2])
{
    unsigned opcode = (unsigned)cmd_opcode(words);

    if (!legal(viommu->parent->driver, words))
        return HV_ERR_COMMAND;
    if (only &&
        (opcode != CMD_INVALIDATE_IOMMU_PAGES || cmd_inv_pages_domainid(words) != only->domain->guest))
        return HV_ERR_COMMAND;
    switch (opcode) {
    case CMD_INVALIDATE_IOMMU_PAGES:
        return pages(viommu, words);
    case CMD_INVALIDATE_DEVTAB_ENTRY:
    case CMD_INVALIDATE_IOTLB_PAGES:
    case CMD_INVALIDATE_INTERRUPT_TABLE:
    case CMD_PREFETCH_IOMMU_PAGES:
    case CMD_COMPLETE_PPR_REQUEST:
        return device(viommu, words);
    case CMD_INVALIDATE_IOMMU_ALL:
        return all(viommu);
    default:
        return HV_ERR_COMMAND; /* COMPLETION_WAIT is the VMM's; the rest is for hosts only */
    }
}

enum hv_status hv_fd_invalidate(struct hv_fd *fd, hv_handle target, const uint64_t (*commands)[2],
                                unsigned count, unsigned *done)
{
    const struct fd_viommu *viommu = fd_get(fd, target, FD_VIOMMU);
    const struct fd_nested *nested = fd_get(fd, target, FD_NESTED);
    enum hv_status status = HV_OK, waited;

    if (!viommu && !nested)
        return HV_ERR_NO_OBJECT;
    if (!done || (count && !commands))
        return HV_ERR_ARGUMENT;
    if (nested)
        viommu = nested->viommu;
    for (*done = 0; *done < count && !status; *done += !status)
        status = execute(viommu, nested, commands[*done]);
    waited = hv_wait(viommu->parent->driver);
    return status ? status : waited;
}
