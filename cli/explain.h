// SPDX-License-Identifier: Apache-2.0
/* The parts of `amdvi explain`: one request, what it did, and its two faces. */
#ifndef AMDVI_CLI_EXPLAIN_H
#define AMDVI_CLI_EXPLAIN_H

#include "cli/cli.h"

enum { STEPS = 256, EVENTS = 16 };

struct explanation {
    struct settings settings;
    struct player player;
    struct amdvi_observer observer;
    struct amdvi_trace_record record; /* the request, when it is not the trace's */
    uint64_t line, at;
    bool found; /* --at: the trace has that line */
    bool line_given, at_given, dev_given, addr_given, json;
    bool made_up; /* an option says what the request is like */
    /* what was seen */
    bool armed, requested, interrupted;
    struct amdvi_access_info steps[STEPS];
    unsigned steps_count;
    uint32_t hits; /* bit n: enum amdvi_cache n has answered */
    struct amdvi_event_info events[EVENTS];
    unsigned events_count;
    struct amdvi_request request;
    struct amdvi_result result;
    uint16_t requester;
    struct amdvi_int_result message;
    struct amdvi_statistics before, after;
};

/* Whether a cache was asked during the request, and answered. */
struct cache_news {
    const char *name, *hit; /* "DTC", and a sentence */
    enum amdvi_cache cache;
    size_t misses; /* in struct amdvi_statistics: how often it was asked in vain */
};
enum { EXPLAIN_CACHES = 5 };
extern const struct cache_news explain_caches[EXPLAIN_CACHES];
bool explain_hit(const struct explanation *e, const struct cache_news *news);
bool explain_missed(const struct explanation *e, const struct cache_news *news);
void explain_flags(const struct amdvi_fault *fault, char *text, size_t size);

/* explain_text.c, explain_json.c */
void explain_print(const struct explanation *e, const struct amdvi_trace_record *record);
void explain_print_json(const struct explanation *e, const struct amdvi_trace_record *record);

#endif
