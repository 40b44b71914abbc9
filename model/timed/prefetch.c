// SPDX-License-Identifier: Apache-2.0
/*
 * The walker's prefetch (performance a.1: TWPrefetchEn, TWPrefetchRange, TWPrefetchOnly4KDis): behind a walk
 * it goes on with the pages whose entries lie behind the last one in the same line of eight. That line is
 * there, so that only what lies elsewhere is read. How silicon chooses is not published; that the range ends
 * at seven speaks for the line.
 */
#include "model/timed/state.h"

enum { PAGE_SHIFT = 12, LINE_ENTRIES = 8, PAGE_BYTES = 4096, LINE_SHIFT = 6 };

static bool wanted(const struct amdvi_timed *t, const struct operation *o)
{
    if (!t->p[PARAMETER_WALK_PREFETCH] || o->kind != AMDVI_SUBMITTED_REQUEST ||
        o->place != AMDVI_TIMED_WALK || o->status || !o->out.result.ok)
        return false;
    return o->out.result.size == PAGE_BYTES || t->p[PARAMETER_WALK_PREFETCH_LARGE];
}

/* Entries of the line behind the walk's, as many as the range allows. */
static unsigned pages_behind(const struct amdvi_timed *t, const struct operation *o)
{
    unsigned left = LINE_ENTRIES - 1 - (unsigned)(o->in.request.address >> PAGE_SHIFT) % LINE_ENTRIES;

    return left < t->p[PARAMETER_WALK_PREFETCH_RANGE] ? left : (unsigned)t->p[PARAMETER_WALK_PREFETCH_RANGE];
}

static void begin(struct amdvi_timed *t, const struct amdvi_prefetch *what, uint64_t line, uint64_t ready)
{
    uint32_t index = operation_take(t);
    struct operation *o;

    if (index == NOBODY)
        return;
    o = &t->operations[index];
    o->kind = AMDVI_SUBMITTED_PREFETCH;
    o->quiet = true;
    o->state = OPERATION_UNDER_WAY;
    o->last_line = line;
    o->ready = ready;
    t->prefetching++;
    t->statistics.prefetches++;
    if (amdvi_submit_prefetch(t->device, what, index) == AMDVI_OK)
        return;
    t->prefetching--;
    t->statistics.prefetches--;
    operation_give(t, index);
}

/* Only with a walker that nobody waits for. `o` may move. */
void prefetch_behind(struct amdvi_timed *t, const struct operation *o)
{
    struct amdvi_prefetch what = {
        .device = o->in.request.device, .has_pasid = o->in.request.has_pasid, .pasid = o->in.request.pasid};

    if (!wanted(t, o) || t->walkers == t->p[PARAMETER_WALK_SLOTS] ||
        t->prefetching == t->p[PARAMETER_WALK_SLOTS])
        return;
    what.count = pages_behind(t, o);
    what.address = ((o->in.request.address >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
    if (what.count)
        begin(t, &what, o->last_line, o->ready);
}

bool prefetch_has_line(struct amdvi_timed *t, const struct access *a)
{
    const struct operation *o = a->operation == NOBODY ? NULL : &t->operations[a->operation];

    return o && o->quiet && a->class == AMDVI_TIMED_TABLES && a->ask.kind == AMDVI_ASK_READ &&
           o->last_line == a->ask.address >> LINE_SHIFT;
}
