// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay --live`: a page on which `amdvi top` sees the replay at work. */
#include "cli/replay.h"

#include "amdvi/live.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EVERY = 256 }; /* records between two updates */

bool live_open(struct session *session)
{
    const char *path = session->options->live;
    int file;
    void *page = MAP_FAILED;

    if (!path)
        return true;
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && ftruncate(file, sizeof(struct amdvi_live_page)) == 0)
        page = mmap(NULL, sizeof(struct amdvi_live_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        usage_error(&command_replay, "--live: %s: %s", path, strerror(errno));
    else
        session->live_page = page;
    if (file >= 0)
        close(file);
    return session->live_page != NULL;
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
