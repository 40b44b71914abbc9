// SPDX-License-Identifier: Apache-2.0
/*
 * Registers of running units. Bases stay; of each ring one pointer is hardware's and the other moves only
 * over what the other side has left there; how entries are read stays while devices use them.
 */
#include "model/lint/lint_registers.h"

#include "model/lint/lint.h"
#include "model/logs/host_log.h"
#include "model/lookup/dtc.h"
#include "tables/layout.h"

/* ---------------------------------------------------------------- rings */

/* `head` is where the reader stands, `tail` where the writer does. */
struct ring_registers {
    uint8_t base, head, tail, record;
    uint8_t log; /* enum amdvi_log; COMMANDS */
    bool b;
};

enum { COMMANDS = 0xff, COMMAND_BYTES = 16, LOG_BYTES = 16, GA_BYTES = 8 };

static const struct ring_registers rings[] = {
    {REG_CMD_BASE, REG_CMD_HEAD, REG_CMD_TAIL, COMMAND_BYTES, COMMANDS, false},
    {REG_EVENT_BASE, REG_EVENT_HEAD, REG_EVENT_TAIL, LOG_BYTES, AMDVI_LOG_EVENT, false},
    {REG_EVENT_B_BASE, REG_EVENT_B_HEAD, REG_EVENT_B_TAIL, LOG_BYTES, AMDVI_LOG_EVENT, true},
    {REG_PPR_BASE, REG_PPR_HEAD, REG_PPR_TAIL, LOG_BYTES, AMDVI_LOG_PPR, false},
    {REG_PPR_B_BASE, REG_PPR_B_HEAD, REG_PPR_B_TAIL, LOG_BYTES, AMDVI_LOG_PPR, true},
    {REG_GA_BASE, REG_GA_HEAD, REG_GA_TAIL, GA_BYTES, AMDVI_LOG_GA, false},
};

enum { RINGS = sizeof(rings) / sizeof(*rings) };

/* The ring with this base, head or tail; NULL: none. */
static const struct ring_registers *ring_of(unsigned id)
{
    for (unsigned i = 0; i < RINGS; i++)
        if (rings[i].base == id || rings[i].head == id || rings[i].tail == id)
            return &rings[i];
    return NULL;
}

static bool ring_runs(const struct amdvi_device *device, const struct ring_registers *r)
{
    return r->log == COMMANDS ? device->command_run : log_running(device, (enum amdvi_log)r->log, r->b);
}

static uint32_t ring_bytes(const struct amdvi_device *device, const struct ring_registers *r)
{
    return ring_make(0, (unsigned)reg_cmd_base_len(device->reg[r->base]), r->record).bytes;
}

/* ---------------------------------------------------------------- pointers (2.8) */

static unsigned hardwares(const struct ring_registers *r)
{
    return r->log == COMMANDS ? r->head : r->tail;
}

/* Software's pointer: the tail of commands never comes nearer to the head, the head of a log never passes its
 * tail. */
static bool pointer_is_wrong(const struct amdvi_device *device, const struct ring_registers *r,
                             uint64_t value)
{
    uint32_t bytes = ring_bytes(device, r);
    uint64_t head = device->reg[r->head], tail = device->reg[r->tail];

    value &= device->mask[r->log == COMMANDS ? r->tail : r->head].rw;
    if (!bytes)
        return false;
    if (value >= bytes)
        return true;
    if (r->log == COMMANDS)
        return (value - head) % bytes < (tail - head) % bytes;
    return (value - head) % bytes > (tail - head) % bytes;
}

static bool breaks_pointer(const struct amdvi_device *device, unsigned id, uint64_t value)
{
    const struct ring_registers *r = ring_of(id);

    if (!r || r->base == id || !ring_runs(device, r))
        return false;
    return id == hardwares(r) || pointer_is_wrong(device, r, value);
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

/* Linux sets GTEn under running translation, before any device has guest tables. */
static bool breaks_modes(const struct amdvi_device *device, uint64_t value)
{
    uint64_t changed = (device->reg[REG_CONTROL] ^ value) & device->mask[REG_CONTROL].rw;

    return iommu_enabled(device) && value & REG_CONTROL_IOMMUEN_MASK && changed & modes_in_use(device);
}

/* ---------------------------------------------------------------- bases (2.2) */

static bool is_base(unsigned id)
{
    const struct ring_registers *r = ring_of(id);

    return id == REG_DEVTAB_BASE || (id >= REG_DEVTAB_SEG1 && id <= REG_DEVTAB_SEG7) || (r && r->base == id);
}

static bool is_running(const struct amdvi_device *device, unsigned id)
{
    const struct ring_registers *r = ring_of(id);

    return r ? ring_runs(device, r) : iommu_enabled(device);
}

/* What lies between head and tail: commands not yet fetched, records not yet read. A kernel that takes over
 * from one that has crashed moves bases of running units on purpose; then nothing is lost but that. */
static bool loses_records(const struct amdvi_device *device, unsigned id)
{
    const struct ring_registers *r = ring_of(id);

    return r && device->reg[r->head] != device->reg[r->tail];
}

/* ---------------------------------------------------------------- doorbells (6.1) */

static void doorbell(struct amdvi_lint *lint, uint64_t old, uint64_t tail)
{
    uint32_t bytes = ring_bytes(lint->device, &rings[0]);
    uint32_t slots = bytes ? bytes / COMMAND_BYTES : LINT_SLOTS;

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
    if (id == NO_REGISTER || !ring_of(id) || ring_of(id)->base == id)
        lint_forget_known(lint);
    if (id == NO_REGISTER || reg_info[id].width != 8)
        return;
    finding.word = reg_info[id].offset;
    finding.old_value = device->reg[id];
    finding.new_value = lint_written(device->reg[id], offset, size, value);
    check(lint, id, &finding);
}

const char *lint_register_rule(const struct amdvi_lint_finding *finding)
{
    if (finding->word == reg_info[REG_CONTROL].offset)
        return "devices use entries that were read in the other way";
    for (unsigned i = 0; i < RINGS; i++)
        if (finding->word == reg_info[hardwares(&rings[i])].offset)
            return "hardware moves this pointer while the ring runs";
    if (finding->word == reg_info[REG_CMD_TAIL].offset)
        return "it moves only over new commands, within the ring";
    return "it moves only over records that are there, within the ring";
}
