// SPDX-License-Identifier: Apache-2.0
/* The event and PPR logs of a guest: in the guest's own memory, with guest IDs (viommu 8). */
#include "model/guests/guest_log.h"

void guest_log_rose(struct amdvi_device *device, struct guest *guest, enum amdvi_log log)
{
    *guest_log_for(guest, log) = (struct guest_log){0};
    guest_log_choose_side(guest, log);
    if (device->config.value[CONFIG_EVENT_OVERFLOW_RESTART])
        guest_status_clear(device, guest,
                           guest_log_side(log, false)->overflow | guest_log_side(log, true)->overflow);
}

/* The guest's buffer cannot be reached: only this record, no page fault beside it (11 #19, E10). */
static void report_unreachable(struct amdvi_device *device, const struct guest *guest, uint64_t address)
{
    event_report(device, &(struct event){.code = EVT_GUEST_EVENT_FAULT,
                                         .guest_id = guest->id,
                                         .vflags = VFLAG_EVENT,
                                         .address = address});
}

/* Where a record goes: a GPA, or a private address when GstBufferTRPMode=0 (2.1). */
static bool locate(struct amdvi_device *device, struct guest *guest, enum amdvi_log log, bool b,
                   uint64_t base, uint32_t tail, uint64_t *spa)
{
    struct space_access access;
    bool reached;

    if (reg_control_gstbuffertrpmode(control(device)))
        reached = guest_translate(device, guest, HELD_LOG, base + tail, true, &access);
    else
        reached =
            private_translate(device, &guest->held[HELD_LOG],
                              private_address(guest_log_side(log, b)->area, guest->id) + tail, true, &access);
    if (!reached)
        report_unreachable(device, guest, access.address);
    if (!reached && device->config.value[CONFIG_LOG_FAULT])
        guest_space_report(device, &access, VFLAG_EVENT);
    *spa = access.spa;
    return reached;
}

/* The early indicator of PPR logs, as the host's (iommu 2.8, 7.7). */
static void check_early(struct amdvi_device *device, struct guest *guest, bool b, uint32_t used)
{
    uint64_t early = guest->vf[b ? VF_PPR_B_OVERFLOW_EARLY : VF_PPR_OVERFLOW_EARLY];
    uint64_t bit = b ? VF_STATUS_PPROVERFLOWEARLYB_MASK : VF_STATUS_PPROVERFLOWEARLY_MASK;

    if (!vf_ppr_overflow_early_en(early) || used < vf_ppr_overflow_early_threshold(early) ||
        guest->vf[VF_STATUS] & bit)
        return;
    guest_status_set(device, guest, bit);
    if (vf_ppr_overflow_early_inten(early))
        guest_irq_raise(device, guest, AMDVI_IRQ_PPR);
}

enum outcome { WRITTEN, FULL, FAILED };

static enum outcome write_side(struct amdvi_device *device, struct guest *guest, enum amdvi_log log, bool b,
                               const uint64_t record[2])
{
    const struct guest_log_side *side = guest_log_side(log, b);
    struct ring ring = guest_log_ring(guest, log, b);
    uint32_t head = ring_wrap(&ring, vf_get(device, guest, side->head));
    uint32_t tail = ring_wrap(&ring, vf_get(device, guest, side->tail));
    uint64_t spa;
    uint8_t error;

    if (ring_full(&ring, head, tail))
        return FULL;
    if (!locate(device, guest, log, b, ring.base, tail, &spa))
        return FAILED;
    error = direct_write(device, AMDVI_ACCESS_LOG, spa, record, RING_RECORD_BYTES);
    if (error) {
        report_unreachable(device, guest, spa);
        return FAILED;
    }
    tail = ring_next(&ring, tail);
    vf_set(device, guest, side->tail, tail);
    if (log == AMDVI_LOG_PPR)
        check_early(device, guest, b, ((tail - head) & (ring.bytes - 1)) / ring.record);
    return WRITTEN;
}

static bool wants_interrupt(const struct guest *guest, enum amdvi_log log)
{
    return log == AMDVI_LOG_EVENT ? vfc_event_control_eventinten(guest->vfc[VFC_EVENT_CONTROL])
                                  : vfc_ppr_control_pprinten(guest->vfc[VFC_PPR_CONTROL]);
}

static void notify(struct amdvi_device *device, const struct guest *guest, enum amdvi_log log)
{
    if (wants_interrupt(guest, log))
        guest_irq_raise(device, guest, log == AMDVI_LOG_EVENT ? AMDVI_IRQ_EVENT : AMDVI_IRQ_PPR);
}

/* 11 #22: overflow, Run=0, interrupt if enabled. */
static void overflow(struct amdvi_device *device, struct guest *guest, enum amdvi_log log, bool b)
{
    guest_log_for(guest, log)->stopped[b] = true;
    guest_status_set(device, guest, guest_log_side(log, b)->overflow);
    notify(device, guest, log);
}

/* In swap mode a full log hands over to the other one, if that runs (iommu 7.1). */
static bool swap(struct amdvi_device *device, struct guest *guest, enum amdvi_log log)
{
    struct guest_log *state = guest_log_for(guest, log);

    if (guest_log_dual_mode(guest, log) != DUAL_SWAP ||
        !guest_log_running(device, guest, log, !state->active_b))
        return false;
    state->active_b = !state->active_b;
    return true;
}

enum unwritable { UNWRITABLE_HOST, UNWRITABLE_BOTH, UNWRITABLE_NONE };

/* A full log overflows (11 #22). One whose memory fails does so by choice only: the host hears of it (11
 * #19). FULL: it has overflowed. */
static enum outcome write_or_overflow(struct amdvi_device *device, struct guest *guest, enum amdvi_log log,
                                      const uint64_t record[2])
{
    bool b = guest_log_of(guest, log)->active_b;
    enum outcome outcome = write_side(device, guest, log, b, record);

    if (outcome == FAILED && device->config.value[CONFIG_LOG_UNWRITABLE] == UNWRITABLE_BOTH)
        outcome = FULL;
    if (outcome == FULL)
        overflow(device, guest, log, b);
    return outcome;
}

static bool write_active(struct amdvi_device *device, struct guest *guest, enum amdvi_log log,
                         const uint64_t record[2])
{
    const struct guest_log *state = guest_log_of(guest, log);
    enum outcome outcome;

    guest_status_set(device, guest, 0); /* memory may have changed the overflow bits (11 #12) */
    if (!guest_log_running(device, guest, log, state->active_b) && !swap(device, guest, log))
        return false;
    outcome = write_or_overflow(device, guest, log, record);
    if (outcome != FULL || !swap(device, guest, log))
        return outcome == WRITTEN;
    return write_or_overflow(device, guest, log, record) == WRITTEN;
}

bool guest_log_append(struct amdvi_device *device, struct guest *guest, enum amdvi_log log,
                      const uint64_t record[2])
{
    struct guest_log *state = guest_log_for(guest, log);
    bool written = write_active(device, guest, log, record);
    struct amdvi_event_info info = {.guest = true,
                                    .guest_id = guest->id,
                                    .logged = written,
                                    .record = {record[0], record[1]},
                                    .index = state->count,
                                    .log = log};

    if (device->observed && device->observer.event)
        device->observer.event(device->observer.context, &info);
    if (!written)
        return false;
    state->count++;
    guest_status_set(device, guest,
                     log == AMDVI_LOG_EVENT ? VF_STATUS_EVENTLOGINT_MASK : VF_STATUS_PPRINT_MASK);
    notify(device, guest, log);
    return true;
}

bool guest_logs_events(const struct amdvi_device *device, uint16_t id)
{
    const struct guest *guest = guest_find(device, id);

    return guest && guest_log_enabled(guest, AMDVI_LOG_EVENT);
}

/* A guest without registers has no log: the record is dropped (11 #37). */
bool guest_event(struct amdvi_device *device, uint16_t id, const struct event *event)
{
    struct guest *guest = guest_find(device, id);
    uint64_t record[2];

    if (!guest)
        return false;
    event_encode(event, record);
    return guest_log_append(device, guest, AMDVI_LOG_EVENT, record);
}

enum amdvi_status amdvi_guest_log_count(const struct amdvi_device *device, uint16_t guest_id,
                                        enum amdvi_log log, uint64_t *count)
{
    const struct guest *guest;

    if (!device || !count || log > AMDVI_LOG_GA)
        return AMDVI_ERR_ARGUMENT;
    if (!device->guest_pages)
        return AMDVI_ERR_UNSUPPORTED;
    guest = guest_find(device, guest_id);
    *count = guest && log != AMDVI_LOG_GA ? guest_log_of(guest, log)->count : 0;
    return AMDVI_OK;
}
