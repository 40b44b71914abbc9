// SPDX-License-Identifier: Apache-2.0
/* From a device after reset to one that serves guests, in the order of viommu 9.3. */
#include "testbench/hypervisor/apertures.h"
#include "testbench/hypervisor/internal.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"

enum { DEVICES = 65536, TABLE_BYTES = DEVICES * HV_DTE_BYTES, LEVEL1_BYTES = 8192, LEVEL1_LOG2 = 10 };

static enum hv_status write_register(struct hv_driver *driver, uint64_t offset, uint64_t value)
{
    return amdvi_mmio_write(driver->device, offset, 8, value) ? HV_ERR_DEVICE : HV_OK;
}

static enum hv_status read_features(struct hv_driver *driver)
{
    if (amdvi_mmio_read(driver->device, REG_EFR_OFFSET, 8, &driver->efr) ||
        amdvi_mmio_read(driver->device, REG_EFR2_OFFSET, 8, &driver->efr2))
        return HV_ERR_DEVICE;
    if (!reg_efr_viommusup(driver->efr) || !reg_efr_gtsup(driver->efr) || !reg_efr_giosup(driver->efr) ||
        !reg_efr_gasup(driver->efr) || !reg_efr2_gcr3trpmodesup(driver->efr2))
        return HV_ERR_UNSUPPORTED;
    return HV_OK;
}

/* Every device is blocked until it is attached. */
static void block_all(struct hv_driver *driver)
{
    uint64_t entry[4];

    hv_dte_blocked(entry);
    hv_dte_interrupts(entry, 0);
    for (unsigned i = 0; i < DEVICES; i++) {
        uint64_t at = driver->device_table + (uint64_t)i * HV_DTE_BYTES;
        hv_memory_set(driver->memory, at, entry[0]);
        hv_memory_set(driver->memory, at + DTE_IV_WORD * sizeof(entry[0]), entry[DTE_IV_WORD]);
    }
}

static enum hv_status take_memory(struct hv_driver *driver)
{
    driver->device_table = hv_memory_take(driver->memory, TABLE_BYTES, HV_PAGE);
    driver->commands.base = hv_memory_take(driver->memory, HV_RING_BYTES, HV_PAGE);
    driver->events.base = hv_memory_take(driver->memory, HV_RING_BYTES, HV_PAGE);
    driver->pprs.base = hv_memory_take(driver->memory, HV_RING_BYTES, HV_PAGE);
    driver->store = hv_memory_page(driver->memory);
    driver->interrupts = hv_memory_take(driver->memory, LEVEL1_BYTES, HV_PAGE);
    if (!driver->device_table || !driver->commands.base || !driver->events.base || !driver->pprs.base ||
        !driver->store || !driver->interrupts)
        return HV_ERR_NO_MEMORY;
    block_all(driver);
    return HV_OK;
}

static uint64_t ring(uint64_t base)
{
    return reg_cmd_base_set_len(reg_cmd_base_set_base(0, base), HV_RING_CODE);
}

static enum hv_status write_bases(struct hv_driver *driver)
{
    uint64_t table = reg_devtab_base_set_base(0, driver->device_table);
    enum hv_status status;

    table = reg_devtab_base_set_size(table, TABLE_BYTES / HV_PAGE - 1);
    status = write_register(driver, REG_DEVTAB_BASE_OFFSET, table);
    if (!status)
        status = write_register(driver, REG_CMD_BASE_OFFSET, ring(driver->commands.base));
    if (!status)
        status = write_register(driver, REG_EVENT_BASE_OFFSET, ring(driver->events.base));
    return status ? status : write_register(driver, REG_PPR_BASE_OFFSET, ring(driver->pprs.base));
}

/* GTEn, then GCR3TRPMode (viommu 1.5); GAEn and vAPIC mode are what guest-mode interrupt entries need. */
static enum hv_status enable_host(struct hv_driver *driver)
{
    uint64_t control = 0;

    if (amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &control))
        return HV_ERR_DEVICE;
    control = reg_control_set_eventlogen(control, 1);
    control = reg_control_set_cmdbufen(control, 1);
    control = reg_control_set_gten(control, 1);
    control = reg_control_set_gaen(control, 1);
    control = reg_control_set_gamen(control, REG_CONTROL_GAMEN_VAPIC);
    control = reg_control_set_gcr3trpmode(control, 1);
    if (reg_efr_pprsup(driver->efr))
        control = reg_control_set_ppren(reg_control_set_pprlogen(control, 1), 1);
    /* A request that the full log loses is answered, or its device waits for ever (iommu 7.7). */
    control = reg_control_set_pprautorspen(control, reg_efr_pprautorspsup(driver->efr));
    control = reg_control_set_ephen(control, reg_efr_ephsup(driver->efr));
    control = reg_control_set_iommuen(control, 1);
    driver->control = control;
    return write_register(driver, REG_CONTROL_OFFSET, control);
}

/* The IOMMU is a DMA master of its own: translation and interrupt part of its entry (viommu 2.2, 2.4). */
static enum hv_status write_own_entry(struct hv_driver *driver)
{
    uint64_t entry[4];

    hv_dte_host(entry, driver->private_space.root, driver->private_space.mode, driver->private_domain);
    dte_set_iv(entry, 1);
    dte_set_inttablen(entry, LEVEL1_LOG2);
    dte_set_intctl(entry, DTE_INTCTL_REMAP);
    dte_set_inttable_root(entry, driver->interrupts);
    return hv_entry_put(driver, driver->options.devid, entry);
}

/* No feature bit tells whether GstBufferTRPMode exists: it is written and read back (viommu 1.2). */
static enum hv_status choose_buffers(struct hv_driver *driver)
{
    uint64_t now = 0;

    if (driver->options.private_buffers)
        return HV_OK;
    if (hv_control_set(driver, REG_CONTROL_GSTBUFFERTRPMODE_MASK) ||
        amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &now))
        return HV_ERR_DEVICE;
    return reg_control_gstbuffertrpmode(now) ? HV_OK : HV_ERR_UNSUPPORTED;
}

static enum hv_status enable_guests(struct hv_driver *driver)
{
    enum hv_status status = hv_control_set(driver, REG_CONTROL_VCMDEN_MASK);

    return status ? status : hv_control_set(driver, REG_CONTROL_VIOMMUEN_MASK);
}

/* What every bring-up needs to know first. */
static enum hv_status find(struct hv_driver *driver)
{
    struct hv_apertures apertures;
    enum hv_status status = read_features(driver);

    if (!status && !hv_apertures_find(driver->device, &apertures))
        status = HV_ERR_UNSUPPORTED;
    if (!status)
        driver->capability = apertures.capability;
    return status;
}

/* Private space, the IOMMU's own entry, and what is switched on behind them (viommu 1.5). */
static enum hv_status serve_guests(struct hv_driver *driver)
{
    enum hv_status status = hv_private_create(driver);

    if (!status)
        status = write_own_entry(driver);
    if (!status)
        status = choose_buffers(driver);
    return status ? status : enable_guests(driver);
}

/* What the owner must have switched on: commands, and guest translation for nested entries. */
static enum hv_status check_running(struct hv_driver *driver)
{
    uint64_t control = 0;

    if (amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &control))
        return HV_ERR_DEVICE;
    return reg_control_iommuen(control) && reg_control_cmdbufen(control) && reg_control_gten(control)
               ? HV_OK
               : HV_ERR_ORDER;
}

enum hv_status hv_join(struct hv_driver *driver)
{
    enum hv_status status = find(driver);

    if (!status)
        status = check_running(driver);
    if (!status)
        status = hv_entry_read(driver, driver->options.devid, driver->own_before);
    if (status)
        return status;
    driver->interrupts = hv_memory_take(driver->memory, LEVEL1_BYTES, HV_PAGE);
    if (!driver->interrupts)
        return HV_ERR_NO_MEMORY;
    status = hv_control_set(driver, REG_CONTROL_GCR3TRPMODE_MASK);
    return status ? status : serve_guests(driver);
}

enum hv_status hv_bring_up(struct hv_driver *driver)
{
    enum hv_status status = find(driver);

    if (!status)
        status = take_memory(driver);
    if (!status)
        status = write_bases(driver);
    if (!status)
        status = enable_host(driver);
    return status ? status : serve_guests(driver);
}
