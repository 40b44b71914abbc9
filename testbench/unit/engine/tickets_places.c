// SPDX-License-Identifier: Apache-2.0
#include "tickets_places.h"

#include <stdlib.h>
#include <string.h>

enum { DOMAIN_SHARED = 0x61, DOMAIN_OWN = 0x62, DOMAIN_OTHER = 0x63, DOMAIN_FLAT = 0x64, PAGES = 3 };

static const uint64_t rw = UINT64_C(3) << 61, ats = UINT64_C(1) << 32; /* DTE.IR and IW, DTE.I (3.2) */

const char *places_name(enum place_kind kind)
{
    static const char *const names[] = {
        "host page",          "coded host page", "host directory",          "guest page",
        "guest directory",    "GCR3 entry",      "host page under a guest", "host page under a guest's table",
        "device table entry", "interrupt entry"};

    return names[kind];
}

/* A page, aligned to 4 MiB but for where the entry lies. */
static uint64_t unlike(const struct place *place, uint32_t draw)
{
    return UINT64_C(1) << 40 | (uint64_t)(draw >> 8 & 0xffff) << 22 |
           (place->level == 1 && place->neighbours == 1 ? (place->spa >> 3 & 0x3ff) << 12 : 0);
}

/* ---------------------------------------------------------------- making */

static uint64_t new_page(struct places *p)
{
    uint64_t page = p->next_page;

    if (page == guest_spa(2, GUEST_BYTES))
        return world_page(p->world);
    p->next_page += PAGE_BYTES;
    memset(p->world->bytes + page, 0, PAGE_BYTES);
    return page;
}

static struct place *new_place(struct places *p, enum place_kind kind, uint64_t spa, uint16_t device,
                               uint16_t domain)
{
    struct place *place = &p->place[p->places++];

    if (p->places > PLACES)
        abort();
    *place = (struct place){.kind = kind,
                            .spa = spa,
                            .level = 1,
                            .neighbours = 1,
                            .device = device,
                            .domains = {domain, domain},
                            .guest = WORLD_GUESTS};
    return place;
}

static void new_target(struct places *p, uint16_t device, bool has_pasid, uint32_t pasid, uint64_t address)
{
    p->target[p->targets++] = (struct target){device, has_pasid, pasid, address};
}

static uint64_t host_dir(uint64_t table, unsigned level)
{
    return table | (uint64_t)level << 9 | rw | 1;
}

/* Addresses of one table: pages 0 to 2 and, coded, two times 8 KiB and 32 KiB from page 8 on. */
static void host_leaves(struct places *p, uint64_t table, uint16_t device, uint16_t domain, uint64_t base)
{
    for (unsigned i = 0; i < PAGES; i++) {
        put64(p->world, table + 8 * i, UINT64_C(0x80000000) | table << 12 | (uint64_t)i << 12 | rw | 1);
        new_place(p, PLACE_PAGE, table + 8 * i, device, domain)->address = base + i * PAGE_BYTES;
    }
    for (unsigned n = 2; n <= 8; n *= 4) {
        struct place *place = new_place(p, PLACE_CODED, table + 8 * (n == 2 ? 4 : 8), device, domain);
        place->neighbours = n;
        place->address = base + (n == 2 ? 4 : 8) * PAGE_BYTES;
    }
}

/* Three levels; two directories of 2 MiB, each with two tables to choose from, and a coded page of 4 MiB. */
static uint64_t host_tables(struct places *p, uint16_t device, uint16_t domain, unsigned directories)
{
    uint64_t root = new_page(p), second = new_page(p);

    put64(p->world, root, host_dir(second, 2));
    for (uint64_t i = 0; i < directories; i++) {
        struct place *place;
        uint64_t tables[2] = {new_page(p), new_page(p)};
        for (unsigned j = 0; j < 2; j++)
            host_leaves(p, tables[j], device, domain, i << 21);
        place = new_place(p, PLACE_DIR, second + 8 * i, device, domain);
        place->level = 2;
        place->address = i << 21;
        memcpy(place->choice, tables, sizeof(tables));
        put64(p->world, place->spa, host_dir(tables[0], 1));
    }
    {
        struct place *place = new_place(p, PLACE_CODED, second + 8 * 2, device, domain);
        place->level = 2;
        place->neighbours = 2;
        place->address = UINT64_C(2) << 21;
    }
    return root;
}

static void host_targets(struct places *p, uint16_t device, unsigned directories)
{
    static const unsigned pages[] = {0, 1, 2, 4, 5, 8, 13};

    for (uint64_t dir = 0; dir < directories; dir++)
        for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
            new_target(p, device, false, 0, (dir << 21) + pages[i] * (uint64_t)PAGE_BYTES + 0x18);
    new_target(p, device, false, 0, (UINT64_C(2) << 21) + 0x3008);
    new_target(p, device, false, 0, (UINT64_C(3) << 21) + 0x3008);
}

static void entry_place(struct places *p, uint16_t device, const uint64_t words[4], uint64_t other_root,
                        uint16_t other_domain)
{
    struct place *place = new_place(p, PLACE_ENTRY, H_DEVTAB + 32u * device, device, (uint16_t)words[1]);

    world_dte(p->world, device, words);
    place->domains[1] = other_domain;
    place->choice[0] = words[0] & UINT64_C(0xffffffffff000);
    place->choice[1] = other_root;
}

static uint64_t interrupt_table(struct places *p, uint16_t device, uint64_t table)
{
    for (unsigned i = 0; i < INDICES; i++) {
        put64(p->world, table + 16 * i, 1 | (uint64_t)device << 8);
        put64(p->world, table + 16 * i + 8, 0x20 + i + (table >> 4 & 4));
        new_place(p, PLACE_INTERRUPT, table + 16 * i, device, 0);
    }
    return 1 | 2 << 1 | table | UINT64_C(2) << 60; /* IV, IntTabLen 2, IntCtl 2 (3.2) */
}

/* The entry's second interrupt table is where `draw` may take it. */
static void interrupts_of(struct places *p, uint16_t device, uint64_t page, uint64_t words[2])
{
    for (unsigned i = 0; i < 2; i++)
        words[i] = interrupt_table(p, device, page + 0x100 * (uint64_t)(device - HOST_A) + 0x40 * i);
}

static void make_host_device(struct places *p, uint16_t device, uint64_t page, const uint64_t entry[2],
                             uint64_t other_root, uint16_t other_domain)
{
    uint64_t tables[2];
    struct place *place = &p->place[p->places];

    entry_place(p, device, (const uint64_t[4]){entry[0], entry[1], 0, 0}, other_root, other_domain);
    interrupts_of(p, device, page, tables);
    memcpy(place->interrupts, tables, sizeof(tables));
    put64(p->world, place->spa + 16, tables[0]);
}

static void host_devices(struct places *p)
{
    uint64_t shared = host_tables(p, HOST_A, DOMAIN_SHARED, 2), interrupts = new_page(p);
    uint64_t roots[2] = {host_tables(p, HOST_OWN, DOMAIN_OWN, 1), host_tables(p, HOST_OWN, DOMAIN_OWN, 1)};

    for (uint16_t device = HOST_A; device <= HOST_B; device++) {
        make_host_device(p, device, interrupts, (const uint64_t[2]){0x603 | shared | rw, DOMAIN_SHARED | ats},
                         shared, DOMAIN_SHARED);
        host_targets(p, device, 2);
    }
    /* HAD=3: accessed and dirty bits are set on the way (4.5) */
    make_host_device(p, HOST_OWN, interrupts, (const uint64_t[2]){0x783 | roots[0] | rw, DOMAIN_OWN | ats},
                     roots[1], DOMAIN_OTHER);
    host_targets(p, HOST_OWN, 1);
}

/* ---------------------------------------------------------------- guest tables */

/* Guests 0 and 1 have few pages, the device without host tables has as many as it likes. */
static uint64_t page_of_guest(const struct place *place, uint32_t draw)
{
    uint64_t gpa = G_DATA + (draw >> 8 & 3) * (uint64_t)PAGE_BYTES;

    return (place->guest == WORLD_GUESTS ? unlike(place, draw) : gpa) | ((draw & 7) == 1 ? 0x65 : 0x67);
}

static void guest_leaves(struct places *p, const struct place *like, uint64_t table, unsigned first)
{
    for (unsigned i = 0; i < PAGES; i++) {
        struct place *place = &p->place[p->places++];
        *place = *like;
        place->kind = PLACE_GUEST_PAGE;
        place->spa = table + 8 * (first + i);
        place->address = like->address + (first + i) * (uint64_t)PAGE_BYTES;
        put64(p->world, place->spa, page_of_guest(place, i << 8 | 7));
    }
}

/* Mode 0, two PASIDs, pages of 4 KiB and 2 MiB. */
static void flat_device(struct places *p)
{
    uint64_t gcr3 = new_page(p), roots[2] = {0};

    for (uint32_t pasid = 1; pasid <= 2; pasid++) {
        uint64_t level[4] = {new_page(p), new_page(p), new_page(p), new_page(p)}, other = new_page(p);
        struct place *dir = new_place(p, PLACE_GUEST_DIR, level[2], FLAT, DOMAIN_FLAT);
        dir->pasid = pasid;
        dir->level = 2;
        dir->choice[0] = level[3];
        dir->choice[1] = other;
        for (unsigned i = 0; i < 3; i++)
            put64(p->world, level[i], level[i + 1] | 0x27);
        guest_leaves(p, dir, level[3], 0);
        guest_leaves(p, dir, other, 0);
        put64(p->world, gcr3 + 8 * pasid, level[0] | 1);
        roots[pasid - 1] = level[0];
        for (uint64_t i = 0; i < PAGES; i++)
            new_target(p, FLAT, true, pasid, i * PAGE_BYTES + 0x28);
    }
    for (uint32_t pasid = 1; pasid <= 2; pasid++) {
        struct place *root = new_place(p, PLACE_GUEST_ROOT, gcr3 + 8 * pasid, FLAT, DOMAIN_FLAT);
        root->pasid = pasid;
        root->choice[0] = roots[pasid - 1];
        root->choice[1] = roots[2 - pasid];
    }
    entry_place(p, FLAT,
                (const uint64_t[4]){3 | UINT64_C(1) << 55 | (gcr3 >> 12 & 7) << 58 | rw,
                                    DOMAIN_FLAT | ats | (gcr3 >> 15 & 0xffff) << 16 | gcr3 >> 31 << 43, 0, 0},
                0, DOMAIN_FLAT);
}

/* Tables with accessed and dirty bits set, a second leaf table in page 0 (5.3). */
static void guest_tables(struct places *p, unsigned g)
{
    struct place like = {.level = 1,
                         .neighbours = 1,
                         .device = host_device(g, 0),
                         .domains = {host_domain(g, 0), host_domain(g, 1)},
                         .guest = g,
                         .pasid = G_PASID,
                         .choice = {G_LEAF, 0}};
    struct place *place;

    for (uint64_t level = 0; level < 3; level++)
        guest_put64(p->world, g, G_TABLES + PAGE_BYTES * level, (G_TABLES + PAGE_BYTES * (level + 1)) | 0x27);
    guest_put64(p->world, g, G_LEAF + 8 * (G_IOVA / PAGE_BYTES + PAGES),
                (G_DATA + PAGES * PAGE_BYTES) | 0x67);
    guest_leaves(p, &like, guest_spa(g, G_LEAF), G_IOVA / PAGE_BYTES);
    guest_leaves(p, &like, guest_spa(g, 0), G_IOVA / PAGE_BYTES);
    place = &p->place[p->places++];
    *place = like;
    place->kind = PLACE_GUEST_DIR;
    place->level = 2;
    place->spa = guest_spa(g, G_TABLES + 2 * PAGE_BYTES);
}

static void guest_devices(struct places *p, unsigned g)
{
    struct place nested = {.level = 1,
                           .neighbours = 1,
                           .device = host_device(g, 0),
                           .domains = {host_domain(g, 0), host_domain(g, 1)},
                           .guest = WORLD_GUESTS};

    guest_tables(p, g);
    for (unsigned which = 0; which < DEVICES_EACH; which++) {
        uint64_t words[4], at = H_DEVTAB + 32u * host_device(g, which);
        for (unsigned i = 0; i < 4; i++)
            words[i] = get64(p->world, at + 8 * i);
        entry_place(p, host_device(g, which), words, p->world->roots[g], host_domain(g, which));
        p->place[p->places - 1].guest = g;
        p->place[p->places - 1].pasid = G_PASID;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        struct place *place = &p->place[p->places++];
        *place = nested;
        place->kind = PLACE_NESTED_PAGE;
        place->spa = p->world->roots[g] + 8 * (G_DATA / PAGE_BYTES + i);
        place->address = G_DATA + i * PAGE_BYTES;
    }
    nested.kind = PLACE_NESTED_TABLE;
    nested.spa = p->world->roots[g] + 8 * (G_LEAF / PAGE_BYTES);
    nested.address = G_LEAF;
    nested.choice[0] = guest_spa(g, G_LEAF);
    nested.choice[1] = guest_spa(g, 0);
    p->place[p->places++] = nested;
    for (unsigned which = 0; which < DEVICES_EACH; which++)
        for (unsigned i = 0; i < PAGES; i++)
            new_target(p, host_device(g, which), true, G_PASID, G_IOVA + i * PAGE_BYTES + 0x38);
}

void places_make(struct places *p, struct world *w, struct model *m)
{
    static const uint16_t devices[] = {HOST_A, HOST_B, HOST_OWN, FLAT};

    *p = (struct places){.world = w, .next_page = guest_spa(2, 0)};
    host_devices(p);
    flat_device(p);
    for (unsigned g = 0; g < 2; g++)
        guest_devices(p, g);
    memcpy(m->devices, devices, sizeof(devices));
    m->device_count = 4;
    for (unsigned g = 0; g < 2; g++)
        for (unsigned which = 0; which < DEVICES_EACH; which++)
            m->devices[m->device_count++] = host_device(g, which);
}

/* ---------------------------------------------------------------- editing */

static uint64_t host_leaf(uint64_t spa, unsigned next, uint32_t draw)
{
    return spa | (uint64_t)next << 9 | (draw & 8 ? UINT64_C(1) << 61 : rw) | 1;
}

static uint64_t coded(const struct place *place, unsigned neighbour, uint32_t draw)
{
    uint64_t natural = UINT64_C(4096) << 9 * (place->level - 1), size = natural * place->neighbours;

    if ((draw & 7) == 0)
        return 0;
    if ((draw & 7) < 5)
        return host_leaf(unlike(place, draw) | (size / 2 - 4096), 7, draw);
    return host_leaf(unlike(place, draw) + neighbour * natural, 0, draw);
}

static uint64_t choice_of(const struct place *place, uint32_t draw, uint64_t first, uint64_t second)
{
    return (draw & 7) == 0 ? 0 : (draw & 7) < 4 ? place->choice[0] | first : place->choice[1] | second;
}

static uint64_t word_of(const struct place *place, unsigned neighbour, uint32_t draw)
{
    bool large = (draw & 7) > 5, absent = (draw & 7) == 0;

    switch (place->kind) {
    case PLACE_CODED:
        return coded(place, neighbour, draw);
    case PLACE_DIR:
        return large ? host_leaf(unlike(place, draw), 0, draw)
                     : choice_of(place, draw, host_dir(0, 1), host_dir(0, 1));
    case PLACE_GUEST_PAGE:
        return absent ? 0 : page_of_guest(place, draw);
    case PLACE_GUEST_DIR:
        return large && place->guest == WORLD_GUESTS ? unlike(place, draw) | 0xe7
                                                     : choice_of(place, draw, 0x27, 0x27);
    case PLACE_GUEST_ROOT:
        return choice_of(place, draw, 1, 1);
    case PLACE_NESTED_TABLE:
        return choice_of(place, draw, rw | 1, rw | 1);
    default:
        return absent ? 0 : host_leaf(unlike(place, draw), 0, draw);
    }
}

/* Without V, without TV, to be read only, with another root, with another domain, or as it was (3.3). */
static void entry_of(const struct place *place, const struct world *w, uint32_t draw, uint64_t q[4])
{
    const unsigned variant = draw & 7;

    for (unsigned i = 0; i < 4; i++)
        q[i] = get64(w, place->spa + 8 * i);
    q[0] = (q[0] & ~(UINT64_C(0xffffffffff000) | rw)) | 3 | rw;
    q[0] |= place->choice[variant == 3 || variant == 5];
    q[1] = (q[1] & ~UINT64_C(0xffff)) | place->domains[variant == 4 || variant == 5];
    if (place->interrupts[0])
        q[2] = place->interrupts[variant == 3 || variant == 4];
    if (variant == 0)
        q[0] &= ~UINT64_C(1);
    if (variant == 1)
        q[0] &= ~UINT64_C(2);
    if (variant == 2)
        q[0] &= ~(UINT64_C(1) << 62);
}

void places_edit(const struct place *place, struct model *m, uint32_t draw)
{
    uint64_t words[4] = {0};

    model_tick(m);
    switch (place->kind) {
    case PLACE_ENTRY:
        entry_of(place, m->world, draw, words);
        model_edit(m, place->spa, 4, words);
        return;
    case PLACE_INTERRUPT:
        words[0] = ((draw & 7) != 0) | (uint64_t)(draw >> 8 & 0xff) << 8;
        words[1] = 0x40 | (draw >> 16 & 0xff);
        model_edit(m, place->spa, 2, words);
        return;
    default:
        for (unsigned i = 0; i < place->neighbours; i++) {
            words[0] = word_of(place, i, draw);
            model_edit(m, place->spa + 8 * i, 1, words);
        }
        return;
    }
}
