// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay --live`: a page on which `amdvi top` sees the replay at work. */
#include "cli/replay.h"

#include "amdvi/live.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVERY = 256 }; /* records between two updates */

/* Only a file can be mapped by somebody else. */
static bool is_file(const char *path, bool *is_new)
{
    struct stat old;

    *is_new = stat(path, &old) != 0;
    if (strcmp(path, "-") && (*is_new || S_ISREG(old.st_mode)))
        return true;
    usage_error(&command_replay, "--live: %s is no file that another program can map", path);
    return false;
}

/* What is new is its user's alone. */
static bool map_page(struct session *session, FILE *output, bool is_new)
{
    const size_t size = sizeof(*session->live_page);
    int file = fileno(output);
    void *page = MAP_FAILED;

    if ((!is_new || fchmod(file, 0600) == 0) && ftruncate(file, (off_t)size) == 0)
        page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        usage_error(&command_replay, "--live: %s: %s", session->options->live, strerror(errno));
    else
        session->live_page = page;
    return page != MAP_FAILED;
}

/* A new file takes the name of one that is there: who has mapped that keeps it, whole and as it was. */
bool live_open(struct session *session)
{
    const char *path = session->options->live;
    struct output output;
    bool is_new, mapped;

    if (!path)
        return true;
    if (!is_file(path, &is_new) || !output_open(&command_replay, path, &output))
        return false;
    mapped = map_page(session, output.file, is_new);
    return output_close(&command_replay, &output, mapped) && mapped;
}

/* The device is there when the trace first acts. */
static void start(struct session *session)
{
    struct amdvi_device *device = amdvi_replay_device(session->player.replay);

    if (device && amdvi_live_start(session->live_page, device, amdvi_replay_lint(session->player.replay),
                                   &session->live) == AMDVI_OK)
        session->live_page->process = (uint64_t)getpid();
}

void live_record(struct session *session)
{
    if (!session->live_page)
        return;
    if (!session->live)
        start(session);
    if (session->live && session->player.records % EVERY == 0)
        amdvi_live_update(session->live, session->time_ns);
}

/* Before the player ends, whose device it is. */
void live_close(struct session *session)
{
    if (session->live) {
        amdvi_live_update(session->live, session->time_ns);
        amdvi_live_stop(session->live);
    }
    if (session->live_page)
        munmap(session->live_page, sizeof(*session->live_page));
    session->live = NULL;
    session->live_page = NULL;
}
