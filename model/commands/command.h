// SPDX-License-Identifier: Apache-2.0
/*
 * The command job: fetched, checked, of guests its IDs replaced by the host's, executed, consumed. One
 * machine (machine.c) for the ring of the host and those of guests; they differ in where words come from, in
 * who hears of errors and in what they may ask for (host_command.c, guest_command.c). All functions that
 * return bool are steps (port/steps.h).
 */
#ifndef AMDVI_MODEL_COMMAND_H
#define AMDVI_MODEL_COMMAND_H

#include "model/commands/prefetch.h"
#include "model/guests/guest_regs.h"
#include "model/lookup/dtc.h"
#include "model/port/job.h"

enum command_progress {
    COMMAND_DONE,    /* consumed */
    COMMAND_BLOCKED, /* behind remote invalidations: it waits in its ring's `blocked` */
    COMMAND_HALTED,  /* an event was logged, the ring stops at this command */
};

struct command_job {
    struct steps run, turn, more_turn, machine, fetch, execute, more, access, error;
    uint8_t progress; /* enum command_progress */
    uint8_t outcome;  /* of a guest's turn */
    uint8_t failure;  /* of memory: enum walk_error */
    bool private;     /* the ring lies in the private space */
    bool lost;        /* the last access had no place */
    bool fetched;     /* at_once.c has read the words, from `fetched_from` */
    uint64_t fetched_from;
    uint32_t head, tail;
    uint32_t restarts; /* of the ring, when this run began */
    uint64_t left;     /* commands of this turn */
    struct ring ring;
    struct job job;
    struct guest *guest; /* whose ring; null: the host's */
    struct guest *spent; /* guests that go on in the next run */
    struct command_held at;
    struct map_entry mapped;
    bool counted; /* by the performance counters, for which it notes what it has invalidated so far: */
    uint32_t invalidations, entries;
    struct guest_work work;
    struct guest_irq irq;
    struct dte_fetch entry;
    struct prefetch prefetch;
    struct guest_reset reset;
    struct dirty_scan scan;
    struct map_collection maps;
};

/* Where the head is after a command that halts the ring (13 #18, viommu 12 E4). */
enum faulty_head { FAULTY_STAY, FAULTY_NEXT, FAULTY_TAIL };

static inline uint32_t command_faulty_head(const struct amdvi_device *device, const struct command_job *c)
{
    switch (device->config.value[CONFIG_CMD_HEAD]) {
    case FAULTY_NEXT:
        return ring_next(&c->ring, c->head);
    case FAULTY_TAIL:
        return c->tail;
    default:
        return c->head;
    }
}

/* machine.c: the command at `c->head` of `c->ring`; `c->progress` says what became of it. `blocked` is where
 * it waits. */
bool command_process(struct amdvi_device *device, struct command_job *c, struct command_held *blocked);

/* at_once.c: commands that need nothing of all that. The host's, as many as come in a row. */
void host_commands_at_once(struct amdvi_device *device, struct command_job *c);
/* True: the guest's command at `c->head` is done; the head stays. */
bool guest_command_at_once(struct amdvi_device *device, struct command_job *c);

/* host_command.c */
bool host_command_fetch(struct amdvi_device *device, struct command_job *c);
bool host_command_illegal(struct amdvi_device *device, struct command_job *c);
bool host_command_execute(struct amdvi_device *device, struct command_job *c);

/* guest_command.c */
bool guest_command_fetch(struct amdvi_device *device, struct command_job *c);
bool guest_command_illegal(struct amdvi_device *device, struct command_job *c);
bool guest_command_execute(struct amdvi_device *device, struct command_job *c);

/* command_common.c: what host and guests have in common, once all IDs in `c->at.host` are the host's. */
bool command_common(struct amdvi_device *device, struct command_job *c);
/* INVALIDATE_IOMMU_PAGES, of a guest or with null of the host. Returns what it adds to `entries_invalidated`.
 */
unsigned command_drop_pages(struct amdvi_device *device, struct job *job, const struct guest *guest,
                            const uint64_t words[2]);
/* An invalidation of caches is done. */
static inline void command_invalidated(struct command_job *c)
{
    c->invalidations++;
    c->job.counts->invalidations++;
}
/* use.c: notes in the job what the command has taken of the arrays. */
void command_use(const struct amdvi_device *device, struct command_job *c);
/* Known, without reserved bits; by choice also without a PASID that does not count (15 D12). */
bool command_legal(const struct amdvi_device *device, const uint64_t words[2]);

/* rings.c: true: nothing is left to do. */
bool host_ring_run(struct amdvi_device *device, struct command_job *c);
bool guest_rings_run(struct amdvi_device *device, struct command_job *c);

bool commands_create(struct amdvi_device *device);
void commands_destroy(struct amdvi_device *device);
/* What is under way is forgotten; with the direct executor nothing is. */
void commands_reset(struct amdvi_device *device);

#endif
