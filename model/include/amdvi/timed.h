// SPDX-License-Identifier: Apache-2.0
/*
 * Time: a device whose requests, commands and memory accesses take as long as ports, arrays, walkers and
 * memory say. What the device does is what it does without time (amdvi/external.h); the timed executor
 * answers its questions later and charges what was used on the way. Time is counted in picoseconds from
 * creation, in whole numbers: the same parameters, seed and submissions give the same times on every machine.
 *
 * A host submits with a time, and lets time pass with amdvi_timed_run(). Or it keeps the clock itself, as a
 * SystemC kernel does: amdvi_timed_next() says when something happens next, amdvi_timed_run() up to then lets
 * it happen. Memory is either built in, with latencies as the parameters say, or the host's: with `issue`
 * set, each access is handed out once the device may make it, and amdvi_timed_memory_done() gives its answer.
 *
 * While a struct amdvi_timed exists it is the device's surroundings: amdvi_external_attach() and
 * amdvi_submit_*() are not to be called beside it. Calls that answer at once (amdvi_translate(), registers)
 * still do, without taking time.
 */
#ifndef AMDVI_TIMED_H
#define AMDVI_TIMED_H

#include <amdvi/external.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------ parameters */

enum { AMDVI_TIMED_PARAMETERS_MAX = 64 };

/* All parameters; times in picoseconds, choices by number. Fill in with amdvi_timed_preset_parameters(). */
struct amdvi_timed_parameters {
    uint64_t value[AMDVI_TIMED_PARAMETERS_MAX];
};

struct amdvi_timed_parameter {
    const char *name;
    const char *unit;     /* time, cycles, count, number, ppm, switch, choice */
    const char *fallback; /* default, in the form that amdvi_timed_set() takes */
    const char *values;   /* of a choice or switch, with | between them; else empty */
    uint64_t least, most; /* times in picoseconds */
    const char *meaning;
    const char *origin; /* of the default: source, inferred, assumption */
    const char *basis;
};

struct amdvi_timed_preset {
    const char *name;
    const char *meaning;
    const char *settings; /* NAME=VALUE,NAME=VALUE: what differs from the defaults */
    const char *device;   /* KEY=VALUE,KEY=VALUE: keys of the device (amdvi_config_set()) that go with it */
};

/* Number `index`, from 0; null after the last one. */
const struct amdvi_timed_parameter *amdvi_timed_parameter_at(size_t index);
/* Preset number `index`, from 0; null after the last one. */
const struct amdvi_timed_preset *amdvi_timed_preset_at(size_t index);

/* Sets all parameters to a preset's values; null: generic. AMDVI_ERR_BAD_VALUE: no such preset. */
enum amdvi_status amdvi_timed_preset_parameters(struct amdvi_timed_parameters *parameters,
                                                const char *preset);

/* Sets the keys of the device that go with a preset; null: none. AMDVI_ERR_BAD_VALUE: no such preset. */
enum amdvi_status amdvi_timed_preset_device(struct amdvi_config *config, const char *preset);

/* One parameter. Times carry a unit: 150ns. AMDVI_ERR_UNKNOWN_KEY, AMDVI_ERR_BAD_VALUE. */
enum amdvi_status amdvi_timed_set(struct amdvi_timed_parameters *parameters, const char *name,
                                  const char *value);
/* The value of one parameter; times in picoseconds. AMDVI_ERR_UNKNOWN_KEY. */
enum amdvi_status amdvi_timed_get(const struct amdvi_timed_parameters *parameters, const char *name,
                                  uint64_t *value);

/* AMDVI_ERR_BAD_VALUE when a value is out of range, or l1.outstanding of all ports together is more than
 * 60,000; `*name` is then which. */
enum amdvi_status amdvi_timed_check(const struct amdvi_timed_parameters *parameters, const char **name);

/* ------------------------------------------------------------------------------ running */

struct amdvi_timed;

#define AMDVI_TIMED_NEVER UINT64_MAX
/* The clock's end, 13 days: submissions above are refused, what would happen later happens at it, and time
 * stands there. */
#define AMDVI_TIMED_LAST ((UINT64_C(1) << 60) - 1)

/* Where a request was answered. */
enum amdvi_timed_place {
    AMDVI_TIMED_L1,      /* the port's own cache */
    AMDVI_TIMED_L2,      /* the device's caches, or there was nothing to translate */
    AMDVI_TIMED_WALK,    /* memory was asked */
    AMDVI_TIMED_DROPPED, /* the port was full (l1.full=drop): status AMDVI_ERR_BUSY, nothing was done */
    AMDVI_TIMED_ATC,     /* the device's own translation cache */
    AMDVI_TIMED_PLACES
};

/* How something submitted has ended; lives as long as the call. */
struct amdvi_timed_completion {
    const struct amdvi_completion *what; /* `work` is null */
    uint64_t submitted, done;            /* ps */
    enum amdvi_timed_place place;        /* of requests */
    uint32_t reads;                      /* accesses to memory made for it, merged ones not counted */
    uint64_t waited_port, waited_walker; /* ps of it spent waiting for a free place at the port, a walker */
};

/* The host. It may submit from inside its functions, at the present or later, and answer memory. */
struct amdvi_timed_host {
    void *context;
    /* May be null. Called at the time at which it ends (amdvi_timed_now()). */
    void (*complete)(void *context, const struct amdvi_timed_completion *completion);
    /* Null: the built-in memory. Else each access is the host's to answer, from the present on. */
    void (*issue)(void *context, const struct amdvi_ask *ask);
};

/*
 * Takes the device on, whose clock starts at 0. `parameters` and `host` are copied; null: preset generic, a
 * host that hears of nothing. `allocator` null: malloc and free. AMDVI_ERR_BAD_VALUE for parameters that
 * amdvi_timed_check() refuses, AMDVI_ERR_BUSY for a device with something under way.
 */
enum amdvi_status amdvi_timed_create(struct amdvi_device *device,
                                     const struct amdvi_timed_parameters *parameters,
                                     const struct amdvi_timed_host *host,
                                     const struct amdvi_allocator *allocator, struct amdvi_timed **timed);

/* What is under way is taken back and not heard of any more. Null is no mistake. Not from inside a callback.
 */
void amdvi_timed_destroy(struct amdvi_timed *timed);

/* The present, in picoseconds since creation. */
uint64_t amdvi_timed_now(const struct amdvi_timed *timed);

/* Submissions at time `when`, the present or later; each ends with a call of complete() with its tag.
 * `port`: whose L1, below l1.ports. AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY. */
enum amdvi_status amdvi_timed_request(struct amdvi_timed *timed, uint64_t when, unsigned port,
                                      const struct amdvi_request *request, uint64_t tag);
/*
 * By a device with a translation cache of its own (ATS; parameters atc.*): an untranslated request, which the
 * device answers from there, or for which it asks the IOMMU for a translation. The result is that of the
 * translation; the access with the translated address is not part of it.
 */
enum amdvi_status amdvi_timed_atc_request(struct amdvi_timed *timed, uint64_t when, unsigned port,
                                          const struct amdvi_request *request, uint64_t tag);
/* What a host's atc_invalidate callback answers for such a device: the invalidation goes to the device, and
 * its completion comes back, in time. AMDVI_ATC_DONE only for null, or when there is no memory. */
enum amdvi_atc_answer amdvi_timed_atc_invalidate(struct amdvi_timed *timed,
                                                 const struct amdvi_atc_invalidation *invalidation);
/* A message-signalled interrupt at time `when`. */
enum amdvi_status amdvi_timed_interrupt(struct amdvi_timed *timed, uint64_t when, unsigned port,
                                        uint16_t requester, uint64_t address, uint32_t data, uint64_t tag);
/* A page request at time `when`. */
enum amdvi_status amdvi_timed_page_request(struct amdvi_timed *timed, uint64_t when, unsigned port,
                                           const struct amdvi_page_request *request, uint64_t tag);
/* Takes effect command.doorbell later. Up to 1,024 are under way at a time: what is one too many when it
 * takes effect completes with AMDVI_ERR_BUSY, and has done nothing. */
enum amdvi_status amdvi_timed_register(struct amdvi_timed *timed, uint64_t when,
                                       const struct amdvi_register_access *access, uint64_t tag);

/* How a list of latencies is used: each drawn from it, or one after the other, from the first again behind
 * the last. */
enum amdvi_timed_latency_order { AMDVI_TIMED_DRAWN, AMDVI_TIMED_IN_TURN };

enum { AMDVI_TIMED_LATENCY_MAX = 1000000000 };

/* Reads of the built-in memory take what a list says (a measured distribution, a trace) in place of
 * memory.latency; picoseconds, at most AMDVI_TIMED_LATENCY_MAX, copied. `count` 0: as the parameters say. */
enum amdvi_status amdvi_timed_set_latencies(struct amdvi_timed *timed, enum amdvi_timed_latency_order order,
                                            const uint64_t *latencies, uint32_t count);

/* When something happens next; AMDVI_TIMED_NEVER: nothing does by itself. */
uint64_t amdvi_timed_next(const struct amdvi_timed *timed);

/* When a host that keeps the clock has to call amdvi_timed_run() next: as amdvi_timed_next(), but neither for
 * places of announced answers that have not come (the answer itself is what happens then) nor for ends that
 * it has heard of ahead. AMDVI_TIMED_NEVER: not by itself. */
uint64_t amdvi_timed_wake(struct amdvi_timed *timed);
/*
 * `hear` is told of each end of something submitted as soon as nothing changes it any more: `done`, in
 * picoseconds, is then the present or later. True: the host takes it so, and complete() is not called for it;
 * false: complete() comes at its time. It has the context of struct amdvi_timed_host, is called from the
 * middle of things, and must not call this executor or its device. Of amdvi_timed_atc_request() nobody is
 * told ahead. Null: nobody is told. AMDVI_ERR_ARGUMENT for a null `timed`.
 */
enum amdvi_status amdvi_timed_hear_ahead(struct amdvi_timed *timed,
                                         bool (*hear)(void *context,
                                                      const struct amdvi_timed_completion *completion));

/* Lets everything happen up to and at `until`, which is the present then; AMDVI_TIMED_NEVER: until nothing
 * happens any more, and the present is when the last thing did. Other times above AMDVI_TIMED_LAST count as
 * that. AMDVI_ERR_BUSY from inside a callback; AMDVI_ERR_STUCK with AMDVI_TIMED_NEVER and the built-in memory
 * when something submitted can no longer end: amdvi_timed_explain() says who waits for whom. */
enum amdvi_status amdvi_timed_run(struct amdvi_timed *timed, uint64_t until);

/* amdvi_set_guest_share() for a device under time: guests that their caps hold back go on when their time has
 * come. */
enum amdvi_status amdvi_timed_guest_share(struct amdvi_timed *timed, uint16_t guest_id,
                                          const struct amdvi_guest_share *share);

/* Walkers that are at work at the present; 0 for null. */
uint32_t amdvi_timed_busy_walkers(const struct amdvi_timed *timed);

/* What is submitted and has not ended. */
uint64_t amdvi_timed_pending(const struct amdvi_timed *timed);

/* The host's answer to ask `id`, now (amdvi_timed_now()); with null the device's own memory gives the bytes.
 * As amdvi_memory_done(). */
enum amdvi_status amdvi_timed_memory_done(struct amdvi_timed *timed, uint64_t id,
                                          enum amdvi_memory_result result, const void *data);
/* The same, with the bytes of the device's own memory. */
enum amdvi_status amdvi_timed_memory_answer(struct amdvi_timed *timed, uint64_t id);

/*
 * Several things may happen at the same picosecond, and who is first may matter for those behind. A host that
 * knows how long an access takes says so from issue(): the answer to `id` has its place among the events of
 * the moment `when`, later than now, as the built-in memory's would. amdvi_timed_run() stops at such a place
 * while the answer has not come, and the clock stands still: until amdvi_timed_memory_answer(), or
 * amdvi_timed_memory_done() without data, or until amdvi_timed_late() gives the place up. Answers at other
 * times are taken when they come. AMDVI_ERR_ARGUMENT for an id that is not open, a time that is not later or
 * is beyond AMDVI_TIMED_LAST, or a second time.
 */
enum amdvi_status amdvi_timed_memory_expect(struct amdvi_timed *timed, uint64_t id, uint64_t when);
/* Whether it stands still there. */
bool amdvi_timed_awaits(const struct amdvi_timed *timed);
/* The answer that is waited for comes later than expected; amdvi_timed_run() goes on. */
void amdvi_timed_late(struct amdvi_timed *timed);

/* Who waits for whom, for people: when something is pending and nothing happens any more. Cut to `size` bytes
 * with the final 0. */
enum amdvi_status amdvi_timed_explain(const struct amdvi_timed *timed, char *text, size_t size);

/* ------------------------------------------------------------------------------ statistics */

enum amdvi_timed_class {
    AMDVI_TIMED_TABLES, /* device table, page tables, interrupt entries */
    AMDVI_TIMED_COMMANDS,
    AMDVI_TIMED_GUESTS, /* ID maps, register slots, posted interrupts */
    AMDVI_TIMED_WRITES, /* stores and log records */
    AMDVI_TIMED_CLASSES
};

/* Since creation or amdvi_timed_restart(). */
struct amdvi_timed_statistics {
    uint64_t since, now; /* ps */
    uint64_t submitted, completed, dropped;
    uint64_t requests[AMDVI_TIMED_PLACES];
    uint64_t asks[AMDVI_TIMED_CLASSES];           /* made in memory */
    uint64_t credit_wait_ps[AMDVI_TIMED_CLASSES]; /* of all asks together */
    uint64_t busy_ps[AMDVI_TIMED_CLASSES];        /* credits in use, summed over time */
    uint64_t merged_lines, merged_pages;          /* asks and requests that waited for another's */
    uint64_t lines_kept, maps_kept;               /* command lines and map entries that needed no access */
    uint64_t walks, walker_wait_ps, walker_busy_ps;
    uint64_t port_wait_ps;
    uint64_t commands, invalidations;
    uint64_t stolen_l2a_ps, stolen_l2b_ps; /* array time that invalidations took */
    uint64_t flush_wait_ps;                /* rings that waited for older walks */
    uint64_t prefetches;                   /* of the walker, a line each */
    uint64_t atc_invalidations;
};

/* Copies the counters. AMDVI_ERR_ARGUMENT for null. */
enum amdvi_status amdvi_timed_get_statistics(const struct amdvi_timed *timed,
                                             struct amdvi_timed_statistics *statistics);
/* Warm-up is over: statistics and histograms start at zero. */
enum amdvi_status amdvi_timed_restart(struct amdvi_timed *timed);

enum amdvi_timed_histogram {
    AMDVI_TIMED_ALL_REQUESTS,
    AMDVI_TIMED_WALKED_REQUESTS,
    AMDVI_TIMED_INTERRUPTS,
    AMDVI_TIMED_REGISTERS,
    AMDVI_TIMED_MEMORY,
    AMDVI_TIMED_HISTOGRAMS
};

/* The latency in ps below or at which the share `ppm` of all lies, to 3 %; 0 when there is none. 1,000,000:
 * the greatest, exactly. */
enum amdvi_status amdvi_timed_percentile(const struct amdvi_timed *timed, enum amdvi_timed_histogram which,
                                         uint32_t ppm, uint64_t *ps);
/* How many latencies the histogram holds, and their mean in picoseconds. */
enum amdvi_status amdvi_timed_mean(const struct amdvi_timed *timed, enum amdvi_timed_histogram which,
                                   uint64_t *count, double *ps);

/* ------------------------------------------------------------------------------ a VMM that traps */

/*
 * The same guest without HW-vIOMMU: what each submission to its command buffer costs when the VMM traps it
 * (parameters trap.*). One server for each lock; times never go back.
 */
struct amdvi_trap {
    struct amdvi_timed_parameters parameters;
    uint64_t free_at[64]; /* trap.lock=guest: guest modulo 64 */
    uint64_t busy_ps, wait_ps, submissions;
    uint64_t ends[64]; /* of the last submissions, for the length of the queue */
};

/* No submission yet. `parameters` is copied. AMDVI_ERR_ARGUMENT for null, AMDVI_ERR_BAD_VALUE as
 * amdvi_timed_check(). */
enum amdvi_status amdvi_trap_begin(struct amdvi_trap *trap, const struct amdvi_timed_parameters *parameters);
/* A submission of guest `guest` at `when`: when the guest goes on. Submissions come in the order of time. */
enum amdvi_status amdvi_trap_submit(struct amdvi_trap *trap, uint64_t when, unsigned guest, uint64_t *done);

#ifdef __cplusplus
}
#endif

#endif
