// SPDX-License-Identifier: Apache-2.0
/* Invalidations of every kind, by the host and by guests, and COMPLETION_WAITs (6.2, 6.3). */
#include "tickets_bench.h"

#include <stdio.h>

enum { RING_ROOM = 200, PDE = 2, GN = 4 };

static struct given *next_given(struct bench *b, unsigned ring)
{
    struct ring_state *r = &b->rings[ring];

    if (r->count - r->first >= RING_ROOM || r->count == GIVEN)
        return NULL;
    r->given[r->count] = (struct given){0};
    return &r->given[r->count++];
}

static void put(struct bench *b, unsigned ring, uint64_t low, uint64_t high)
{
    if (b->verbose)
        printf("      ring %u: command %016llx %016llx\n", ring, (unsigned long long)low,
               (unsigned long long)high);
    if (ring == RING_HOST)
        host_command(&b->world, low, high);
    else
        guest_command(&b->world, ring, low, high);
    port_look(b);
}

static void give(struct bench *b, unsigned ring, const struct fence *fence, uint64_t low, uint64_t high)
{
    struct given *g = next_given(b, ring);

    if (!g)
        return;
    model_tick(&b->model);
    g->fence = *fence;
    g->fence.ring = ring;
    g->fence.time = b->model.now;
    put(b, ring, low, high);
}

void commands_wait(struct bench *b, unsigned ring)
{
    struct given *g = next_given(b, ring);
    uint64_t words[2];

    if (!g)
        return;
    g->wait = true;
    g->value = ++b->rings[ring].next_value;
    wait_words(ring == RING_HOST ? H_STORE : G_STORE, g->value, words);
    put(b, ring, words[0], words[1]);
}

bool commands_pending(const struct bench *b)
{
    for (unsigned ring = 0; ring < RINGS; ring++)
        if (b->rings[ring].stored != b->rings[ring].next_value)
            return true;
    return false;
}

/* ---------------------------------------------------------------- opcode 3 */

static uint64_t coded_range(struct fence *fence, uint64_t address, unsigned shift)
{
    fence->shift = shift;
    if (shift == WHOLE_RANGE)
        return UINT64_C(0x7ffffffffffff001);
    fence->base = address >> shift << shift;
    return shift == 12 ? fence->base : fence->base | ((UINT64_C(1) << (shift - 1)) - 4096) | 1;
}

static uint16_t name_in_ring(unsigned ring, uint16_t domain)
{
    return ring == RING_HOST ? domain : guest_domain(domain - host_domain(ring, 0));
}

/* GN=0 of a guest means what is nested in its domain. */
static void give_pages(struct bench *b, unsigned ring, bool guest, uint16_t domain, uint32_t pasid,
                       uint64_t address, unsigned shift, bool pde)
{
    struct fence fence = {.kind = guest               ? FENCE_GUEST_PAGES
                                  : ring == RING_HOST ? FENCE_HOST_PAGES
                                                      : FENCE_NESTED,
                          .domain = domain,
                          .pasid = pasid,
                          .pde = pde};
    uint64_t high = coded_range(&fence, address, shift);

    give(b, ring, &fence,
         UINT64_C(3) << 60 | (uint64_t)name_in_ring(ring, domain) << 32 | (guest ? pasid : 0),
         high | (pde ? PDE : 0) | (guest ? GN : 0));
}

static void give_entry(struct bench *b, unsigned ring, uint16_t device)
{
    uint16_t name = ring == RING_HOST ? device : guest_device(device - host_device(ring, 0));

    give(b, ring, &(struct fence){.kind = FENCE_ENTRY, .device = device}, UINT64_C(2) << 60 | name, 0);
}

static void give_interrupts(struct bench *b, uint16_t device)
{
    give(b, RING_HOST, &(struct fence){.kind = FENCE_INTERRUPTS, .device = device},
         UINT64_C(5) << 60 | device, 0);
}

static void give_all(struct bench *b, unsigned ring)
{
    enum fence_kind kind = ring == RING_HOST ? FENCE_ALL : FENCE_GUEST;

    give(b, ring, &(struct fence){.kind = kind, .guest = ring}, UINT64_C(8) << 60, 0);
}

void commands_all(struct bench *b)
{
    give_all(b, RING_HOST);
    for (unsigned ring = 0; ring < RINGS; ring++)
        commands_wait(b, ring);
}

/* ---------------------------------------------------------------- drawn */

/* The domain that the entry names now, or another one of the same device. */
static uint16_t drawn_domain(const struct bench *b, uint16_t device, uint32_t draw)
{
    uint16_t now = (uint16_t)get64(&b->world, H_DEVTAB + 32u * device + 8);

    for (unsigned i = 0; i < b->places.places; i++)
        if (b->places.place[i].kind == PLACE_ENTRY && b->places.place[i].device == device && !(draw & 7))
            return b->places.place[i].domains[1];
    return now;
}

static const struct target *drawn_target(const struct bench *b, unsigned ring, uint32_t draw)
{
    const struct target *t = &b->places.target[draw % b->places.targets];

    for (unsigned i = 0; ring != RING_HOST && owner_of_device(t->device) != ring; i++)
        t = &b->places.target[(draw + i) % b->places.targets];
    return t;
}

void commands_give(struct bench *b, unsigned ring, const struct step *step)
{
    static const uint8_t shifts[] = {12, 12, 12, 13, 15, 21, 22, WHOLE_RANGE};
    const struct target *t = drawn_target(b, ring, step->b);

    switch (step->a % 10) {
    case 0:
        give_entry(b, ring, t->device);
        break;
    case 1:
        if (ring == RING_HOST)
            give_interrupts(b, t->device);
        break;
    case 2:
        if (step->c % 4 == 0 || ring != RING_HOST)
            give_all(b, ring);
        break;
    default:
        give_pages(b, ring, t->has_pasid && step->a % 10 < 8, drawn_domain(b, t->device, step->c >> 8),
                   t->pasid, t->address, shifts[step->c >> 4 & 7], step->c & 1);
        break;
    }
}

/* ---------------------------------------------------------------- what an edit needs (10.2) */

static unsigned size_of(const struct place *place)
{
    return 9 * place->level + 3 + (unsigned)__builtin_ctz(place->neighbours);
}

static void mend_pages(struct bench *b, unsigned ring, const struct place *place, bool guest, unsigned shift)
{
    bool pde = place->level > 1 || shift == WHOLE_RANGE;

    give_pages(b, ring, guest, place->domains[0], place->pasid, place->address, shift, pde);
    if (place->domains[1] != place->domains[0])
        give_pages(b, ring, guest, place->domains[1], place->pasid, place->address, shift, pde);
}

static void mend(struct bench *b, unsigned ring, const struct place *place)
{
    switch (place->kind) {
    case PLACE_INTERRUPT:
        give_interrupts(b, place->device);
        break;
    case PLACE_ENTRY:
        give_entry(b, ring, place->device);
        if (place->interrupts[0])
            give_interrupts(b, place->device);
        mend_pages(b, ring, place, owner_of_device(place->device) != WORLD_GUESTS && ring != RING_HOST,
                   WHOLE_RANGE);
        break;
    case PLACE_GUEST_ROOT:
        mend_pages(b, ring, place, true, WHOLE_RANGE);
        break;
    case PLACE_GUEST_PAGE:
    case PLACE_GUEST_DIR:
        mend_pages(b, ring, place, true, size_of(place));
        break;
    default:
        mend_pages(b, ring, place, false, size_of(place));
        break;
    }
}

void commands_mend(struct bench *b, const struct step *step)
{
    const struct place *place = b->last_edit;
    bool by_guest = place && place->guest != WORLD_GUESTS && step->a & 1;
    unsigned ring = by_guest ? place->guest : RING_HOST;

    if (place && by_guest && step->a & 2)
        give_all(b, ring);
    else if (place)
        mend(b, ring, place);
    commands_wait(b, ring);
}
