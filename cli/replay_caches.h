// SPDX-License-Identifier: Apache-2.0
/* Hits and misses of each cache by device, and why lookups missed. */
#ifndef AMDVI_CLI_REPLAY_CACHES_H
#define AMDVI_CLI_REPLAY_CACHES_H

#include "amdvi/amdvi.h"
#include "cli/reuse.h"

#include <json-c/json.h>

enum miss_class {
    MISS_COLD,        /* the first lookup of its key */
    MISS_INVALIDATED, /* a command dropped the key since its last lookup */
    MISS_CAPACITY,    /* at least as many other keys were used since as the cache has lines */
    MISS_CONFLICT,    /* fewer were: another set would have had room */
    MISS_FAULT,       /* the request faulted, which leaves nothing in the cache */
    MISS_CLASSES
};

struct cache_counts {
    uint64_t hits, misses;
    uint64_t classes[MISS_CLASSES]; /* of misses that could be told */
};

/* Caches whose keys are followed. */
enum { FOLLOW_DTC, FOLLOW_ITC, FOLLOW_PTC, FOLLOWED };
enum { PAGES_FOLLOWED = 64 };

/* A page of the request that is being answered, as its device table entry says. */
struct looked_up {
    uint16_t domain;
    bool guest; /* by guest tables, if the request has a PASID or GIoV is set */
    bool giov;
    bool hit; /* in the PTC */
};

struct replay_caches {
    struct cache_counts (*devices)[AMDVI_CACHES]; /* by DeviceID */
    struct cache_counts all[AMDVI_CACHES];
    struct reuse followed[FOLLOWED];
    struct amdvi_statistics last; /* counters at the last time somebody was charged */
    struct looked_up pages[PAGES_FOLLOWED];
    unsigned pages_count;
    bool *nested;        /* by DomainID: guest tables were seen in it */
    uint64_t untold;     /* PTC lookups that could not be told apart */
    uint64_t page_sizes; /* key ptc.page_sizes */
    uint32_t lines[AMDVI_CACHES], ways[AMDVI_CACHES];
    const struct amdvi_device *device; /* null before the first record that acts */
};

bool caches_open(struct replay_caches *caches);
void caches_close(struct replay_caches *caches);

/* The callbacks of the observer. */
void caches_access(struct replay_caches *caches, const struct amdvi_access_info *info);
void caches_request(struct replay_caches *caches, const struct amdvi_request *request,
                    const struct amdvi_result *result);
void caches_interrupt(struct replay_caches *caches, uint16_t requester, uint32_t data,
                      const struct amdvi_int_result *result);
void caches_command(struct replay_caches *caches, const struct amdvi_command_info *info);
/* Before anything is charged; again and again, since the device is made by the first record that acts. */
void caches_start(struct replay_caches *caches, const struct amdvi_device *device,
                  const struct amdvi_config *config);
/* After each record: what was looked up besides requests is nobody's. */
void caches_record(struct replay_caches *caches);

struct json_object *caches_json(const struct replay_caches *caches);
/* Of one device; null when it asked no cache. */
struct json_object *caches_device_json(const struct replay_caches *caches, uint16_t device);

#endif
