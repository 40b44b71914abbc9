// SPDX-License-Identifier: Apache-2.0
/*
 * Replays a trace on a device of its own and checks what the trace expects.
 *
 *     struct amdvi_replay_options options = {.name = path};
 *     struct amdvi_replay *replay;
 *     if (amdvi_replay_create(&options, &replay) != AMDVI_REPLAY_OK)
 *         return; // no memory
 *     while (amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK)
 *         if (amdvi_replay_record(replay, &record) != AMDVI_REPLAY_OK)
 *             break; // amdvi_replay_error(replay) says why
 *     amdvi_replay_finish(replay);
 *     amdvi_replay_destroy(replay);
 *
 * The player owns system memory and device; both come into being with the first record that acts. A player
 * belongs to one thread.
 */
#ifndef AMDVI_REPLAY_H
#define AMDVI_REPLAY_H

#include "amdvi/amdvi.h"
#include "amdvi/lint.h"
#include "amdvi/sparse_memory.h"
#include "amdvi/timed.h"
#include "amdvi/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_replay;

enum amdvi_replay_status {
    AMDVI_REPLAY_OK = 0,
    AMDVI_REPLAY_ERROR, /* the record cannot be played; amdvi_replay_error() says why */
};

/* What a player tells about one checked request or expectation. */
struct amdvi_replay_verdict {
    uint64_t line;
    const char *kind; /* of the record that was checked */
    bool held;
    const char *text; /* of a failure: "expected ... got ..." */
};

struct amdvi_replay_options {
    const char *name;                        /* of the trace, for messages */
    const char *directory;                   /* memfile names files in it or below; null: the current one */
    const struct amdvi_trace_pair *settings; /* win over the trace's own configuration */
    size_t settings_count;
    bool state_results; /* report results that the trace states no expectation for (--check) */
    void *context;
    void (*verdict)(void *context, const struct amdvi_replay_verdict *verdict);
    /* `record` is the expectation that would hold: the result of a request without one. */
    void (*result)(void *context, const struct amdvi_trace_record *request,
                   const struct amdvi_trace_record *record);
    const struct amdvi_observer *observer; /* may be null; called beside the player's own */
    uint64_t memory_limit;                 /* most bytes of host memory for system memory; 0: no limit */
    bool memfile_anywhere; /* a memfile may be absolute, go through .. or a link out of `directory` */
    /* Not null: a lint looks on (amdvi/lint.h). `text` is "FILE:LINE: ..." of the finding. */
    void (*lint)(void *context, const struct amdvi_lint_finding *finding, const char *text);
    const struct amdvi_lint_options *lint_options; /* may be null; its context and function are not used */
};

struct amdvi_replay_counts {
    uint64_t records;
    uint64_t checks, failed;
    uint64_t translations, translations_checked, translations_failed;
    uint64_t interrupts, interrupts_checked, interrupts_failed;
    uint64_t stores_checked, stores_failed;
    uint64_t registers_checked, registers_failed;
    uint64_t others_checked, others_failed;
};

/* Copies the options, which may be null; strings in them must outlive the player. AMDVI_REPLAY_ERROR and a
 * null `replay`: no memory, or options of a newer header that this library does not have. */
enum amdvi_replay_status amdvi_replay_create_sized(const struct amdvi_replay_options *options, size_t size,
                                                   struct amdvi_replay **replay);
/* amdvi_replay_create_sized() with the structure of this header. */
static inline enum amdvi_replay_status amdvi_replay_create(const struct amdvi_replay_options *options,
                                                           struct amdvi_replay **replay)
{
    return amdvi_replay_create_sized(options, sizeof(*options), replay);
}
/* Frees the player with its device and memory. Null does nothing. */
void amdvi_replay_destroy(struct amdvi_replay *replay);

/* Plays one record: acts, or checks what it expects. AMDVI_REPLAY_ERROR: it cannot be played,
 * amdvi_replay_error() says why, and the player is of no more use. */
enum amdvi_replay_status amdvi_replay_record(struct amdvi_replay *replay,
                                             const struct amdvi_trace_record *record);
/* Reports the result of the last request now, when nothing has been expected of it: the record stands
 * directly behind it then. Otherwise it is reported with the next request, which a later expectation may come
 * before. */
void amdvi_replay_state(struct amdvi_replay *replay);
/* Reports a last request that nothing was expected of, and what a lint has held back. */
enum amdvi_replay_status amdvi_replay_finish(struct amdvi_replay *replay);

/*
 * Why a setting was not taken, in words: "is none of on|off", "unknown configuration key". `status` is what
 * amdvi_config_set() said of it. At most `size` bytes are written, an end included.
 */
void amdvi_replay_setting_text(const char *key, enum amdvi_status status, char *text, size_t size);

/* "FILE:LINE: message", never null. */
const char *amdvi_replay_error(const struct amdvi_replay *replay);
/* What was done and checked so far; lives as long as the player. */
const struct amdvi_replay_counts *amdvi_replay_counts(const struct amdvi_replay *replay);

/* Null before the first record that acts. */
struct amdvi_device *amdvi_replay_device(struct amdvi_replay *replay);
/* The memory of the machine; null before the first record that acts. */
struct amdvi_sparse *amdvi_replay_memory(struct amdvi_replay *replay);
/* Null without one. */
const struct amdvi_lint *amdvi_replay_lint(const struct amdvi_replay *replay);
/* With timing=on: the clock and the statistics of time; null without, or before the first record that acts.
 * It is the player's: nothing is to be submitted to it. */
struct amdvi_timed *amdvi_replay_timed(struct amdvi_replay *replay);
/* The request of a `dma` or `ats` record. False: of another record, or of a write that is an interrupt. */
bool amdvi_replay_request(const struct amdvi_trace_record *record, struct amdvi_request *request);
/* The configuration that is in force: of the options and of the config records so far. Never null. */
const struct amdvi_config *amdvi_replay_config(const struct amdvi_replay *replay);

#ifdef __cplusplus
}
#endif

#endif
