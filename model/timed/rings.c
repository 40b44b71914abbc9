// SPDX-License-Identifier: Apache-2.0
/* What the rings have besides memory: lines that were read ahead, kept map entries, and older walks that a
 * COMPLETION_WAIT or an invalidation lets end first (performance 1.1 no. 6). */
#include "model/timed/state.h"

enum { LINE = 64, PAGE = 4096, FLUSH_NONE = 0, FLUSH_WAIT = 1 };

/* ---------------------------------------------------------------- older walks */

static bool drains(const struct amdvi_timed *t, const struct access *a)
{
    if (t->p[PARAMETER_COMMAND_FLUSH] == FLUSH_WAIT)
        return a->ask.access == AMDVI_ACCESS_STORE;
    return t->p[PARAMETER_COMMAND_FLUSH] != FLUSH_NONE && a->ask.work.invalidations;
}

/* Answers that the device has given are with their requesters before the store of a COMPLETION_WAIT can be
 * seen: until then they may be old ones (iommu 6.4). */
static uint64_t not_before(const struct amdvi_timed *t, const struct access *a)
{
    return a->ask.access == AMDVI_ACCESS_STORE ? later(t->now, t->last_answer) : t->now;
}

/* True: the access of a ring waits. */
bool ring_holds(struct amdvi_timed *t, uint32_t access)
{
    const struct access *a = &t->accesses[access];
    struct unit *unit = &t->units[a->ask.asker];

    if (!drains(t, a) || !walk_older_than(t, t->walk_number)) {
        if (a->ask.access != AMDVI_ACCESS_STORE || t->last_answer < t->now)
            return false;
        wheel_put(&t->wheel, not_before(t, a), EVENT_MEMORY, access); /* behind answers of this very moment */
        return true;
    }
    unit->waits = access;
    unit->barrier = t->walk_number;
    unit->since = t->now;
    return true;
}

/* A walk has ended. */
void ring_recheck(struct amdvi_timed *t)
{
    for (unsigned i = 0; i < AMDVI_ASKERS; i++) {
        struct unit *unit = &t->units[i];
        uint32_t access = unit->waits;

        if (access == NOBODY || walk_older_than(t, unit->barrier))
            continue;
        unit->waits = NOBODY;
        t->statistics.flush_wait_ps += t->now - unit->since;
        wheel_put(&t->wheel, not_before(t, &t->accesses[access]), EVENT_MEMORY, access);
    }
}

/* ---------------------------------------------------------------- lines read ahead */

static struct line_ahead *find(struct amdvi_timed *t, uint64_t line)
{
    for (unsigned i = 0; i < LINES_AHEAD; i++)
        if (t->ahead[i].line == line)
            return &t->ahead[i];
    return NULL;
}

static void keep(struct amdvi_timed *t, enum amdvi_asker asker, uint64_t line, uint64_t ready)
{
    if (find(t, line))
        return;
    t->ahead[t->ahead_next] = (struct line_ahead){line, ready, (uint8_t)asker};
    t->ahead_next = (t->ahead_next + 1) % LINES_AHEAD;
}

/* As many lines ahead as there are credits, inside the page. */
static void read_ahead(struct amdvi_timed *t, enum amdvi_asker asker, uint64_t line, uint64_t ready)
{
    for (uint64_t i = 1; i <= t->p[PARAMETER_COMMAND_PREFETCH]; i++) {
        uint64_t next = line + i * LINE;
        if (next / PAGE != line / PAGE)
            return;
        if (!find(t, next)) {
            keep(t, asker, next, ready);
            t->statistics.asks[AMDVI_TIMED_COMMANDS]++;
        }
    }
}

void ring_reads(struct amdvi_timed *t, const struct access *a, uint64_t ready)
{
    uint64_t line = a->ask.address / LINE * LINE;

    if (a->class != AMDVI_TIMED_COMMANDS || a->operation != NOBODY)
        return;
    keep(t, a->ask.asker, line, ready);
    read_ahead(t, a->ask.asker, line, ready);
}

static bool has_line(struct amdvi_timed *t, const struct access *a, uint64_t *ready)
{
    uint64_t line = a->ask.address / LINE * LINE;
    const struct line_ahead *found = find(t, line);

    if (!found || !line)
        return false;
    *ready = later(t->now, found->ready);
    read_ahead(t, a->ask.asker, line, t->now + memory_latency(t, false));
    t->statistics.lines_kept++;
    return true;
}

/* ---------------------------------------------------------------- map entries */

/* Only the dirty status is read in whole lines. */
static bool has_map(struct amdvi_timed *t, const struct access *a, uint64_t *ready)
{
    uint64_t entries = t->p[PARAMETER_MAP_ENTRIES];
    uint64_t *tag = entries ? &t->maps[a->ask.address / 8 % entries] : NULL;

    if (t->p[PARAMETER_MAP_DIRTY_HELD] && a->ask.length == LINE && a->ask.kind == AMDVI_ASK_READ) {
        *ready = t->now + cycles(t, 1);
        return true;
    }
    if (!tag || a->ask.kind != AMDVI_ASK_READ || a->ask.access != AMDVI_ACCESS_MAP)
        return false;
    if (*tag != a->ask.address + 1) {
        *tag = a->ask.address + 1;
        return false;
    }
    *ready = t->now + cycles(t, 1);
    t->statistics.maps_kept++;
    return true;
}

bool ring_has(struct amdvi_timed *t, const struct access *a, uint64_t *ready)
{
    return a->class == AMDVI_TIMED_COMMANDS ? has_line(t, a, ready) : has_map(t, a, ready);
}

/* What was read ahead of the tail is read again once there are commands. */
void ring_rests(struct amdvi_timed *t, enum amdvi_asker asker, const struct amdvi_work *work)
{
    struct unit *unit = &t->units[asker];

    unit->ready = work_of_commands(t, later(t->now, unit->ready), work);
    for (unsigned i = 0; i < LINES_AHEAD; i++)
        if (t->ahead[i].asker == asker)
            t->ahead[i].line = 0;
}
