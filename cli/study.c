// SPDX-License-Identifier: Apache-2.0
/* `amdvi study`: hands over to the studies, which are Python. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] = "usage: amdvi study NAME... [--quick] [--out FOLDER] [--set FIELD=VALUE]... "
                           "[--cores N] [--profile NAME]\n"
                           "       amdvi study --all [--quick] | --list\n"
                           "       amdvi study NAME --shard I/N\n"
                           "       amdvi study collect FOLDER FROM...\n"
                           "       amdvi study compare A B NAME\n\n"
                           "Sweeps a recipe (an experiment of `amdvi run`, varied), and writes a table, a "
                           "picture and a page that says "
                           "what was\n"
                           "assumed and how far each assumption moves the answer. Snakemake runs the points; "
                           "what was interrupted goes "
                           "on, and no\n"
                           "point runs twice. NAME may be the folder of a recipe of your own.\n\n"
                           "  -l, --list           names of studies, and their questions\n"
                           "  -a, --all            every study, and a gallery: index.html\n"
                           "  -q, --quick          fewer points\n"
                           "  -o, --out FOLDER     where results go, a folder a study in it (studies)\n"
                           "  -s, --set FIELD=VALUE  in every point: time.memory.latency=120ns\n"
                           "  -n, --no-sensitivity   leaves out how far assumptions move the answer\n"
                           "  -c, --cores N        of this machine; default: all\n"
                           "  -p, --profile NAME   of Snakemake, for a cluster\n"
                           "  -i, --shard I/N      every N-th point, without Snakemake and without a page\n"
                           "  -h, --help           this text\n\n"
                           "collect copies results of shards into the first folder; compare prints what "
                           "differs between two folders of\n"
                           "results.\n\n"
                           "examples:\n"
                           "  amdvi study trapped-vs-hardware\n"
                           "  amdvi study tenants --quick --set device.ptc.log2_entries=12\n\n"
                           "exit codes: 0 all points ran and every shape is as expected; 1 not so; 2 it "
                           "cannot be understood or run\n";

enum { PATH_ROOM = 4096 };

/* Where the studies lie: named, beside the installed command, or in the tree that it was built from. */
static bool find_studies(char *path)
{
    const char *named = getenv("AMDVI_STUDIES");
    char own[PATH_ROOM];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    char *slash;

    own[length > 0 ? length : 0] = 0;
    slash = strrchr(own, '/');
    if (slash)
        *slash = 0;
    if (named)
        return snprintf(path, PATH_ROOM, "%s", named) < PATH_ROOM;
    if (snprintf(path, PATH_ROOM, "%s/../share/amdvi/studies", own) < PATH_ROOM && access(path, R_OK) == 0)
        return true;
#ifdef AMDVI_STUDIES_IN_TREE
    return snprintf(path, PATH_ROOM, "%s", AMDVI_STUDIES_IN_TREE) < PATH_ROOM;
#else
    return false;
#endif
}

/* Becomes Python; returns only when that fails. */
static int hand_over(char **words, int argc, char **argv)
{
    char *named = getenv("AMDVI_PYTHON"), *debians = "/usr/bin/python3", *python = debians;
    size_t count = 0;

    /* Debian's Python packages belong to Debian's Python; another one may stand before it in PATH. */
    if (named)
        python = named;
    else if (access(debians, X_OK))
        python = "python3";
    words[count++] = python; /* by which it finds itself again, for jobs */
    words[count++] = "-Bm";
    words[count++] = "amdvi_study";
    for (int i = 1; i < argc; i++)
        words[count++] = argv[i];
    fflush(stdout);
    execvp(python, words);
    return usage_error(&command_study, "%s cannot be run: %s", python, strerror(errno));
}

static int run(int argc, char **argv)
{
    char path[PATH_ROOM], own[PATH_ROOM], **words;
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    int status;

    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(help, stdout);
        return CLI_OK;
    }
    if (length <= 0 || !find_studies(path))
        return usage_error(&command_study,
                           "the studies are not installed: set AMDVI_STUDIES to their folder");
    own[length] = 0;
    words = calloc((size_t)argc + 3, sizeof(*words));
    if (!words || setenv("PYTHONPATH", path, 1) || setenv("AMDVI", own, 0)) {
        free(words);
        return usage_error(&command_study, "out of memory");
    }
    status = hand_over(words, argc, argv);
    free(words);
    return status;
}

const struct command command_study = {"study", "what-if studies: a sweep, a picture, a page", help, run};
