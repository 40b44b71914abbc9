// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/guest_driver.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"

enum { RING_CODE = 8, RING_BYTES = 4096, RECORD = 16, TABLE_PAGES = 16, DTE_BYTES = 32 };

#define EVERYTHING UINT64_C(0x7ffffffffffff000)

static enum hv_status take(struct hv_guest_iommu *iommu)
{
    iommu->device_table = hv_guest_take(&iommu->pages, TABLE_PAGES);
    iommu->ring = hv_guest_take(&iommu->pages, 1);
    iommu->store = hv_guest_take(&iommu->pages, 1);
    iommu->events = hv_guest_take(&iommu->pages, 1);
    iommu->pprs = hv_guest_take(&iommu->pages, 1);
    return iommu->pprs ? HV_OK : HV_ERR_NO_MEMORY;
}

static enum hv_status write_ring(struct hv_guest_iommu *iommu, uint64_t offset, uint64_t base)
{
    return hv_vmm_write(iommu->vmm, offset, 8,
                        reg_cmd_base_set_len(reg_cmd_base_set_base(0, base), RING_CODE));
}

static enum hv_status program(struct hv_guest_iommu *iommu)
{
    static const uint64_t pointers[] = {REG_CMD_HEAD_OFFSET,   REG_CMD_TAIL_OFFSET, REG_EVENT_HEAD_OFFSET,
                                        REG_EVENT_TAIL_OFFSET, REG_PPR_HEAD_OFFSET, REG_PPR_TAIL_OFFSET};
    uint64_t table =
        reg_devtab_base_set_size(reg_devtab_base_set_base(0, iommu->device_table), TABLE_PAGES - 1);
    uint64_t control = reg_control_set_iommuen(reg_control_set_cmdbufen(0, 1), 1);
    enum hv_status status = hv_vmm_write(iommu->vmm, REG_DEVTAB_BASE_OFFSET, 8, table);

    if (!status)
        status = write_ring(iommu, REG_CMD_BASE_OFFSET, iommu->ring);
    if (!status)
        status = write_ring(iommu, REG_EVENT_BASE_OFFSET, iommu->events);
    if (!status)
        status = write_ring(iommu, REG_PPR_BASE_OFFSET, iommu->pprs);
    for (unsigned i = 0; i < sizeof(pointers) / sizeof(pointers[0]) && !status; i++)
        status = hv_vmm_write(iommu->vmm, pointers[i], 8, 0);
    control = reg_control_set_eventlogen(reg_control_set_gten(control, 1), 1);
    iommu->control = reg_control_set_ppren(reg_control_set_pprlogen(control, 1), 1);
    return status ? status : hv_vmm_write(iommu->vmm, REG_CONTROL_OFFSET, 8, iommu->control);
}

enum hv_status hv_guest_iommu_create(struct hv_guest_iommu *iommu, struct hv_vmm *vmm, uint64_t gpa,
                                     uint64_t bytes)
{
    enum hv_status status;

    *iommu = (struct hv_guest_iommu){.vmm = vmm};
    if (!hv_guest_pages_create(&iommu->pages, vmm, gpa, bytes))
        return HV_ERR_NO_MEMORY;
    status = take(iommu);
    if (!status)
        status = program(iommu);
    if (status)
        hv_guest_iommu_destroy(iommu);
    return status;
}

void hv_guest_iommu_destroy(struct hv_guest_iommu *iommu)
{
    hv_guest_pages_destroy(&iommu->pages);
}

void hv_guest_iommu_entry(struct hv_guest_iommu *iommu, uint16_t device, const uint64_t entry[4])
{
    uint64_t at = iommu->device_table + (uint64_t)device * DTE_BYTES, words[2] = {0};

    hv_vmm_store(iommu->vmm, at, dte_v(entry) ? DTE_V_MASK : 0);
    for (unsigned i = 4; i-- > 0;)
        hv_vmm_store(iommu->vmm, at + i * sizeof(entry[i]), entry[i]);
    cmd_set_opcode(words, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(iommu, words);
}

static enum hv_status doorbell(struct hv_guest_iommu *iommu)
{
    return hv_vmm_write(iommu->vmm, REG_CMD_TAIL_OFFSET, 4, iommu->tail);
}

/* The ring is emptied at the doorbell here, so full means: one slot before its end since the last one. */
void hv_guest_iommu_command(struct hv_guest_iommu *iommu, const uint64_t words[2])
{
    hv_guest_put(&iommu->pages, iommu->ring + iommu->tail, words[0]);
    hv_guest_put(&iommu->pages, iommu->ring + iommu->tail + sizeof(words[0]), words[1]);
    iommu->tail = (iommu->tail + RECORD) % RING_BYTES;
    iommu->commands++;
    if (iommu->tail % (RING_BYTES / 2) == 0)
        doorbell(iommu);
}

enum hv_status hv_guest_iommu_wait(struct hv_guest_iommu *iommu)
{
    uint64_t words[2] = {0};

    iommu->waits++;
    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, iommu->store);
    cmd_completion_wait_set_data(words, iommu->waits);
    hv_guest_iommu_command(iommu, words);
    if (doorbell(iommu))
        return HV_ERR_DEVICE;
    return hv_guest_load(&iommu->pages, iommu->store) == iommu->waits ? HV_OK : HV_ERR_DEVICE;
}

enum hv_status hv_guest_iommu_restart(struct hv_guest_iommu *iommu)
{
    enum hv_status status =
        hv_vmm_write(iommu->vmm, REG_CONTROL_OFFSET, 8, reg_control_set_cmdbufen(iommu->control, 0));

    if (!status)
        status = hv_vmm_write(iommu->vmm, REG_CMD_HEAD_OFFSET, 8, 0);
    if (!status)
        status = hv_vmm_write(iommu->vmm, REG_CMD_TAIL_OFFSET, 8, 0);
    iommu->tail = 0;
    return status ? status : hv_vmm_write(iommu->vmm, REG_CONTROL_OFFSET, 8, iommu->control);
}

uint64_t hv_guest_iommu_status(struct hv_guest_iommu *iommu)
{
    uint64_t status;

    return hv_vmm_read(iommu->vmm, REG_STATUS_OFFSET, 8, &status) ? UINT64_MAX : status;
}

enum hv_status hv_guest_iommu_restart_log(struct hv_guest_iommu *iommu, enum amdvi_log log)
{
    bool events = log == AMDVI_LOG_EVENT;
    uint64_t enable = events ? REG_CONTROL_EVENTLOGEN_MASK : REG_CONTROL_PPRLOGEN_MASK;
    enum hv_status status = hv_vmm_write(iommu->vmm, REG_CONTROL_OFFSET, 8, iommu->control & ~enable);

    if (!status)
        status = hv_vmm_write(iommu->vmm, REG_STATUS_OFFSET, 8,
                              events ? REG_STATUS_EVENTOVERFLOW_MASK : REG_STATUS_PPROVERFLOW_MASK);
    return status ? status : hv_vmm_write(iommu->vmm, REG_CONTROL_OFFSET, 8, iommu->control);
}

enum hv_status hv_guest_iommu_record(struct hv_guest_iommu *iommu, enum amdvi_log log, uint64_t record[2])
{
    bool events = log == AMDVI_LOG_EVENT;
    uint32_t *head = events ? &iommu->event_head : &iommu->ppr_head;
    uint64_t base = events ? iommu->events : iommu->pprs, tail;

    if (hv_vmm_read(iommu->vmm, events ? REG_EVENT_TAIL_OFFSET : REG_PPR_TAIL_OFFSET, 8, &tail))
        return HV_ERR_DEVICE;
    if (tail == *head)
        return HV_ERR_EMPTY;
    record[0] = hv_guest_load(&iommu->pages, base + *head);
    record[1] = hv_guest_load(&iommu->pages, base + *head + sizeof(record[0]));
    *head = (*head + RECORD) % RING_BYTES;
    return hv_vmm_write(iommu->vmm, events ? REG_EVENT_HEAD_OFFSET : REG_PPR_HEAD_OFFSET, 8, *head);
}

void hv_guest_iommu_flush(struct hv_guest_iommu *iommu, uint16_t domain, uint32_t pasid, uint64_t gva,
                          uint64_t size)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_pasid(words, pasid);
    cmd_inv_pages_set_gn(words, 1);
    cmd_inv_pages_set_pde(words, 1);
    cmd_inv_pages_set_s(words, size != HV_PAGE);
    /* iommu 6.3: the lowest zero bit gives half the size */
    cmd_inv_pages_set_address(words, size == 0 ? EVERYTHING : gva | (size / 2 - 1));
    hv_guest_iommu_command(iommu, words);
}
