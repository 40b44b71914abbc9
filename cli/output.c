// SPDX-License-Identifier: Apache-2.0
/* Output files: written beside their place under another name and renamed when they are complete, so that a
 * command that fails leaves what was there before. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PATH.PID.tmp"; the caller frees. */
static char *temporary_name(const char *path)
{
    size_t size = strlen(path) + 32;
    char *name = malloc(size);

    if (name)
        snprintf(name, size, "%s.%ld.tmp", path, (long)getpid());
    return name;
}

/* A file that may not be written is not replaced either; a replaced one keeps its rights. */
static FILE *open_temporary(struct output *output, const struct stat *old)
{
    int file;

    if (old && access(output->target, W_OK))
        return NULL;
    file = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return NULL;
    if (old && fchmod(file, old->st_mode & 0777)) {
        close(file);
        unlink(output->temporary);
        return NULL;
    }
    return fdopen(file, "w+b");
}

/* Where the name leads; a link stays a link. Devices and pipes cannot be renamed onto. */
static FILE *open_output(struct output *output)
{
    struct stat old;
    bool exists = !stat(output->path, &old);

    if (!strcmp(output->path, "-"))
        return stdout;
    if (exists && !S_ISREG(old.st_mode))
        return fopen(output->path, "wb");
    output->target = exists ? realpath(output->path, NULL) : strdup(output->path);
    output->temporary = output->target ? temporary_name(output->target) : NULL;
    return output->temporary ? open_temporary(output, exists ? &old : NULL) : NULL;
}

bool same_file(const char *one, const char *other)
{
    struct stat a, b;

    return !stat(one, &a) && !stat(other, &b) && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

bool can_be_read_again(const struct command *command, const char *path)
{
    struct stat about;

    if (!strcmp(path, "-") || stat(path, &about) || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
        return true;
    usage_error(command, "%s is read more than once: a file is wanted, no pipe or device", path);
    return false;
}

static void forget(struct output *output)
{
    free(output->target);
    free(output->temporary);
    *output = (struct output){0};
}

bool output_open(const struct command *command, const char *path, struct output *output)
{
    *output = (struct output){.path = path};
    output->file = open_output(output);
    if (output->file)
        return true;
    usage_error(command, "cannot write %s: %s", path, strerror(errno));
    forget(output);
    return false;
}

bool output_close(const struct command *command, struct output *output, bool keep)
{
    bool good = !ferror(output->file) && fflush(output->file) == 0;

    if (output->file != stdout)
        good &= fclose(output->file) == 0;
    if (output->temporary && good && keep)
        good = rename(output->temporary, output->target) == 0;
    if (!good)
        usage_error(command, "writing %s failed: %s", output->path, strerror(errno));
    if (output->temporary && !(good && keep))
        unlink(output->temporary);
    forget(output);
    return good;
}
