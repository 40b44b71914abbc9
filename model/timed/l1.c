// SPDX-License-Identifier: Apache-2.0
/*
 * The L1 of a port, as far as time knows it: which pages it would have. It keeps no translations: what L2 no
 * longer has, L1 no longer has either, so that an invalidation reaches both at once. Fully associative, LRU:
 * lines hang in chains by their hash, and in one list by their last use.
 */
#include "model/timed/state.h"

#include "model/base/allocator.h"

/* A power of two, about twice as many as lines. */
static uint32_t buckets_for(uint64_t lines)
{
    uint32_t count = 1;

    while (count < 2 * lines)
        count *= 2;
    return count;
}

static bool port_create(struct amdvi_timed *t, struct port *port)
{
    uint32_t buckets = buckets_for(t->p[PARAMETER_L1_ENTRIES]);

    port->waiting = EMPTY_LIST;
    port->newest = port->oldest = NOBODY;
    port->bucket_mask = buckets - 1;
    port->lines = allocate_zeroed(&t->allocator, (t->p[PARAMETER_L1_ENTRIES] + 1) * sizeof(*port->lines));
    port->buckets = allocate_zeroed(&t->allocator, buckets * sizeof(*port->buckets));
    for (uint32_t i = 0; port->buckets && i < buckets; i++)
        port->buckets[i] = NOBODY;
    return port->lines && port->buckets;
}

bool l1_create(struct amdvi_timed *t)
{
    t->ports = allocate_zeroed(&t->allocator, t->p[PARAMETER_L1_PORTS] * sizeof(*t->ports));
    for (uint64_t i = 0; t->ports && i < t->p[PARAMETER_L1_PORTS]; i++)
        if (!port_create(t, &t->ports[i]))
            return false;
    return t->ports != NULL;
}

void l1_free(struct amdvi_timed *t)
{
    for (uint64_t i = 0; t->ports && i < t->p[PARAMETER_L1_PORTS]; i++) {
        release(&t->allocator, t->ports[i].lines);
        release(&t->allocator, t->ports[i].buckets);
    }
    release(&t->allocator, t->ports);
}

/* ---------------------------------------------------------------- keys */

/* Device and PASID; bit 16 says that there is one. */
static uint64_t id_of(const struct amdvi_request *r)
{
    return r->device | (r->has_pasid ? (uint64_t)1 << 16 | (uint64_t)r->pasid << 17 : 0);
}

static uint64_t page_of(const struct operation *o)
{
    return o->in.request.address >> 12;
}

static uint32_t *bucket_of(const struct port *port, uint64_t page, uint64_t id)
{
    uint64_t hash = (page ^ id << 40) * 0x9e3779b97f4a7c15u;

    return &port->buckets[hash >> 40 & port->bucket_mask];
}

/* ---------------------------------------------------------------- lines by their last use */

static void unlink_line(struct port *port, uint32_t index)
{
    struct l1_line *line = &port->lines[index];

    *(line->newer == NOBODY ? &port->newest : &port->lines[line->newer].older) = line->older;
    *(line->older == NOBODY ? &port->oldest : &port->lines[line->older].newer) = line->newer;
}

static void link_newest(struct port *port, uint32_t index)
{
    struct l1_line *line = &port->lines[index];

    line->newer = NOBODY;
    line->older = port->newest;
    *(port->newest == NOBODY ? &port->oldest : &port->lines[port->newest].newer) = index;
    port->newest = index;
}

/* ---------------------------------------------------------------- requests */

bool l1_find(struct amdvi_timed *t, const struct operation *o)
{
    struct port *port = &t->ports[o->port];
    uint64_t id = id_of(&o->in.request), page = page_of(o);
    uint32_t i = *bucket_of(port, page, id);

    while (i != NOBODY && (port->lines[i].page != page || port->lines[i].id != id))
        i = port->lines[i].next;
    if (i == NOBODY)
        return false;
    if (i != port->newest) {
        unlink_line(port, i);
        link_newest(port, i);
    }
    return true;
}

/* An unused line, or the one that was used longest ago, out of its chain. */
static uint32_t victim(struct amdvi_timed *t, struct port *port)
{
    uint32_t index = port->oldest, *link;

    if (port->used < t->p[PARAMETER_L1_ENTRIES])
        return port->used++;
    link = bucket_of(port, port->lines[index].page, port->lines[index].id);
    while (*link != index)
        link = &port->lines[*link].next;
    *link = port->lines[index].next;
    unlink_line(port, index);
    return index;
}

void l1_keep(struct amdvi_timed *t, const struct operation *o)
{
    struct port *port = &t->ports[o->port];
    uint32_t index, *bucket;

    if (!t->p[PARAMETER_L1_ENTRIES] || l1_find(t, o))
        return;
    index = victim(t, port);
    port->lines[index].page = page_of(o);
    port->lines[index].id = id_of(&o->in.request);
    bucket = bucket_of(port, port->lines[index].page, port->lines[index].id);
    port->lines[index].next = *bucket;
    *bucket = index;
    link_newest(port, index);
}
