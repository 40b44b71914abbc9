// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/scene.h"

#include "testbench/studies/watch.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- life */

static void on_complete(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct scene_iommu *iommu = context;

    (void)w;
    iommu->scene->now = c->done;
    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && iommu->scene->answered)
        iommu->scene->answered(iommu->scene->context, iommu->number, c);
}

bool scene_open(struct scene *m, const struct experiment *e, unsigned iommus)
{
    *m = (struct scene){.failed = false};
    m->iommus = calloc(iommus, sizeof(*m->iommus));
    m->failed = !m->iommus;
    for (unsigned i = 0; i < iommus && !m->failed; i++) {
        struct scene_iommu *iommu = &m->iommus[m->count++];
        m->failed = !workload_world(&iommu->world, e);
        iommu->scene = m;
        iommu->number = i;
        iommu->world.context = iommu;
        iommu->world.complete = on_complete;
    }
    return !m->failed;
}

void scene_close(struct scene *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        world_close(&m->iommus[i].world);
        free(m->iommus[i].waits);
    }
    free(m->iommus);
    free(m->agenda);
}

struct world *scene_world(struct scene *m, unsigned iommu)
{
    return &m->iommus[iommu].world;
}

/* ---------------------------------------------------------------- the agenda */

static bool before(const struct scene_event *a, const struct scene_event *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void swap(struct scene_event *a, struct scene_event *b)
{
    struct scene_event was = *a;

    *a = *b;
    *b = was;
}

static bool room_for_event(struct scene *m)
{
    size_t room = m->room ? 2 * m->room : 256;
    struct scene_event *agenda;

    if (m->events < m->room)
        return true;
    agenda = realloc(m->agenda, room * sizeof(*agenda));
    if (agenda) {
        m->agenda = agenda;
        m->room = room;
    }
    return agenda != NULL;
}

void scene_put(struct scene *m, uint64_t when, scene_step *happens, void *self, uint64_t argument)
{
    size_t at = m->events;

    if (!room_for_event(m)) {
        m->failed = true;
        return;
    }
    m->agenda[m->events++] = (struct scene_event){when, m->order++, happens, self, argument};
    for (; at && before(&m->agenda[at], &m->agenda[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&m->agenda[at], &m->agenda[(at - 1) / 2]);
}

static struct scene_event take(struct scene *m)
{
    struct scene_event first = m->agenda[0];
    size_t at = 0, least;

    m->agenda[0] = m->agenda[--m->events];
    for (;; at = least) {
        least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < m->events; child++)
            if (before(&m->agenda[child], &m->agenda[least]))
                least = child;
        if (least == at)
            return first;
        swap(&m->agenda[at], &m->agenda[least]);
    }
}

/* ---------------------------------------------------------------- the devices */

void scene_request(struct scene *m, unsigned iommu, unsigned port, const struct amdvi_request *request,
                   uint64_t tag)
{
    m->failed |= amdvi_timed_request(m->iommus[iommu].world.timed, m->now, port, request, tag) != AMDVI_OK;
}

static bool room_for_wait(struct scene_iommu *iommu)
{
    size_t room = iommu->room ? 2 * iommu->room : 64;
    struct scene_wait *waits;

    if (iommu->count < iommu->room)
        return true;
    waits = calloc(room, sizeof(*waits));
    if (!waits)
        return false;
    for (size_t i = 0; i < iommu->count; i++)
        waits[i] = iommu->waits[(iommu->first + i) % iommu->room];
    free(iommu->waits);
    iommu->waits = waits;
    iommu->first = 0;
    iommu->room = room;
    return true;
}

void scene_flush(struct scene *m, unsigned number, scene_step *flushed, void *self, uint64_t argument)
{
    struct scene_iommu *iommu = &m->iommus[number];

    if (!room_for_wait(iommu)) {
        m->failed = true;
        return;
    }
    world_doorbell(&iommu->world, m->now);
    iommu->waits[(iommu->first + iommu->count++) % iommu->room] =
        (struct scene_wait){iommu->world.waits, flushed, self, argument};
}

/* COMPLETION_WAITs store ascending numbers. */
static void look_at_store(struct scene *m, struct scene_iommu *iommu)
{
    uint64_t stored = iommu->count ? world_peek(&iommu->world, WORLD_STORE) : 0;

    while (iommu->count && iommu->waits[iommu->first].number <= stored) {
        struct scene_wait wait = iommu->waits[iommu->first];
        iommu->first = (iommu->first + 1) % iommu->room;
        iommu->count--;
        scene_put(m, m->now, wait.flushed, wait.self, wait.argument);
    }
}

/* The IOMMU in which something happens first; null: in none. */
static struct scene_iommu *first_iommu(struct scene *m, uint64_t *when)
{
    struct scene_iommu *first = NULL;

    *when = AMDVI_TIMED_NEVER;
    for (unsigned i = 0; i < m->count; i++) {
        uint64_t next = amdvi_timed_next(m->iommus[i].world.timed);
        if (next >= *when)
            continue;
        *when = next;
        first = &m->iommus[i];
    }
    return first;
}

bool scene_next(struct scene *m)
{
    uint64_t when;
    struct scene_iommu *iommu = first_iommu(m, &when);

    if (m->failed || (!iommu && !m->events))
        return false;
    if (iommu && (!m->events || when <= m->agenda[0].when)) {
        m->now = when;
        m->failed |= amdvi_timed_run(iommu->world.timed, when) != AMDVI_OK;
        look_at_store(m, iommu);
    } else {
        struct scene_event event = take(m);
        m->now = event.when;
        event.happens(event.self, event.argument);
    }
    return !m->failed;
}

void scene_operation(struct scene *m)
{
    watch_one(scene_world(m, 0)->watch);
}

void scene_restart(struct scene *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        m->failed |= amdvi_timed_run(m->iommus[i].world.timed, m->now) != AMDVI_OK;
        world_restart(&m->iommus[i].world);
    }
}

bool scene_good(const struct scene *m)
{
    bool good = !m->failed;

    for (unsigned i = 0; i < m->count; i++)
        good = good && !m->iommus[i].world.failed && !m->iommus[i].world.faults;
    return good;
}
