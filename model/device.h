// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of a device: the parts of the rooms, put together. What a room has for others is in headers of its
 * own.
 */
#ifndef AMDVI_MODEL_DEVICE_H
#define AMDVI_MODEL_DEVICE_H

#include "amdvi/amdvi.h"
#include "amdvi/host.h"
#include "cmdbuf/command.h"
#include "cmdbuf/event.h"
#include "cmdbuf/ring.h"
#include "model/caches/cache.h"
#include "model/caches/tlb.h"
#include "model/config/config.h"
#include "model/guests/guests.h"
#include "model/layout.h"
#include "model/logs/host_logs.h"
#include "model/lookup/entries.h"
#include "model/lookup/held_index.h"
#include "model/observe/observer.h"
#include "model/observe/pmu.h"
#include "model/port/ask.h"
#include "model/port/inject.h"
#include "model/port/lock.h"
#include "model/port/steps.h"
#include "model/registers.h"
#include "model/signals/atc_pending.h"
#include "tables/irte.h"
#include "tables/walk.h"

enum { REGISTER_MAP_END = 0x4020, NO_REGISTER = 0xff, DEVICES = 65536, PCI_CONFIG_BYTES = 256 };

/* A command as it was fetched. */
struct command_held {
    bool held; /* it is blocked, and goes on where it was */
    bool legal, mapped, told;
    uint64_t words[2];
    uint64_t host[2];      /* with the host's IDs */
    uint64_t address;      /* SPA, of guests the address as the guest names it */
    struct jobs_wait wait; /* of a COMPLETION_WAIT for lookups under way */
    uint64_t records;      /* of a COMPLETION_WAIT: records_settled() */
};

struct command_job;
struct record_writer;
struct record;

struct amdvi_device {
    struct amdvi_config config;
    struct amdvi_memory memory;
    struct amdvi_window windows[AMDVI_WINDOWS_MAX]; /* beside the one of `memory` */
    unsigned window_count;
    struct amdvi_callbacks callbacks;
    struct amdvi_allocator allocator;
    struct amdvi_observer observer; /* stands for all in `observations` */
    struct amdvi_observation *observations;
    struct amdvi_observation own_observation; /* of amdvi_observe() */
    bool observed;
    bool accesses_seen; /* somebody wants to hear of accesses to memory */
    bool watched;       /* somebody wants every request to go the whole way: device_watch() */
    bool away;          /* a callback or an observer runs: device_leave() */
    bool whole_way;     /* somebody looks at every answer of caches, and nobody vouches for them */
    bool long_way;      /* whole_way or away: no request may be answered by the shortest way (hit.h) */
    bool hits_asked;    /* the shortest way asks before it answers: `voucher`, or counters (observe/pmu.h) */
    const struct amdvi_observation *voucher; /* or null */
    bool hits_heard;                         /* somebody else wants to hear of requests that it answers */
    bool caches;

    uint64_t reg[REG_COUNT];
    struct reg_mask mask[REG_COUNT];
    uint8_t register_at[REGISTER_MAP_END / 4];
    uint8_t pci[PCI_CONFIG_BYTES];

    struct tables_env env;
    struct dte_segments segments;
    struct cmd_rules rules;
    bool command_run;
    uint32_t command_restarts;           /* changes with every start and stop of the host's ring */
    struct command_held command_blocked; /* at the head of the host's ring */
    struct command_job *host_commands, *guest_commands; /* commands/command.h */
    struct host_logs logs;
    struct record_writer *writer; /* of executors that answer later; null: nobody (logs/record.h) */

    struct entry_caches entries;
    uint64_t *reported; /* per DeviceID: SE has let its one fault through (7.5) */
    struct tlb tlb;
    struct pmu pmu;
    struct inject inject;

    struct guests guests;
    struct held_index held;
    struct job_lock register_lock; /* accesses of software */
    /* logs/record.h: writes a guest's record, `guest_writer` is where the writer stands in it. */
    bool (*guest_record)(struct amdvi_device *device, struct job *job, const struct record *record,
                         bool begin, void *frame, bool *written);
    void *guest_writer;

    struct atc_table atc;
    uint64_t now;

    struct amdvi_statistics statistics;
    struct external *external; /* who answers jobs later; null: nobody (port.h) */
    struct job *jobs;          /* of those that are under way */
    uint64_t marks;            /* invalidations that covered one of them */
};

static inline uint64_t control(const struct amdvi_device *device)
{
    return device->reg[REG_CONTROL];
}

static inline bool iommu_enabled(const struct amdvi_device *device)
{
    return device->reg[REG_CONTROL] & 1;
}

/* While a callback or an observer runs, calls that would change the device are refused (AMDVI_ERR_BUSY): what
 * called it stands in the middle of something. One may run inside another, so what was is put back. */
static inline bool device_leave(struct amdvi_device *device)
{
    bool was = device->away;

    device->away = device->long_way = true;
    return was;
}

static inline void device_return(struct amdvi_device *device, bool was)
{
    device->away = was;
    device->long_way = was || device->whole_way;
}

static inline bool device_busy(const struct amdvi_device *device)
{
    return __builtin_expect(device->away, 0);
}

/* A call of the public interface begins; see enum amdvi_call. */
static inline void tell_call_with(struct amdvi_device *device, const struct amdvi_call_info *info)
{
    if (device->observer.call)
        device->observer.call(device->observer.context, info);
}

static inline void tell_call(struct amdvi_device *device, enum amdvi_call call, uint64_t value)
{
    if (__builtin_expect(device->observed, 0))
        tell_call_with(device, &(struct amdvi_call_info){.call = call, .value = value});
}

#endif
