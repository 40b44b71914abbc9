// SPDX-License-Identifier: Apache-2.0
/* Walkers: a request takes one with its first read of a page table and keeps it to its end. A request for a
 * page that is being walked waits for that walk (walk.merge_page). */
#include "model/timed/state.h"

static bool is_table(enum amdvi_access access)
{
    return access == AMDVI_ACCESS_HOST_ENTRY || access == AMDVI_ACCESS_GUEST_ENTRY ||
           access == AMDVI_ACCESS_GCR3_ENTRY;
}

static uint32_t index_of(const struct amdvi_timed *t, const struct operation *o)
{
    return (uint32_t)(o - t->operations);
}

static void begin(struct amdvi_timed *t, struct operation *o)
{
    o->has_slot = true;
    o->since = t->now;
    o->walk_number = ++t->walk_number;
    t->walkers++;
    t->statistics.walks++;
    o->before = t->walks.last;
    o->after = NOBODY;
    *(o->before == NOBODY ? &t->walks.first : &t->operations[o->before].after) = index_of(t, o);
    t->walks.last = index_of(t, o);
}

static void leave(struct amdvi_timed *t, struct operation *o)
{
    o->has_slot = false;
    t->statistics.walker_busy_ps += t->now - o->since;
    t->walkers--;
    *(o->before == NOBODY ? &t->walks.first : &t->operations[o->before].after) = o->after;
    *(o->after == NOBODY ? &t->walks.last : &t->operations[o->after].before) = o->before;
}

/* False: the access waits for a walker. */
bool walk_admit(struct amdvi_timed *t, uint32_t access)
{
    struct access *a = &t->accesses[access];
    struct operation *o = a->operation == NOBODY ? NULL : &t->operations[a->operation];

    if (!o || o->has_slot || !is_table(a->ask.access))
        return true;
    if (t->walkers == t->p[PARAMETER_WALK_SLOTS]) {
        a->since = t->now;
        access_append(t, &t->walk_queue, access);
        return false;
    }
    begin(t, o);
    return true;
}

static void next_walk(struct amdvi_timed *t)
{
    uint32_t access = access_shift(t, &t->walk_queue);
    struct operation *o;

    while (access != NOBODY && t->accesses[access].operation == NOBODY) { /* taken back meanwhile */
        access_give(t, access);
        access = access_shift(t, &t->walk_queue);
    }
    if (access == NOBODY)
        return;
    o = &t->operations[t->accesses[access].operation];
    o->waited_walker += t->now - t->accesses[access].since;
    t->statistics.walker_wait_ps += t->now - t->accesses[access].since;
    begin(t, o);
    wheel_put(&t->wheel, t->now, EVENT_MEMORY, access);
}

/* ---------------------------------------------------------------- the same page */

static uint32_t hash_of(const struct amdvi_request *r)
{
    uint64_t key = (r->address >> 12) * 0x9e3779b97f4a7c15u ^
                   ((uint64_t)r->device << 20 | r->pasid) * 0xbf58476d1ce4e5b9u;

    return (uint32_t)(key >> 40) % HASHES;
}

static bool same_page(const struct amdvi_request *a, const struct amdvi_request *b)
{
    return a->address >> 12 == b->address >> 12 && a->device == b->device && a->has_pasid == b->has_pasid &&
           a->pasid == b->pasid;
}

/* True: it waits for a walk of its page that is under way. */
bool walk_join(struct amdvi_timed *t, uint32_t operation)
{
    struct operation *o = &t->operations[operation];
    uint32_t other = t->p[PARAMETER_WALK_MERGE_PAGE] ? t->walking[hash_of(&o->in.request)] : NOBODY;

    while (other != NOBODY && !same_page(&t->operations[other].in.request, &o->in.request))
        other = t->operations[other].chain;
    if (other == NOBODY)
        return false;
    o->state = OPERATION_MERGED;
    o->next = t->operations[other].merged;
    t->operations[other].merged = operation;
    t->statistics.merged_pages++;
    return true;
}

/* The device has asked memory for it: others may join. */
void walk_announce(struct amdvi_timed *t, uint32_t operation)
{
    struct operation *o = &t->operations[operation];
    uint32_t *head = &t->walking[hash_of(&o->in.request)];

    o->walking = true;
    o->chain = *head;
    *head = operation;
}

static void withdraw(struct amdvi_timed *t, uint32_t operation)
{
    uint32_t *link = &t->walking[hash_of(&t->operations[operation].in.request)];

    while (*link != operation)
        link = &t->operations[*link].chain;
    *link = t->operations[operation].chain;
    t->operations[operation].walking = false;
}

/* Those that waited for it ask L2 again, in the order in which they came. */
static void wake_merged(struct amdvi_timed *t, uint32_t operation)
{
    uint32_t index = t->operations[operation].merged, turned = NOBODY;

    t->operations[operation].merged = NOBODY;
    while (index != NOBODY) {
        uint32_t next = t->operations[index].next;
        t->operations[index].next = turned;
        turned = index;
        index = next;
    }
    while (turned != NOBODY) {
        uint32_t next = t->operations[turned].next;
        t->operations[turned].again = true;
        t->operations[turned].state = OPERATION_COMING;
        wheel_put(&t->wheel, t->now, EVENT_ARRIVE, turned);
        turned = next;
    }
}

void walk_end(struct amdvi_timed *t, uint32_t operation)
{
    struct operation *o = &t->operations[operation];

    if (o->walking) {
        withdraw(t, operation);
        wake_merged(t, operation);
    }
    if (!o->has_slot)
        return;
    leave(t, o);
    next_walk(t);
}

/* Whether a walk that began with or before the numbered one is still under way. */
bool walk_older_than(const struct amdvi_timed *t, uint64_t barrier)
{
    return t->walks.first != NOBODY && t->operations[t->walks.first].walk_number <= barrier;
}
