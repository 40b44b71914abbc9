// SPDX-License-Identifier: Apache-2.0
/*
 * replay_all [--set KEY=VALUE]... FILE...
 *
 * Replays text or binary traces, each on a device of its own. Prints a line for each check that failed and,
 * at the end, "N passed, N failed, ..." in files. Exit status: 0 all held, 1 a check failed, 2 a file could
 * not be understood.
 */
#include "amdvi/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 16 };

struct runner {
    struct amdvi_trace_pair settings[SETTINGS_MAX];
    size_t settings_count;
    unsigned passed, failed, unreadable;
    uint64_t checks;
};

static void report(void *context, const struct amdvi_replay_verdict *verdict)
{
    if (!verdict->held)
        printf("%s:%llu: %s: %s\n", (const char *)context, (unsigned long long)verdict->line, verdict->kind,
               verdict->text);
}

static bool feed(struct amdvi_replay *replay, struct amdvi_trace_reader *reader)
{
    struct amdvi_trace_record record;
    enum amdvi_trace_status status;

    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK) {
        if (amdvi_replay_record(replay, &record) != AMDVI_REPLAY_OK) {
            printf("%s\n", amdvi_replay_error(replay));
            return false;
        }
    }
    if (status != AMDVI_TRACE_END) {
        printf("%s\n", amdvi_trace_last_error(reader)->text);
        return false;
    }
    return true;
}

/* What the records say relative to their own folder. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 1;
    char *directory = malloc(length + 1);

    if (!directory)
        exit(2);
    memcpy(directory, slash ? path : ".", length);
    directory[length] = 0;
    return directory;
}

static void count(struct runner *runner, const struct amdvi_replay *replay, bool understood)
{
    const struct amdvi_replay_counts *counts = amdvi_replay_counts(replay);

    runner->checks += counts->checks;
    if (!understood)
        runner->unreadable++;
    else if (counts->failed)
        runner->failed++;
    else
        runner->passed++;
}

static void play(struct runner *runner, char *path)
{
    char *directory = directory_of(path);
    struct amdvi_replay_options options = {.name = path,
                                           .directory = directory,
                                           .settings = runner->settings,
                                           .settings_count = runner->settings_count,
                                           .context = path,
                                           .verdict = report};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    struct amdvi_replay *replay;

    if (amdvi_trace_open(path, NULL, &reader, &error) != AMDVI_TRACE_OK) {
        printf("%s: %s\n", path, error.text);
        runner->unreadable++;
    } else {
        if (amdvi_replay_create(&options, &replay) != AMDVI_REPLAY_OK)
            exit(2);
        bool understood = feed(replay, reader);
        amdvi_replay_finish(replay);
        count(runner, replay, understood);
        amdvi_replay_destroy(replay);
        amdvi_trace_close(reader);
    }
    free(directory);
}

static void add_setting(struct runner *runner, char *text)
{
    char *equals = strchr(text, '=');

    if (!equals || runner->settings_count == SETTINGS_MAX) {
        fprintf(stderr, "--set takes KEY=VALUE\n");
        exit(2);
    }
    *equals = 0;
    runner->settings[runner->settings_count++] = (struct amdvi_trace_pair){.key = text, .value = equals + 1};
}

int main(int argc, char **argv)
{
    struct runner runner = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--set") == 0 && i + 1 < argc)
            add_setting(&runner, argv[++i]);
        else
            play(&runner, argv[i]);
    }
    printf("%u passed, %u failed, %u not understood, %llu checks\n", runner.passed, runner.failed,
           runner.unreadable, (unsigned long long)runner.checks);
    if (runner.unreadable)
        return 2;
    return runner.failed ? 1 : 0;
}
