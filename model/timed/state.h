// SPDX-License-Identifier: Apache-2.0
/*
 * The timed executor from inside. An operation is something submitted, from its arrival at a port to its end;
 * an access is one question of the device to memory. Operations and accesses wait in lists, or for an event
 * of the wheel; nothing polls.
 */
#ifndef AMDVI_MODEL_TIMED_STATE_H
#define AMDVI_MODEL_TIMED_STATE_H

#include "model/timed/array.h"
#include "model/timed/histogram.h"
#include "model/timed/table.h"
#include "model/timed/wheel.h"

enum { NOBODY = UINT32_MAX };

/* What an event is for. */
enum event_kind {
    EVENT_ARRIVE, /* operation: at its port, or at the registers */
    EVENT_ASK,    /* access: the arrays have answered, memory is asked */
    EVENT_MEMORY, /* access: a walker, or the older walks, are no longer waited for */
    EVENT_ANSWER, /* access: memory answers */
    EVENT_PLACE,  /* access: the place of the host's answer among the events of this moment */
    EVENT_END,    /* operation */
    EVENT_ATC,    /* invalidation: at the device, or back */
    EVENT_TURN,   /* guests that their caps have held back */
};

enum operation_state {
    OPERATION_COMING,
    OPERATION_AT_PORT,   /* waits for a place */
    OPERATION_MERGED,    /* waits for the walk of another one */
    OPERATION_UNDER_WAY, /* the device has it */
    OPERATION_ENDING,
};

struct operation {
    uint8_t state; /* enum operation_state */
    uint8_t kind;  /* enum amdvi_submission */
    uint8_t place; /* enum amdvi_timed_place */
    uint8_t port;
    bool at_port;  /* takes a place there */
    bool has_slot; /* of a walker */
    bool walking;  /* known to those that ask for the same page */
    bool in_l1;    /* the port has the page; counts if L2 has it, too */
    bool again;    /* has waited for a walk: comes straight to L2 */
    bool via_atc;  /* of a device with an ATC, which has asked once `asked` */
    bool asked;
    bool overtaken; /* by an invalidation of the ATC: what comes is not kept */
    bool quiet;     /* the walker's own prefetch: nobody hears of it */
    bool told;      /* the host has heard of its end ahead of it */
    uint32_t open;  /* its access; NOBODY: none */
    uint32_t reads;
    uint64_t submitted, arrived, ready; /* ready: what was done for it so far ends then */
    uint64_t last_line;                 /* of tables that was read for it: address >> 6 */
    uint64_t waited_port, waited_walker, since, walk_number;
    uint32_t next;          /* in the list in which it waits, or of free ones */
    uint32_t before, after; /* of those that have a walker, by age */
    uint32_t merged, chain; /* those that wait for its walk; the next one walking with its hash */
    uint64_t tag;
    enum amdvi_status status;
    union {
        struct amdvi_request request;
        struct amdvi_page_request page_request;
        struct amdvi_register_access access;
        struct amdvi_prefetch prefetch;
        struct {
            uint64_t address;
            uint32_t data;
            uint16_t requester;
        } interrupt;
    } in;
    union {
        struct amdvi_result result;
        struct amdvi_int_result interrupt;
        struct amdvi_page_request_result page_request;
        uint64_t value;
    } out;
};

/* Answers to accesses are told by id; the host's memory wants the whole question. */
struct access {
    struct amdvi_ask ask;
    uint32_t operation; /* NOBODY: of a ring or of the writer */
    uint8_t class;      /* enum amdvi_timed_class */
    bool credit;        /* holds one */
    bool arrived, own;  /* the host's answer, which waits for its place; from the device's memory */
    uint8_t result;     /* enum amdvi_memory_result, of that answer */
    uint64_t expected;  /* when the host's answer should come, ps; 0: nobody says */
    uint64_t since;     /* when it began to wait, or was made */
    uint32_t next;      /* in the list in which it waits, or of free ones */
    uint32_t merged;    /* those that wait for the same line */
    uint32_t chain;     /* the next one with its hash */
};

struct list {
    uint32_t first, last;
};

#define EMPTY_LIST ((struct list){NOBODY, NOBODY})

enum { HASHES = 1024 };

struct l1_line {
    uint64_t page, id;
    uint32_t next;         /* with its hash */
    uint32_t newer, older; /* by last use */
};

struct port {
    uint32_t under_way;
    struct list waiting;
    struct l1_line *lines;
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t used, newest, oldest;
};

enum invalidation_state {
    INVALIDATION_FREE,
    INVALIDATION_GOES,    /* on its way to the device */
    INVALIDATION_RETURNS, /* the device is at it, or its completion is on its way */
    INVALIDATION_LOST,    /* no completion comes: until the IOMMU gives up */
};

struct invalidation {
    struct amdvi_atc_invalidation what;
    uint8_t state; /* enum invalidation_state */
};

/* The device's own jobs: rings of host and guests, the writer. */
struct unit {
    uint64_t ready;
    uint32_t waits;   /* access that waits for older walks; NOBODY: none */
    uint64_t barrier; /* walks up to this one */
    uint64_t since;
};

/* Lines of the rings that were read ahead. */
enum { LINES_AHEAD = 17 };
struct line_ahead {
    uint64_t line, ready; /* line 0: none */
    uint8_t asker;        /* enum amdvi_asker */
};

struct amdvi_timed {
    struct amdvi_device *device;
    struct amdvi_allocator allocator;
    struct amdvi_timed_host host;
    bool (*hear_ahead)(void *context, const struct amdvi_timed_completion *completion); /* null: nobody */
    struct wheel wheel;
    uint64_t now, told; /* told: nanoseconds that the device's own clock knows of */
    bool running;       /* amdvi_timed_run() is under way */
    bool leaving;       /* whatever ends is not heard of */
    uint64_t p[PARAMETERS];
    uint64_t random;

    struct operation *operations;
    uint32_t operation_count, free_operation;
    uint64_t pending;
    uint64_t last_answer; /* when the last one that the device has given is with its requester, ps */

    struct access *accesses;
    uint32_t access_count, free_access;
    uint32_t arrived; /* answers that wait for their places */
    uint32_t stopped; /* access whose place it is, and whose expected answer is to come; NOBODY */
    uint32_t
        *by_place; /* access of each of the device's places for questions, the low half of an id from 1 */
    uint32_t places;

    struct port *ports;
    uint32_t at_ports; /* operations that wait for a place at one */
    struct array l2a, l2b;
    struct atc **atcs; /* by DeviceID; null: no request came by one */
    struct invalidation *invalidations;
    uint32_t invalidation_count;
    uint64_t *latencies; /* of memory, ps, in place of memory.latency; null: none */
    uint32_t latency_count, latency_next;
    bool latencies_in_turn;

    uint32_t walkers;
    uint32_t prefetching;   /* prefetches under way */
    struct list walks;      /* operations that have one, oldest first */
    uint64_t walk_number;   /* of the last walk that began */
    struct list walk_queue; /* accesses that wait for a walker */
    uint32_t walking[HASHES];

    uint32_t credits[AMDVI_TIMED_CLASSES]; /* in use */
    struct list credit_queue[AMDVI_TIMED_CLASSES];
    uint32_t reading[HASHES];
    uint64_t bus_free;

    struct unit units[AMDVI_ASKERS];
    struct line_ahead ahead[LINES_AHEAD];
    unsigned ahead_next;
    bool caps, caps_look; /* some guest has one; the guests' rings have come to rest since */
    uint64_t turn_at;     /* when EVENT_TURN comes, ps; UINT64_MAX: it does not */
    uint64_t *maps;

    struct amdvi_timed_statistics statistics;
    struct histogram *histograms;
};

static inline uint64_t cycles(const struct amdvi_timed *t, uint64_t count)
{
    return count * t->p[PARAMETER_CLOCK];
}

static inline uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* pool.c; NOBODY: no memory. What is taken has a place in the wheel, too, and an access is always there. */
bool pools_create(struct amdvi_timed *t);
uint32_t operation_take(struct amdvi_timed *t);
bool pool_grow_invalidations(struct amdvi_timed *t);
/* In the wheel, for what is there and a few events more. */
bool pool_has_room(struct amdvi_timed *t);
/* One event more than accesses and operations have. */
bool pool_more_event(struct amdvi_timed *t);
void operation_give(struct amdvi_timed *t, uint32_t index);
uint32_t access_take(struct amdvi_timed *t);
void access_give(struct amdvi_timed *t, uint32_t index);
void pools_free(struct amdvi_timed *t);
void operation_append(struct amdvi_timed *t, struct list *list, uint32_t index);
uint32_t operation_shift(struct amdvi_timed *t, struct list *list);
void access_append(struct amdvi_timed *t, struct list *list, uint32_t index);
uint32_t access_shift(struct amdvi_timed *t, struct list *list);

/* l1.c */
bool l1_create(struct amdvi_timed *t);
void l1_free(struct amdvi_timed *t);
bool l1_find(struct amdvi_timed *t, const struct operation *o);
void l1_keep(struct amdvi_timed *t, const struct operation *o);

/* operation.c: from port to end. */
void operation_arrive(struct amdvi_timed *t, uint32_t index);
void operation_completed(struct amdvi_timed *t, const struct amdvi_completion *completion);
void operation_end(struct amdvi_timed *t, uint32_t index);

/* work.c: when what was used of the arrays is done. */
uint64_t work_of_lookup(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *work);
uint64_t work_of_commands(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *work);

/* walk.c: walkers, and walks of the same page. */
bool walk_admit(struct amdvi_timed *t, uint32_t access);
void walk_end(struct amdvi_timed *t, uint32_t operation);
bool walk_join(struct amdvi_timed *t, uint32_t operation);
void walk_announce(struct amdvi_timed *t, uint32_t operation);
bool walk_older_than(const struct amdvi_timed *t, uint64_t barrier);

/* rings.c: what rings need besides. */
bool ring_holds(struct amdvi_timed *t, uint32_t access);
void ring_recheck(struct amdvi_timed *t);
/* True: `*ready` is when the line or entry is there without an access of its own. */
bool ring_has(struct amdvi_timed *t, const struct access *a, uint64_t *ready);
void ring_reads(struct amdvi_timed *t, const struct access *a, uint64_t ready);
void ring_rests(struct amdvi_timed *t, enum amdvi_asker asker, const struct amdvi_work *work);

/* atc.c: translation caches of devices. True: `o->out.result` is what it has. */
bool atc_answers(struct amdvi_timed *t, struct operation *o);
void atc_keep(struct amdvi_timed *t, const struct operation *o);
void atc_event(struct amdvi_timed *t, uint32_t index);
void atc_free(struct amdvi_timed *t);

/* prefetch.c: the walker's own, behind a walk (performance a.1: TWPrefetch). */
void prefetch_behind(struct amdvi_timed *t, const struct operation *o);
/* True: the line of tables is the one that the walker has just read. */
bool prefetch_has_line(struct amdvi_timed *t, const struct access *a);

/* latency.c: of one access, drawn. */
uint64_t random_below(struct amdvi_timed *t, uint64_t below);
uint64_t memory_latency(struct amdvi_timed *t, bool write);

/* memory.c */
void memory_issue(struct amdvi_timed *t, const struct amdvi_ask *ask);
void memory_ask(struct amdvi_timed *t, uint32_t access);
void memory_go(struct amdvi_timed *t, uint32_t access);
void memory_answered(struct amdvi_timed *t, uint32_t access);
/* The place of the host's answer that was expected now. */
void memory_place(struct amdvi_timed *t, uint32_t access);
bool memory_expect(struct amdvi_timed *t, uint64_t id, uint64_t when);
bool memory_done(struct amdvi_timed *t, uint64_t id, enum amdvi_memory_result result, const void *data,
                 bool own);

#endif
