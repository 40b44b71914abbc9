// SPDX-License-Identifier: Apache-2.0
/* Opens a trace of any kind and plays it. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* The folder that memfile paths are relative to; null for the current one. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && strcmp(path, "-") ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
}

/* After everything that was printed so far. */
static void complain(struct player *player, const char *text)
{
    snprintf(player->error, sizeof(player->error), "%s", text);
    fflush(stdout);
    fprintf(stderr, "%s\n", player->error);
}

static void release(struct player *player)
{
    amdvi_replay_destroy(player->replay);
    amdvi_trace_close(player->reader);
    free(player->directory);
    player->replay = NULL;
    player->reader = NULL;
    player->directory = NULL;
}

bool player_open(struct player *player, const char *path, const struct amdvi_trace_options *reading,
                 struct amdvi_replay_options *options)
{
    struct amdvi_trace_error error = {0};
    char *directory, text[sizeof(player->error)];

    *player = (struct player){.path = path};
    if (amdvi_trace_open(path, reading, &player->reader, &error) != AMDVI_TRACE_OK) {
        complain(player, error.text);
        return false;
    }
    directory = directory_of(path);
    options->name = path;
    options->directory = directory;
    if (amdvi_replay_create(options, &player->replay) == AMDVI_REPLAY_OK) {
        player->directory = directory;
        return true;
    }
    snprintf(text, sizeof(text), "%s: the player cannot start: out of memory", path);
    complain(player, text);
    free(directory);
    release(player);
    return false;
}

void player_close(struct player *player)
{
    release(player);
    *player = (struct player){0};
}

enum player_step player_fetch(struct player *player)
{
    enum amdvi_trace_status status = amdvi_trace_next(player->reader, &player->record);

    if (status == AMDVI_TRACE_OK)
        return PLAYER_RECORD;
    if (status == AMDVI_TRACE_END)
        return PLAYER_END;
    complain(player, amdvi_trace_last_error(player->reader)->text);
    return PLAYER_WRONG;
}

bool player_play(struct player *player, const struct amdvi_trace_record *record)
{
    if (amdvi_replay_record(player->replay, record) == AMDVI_REPLAY_OK)
        return true;
    complain(player, amdvi_replay_error(player->replay));
    return false;
}

bool player_run_to(struct player *player, uint64_t line, bool *found)
{
    enum player_step step;

    *found = false;
    while ((step = player_fetch(player)) == PLAYER_RECORD) {
        if (line && player->record.line >= line) {
            *found = true;
            return true;
        }
        if (!player_play(player, &player->record))
            return false;
        player->records++;
        player->line = player->record.line;
    }
    return step == PLAYER_END;
}
