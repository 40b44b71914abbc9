// SPDX-License-Identifier: Apache-2.0
/* `amdvi study`: hands over to the studies, which are Python. */
#include "cli/cli.h"

#include <string.h>

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

static int run(int argc, char **argv)
{
    static const struct python_part part = {
        .what = "the studies",
        .module = "amdvi_study",
        .variable = "AMDVI_STUDIES",
        .installed = "../share/amdvi/studies",
#ifdef AMDVI_STUDIES_IN_TREE
        .in_tree = AMDVI_STUDIES_IN_TREE,
#endif
    };

    return hand_over(&command_study, &part, argc, argv);
}

const struct command command_study = {"study", "what-if studies: a sweep, a picture, a page", help, run};
