// SPDX-License-Identifier: Apache-2.0
/* The steps through host (v1) tables (4.3 to 4.5). Only for walk_steps.h. */
#ifndef AMDVI_TABLES_WALK_HOST_H
#define AMDVI_TABLES_WALK_HOST_H

#include "tables/walk_ask.h"

WALK_RARE enum walk_ask host_fail(struct walk *w, enum reason reason)
{
    /* A dirty bit that cannot be set: then the write is not granted after all. */
    if (w->guest.late && reason != REASON_TABLE_READ_ERROR) {
        w->result.perm &= (uint8_t)~PERM_WRITE;
        return walk_end(w, REASON_NONE);
    }
    w->stage = w->host.purpose == FOR_FINAL ? STAGE_HOST_FINAL : STAGE_HOST_TABLE;
    w->fault_address = reason == REASON_TABLE_READ_ERROR ? w->address : w->host.gpa;
    w->fault_update = w->host.purpose == FOR_GUEST_UPDATE;
    return walk_end(w, reason);
}

_Static_assert(V1_IW_SHIFT == V1_IR_SHIFT + 1 && PERM_READ == 1 && PERM_WRITE == 2, "taken together");

static inline uint8_t host_perm(uint64_t entry)
{
    return entry >> V1_IR_SHIFT & (PERM_READ | PERM_WRITE);
}

static inline bool host_denied(const struct walk *w)
{
    return w->host.need & ~(w->host.perm & w->rq.dte->perm);
}

static inline enum walk_ask host_ask(struct walk *w)
{
    uint64_t index = w->host.gpa >> host_level_shift(w->host.level) & INDEX_MASK;

    w->reads_host++;
    return ask_read(w, w->host.table + index * 8, WALK_HOST, w->host.level, STATE_HOST_ENTRY);
}

/* Mode 0: no host table. DTE.IR/IW were checked for the request itself; guest tables are read as they are. */
static inline enum walk_ask host_identity(struct walk *w)
{
    w->host.out = w->host.gpa;
    w->host.shift = SHIFT_IDENTITY;
    w->host.leaf = 0;
    w->host.dirty = true;
    return host_done(w);
}

static inline enum walk_ask host_begin(struct walk *w, uint64_t gpa, unsigned need, enum purpose purpose)
{
    const struct dte *dte = w->rq.dte;

    w->host.gpa = gpa;
    w->host.need = (uint8_t)need;
    w->host.perm = PERM_READ | PERM_WRITE;
    w->host.purpose = (uint8_t)purpose;
    w->host.depth = 0;
    if (dte->mode == 0)
        return host_identity(w);
    if (host_denied(w)) /* step 1: DTE.IR/IW come first */
        return host_fail(w, REASON_HOST_PERMISSION);
    if (gpa & ~low_mask(12 + 9u * dte->mode))
        return host_fail(w, REASON_HOST_WIDTH);
    w->host.level = dte->mode;
    w->host.table = dte->host_root;
    return w->rq.probe ? ask_probe(w, WALK_HOST, gpa, STATE_HOST_PROBE) : host_ask(w);
}

static inline enum walk_ask host_probed(struct walk *w)
{
    if (w->probe.hit) {
        w->host.level = w->probe.level;
        w->host.table = w->probe.table;
        w->host.perm = w->probe.perm;
    }
    return host_denied(w) ? host_fail(w, REASON_HOST_PERMISSION) : host_ask(w);
}

static inline unsigned size7_shift(uint64_t entry)
{
    uint64_t ones = v1_addr(entry) >> 12;
    uint64_t zeros = ~ones & low_mask(40);

    return zeros ? 13 + (unsigned)__builtin_ctzll(zeros) : 0;
}

/* Steps 4 and 8 of 4.3, 4.4: 0 if the level cannot hold the page. */
WALK_HOT unsigned leaf_shift(const struct walk *w, uint64_t entry)
{
    unsigned level = w->host.level, natural = host_level_shift(level);
    unsigned shift;

    if (level == 6)
        return 0;
    if (v1_nextlevel(entry) == 0)
        return 12 + w->rq.env->leaf_step * (level - 1);
    shift = size7_shift(entry);
    return shift > natural && shift < natural + 9 ? shift : 0;
}

/* What the leaf and the directories above it lack (4.5, 15 D13). */
static inline uint64_t host_missing_bits(const struct walk *w, unsigned i)
{
    bool leaf = i + 1u == w->host.depth;
    uint64_t want = leaf || !w->rq.env->a_of_leaf_only ? V1_A_MASK : 0;

    if (leaf && w->rq.dte->had == 3 && w->host.dirty)
        want |= V1_D_MASK;
    return want & ~w->host.entry[i];
}

WALK_RARE enum walk_ask host_update_next(struct walk *w)
{
    for (unsigned i = 0; i < w->host.depth; i++) {
        uint64_t missing = host_missing_bits(w, i);
        if (missing) {
            w->host.update = (uint8_t)i;
            return ask_update(w, w->host.spa[i], w->host.entry[i], missing, STATE_HOST_UPDATE);
        }
    }
    return host_done(w);
}

WALK_RARE enum walk_ask host_updated(struct walk *w)
{
    if (w->failed)
        return host_fail(w, REASON_TABLE_READ_ERROR);
    if (w->value != w->expected)
        return walk_again(w);
    w->host.entry[w->host.update] = w->desired;
    return host_update_next(w);
}

/* An ATS completion that grants write makes the page dirty at once: later writes are not seen (9.2). */
static inline bool write_granted(const struct walk *w)
{
    unsigned guest = w->rq.user ? BIT_WRITE | BIT_USER : BIT_WRITE;

    return w->rq.ask & w->host.perm & w->rq.dte->perm & PERM_WRITE &&
           (!w->rq.guest || (w->guest.bits & guest) == guest);
}

/* Bits that would have indexed the levels between `level` and `next` (4.3 step 5). */
WALK_HOT bool skipped_bits(uint64_t gpa, unsigned level, unsigned next)
{
    return next + 1 < level &&
           gpa & low_mask(host_level_shift(level)) & ~low_mask(host_level_shift(next + 1));
}

/* What is wrong with the level or size of an entry, if anything is. */
WALK_RARE enum reason host_level_fault(const struct walk *w, uint64_t entry)
{
    unsigned next = (unsigned)v1_nextlevel(entry);

    if (next == V1_NEXTLEVEL_LEAF || next == V1_NEXTLEVEL_SIZED) {
        if (leaf_shift(w, entry))
            return REASON_NONE;
        return w->host.level == 6 ? REASON_HOST_LEVEL : REASON_HOST_SIZE;
    }
    if (next >= w->host.level)
        return w->rq.env->level1_leaves && w->host.level == 1 ? REASON_NONE : REASON_HOST_LEVEL;
    return skipped_bits(w->host.gpa, w->host.level, next) ? REASON_HOST_SKIP : REASON_NONE;
}

/* An entry that is refused for its reserved bits, level or size may be refused for something else before
 * that, by choice (13 #36, 15 D19). */
WALK_RARE enum walk_ask host_refuse(struct walk *w, uint64_t entry, enum reason reason)
{
    uint8_t perm = w->host.perm & w->rq.dte->perm & host_perm(entry);
    enum reason level = host_level_fault(w, entry);

    if (w->rq.env->entry_order == ORDER_PERMISSION && w->host.need & ~perm)
        reason = REASON_HOST_PERMISSION;
    else if (w->rq.env->entry_order == ORDER_LEVEL && level)
        reason = level;
    return host_fail(w, reason);
}

WALK_HOT enum walk_ask host_leaf(struct walk *w, uint64_t entry)
{
    unsigned shift = leaf_shift(w, entry);
    bool update = w->rq.dte->had && !w->rq.no_update;

    if (!shift)
        return host_refuse(w, entry, w->host.level == 6 ? REASON_HOST_LEVEL : REASON_HOST_SIZE);
    w->host.perm &= host_perm(entry);
    if (host_denied(w))
        return host_fail(w, REASON_HOST_PERMISSION);
    w->host.shift = (uint8_t)shift;
    w->host.leaf = entry;
    w->host.out = (v1_addr(entry) & ~low_mask(shift)) | (w->host.gpa & low_mask(shift));
    w->host.dirty = w->host.need & PERM_WRITE || (w->host.purpose == FOR_FINAL && write_granted(w));
    return update ? host_update_next(w) : host_done(w);
}

WALK_RARE void keep_host_dir(struct walk *w)
{
    keep_dir(w, &(struct walk_dir){.kind = WALK_HOST,
                                   .level = w->host.level,
                                   .perm = w->host.perm,
                                   .tag = w->host.gpa,
                                   .table = w->host.table});
}

/* NextLevel not below the level; at level 1 by choice a leaf (15 D9). */
WALK_RARE enum walk_ask host_bad_level(struct walk *w, uint64_t entry)
{
    if (w->rq.env->level1_leaves && w->host.level == 1)
        return host_leaf(w, entry & ~V1_NEXTLEVEL_MASK);
    return host_refuse(w, entry, REASON_HOST_LEVEL);
}

static inline enum walk_ask host_directory(struct walk *w, uint64_t entry, unsigned next)
{
    if (next >= w->host.level)
        return host_bad_level(w, entry);
    if (skipped_bits(w->host.gpa, w->host.level, next))
        return host_refuse(w, entry, REASON_HOST_SKIP);
    w->host.perm &= host_perm(entry);
    if (host_denied(w))
        return host_fail(w, REASON_HOST_PERMISSION);
    w->host.level = (uint8_t)next;
    w->host.table = v1_addr(entry);
    if (w->rq.probe)
        keep_host_dir(w);
    return host_ask(w);
}

WALK_HOT void keep_host_entry(struct walk *w, uint64_t entry)
{
    if (w->rq.dte->had) {
        w->host.spa[w->host.depth] = w->address;
        w->host.entry[w->host.depth++] = entry;
    }
}

/* By choice an entry of level 1 is a leaf, with the reserved bits of one (15 D9). */
WALK_RARE enum walk_ask host_reserved(struct walk *w, uint64_t entry)
{
    if (w->rq.env->level1_leaves && w->host.level == 1 && !(entry & w->rq.env->v1_leaf_reserved)) {
        keep_host_entry(w, entry);
        return host_leaf(w, entry & ~V1_NEXTLEVEL_MASK);
    }
    return host_refuse(w, entry, REASON_HOST_RESERVED);
}

/* One entry: present, reserved bits, level and size, permission (15 D8, D19). */
static inline enum walk_ask host_entry(struct walk *w)
{
    uint64_t entry = w->value;
    unsigned next = (unsigned)v1_nextlevel(entry);
    bool leaf = next == V1_NEXTLEVEL_LEAF || next == V1_NEXTLEVEL_SIZED;

    if (w->failed)
        return host_fail(w, REASON_TABLE_READ_ERROR);
    if (!v1_pr(entry))
        return host_fail(w, REASON_HOST_NOT_PRESENT);
    if (entry & (leaf ? w->rq.env->v1_leaf_reserved : w->rq.env->v1_dir_reserved))
        return host_reserved(w, entry);
    keep_host_entry(w, entry);
    return leaf ? host_leaf(w, entry) : host_directory(w, entry, next);
}

#endif
