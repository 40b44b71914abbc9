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

bool player_open(struct player *player, const char *path, struct amdvi_replay_options *options)
{
    struct amdvi_trace_error error = {0};
    char *directory;

    *player = (struct player){.path = path};
    if (amdvi_trace_open(path, NULL, &player->reader, &error) != AMDVI_TRACE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    directory = directory_of(path);
    options->name = path;
    options->directory = directory;
    if (amdvi_replay_create(options, &player->replay) == AMDVI_REPLAY_OK) {
        player->directory = directory;
        return true;
    }
    fprintf(stderr, "%s: %s\n", path,
            player->replay ? amdvi_replay_error(player->replay) : "the player cannot start: out of memory");
    free(directory);
    player_close(player);
    return false;
}

void player_close(struct player *player)
{
    amdvi_replay_destroy(player->replay);
    amdvi_trace_close(player->reader);
    free(player->directory);
    *player = (struct player){0};
}

enum player_step player_fetch(struct player *player)
{
    enum amdvi_trace_status status = amdvi_trace_next(player->reader, &player->record);

    if (status == AMDVI_TRACE_OK)
        return PLAYER_RECORD;
    if (status == AMDVI_TRACE_END)
        return PLAYER_END;
    fflush(stdout);
    fprintf(stderr, "%s\n", amdvi_trace_last_error(player->reader)->text);
    return PLAYER_WRONG;
}

bool player_play(struct player *player, const struct amdvi_trace_record *record)
{
    if (amdvi_replay_record(player->replay, record) == AMDVI_REPLAY_OK)
        return true;
    fflush(stdout);
    fprintf(stderr, "%s\n", amdvi_replay_error(player->replay));
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
    }
    return step == PLAYER_END;
}
