// SPDX-License-Identifier: Apache-2.0
/*
 * HW-vIOMMU: one guest's virtual IOMMU (viommu.md). State is made when a guest is first touched, so that
 * 65,536 GuestIDs cost what is used of them.
 */
#ifndef AMDVI_MODEL_GUEST_H
#define AMDVI_MODEL_GUEST_H

#include "model/lookup/dtc.h"
#include "model/lookup/held.h"
#include "model/port/exec.h"
#include "model/port/jobs.h"

enum { GUESTS = 65536, GUEST_PAGE = 256 };

/* vflags: record bits 31:27 (8.3), as struct event holds them. */
enum vflag { VFLAG_NR = 1, VFLAG_EVENT = 4, VFLAG_PTR = 8, VFLAG_CMD = 16 };

/* Private address of the dirty bits (2.1). */
#define PRIVATE_DIRTY_BASE UINT64_C(0x400000)

/* Private addresses (2.1): base + GuestID * stride. */
struct private_region {
    uint64_t base, stride;
};

enum private_area {
    PRIVATE_REGISTERS,
    PRIVATE_DEVICE_MAP,
    PRIVATE_DOMAIN_MAP,
    PRIVATE_COMMANDS,
    PRIVATE_PPR_A,
    PRIVATE_PPR_B,
    PRIVATE_EVENT_A,
    PRIVATE_EVENT_B,
};

struct guest_names;

/* What each command of each guest touches stands first. */
struct guest {
    uint16_t id;
    bool queued;                    /* in the queue of guests with work */
    bool command_stopped;           /* an error: until CmdBufEn rises again (7.3) */
    bool mirrored;                  /* the 64-byte slot in memory holds the registers (11 #12) */
    bool ahead;                     /* the registers here hold what the slot does not */
    bool spent;                     /* it is on the list of those that go on in the next run */
    uint32_t budget;                /* commands left in this run */
    struct amdvi_guest_share share; /* weight 0: 1 */
    uint64_t share_since;           /* the period of the cap, ns, and commands in it */
    uint32_t share_used;
    uint32_t run;      /* the run that `budget` belongs to */
    uint32_t restarts; /* changes with every start and stop of its ring */
    struct guest *next_queued;
    struct command_held blocked; /* at the head of its ring */
    uint64_t vf[VF_COUNT];
    uint64_t vfc[VFC_COUNT];
    struct atc_issuer ats; /* its INVALIDATE_IOTLB_PAGES that devices have not answered */
    struct held held[HELD_USES];
    struct log_state events, pprs;
    struct job_lock lock; /* its registers */
    struct guest *next, *next_spent, *next_named;
    struct guest_names *names; /* what its maps name, once this run has read them */
};

/* guest.c */
bool guests_create(struct amdvi_device *device);
void guests_destroy(struct amdvi_device *device);
void guests_reset(struct amdvi_device *device);
struct guest *guest_find(const struct amdvi_device *device, uint16_t id);
bool guest_rejected(const struct amdvi_device *device, uint16_t id);
struct guest *guest_get(struct amdvi_device *device, uint16_t id);
bool guests_enabled(const struct amdvi_device *device);

/* guest_share.c: commands of a turn, 0: all; whether the guest has had its commands of this period. */
uint64_t guest_share_turn(const struct amdvi_device *device, const struct guest *guest);
bool guest_share_spent(const struct amdvi_device *device, struct guest *guest);

/* guest_space.c: both address spaces of a guest's virtual IOMMU. */
uint64_t private_address(enum private_area area, uint16_t id);
/* Observers hear of a lookup that `domain`'s cached or held translation has answered. */
void space_tell(struct amdvi_device *device, const struct space_access *access, uint16_t domain,
                uint8_t perm);

/* A lookup in one of the spaces, under way. */
struct space_walk {
    bool walking; /* false before the first call */
    struct dte_fetch entry;
    struct tlb_space space;
    struct walk_request request;
    struct walk_run run;
};

static inline void space_walk_begin(struct space_walk *walk)
{
    walk->walking = false;
    walk->entry.asked = false;
}

/* By the caches and the tables; kept in `held` unless that is null. False: it has asked; true:
 * `access->reason` says whether there is a place. */
bool space_look_up(struct amdvi_device *device, struct job *job, struct held *held,
                   struct space_access *access, struct space_walk *walk);

/* Report a failed access in the host log (7.3, 8.3, E8). */
bool private_report(struct amdvi_device *device, struct job *job, uint16_t id,
                    const struct space_access *access, unsigned vflags);
bool guest_space_report(struct amdvi_device *device, struct job *job, const struct space_access *access,
                        unsigned vflags);

/* guest_slot.c */
uint64_t guest_status(const struct amdvi_device *device, const struct guest *guest);
bool guest_command_running(const struct amdvi_device *device, const struct guest *guest);

/* guest_queue.c */
void guest_queue(struct amdvi_device *device, struct guest *guest);
void guest_unqueue(struct amdvi_device *device, struct guest *guest);
void guests_queue_again(struct amdvi_device *device);
/* All that is under way for guests is taken back: their locks are free. `in_a_run`: whoever has commands goes
 * on with the next one. */
void guests_interrupted(struct amdvi_device *device, bool in_a_run);
/* The guest whose turn it is; only while the queue is not empty. */
struct guest *guests_take_first(struct amdvi_device *device);

/* guest_log.c */
bool guest_log_running(const struct amdvi_device *device, const struct guest *guest, enum amdvi_log log,
                       bool b);
/* VF Control register `id` was `old`. */
void guest_log_dual_changed(struct guest *guest, enum vfc_id id, uint64_t old);
/* Software has taken these overflow bits of the status register back. */
void guest_log_overflow_cleared(struct guest *guest, uint64_t bits);
bool guest_logs_events(const struct amdvi_device *device, uint16_t id);
/* A record for a guest's log; false: it waits to be written. `written` may be null. */
bool guest_record(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_log log,
                  const uint64_t words[2], bool *written);
bool guest_event(struct amdvi_device *device, struct job *job, uint16_t id, const struct event *event,
                 bool *written);
bool guest_logs_create(struct amdvi_device *device);
void guest_logs_destroy(struct amdvi_device *device);

#endif
