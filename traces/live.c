// SPDX-License-Identifier: Apache-2.0
/* The page is written between two steps of `generation`, so a reader sees whether it has read half of two
 * views. */
#include "amdvi/live.h"
#include "amdvi/layout.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 100, ENTRY = 16, GA_ENTRY = 8 };

/* Registers of a ring; a log's tail is the device's own, a command ring's head is. */
struct ring {
    const struct amdvi_register *base, *head, *tail;
    const struct amdvi_field *length; /* in `base`: log2 of the entries */
    unsigned entry;
    struct amdvi_live_ring *shown;
};

enum { COMMANDS, EVENTS, PAGE_REQUESTS, GUEST_INTERRUPTS, RINGS };

struct amdvi_live {
    struct amdvi_live_page *page;
    struct amdvi_device *device;
    const struct amdvi_lint *lint;
    struct amdvi_observation *observation;
    struct amdvi_live_view view;
    struct ring rings[RINGS];
};

static void set_half(uint64_t *word, const struct amdvi_register *reg, uint64_t offset, unsigned size,
                     uint64_t value)
{
    unsigned shift = (unsigned)(offset - reg->offset) * 8;
    uint64_t mask = size == 8 ? UINT64_MAX : UINT64_C(0xffffffff) << shift;

    *word = (*word & ~mask) | ((value << shift) & mask);
}

static bool covers(const struct amdvi_register *reg, uint64_t offset)
{
    return offset >= reg->offset && offset < reg->offset + 8u;
}

static void on_ring(struct ring *ring, uint64_t offset, unsigned size, uint64_t value)
{
    if (covers(ring->head, offset))
        set_half(&ring->shown->head, ring->head, offset, size, value);
    else if (covers(ring->tail, offset))
        set_half(&ring->shown->tail, ring->tail, offset, size, value);
    else if (covers(ring->base, offset) && offset + size == ring->base->offset + 8u) {
        uint64_t base = 0;
        set_half(&base, ring->base, offset, size, value);
        ring->shown->bytes = (uint64_t)ring->entry << amdvi_field_get(ring->length, &base);
        ring->shown->head = ring->shown->tail = 0;
    }
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    struct amdvi_live *live = context;

    for (unsigned i = 0; write && i < RINGS; i++)
        on_ring(&live->rings[i], offset, size, value);
}

static void advance(uint64_t *place, const struct ring *ring)
{
    *place += ring->entry;
    if (ring->shown->bytes && *place >= ring->shown->bytes)
        *place = 0;
    ring->shown->passed++;
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct amdvi_live *live = context;

    if (!info->guest)
        advance(&live->rings[COMMANDS].shown->head, &live->rings[COMMANDS]);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct amdvi_live *live = context;
    struct ring *ring = &live->rings[info->log == AMDVI_LOG_EVENT ? EVENTS
                                     : info->log == AMDVI_LOG_PPR ? PAGE_REQUESTS
                                                                  : GUEST_INTERRUPTS];

    if (!info->guest && info->logged)
        advance(&ring->shown->tail, ring);
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    struct amdvi_live *live = context;

    for (unsigned i = 0; info->call == AMDVI_CALL_RESET && i < RINGS; i++) {
        struct amdvi_live_ring *shown = live->rings[i].shown;
        *shown = (struct amdvi_live_ring){.passed = shown->passed};
    }
}

static struct ring ring_of(const char *base, const char *head, const char *tail, unsigned entry,
                           struct amdvi_live_ring *shown)
{
    struct ring ring = {.base = amdvi_register_find(base),
                        .head = amdvi_register_find(head),
                        .tail = amdvi_register_find(tail),
                        .entry = entry,
                        .shown = shown};

    ring.length = ring.base ? amdvi_layout_field(ring.base->layout, "Len") : NULL;
    return ring;
}

static void find_rings(struct amdvi_live *live)
{
    struct amdvi_live_view *view = &live->view;

    live->rings[COMMANDS] = ring_of("cmd_base", "cmd_head", "cmd_tail", ENTRY, &view->commands);
    live->rings[EVENTS] = ring_of("event_base", "event_head", "event_tail", ENTRY, &view->events);
    live->rings[PAGE_REQUESTS] = ring_of("ppr_base", "ppr_head", "ppr_tail", ENTRY, &view->page_requests);
    live->rings[GUEST_INTERRUPTS] =
        ring_of("ga_base", "ga_head", "ga_tail", GA_ENTRY, &view->guest_interrupts);
}

enum amdvi_status amdvi_live_start(struct amdvi_live_page *page, struct amdvi_device *device,
                                   const struct amdvi_lint *lint, struct amdvi_live **live)
{
    struct amdvi_observer observer = {
        .mmio = on_mmio, .command = on_command, .event = on_event, .call = on_call};
    enum amdvi_status status;

    if (!page || !device || !live)
        return AMDVI_ERR_ARGUMENT;
    *live = calloc(1, sizeof(**live));
    if (!*live)
        return AMDVI_ERR_NO_MEMORY;
    **live = (struct amdvi_live){.page = page, .device = device, .lint = lint};
    find_rings(*live);
    observer.context = *live;
    status = amdvi_observer_attach(device, &observer, &(*live)->observation);
    if (status != AMDVI_OK) {
        free(*live);
        *live = NULL;
        return status;
    }
    *page = (struct amdvi_live_page){
        .magic = AMDVI_LIVE_MAGIC, .version = AMDVI_LIVE_VERSION, .bytes = sizeof(*page)};
    return AMDVI_OK;
}

static void step(struct amdvi_live_page *page)
{
    atomic_thread_fence(memory_order_seq_cst);
    *(volatile uint64_t *)&page->generation += 1;
    atomic_thread_fence(memory_order_seq_cst);
}

static void show(struct amdvi_live *live)
{
    step(live->page);
    live->page->view = live->view;
    step(live->page);
}

enum amdvi_status amdvi_live_update(struct amdvi_live *live, uint64_t ns)
{
    if (!live)
        return AMDVI_ERR_ARGUMENT;
    live->view.ns = ns;
    live->view.linted = live->lint && amdvi_lint_statistics(live->lint, &live->view.lint) == AMDVI_OK;
    amdvi_get_statistics(live->device, &live->view.statistics);
    show(live);
    return AMDVI_OK;
}

void amdvi_live_stop(struct amdvi_live *live)
{
    if (!live)
        return;
    live->view.ended = true;
    show(live);
    amdvi_observer_detach(live->observation);
    free(live);
}

static uint64_t generation_of(const struct amdvi_live_page *page)
{
    uint64_t generation;

    atomic_thread_fence(memory_order_seq_cst);
    generation = *(const volatile uint64_t *)&page->generation;
    atomic_thread_fence(memory_order_seq_cst);
    return generation;
}

enum amdvi_status amdvi_live_read(const struct amdvi_live_page *page, struct amdvi_live_view *view)
{
    if (!page || !view)
        return AMDVI_ERR_ARGUMENT;
    if (page->magic != AMDVI_LIVE_MAGIC)
        return AMDVI_ERR_CORRUPT;
    if (page->version != AMDVI_LIVE_VERSION || page->bytes != sizeof(*page))
        return AMDVI_ERR_UNSUPPORTED;
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t before = generation_of(page);
        *view = page->view;
        if (!(before & 1) && generation_of(page) == before)
            return AMDVI_OK;
    }
    return AMDVI_ERR_BUSY;
}
