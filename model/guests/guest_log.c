// SPDX-License-Identifier: Apache-2.0
/* The event and PPR logs of a guest: in the guest's own memory, with guest IDs (viommu 8). */
#include "model/guests/guest_log.h"

#include "model/base/allocator.h"
#include "model/logs/record.h"

/* A guest's record that is being written. */
struct guest_log_write {
    struct log_write core; /* first: what the core hands on */
    struct steps steps, place, tell;
    struct guest *guest;
    struct guest_work work;
    struct guest_irq irq;
    struct map_search search;
};

static struct guest_log_write *whole(struct log_write *w)
{
    return (struct guest_log_write *)(void *)w;
}

static struct guest *guest_of(const struct log_write *w)
{
    return ((const struct guest_log_write *)(const void *)w)->guest;
}

static enum amdvi_log log_of(const struct log_write *w)
{
    return (enum amdvi_log)w->log;
}

bool guest_log_rose(struct amdvi_device *device, struct job *job, struct guest *guest, enum amdvi_log log,
                    struct guest_work *work)
{
    uint64_t overflows = guest_log_side(log, false)->overflow | guest_log_side(log, true)->overflow;

    if (work->status.at == 0) {
        *guest_log_for(guest, log) = (struct log_state){0};
        guest_log_choose_side(guest, log);
    }
    return !device->config.value[CONFIG_EVENT_OVERFLOW_RESTART] ||
           guest_status_clear(device, job, guest, overflows, work);
}

/* ---------------------------------------------------------------- as the core wants it */

static struct log_state *state(struct amdvi_device *device, const struct log_write *w)
{
    return guest_log_for(guest_of(w), log_of(w));
}

static unsigned dual(const struct amdvi_device *device, const struct log_write *w)
{
    return guest_log_dual_mode(guest_of(w), log_of(w));
}

static bool takes(const struct amdvi_device *device, const struct log_write *w, bool b)
{
    return guest_log_running(device, guest_of(w), log_of(w), b);
}

static struct ring ring(const struct amdvi_device *device, const struct log_write *w)
{
    return guest_log_ring(guest_of(w), log_of(w), w->b);
}

static uint64_t early(const struct amdvi_device *device, const struct log_write *w)
{
    return guest_of(w)->vf[w->b ? VF_PPR_B_OVERFLOW_EARLY : VF_PPR_OVERFLOW_EARLY];
}

static uint64_t early_bit(const struct log_write *w)
{
    return w->b ? VF_STATUS_PPROVERFLOWEARLYB_MASK : VF_STATUS_PPROVERFLOWEARLY_MASK;
}

static bool early_told(const struct amdvi_device *device, const struct log_write *w)
{
    return guest_of(w)->vf[VF_STATUS] & early_bit(w);
}

/* By choice: the host hears of it anyway (11 #19). */
static bool failure_stops(const struct amdvi_device *device)
{
    return device->config.value[CONFIG_LOG_UNWRITABLE] == UNWRITABLE_BOTH;
}

/* Memory may have changed the overflow bits (11 #12). */
static bool refresh(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return guest_status_set(device, job, guest_of(w), 0, &whole(w)->work);
}

static bool pointers(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    const struct guest_log_side *side = guest_log_side(log_of(w), w->b);
    struct guest *guest = guest_of(w);

    STEPS_BEGIN(&w->advance);
    STEPS_WAIT(&w->advance, vf_get(device, job, guest, side->head, &whole(w)->work));
    STEPS_WAIT(&w->advance, vf_get(device, job, guest, side->tail, &whole(w)->work));
    w->head = ring_wrap(&w->ring, vf_value(device, guest, side->head));
    w->tail = ring_wrap(&w->ring, vf_value(device, guest, side->tail));
    STEPS_END(&w->advance);
}

/* The guest's buffer cannot be reached: only this record, no page fault beside it (11 #19, E10). */
static bool report_unreachable(struct amdvi_device *device, struct job *job, const struct guest *guest,
                               uint64_t address)
{
    const struct event event = {
        .code = EVT_GUEST_EVENT_FAULT, .guest_id = guest->id, .vflags = VFLAG_EVENT, .address = address};

    return event_report(device, job, &event, NULL);
}

/* A GPA, or a private address when GstBufferTRPMode=0 (2.1). */
static void aim(const struct amdvi_device *device, const struct log_write *w, struct space_io *io)
{
    const struct guest *guest = guest_of(w);
    uint64_t area = private_address(guest_log_side(log_of(w), w->b)->area, guest->id);

    if (reg_control_gstbuffertrpmode(control(device)))
        space_aim_guest(guest, io, w->ring.base + w->tail, true);
    else
        space_aim_private(device, io, area + w->tail, true);
}

static bool place(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    struct guest_log_write *g = whole(w);
    struct space_io *io = &g->work.io;

    STEPS_BEGIN(&g->place);
    aim(device, w, io);
    STEPS_WAIT(&g->place, space_find(device, job, &g->guest->held[HELD_LOG], io));
    w->found = !io->access.reason;
    w->spa = io->access.spa;
    if (!w->found)
        STEPS_WAIT(&g->place, report_unreachable(device, job, g->guest, io->access.address));
    if (!w->found && device->config.value[CONFIG_LOG_FAULT])
        STEPS_WAIT(&g->place, guest_space_report(device, job, &io->access, VFLAG_EVENT));
    STEPS_END(&g->place);
}

static bool failed(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return report_unreachable(device, job, guest_of(w), w->spa);
}

static bool advance(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return vf_set(device, job, guest_of(w), guest_log_side(log_of(w), w->b)->tail, w->tail, &whole(w)->work);
}

/* ---------------------------------------------------------------- what the guest is told */

static bool wants_interrupt(const struct log_write *w)
{
    const uint64_t *vfc = guest_of(w)->vfc;

    return w->log == AMDVI_LOG_EVENT ? vfc_event_control_eventinten(vfc[VFC_EVENT_CONTROL])
                                     : vfc_ppr_control_pprinten(vfc[VFC_PPR_CONTROL]);
}

/* Status bits, then the interrupt if it is wanted. */
static bool tell(struct amdvi_device *device, struct job *job, struct log_write *w, uint64_t bits,
                 bool interrupt)
{
    enum amdvi_irq_cause cause = w->log == AMDVI_LOG_EVENT ? AMDVI_IRQ_EVENT : AMDVI_IRQ_PPR;
    struct guest_log_write *g = whole(w);

    STEPS_BEGIN(&g->tell);
    STEPS_WAIT(&g->tell, guest_status_set(device, job, g->guest, bits, &g->work));
    if (interrupt)
        STEPS_WAIT(&g->tell, guest_irq_raise(device, job, g->guest, cause, &g->irq));
    STEPS_END(&g->tell);
}

static bool tell_early(struct amdvi_device *device, struct job *job, struct log_write *w, bool interrupt)
{
    return tell(device, job, w, early_bit(w), interrupt);
}

/* 11 #22: overflow, Run=0, interrupt if enabled. */
static bool tell_overflow(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    state(device, w)->stopped[w->b] = true;
    return tell(device, job, w, guest_log_side(log_of(w), w->b)->overflow, wants_interrupt(w));
}

static bool tell_written(struct amdvi_device *device, struct job *job, struct log_write *w)
{
    return tell(device, job, w,
                w->log == AMDVI_LOG_EVENT ? VF_STATUS_EVENTLOGINT_MASK : VF_STATUS_PPRINT_MASK,
                wants_interrupt(w));
}

static const struct log_owner owner = {
    .is_guest = true,
    .state = state,
    .dual = dual,
    .takes = takes,
    .ring = ring,
    .early = early,
    .early_told = early_told,
    .failure_stops = failure_stops,
    .refresh = refresh,
    .pointers = pointers,
    .place = place,
    .failed = failed,
    .advance = advance,
    .tell_early = tell_early,
    .tell_overflow = tell_overflow,
    .tell_written = tell_written,
};

/* ---------------------------------------------------------------- records */

static void begin(struct guest_log_write *g, struct guest *guest, const struct record *record)
{
    log_write_begin(&g->core, &owner, record->log, record->words);
    g->core.guest_id = guest->id;
    g->guest = guest;
    g->steps.at = g->place.at = g->tell.at = 0;
    guest_work_begin(&g->work);
    guest_irq_begin(&g->irq);
    g->search.steps.at = g->search.page.steps.at = 0;
}

static bool write_record(struct amdvi_device *device, struct job *job, const struct record *record,
                         struct guest_log_write *g)
{
    STEPS_BEGIN(&g->steps);
    if (record->find_domain) {
        STEPS_WAIT(&g->steps, map_guest_domain(device, job, g->guest, record->host_domain, &g->search));
        evt_set_domainid(g->core.record, g->search.found);
    }
    STEPS_WAIT(&g->steps, log_write_step(device, job, &g->core));
    STEPS_END(&g->steps);
}

/* A guest without registers has no log: the record is dropped (11 #37). */
static bool write_guest_record(struct amdvi_device *device, struct job *job, const struct record *record,
                               bool first, void *frame, bool *written)
{
    struct guest *guest = guest_find(device, record->guest_id);
    struct guest_log_write own, *g = frame ? frame : &own;

    *written = false;
    if (!guest)
        return true;
    if (first)
        begin(g, guest, record);
    if (!write_record(device, job, record, g))
        return false;
    *written = g->core.outcome == LOG_WRITTEN;
    return true;
}

/* For executors that answer later, beside the writer itself. */
bool guest_logs_create(struct amdvi_device *device)
{
    if (!device->guests.pages)
        return true;
    device->guest_record = write_guest_record;
    device->guest_writer = allocate_zeroed(&device->allocator, sizeof(struct guest_log_write));
    return device->guest_writer != NULL;
}

void guest_logs_destroy(struct amdvi_device *device)
{
    release(&device->allocator, device->guest_writer);
    device->guest_writer = NULL;
}

bool guest_record(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_log log,
                  const uint64_t words[2], bool *written)
{
    const struct record record = {
        .log = (uint8_t)log, .of_guest = true, .guest_id = id, .words = {words[0], words[1]}};

    return record_write(device, job, &record, written);
}

bool guest_event(struct amdvi_device *device, struct job *job, uint16_t id, const struct event *event,
                 bool *written)
{
    uint64_t words[2];

    event_encode(event, words);
    return guest_record(device, job, id, AMDVI_LOG_EVENT, words, written);
}

bool guest_logs_events(const struct amdvi_device *device, uint16_t id)
{
    const struct guest *guest = guest_find(device, id);

    return guest && guest_log_enabled(guest, AMDVI_LOG_EVENT);
}

enum amdvi_status amdvi_guest_log_count(const struct amdvi_device *device, uint16_t guest_id,
                                        enum amdvi_log log, uint64_t *count)
{
    const struct guest *guest;

    if (!device || !count || log > AMDVI_LOG_GA)
        return AMDVI_ERR_ARGUMENT;
    if (!device->guests.pages)
        return AMDVI_ERR_UNSUPPORTED;
    guest = guest_find(device, guest_id);
    *count = guest && log != AMDVI_LOG_GA ? guest_log_of(guest, log)->count : 0;
    return AMDVI_OK;
}
