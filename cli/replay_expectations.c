// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay --write-expectations`: the trace again, with an expectation behind every request. */
#include "cli/replay.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_request(const struct amdvi_trace_record *record)
{
    return record->kind >= AMDVI_TRACE_KIND_DMA && record->kind <= AMDVI_TRACE_KIND_INT;
}

static bool grow(struct golden *golden)
{
    size_t room = golden->room ? golden->room * 2 : 4096;
    uint8_t *stated = realloc(golden->stated, room);

    if (!stated)
        return false;
    golden->stated = stated;
    golden->room = room;
    return true;
}

/* Other records may stand between a request and what the trace expects of it. */
static bool note(struct golden *golden, const struct amdvi_trace_record *record)
{
    if ((record->kind == AMDVI_TRACE_KIND_OK || record->kind == AMDVI_TRACE_KIND_FAULT) && golden->requests)
        golden->stated[golden->requests - 1] = 1;
    if (!is_request(record))
        return true;
    if (golden->requests == golden->room && !grow(golden))
        return false;
    golden->stated[golden->requests++] = 0;
    return true;
}

/* Mistakes in the trace are reported when it is played. */
static bool look_ahead(struct golden *golden, const char *path)
{
    struct amdvi_trace_error error = {0};
    struct amdvi_trace_record record;
    struct amdvi_trace_reader *reader;
    bool good = true;

    if (amdvi_trace_open(path, NULL, &reader, &error) != AMDVI_TRACE_OK)
        return true;
    while (good && amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK)
        good = note(golden, &record);
    amdvi_trace_close(reader);
    return good;
}

bool golden_open(struct session *session, const char *path)
{
    struct golden *golden = &session->golden;
    const char *out = session->options->output;
    struct amdvi_trace_error error = {0};

    if (!look_ahead(golden, path)) {
        usage_error(&command_replay, "out of memory");
        return false;
    }
    if (!output_open(&command_replay, out, &golden->output))
        return false;
    if (amdvi_trace_writer_open(form_of_name(out), amdvi_trace_write_to_file, golden->output.file,
                                &golden->writer, &error) == AMDVI_TRACE_OK)
        return true;
    usage_error(&command_replay, "%s", error.text);
    return false;
}

static bool put(struct golden *golden, const struct amdvi_trace_record *record)
{
    if (amdvi_trace_write(golden->writer, record) == AMDVI_TRACE_OK)
        return true;
    usage_error(&command_replay, "%s: %s", golden->output.path,
                amdvi_trace_writer_error(golden->writer)->text);
    return false;
}

/* What --set changed is part of what the expectations say: it stands behind the trace's own configuration. */
static bool put_settings(struct golden *golden, const struct settings *settings)
{
    struct amdvi_trace_record record;

    golden->acted = true;
    if (!settings->count)
        return true;
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_CONFIG);
    record.pairs = settings->pairs;
    record.pairs_count = settings->count;
    return put(golden, &record);
}

void golden_result(struct session *session, const struct amdvi_trace_record *record)
{
    session->golden.written += put(&session->golden, record);
}

static bool folder_of(const char *path, struct stat *folder)
{
    char *copy = strdup(path);
    bool good = copy && stat(dirname(copy), folder) == 0;

    free(copy);
    return good;
}

/* A memfile is named relative to its trace. */
static bool memfile_stays(struct session *session)
{
    const char *file = session->player.record.file;
    struct stat here, there;

    if (file[0] == '/' ||
        (folder_of(session->player.path, &here) && folder_of(session->options->output, &there) &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino))
        return true;
    usage_error(&command_replay, "-o %s: the memfile %s lies beside the trace; write into the same folder",
                session->options->output, file);
    return false;
}

bool golden_record(struct session *session)
{
    struct golden *golden = &session->golden;
    const struct amdvi_trace_record *record = &session->player.record;
    uint64_t before = golden->written;

    if (!golden->acted && record->kind > AMDVI_TRACE_KIND_CONFIG &&
        !put_settings(golden, &session->options->settings))
        return false;
    if ((record->kind == AMDVI_TRACE_KIND_MEMFILE && !memfile_stays(session)) || !put(golden, record))
        return false;
    if (!is_request(record) || golden->at == golden->requests || golden->stated[golden->at++])
        return true;
    amdvi_replay_state(session->player.replay);
    return golden->written > before;
}

bool golden_close(struct session *session, bool keep)
{
    struct golden *golden = &session->golden;
    bool good = !golden->writer || amdvi_trace_writer_finish(golden->writer) == AMDVI_TRACE_OK;

    amdvi_trace_writer_close(golden->writer);
    if (golden->output.file)
        good &= output_close(&command_replay, &golden->output, keep && good);
    free(golden->stated);
    *golden = (struct golden){0};
    return good;
}
