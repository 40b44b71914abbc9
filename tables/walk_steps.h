// SPDX-License-Identifier: Apache-2.0
/*
 * The steps of the walk. They are in a header so that an executor can have them inside its loop; everybody
 * else calls walk_start() and walk_step() of walk.h, which are the same code.
 */
#ifndef AMDVI_TABLES_WALK_STEPS_H
#define AMDVI_TABLES_WALK_STEPS_H

#include "tables/layout.h"
#include "tables/walk.h"

/* Off the way of a walk that finds what it looks for: kept out of the executors' loops. */
#define WALK_RARE static __attribute__((cold, noinline, unused))
/* On it, although rare code has it too: every executor's loop gets its own. */
#define WALK_HOT static inline __attribute__((always_inline))

/* Where an answer goes. */
enum state {
    STATE_HOST_PROBE,
    STATE_HOST_ENTRY,
    STATE_HOST_UPDATE,
    STATE_GCR3_PROBE,
    STATE_GCR3_ENTRY,
    STATE_GUEST_PROBE,
    STATE_GUEST_ENTRY,
    STATE_GUEST_UPDATE,
};

/* What a host walk is for (5.4). */
enum purpose { FOR_FINAL, FOR_GCR3, FOR_GUEST_ENTRY, FOR_GUEST_UPDATE };

enum { BIT_WRITE = 1, BIT_USER = 2, BIT_EXEC = 4, BITS_ALL = 7 };

/* Wider than any page: the result of "no translation". */
enum { SHIFT_IDENTITY = 64, INDEX_MASK = 511, MAX_RESTARTS = 8 };

static inline enum walk_ask walk_begin(struct walk *w);
static inline enum walk_ask host_done(struct walk *w);
static inline enum walk_ask guest_update_next(struct walk *w);

static inline enum walk_ask walk_end(struct walk *w, enum reason reason)
{
    w->reason = reason;
    return WALK_DONE;
}

static inline uint64_t low_mask(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static inline enum walk_ask ask_read(struct walk *w, uint64_t address, enum walk_kind kind, unsigned level,
                                     enum state state)
{
    w->address = address;
    w->kind = (uint8_t)kind;
    w->level = (uint8_t)level;
    w->state = (uint8_t)state;
    return WALK_READ;
}

WALK_RARE enum walk_ask ask_update(struct walk *w, uint64_t address, uint64_t old, uint64_t set,
                                   enum state state)
{
    w->address = address;
    w->expected = old;
    w->desired = old | set;
    w->updates++;
    w->state = (uint8_t)state;
    return WALK_UPDATE;
}

static inline enum walk_ask ask_probe(struct walk *w, enum walk_kind kind, uint64_t tag, enum state state)
{
    w->probe = (struct walk_dir){.kind = (uint8_t)kind, .tag = tag};
    w->state = (uint8_t)state;
    return WALK_PROBE;
}

static inline void keep_dir(struct walk *w, const struct walk_dir *dir)
{
    if (w->trail_count < WALK_TRAIL)
        w->trail[w->trail_count++] = *dir;
}

/* Somebody changed an entry between our read and our update: what was read is void (4.5). */
WALK_RARE enum walk_ask walk_again(struct walk *w)
{
    if (w->restarts++ >= MAX_RESTARTS)
        w->rq.no_update = true;
    w->rq.probe = false;
    return walk_begin(w);
}

/* ---------------------------------------------------------------- host (v1) walk, 4.3 */

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

/* ---------------------------------------------------------------- guest (v2) walk, 5.1-5.3 */

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
    /* A table that was found by its own cached entry is kept already. */
    if (w->rq.probe && (w->guest.depth > 0 || w->guest.gpa[0] != UINT64_MAX))
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

/* ---------------------------------------------------------------- both stages together */

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
