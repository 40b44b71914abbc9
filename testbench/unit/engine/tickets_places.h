// SPDX-License-Identifier: Apache-2.0
/* The tables of test_tickets.c: what in them is edited, and which requests meet it. */
#ifndef AMDVI_TEST_TICKETS_PLACES_H
#define AMDVI_TEST_TICKETS_PLACES_H

#include "tickets_model.h"

enum { PLACES = 128, TARGETS = 96, HOST_A = 0x20, HOST_B = 0x21, HOST_OWN = 0x22, FLAT = 0x23, INDICES = 4 };

enum place_kind {
    PLACE_PAGE,  /* a host page of 4 KiB */
    PLACE_CODED, /* neighbours that are one 7h-coded page, or pages of their own (4.4) */
    PLACE_DIR,   /* a host directory: this table, another one, or a page of 2 MiB */
    PLACE_GUEST_PAGE,
    PLACE_GUEST_DIR,
    PLACE_GUEST_ROOT,  /* an entry of the GCR3 table */
    PLACE_NESTED_PAGE, /* where the host keeps a page of a guest */
    PLACE_NESTED_TABLE,
    PLACE_ENTRY, /* of the device table */
    PLACE_INTERRUPT,
};

/* What it takes to let go of the old value: that device, its domain, those addresses. */
struct place {
    enum place_kind kind;
    uint64_t spa;
    unsigned level, neighbours;
    uint16_t device;
    uint16_t domains[2];
    unsigned guest; /* WORLD_GUESTS: nobody's */
    uint32_t pasid;
    uint64_t address;
    uint64_t choice[2];     /* tables, or guest addresses */
    uint64_t interrupts[2]; /* words of a device table entry that name interrupt tables */
};

struct target {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint64_t address;
};

struct places {
    struct world *world;
    unsigned places, targets;
    uint64_t next_page; /* of the third guest's memory, which nobody else uses */
    struct place place[PLACES];
    struct target target[TARGETS];
};

/* Puts the tables into memory. Guests 0 and 1 get their second leaf table in their page 0. */
void places_make(struct places *p, struct world *w, struct model *m);
/* Edits a place: `draw` chooses the value, a new page is unlike any other. */
void places_edit(const struct place *place, struct model *m, uint32_t draw);
const char *places_name(enum place_kind kind);

#endif
