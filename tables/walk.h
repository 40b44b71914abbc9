// SPDX-License-Identifier: Apache-2.0
/*
 * The page walk, written once as code that asks (house idea I): host (v1) walk, GCR3 lookup, guest (v2)
 * walk and their nesting, permissions and accessed/dirty updates (reference/iommu.md 4 and 5).
 *
 *     struct walk w;
 *     ask = walk_start(&w, &request);
 *     while (ask != WALK_DONE) { answer the question; ask = walk_step(&w); }
 *
 * The walk never reads memory and never looks into a cache: whoever runs it (an executor) answers each
 * question, at once or later. All state is in struct walk, so any number of walks can be under way.
 */
#ifndef AMDVI_TABLES_WALK_H
#define AMDVI_TABLES_WALK_H

#include "tables/dte.h"

enum walk_ask {
    WALK_DONE,   /* `reason` says how it ended */
    WALK_READ,   /* put the 8 bytes at SPA `address` into `value`, or set `failed` */
    WALK_UPDATE, /* if the 8 bytes at `address` equal `expected`, replace them by `desired`, as one atomic
                    operation; put what was there into `value`, or set `failed` */
    WALK_PROBE,  /* if a directory above the address is cached fill `probe` and set `probe.hit` */
};

/* What a question is about: for caches, statistics and explanations. */
enum walk_kind { WALK_HOST, WALK_GCR3, WALK_GUEST };

/* A failed answer: the type codes of hardware-error events (7.3). */
enum walk_error { WALK_ERROR_NONE, WALK_ERROR_MASTER_ABORT, WALK_ERROR_TARGET_ABORT, WALK_ERROR_DATA };

enum { WALK_TRAIL = 64, WALK_MAX_LEVELS = 6 };

/*
 * A directory: the table that is reached at `level` for `tag`, the address as far as it was used to get
 * there. Guest directories hold the SPA of the table page, GCR3 entries the GPA of the guest root.
 */
struct walk_dir {
    uint8_t kind; /* enum walk_kind */
    uint8_t level;
    uint8_t perm;       /* accumulated above the table, DTE.IR/IW not included */
    uint8_t guest_bits; /* accumulated guest permissions, WALK_GUEST only */
    bool hit;
    uint64_t tag;   /* GPA, GVA or PASID */
    uint64_t table; /* address of the table */
};

struct walk_request {
    const struct dte *dte;
    const struct tables_env *env;
    uint64_t address;
    uint32_t pasid;
    uint8_t need;   /* permissions that must be there: PERM_READ | PERM_WRITE | PERM_EXEC */
    uint8_t ask;    /* permissions wanted if they are there (ATS): no fault when missing */
    bool user;      /* not privileged */
    bool guest;     /* through the guest tables; `pasid` counts */
    bool giov;      /* guest walk of a request without PASID (5.2) */
    bool probe;     /* ask for cached directories and keep the trail */
    bool no_update; /* leave A and D bits alone: prefetches and inspections */
};

struct walk_result {
    uint64_t spa;
    uint64_t gpa;           /* output of the guest walk; the address itself without one */
    uint8_t shift;          /* log2 of the page: the smaller of guest and host (5.4) */
    uint8_t guest_shift;    /* log2 of the guest page, 0 without a guest walk */
    uint8_t perm;           /* granted, DTE.IR/IW not included */
    bool untranslated_only; /* U of the host leaf */
    bool force_coherent;    /* FC of the host leaf, Mode0FC without one */
    bool global;            /* G of the guest leaf */
    bool user_page;         /* U/S accumulated */
    bool dirty;             /* a write needs no further update */
    bool own;               /* granted because the request is privileged (13 #24): not for others */
};

/* Whose fault it is: decides GN and the address of the record (5.4, 13 #19, 15 D4). */
enum walk_stage { STAGE_HOST_FINAL, STAGE_HOST_TABLE, STAGE_GUEST };

struct walk {
    struct walk_request rq;
    /* the question */
    uint64_t address, value, expected, desired;
    uint8_t failed; /* enum walk_error */
    uint8_t kind, level;
    struct walk_dir probe;
    /* the answer */
    enum reason reason;
    enum walk_stage stage;
    uint64_t fault_address; /* GVA, GPA or (read errors) SPA */
    bool fault_update;      /* an A/D update failed: RW=1 in the record (15 D4) */
    struct walk_result result;
    struct walk_dir trail[WALK_TRAIL];
    uint8_t trail_count;
    uint16_t reads_host, reads_guest, reads_gcr3, updates;

    /* inside */
    uint8_t state;
    struct {
        uint64_t gpa, table;
        uint64_t spa[WALK_MAX_LEVELS], entry[WALK_MAX_LEVELS];
        uint8_t depth, level, need, perm, purpose, update, shift;
        bool dirty;
        uint64_t leaf;
        uint64_t out;
    } host;
    struct {
        uint64_t spa[WALK_MAX_LEVELS], gpa[WALK_MAX_LEVELS], entry[WALK_MAX_LEVELS];
        uint64_t table;
        uint8_t depth, level, bits, update, gcr3_level, shift;
        bool late; /* the dirty bit of an ATS request: after the host walk has granted the write */
        uint64_t leaf;
    } guest;
    uint8_t restarts;
};

/* PASID 0 by way of GIoV is zero-extended, everything else is a canonical x86 address (5.2). */
static inline bool walk_canonical(const struct dte *dte, uint64_t address, bool giov)
{
    unsigned bits = 12 + 9u * dte->guest_levels;
    uint64_t upper = address >> (bits - 1);

    return giov ? upper >> 1 == 0 : upper == 0 || upper == UINT64_MAX >> (bits - 1);
}

enum walk_ask walk_start(struct walk *w, const struct walk_request *request);
enum walk_ask walk_step(struct walk *w);

/* log2 of the default page of a host level (4.1): 12 + 9 * (level - 1). */
static inline unsigned host_level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

/* log2 of the page a 7h-coded address names, 0 if it names none (4.4). */
unsigned host_size7_shift(uint64_t entry);

#endif
