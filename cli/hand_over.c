// SPDX-License-Identifier: Apache-2.0
/* Subcommands that are Python: finds their folder and becomes them. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

/* Without /proc (a bare chroot, say): as the kernel was told when it started the program. */
static bool own_path(char *path)
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_ROOM - 1);
    const char *started = (const char *)getauxval(AT_EXECFN);
    char *whole = length > 0 || !started ? NULL : realpath(started, NULL);

    path[length > 0 ? length : 0] = 0;
    if (whole)
        snprintf(path, PATH_ROOM, "%s", whole);
    free(whole);
    return *path;
}

/* Named, beside the installed command, or in the tree that it was built from. */
static bool find_folder(const struct python_part *part, const char *own, char *path)
{
    const char *named = getenv(part->variable), *slash = strrchr(own, '/');
    int folder = slash ? (int)(slash - own) : 0;

    if (named)
        return snprintf(path, PATH_ROOM, "%s", named) < PATH_ROOM;
    if (snprintf(path, PATH_ROOM, "%.*s/%s", folder, own, part->installed) < PATH_ROOM &&
        access(path, R_OK) == 0)
        return true;
    return part->in_tree && snprintf(path, PATH_ROOM, "%s", part->in_tree) < PATH_ROOM;
}

/* Debian's Python packages belong to Debian's Python; another one may stand before it in PATH. */
static char *find_python(void)
{
    static char debians[] = "/usr/bin/python3", any[] = "python3";
    char *named = getenv("AMDVI_PYTHON");

    if (named)
        return named;
    return access(debians, X_OK) ? any : debians;
}

static int become(const struct command *command, const char *module, char **words, int argc, char **argv)
{
    static char switches[] = "-Bm";
    char *python = find_python();
    size_t count = 0;

    words[count++] = python; /* by which it finds itself again, for jobs */
    words[count++] = switches;
    words[count++] = strdup(module);
    for (int i = 1; i < argc; i++)
        words[count++] = argv[i];
    fflush(stdout);
    if (words[2])
        execvp(python, words);
    free(words[2]);
    return usage_error(command, "%s cannot be run: %s", python, strerror(errno));
}

int hand_over(const struct command *command, const struct python_part *part, int argc, char **argv)
{
    char path[PATH_ROOM], own[PATH_ROOM], **words;
    int status;

    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(command->help, stdout);
        return CLI_OK;
    }
    if (!own_path(own) || !find_folder(part, own, path))
        return usage_error(command, "%s: not installed; set %s to the folder", part->what, part->variable);
    words = calloc((size_t)argc + 3, sizeof(*words));
    if (!words || setenv("PYTHONPATH", path, 1) || setenv("AMDVI", own, 0)) {
        free(words);
        return usage_error(command, "out of memory");
    }
    status = become(command, part->module, words, argc, argv);
    free(words);
    return status;
}
