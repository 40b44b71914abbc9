// SPDX-License-Identifier: Apache-2.0
/* The steps through GCR3 and guest (v2) tables (5.1 to 5.3). Only for walk_steps.h. */
#ifndef AMDVI_TABLES_WALK_GUEST_H
#define AMDVI_TABLES_WALK_GUEST_H

#include "tables/walk_host.h"

WALK_RARE enum walk_ask guest_fail(struct walk *w, enum reason reason)
{
    w->stage = STAGE_GUEST;
    w->fault_address = reason == REASON_TABLE_READ_ERROR ? w->address : w->rq.address;
    w->fault_update = false;
    return walk_end(w, reason);
}

static inline enum walk_ask gcr3_ask(struct walk *w, uint64_t table, bool table_is_spa)
{
    uint64_t index = w->rq.pasid >> 9 * w->guest.gcr3_level & INDEX_MASK;

    w->reads_gcr3++;
    if (!table_is_spa)
        return host_begin(w, table + index * 8, PERM_READ, FOR_GCR3);
    return ask_read(w, table + index * 8, WALK_GCR3, w->guest.gcr3_level + 1u, STATE_GCR3_ENTRY);
}

static inline enum walk_ask gcr3_begin(struct walk *w)
{
    w->guest.gcr3_level = (uint8_t)(w->rq.dte->gcr3_levels - 1);
    return gcr3_ask(w, w->rq.dte->gcr3_root, !w->rq.env->gcr3_root_is_gpa);
}

static inline enum walk_ask guest_ask(struct walk *w)
{
    uint64_t index = w->rq.address >> host_level_shift(w->guest.level) & INDEX_MASK;
    uint64_t gpa = w->guest.table + index * 8;

    w->reads_guest++;
    w->guest.gpa[w->guest.depth] = gpa;
    return host_begin(w, gpa, w->rq.env->guest_table_need, FOR_GUEST_ENTRY);
}

static inline enum walk_ask guest_root(struct walk *w, uint64_t table)
{
    w->guest.table = table;
    w->guest.level = w->rq.dte->guest_levels;
    w->guest.bits = BITS_ALL;
    w->guest.depth = 0;
    if (w->rq.probe)
        return ask_probe(w, WALK_GUEST, w->rq.address, STATE_GUEST_PROBE);
    return guest_ask(w);
}

static inline enum walk_ask gcr3_probed(struct walk *w)
{
    return w->probe.hit ? guest_root(w, w->probe.table) : gcr3_begin(w);
}

static inline enum walk_ask gcr3_entry(struct walk *w)
{
    uint64_t entry = w->value;

    if (w->failed)
        return guest_fail(w, REASON_TABLE_READ_ERROR);
    if (!gcr3_v(entry))
        return guest_fail(w, REASON_GUEST_GCR3_INVALID);
    if (entry & w->rq.env->gcr3_reserved)
        return guest_fail(w, REASON_GUEST_GCR3_RESERVED);
    if (w->guest.gcr3_level-- > 0)
        return gcr3_ask(w, gcr3_addr(entry), w->rq.env->gcr3_inner_is_spa);
    if (w->rq.probe)
        keep_dir(w, &(struct walk_dir){.kind = WALK_GCR3, .tag = w->rq.pasid, .table = gcr3_addr(entry)});
    return guest_root(w, gcr3_addr(entry));
}

/* By choice R/W=0 does not bind privileged requests (13 #24). */
WALK_HOT bool writes_anyway(const struct walk *w)
{
    return w->rq.env->privileged_may_write && !w->rq.user;
}

/* R/W, U/S and NX of all levels together, at the end of the walk (15 D17). */
WALK_HOT enum reason guest_permission(const struct walk *w)
{
    if (w->rq.need & PERM_WRITE && !(w->guest.bits & BIT_WRITE) && !writes_anyway(w))
        return REASON_GUEST_PERMISSION;
    if (w->rq.need && w->rq.user && !(w->guest.bits & BIT_USER))
        return REASON_GUEST_USER;
    if (w->rq.need & PERM_EXEC && !(w->guest.bits & BIT_EXEC))
        return REASON_GUEST_NX;
    return REASON_NONE;
}

/* At a level above the leaf (15 D17). */
WALK_RARE enum reason guest_permission_here(const struct walk *w)
{
    return guest_permission(w);
}

/* A cached guest directory names the table page by its SPA: no host walk for the next read. That read needs
 * DTE.IR all the same (5.4): without it the walk goes the whole way, to the fault that it then meets. */
static inline enum walk_ask guest_probed(struct walk *w)
{
    uint64_t index;

    if (!w->probe.hit || !w->rq.dte->guest_tables)
        return guest_ask(w);
    w->guest.level = w->probe.level;
    w->guest.bits = w->probe.guest_bits;
    if (w->rq.env->guest_each_level && guest_permission_here(w))
        return guest_fail(w, guest_permission_here(w));
    index = w->rq.address >> host_level_shift(w->guest.level) & INDEX_MASK;
    w->reads_guest++;
    w->guest.gpa[0] = UINT64_MAX;
    return ask_read(w, w->probe.table + index * 8, WALK_GUEST, w->guest.level, STATE_GUEST_ENTRY);
}

static inline bool guest_is_leaf(const struct walk *w, uint64_t entry)
{
    return w->guest.level == 1 || (w->guest.level <= 3 && v2_ps(entry));
}

/* PS above level 3, and address bits below the page of a large leaf other than PAT (5.3). */
static inline bool guest_entry_reserved(const struct walk *w, uint64_t entry)
{
    unsigned level = w->guest.level;
    uint64_t low = low_mask(host_level_shift(level)) & ~low_mask(13);

    if (entry & w->rq.env->v2_reserved)
        return true;
    if (level == 1 || !v2_ps(entry))
        return false;
    return level > 3 || entry & low;
}

/* What a privileged request gets against R/W=0 is not for others to find. */
WALK_RARE void overrule_write(struct walk *w)
{
    w->result.own = true;
    w->guest.bits |= BIT_WRITE;
}

static inline enum walk_ask guest_leaf(struct walk *w, uint64_t entry)
{
    unsigned shift = host_level_shift(w->guest.level);
    enum reason denied = guest_permission(w);

    if (denied)
        return guest_fail(w, denied);
    if (!(w->guest.bits & BIT_WRITE) && writes_anyway(w))
        overrule_write(w);
    w->guest.leaf = entry;
    w->guest.shift = (uint8_t)shift;
    w->result.gpa = (v2_addr(entry) & ~low_mask(shift)) | (w->rq.address & low_mask(shift));
    return guest_update_next(w);
}

static inline enum walk_ask guest_entry(struct walk *w)
{
    uint64_t entry = w->value;
    uint64_t page = w->address & ~(uint64_t)0xfff;

    if (w->failed)
        return guest_fail(w, REASON_TABLE_READ_ERROR);
    if (!v2_p(entry))
        return guest_fail(w, REASON_GUEST_NOT_PRESENT);
    if (guest_entry_reserved(w, entry))
        return guest_fail(w, REASON_GUEST_RESERVED);
    /* The first table is the root, which is no directory, or was found by its own cached entry. */
    if (w->rq.probe && w->guest.depth > 0)
        keep_dir(w, &(struct walk_dir){.kind = WALK_GUEST,
                                       .level = w->guest.level,
                                       .guest_bits = w->guest.bits,
                                       .tag = w->rq.address,
                                       .table = page});
    w->guest.spa[w->guest.depth] = w->address;
    w->guest.entry[w->guest.depth++] = entry;
    w->guest.bits &= (uint8_t)(v2_rw(entry) | v2_us(entry) << 1 | (uint64_t)!v2_nx(entry) << 2);
    if (guest_is_leaf(w, entry))
        return guest_leaf(w, entry);
    if (w->rq.env->guest_each_level && guest_permission_here(w))
        return guest_fail(w, guest_permission_here(w));
    w->guest.level--;
    w->guest.table = v2_addr(entry);
    return guest_ask(w);
}

/* ---------------------------------------------------------------- guest A/D updates, 5.3 */

static inline unsigned final_need(const struct walk *w)
{
    return (w->rq.need & PERM_WRITE) | (w->rq.need & (PERM_READ | PERM_EXEC) ? PERM_READ : 0);
}

WALK_RARE uint64_t guest_missing_bits(const struct walk *w, unsigned i)
{
    const struct tables_env *env = w->rq.env;
    uint64_t want = env->guest_a_disabled ? 0 : V2_A_MASK;

    if (i + 1u == w->guest.depth && (w->rq.need & PERM_WRITE || w->guest.late) && !env->guest_d_disabled)
        want |= V2_D_MASK;
    return want & ~w->guest.entry[i];
}

/* The page of a guest entry must be writable for the host only when a bit must be set (13 #23). */
static inline enum walk_ask guest_update_next(struct walk *w)
{
    for (unsigned i = 0; i < w->guest.depth && w->rq.env->hardware_ad && !w->rq.no_update; i++) {
        if (guest_missing_bits(w, i) == 0)
            continue;
        if (w->guest.gpa[i] == UINT64_MAX)
            return walk_again(w);
        w->guest.update = (uint8_t)i;
        return host_begin(w, w->guest.gpa[i], PERM_WRITE, FOR_GUEST_UPDATE);
    }
    return host_begin(w, w->result.gpa, final_need(w), FOR_FINAL);
}

WALK_RARE enum walk_ask guest_updated(struct walk *w)
{
    if (w->failed)
        return guest_fail(w, REASON_TABLE_READ_ERROR);
    if (w->value != w->expected)
        return walk_again(w);
    w->guest.entry[w->guest.update] = w->desired;
    if (!w->guest.late)
        return guest_update_next(w);
    w->result.dirty = true;
    return walk_end(w, REASON_NONE);
}

#endif
