// SPDX-License-Identifier: Apache-2.0
/* `amdvi kit`: hands over to the conformance kit, which is Python. */
#include "cli/cli.h"

#include <string.h>

static const char help[] =
    "usage: amdvi kit [options] -- QEMU-ARGUMENT...\n"
    "       amdvi kit --list\n\n"
    "Judges the IOMMU driver of an operating system. Boots it by `amdvi vm` on one variant of IOMMU after "
    "the other,\n"
    "looks only at what the device sees, and writes a score sheet: sheet.html, junit.xml, and what each "
    "machine printed.\n"
    "The system has to boot with QEMU's arguments, use its disks or network cards, and switch the machine "
    "off. Give disks\n"
    "snapshot=on (or QEMU -snapshot), so that each machine finds them as they were.\n\n"
    "  -t, --trial NAME     only this variant; may be repeated\n"
    "  -l, --list           names of the variants, and what is special about them\n"
    "  -j, --jobs N         machines at the same time (1)\n"
    "  -s, --seconds N      after which a machine is stopped (300)\n"
    "  -T, --title TEXT     of the sheet\n"
    "  -o, --output FOLDER  where the sheet goes (kit)\n"
    "      --qemu PROGRAM   default: qemu-system-x86_64\n"
    "      --object FILE    the object for QEMU's -plugin; default: as amdvi vm finds it\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi kit --title 'My kernel 0.3' -- -m 1G -kernel mykernel -drive file=disk.img,format=raw -snapshot "
    "-display none\n"
    "  amdvi kit --trial handover --trial overflow -- -m 1G -drive file=disk.qcow2,snapshot=on -display "
    "none\n\n"
    "exit codes: 0 every demand that could be judged held; 1 one did not; 2 the command line cannot be "
    "understood, or\n"
    "QEMU or the object is not there\n";

static int run(int argc, char **argv)
{
    static const struct python_part part = {
        .what = "the conformance kit",
        .module = "amdvi_kit",
        .variable = "AMDVI_KIT",
        .installed = "../share/amdvi/kit",
#ifdef AMDVI_KIT_IN_TREE
        .in_tree = AMDVI_KIT_IN_TREE,
#endif
    };

    return hand_over(&command_kit, &part, argc, argv);
}

const struct command command_kit = {"kit", "judges an operating system's IOMMU driver: a score sheet", help,
                                    run};
