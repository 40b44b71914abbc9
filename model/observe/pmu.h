// SPDX-License-Identifier: Apache-2.0
/*
 * Performance counters (2.9): banks of 48-bit event counters with filters.
 *
 * What happens is counted once, in struct amdvi_statistics. While a counter is programmed, a page of a
 * request and an interrupt count apart (watch.h), a command notes what it has invalidated, and hands that to
 * the counters when it is done, with the IDs that filters look at. Without a programmed counter that is one
 * branch at each end.
 */
#ifndef AMDVI_MODEL_PMU_H
#define AMDVI_MODEL_PMU_H

#include "amdvi/amdvi.h"
#include "model/registers.h"

enum { PMU_SOURCES = 0x19, PMU_FILTERED = 0x80 }; /* CSource codes 01h to 18h */

struct pmu_counter {
    uint64_t reg[CTR_COUNT];
};

/* Answers of the shortest way (requests/hit.h) are counted together: they are `given - left` more than the
 * counters say, until pmu_settle(). */
struct pmu_hits {
    uint64_t left;  /* how many may come before a counter rolls over */
    uint64_t given; /* the same when the counters were right */
    bool filtered;  /* not all of them count: looked at one by one */
    uint16_t count;
    uint16_t counters[]; /* numbers of those that count such answers */
};

struct pmu {
    bool active; /* a counter has an event source */
    uint8_t banks, per_bank;
    /* Null without PCSup. */
    struct pmu_counter *counters; /* of bank 0, then bank 1 ... */
    uint8_t *sources;             /* known CSource of each; with PMU_FILTERED where a filter is on */
    uint8_t words;
    uint64_t *counting; /* of each 64 counters by CSource: bit n, the n-th of them counts it */
    struct pmu_hits *hits;
    struct reg_mask mask[CTR_COUNT];
};

struct amdvi_device;
struct job;
struct dte;
struct translation;
struct watched_interrupt;

/* What a command did; one that waits is counted when it is done. */
struct watched_command {
    const uint64_t *words; /* with the host's IDs */
    bool done;
    uint32_t invalidations, entries;
};

bool pmu_create(struct amdvi_device *device);
void pmu_destroy(struct amdvi_device *device);
void pmu_reset(struct amdvi_device *device);

/* The aligned 4 bytes at `offset` of the register window, from CTR_SPACE_BASE on. */
uint32_t pmu_read(const struct amdvi_device *device, uint64_t offset);
void pmu_write(struct amdvi_device *device, uint64_t offset, uint32_t value);

/* Before counters are read by other means than pmu_read(). */
void pmu_settle(const struct amdvi_device *device);
/* After counters were written by other means than pmu_write(). */
void pmu_changed(struct amdvi_device *device);

/* Ends of operations; only called while `active`. Pages and interrupts have counted apart since
 * watch_begin(). */
void pmu_page(struct amdvi_device *device, const struct translation *t);
/* A page that the shortest way (requests/hit.h) is about to answer from the caches of entries and
 * translations, with nothing else to count. False, and nothing is counted: a counter would roll over, which
 * is the whole way's to report. */
bool pmu_hit(struct amdvi_device *device, const struct amdvi_request *request, const struct dte *dte);
void pmu_interrupt(struct amdvi_device *device, const struct job *job, const struct amdvi_statistics *counts,
                   const struct watched_interrupt *interrupt);
void pmu_command(struct amdvi_device *device, const struct job *job, const struct watched_command *command);
void pmu_counted_access(struct amdvi_device *device);

#endif
