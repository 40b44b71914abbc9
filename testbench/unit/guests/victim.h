// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that works through a script drawn from a seed, and a journal of all that it can see: registers, log
 * records, stores, translations, interrupts, invalidations of its devices, its memory. Host IDs and addresses
 * are written down as the guest knows them, so that journals of different places compare.
 */
#ifndef AMDVI_TEST_GUESTS_VICTIM_H
#define AMDVI_TEST_GUESTS_VICTIM_H

#include "testbench/unit/guests/world.h"

enum note_kind {
    NOTE_NONE,
    NOTE_REGISTER,
    NOTE_RESULT,
    NOTE_EVENT,
    NOTE_IRQ,
    NOTE_ATC,
    NOTE_PRG,
    NOTE_MEMORY,
    NOTE_PAGE_REQUEST,
    NOTE_PROGRESS,
    NOTE_HOST,
};

struct note {
    uint64_t step;
    enum note_kind kind;
    uint64_t word[4];
};

struct journal {
    struct note *notes;
    size_t count, room;
};

struct victim {
    struct world *world;
    unsigned g;
    uint64_t random, step;
    unsigned tail;      /* of its ring, in commands */
    uint64_t wait_data; /* of the last COMPLETION_WAIT */
    uint64_t wait_gpa;
    unsigned head; /* before this step */
    uint64_t done; /* commands, in all */
    /* What devices of others answer; null: at once. */
    enum amdvi_atc_answer (*others)(void *context, const struct amdvi_atc_invalidation *invalidation);
    void *others_context;
    struct journal journal;
};

uint64_t next_random(uint64_t *state);

/* Takes the world's notes and its observer. */
void victim_open(struct victim *v, struct world *w, unsigned g, uint64_t seed);
void victim_close(struct victim *v);
/* Work of one step: commands put into the ring and the doorbell rung, not run yet; then, after the device has
 * run, requests and a look at everything. */
void victim_begin(struct victim *v);
void victim_end(struct victim *v);
/* Something of the host that a guest relies on. */
void victim_note_host(struct victim *v, uint64_t value);
/* The whole of what a guest's registers and memory hold. */
uint64_t victim_memory(const struct world *w, unsigned g);
/* Index of the first difference, or SIZE_MAX. */
size_t journal_compare(const struct journal *a, const struct journal *b);
void journal_print(const struct journal *journal, size_t at, const char *name);

#endif
