// SPDX-License-Identifier: Apache-2.0
/*
 * The register file: masks, resets and offsets come from the layout descriptions; what a write sets off is
 * here (2.1, 2.2, 2.8).
 */
#include "model/guests/guest_work.h"
#include "model/logs/host_log.h"
#include "model/registers/control.h"
#include "model/signals/signals.h"

enum { WINDOW_SMALL = 16 * 1024, WINDOW_COUNTERS = 512 * 1024 };

static void map_registers(struct amdvi_device *device)
{
    memset(device->register_at, NO_REGISTER, sizeof(device->register_at));
    for (unsigned id = 0; id < REG_COUNT; id++) {
        if (!device->mask[id].exists)
            continue;
        device->register_at[reg_info[id].offset / 4] = (uint8_t)id;
        if (reg_info[id].width == 8)
            device->register_at[reg_info[id].offset / 4 + 1] = (uint8_t)id;
    }
}

static uint64_t counter_config(const struct amdvi_device *device)
{
    uint64_t value = 0;

    value = reg_counter_config_set_ncounter(value, device->config.value[CONFIG_PMU_COUNTERS]);
    return reg_counter_config_set_ncounterbanks(value, device->config.value[CONFIG_PMU_BANKS]);
}

void regs_reset(struct amdvi_device *device)
{
    const uint64_t *config = device->config.value;

    reg_masks(config[CONFIG_EFR], config[CONFIG_EFR2], (uint32_t)config[CONFIG_CAP_HEADER], device->mask);
    for (unsigned id = 0; id < REG_COUNT; id++)
        device->reg[id] = device->mask[id].exists ? device->mask[id].reset : 0;
    if (config[CONFIG_TRP_MODE])
        device->mask[REG_CONTROL].rw &= ~REG_CONTROL_GSTBUFFERTRPMODE_MASK;
    if (config[CONFIG_GA_POINTER] == 15) { /* bits 15:3 instead of 18:3 (13 #13) */
        device->mask[REG_GA_HEAD].rw &= UINT16_MAX;
        device->mask[REG_GA_TAIL].rw &= UINT16_MAX;
    }
    vf_masks(config[CONFIG_EFR], config[CONFIG_EFR2], (uint32_t)config[CONFIG_CAP_HEADER],
             device->guests.vf_mask);
    vfc_masks(config[CONFIG_EFR], config[CONFIG_EFR2], (uint32_t)config[CONFIG_CAP_HEADER],
              device->guests.vfc_mask);
    map_registers(device);
    device->reg[REG_EFR] = config[CONFIG_EFR];
    device->reg[REG_EFR2] = config[CONFIG_EFR2];
    device->reg[REG_COUNTER_CONFIG] = counter_config(device);
}

/* ---------------------------------------------------------------- status, 2.7 */

static uint64_t run_bits(const struct amdvi_device *device)
{
    uint64_t value = 0;

    value = reg_status_set_eventlogrun(value, log_running(device, AMDVI_LOG_EVENT, false) ||
                                                  log_running(device, AMDVI_LOG_EVENT, true));
    value = reg_status_set_pprlogrun(value, log_running(device, AMDVI_LOG_PPR, false) ||
                                                log_running(device, AMDVI_LOG_PPR, true));
    value = reg_status_set_galogrun(value, log_running(device, AMDVI_LOG_GA, false));
    value = reg_status_set_cmdbufrun(value, device->command_run);
    value = reg_status_set_eventlogactive(value, device->logs.log[AMDVI_LOG_EVENT].active_b);
    return reg_status_set_pprlogactive(value, device->logs.log[AMDVI_LOG_PPR].active_b);
}

uint64_t status_value(const struct amdvi_device *device)
{
    return device->reg[REG_STATUS] | run_bits(device);
}

/* ---------------------------------------------------------------- reads */

static int msi_mirror(unsigned id)
{
    switch (id) {
    case REG_MSI_CAP_HEADER:
        return 0x64;
    case REG_MSI_ADDR_LO:
        return 0x68;
    case REG_MSI_ADDR_HI:
        return 0x6c;
    case REG_MSI_DATA:
        return 0x70;
    case REG_MSI_MAP_HEADER:
        return 0x74;
    case REG_MSI_VECTOR0:
        return 0x50;
    case REG_MSI_VECTOR1:
        return 0x54;
    default:
        return -1;
    }
}

static uint64_t register_value(const struct amdvi_device *device, unsigned id)
{
    if (id == REG_STATUS)
        return status_value(device);
    if (msi_mirror(id) >= 0)
        return pci_read32(device, (unsigned)msi_mirror(id));
    return device->reg[id];
}

/* The aligned 4 bytes at `offset`. */
static uint32_t read_half(const struct amdvi_device *device, uint64_t offset)
{
    unsigned id = offset < REGISTER_MAP_END ? device->register_at[offset / 4] : NO_REGISTER;
    uint64_t value;

    if (id == NO_REGISTER)
        return pmu_read(device, offset);
    value = register_value(device, id);
    return (uint32_t)(offset == reg_info[id].offset ? value : value >> 32);
}

uint64_t amdvi_mmio_size(const struct amdvi_device *device)
{
    return device && reg_efr_pcsup(device->env.efr) ? WINDOW_COUNTERS : WINDOW_SMALL;
}

static bool access_legal(const struct amdvi_device *device, uint64_t offset, unsigned size)
{
    return (size == 4 || size == 8) && offset % size == 0 && offset < amdvi_mmio_size(device);
}

static void observe_mmio(const struct amdvi_device *device, bool write, uint64_t offset, unsigned size,
                         uint64_t value)
{
    if (device->observed && device->observer.mmio)
        device->observer.mmio(device->observer.context, write, offset, size, value);
}

/* 1FF8h is there to be counted (2.1). */
static void note_counted_access(struct amdvi_device *device, uint64_t offset)
{
    if (device->pmu.active && offset / 8 == reg_info[REG_COUNTED_ACCESS].offset / 8)
        pmu_counted_access(device);
}

enum amdvi_status amdvi_mmio_read(struct amdvi_device *device, uint64_t offset, unsigned size,
                                  uint64_t *value)
{
    if (!device || !value)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    *value = 0;
    if (!access_legal(device, offset, size))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    note_counted_access(device, offset);
    *value = read_half(device, offset);
    if (size == 8)
        *value |= (uint64_t)read_half(device, offset + 4) << 32;
    observe_mmio(device, false, offset, size, *value);
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- writes */

/* Largest Size of each segment's table (2.2). */
static bool table_size_legal(unsigned segment, uint64_t value)
{
    static const uint16_t limit[DTE_SEGMENTS] = {0x1ff, 0xff, 0x7f, 0x7f, 0x3f, 0x3f, 0x3f, 0x3f};

    return reg_devtab_base_size(value) <= limit[segment];
}

static void clear_pointers(struct amdvi_device *device, unsigned head, unsigned tail)
{
    device->reg[head] = 0;
    device->reg[tail] = 0;
}

/* A ring base: refused while the ring runs or with a reserved length; clears the pointers (2.2, 13 no. 17).
 */
static bool write_ring_base(struct amdvi_device *device, uint64_t value, bool running, unsigned head,
                            unsigned tail)
{
    if (running || reg_cmd_base_len(value) < RING_LEN_MIN)
        return false;
    if (!device->config.value[CONFIG_RING_BASE])
        clear_pointers(device, head, tail);
    return true;
}

static bool write_base(struct amdvi_device *device, unsigned id, uint64_t value)
{
    switch (id) {
    case REG_CMD_BASE:
        return write_ring_base(device, value, device->command_run, REG_CMD_HEAD, REG_CMD_TAIL);
    case REG_EVENT_BASE:
        return write_ring_base(device, value, log_running(device, AMDVI_LOG_EVENT, false), REG_EVENT_HEAD,
                               REG_EVENT_TAIL);
    case REG_EVENT_B_BASE:
        return write_ring_base(device, value, log_running(device, AMDVI_LOG_EVENT, true), REG_EVENT_B_HEAD,
                               REG_EVENT_B_TAIL);
    case REG_PPR_BASE:
        return write_ring_base(device, value, log_running(device, AMDVI_LOG_PPR, false), REG_PPR_HEAD,
                               REG_PPR_TAIL);
    case REG_PPR_B_BASE:
        return write_ring_base(device, value, log_running(device, AMDVI_LOG_PPR, true), REG_PPR_B_HEAD,
                               REG_PPR_B_TAIL);
    default:
        return write_ring_base(device, value, log_running(device, AMDVI_LOG_GA, false), REG_GA_HEAD,
                               REG_GA_TAIL);
    }
}

/* Pointers that hardware moves can be written only while their ring is stopped (2.8). */
static bool pointer_writable(const struct amdvi_device *device, unsigned id)
{
    switch (id) {
    case REG_CMD_HEAD:
        return !device->command_run;
    case REG_EVENT_TAIL:
        return !log_running(device, AMDVI_LOG_EVENT, false);
    case REG_EVENT_B_TAIL:
        return !log_running(device, AMDVI_LOG_EVENT, true);
    case REG_PPR_TAIL:
        return !log_running(device, AMDVI_LOG_PPR, false);
    case REG_PPR_B_TAIL:
        return !log_running(device, AMDVI_LOG_PPR, true);
    case REG_GA_TAIL:
        return !log_running(device, AMDVI_LOG_GA, false);
    default:
        return true;
    }
}

static bool smi_filter_locked(const struct amdvi_device *device, unsigned id)
{
    return id >= REG_SMI_FILTER0 && id <= REG_SMI_FILTER15 && reg_smi_filter_smiflock(device->reg[id]);
}

/* Whether the register takes `value`; also does what has to happen before it is stored. */
static bool accept_write(struct amdvi_device *device, unsigned id, uint64_t *value)
{
    switch (id) {
    case REG_DEVTAB_BASE:
        return table_size_legal(0, *value);
    case REG_DEVTAB_SEG1:
    case REG_DEVTAB_SEG2:
    case REG_DEVTAB_SEG3:
    case REG_DEVTAB_SEG4:
    case REG_DEVTAB_SEG5:
    case REG_DEVTAB_SEG6:
    case REG_DEVTAB_SEG7:
        return table_size_legal(id - REG_DEVTAB_SEG1 + 1, *value);
    case REG_CMD_BASE:
    case REG_EVENT_BASE:
    case REG_EVENT_B_BASE:
    case REG_PPR_BASE:
    case REG_PPR_B_BASE:
    case REG_GA_BASE:
        return write_base(device, id, *value);
    case REG_CONTROL:
        *value = control_legal(device, device->reg[id], *value);
        return true;
    default:
        return pointer_writable(device, id) && !smi_filter_locked(device, id);
    }
}

static void after_write(struct amdvi_device *device, unsigned id, uint64_t old)
{
    if (id == REG_CONTROL)
        control_changed(device, old);
    else if (id == REG_CMD_BASE || id == REG_CMD_HEAD)
        command_restart(device);
    else if (id == REG_STATUS)
        log_overflow_cleared(device, old & ~device->reg[REG_STATUS]);
    else if (id == REG_DEVTAB_BASE || (id >= REG_DEVTAB_SEG1 && id <= REG_DEVTAB_SEG7))
        segments_derive(device);
}

static void write_register(struct amdvi_device *device, unsigned id, uint64_t value, uint64_t enable)
{
    const struct reg_mask *mask = &device->mask[id];
    uint64_t old = device->reg[id];
    uint64_t now = (old & ~(mask->rw & enable)) | (value & mask->rw & enable);

    if (msi_mirror(id) >= 0) {
        pci_write32(device, (unsigned)msi_mirror(id), (uint32_t)value, (uint32_t)(enable & mask->rw));
        return;
    }
    now &= ~(value & mask->w1c & enable);
    if (!accept_write(device, id, &now))
        return;
    device->reg[id] = now;
    after_write(device, id, old);
}

static void write_half(struct amdvi_device *device, uint64_t offset, uint32_t value)
{
    unsigned id = offset < REGISTER_MAP_END ? device->register_at[offset / 4] : NO_REGISTER;

    if (id == NO_REGISTER) {
        pmu_write(device, offset, value);
        return;
    }
    if (offset == reg_info[id].offset)
        write_register(device, id, value, UINT32_MAX);
    else
        write_register(device, id, (uint64_t)value << 32, (uint64_t)UINT32_MAX << 32);
}

static void write_whole(struct amdvi_device *device, uint64_t offset, uint64_t value)
{
    unsigned id = offset < REGISTER_MAP_END ? device->register_at[offset / 4] : NO_REGISTER;

    if (id != NO_REGISTER && reg_info[id].width == 8) {
        write_register(device, id, value, UINT64_MAX);
        return;
    }
    write_half(device, offset, (uint32_t)value);
    write_half(device, offset + 4, (uint32_t)(value >> 32));
}

/* At once. */
static void settle_now(struct amdvi_device *device)
{
    struct guest_settling settling = {.steps = {0}};
    struct job job;

    job_begin(device, &job);
    guests_settle(device, &job, &settling);
}

enum amdvi_status mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size, uint64_t value)
{
    if (!access_legal(device, offset, size))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    observe_mmio(device, true, offset, size, value);
    note_counted_access(device, offset);
    if (size == 8)
        write_whole(device, offset, value);
    else
        write_half(device, offset, (uint32_t)value);
    return AMDVI_OK;
}

enum amdvi_status amdvi_mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size,
                                   uint64_t value)
{
    enum amdvi_status status;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    status = mmio_write(device, offset, size, value);
    if (device->guests.unsettled)
        settle_now(device);
    return status;
}
