// SPDX-License-Identifier: Apache-2.0
/*
 * Faults on demand: memory that fails, caches with bit errors, devices that do not answer. With them the
 * hardware-error events 3, 4, 6 and 7 [7.3] and the recovery from them can be reached from tests and studies.
 *
 * A plan is a list of rules. Each rule names a kind of operation and perhaps a part of it, counts the
 * operations that match, and acts on the n-th, on every n-th, or on all of them. The first rule that acts
 * on an operation decides; every rule counts it.
 *
 * As text (configuration key `inject.plan`): rules separated by ';', the parts of a rule by ':'.
 *
 *     (read|write|any):CLASS [:addr=FIRST-LAST] [:nth=N|:every=N] :(master_abort|target_abort|data_error)
 *     cache:(dtc|itc|ptc|pdc|gcr3) [:dev=ID|:addr=FIRST-LAST] [:nth=N|:every=N] :(drop|corrupt)
 *     atc [:dev=ID] [:nth=N|:every=N] :(timeout|delay=NANOSECONDS)
 *     prg [:dev=ID] [:nth=N|:every=N] :drop
 *
 * CLASS is dte, pte (host tables), gcr3, gpte (guest tables), irte, command, log, store, vapic, map, data or
 * all. An update of accessed and dirty bits is a write. `addr=A` is the one byte A. Numbers are decimal or
 * 0x hex. Examples:
 *
 *     read:pte:nth=5:data_error;atc:dev=0x100:timeout
 *     write:log:addr=0x20000-0x20fff:master_abort
 */
#ifndef AMDVI_INJECT_H
#define AMDVI_INJECT_H

#include "amdvi/amdvi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AMDVI_INJECT_RULES_MAX = 16, AMDVI_INJECT_TEXT_MAX = 512 };

enum amdvi_inject_what {
    AMDVI_INJECT_MEMORY, /* an access of the device to memory */
    AMDVI_INJECT_CACHE,  /* an entry that is about to answer */
    AMDVI_INJECT_ATC,    /* the completion of an ATS invalidation */
    AMDVI_INJECT_PRG,    /* a PRG response on its way to a device */
};

enum amdvi_inject_action {
    AMDVI_INJECT_MASTER_ABORT = AMDVI_MEMORY_MASTER_ABORT,
    AMDVI_INJECT_TARGET_ABORT = AMDVI_MEMORY_TARGET_ABORT,
    AMDVI_INJECT_DATA_ERROR = AMDVI_MEMORY_DATA_ERROR,
    AMDVI_INJECT_DROP,    /* CACHE: the entry is gone; PRG: the response is lost */
    AMDVI_INJECT_CORRUPT, /* CACHE: a parity error: the entry is thrown away and counted */
    AMDVI_INJECT_TIMEOUT, /* ATC: the completion never comes */
    AMDVI_INJECT_DELAY,   /* ATC: it comes `delay` nanoseconds later than it would */
};

struct amdvi_inject_rule {
    uint8_t what;       /* enum amdvi_inject_what */
    uint8_t action;     /* enum amdvi_inject_action, one that goes with `what` */
    bool reads, writes; /* MEMORY */
    uint8_t cache;      /* CACHE: enum amdvi_cache */
    bool by_address;    /* MEMORY: SPA; PTC, PDC: the address that is translated; GCR3: the PASID */
    bool by_device;     /* DTC, ITC, ATC, PRG */
    uint16_t device;
    uint32_t classes;     /* MEMORY: bit n stands for enum amdvi_access n */
    uint64_t first, last; /* `by_address`: any byte of the operation in this range */
    uint64_t nth;         /* the nth match only, from 1; 0: see `every` */
    uint64_t every;       /* each `every`-th match; 0 and 1: all */
    uint64_t delay;       /* nanoseconds */
};

/* How often a rule matched and how often it acted, since the plan was made. */
struct amdvi_inject_count {
    uint64_t matched, acted;
};

/*
 * Replaces the plan of a device; the rules are copied, counts start at 0. `count` 0 switches it off. A rule
 * whose fields do not go together, or more than AMDVI_INJECT_RULES_MAX, give AMDVI_ERR_BAD_VALUE.
 * amdvi_reset() brings back the plan of the configuration.
 */
enum amdvi_status amdvi_inject(struct amdvi_device *device, const struct amdvi_inject_rule *rules,
                               size_t count);

/* Counts of rule number `index` of the plan, from 0; AMDVI_ERR_END after the last one. */
enum amdvi_status amdvi_inject_count(const struct amdvi_device *device, size_t index,
                                     struct amdvi_inject_count *count);

/* A plan from its text. `rules` has room for `room`; AMDVI_ERR_TOO_SMALL when that is not enough,
 * AMDVI_ERR_BAD_VALUE for texts that are no plan. The empty text is the empty plan. */
enum amdvi_status amdvi_inject_parse(const char *text, struct amdvi_inject_rule *rules, size_t room,
                                     size_t *count);

#ifdef __cplusplus
}
#endif

#endif
