// SPDX-License-Identifier: Apache-2.0
/*
 * A random driver with planted mistakes, and the truth about each answer: a second device on the same memory,
 * without caches. What the driver does is an operation: it changes table entries, invalidates, waits,
 * returns; devices ask at any moment in between. An answer that memory no longer gives is
 *
 *   - a window while an operation is under way that has changed what the answer came from, or while a flush
 *     queue has the change and keeps its promise;
 *   - else wrong, and a finding has to name an operation that has changed it.
 *
 * And a finding has to name an operation in which a mistake was planted.
 */
#ifndef AMDVI_TEST_LINT_TRUTH_H
#define AMDVI_TEST_LINT_TRUTH_H

#include "amdvi/lint.h"
#include "machine/machine.h"

enum { TRUTH_DOMAINS = 3, TRUTH_PAGES = 16, TRUTH_PASID = 5, TRUTH_CANDIDATES = 6 };
enum { TRUTH_OPERATIONS = 8192, TRUTH_WRONG = 8192, TRUTH_RECORDS = 1 << 16 };

enum fault {
    FAULT_NONE,
    FAULT_NO_INVALIDATION, /* waits all the same */
    FAULT_NOTHING,         /* neither invalidates nor waits */
    FAULT_SHORT,           /* the last page is left out */
    FAULT_OTHER_DOMAIN,
    FAULT_NO_WAIT,
    FAULT_NO_PDE, /* of a directory only */
    FAULT_LATE,   /* a queue that takes three times as long as it may */
    FAULT_REUSED, /* a queue that gives an address away before its flush */
    FAULTS,
};

struct operation {
    enum fault fault;
    bool under_way, queued, directory, found;
    uint64_t ns;      /* of a queue: when it came in */
    uint32_t entries; /* of a queue: how many came in before */
    uint16_t domain;
};

/* What may have made the answers of a page stale. */
struct truth_page {
    uint32_t operations[TRUTH_CANDIDATES];
    unsigned count;
    uint64_t mapped; /* SPA; 0: not mapped */
    bool waiting;    /* in the queue */
};

struct truth {
    struct machine m;
    struct amdvi_device *twin;
    struct amdvi_lint *lint;
    uint64_t random, ns, record;
    bool queues;
    bool relies;  /* the lint is told when operations are over */
    bool told;    /* the lint may believe that it is told of all writes */
    uint32_t now; /* the operation under way, or the last */
    uint32_t operation_count;
    struct operation operations[TRUTH_OPERATIONS];
    uint32_t of_record[TRUTH_RECORDS]; /* operation in which a record was made */
    struct truth_page pages[TRUTH_DOMAINS][TRUTH_PAGES];
    uint64_t roots[TRUTH_DOMAINS], spare[TRUTH_DOMAINS]; /* `spare`: the other table of the lowest level */
    uint32_t queue[TRUTH_DOMAINS];                       /* entries of the flush queue */
    uint64_t queue_ns[TRUTH_DOMAINS];
    uint64_t queue_entries; /* ever */
    struct truth_page wrong[TRUTH_WRONG];
    unsigned wrong_count;
    uint64_t answers, windows, mistakes, found_by[8];
    const char *failure;
    char text[1024];
};

uint64_t truth_draw(struct truth *t, uint64_t below);
/* A record of its own, some time later. */
void truth_step(struct truth *t);
void truth_open(struct truth *t, uint64_t seed, bool queues, bool told, enum amdvi_lint_regime regime);
void truth_close(struct truth *t);
/* Tables, with all pages mapped. */
void truth_tables(struct truth *t);
/* Something is done: an operation, or requests of devices. */
void truth_act(struct truth *t);
/* What the lint has said is compared with the truth. False: `failure` says what. */
bool truth_judge(struct truth *t);

/* The driver ends in good order. */
void truth_close_down(struct truth *t);

/* truth_judge.c */
void truth_attach(struct truth *t, enum amdvi_lint_regime regime);
void truth_ask(struct truth *t);
void truth_changed(struct truth *t, unsigned domain, unsigned page);
void truth_flushed(struct truth *t, unsigned domain, unsigned page);
uint16_t truth_domain_id(unsigned domain);
uint16_t truth_device(unsigned domain);
uint64_t truth_address(unsigned domain, unsigned page);

/* Flush queues as Linux has them. */
enum { QUEUE_ENTRIES = 250, QUEUE_NS = 10000000 };

#endif
