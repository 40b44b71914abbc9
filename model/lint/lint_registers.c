// SPDX-License-Identifier: Apache-2.0
/*
 * Registers of running units. Bases stay; of each ring one pointer is hardware's and the other moves only
 * over what the other side has left there; how entries are read stays while devices use them.
 */
#include "model/lint/lint_registers.h"

#include "model/lint/lint.h"
#include "model/lint/lint_pointers.h"
#include "model/logs/host_log.h"
#include "model/lookup/dtc.h"
#include "tables/layout.h"

/* ---------------------------------------------------------------- rings */

static bool ring_runs(const struct amdvi_device *device, const struct lint_pointers *r)
{
    return r->log == LINT_COMMANDS ? device->command_run : log_running(device, (enum amdvi_log)r->log, r->b);
}

static uint32_t ring_bytes(const struct amdvi_device *device, const struct lint_pointers *r)
{
    return ring_make(0, (unsigned)reg_cmd_base_len(device->reg[r->base]), r->record).bytes;
}

/* ---------------------------------------------------------------- pointers (2.8) */

/* Software's pointer: the tail of commands never comes nearer to the head, the head of a log never passes its
 * tail. */
static bool pointer_is_wrong(const struct amdvi_device *device, const struct lint_pointers *r, uint64_t value)
{
    uint32_t bytes = ring_bytes(device, r);
    uint64_t head = device->reg[r->head], tail = device->reg[r->tail];

    value &= device->mask[r->log == LINT_COMMANDS ? r->tail : r->head].rw;
    if (!bytes)
        return false;
    if (value >= bytes)
        return true;
    if (r->log == LINT_COMMANDS)
        return (value - head) % bytes < (tail - head) % bytes;
    return (value - head) % bytes > (tail - head) % bytes;
}

static bool breaks_pointer(const struct amdvi_device *device, unsigned id, uint64_t value)
{
    const struct lint_pointers *r = lint_pointers_of(id);

    if (!r || r->base == id || !ring_runs(device, r))
        return false;
    return id == lint_hardwares_pointer(r) || pointer_is_wrong(device, r, value);
}

/* ---------------------------------------------------------------- modes (2.4) */

/* Which bits say how something is read that device table entries of this kind lead to. */
static uint64_t modes_of(const struct dte *dte)
{
    uint64_t bits = REG_CONTROL_DEVTBLSEGEN_MASK;

    if (dte_v(dte->raw) && dte_gv(dte->raw))
        bits |= REG_CONTROL_GTEN_MASK | REG_CONTROL_GCR3TRPMODE_MASK;
    if (dte_iv(dte->raw))
        bits |= REG_CONTROL_GAEN_MASK | REG_CONTROL_GAMEN_MASK | REG_CONTROL_XTEN_MASK |
                REG_CONTROL_NUMINTREMAPMODE_MASK;
    return bits;
}

/* Of the entries that are cached: devices use them. */
static uint64_t modes_in_use(const struct amdvi_device *device)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;
    uint64_t bits = 0;

    while (amdvi_inspect_cache(device, AMDVI_CACHE_DTC, &cursor, &line) == AMDVI_OK) {
        const struct dte *dte = dtc_peek(device, line.device);
        bits |= dte ? modes_of(dte) : 0;
    }
    return bits;
}

/* GAMEn adds a kind of interrupt entries and leaves the others as they were (2.4): Linux sets it under
 * running remapping, and to take it away is another matter. */
static uint64_t modes_that_change(const struct amdvi_device *device, uint64_t value)
{
    uint64_t old = device->reg[REG_CONTROL], changed = (old ^ value) & device->mask[REG_CONTROL].rw;

    return reg_control_gamen(old) == REG_CONTROL_GAMEN_LEGACY ? changed & ~REG_CONTROL_GAMEN_MASK : changed;
}

/* Linux sets GTEn under running translation, before any device has guest tables. */
static bool breaks_modes(const struct amdvi_device *device, uint64_t value)
{
    uint64_t changed = modes_that_change(device, value);

    return iommu_enabled(device) && value & REG_CONTROL_IOMMUEN_MASK && changed & modes_in_use(device);
}

/* ---------------------------------------------------------------- bases (2.2) */

static bool is_base(unsigned id)
{
    const struct lint_pointers *r = lint_pointers_of(id);

    return id == REG_DEVTAB_BASE || (id >= REG_DEVTAB_SEG1 && id <= REG_DEVTAB_SEG7) || (r && r->base == id);
}

static bool is_running(const struct amdvi_device *device, unsigned id)
{
    const struct lint_pointers *r = lint_pointers_of(id);

    return r ? ring_runs(device, r) : iommu_enabled(device);
}

/* What lies between head and tail: commands not yet fetched, records not yet read. A kernel that takes over
 * from one that has crashed moves bases of running units on purpose; then nothing is lost but that. */
static bool loses_records(const struct amdvi_device *device, unsigned id)
{
    const struct lint_pointers *r = lint_pointers_of(id);

    return r && device->reg[r->head] != device->reg[r->tail];
}

/* ---------------------------------------------------------------- doorbells (6.1) */

static void doorbell(struct amdvi_lint *lint, uint64_t old, uint64_t tail)
{
    const struct lint_pointers *ring = lint_pointers_of(REG_CMD_BASE);
    uint32_t bytes = ring_bytes(lint->device, ring);
    uint32_t slots = bytes ? bytes / ring->record : LINT_SLOTS;

    lint_torn_end(lint);
    lint_ring_doorbell(lint, (uint32_t)(old / 16 % slots), (uint32_t)(tail / 16 % slots), slots);
    lint_order_doorbell(lint, (uint32_t)(old / 16 % slots), (uint32_t)(tail / 16 % slots), slots);
}

/* ---------------------------------------------------------------- what is told */

static void tell(struct amdvi_lint *lint, enum amdvi_lint_kind kind, enum amdvi_lint_severity severity,
                 struct amdvi_lint_finding *finding)
{
    finding->kind = kind;
    finding->severity = severity;
    lint_report(lint, finding);
}

static void check(struct amdvi_lint *lint, unsigned id, struct amdvi_lint_finding *finding)
{
    const struct amdvi_device *device = lint->device;
    bool changes = finding->old_value != finding->new_value;

    if (is_base(id) && changes && is_running(device, id))
        tell(lint, AMDVI_LINT_BASE_WHILE_RUNNING,
             loses_records(device, id) ? AMDVI_LINT_MISTAKE : AMDVI_LINT_NOTE, finding);
    else if (changes && breaks_pointer(device, id, finding->new_value))
        tell(lint, AMDVI_LINT_REGISTER_WHILE_RUNNING, AMDVI_LINT_MISTAKE, finding);
    else if (id == REG_CONTROL && breaks_modes(device, finding->new_value))
        tell(lint, AMDVI_LINT_REGISTER_WHILE_RUNNING, AMDVI_LINT_MISTAKE, finding);
    else if (id == REG_CMD_TAIL && !changes && device->command_run)
        tell(lint, AMDVI_LINT_EMPTY_DOORBELL, AMDVI_LINT_NOTE, finding);
    if (id == REG_CMD_TAIL && changes)
        doorbell(lint, finding->old_value, finding->new_value);
}

void lint_register_write(struct amdvi_lint *lint, uint64_t offset, unsigned size, uint64_t value)
{
    const struct amdvi_device *device = lint->device;
    unsigned id = offset < REGISTER_MAP_END ? device->register_at[offset / 4] : NO_REGISTER;
    struct amdvi_lint_finding finding = {.at = lint->now, .times = 1};

    /* A place in a ring says nothing about what translates. */
    if (id == NO_REGISTER || !lint_pointers_of(id) || lint_pointers_of(id)->base == id)
        lint_forget_known(lint);
    if (id == NO_REGISTER || reg_info[id].width != 8)
        return;
    finding.word = reg_info[id].offset;
    finding.old_value = device->reg[id];
    finding.new_value = lint_written(device->reg[id], offset, size, value);
    check(lint, id, &finding);
    if (id == REG_CMD_BASE)
        lint_ring_moved(lint);
}
