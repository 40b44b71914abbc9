// SPDX-License-Identifier: Apache-2.0
/*
 * Looking into a device without changing it: counters, logs, table entries, lines of caches.
 */
#ifndef AMDVI_INSPECT_H
#define AMDVI_INSPECT_H

#include "amdvi/observe.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Counters since reset. New ones are added at the end. */
struct amdvi_statistics {
    uint64_t requests, passed, translated, faulted, interrupts, interrupts_remapped, interrupts_faulted;
    uint64_t page_requests, ats_requests;
    uint64_t dtc_hits, dtc_misses, ptc_hits, ptc_misses, pdc_hits, pdc_misses, gcr3_hits, gcr3_misses;
    uint64_t itc_hits, itc_misses;
    uint64_t walks, reads_dte, reads_host, reads_guest, reads_gcr3, reads_irte, updates;
    uint64_t commands, commands_by_opcode[16], completion_waits, invalidations;
    uint64_t entries_invalidated; /* what goes together (of a domain, a PASID, a larger page) as one */
    uint64_t events, events_by_code[16], events_lost, ppr_entries, ga_entries, own_interrupts;
    uint64_t guest_commands;
    uint64_t parity_errors; /* cache entries thrown away because of injected bit errors */
};

/* Copies the first `size` bytes of the counters; members that the library does not have become 0.
 * AMDVI_ERR_ARGUMENT for null. */
enum amdvi_status amdvi_get_statistics_sized(const struct amdvi_device *device,
                                             struct amdvi_statistics *statistics, size_t size);
/* amdvi_get_statistics_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_get_statistics(const struct amdvi_device *device,
                                                     struct amdvi_statistics *statistics)
{
    return amdvi_get_statistics_sized(device, statistics, sizeof(*statistics));
}

/* How many records were written to a log since its enable bit last rose. The records themselves come
 * through the observer. AMDVI_ERR_ARGUMENT for null and for what is no log. */
enum amdvi_status amdvi_log_count(const struct amdvi_device *device, enum amdvi_log log, uint64_t *count);

/* The same for the event and PPR logs of a guest; 0 for one that has done nothing yet. AMDVI_ERR_UNSUPPORTED:
 * the device has no virtual IOMMUs. */
enum amdvi_status amdvi_guest_log_count(const struct amdvi_device *device, uint16_t guest_id,
                                        enum amdvi_log log, uint64_t *count);

/* What amdvi_inspect_dte() found. */
struct amdvi_dte_view {
    uint64_t words[4];
    uint64_t address; /* SPA */
    bool cached;
    bool beyond_table;
    bool read_error;
};
/* The device table entry that requests of `requester` meet: cached or from memory, without side effects.
 * AMDVI_ERR_BUSY from inside a callback; an entry that cannot be read is no error but `read_error`. */
enum amdvi_status amdvi_inspect_dte(struct amdvi_device *device, uint16_t requester,
                                    struct amdvi_dte_view *view);

enum amdvi_cache {
    AMDVI_CACHE_DTC,
    AMDVI_CACHE_ITC,
    AMDVI_CACHE_PTC,
    AMDVI_CACHE_PDC,
    AMDVI_CACHE_GCR3,
    AMDVI_CACHES
};

/* One live line of a cache, in the terms of that cache. */
struct amdvi_cache_line {
    uint32_t slot;
    uint16_t device; /* DTC, ITC */
    uint16_t domain; /* PTC, PDC, GCR3 */
    bool has_pasid;
    uint32_t pasid;
    uint32_t index; /* ITC */
    uint8_t level;  /* PDC */
    uint8_t kind;   /* PDC: 0 host directory, 2 guest directory */
    uint8_t perm;
    uint64_t address; /* tag */
    uint64_t size;    /* bytes that the line covers */
    uint64_t target;  /* SPA, table, or first word of an entry */
};

/* Live lines from slot `*cursor` on (start with 0); AMDVI_ERR_END after the last one, AMDVI_ERR_ARGUMENT for
 * null and for what is no cache. */
enum amdvi_status amdvi_inspect_cache(const struct amdvi_device *device, enum amdvi_cache cache,
                                      uint32_t *cursor, struct amdvi_cache_line *line);
/* Lines and ways of a cache. AMDVI_ERR_ARGUMENT for null or a number that is no cache. */
enum amdvi_status amdvi_cache_geometry(const struct amdvi_device *device, enum amdvi_cache cache,
                                       uint32_t *entries, uint32_t *ways);

#ifdef __cplusplus
}
#endif

#endif
