// SPDX-License-Identifier: Apache-2.0
/* The logs of the host: events, page requests, guest interrupts (7.1, 7.7, 7.8). */
#include "model/port/job.h"

struct log_side {
    unsigned base, head, tail;
    uint64_t overflow; /* its bit in the status register */
};

struct log_info {
    struct log_side side[2];
    uint64_t enable; /* in the control register */
    uint64_t written;
    unsigned record;
    enum amdvi_irq_cause cause;
};

static const struct log_info logs[3] = {
    [AMDVI_LOG_EVENT] = {{{REG_EVENT_BASE, REG_EVENT_HEAD, REG_EVENT_TAIL, REG_STATUS_EVENTOVERFLOW_MASK},
                          {REG_EVENT_B_BASE, REG_EVENT_B_HEAD, REG_EVENT_B_TAIL,
                           REG_STATUS_EVENTOVERFLOWB_MASK}},
                         REG_CONTROL_EVENTLOGEN_MASK,
                         REG_STATUS_EVENTLOGINT_MASK,
                         RING_RECORD_BYTES,
                         AMDVI_IRQ_EVENT},
    [AMDVI_LOG_PPR] = {{{REG_PPR_BASE, REG_PPR_HEAD, REG_PPR_TAIL, REG_STATUS_PPROVERFLOW_MASK},
                        {REG_PPR_B_BASE, REG_PPR_B_HEAD, REG_PPR_B_TAIL, REG_STATUS_PPROVERFLOWB_MASK}},
                       REG_CONTROL_PPRLOGEN_MASK,
                       REG_STATUS_PPRINT_MASK,
                       RING_RECORD_BYTES,
                       AMDVI_IRQ_PPR},
    [AMDVI_LOG_GA] = {{{REG_GA_BASE, REG_GA_HEAD, REG_GA_TAIL, REG_STATUS_GALOVERFLOW_MASK},
                       {REG_GA_BASE, REG_GA_HEAD, REG_GA_TAIL, REG_STATUS_GALOVERFLOW_MASK}},
                      REG_CONTROL_GALOGEN_MASK,
                      REG_STATUS_GAINT_MASK,
                      GA_RECORD_BYTES,
                      AMDVI_IRQ_GA},
};

enum dual { DUAL_A_ONLY, DUAL_B_ONLY, DUAL_SWAP };

static unsigned dual_mode(const struct amdvi_device *device, enum amdvi_log log)
{
    if (log == AMDVI_LOG_EVENT)
        return (unsigned)reg_control_dualeventlogen(control(device));
    return log == AMDVI_LOG_PPR ? (unsigned)reg_control_dualpprlogen(control(device)) : DUAL_A_ONLY;
}

static bool side_in_use(const struct amdvi_device *device, enum amdvi_log log, bool b)
{
    unsigned mode = dual_mode(device, log);

    return b ? mode == DUAL_B_ONLY || mode == DUAL_SWAP : mode != DUAL_B_ONLY;
}

static bool overflowed(const struct amdvi_device *device, enum amdvi_log log, bool b)
{
    return device->logs[log].stopped[b] || device->reg[REG_STATUS] & logs[log].side[b].overflow;
}

bool log_running(const struct amdvi_device *device, enum amdvi_log log, bool b)
{
    const struct log_info *info = &logs[log];

    return iommu_enabled(device) && control(device) & info->enable && side_in_use(device, log, b) &&
           (device->config.value[CONFIG_LOG_RUN] || !overflowed(device, log, b));
}

/* By choice a log runs on while it takes nothing (13 #16). */
static bool log_writable(const struct amdvi_device *device, enum amdvi_log log, bool b)
{
    return log_running(device, log, b) && !overflowed(device, log, b);
}

/* Outside swap mode the field itself says which log is written (2.4). */
static void choose_side(struct amdvi_device *device, enum amdvi_log log)
{
    if (dual_mode(device, log) != DUAL_SWAP)
        device->logs[log].active_b = dual_mode(device, log) == DUAL_B_ONLY;
}

void log_dual_changed(struct amdvi_device *device, uint64_t old)
{
    uint64_t changed = old ^ control(device);

    if (changed & REG_CONTROL_DUALEVENTLOGEN_MASK)
        choose_side(device, AMDVI_LOG_EVENT);
    if (changed & REG_CONTROL_DUALPPRLOGEN_MASK)
        choose_side(device, AMDVI_LOG_PPR);
}

/* In swap mode a log whose overflow software has taken back is there for the next swap. */
void log_overflow_cleared(struct amdvi_device *device, uint64_t bits)
{
    for (unsigned log = 0; log < 3; log++)
        for (unsigned b = 0; b < 2; b++)
            if (bits & logs[log].side[b].overflow && dual_mode(device, (enum amdvi_log)log) == DUAL_SWAP)
                device->logs[log].stopped[b] = false;
}

void log_enable_rose(struct amdvi_device *device, enum amdvi_log log)
{
    struct log_state *state = &device->logs[log];

    state->count = 0;
    state->stopped[0] = state->stopped[1] = false;
    state->active_b = false;
    choose_side(device, log);
    if (device->config.value[CONFIG_EVENT_OVERFLOW_RESTART])
        device->reg[REG_STATUS] &= ~(logs[log].side[0].overflow | logs[log].side[1].overflow);
}

/* What the pointers of the GA log reach (13 #13). */
static uint32_t ga_pointer_limit(const struct amdvi_device *device)
{
    return (uint32_t)2 << device->config.value[CONFIG_GA_POINTER];
}

static struct ring side_ring(const struct amdvi_device *device, const struct log_info *info, bool b)
{
    uint64_t base = device->reg[info->side[b].base];
    struct ring ring = ring_make(reg_event_base_base(base), (unsigned)reg_event_base_len(base), info->record);

    if (info->cause == AMDVI_IRQ_GA && ring.bytes > ga_pointer_limit(device))
        ring.bytes = ga_pointer_limit(device);
    return ring;
}

/* Lost: the log is full or its memory fails. It stops until it is restarted (7.1). */
static void overflow(struct amdvi_device *device, enum amdvi_log log, bool b)
{
    device->logs[log].stopped[b] = !device->config.value[CONFIG_LOG_RUN];
    status_set(device, logs[log].side[b].overflow);
    irq_raise(device, logs[log].cause);
}

/* The GA log's tail also goes to memory (2.2, 7.8). */
static void publish_tail(struct amdvi_device *device, enum amdvi_log log)
{
    uint64_t address = reg_ga_tail_addr_address(device->reg[REG_GA_TAIL_ADDR]);
    uint64_t tail = device->reg[REG_GA_TAIL];

    if (log == AMDVI_LOG_GA && address)
        direct_write(device, AMDVI_ACCESS_LOG, address, &tail, sizeof(tail));
}

/* Used entries reach the threshold: the early indicator of PPR logs (2.8, 7.7). It has an interrupt enable of
 * its own, and tells once until software takes the bit back. */
static void check_early(struct amdvi_device *device, enum amdvi_log log, bool b, const struct ring *ring)
{
    const struct log_side *side = &logs[log].side[b];
    uint64_t early = device->reg[b ? REG_PPR_B_OVERFLOW_EARLY : REG_PPR_OVERFLOW_EARLY];
    uint64_t bit = b ? REG_STATUS_PPROVERFLOWEARLYB_MASK : REG_STATUS_PPROVERFLOWEARLY_MASK;
    uint32_t used = (uint32_t)(device->reg[side->tail] - device->reg[side->head]) & (ring->bytes - 1);

    if (log != AMDVI_LOG_PPR || !reg_ppr_overflow_early_en(early) ||
        used / ring->record < reg_ppr_overflow_early_threshold(early))
        return;
    if (device->reg[REG_STATUS] & bit)
        return;
    status_set(device, bit);
    if (reg_ppr_overflow_early_inten(early))
        irq_send(device, AMDVI_IRQ_PPR);
}

enum outcome { WRITTEN, FULL, FAILED };

static enum outcome write_side(struct amdvi_device *device, enum amdvi_log log, bool b,
                               const uint64_t record[2])
{
    const struct log_info *info = &logs[log];
    struct ring ring = side_ring(device, info, b);
    uint32_t head, tail;
    uint8_t error;

    if (ring.bytes == 0)
        return FAILED;
    head = ring_wrap(&ring, device->reg[info->side[b].head]);
    tail = ring_wrap(&ring, device->reg[info->side[b].tail]);
    if (ring_full(&ring, head, tail))
        return FULL;
    /* The record is in memory before the tail moves (erratum 732, section 12). */
    error = direct_write(device, AMDVI_ACCESS_LOG, ring.base + tail, record, info->record);
    if (error)
        return FAILED;
    device->reg[info->side[b].tail] = ring_next(&ring, tail);
    publish_tail(device, log);
    check_early(device, log, b, &ring);
    return WRITTEN;
}

/* In swap mode a full log hands over to the other one, if that runs (7.1). */
static bool swap(struct amdvi_device *device, enum amdvi_log log)
{
    bool b = !device->logs[log].active_b;

    if (dual_mode(device, log) != DUAL_SWAP || !log_writable(device, log, b))
        return false;
    device->logs[log].active_b = b;
    return true;
}

enum unwritable { UNWRITABLE_HOST, UNWRITABLE_BOTH, UNWRITABLE_NONE };

/* Whether the log took the record. A lost one makes it overflow: the log was full (7.1), or, unless a key
 * says otherwise, its memory failed, since nobody else could tell the host. */
static bool taken(struct amdvi_device *device, enum amdvi_log log, bool b, const uint64_t record[2])
{
    enum outcome outcome = write_side(device, log, b, record);

    if (outcome == FULL ||
        (outcome == FAILED && device->config.value[CONFIG_LOG_UNWRITABLE] != UNWRITABLE_NONE))
        overflow(device, log, b);
    return outcome == WRITTEN;
}

static bool append_active(struct amdvi_device *device, enum amdvi_log log, const uint64_t record[2])
{
    const bool *b = &device->logs[log].active_b;

    if (!log_writable(device, log, *b) && !swap(device, log))
        return false;
    if (taken(device, log, *b, record))
        return true;
    return swap(device, log) && taken(device, log, *b, record);
}

static void count_record(struct amdvi_device *device, enum amdvi_log log)
{
    struct amdvi_statistics *statistics = &device->statistics;

    device->logs[log].count++;
    if (log == AMDVI_LOG_EVENT)
        statistics->events++;
    else if (log == AMDVI_LOG_PPR)
        statistics->ppr_entries++;
    else
        statistics->ga_entries++;
}

static void observe_record(struct amdvi_device *device, enum amdvi_log log, const uint64_t record[2],
                           bool logged)
{
    struct amdvi_event_info info = {
        .logged = logged, .record = {record[0], record[1]}, .log = log, .index = device->logs[log].count};

    if (device->observed && device->observer.event)
        device->observer.event(device->observer.context, &info);
}

static void tell_written(struct amdvi_device *device, enum amdvi_log log)
{
    const uint64_t *value = device->config.value;
    bool told = device->reg[REG_STATUS] & logs[log].written;

    if (log != AMDVI_LOG_EVENT || !value[CONFIG_LOG_INT_STATUS] || reg_control_eventinten(control(device)))
        status_set(device, logs[log].written);
    if (!told || !value[CONFIG_LOG_INTERRUPT])
        irq_raise(device, logs[log].cause);
}

bool log_append(struct amdvi_device *device, enum amdvi_log log, const uint64_t record[2])
{
    bool written = append_active(device, log, record);

    observe_record(device, log, record, written);
    if (!written)
        return false;
    count_record(device, log);
    tell_written(device, log);
    return true;
}

enum amdvi_status amdvi_log_count(const struct amdvi_device *device, enum amdvi_log log, uint64_t *count)
{
    if (!device || !count || log > AMDVI_LOG_GA)
        return AMDVI_ERR_ARGUMENT;
    *count = device->logs[log].count;
    return AMDVI_OK;
}
