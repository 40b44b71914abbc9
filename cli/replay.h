// SPDX-License-Identifier: Apache-2.0
/* The parts of `amdvi replay`. */
#ifndef AMDVI_CLI_REPLAY_H
#define AMDVI_CLI_REPLAY_H

#include "cli/cli.h"
#include "cli/replay_caches.h"

#include "amdvi/live.h"
#include "amdvi/trace_export.h"

enum { SIZE_BINS = 65, READ_BINS = 65, SERIES = 256, REASONS = 256, DEVICES = 65536, FAILURES_KEPT = 1000 };

struct device_counts {
    uint64_t translated, identity, faulted, interrupts, interrupts_faulted;
};

/* What the observer saw. */
struct replay_stats {
    struct device_counts *devices;  /* by DeviceID */
    uint64_t reasons[REASONS];      /* of faults */
    uint64_t page_sizes[SIZE_BINS]; /* translations by log2 of the page size */
    uint64_t inv_sizes[SIZE_BINS];  /* invalidations by log2 of the range; the last is everything */
    uint64_t walk_reads[READ_BINS]; /* translations by reads of tables; the last is that many or more */
    uint64_t reads;                 /* since the last request */
    /* Counters of the device at the end of each stretch of `width` records. */
    struct amdvi_statistics series[SERIES];
    uint64_t series_ns[SERIES]; /* time that the trace had stated last by then */
    unsigned points;
    uint64_t width;
};

bool stats_open(struct replay_stats *stats);
void stats_close(struct replay_stats *stats);
void stats_access(struct replay_stats *stats, const struct amdvi_access_info *info);
void stats_request(struct replay_stats *stats, const struct amdvi_request *request,
                   const struct amdvi_result *result);
void stats_interrupt(struct replay_stats *stats, uint16_t requester, const struct amdvi_int_result *result);
void stats_command(struct replay_stats *stats, const struct amdvi_command_info *info);
/* After each record; `records` were played so far, `ns` is the time that the trace stated last. */
void stats_record(struct replay_stats *stats, uint64_t records, uint64_t ns,
                  const struct amdvi_device *device);

/* A counter of the device with its name; null after the last one. */
struct counter {
    const char *name;
    size_t offset;
};
const struct counter *stats_counter(size_t index);
uint64_t stats_counter_value(const struct amdvi_statistics *statistics, const struct counter *counter);

/* A page request that waits for its answer. */
struct open_page_request {
    bool used;
    uint16_t device, index;
    uint64_t address, start_ns, line;
};
enum { PAGE_REQUESTS = 256 }; /* more that wait at once are not drawn */

/* A timeline for ui.perfetto.dev. */
struct timeline {
    struct output output;
    struct amdvi_perfetto *out;
    uint64_t now_ns, line;
    bool timed;                      /* the trace states times */
    uint64_t drawn, skipped, one_of; /* thinning out; one_of 0: all are drawn */
    struct open_page_request open[PAGE_REQUESTS];
    uint64_t sampled_hits, sampled_misses;
};
bool timeline_open(struct timeline *timeline, const char *path, const char *process);
/* Without `keep` a timeline that was there before stays. */
bool timeline_close(struct timeline *timeline, bool keep);
void timeline_record(struct timeline *timeline, const struct amdvi_trace_record *record);
void timeline_request(struct timeline *timeline, const struct amdvi_request *request,
                      const struct amdvi_result *result);
void timeline_interrupt(struct timeline *timeline, uint16_t requester, uint32_t data,
                        const struct amdvi_int_result *result);
void timeline_command(struct timeline *timeline, const struct amdvi_command_info *info);
void timeline_event(struct timeline *timeline, const struct amdvi_event_info *info);
void timeline_page_request(struct timeline *timeline, const struct amdvi_page_request *request,
                           const struct amdvi_page_request_result *result);
void timeline_prg_response(struct timeline *timeline, const struct amdvi_prg_response *response);
void timeline_counters(struct timeline *timeline, const struct amdvi_device *device);

struct failure {
    uint64_t line;
    const char *kind;
    char *text;
};

/* A copy of the trace with its expectations filled in. */
struct golden {
    struct output output;
    struct amdvi_trace_writer *writer;
    uint8_t *stated; /* of each request, in order: whether the trace states an expectation */
    size_t requests, room, at;
    bool acted; /* the device exists, configuration is over */
    uint64_t written;
};

struct suppression;

/* One `amdvi replay` command line. */
struct replay_options {
    struct settings settings;
    bool check, json, quiet, stats, no_progress;
    bool expectations; /* --write-expectations to `output` */
    const char *output;
    uint64_t failures; /* most failed checks that are printed of a file */
    bool lint, lint_windows;
    enum amdvi_lint_regime lint_regime;
    unsigned lint_processors;
    const char *sarif;
    struct json_object *sarif_results; /* of all files */
    struct suppression *suppressions;
    const char *timeline, *csv, *live;
    struct json_object *results, *not_played; /* --json: of all files; names of files with mistakes */
    struct json_object *errors;               /* --json: what the mistakes are */
};

/* One file being played. */
struct session {
    const struct replay_options *options;
    struct player player;
    struct amdvi_observer observer;
    struct replay_stats stats;
    struct replay_caches caches; /* --json */
    struct timeline timeline;
    struct amdvi_live_page *live_page; /* --live */
    struct amdvi_live *live;           /* once there is a device */
    struct output csv_output;
    struct amdvi_csv *csv;
    uint64_t time_ns;             /* as the trace stated it last */
    uint64_t first_ns;            /* as it was stated first */
    bool timed, backwards;        /* times were stated; one lay before the one before it */
    const char *outcome, *detail; /* of the current record, for CSV */
    char detail_text[512];
    struct failure failures[FAILURES_KEPT];
    uint64_t failures_count;
    struct golden golden;
    struct json_object *stated; /* --check --json */
    double seconds;
    struct amdvi_lint_options lint;
    struct json_object *lint_findings; /* --lint --json */
    const char *lint_file;
    uint64_t lint_mistakes, lint_suppressed;
    bool started; /* print_start() has spoken */
};

/* replay_suppress.c: adds what a file says; false after a message. */
bool suppress_load(const char *path, struct suppression **list);
/* Why this finding is suppressed; null: it is not. */
const char *suppress_reason(const struct suppression *list, const struct amdvi_lint_finding *finding);
void suppress_free(struct suppression *list);

/* replay_sarif.c */
void sarif_add(struct json_object *results, const char *file, const struct amdvi_lint_finding *f,
               const char *reason);
bool sarif_write(const char *path, struct json_object *results);

/* replay_live.c: a page for `amdvi top` */
bool live_open(struct session *session);
void live_record(struct session *session);
void live_close(struct session *session);

/* replay_lint.c */
void lint_open(struct session *session, struct amdvi_replay_options *player);
void lint_print(const struct session *session, const char *mark);
struct json_object *lint_json(struct session *session);

/* replay_time.c: with timing=on. */
void time_print(const struct session *session, const char *mark);
/* Null without time. */
struct json_object *time_json(const struct session *session);

/* replay_play.c: one file. CLI_OK, CLI_FAILED or CLI_WRONG. */
int replay_file(const struct replay_options *options, const char *path);

/* replay_expectations.c */
/* Reads the trace once, to know which requests have an expectation. */
bool golden_open(struct session *session, const char *path);
/* The current record, after it was played. */
bool golden_record(struct session *session);
/* The expectation of the request just written. */
void golden_result(struct session *session, const struct amdvi_trace_record *record);
bool golden_close(struct session *session, bool keep);

/* replay_summary.c */
/* Once there is a device: what it advertises and does not do. */
void print_start(struct session *session);
void print_summary(struct session *session);
/* Whether there was nothing to compare because the source does not have it. */
bool nothing_checked(const struct session *session);

void replay_json_add(struct session *session);
/* Where a capture comes from and what its records are; null for traces, which may come from anywhere. */
const char *what_was_recorded(const struct amdvi_trace_info *info);
void cannot_check(const struct amdvi_trace_info *info, void (*say)(void *context, const char *what),
                  void *context);

#endif
