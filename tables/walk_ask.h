// SPDX-License-Identifier: Apache-2.0
/* How the steps of the walk ask, and what they share (walk_steps.h). */
#ifndef AMDVI_TABLES_WALK_ASK_H
#define AMDVI_TABLES_WALK_ASK_H

#include "tables/layout.h"
#include "tables/walk.h"

/* Off the way of a walk that finds what it looks for: kept out of the executors' loops. */
#define WALK_RARE static __attribute__((cold, noinline, unused))
/* On it, although rare code has it too: every executor's loop gets its own, except where branches are
 * counted. */
#ifdef AMDVI_COUNT_BRANCHES
#define WALK_HOT static inline
#else
#define WALK_HOT static inline __attribute__((always_inline))
#endif

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

#endif
