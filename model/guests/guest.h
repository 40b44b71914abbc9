// SPDX-License-Identifier: Apache-2.0
/*
 * HW-vIOMMU: one guest's virtual IOMMU (viommu.md). State is made when a guest is first touched, so that
 * 65,536 GuestIDs cost what is used of them.
 */
#ifndef AMDVI_MODEL_GUEST_H
#define AMDVI_MODEL_GUEST_H

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

struct guest_log {
    bool stopped[2];
    bool active_b;
    uint64_t count;
};

struct guest {
    uint16_t id;
    bool queued;          /* in the queue of guests with work */
    bool command_stopped; /* an error: until CmdBufEn rises again (7.3) */
    bool mirrored;        /* the 64-byte slot in memory holds the registers (11 #12) */
    bool ahead;           /* the registers here hold what the slot does not */
    uint32_t budget;      /* commands left in this run */
    uint32_t run;         /* the run that `budget` belongs to */
    struct guest *next_queued, *next, *next_named;
    struct guest_names *names; /* what its maps name, once this run has read them */
    uint64_t vf[VF_COUNT];
    uint64_t vfc[VFC_COUNT];
    struct guest_log events, pprs;
    struct atc_issuer ats; /* its INVALIDATE_IOTLB_PAGES that devices have not answered */
    struct jobs_wait jobs_wait; /* its COMPLETION_WAIT and the lookups under way */
    struct held held[HELD_USES];
};

/* guest.c */
bool guests_create(struct amdvi_device *device);
void guests_destroy(struct amdvi_device *device);
void guests_reset(struct amdvi_device *device);
struct guest *guest_find(const struct amdvi_device *device, uint16_t id);
bool guest_rejected(const struct amdvi_device *device, uint16_t id);
struct guest *guest_get(struct amdvi_device *device, uint16_t id);
bool guests_enabled(const struct amdvi_device *device);

/* guest_space.c: both address spaces of a guest's virtual IOMMU. */
uint64_t private_address(enum private_area area, uint16_t id);
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
/* The same at once. */
bool space_look_up_now(struct amdvi_device *device, struct job *job, struct held *held,
                       struct space_access *access);

static inline bool space_translate(struct amdvi_device *device, struct held *held, uint64_t requester,
                                   uint64_t address, bool write, struct space_access *access)
{
    access->device = (uint16_t)requester;
    access->address = address;
    access->write = write;
    access->fleeting = false;
    access->reason = REASON_NONE;
    return held_find(device, held, access->device, address, write ? PERM_WRITE : PERM_READ, &access->spa) ||
           space_look_up_now(device, NULL, held, access);
}

static inline bool private_translate(struct amdvi_device *device, struct held *held, uint64_t address,
                                     bool write, struct space_access *access)
{
    return space_translate(device, held, device->config.value[CONFIG_DEVID], address, write, access);
}

static inline bool guest_translate(struct amdvi_device *device, struct guest *guest, enum held_use use,
                                   uint64_t address, bool write, struct space_access *access)
{
    return space_translate(device, &guest->held[use], vfc_misc_transdevid(guest->vfc[VFC_MISC]), address,
                           write, access);
}

/* Report a failed access in the host log (7.3, 8.3, E8). */
void private_report(struct amdvi_device *device, uint16_t id, const struct space_access *access,
                    unsigned vflags);
void guest_space_report(struct amdvi_device *device, const struct space_access *access, unsigned vflags);

/* guest_slot.c */
uint64_t vf_get(struct amdvi_device *device, struct guest *guest, enum vf_id id);
/* Both at once, as they lie side by side in memory. */
void vf_get_command_pointers(struct amdvi_device *device, struct guest *guest);
void vf_set(struct amdvi_device *device, struct guest *guest, enum vf_id id, uint64_t value);
uint64_t guest_status(const struct amdvi_device *device, const struct guest *guest);
/* The bits that software clears, as memory has them now. */
uint64_t guest_status_bits(struct amdvi_device *device, struct guest *guest);
void guest_status_set(struct amdvi_device *device, struct guest *guest, uint64_t bits);
void guest_status_clear(struct amdvi_device *device, struct guest *guest, uint64_t bits);
bool guest_command_running(const struct amdvi_device *device, const struct guest *guest);

/* guest_regs.c */
void guest_reset_registers(struct amdvi_device *device, uint16_t id, bool all, bool engine);

/* guest_map.c: private addresses of map entries, and what is done with them */
uint64_t map_device_entry(uint16_t id, uint16_t guest_device);
uint64_t map_domain_entry(uint16_t id, uint16_t guest_domain);
uint64_t map_host_domain(const struct amdvi_device *device, uint64_t domain_entry);
void map_write(struct amdvi_device *device, struct guest *guest, enum vfc_id id, uint64_t value);
uint64_t map_read(struct amdvi_device *device, struct guest *guest, enum vfc_id id, uint64_t value);
enum map_result { MAP_FOUND, MAP_UNMAPPED, MAP_UNREACHABLE };
enum map_result map_device(struct amdvi_device *device, struct guest *guest, uint16_t guest_device,
                           uint16_t *host_device, uint16_t *queue);
enum map_result map_domain(struct amdvi_device *device, struct guest *guest, uint16_t guest_domain,
                           uint16_t *host_domain);

/* guest_names.c */
/* INVALIDATE_IOMMU_ALL of a guest: all host domains and devices that its maps name (11 #14). */
void map_invalidate_all(struct amdvi_device *device, struct guest *guest);
/* At the end of a run. */
void map_forget_names(struct amdvi_device *device);

/* The lowest gDomID that is mapped to this host domain, else 0 (11 #21). */
uint16_t map_guest_domain(struct amdvi_device *device, const struct guest *guest, uint16_t host_domain);
/* Whether an entry of this guest's map leads to the host's ID. */
bool map_names(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_guest_map map,
               uint16_t host_id);

/* guest_dirty.c */
void guest_mark_dirty(struct amdvi_device *device, struct guest *guest, bool dirty);
/* Queues the guests whose dirty bit is set, whoever set it (2.3). */
void dirty_scan(struct amdvi_device *device);

/* guest_queue.c */
void guest_queue(struct amdvi_device *device, struct guest *guest);
void guest_unqueue(struct amdvi_device *device, struct guest *guest);
void guests_control_changed(struct amdvi_device *device);
void guests_queue_again(struct amdvi_device *device);
/* The guest whose turn it is; only while the queue is not empty. */
struct guest *guests_take_first(struct amdvi_device *device);

/* guest_log.c */
bool guest_log_running(const struct amdvi_device *device, const struct guest *guest, enum amdvi_log log,
                       bool b);
void guest_log_rose(struct amdvi_device *device, struct guest *guest, enum amdvi_log log);
/* VF Control register `id` was `old`. */
void guest_log_dual_changed(struct guest *guest, enum vfc_id id, uint64_t old);
/* Software has taken these overflow bits of the status register back. */
void guest_log_overflow_cleared(struct guest *guest, uint64_t bits);
bool guest_log_append(struct amdvi_device *device, struct guest *guest, enum amdvi_log log,
                      const uint64_t record[2]);
bool guest_logs_events(const struct amdvi_device *device, uint16_t id);
bool guest_event(struct amdvi_device *device, uint16_t id, const struct event *event);

/* guest_irq.c */
void guest_irq_raise(struct amdvi_device *device, const struct guest *guest, enum amdvi_irq_cause cause);

#endif
