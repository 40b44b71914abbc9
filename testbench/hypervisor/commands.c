// SPDX-License-Identifier: Apache-2.0
/* The host's command ring: a command, and the COMPLETION_WAIT that ends it (iommu 6). */
#include "testbench/hypervisor/internal.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"

enum { COMMAND_BYTES = 16 };

static enum hv_status ring_doorbell(struct hv_driver *driver)
{
    if (amdvi_mmio_write(driver->device, REG_CMD_TAIL_OFFSET, 4, driver->commands.tail) ||
        amdvi_run(driver->device))
        return HV_ERR_DEVICE;
    return HV_OK;
}

/* The device takes everything that is queued before a call returns, so the ring is full only when it stopped.
 */
static bool full(struct hv_driver *driver)
{
    uint64_t head = 0;

    return amdvi_mmio_read(driver->device, REG_CMD_HEAD_OFFSET, 8, &head) ||
           (driver->commands.tail + COMMAND_BYTES) % HV_RING_BYTES == head;
}

enum hv_status hv_command(struct hv_driver *driver, const uint64_t words[2])
{
    uint64_t at = driver->commands.base + driver->commands.tail;

    if (driver->shared)
        return driver->owner.command(driver->owner.context, words);
    if (full(driver) && (ring_doorbell(driver) || full(driver)))
        return HV_ERR_DEVICE;
    hv_memory_set(driver->memory, at, words[0]);
    hv_memory_set(driver->memory, at + sizeof(words[0]), words[1]);
    driver->commands.tail = (driver->commands.tail + COMMAND_BYTES) % HV_RING_BYTES;
    return HV_OK;
}

enum hv_status hv_wait(struct hv_driver *driver)
{
    uint64_t words[2] = {0};
    enum hv_status status;

    if (driver->shared)
        return driver->owner.wait(driver->owner.context);
    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, driver->store);
    cmd_completion_wait_set_data(words, ++driver->stored);
    status = hv_command(driver, words);
    if (!status)
        status = ring_doorbell(driver);
    if (!status && hv_memory_get(driver->memory, driver->store) != driver->stored)
        status = HV_ERR_DEVICE;
    return status;
}

static enum hv_status command_and_wait(struct hv_driver *driver, const uint64_t words[2])
{
    enum hv_status status = hv_command(driver, words);

    return status ? status : hv_wait(driver);
}

enum hv_status hv_driver_command(struct hv_driver *driver, const uint64_t words[2])
{
    return driver && words ? command_and_wait(driver, words) : HV_ERR_ARGUMENT;
}

enum hv_status hv_flush_entry(struct hv_driver *driver, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(words, device);
    return command_and_wait(driver, words);
}

enum hv_status hv_flush_interrupts(struct hv_driver *driver, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_INTERRUPT_TABLE);
    cmd_inv_intr_set_deviceid(words, device);
    return command_and_wait(driver, words);
}

/* S=1: the lowest zero bit n at or above bit 12 says 2^(n+1) bytes (iommu 6.3). */
static uint64_t coded_range(uint64_t address, uint64_t length, bool *several)
{
    uint64_t last = address + length - 1;
    unsigned bits = 12;

    while (bits < 63 && (address ^ last) >> bits)
        bits++;
    *several = bits > 12;
    if (bits == 12)
        return address;
    address &= ~((UINT64_C(1) << bits) - 1);
    return address | ((UINT64_C(1) << (bits - 1)) - HV_PAGE);
}

enum hv_status hv_invalidate(struct hv_driver *driver, uint16_t domain, uint64_t address, uint64_t length)
{
    uint64_t words[2] = {0};
    bool several;
    uint64_t coded = coded_range(address, length, &several);

    cmd_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_s(words, several);
    cmd_inv_pages_set_pde(words, 1);
    cmd_inv_pages_set_address(words, coded);
    return hv_command(driver, words);
}

enum hv_status hv_invalidate_domain(struct hv_driver *driver, uint16_t domain)
{
    return hv_invalidate(driver, domain, 0, UINT64_C(1) << 63);
}

/* One response a group, to its last request (iommu 7.7). Success makes the device ask again. */
enum hv_status hv_driver_page_lost(struct hv_driver *driver, uint16_t device, const uint64_t record[2])
{
    uint64_t words[2] = {0};

    if (!driver || !record)
        return HV_ERR_ARGUMENT;
    if (!ppr_last(record))
        return HV_OK;
    cmd_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, device);
    cmd_complete_ppr_set_pasid(words, ppr_pasid(record));
    cmd_complete_ppr_set_gn(words, ppr_gn(record));
    cmd_complete_ppr_set_prgindex(words, ppr_prgindex(record));
    cmd_complete_ppr_set_response(words, CMD_COMPLETE_PPR_RESPONSE_SUCCESS);
    return command_and_wait(driver, words);
}

/* Rings and logs off, then what is left of them. */
static enum hv_status reset_by_hand(struct hv_driver *driver, uint16_t guest_id)
{
    static const unsigned control[] = {VFC_CMD_CONTROL_OFFSET, VFC_EVENT_CONTROL_OFFSET,
                                       VFC_PPR_CONTROL_OFFSET, VFC_EVENT_B_BASE_OFFSET,
                                       VFC_PPR_B_BASE_OFFSET,  VFC_MISC_OFFSET};
    static const unsigned pointers[] = {VF_CMD_TAIL_OFFSET,   VF_CMD_HEAD_OFFSET, VF_EVENT_HEAD_OFFSET,
                                        VF_EVENT_TAIL_OFFSET, VF_PPR_HEAD_OFFSET, VF_PPR_TAIL_OFFSET};
    bool bad = false;

    for (unsigned i = 0; i < sizeof(control) / sizeof(control[0]); i++)
        bad |= amdvi_vfc_write(driver->device, guest_id, control[i], 8, 0) != AMDVI_OK;
    for (unsigned i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
        bad |= amdvi_vf_write(driver->device, guest_id, pointers[i], 8, 0) != AMDVI_OK;
    bad |= amdvi_vf_write(driver->device, guest_id, VF_STATUS_OFFSET, 8, UINT32_MAX) != AMDVI_OK;
    return bad || amdvi_run(driver->device) ? HV_ERR_DEVICE : HV_OK;
}

enum hv_status hv_reset_guest(struct hv_driver *driver, uint16_t guest_id)
{
    uint64_t words[2] = {0};
    enum hv_status status;

    cmd_set_opcode(words, CMD_RESET_VMMIO);
    cmd_reset_vmmio_set_guestid(words, guest_id);
    cmd_reset_vmmio_set_all(words, 1);
    cmd_reset_vmmio_set_vcmd(words, 1);
    status = command_and_wait(driver, words);
    return status == HV_ERR_UNSUPPORTED ? reset_by_hand(driver, guest_id) : status;
}
