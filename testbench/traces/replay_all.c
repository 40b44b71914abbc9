// SPDX-License-Identifier: Apache-2.0
/*
 * replay_all [--set KEY=VALUE]... [--lint] [--restore] [--external] FILE...
 *
 * Replays text or binary traces, each on a device of its own. Prints a line for each check that failed and,
 * at the end, "N passed, N failed, ..." in files. Exit status: 0 all held, 1 a check failed, 2 a file could
 * not be understood. With --lint a lint looks on, which must change nothing. With --restore the device is
 * saved and restored before every third record, and offered damaged bytes, which must change nothing. With
 * --external rings and logs ask for memory and are answered from inside of each question (amdvi/external.h).
 */
#include "amdvi/external.h"
#include "amdvi/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 16, RESTORE_EVERY = 3 };

struct runner {
    struct amdvi_trace_pair settings[SETTINGS_MAX];
    size_t settings_count;
    bool lint, restore, external;
    uint64_t asked;
    unsigned passed, failed, unreadable;
    uint64_t checks, findings;
};

static void report(void *context, const struct amdvi_replay_verdict *verdict)
{
    if (!verdict->held)
        printf("%s:%llu: %s: %s\n", (const char *)context, (unsigned long long)verdict->line, verdict->kind,
               verdict->text);
}

static struct runner *running;

static void found(void *context, const struct amdvi_lint_finding *finding, const char *text)
{
    running->findings++;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    printf("save and restore: %s\n", what);
    exit(1);
}

/* Saves the device and puts it back; on the way, bytes that are cut off or damaged are refused. */
static void save_and_restore(struct amdvi_device *device, unsigned at)
{
    size_t size, again;
    uint8_t *bytes;

    must(amdvi_save(device, NULL, 0, &size) == AMDVI_ERR_TOO_SMALL, "the size");
    bytes = malloc(size);
    must(bytes != NULL, "memory");
    must(amdvi_save(device, bytes, size - 1, &again) == AMDVI_ERR_TOO_SMALL && again == size,
         "too little room");
    must(amdvi_save(device, bytes, size, &again) == AMDVI_OK && again == size, "save");
    must(amdvi_restore(device, bytes, (size_t)at * 37 % size) != AMDVI_OK, "cut off");
    bytes[(size_t)at * 101 % size] ^= 0x10;
    must(amdvi_restore(device, bytes, size) != AMDVI_OK, "damaged");
    bytes[(size_t)at * 101 % size] ^= 0x10;
    must(amdvi_restore(device, bytes, size) == AMDVI_OK, "restore");
    free(bytes);
}

static enum amdvi_memory_result answer(struct amdvi_sparse *memory, const struct amdvi_ask *ask, void *data)
{
    enum amdvi_sparse_status status;
    uint64_t seen = ask->expected;

    switch (ask->kind) {
    case AMDVI_ASK_READ:
        status = amdvi_sparse_read(memory, ask->address, data, ask->length);
        break;
    case AMDVI_ASK_WRITE:
        status = amdvi_sparse_write(memory, ask->address, ask->data, ask->length);
        break;
    default:
        status = amdvi_sparse_cas64(memory, ask->address, &seen, ask->desired);
        memcpy(data, &seen, sizeof(seen));
        break;
    }
    return status == AMDVI_SPARSE_OK ? AMDVI_MEMORY_OK : AMDVI_MEMORY_MASTER_ABORT;
}

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    struct amdvi_replay *replay = context;
    uint8_t data[AMDVI_ASK_BYTES] = {0};
    enum amdvi_memory_result result = answer(amdvi_replay_memory(replay), ask, data);

    running->asked++;
    amdvi_memory_done(amdvi_replay_device(replay), ask->id, result, data);
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    (void)context;
    (void)completion;
}

/* As soon as there is a device. */
static bool attach(struct amdvi_replay *replay)
{
    struct amdvi_external face = {.context = replay, .issue = on_issue, .complete = on_complete, .most = 1};
    struct amdvi_device *device = amdvi_replay_device(replay);

    return device && amdvi_external_attach(device, &face) == AMDVI_OK;
}

static bool feed(struct amdvi_replay *replay, struct amdvi_trace_reader *reader)
{
    struct amdvi_trace_record record;
    enum amdvi_trace_status status;
    bool attached = false;
    unsigned at = 0;

    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK) {
        if (running->restore && at++ % RESTORE_EVERY == 0 && amdvi_replay_device(replay))
            save_and_restore(amdvi_replay_device(replay), at);
        if (running->external && !attached)
            attached = attach(replay);
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
                                           .verdict = report,
                                           .lint = runner->lint ? found : NULL};
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

    running = &runner;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--set") == 0 && i + 1 < argc)
            add_setting(&runner, argv[++i]);
        else if (strcmp(argv[i], "--lint") == 0)
            runner.lint = true;
        else if (strcmp(argv[i], "--restore") == 0)
            runner.restore = true;
        else if (strcmp(argv[i], "--external") == 0)
            runner.external = true;
        else
            play(&runner, argv[i]);
    }
    printf("%u passed, %u failed, %u not understood, %llu checks\n", runner.passed, runner.failed,
           runner.unreadable, (unsigned long long)runner.checks);
    if (runner.lint)
        printf("%llu findings of the lint\n", (unsigned long long)runner.findings);
    if (runner.external)
        printf("%llu questions to memory\n", (unsigned long long)runner.asked);
    if (runner.unreadable)
        return 2;
    return runner.failed ? 1 : 0;
}
