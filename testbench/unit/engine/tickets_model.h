// SPDX-License-Identifier: Apache-2.0
/*
 * What a device may answer, whatever it caches: a model without caches, with a memory of the past.
 *
 * A clock ticks at each edit of a table and at each invalidation. Each word that was edited keeps its
 * history, and each invalidation whose COMPLETION_WAIT has completed (6.4) is a fence with the time at which
 * software gave it. A word that was replaced before the newest fence that covers it is forgotten. An answer
 * is allowed if some choice of the remaining versions of each word on its way gives it: a walk may meet an
 * old directory and a new page.
 *
 * Bits are typed from the reference here, not taken from the library's accessors.
 */
#ifndef AMDVI_TEST_TICKETS_MODEL_H
#define AMDVI_TEST_TICKETS_MODEL_H

#include "testbench/unit/guests/world.h"

enum { HISTORIES = 256, VERSIONS = 40, FENCES = 512, ENTRY_WORDS = 4, MODEL_DEVICES = 12, WHOLE_RANGE = 64 };

struct version {
    uint64_t since;
    uint64_t words[ENTRY_WORDS];
};

/* Of a table entry: 8 bytes, 16 (interrupts) or 32 (device table). Reads of it are single. */
struct history {
    uint64_t spa;
    unsigned words, count;
    struct version at[VERSIONS];
};

enum fence_kind {
    FENCE_HOST_PAGES,  /* opcode 3, GN=0 */
    FENCE_GUEST_PAGES, /* opcode 3, GN=1 */
    FENCE_NESTED,      /* a guest's opcode 3, GN=0: all that is nested in the domain (viommu 11 #16) */
    FENCE_ENTRY,       /* opcode 2 */
    FENCE_INTERRUPTS,  /* opcode 5 */
    FENCE_GUEST,       /* a guest's opcode 8 (viommu 11 #14) */
    FENCE_ALL,         /* opcode 8 */
};

struct fence {
    enum fence_kind kind;
    uint16_t device, domain;
    uint32_t pasid;
    bool pde;
    unsigned guest; /* FENCE_GUEST: number in the world */
    unsigned shift; /* of the range, by log2; WHOLE_RANGE: everything */
    uint64_t base;
    unsigned ring;
    uint64_t time, done; /* when software gave it, and when its COMPLETION_WAIT had completed */
};

struct model {
    struct world *world;
    uint64_t now;
    uint16_t slot_of[WORLD_BYTES / 8]; /* history + 1 of an entry that begins here */
    unsigned histories, fences;
    struct history history[HISTORIES];
    struct fence fence[FENCES];
    uint16_t devices[MODEL_DEVICES]; /* all whose entries may give a domain its tables */
    unsigned device_count;
};

/* As after a fence that covers everything. */
void model_forget(struct model *m);
/* Replaces an entry in memory; the clock ticks by model_tick(), so that entries may change together. */
void model_tick(struct model *m);
void model_edit(struct model *m, uint64_t spa, unsigned words, const uint64_t *value);
void model_complete(struct model *m, const struct fence *fence);

/* Whether the device may give this answer now. */
bool model_allows(const struct model *m, const struct amdvi_request *request,
                  const struct amdvi_result *result);
bool model_allows_interrupt(const struct model *m, uint16_t device, uint32_t index,
                            const struct amdvi_int_result *result);
/* Whether a line of the translation cache may be there. */
bool model_allows_line(const struct model *m, const struct amdvi_cache_line *line);

#endif
