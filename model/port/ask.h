// SPDX-License-Identifier: Apache-2.0
/* One question of a job to memory, and the part of a job that executors know. */
#ifndef AMDVI_MODEL_ASK_H
#define AMDVI_MODEL_ASK_H

#include "amdvi/external.h"
#include "model/caches/ticket.h"

enum { ASK_BYTES = 64 };

enum executor {
    EXECUTOR_DIRECT, /* answers at once */
    EXECUTOR_PORT,   /* the surroundings answer (amdvi/external.h) */
};

/* The device's own jobs. */
enum unit { UNIT_NONE, UNIT_HOST_RING, UNIT_GUEST_RINGS, UNIT_WRITER, UNITS };

enum ask_kind { ASK_READ, ASK_WRITE, ASK_UPDATE };
enum ask_state { ASK_NOTHING, ASK_OPEN, ASK_ANSWERED };

struct ask {
    uint8_t state; /* enum ask_state */
    uint8_t kind;  /* enum ask_kind */
    uint8_t access, level;
    uint8_t error; /* of the answer: enum walk_error */
    uint32_t length;
    uint64_t spa;
    uint64_t expected, desired;    /* ASK_UPDATE */
    uint64_t words[ASK_BYTES / 8]; /* what is written, or was read; ASK_UPDATE: what was there */
};

enum record_state { RECORD_NONE, RECORD_QUEUED, RECORD_WRITTEN, RECORD_LOST };

/* A record on its way to a log (logs/record.h). */
struct record {
    uint8_t state;    /* enum record_state */
    uint8_t log;      /* enum amdvi_log */
    bool of_guest;    /* to the log of guest `guest_id`, else to the host's */
    bool find_domain; /* its DomainID is the one by which the guest knows `host_domain` */
    uint16_t guest_id, host_domain;
    uint64_t words[2];
    struct job *next; /* of the next record to be written */
};

struct job {
    uint8_t executor; /* enum executor */
    uint8_t options;  /* enum job_option */
    uint8_t unit;     /* enum unit: one of the device's own; else something submitted */
    struct amdvi_statistics *counts;
    /* The rest only counts for executors that answer later. */
    struct record record;
    struct ask ask;
    struct ticket ticket;
    struct job *next, *previous; /* of all that are under way */
    struct job *next_ready;
    struct job *next_waiting; /* for the same lock; it may be ready all the same */
    struct amdvi_work work;   /* since the last question */
    uint64_t tag;             /* of something submitted */
    uint32_t slot;            /* its place among those that the surroundings answer */
    bool ready;
    bool waits; /* for a lock */
};

/* A COMPLETION_WAIT on its way: it waits for the jobs that were marked before it came. */
struct jobs_wait {
    bool waiting; /* false before the first call */
    uint64_t mark;
};

#endif
