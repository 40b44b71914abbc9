// SPDX-License-Identifier: Apache-2.0
/*
 * A device under test_tickets.c: its memory answers late and in any order, and each answer of the device is
 * compared with the model without caches.
 */
#ifndef AMDVI_TEST_TICKETS_BENCH_H
#define AMDVI_TEST_TICKETS_BENCH_H

#include "tickets_places.h"

#include <amdvi/timed.h>

enum { OPEN = 512, RING_HOST = 2, RINGS = 3, GIVEN = 512, RECORDS = 256, UNDER_WAY = 64 };

enum step_kind {
    STEP_REQUEST,
    STEP_INTERRUPT,
    STEP_EDIT,
    STEP_COMMAND,
    STEP_GUEST_COMMAND,
    STEP_WAIT,
    STEP_GUEST_WAIT,
    STEP_ANSWER,
    STEP_MEND,  /* what software gives for its last edit, and a COMPLETION_WAIT */
    STEP_SETTLE /* everything is answered and compared once more, then the tables are as they were */
};

/* All that a step draws is in it, so that steps can be left out of a trace. */
struct step {
    enum step_kind kind;
    uint32_t a, b, c;
};

struct asked {
    struct amdvi_ask ask;
    bool done; /* memory has done it at the time of the question */
    enum amdvi_memory_result result;
    uint8_t data[AMDVI_ASK_BYTES];
};

/* A command that was given; of a COMPLETION_WAIT the value that it stores. */
struct given {
    bool wait;
    uint64_t value;
    struct fence fence;
};

struct ring_state {
    uint64_t next_value, stored;
    unsigned count, first; /* of `given`; what is before `first` has completed */
    struct given given[GIVEN];
};

struct expected_record {
    uint16_t device;
    uint16_t flags; /* bits 63:48 (7.2) */
    uint64_t address;
    bool at_once; /* of a call that did not wait for it to be written, behind those that are under way */
    bool found;
    unsigned log; /* of a guest, or RING_HOST */
};

struct bench {
    bool with_time;            /* the device is under time: questions come when walkers and credits allow */
    struct amdvi_timed *timed; /* then */
    struct world world;
    struct model model;
    struct places places;
    uint8_t *start; /* memory at the beginning */
    struct ring_state rings[RINGS];
    struct asked open[OPEN];
    unsigned opened, most_open;
    struct expected_record records[RECORDS];
    unsigned record_count;
    const struct place *last_edit;
    struct amdvi_int_result interrupt;
    uint32_t draws; /* what questions of this step draw from */
    bool verbose;
    char failure[240]; /* empty: none */
    uint64_t answers, faults, waits, covered;
};

void bench_open(struct bench *b, const char *settings, bool with_time);
void bench_close(struct bench *b);
void bench_step(struct bench *b, const struct step *step);

/* tickets_port.c: the surroundings. */
void port_attach(struct bench *b);
void port_detach(struct bench *b);
void port_request(struct bench *b, const struct amdvi_request *request);
void port_interrupt(struct bench *b, uint16_t device, uint32_t index);
/* Some time passes, if there is any; 0: all that is still to come. */
void port_pass(struct bench *b, uint32_t ns);
uint64_t port_pending(const struct bench *b);
bool port_answer(struct bench *b, uint32_t draw);
void port_settle(struct bench *b);
/* Commands whose COMPLETION_WAIT has stored are fences from now on. */
void port_look(struct bench *b);
void bench_fail(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the device says; also asked at once, with nothing under way. */
void port_check(struct bench *b, const struct amdvi_request *request, const struct amdvi_result *result,
                bool at_once);

void port_check_interrupt(struct bench *b, uint16_t device, uint32_t index,
                          const struct amdvi_int_result *result);

/* tickets_commands.c */
void commands_give(struct bench *b, unsigned ring, const struct step *step);
void commands_wait(struct bench *b, unsigned ring);
void commands_mend(struct bench *b, const struct step *step);
void commands_all(struct bench *b);
bool commands_pending(const struct bench *b);

#endif
