// SPDX-License-Identifier: Apache-2.0
/* Finding and mapping live pages. */
#include "cli/vm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder(void)
{
    const char *own = getenv("XDG_RUNTIME_DIR");

    return own && own[0] == '/' ? own : "/tmp";
}

static char *join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

char *live_page_name(long process)
{
    char name[64];

    snprintf(name, sizeof(name), "amdvi-%ld-%ld.live", (long)getuid(), process);
    return join(folder(), name);
}

static bool is_ours(const char *name, const char *beginning)
{
    size_t length = strlen(name);

    return !strncmp(name, beginning, strlen(beginning)) && length > 5 && !strcmp(name + length - 5, ".live");
}

char *live_page_newest(void)
{
    char beginning[32], *best = NULL;
    struct timespec newest = {0};
    DIR *directory = opendir(folder());
    const struct dirent *entry;

    snprintf(beginning, sizeof(beginning), "amdvi-%ld-", (long)getuid());
    while (directory && (entry = readdir(directory))) {
        struct stat about;
        char *path = is_ours(entry->d_name, beginning) ? join(folder(), entry->d_name) : NULL;
        bool newer = path && !lstat(path, &about) && S_ISREG(about.st_mode) && about.st_uid == getuid() &&
                     (!best || about.st_ctim.tv_sec > newest.tv_sec ||
                      (about.st_ctim.tv_sec == newest.tv_sec && about.st_ctim.tv_nsec > newest.tv_nsec));
        if (newer) {
            free(best);
            best = path;
            newest = about.st_ctim;
        } else {
            free(path);
        }
    }
    if (directory)
        closedir(directory);
    return best;
}

static const struct amdvi_live_page *map_page(int file)
{
    struct stat about;
    void *page;

    if (fstat(file, &about) || about.st_size < (off_t)sizeof(struct amdvi_live_page))
        return NULL;
    page = mmap(NULL, sizeof(struct amdvi_live_page), PROT_READ, MAP_SHARED, file, 0);
    return page == MAP_FAILED ? NULL : page;
}

const struct amdvi_live_page *live_page_open(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    const struct amdvi_live_page *page;

    if (file < 0) {
        file_error(path, 0, "%s", strerror(errno));
        return NULL;
    }
    page = map_page(file);
    close(file);
    if (!page)
        file_error(path, 0, "not the live page of a device");
    return page;
}

void live_page_close(const struct amdvi_live_page *page)
{
    if (page)
        munmap((void *)(uintptr_t)page, sizeof(*page));
}
