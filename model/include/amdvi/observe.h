// SPDX-License-Identifier: Apache-2.0
/*
 * Being told what a device does: accesses, requests, commands, records, register accesses.
 */
#ifndef AMDVI_OBSERVE_H
#define AMDVI_OBSERVE_H

#include "amdvi/requests.h"
#include "amdvi/viommu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where an access of the device to memory comes from. */
enum amdvi_access {
    AMDVI_ACCESS_DTE,
    AMDVI_ACCESS_HOST_ENTRY,
    AMDVI_ACCESS_GCR3_ENTRY,
    AMDVI_ACCESS_GUEST_ENTRY,
    AMDVI_ACCESS_IRTE,
    AMDVI_ACCESS_COMMAND,
    AMDVI_ACCESS_LOG,
    AMDVI_ACCESS_STORE, /* COMPLETION_WAIT */
    AMDVI_ACCESS_VAPIC,
    AMDVI_ACCESS_MAP,  /* DevIDMap, DomIDMap, private space */
    AMDVI_ACCESS_DATA, /* a device's own data */
};

struct amdvi_access_info {
    enum amdvi_access access;
    bool write;
    /* Answered by a cache, not by memory: by `cache`, an enum amdvi_cache. Of an entry of the device table or
     * of an interrupt table, address and value are what memory would have shown. Of a directory or a
     * translation a cache knows only where it leads: `address` is that table or page, `length` 0. */
    bool cached;
    uint8_t cache;
    uint8_t level;     /* of a table entry, from 1 */
    uint64_t address;  /* SPA */
    uint64_t value[4]; /* as many as `length` bytes fill */
    uint32_t length;
    enum amdvi_memory_result result;
    const void *data; /* all `length` bytes, until the callback returns; null when the access failed */
};

struct amdvi_command_info {
    bool guest;
    uint16_t guest_id;
    uint64_t address; /* SPA or GPA of the command */
    uint64_t words[2];
    uint64_t executed[2]; /* with host IDs */
    bool legal;
};

enum amdvi_log { AMDVI_LOG_EVENT, AMDVI_LOG_PPR, AMDVI_LOG_GA };

struct amdvi_event_info {
    bool guest;
    uint16_t guest_id;
    bool logged;
    uint64_t record[2];
    uint64_t index; /* of a logged record, from 0 since the log's enable bit rose */
    enum amdvi_log log;
};

/* What a cache, not memory, has answered for one page of a request or for one interrupt. */
struct amdvi_hit_info {
    uint32_t caches; /* bit n: something came from enum amdvi_cache n */
    uint16_t device;
    const struct amdvi_request *request; /* null: an interrupt */
    const struct amdvi_result *result;   /* of the page at `address`; null: an interrupt */
    const struct amdvi_int_result *message;
    uint64_t address; /* of the page's part of the request, or of the message */
    uint32_t data;    /* of the message */
    uint16_t domain;
    bool guest; /* translated by guest tables: `pasid` counts */
    uint32_t pasid;
    /* No request of a device: the IOMMU's own access to a guest's buffer (TransDevID) or to the private
     * space, told once for each lookup that needed no walk. `request` and `result` describe it all the same.
     */
    bool own;
};

/* Which call on the device begins. */
enum amdvi_call {
    AMDVI_CALL_REGISTERS, /* of any space: MMIO, PCI, VF, VF Control */
    AMDVI_CALL_REQUEST,   /* not told when a cache answers: nothing happens then before `request` is told */
    AMDVI_CALL_INTERRUPT,
    AMDVI_CALL_PAGE_REQUEST,
    AMDVI_CALL_RUN,
    AMDVI_CALL_RESET,
    AMDVI_CALL_ADVANCE,      /* `value`: nanoseconds */
    AMDVI_CALL_ATC_COMPLETE, /* `value`: tag */
    AMDVI_CALL_MAP_FILL,     /* the arguments of amdvi_guest_map_fill() */
    AMDVI_CALL_RESTORE,
    AMDVI_CALL_GUEST_RESTORE, /* `guest_id` */
};

struct amdvi_call_info {
    enum amdvi_call call;
    uint64_t value;
    uint16_t guest_id;
    enum amdvi_guest_map map;
    uint32_t first, count;
    uint16_t host_id, queue_id;
    bool valid;
};

/* The one tap: recorders, lint, statistics and explanations hang on it. Functions may be null; they must
 * not call the device. */
struct amdvi_observer {
    void *context;
    /* Requests take the long way while somebody listens to this one: cached answers are told, too (but see
     * `vouch`). */
    void (*access)(void *context, const struct amdvi_access_info *info);
    void (*request)(void *context, const struct amdvi_request *request, const struct amdvi_result *result);
    void (*interrupt)(void *context, uint16_t requester, uint64_t address, uint32_t data,
                      const struct amdvi_int_result *result);
    void (*command)(void *context, const struct amdvi_command_info *info);
    void (*event)(void *context, const struct amdvi_event_info *info);
    void (*mmio)(void *context, bool write, uint64_t offset, unsigned size, uint64_t value);
    /* Requests take the long way while somebody listens to this one. */
    void (*hit)(void *context, const struct amdvi_hit_info *info);
    /* Accesses to a guest's VF MMIO page or, with `control`, to its VF Control block: writes before they take
     * effect, reads after. */
    void (*guest_mmio)(void *context, uint16_t guest_id, bool control, bool write, uint64_t offset,
                       unsigned size, uint64_t value);
    /* Before anything that the call does, once its arguments are known to be good. */
    void (*call)(void *context, const struct amdvi_call_info *info);
    /* PCI configuration space: writes before they take effect, reads after. */
    void (*pci)(void *context, bool write, unsigned offset, unsigned size, uint64_t value);
    void (*page_request)(void *context, const struct amdvi_page_request *request,
                         const struct amdvi_page_request_result *result);
    /* What the callbacks of the device are told, after them. */
    void (*irq)(void *context, const struct amdvi_irq *irq);
    void (*atc_invalidate)(void *context, const struct amdvi_atc_invalidation *invalidation,
                           enum amdvi_atc_answer answer);
    void (*prg_response)(void *context, const struct amdvi_prg_response *response);
    /* With `access` or `hit`: a cache is about to answer an untranslated request inside one page. True when
     * this observer need not be told of it: `access` and `hit` are then left out, and `request` may be. Asked
     * only where it is the one observer with either of them. Without it all requests take the long way. */
    bool (*vouch)(void *context, const struct amdvi_request *request, const struct amdvi_result *result);
};

/*
 * The host's own observer: takes the place of the one that was set by this call before; null takes it off.
 * The structure is copied. Others stay: those attached below, and those of a lint or a recorder.
 */
enum amdvi_status amdvi_observe_sized(struct amdvi_device *device, const struct amdvi_observer *observer,
                                      size_t size);
/* amdvi_observe_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_observe(struct amdvi_device *device,
                                              const struct amdvi_observer *observer)
{
    return amdvi_observe_sized(device, observer, sizeof(*observer));
}

struct amdvi_observation;

/*
 * One observer more, any number of them. They are told in the order in which they were attached, the one of
 * amdvi_observe() first. `observation` is for amdvi_observer_detach(); what is still attached when the device
 * is destroyed goes with it. Reset and restore leave observers attached. AMDVI_ERR_ARGUMENT,
 * AMDVI_ERR_NO_MEMORY; AMDVI_ERR_BUSY from a callback.
 */
enum amdvi_status amdvi_observer_attach_sized(struct amdvi_device *device,
                                              const struct amdvi_observer *observer, size_t size,
                                              struct amdvi_observation **observation);
/* amdvi_observer_attach_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_observer_attach(struct amdvi_device *device,
                                                      const struct amdvi_observer *observer,
                                                      struct amdvi_observation **observation)
{
    return amdvi_observer_attach_sized(device, observer, sizeof(*observer), observation);
}
/* AMDVI_OK also for null. Before amdvi_destroy() of the device. AMDVI_ERR_BUSY from a callback: it stays
 * attached. */
enum amdvi_status amdvi_observer_detach(struct amdvi_observation *observation);

#ifdef __cplusplus
}
#endif

#endif
