// SPDX-License-Identifier: Apache-2.0
/*
 * The steps of the walk, both stages put together here. They are in headers so that an executor can have them
 * inside its loop; everybody else calls walk_start() and walk_step() of walk.h, which are the same code.
 */
#ifndef AMDVI_TABLES_WALK_STEPS_H
#define AMDVI_TABLES_WALK_STEPS_H

#include "tables/walk_guest.h"

static inline void result_permissions(struct walk *w)
{
    struct walk_result *r = &w->result;
    unsigned guest = PERM_READ | PERM_WRITE | PERM_EXEC;

    if (w->rq.guest)
        guest = PERM_READ | (w->guest.bits & BIT_WRITE ? PERM_WRITE : 0) |
                (w->guest.bits & BIT_EXEC ? PERM_EXEC : 0);
    r->perm = (uint8_t)(w->host.perm & guest);
    /* v1 has no execute bit: what can be read can be executed (5.4). */
    if (w->host.perm & PERM_READ && guest & PERM_EXEC)
        r->perm |= PERM_EXEC;
    r->user_page = !w->rq.guest || w->guest.bits & BIT_USER;
}

static inline bool result_dirty(const struct walk *w)
{
    const struct dte *dte = w->rq.dte;
    bool host = dte->had != 3 || dte->mode == 0 || w->host.dirty || v1_d(w->host.leaf);
    bool guest =
        !w->rq.guest || w->rq.env->guest_d_disabled || w->rq.need & PERM_WRITE || v2_d(w->guest.leaf);

    return host && guest;
}

/* The guest's dirty bit for an ATS request: only now is it known that the write is granted. */
static inline bool guest_late_dirty(const struct walk *w)
{
    const struct tables_env *env = w->rq.env;

    return w->rq.guest && write_granted(w) && env->hardware_ad && !env->guest_d_disabled &&
           !w->rq.no_update && !v2_d(w->guest.leaf);
}

WALK_RARE enum walk_ask guest_late_update(struct walk *w)
{
    unsigned leaf = w->guest.depth - 1u;

    if (w->guest.gpa[leaf] == UINT64_MAX)
        return walk_again(w);
    w->guest.late = true;
    w->guest.update = (uint8_t)leaf;
    return host_begin(w, w->guest.gpa[leaf], PERM_WRITE, FOR_GUEST_UPDATE);
}

static inline enum walk_ask walk_succeed(struct walk *w)
{
    struct walk_result *r = &w->result;
    bool guest = w->rq.guest;

    r->spa = w->host.out;
    r->guest_shift = guest ? w->guest.shift : 0;
    r->shift = guest && w->guest.shift < w->host.shift ? w->guest.shift : w->host.shift;
    r->untranslated_only = v1_u(w->host.leaf);
    r->force_coherent = w->rq.dte->mode ? v1_fc(w->host.leaf) : w->rq.dte->mode0_fc;
    r->global = guest && v2_g(w->guest.leaf);
    r->dirty = result_dirty(w);
    result_permissions(w);
    return guest_late_dirty(w) ? guest_late_update(w) : walk_end(w, REASON_NONE);
}

static inline enum walk_ask host_done(struct walk *w)
{
    uint64_t old;

    switch (w->host.purpose) {
    case FOR_GCR3:
        return ask_read(w, w->host.out, WALK_GCR3, w->guest.gcr3_level + 1u, STATE_GCR3_ENTRY);
    case FOR_GUEST_ENTRY:
        return ask_read(w, w->host.out, WALK_GUEST, w->guest.level, STATE_GUEST_ENTRY);
    case FOR_GUEST_UPDATE:
        old = w->guest.entry[w->guest.update];
        return ask_update(w, w->host.out, old, guest_missing_bits(w, w->guest.update), STATE_GUEST_UPDATE);
    default:
        return walk_succeed(w);
    }
}

static inline enum walk_ask guest_begin(struct walk *w)
{
    uint32_t covered = w->rq.pasid >> 9 * w->rq.dte->gcr3_levels;

    if (w->rq.pasid >= w->rq.env->pasid_limit || covered)
        return guest_fail(w, REASON_GUEST_PASID_RANGE);
    if (!walk_canonical(w->rq.dte, w->rq.address, w->rq.giov))
        return guest_fail(w, REASON_GUEST_CANONICAL);
    if (w->rq.probe)
        return ask_probe(w, WALK_GCR3, w->rq.pasid, STATE_GCR3_PROBE);
    return gcr3_begin(w);
}

static inline enum walk_ask walk_begin(struct walk *w)
{
    w->trail_count = 0;
    w->guest.late = false;
    w->result.gpa = w->rq.address;
    w->result.own = false;
    return w->rq.guest ? guest_begin(w) : host_begin(w, w->rq.address, final_need(w), FOR_FINAL);
}

static inline enum walk_ask walk_start_inline(struct walk *w, const struct walk_request *request)
{
    w->rq = *request;
    w->failed = WALK_ERROR_NONE;
    w->fault_update = false;
    w->reads_host = w->reads_guest = w->reads_gcr3 = w->updates = 0;
    w->restarts = 0;
    w->guest.bits = BITS_ALL;
    return walk_begin(w);
}

static inline enum walk_ask walk_step_inline(struct walk *w)
{
    switch (w->state) {
    case STATE_HOST_ENTRY:
        return host_entry(w);
    case STATE_HOST_PROBE:
        return host_probed(w);
    case STATE_HOST_UPDATE:
        return host_updated(w);
    case STATE_GCR3_PROBE:
        return gcr3_probed(w);
    case STATE_GCR3_ENTRY:
        return gcr3_entry(w);
    case STATE_GUEST_PROBE:
        return guest_probed(w);
    case STATE_GUEST_ENTRY:
        return guest_entry(w);
    default:
        return guest_updated(w);
    }
}

#endif
