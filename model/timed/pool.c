// SPDX-License-Identifier: Apache-2.0
/* Operations and accesses: both are kept in arrays that grow, and are named by their index. */
#include "model/timed/state.h"

#include "model/base/allocator.h"

#include <string.h>

enum { FIRST = 64, TURNS = 4 };

/* Twice as large, with what is there; each has two events at the most. */
static void *grown(struct amdvi_timed *t, void *old, uint32_t *count, size_t bytes)
{
    uint32_t wanted = *count ? *count * 2 : FIRST;
    void *new = wanted > *count ? allocate_zeroed(&t->allocator, wanted * bytes) : NULL;

    if (!new)
        return NULL;
    if (old)
        memcpy(new, old, *count * bytes);
    release(&t->allocator, old);
    *count = wanted;
    return new;
}

static bool grow_operations(struct amdvi_timed *t)
{
    uint32_t old = t->operation_count;
    struct operation *new = grown(t, t->operations, &t->operation_count, sizeof(*new));

    if (!new)
        return false;
    t->operations = new;
    for (uint32_t i = t->operation_count; i-- > old; t->free_operation = i)
        new[i].next = t->free_operation;
    return true;
}

static bool grow_accesses(struct amdvi_timed *t)
{
    uint32_t old = t->access_count;
    struct access *new = grown(t, t->accesses, &t->access_count, sizeof(*new));

    if (!new)
        return false;
    t->accesses = new;
    for (uint32_t i = t->access_count; i-- > old; t->free_access = i)
        new[i].next = t->free_access;
    return true;
}

/* What operations, accesses and invalidations may have in the wheel, and `more`. */
static bool wheel_has_room(struct amdvi_timed *t, uint32_t more)
{
    return wheel_reserve(&t->wheel,
                         2 * (t->operation_count + t->access_count) + t->invalidation_count + more);
}

/* An operation has at most one access under way, so there is room for all that may come. */
bool pool_has_room(struct amdvi_timed *t)
{
    if (t->free_operation == NOBODY && !grow_operations(t))
        return false;
    while (t->access_count < t->operation_count + AMDVI_ASKERS)
        if (!grow_accesses(t))
            return false;
    return wheel_has_room(t, TURNS);
}

bool pool_more_event(struct amdvi_timed *t)
{
    return wheel_has_room(t, TURNS + 1);
}

/* New ones are free. */
bool pool_grow_invalidations(struct amdvi_timed *t)
{
    struct invalidation *new = grown(t, t->invalidations, &t->invalidation_count, sizeof(*new));

    if (!new)
        return false;
    t->invalidations = new;
    return pool_has_room(t);
}

bool pools_create(struct amdvi_timed *t)
{
    return pool_has_room(t);
}

uint32_t operation_take(struct amdvi_timed *t)
{
    uint32_t index;

    if (t->free_operation == NOBODY && !pool_has_room(t))
        return NOBODY;
    index = t->free_operation;
    t->free_operation = t->operations[index].next;
    memset(&t->operations[index], 0, offsetof(struct operation, in));
    t->operations[index].next = t->operations[index].merged = t->operations[index].chain = NOBODY;
    t->operations[index].open = NOBODY;
    t->pending++;
    return index;
}

void operation_give(struct amdvi_timed *t, uint32_t index)
{
    t->operations[index].next = t->free_operation;
    t->free_operation = index;
    t->pending--;
}

uint32_t access_take(struct amdvi_timed *t)
{
    uint32_t index = t->free_access;

    t->free_access = t->accesses[index].next;
    t->accesses[index].next = t->accesses[index].merged = t->accesses[index].chain = NOBODY;
    t->accesses[index].credit = t->accesses[index].arrived = false;
    t->accesses[index].expected = 0;
    return index;
}

void access_give(struct amdvi_timed *t, uint32_t index)
{
    t->accesses[index].next = t->free_access;
    t->free_access = index;
}

void pools_free(struct amdvi_timed *t)
{
    release(&t->allocator, t->operations);
    release(&t->allocator, t->accesses);
}

/* ---------------------------------------------------------------- lists */

void operation_append(struct amdvi_timed *t, struct list *list, uint32_t index)
{
    t->operations[index].next = NOBODY;
    if (list->last == NOBODY)
        list->first = index;
    else
        t->operations[list->last].next = index;
    list->last = index;
}

uint32_t operation_shift(struct amdvi_timed *t, struct list *list)
{
    uint32_t index = list->first;

    if (index == NOBODY)
        return NOBODY;
    list->first = t->operations[index].next;
    if (list->first == NOBODY)
        list->last = NOBODY;
    return index;
}

void access_append(struct amdvi_timed *t, struct list *list, uint32_t index)
{
    t->accesses[index].next = NOBODY;
    if (list->last == NOBODY)
        list->first = index;
    else
        t->accesses[list->last].next = index;
    list->last = index;
}

uint32_t access_shift(struct amdvi_timed *t, struct list *list)
{
    uint32_t index = list->first;

    if (index == NOBODY)
        return NOBODY;
    list->first = t->accesses[index].next;
    if (list->first == NOBODY)
        list->last = NOBODY;
    return index;
}
