// SPDX-License-Identifier: Apache-2.0
/*
 * Finds what a driver has forgotten: invalidations that are missing, device table entries that hardware saw
 * half-written, reserved bits, base registers changed under a running device, and what hypervisors get wrong
 * about guests.
 *
 *     struct amdvi_lint_options options = {.windows = true};
 *     struct amdvi_lint *lint;
 *     amdvi_lint_create(device, &options, &lint);
 *     amdvi_lint_mark(lint, line, ns);              // before each step: where findings point to
 *     amdvi_lint_write(lint, spa, bytes, length);   // software writes memory
 *     // ... amdvi_mmio_write(), amdvi_run(), amdvi_translate() ...
 *     amdvi_lint_finish(lint);                      // what is still open is reported now
 *     amdvi_lint_destroy(lint);
 *
 * How it judges. Whenever a cache has answered a request or an interrupt, the lint asks memory the same
 * question, without caches and without side effects. If memory would give another address, fewer
 * permissions, another interrupt, or (device table, directory and interrupt entries) an answer instead of a
 * fault, the cached entry is stale and the answer was dangerous. Entries that only grant less than memory
 * now does are no mistake: hardware walks again [10.2].
 *
 * A driver changes a table first and invalidates after that, so a stale answer alone proves nothing: it is
 * held until it is known what became of it. What is known depends on how the driver works (`regime`):
 *
 *  - A synchronous driver changes a table, invalidates, and waits (COMPLETION_WAIT), before it lets go of the
 *    memory. Between the change and the end of the wait the old translation is as good as the new one [6.4].
 *    A wait that was given to the device after the change and ran without the invalidation before it, proves
 *    that the invalidation is missing, or does not reach far enough; and an invalidation after which the
 *    driver went on without a wait, that the wait is. Other processors may wait for themselves meanwhile:
 *    `processors`.
 *  - A flush queue collects changes and invalidates a whole domain once in a while. A stale answer is a
 * window then (AMDVI_LINT_WINDOW, told with `windows`), as long as the queue keeps its promise: not more than
 *    `queue_entries` changes, not longer than `queue_ns`, and no address used again before its flush.
 *
 * Which of the two holds for a domain is told from its stream: invalidations of ranges right after the change
 * are one kind, of the whole domain and late the other. Device table entries and interrupt entries are never
 * queued. In either regime these are mistakes: an answer after amdvi_lint_rely(), an address that was
 * unmapped and mapped anew without an invalidation between, what lasts longer than `patience_records`, and
 * what is not invalidated when amdvi_lint_finish() comes. An answer that is a mistake stays one, whatever is
 * invalidated later.
 *
 * Findings about one operation of the driver are one finding, with the range that all of them have together;
 * what comes to it afterwards is counted (`grouped`).
 *
 * amdvi_reset() and amdvi_restore() drop everything that is cached: what is held back then was a window, and
 * what hardware has read before is forgotten. Statistics and findings stay.
 *
 * The lint attaches an observer of its own (amdvi_observer_attach()). An answer that was right once is right
 * as long as the words of memory that it was made of are the same: they are compared at each hit, unless the
 * option `told` says when that is needless. Where somebody else observes hits or accesses, each hit costs a
 * shadow walk. A device without a lint pays nothing. One lint belongs to one device and to its thread.
 */
#ifndef AMDVI_LINT_H
#define AMDVI_LINT_H

#include "amdvi/amdvi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_lint;

enum amdvi_lint_kind {
    AMDVI_LINT_STALE_ENTRY,        /* "stale-entry": an invalidation is missing */
    AMDVI_LINT_TORN_DTE,           /* "torn-dte": hardware read a live entry between two partial writes */
    AMDVI_LINT_RESERVED_BITS,      /* "reserved-bits": written by software, read by the device */
    AMDVI_LINT_BASE_WHILE_RUNNING, /* "base-while-running": a base register changed under a running unit */
    AMDVI_LINT_SHARED_DOMAIN,      /* "shared-domain": two devices, one DomainID, different host tables */
    AMDVI_LINT_EMPTY_DOORBELL,     /* "empty-doorbell": the command tail was written, nothing was new */
    AMDVI_LINT_WIPED_ENABLES,      /* "wiped-enables": a new base in VF Control took the enable bits along */
    AMDVI_LINT_MAP_UNMAPPED,       /* "map-unmapped": a DID map write has no memory behind it */
    AMDVI_LINT_DIRTY_LOST,         /* "dirty-lost": software cleared the bit of a guest with commands left */
    AMDVI_LINT_GUEST_CONTROL,      /* "guest-control": VF Control is not what the guest's Control asks for */
    AMDVI_LINT_STALE_DIRTY,      /* "stale-dirty": a write left no dirty bit, for it met an old translation */
    AMDVI_LINT_TORN_IRTE,        /* "torn-irte": as torn-dte, of a 128-bit interrupt entry */
    AMDVI_LINT_RING_OVERWRITTEN, /* "ring-overwritten": a command written over one not yet fetched */
    AMDVI_LINT_UNSEEN_COMMAND,   /* "unseen-command": written, and the tail never moved over it */
    AMDVI_LINT_WAIT_BACKWARDS,   /* "wait-backwards": COMPLETION_WAITs store numbers that go back */
    AMDVI_LINT_GUEST_NOT_RESET,  /* "guest-not-reset": a GuestID used again without RESET_VMMIO */
    AMDVI_LINT_MAP_TO_ZERO,      /* "map-to-zero": a DevIDMap entry that leads to host device 0 */
    AMDVI_LINT_PPR_ANSWER,       /* "ppr-answer": a page request group answered wrongly, twice or never */
    AMDVI_LINT_MISSING_WAIT, /* "missing-wait": the driver went on before its invalidation was waited for */
    /* "register-while-running": a pointer or mode that is not software's to change now */
    AMDVI_LINT_REGISTER_WHILE_RUNNING,
    AMDVI_LINT_STALE_ATC, /* "stale-atc": a device's own cache keeps what the IOMMU's caches have dropped */
    AMDVI_LINT_KINDS
};

enum amdvi_lint_severity {
    AMDVI_LINT_NOTE,   /* wasteful */
    AMDVI_LINT_WINDOW, /* a request met the entry between its change and its invalidation */
    AMDVI_LINT_MISTAKE,
};

/* How a driver invalidates. */
enum amdvi_lint_regime {
    AMDVI_LINT_AUTO, /* as the stream of each domain shows */
    AMDVI_LINT_SYNCHRONOUS,
    AMDVI_LINT_QUEUED,
};

/* What proves a stale answer wrong. */
enum amdvi_lint_proof {
    AMDVI_LINT_NEVER,      /* amdvi_lint_finish() came before an invalidation */
    AMDVI_LINT_WAITED,     /* a COMPLETION_WAIT without the invalidation before it */
    AMDVI_LINT_NOT_WAITED, /* the invalidation came, the wait behind it did not */
    AMDVI_LINT_REUSED,     /* the address was mapped anew without an invalidation between */
    AMDVI_LINT_OVERDUE,    /* longer than a flush queue may take, or `patience_records` */
    AMDVI_LINT_RELIED,     /* software relied on the change: amdvi_lint_rely() */
};

/* What a command that came close lacked; the closest is told. */
enum amdvi_lint_lack {
    AMDVI_LINT_NO_COMMAND, /* none came close */
    AMDVI_LINT_LACKS_DOMAIN,
    AMDVI_LINT_LACKS_PASID,
    AMDVI_LINT_LACKS_GN, /* GN=1 does not reach what host tables translate */
    AMDVI_LINT_LACKS_RANGE,
    AMDVI_LINT_LACKS_PDE,
    AMDVI_LINT_LACKS_DEVICE,
};

/* When something happened, in the caller's terms; `record` counts amdvi_lint_mark() calls, 0: unknown.
 * `place`: amdvi_lint_place(). */
struct amdvi_lint_mark {
    uint64_t record, line, ns, place;
};

/* One finding. Fields that do not belong to its kind are 0. */
struct amdvi_lint_finding {
    enum amdvi_lint_kind kind;
    enum amdvi_lint_severity severity;
    struct amdvi_lint_mark at; /* the first wrong answer, or the action that is wrong */

    /* the request or interrupt */
    bool interrupt;
    struct amdvi_request request; /* `device`, `address` also of interrupts */
    uint32_t data;                /* of an interrupt */

    /* the entry that answered: what was cached, what memory says */
    enum amdvi_cache cache;
    uint16_t domain;
    bool has_pasid;
    uint32_t pasid;
    uint32_t index;                /* ITC */
    uint16_t sharer;               /* shared-domain: the other device */
    uint64_t got, should;          /* SPA, first word of a DTE or an IRTE */
    uint8_t got_perm, should_perm; /* 0: refused */
    struct amdvi_lint_mark filled; /* when hardware last read the word below before it changed */

    /* the change */
    uint64_t word; /* SPA of the 8 bytes that changed; 0: not known */
    uint64_t old_value, new_value;
    struct amdvi_lint_mark changed;

    /* what was needed: a command, its opcode and IDs as the fields above say */
    uint64_t needed[2];
    uint64_t first, last;               /* address range of an INVALIDATE_IOMMU_PAGES */
    uint64_t danger_records, danger_ns; /* from the change to this answer */
    uint64_t times;   /* wrong answers until now, of all that is in this finding; 0: none met it yet */
    uint64_t entries; /* table words that were changed and are in this finding */
    enum amdvi_lint_proof proof;
    /* The command after the change that came closest, what it lacked, and when it was given to the device. */
    enum amdvi_lint_lack lack;
    uint64_t near[2];
    struct amdvi_lint_mark near_at;
    uint64_t missed; /* LACKS_RANGE: bytes between its range and the page */
    bool late;       /* LACKS_RANGE: its range begins behind the page; else it ends before */

    uint16_t
        guest;   /* GuestID, of the four kinds about guests; `word` is then a VF Control offset or an IPA */
    uint8_t bit; /* guest-control: of the guest's Control register */
    uint16_t guest_device; /* gDevID, where a guest's device or command is meant */
    bool has_guest;        /* `guest` owns the device of the request, which it calls `guest_device` */
    const char *text;      /* one line without a final new line; lives until the callback returns */
    uint16_t guest_domain; /* gDomID: the lowest by which the guest's DomIDMap names `domain` */
    bool has_guest_domain; /* it names it */
};

struct amdvi_lint_options {
    void *context;
    void (*finding)(void *context, const struct amdvi_lint_finding *finding); /* may be null */
    bool windows; /* report stale answers that were invalidated later */
    enum amdvi_lint_regime regime;
    unsigned processors;       /* that drive the unit side by side, up to 64; 0: 1 */
    uint64_t queue_entries;    /* of a flush queue; 0: 250 */
    uint64_t queue_ns;         /* 0: 10,000,000 */
    uint64_t patience_records; /* from the change on; 0: no limit */
    bool costs;                /* count what invalidations drop: dear, caches are searched for each */
    bool apart;                /* each table word is a finding of its own */
    unsigned log2_words;       /* 8-byte words of tables remembered, 10 to 20; 0: 16 */
    /* What amdvi_lint_place() gave as text, such as function and line; false: nothing is known. May be null.
     */
    bool (*place_text)(void *context, uint64_t place, char *text, size_t size);
    /* The caller promises that amdvi_lint_write() and amdvi_lint_fill() tell all stores of software, before
     * the next request comes. Answers that were right are then not compared with memory again before
     * something is written. A store that is not told may go unseen. */
    bool told;
};

struct amdvi_lint_statistics {
    uint64_t checked; /* answers of caches that were compared with memory */
    uint64_t stale;   /* of these: differed dangerously */
    uint64_t windows; /* stale entries that were invalidated before they were reported */
    uint64_t findings[AMDVI_LINT_KINDS];
    uint64_t grouped;       /* not told because they belong to a finding that was */
    uint64_t lost;          /* stale entries that were not followed for want of memory: told as a note */
    uint64_t writes;        /* software writes to words that hardware had read */
    uint64_t words_lost;    /* words forgotten for want of room: changes to them have no blame */
    uint64_t invalidations; /* commands of the host that drop entries: opcodes 2, 3, 5 and 8 */
    /* With `costs`, of these: nothing cached was covered; PDE=1 though only leaf entries had changed, and how
     * many directories that threw away. */
    uint64_t superfluous_invalidations, superfluous_pde, directories_lost;
    uint64_t stores, stores_unread; /* COMPLETION_WAIT; places that amdvi_lint_read() never named */
};

/*
 * Attaches a lint to a device. `options` is copied and may be null. Memory comes from the device's allocator.
 * AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY, AMDVI_ERR_UNSUPPORTED (options of a newer header).
 */
enum amdvi_status amdvi_lint_create_sized(struct amdvi_device *device,
                                          const struct amdvi_lint_options *options, size_t size,
                                          struct amdvi_lint **lint);
/* amdvi_lint_create_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_lint_create(struct amdvi_device *device,
                                                  const struct amdvi_lint_options *options,
                                                  struct amdvi_lint **lint)
{
    return amdvi_lint_create_sized(device, options, sizeof(*options), lint);
}
/* Detaches. Before amdvi_destroy() of the device. AMDVI_OK also for null;
 * AMDVI_ERR_BUSY from a callback of the device, `finding` included when the device calls it. */
enum amdvi_status amdvi_lint_destroy(struct amdvi_lint *lint);

/* What follows happens at this line and time (nanoseconds). */
enum amdvi_status amdvi_lint_mark(struct amdvi_lint *lint, uint64_t line, uint64_t ns);

/* Where in the software it happens, as an opaque number of the caller's (0: unknown): until the next call. */
enum amdvi_status amdvi_lint_place(struct amdvi_lint *lint, uint64_t place);

/*
 * Software relies from here on that all of its changes so far have taken effect: its unmap or detach has
 * returned. Answers that are stale after this are mistakes at once. Not to be called by drivers that queue.
 */
enum amdvi_status amdvi_lint_rely(struct amdvi_lint *lint);

/* Software, or a device past the IOMMU, writes memory; before or after the bytes are there. */
enum amdvi_status amdvi_lint_write(struct amdvi_lint *lint, uint64_t spa, const void *bytes, uint64_t length);
/* The same with one byte repeated. */
enum amdvi_status amdvi_lint_fill(struct amdvi_lint *lint, uint64_t spa, uint8_t byte, uint64_t length);
/* Software reads memory: only for `stores_unread`. */
enum amdvi_status amdvi_lint_read(struct amdvi_lint *lint, uint64_t spa, uint64_t length);

/*
 * A hypervisor has done all that a guest's write of `value` to its Control register asks for: compares with
 * VF Control, bit by bit (viommu 9.2).
 */
enum amdvi_status amdvi_lint_guest_control(struct amdvi_lint *lint, uint16_t guest_id, uint64_t value);

/*
 * Compares what the lint remembers of tables with memory: changes that nobody told are seen now, and blamed
 * on this mark. For drivers whose stores nobody sees; before each doorbell is a good time. Costs a read for
 * each word that is remembered.
 */
enum amdvi_status amdvi_lint_scan(struct amdvi_lint *lint);

/*
 * From here on the lint watches another device, such as the one into which a saved state is restored; the one
 * before may be destroyed after this. Nothing is cached there yet: what is held back was a window. Statistics
 * and findings stay. AMDVI_ERR_ARGUMENT, AMDVI_ERR_BUSY, AMDVI_ERR_NO_MEMORY (nothing has changed then).
 */
enum amdvi_status amdvi_lint_move(struct amdvi_lint *lint, struct amdvi_device *device);

/* Reports all stale answers that are still open as mistakes. The lint goes on working. */
enum amdvi_status amdvi_lint_finish(struct amdvi_lint *lint);

/* Copies the first `size` bytes of the counters. AMDVI_ERR_ARGUMENT for null. */
enum amdvi_status amdvi_lint_statistics_sized(const struct amdvi_lint *lint,
                                              struct amdvi_lint_statistics *statistics, size_t size);
/* amdvi_lint_statistics_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_lint_statistics(const struct amdvi_lint *lint,
                                                      struct amdvi_lint_statistics *statistics)
{
    return amdvi_lint_statistics_sized(lint, statistics, sizeof(*statistics));
}

/* How the lint takes a domain to be invalidated now. AMDVI_LINT_AUTO: it does not know yet. */
enum amdvi_lint_regime amdvi_lint_regime_of(const struct amdvi_lint *lint, uint16_t domain);

/* "stale-entry" and its like, never null. */
const char *amdvi_lint_kind_name(enum amdvi_lint_kind kind);

#ifdef __cplusplus
}
#endif

#endif
