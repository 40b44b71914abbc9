// SPDX-License-Identifier: Apache-2.0
/* Subcommands that are Python: finds their folder and becomes them. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Without /proc (a bare chroot, say): as the kernel was told when it started the program. */
bool own_path(char path[OWN_PATH])
{
    ssize_t length = readlink("/proc/self/exe", path, OWN_PATH - 1);
    const char *started = (const char *)getauxval(AT_EXECFN);
    char *whole = length > 0 || !started ? NULL : realpath(started, NULL);

    path[length > 0 ? length : 0] = 0;
    if (whole)
        snprintf(path, OWN_PATH, "%s", whole);
    free(whole);
    return *path;
}

/* Named, beside the installed command, or in the tree that it was built from. */
static bool find_folder(const struct python_part *part, const char *own, char *path)
{
    const char *named = getenv(part->variable), *slash = strrchr(own, '/');
    int folder = slash ? (int)(slash - own) : 0;

    if (named)
        return snprintf(path, OWN_PATH, "%s", named) < OWN_PATH;
    if (snprintf(path, OWN_PATH, "%.*s/%s", folder, own, part->installed) < OWN_PATH &&
        access(path, R_OK) == 0)
        return true;
    return part->in_tree && snprintf(path, OWN_PATH, "%s", part->in_tree) < OWN_PATH;
}

/* Python's own message about a missing module would end with the exit status of a run that failed. */
static bool has_module(const char *folder, const char *module)
{
    char path[2 * OWN_PATH];

    snprintf(path, sizeof(path), "%s/%s/__main__.py", folder, module);
    return access(path, R_OK) == 0;
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

/* Anywhere, as other subcommands take it; words behind -- are for somebody else. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

/* Python looks for modules in the folder that the user works in, too, unless it is told not to. */
static bool set_environment(const char *folder, const char *own)
{
    return !setenv("PYTHONPATH", folder, 1) && !setenv("PYTHONSAFEPATH", "1", 1) && !setenv("AMDVI", own, 0);
}

int hand_over(const struct command *command, const struct python_part *part, int argc, char **argv)
{
    char path[OWN_PATH], own[OWN_PATH], **words;
    int status;

    if (asks_for_help(argc, argv)) {
        fputs(command->help, stdout);
        return CLI_OK;
    }
    if (!own_path(own) || !find_folder(part, own, path))
        return usage_error(command, "%s: not installed; set %s to the folder", part->what, part->variable);
    if (!has_module(path, part->module))
        return usage_error(command, "%s: not in %s; set %s to their folder", part->what, path,
                           part->variable);
    words = calloc((size_t)argc + 3, sizeof(*words));
    if (!words || !set_environment(path, own)) {
        free(words);
        return usage_error(command, "out of memory");
    }
    status = become(command, part->module, words, argc, argv);
    free(words);
    return status;
}
