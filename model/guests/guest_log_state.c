// SPDX-License-Identifier: Apache-2.0
/* Where the logs of a guest stand, by its registers: enabled, running, which of two is written (viommu 8). */
#include "model/guests/guest_log.h"

static const struct guest_log_side event_sides[2] = {
    {VF_EVENT_HEAD, VF_EVENT_TAIL, PRIVATE_EVENT_A, VF_STATUS_EVENTOVERFLOW_MASK},
    {VF_EVENT_B_HEAD, VF_EVENT_B_TAIL, PRIVATE_EVENT_B, VF_STATUS_EVENTOVERFLOWB_MASK},
};

static const struct guest_log_side ppr_sides[2] = {
    {VF_PPR_HEAD, VF_PPR_TAIL, PRIVATE_PPR_A, VF_STATUS_PPROVERFLOW_MASK},
    {VF_PPR_B_HEAD, VF_PPR_B_TAIL, PRIVATE_PPR_B, VF_STATUS_PPROVERFLOWB_MASK},
};

const struct guest_log_side *guest_log_side(enum amdvi_log log, bool b)
{
    return log == AMDVI_LOG_EVENT ? &event_sides[b] : &ppr_sides[b];
}

const struct log_state *guest_log_of(const struct guest *guest, enum amdvi_log log)
{
    return log == AMDVI_LOG_EVENT ? &guest->events : &guest->pprs;
}

struct log_state *guest_log_for(struct guest *guest, enum amdvi_log log)
{
    return log == AMDVI_LOG_EVENT ? &guest->events : &guest->pprs;
}

bool guest_log_enabled(const struct guest *guest, enum amdvi_log log)
{
    return log == AMDVI_LOG_EVENT ? vfc_event_control_eventlogen(guest->vfc[VFC_EVENT_CONTROL])
                                  : vfc_ppr_control_pprlogen(guest->vfc[VFC_PPR_CONTROL]);
}

unsigned guest_log_dual_mode(const struct guest *guest, enum amdvi_log log)
{
    return (unsigned)(log == AMDVI_LOG_EVENT ? vfc_event_control_dualeventlogen(guest->vfc[VFC_EVENT_CONTROL])
                                             : vfc_ppr_control_dualpprlogen(guest->vfc[VFC_PPR_CONTROL]));
}

/* The ring as VF Control describes it; log B has its base in a register of its own (3). */
struct ring guest_log_ring(const struct guest *guest, enum amdvi_log log, bool b)
{
    uint64_t event = guest->vfc[VFC_EVENT_CONTROL], ppr = guest->vfc[VFC_PPR_CONTROL];

    if (log == AMDVI_LOG_EVENT && !b)
        return ring_make(vfc_event_control_base(event), (unsigned)vfc_event_control_len(event),
                         RING_RECORD_BYTES);
    if (log == AMDVI_LOG_EVENT)
        return ring_make(vfc_event_b_base_base(guest->vfc[VFC_EVENT_B_BASE]),
                         (unsigned)vfc_event_control_lenb(event), RING_RECORD_BYTES);
    if (!b)
        return ring_make(vfc_ppr_control_base(ppr), (unsigned)vfc_ppr_control_len(ppr), RING_RECORD_BYTES);
    return ring_make(vfc_ppr_b_base_base(guest->vfc[VFC_PPR_B_BASE]), (unsigned)vfc_ppr_control_lenb(ppr),
                     RING_RECORD_BYTES);
}

bool guest_log_running(const struct amdvi_device *device, const struct guest *guest, enum amdvi_log log,
                       bool b)
{
    unsigned mode = guest_log_dual_mode(guest, log);
    bool used = b ? mode == DUAL_B_ONLY || mode == DUAL_SWAP : mode != DUAL_B_ONLY;

    return guests_enabled(device) && guest_log_enabled(guest, log) && used &&
           guest_log_ring(guest, log, b).bytes && !guest_log_of(guest, log)->stopped[b] &&
           !(guest->vf[VF_STATUS] & guest_log_side(log, b)->overflow);
}

void guest_log_choose_side(struct guest *guest, enum amdvi_log log)
{
    if (guest_log_dual_mode(guest, log) != DUAL_SWAP)
        guest_log_for(guest, log)->active_b = guest_log_dual_mode(guest, log) == DUAL_B_ONLY;
}

void guest_log_dual_changed(struct guest *guest, enum vfc_id id, uint64_t old)
{
    uint64_t changed = old ^ guest->vfc[id];

    if (id == VFC_EVENT_CONTROL && changed & VFC_EVENT_CONTROL_DUALEVENTLOGEN_MASK)
        guest_log_choose_side(guest, AMDVI_LOG_EVENT);
    if (id == VFC_PPR_CONTROL && changed & VFC_PPR_CONTROL_DUALPPRLOGEN_MASK)
        guest_log_choose_side(guest, AMDVI_LOG_PPR);
}

/* As the host's (log.c): in swap mode the log is there for the next swap. */
void guest_log_overflow_cleared(struct guest *guest, uint64_t bits)
{
    for (unsigned b = 0; b < 2; b++) {
        if (bits & event_sides[b].overflow && guest_log_dual_mode(guest, AMDVI_LOG_EVENT) == DUAL_SWAP)
            guest->events.stopped[b] = false;
        if (bits & ppr_sides[b].overflow && guest_log_dual_mode(guest, AMDVI_LOG_PPR) == DUAL_SWAP)
            guest->pprs.stopped[b] = false;
    }
}
