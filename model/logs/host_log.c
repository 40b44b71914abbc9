// SPDX-License-Identifier: Apache-2.0
/* The logs of the host, by its registers: events, page requests, guest interrupts (7.1, 7.7, 7.8). */
#include "model/logs/host_log.h"
#include "model/logs/log.h"
#include "model/signals/signals.h"

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
    return device->logs.log[log].stopped[b] || device->reg[REG_STATUS] & logs[log].side[b].overflow;
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
        device->logs.log[log].active_b = dual_mode(device, log) == DUAL_B_ONLY;
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
                device->logs.log[log].stopped[b] = false;
}

void log_enable_rose(struct amdvi_device *device, enum amdvi_log log)
{
    struct log_state *state = &device->logs.log[log];

    state->count = 0;
    state->stopped[0] = state->stopped[1] = false;
    state->active_b = false;
    choose_side(device, log);
    if (device->config.value[CONFIG_EVENT_OVERFLOW_RESTART])
        device->reg[REG_STATUS] &= ~(logs[log].side[0].overflow | logs[log].side[1].overflow);
}

/* ---------------------------------------------------------------- as the core wants it */

static struct log_state *host_state(struct amdvi_device *device, const struct log_write *w)
{
    return &device->logs.log[w->log];
}

static unsigned host_dual(const struct amdvi_device *device, const struct log_write *w)
{
    return dual_mode(device, (enum amdvi_log)w->log);
}

static bool host_takes(const struct amdvi_device *device, const struct log_write *w, bool b)
{
    return log_writable(device, (enum amdvi_log)w->log, b);
}

/* What the pointers of the GA log reach (13 #13). */
static uint32_t ga_pointer_limit(const struct amdvi_device *device)
{
    return (uint32_t)2 << device->config.value[CONFIG_GA_POINTER];
}

static struct ring host_ring(const struct amdvi_device *device, const struct log_write *w)
{
    const struct log_info *info = &logs[w->log];
    uint64_t base = device->reg[info->side[w->b].base];
    struct ring ring = ring_make(reg_event_base_base(base), (unsigned)reg_event_base_len(base), info->record);

    if (w->log == AMDVI_LOG_GA && ring.bytes > ga_pointer_limit(device))
        ring.bytes = ga_pointer_limit(device);
    return ring;
}

static uint64_t host_early(const struct amdvi_device *device, const struct log_write *w)
{
    return device->reg[w->b ? REG_PPR_B_OVERFLOW_EARLY : REG_PPR_OVERFLOW_EARLY];
}

static uint64_t early_bit(const struct log_write *w)
{
    return w->b ? REG_STATUS_PPROVERFLOWEARLYB_MASK : REG_STATUS_PPROVERFLOWEARLY_MASK;
}

static bool host_early_told(const struct amdvi_device *device, const struct log_write *w)
{
    return device->reg[REG_STATUS] & early_bit(w);
}

/* Unless a key says otherwise, since nobody else could tell the host. */
static bool host_failure_stops(const struct amdvi_device *device)
{
    return device->config.value[CONFIG_LOG_UNWRITABLE] != UNWRITABLE_NONE;
}

static bool host_refresh(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return true;
}

static bool host_pointers(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    w->head = ring_wrap(&w->ring, device->reg[logs[w->log].side[w->b].head]);
    w->tail = ring_wrap(&w->ring, device->reg[logs[w->log].side[w->b].tail]);
    return true;
}

static bool host_place(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    w->found = true;
    w->spa = w->ring.base + w->tail;
    return true;
}

static bool host_failed(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return true;
}

/* The GA log's tail also goes to memory (2.2, 7.8). */
static bool host_advance(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    struct place place = {.spa = reg_ga_tail_addr_address(device->reg[REG_GA_TAIL_ADDR]),
                          .access = AMDVI_ACCESS_LOG};
    uint64_t tail = w->tail;

    device->reg[logs[w->log].side[w->b].tail] = tail;
    return w->log != AMDVI_LOG_GA || !place.spa ||
           job_write(device, job, &place, &tail, sizeof(tail), &w->error);
}

static bool host_tell_early(struct amdvi_device *device, struct job *job, struct log_write *w, bool interrupt)
{
    status_set(device, early_bit(w));
    if (interrupt)
        irq_send(device, AMDVI_IRQ_PPR);
    return true;
}

static bool host_tell_overflow(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    device->logs.log[w->log].stopped[w->b] = !device->config.value[CONFIG_LOG_RUN];
    status_set(device, logs[w->log].side[w->b].overflow);
    irq_raise(device, logs[w->log].cause);
    return true;
}

static void count_record(struct amdvi_statistics *statistics, unsigned log)
{
    if (log == AMDVI_LOG_EVENT)
        statistics->events++;
    else if (log == AMDVI_LOG_PPR)
        statistics->ppr_entries++;
    else
        statistics->ga_entries++;
}

static bool host_tell_written(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    const uint64_t *value = device->config.value;
    bool told = device->reg[REG_STATUS] & logs[w->log].written;

    count_record(&device->statistics, w->log);
    if (w->log != AMDVI_LOG_EVENT || !value[CONFIG_LOG_INT_STATUS] || reg_control_eventinten(control(device)))
        status_set(device, logs[w->log].written);
    if (!told || !value[CONFIG_LOG_INTERRUPT])
        irq_raise(device, logs[w->log].cause);
    return true;
}

static const struct log_owner host = {
    .state = host_state,
    .dual = host_dual,
    .takes = host_takes,
    .ring = host_ring,
    .early = host_early,
    .early_told = host_early_told,
    .failure_stops = host_failure_stops,
    .refresh = host_refresh,
    .pointers = host_pointers,
    .place = host_place,
    .failed = host_failed,
    .advance = host_advance,
    .tell_early = host_tell_early,
    .tell_overflow = host_tell_overflow,
    .tell_written = host_tell_written,
};

void host_log_write_begin(struct log_write *w, const struct record *record)
{
    log_write_begin(w, &host, record->log, record->words);
    w->guest_id = 0;
}

enum amdvi_status amdvi_log_count(const struct amdvi_device *device, enum amdvi_log log, uint64_t *count)
{
    if (!device || !count || log > AMDVI_LOG_GA)
        return AMDVI_ERR_ARGUMENT;
    *count = device->logs.log[log].count;
    return AMDVI_OK;
}
