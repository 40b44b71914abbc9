// SPDX-License-Identifier: Apache-2.0
/* Histories and fences. */
#include "tickets_walk.h"

#include <stdlib.h>
#include <string.h>

void model_forget(struct model *m)
{
    for (unsigned i = 0; i < m->histories; i++)
        m->slot_of[m->history[i].spa / 8] = 0;
    m->histories = m->fences = 0;
    m->now = 1;
}

void model_tick(struct model *m)
{
    m->now++;
}

static void read_entry(const struct model *m, uint64_t spa, unsigned words, struct version *version)
{
    for (unsigned i = 0; i < words; i++)
        version->words[i] = get64(m->world, spa + 8 * i);
}

static struct history *history_of(struct model *m, uint64_t spa, unsigned words)
{
    struct history *h;

    if (m->slot_of[spa / 8])
        return &m->history[m->slot_of[spa / 8] - 1];
    if (m->histories == HISTORIES)
        abort();
    h = &m->history[m->histories++];
    m->slot_of[spa / 8] = (uint16_t)m->histories;
    *h = (struct history){.spa = spa, .words = words, .count = 1};
    read_entry(m, spa, words, &h->at[0]);
    return h;
}

void model_edit(struct model *m, uint64_t spa, unsigned words, const uint64_t *value)
{
    struct history *h = history_of(m, spa, words);
    struct version *last = &h->at[h->count - 1];

    if (last->since < m->now && h->count == VERSIONS)
        abort();
    if (last->since < m->now)
        last = &h->at[h->count++];
    last->since = m->now;
    for (unsigned i = 0; i < words; i++) {
        last->words[i] = value[i];
        put64(m->world, spa + 8 * i, value[i]);
    }
}

void model_complete(struct model *m, const struct fence *fence)
{
    if (m->fences == FENCES)
        abort();
    m->fence[m->fences] = *fence;
    m->fence[m->fences++].done = m->now;
}

/* ---------------------------------------------------------------- versions */

struct versions versions_of(const struct model *m, uint64_t spa, unsigned words, uint64_t floor)
{
    struct versions v = {.floor = floor};

    if (m->slot_of[spa / 8]) {
        v.history = &m->history[m->slot_of[spa / 8] - 1];
        return v;
    }
    read_entry(m, spa, words, &v.only);
    return v;
}

/* A version is forgotten when the next one is as old as the floor. */
const struct version *next_version(struct versions *v)
{
    const struct history *h = v->history;

    if (!h)
        return v->next++ == 0 ? &v->only : NULL;
    while (v->next < h->count) {
        unsigned i = v->next++;
        if (i + 1 == h->count || h->at[i + 1].since > v->floor)
            return &h->at[i];
    }
    return NULL;
}

bool version_kept(const struct versions *v, const struct version *version, uint64_t floor)
{
    const struct history *h = v->history;

    return !h || version == &h->at[h->count - 1] || version[1].since > floor;
}

/* ---------------------------------------------------------------- fences */

static bool overlap(const struct fence *f, uint64_t address, unsigned shift)
{
    unsigned wide = f->shift > shift ? f->shift : shift;

    return f->shift == WHOLE_RANGE || f->base >> wide == address >> wide;
}

static bool covers(const struct fence *f, const struct way *way, uint64_t address, unsigned shift)
{
    switch (f->kind) {
    case FENCE_ALL:
        return true;
    case FENCE_HOST_PAGES: /* combined entries go, too, whatever the range */
        return f->domain == way->domain && (way->guest || overlap(f, address, shift));
    case FENCE_GUEST_PAGES:
        return way->guest && f->domain == way->domain && f->pasid == way->pasid && overlap(f, address, shift);
    case FENCE_NESTED:
        return way->guest && f->domain == way->domain;
    case FENCE_GUEST:
        return way->guest && owner_of_domain(way->domain) == f->guest;
    default:
        return false;
    }
}

/* Whether `f` was executed first. Rings know nothing of each other. */
static bool precedes(const struct fence *f, const struct fence *other)
{
    return f->ring == other->ring ? f->time <= other->time : f->done < other->time;
}

static void take_newer(const struct fence **newest, const struct fence *f)
{
    if (!*newest || f->time > (*newest)->time)
        *newest = f;
}

const struct fence *leaf_fence(const struct model *m, const struct way *way, uint64_t address, unsigned shift)
{
    const struct fence *newest = NULL;

    for (unsigned i = 0; i < m->fences; i++)
        if (covers(&m->fence[i], way, address, shift))
            take_newer(&newest, &m->fence[i]);
    return newest;
}

/* The smallest directory stands for 2 MiB. A page that is kept came by directories as they were kept when it
 * was read: at the earliest just after the newest fence that covers the page. */
const struct fence *dir_fence(const struct model *m, const struct way *way, uint64_t address)
{
    const struct fence *leaf = leaf_fence(m, way, address, 12), *newest = NULL;

    for (unsigned i = 0; leaf && i < m->fences; i++) {
        const struct fence *f = &m->fence[i];
        if ((f->pde || f->kind > FENCE_GUEST_PAGES) && precedes(f, leaf) && covers(f, way, address, 21))
            take_newer(&newest, f);
    }
    return newest;
}

static bool names_device(const struct fence *f, uint16_t device)
{
    if (f->kind == FENCE_GUEST)
        return device >= 0x100 && owner_of_device(device) == f->guest;
    return f->kind == FENCE_ALL || (f->kind == FENCE_ENTRY && f->device == device);
}

uint64_t entry_floor(const struct model *m, uint16_t device)
{
    const struct fence *newest = NULL;

    for (unsigned i = 0; i < m->fences; i++)
        if (names_device(&m->fence[i], device))
            take_newer(&newest, &m->fence[i]);
    return floor_of(newest);
}

uint64_t entry_floor_before(const struct model *m, uint16_t device, const struct fence *fence)
{
    const struct fence *newest = NULL;

    for (unsigned i = 0; fence && i < m->fences; i++)
        if (names_device(&m->fence[i], device) && precedes(&m->fence[i], fence))
            take_newer(&newest, &m->fence[i]);
    return floor_of(newest);
}

const struct fence *interrupt_fence(const struct model *m, uint16_t device)
{
    const struct fence *newest = NULL;

    for (unsigned i = 0; i < m->fences; i++) {
        const struct fence *f = &m->fence[i];
        if (f->kind == FENCE_ALL || (f->kind == FENCE_INTERRUPTS && f->device == device))
            take_newer(&newest, f);
    }
    return newest;
}
