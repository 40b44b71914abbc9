// SPDX-License-Identifier: Apache-2.0
#include "recording.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int recording_write(void *recording, const void *bytes, size_t length)
{
    struct recording *r = recording;

    if (r->refuse_at && r->length + length > r->refuse_at)
        return 1;
    if (r->length + length > r->room) {
        r->room = 2 * (r->length + length);
        r->bytes = realloc(r->bytes, r->room);
        ck_assert_ptr_nonnull(r->bytes);
    }
    memcpy(r->bytes + r->length, bytes, length);
    r->length += length;
    return 0;
}

void recording_start(struct recording *r, struct amdvi_device *device, const struct amdvi_config *config,
                     enum amdvi_trace_form form, uint64_t ram)
{
    struct amdvi_recorder_options options = {
        .config = config, .form = form, .write = recording_write, .context = r, .ram = ram, .scans = true};

    memset(r, 0, sizeof(*r));
    ck_assert_int_eq(amdvi_recorder_create(device, &options, &r->recorder), AMDVI_TRACE_OK);
}

static void on_verdict(void *context, const struct amdvi_replay_verdict *verdict)
{
    struct played *played = context;

    if (!verdict->held && !played->failure[0])
        snprintf(played->failure, sizeof(played->failure), "line %llu: %s: %s",
                 (unsigned long long)verdict->line, verdict->kind, verdict->text);
}

void recording_play(const struct recording *r, enum amdvi_trace_kind without, struct played *played)
{
    struct amdvi_replay_options options = {.context = played, .verdict = on_verdict};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    struct amdvi_trace_error error;
    struct amdvi_replay *replay;
    enum amdvi_trace_status status;

    memset(played, 0, sizeof(*played));
    ck_assert_int_eq(amdvi_trace_open_memory(r->bytes, r->length, "recording", NULL, &reader, &error),
                     AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_replay_create(&options, &replay), AMDVI_REPLAY_OK);
    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK)
        if (record.kind != without)
            ck_assert_msg(amdvi_replay_record(replay, &record) == AMDVI_REPLAY_OK, "%s",
                          amdvi_replay_error(replay));
    ck_assert_msg(status == AMDVI_TRACE_END, "%s", amdvi_trace_last_error(reader)->text);
    ck_assert_int_eq(amdvi_replay_finish(replay), AMDVI_REPLAY_OK);
    played->counts = *amdvi_replay_counts(replay);
    ck_assert_int_eq(amdvi_get_statistics(amdvi_replay_device(replay), &played->statistics), AMDVI_OK);
    amdvi_replay_destroy(replay);
    amdvi_trace_close(reader);
}

void recording_must_replay(struct recording *r, struct played *played)
{
    struct amdvi_recorder_statistics recorded;

    ck_assert_int_eq(amdvi_recorder_finish(r->recorder), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_get_statistics(r->recorder, &recorded), AMDVI_TRACE_OK);
    ck_assert_uint_eq(recorded.inexact, 0);
    recording_play(r, AMDVI_TRACE_KINDS, played);
    ck_assert_msg(played->counts.failed == 0, "%llu of %llu checks failed; %s",
                  (unsigned long long)played->counts.failed, (unsigned long long)played->counts.checks,
                  played->failure);
    ck_assert_uint_ge(played->counts.checks, recorded.expectations);
}

void recording_must_replay_exactly(struct recording *r, struct amdvi_device *device)
{
    struct amdvi_statistics statistics;
    struct played played;

    recording_must_replay(r, &played);
    ck_assert_int_eq(amdvi_get_statistics(device, &statistics), AMDVI_OK);
    /* An interrupt is recorded as one, even if it came as a 4-byte write. */
    played.statistics.requests = statistics.requests;
    ck_assert_mem_eq(&played.statistics, &statistics, sizeof(statistics));
}

void recording_free(struct recording *r)
{
    amdvi_recorder_destroy(r->recorder);
    free(r->bytes);
    memset(r, 0, sizeof(*r));
}
