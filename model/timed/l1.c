// SPDX-License-Identifier: Apache-2.0
/*
 * The L1 of a port, as far as time knows it: which pages it would have. It keeps no translations: what L2 no
 * longer has, L1 no longer has either, so that an invalidation reaches both at once.
 */
#include "model/timed/state.h"

#include "model/base/allocator.h"

bool l1_create(struct amdvi_timed *t)
{
    t->ports = allocate_zeroed(&t->allocator, t->p[PARAMETER_L1_PORTS] * sizeof(*t->ports));
    for (uint64_t i = 0; t->ports && i < t->p[PARAMETER_L1_PORTS]; i++) {
        t->ports[i].waiting = EMPTY_LIST;
        t->ports[i].lines =
            allocate_zeroed(&t->allocator, (t->p[PARAMETER_L1_ENTRIES] + 1) * sizeof(struct l1_line));
        if (!t->ports[i].lines)
            return false;
    }
    return t->ports != NULL;
}

void l1_free(struct amdvi_timed *t)
{
    for (uint64_t i = 0; t->ports && i < t->p[PARAMETER_L1_PORTS]; i++)
        release(&t->allocator, t->ports[i].lines);
    release(&t->allocator, t->ports);
}

/* Device and PASID; bit 16 says that there is one. */
static uint64_t id_of(const struct amdvi_request *r)
{
    return r->device | (r->has_pasid ? (uint64_t)1 << 16 | (uint64_t)r->pasid << 17 : 0);
}

static uint64_t page_of(const struct operation *o)
{
    return o->in.request.address >> 12;
}

bool l1_find(struct amdvi_timed *t, const struct operation *o)
{
    struct port *port = &t->ports[o->port];
    uint64_t id = id_of(&o->in.request), page = page_of(o);

    for (uint32_t i = 0; i < port->used; i++) {
        struct l1_line *line = &port->lines[i];
        if (line->page != page || line->id != id)
            continue;
        line->stamp = ++port->clock;
        return true;
    }
    return false;
}

static struct l1_line *victim(struct amdvi_timed *t, struct port *port)
{
    struct l1_line *oldest = port->lines;

    if (port->used < t->p[PARAMETER_L1_ENTRIES])
        return &port->lines[port->used++];
    for (uint32_t i = 1; i < port->used; i++)
        if (port->lines[i].stamp < oldest->stamp)
            oldest = &port->lines[i];
    return oldest;
}

void l1_keep(struct amdvi_timed *t, const struct operation *o)
{
    struct port *port = &t->ports[o->port];

    if (t->p[PARAMETER_L1_ENTRIES] && !l1_find(t, o))
        *victim(t, port) = (struct l1_line){page_of(o), id_of(&o->in.request), ++port->clock};
}
