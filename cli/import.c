// SPDX-License-Identifier: Apache-2.0
/* `amdvi import`: from what other tools recorded to a trace. Sources of machines with real hardware are put
 * together by Python (traces/machine); what a reader of the library knows is only written out. */
#include "cli/cli.h"

#include <dirent.h>
#include <string.h>

static const char help[] =
    "usage: amdvi import FILE... -o OUT [--binary|--text] [options]\n"
    "       amdvi import --collector FILE\n\n"
    "Makes a trace of what other tools recorded: captures, QEMU trace logs; and of a machine with real "
    "hardware:\n"
    "what the collector brought (a tar archive, or its folder), a folder or files of the driver's debugfs, a "
    "core\n"
    "file (/proc/kcore, vmcore), events of kprobes and tracepoints as text. Several files are of one "
    "machine.\n"
    "FILE - is standard input, of any of these but a folder. OUT - is standard output.\n"
    "zstd input is taken as it is, and an archive as gzip or xz.\n\n"
    "  -o, --output OUT   where the trace goes; needed\n"
    "      --text         text form (default, unless OUT ends in .atb)\n"
    "      --binary       binary form: smaller, can be searched\n"
    "  -q, --quiet        no report on standard error\n"
    "  -i, --iommu N      of a machine with several: the one that the trace is of (the first)\n"
    "      --symbols FILE  of a core file's kernel: /proc/kallsyms or System.map, to find table and rings; "
    "with "
    "--types\n"
    "      --types FILE   of that kernel: its BTF, /sys/kernel/btf/vmlinux\n"
    "      --register NAME=VALUE  a register that no source has, in hex: devtab_base=0x1001ff\n"
    "      --max-pages N  most pages of tables to take from a core file (65536)\n"
    "      --collector FILE  write the collector, one file that root runs on the machine with the hardware\n"
    "  -h, --help         this text\n\n"
    "examples:\n"
    "  amdvi import linux.capture.txt.zst -o linux.trace\n"
    "  amdvi import trace.txt -o - | amdvi replay -\n"
    "  amdvi import --collector collect.pyz\n"
    "  amdvi import amdvi-collection.tar.gz -o machine.trace\n"
    "  amdvi import vmcore --symbols System.map --types vmlinux.btf -o crash.trace\n\n"
    "exit codes: 0 done; 2 the file cannot be understood or written\n";

enum { HEAD = 512, TAR_MAGIC = 257, MOST_IOMMU = 63, MOST_PAGES = 1 << 20 };

struct job {
    struct conversion here;
    bool elsewhere; /* an option that only Python knows */
};

/* ------------------------------------------------------------------ what the sources are */

static bool is_folder(const char *path)
{
    DIR *folder = opendir(path);

    if (folder)
        closedir(folder);
    return folder != NULL;
}

static bool starts(const char *head, size_t length, const char *with)
{
    size_t want = strlen(with);

    return length >= want && !memcmp(head, with, want);
}

/* Archives, core files, and texts of debugfs, by their first bytes. */
static bool is_machine_file(const char *path)
{
    static const char *const begins[] = {"\x7f"
                                         "ELF",
                                         "\x1f\x8b",
                                         "\xfd"
                                         "7zXZ",
                                         "Offset:0x",
                                         "CMD Buffer Head Offset:",
                                         "DeviceId ",
                                         "amdvi-unit 1"};
    char head[HEAD] = {0};
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(head, 1, sizeof(head), file) : 0;

    if (file)
        fclose(file);
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (starts(head, length, begins[i]))
            return true;
    return length == HEAD && starts(head + TAR_MAGIC, 5, "ustar");
}

static bool is_events(const char *path)
{
    struct amdvi_trace_options options = {0};
    struct amdvi_trace_error error = {0};
    struct amdvi_trace_reader *reader;
    bool events;

    if (amdvi_trace_open(path, &options, &reader, &error) != AMDVI_TRACE_OK)
        return false;
    events = amdvi_trace_info(reader)->source == AMDVI_TRACE_SOURCE_FTRACE;
    amdvi_trace_close(reader);
    return events;
}

static bool is_machine(const char *name)
{
    const char *path = strcmp(name, "-") ? name : "/dev/stdin";

    return is_folder(path) || is_machine_file(path) || is_events(path);
}

static int standard_inputs(int count, char **files)
{
    int found = 0;

    for (int i = 0; i < count; i++)
        found += !strcmp(files[i], "-");
    return found;
}

/* Whether what is named can be opened as often as somebody wants to look at it. */
static bool open_inputs(int count, char **files)
{
    int inputs = standard_inputs(count, files);

    if (inputs > 1)
        usage_error(&command_import, "standard input (-) is one file, named once");
    return inputs == 0 || (inputs == 1 && spool_input(&command_import));
}

static bool any_machine(int count, char **files)
{
    for (int i = 0; i < count; i++)
        if (is_machine(files[i]))
            return true;
    return false;
}

/* ------------------------------------------------------------------ the command */

/* What only Python takes; numbers are checked here, where all other options are. */
static bool take_machine_option(struct job *job, int option)
{
    uint64_t number;

    job->elsewhere = true;
    if (option == 'i')
        return option_number(&command_import, "--iommu", optarg, MOST_IOMMU, &number);
    if (option == 'M')
        return option_number(&command_import, "--max-pages", optarg, MOST_PAGES, &number);
    return true;
}

static bool take_form(struct job *job, enum amdvi_trace_form form)
{
    if (job->here.form_given && job->here.form != form) {
        usage_error(&command_import, "--binary and --text are two forms, and OUT has one");
        return false;
    }
    job->here.form = form;
    job->here.form_given = true;
    return true;
}

static bool take_option(struct job *job, int option)
{
    switch (option) {
    case 'o':
        job->here.out = optarg;
        return true;
    case 'q':
        job->here.quiet = true;
        return true;
    case 'B':
        return take_form(job, AMDVI_TRACE_FORM_BINARY);
    case 'T':
        return take_form(job, AMDVI_TRACE_FORM_TEXT);
    default:
        return take_machine_option(job, option);
    }
}

static int import_machine(int argc, char **argv)
{
    static const struct python_part part = {
        .what = "the importers of machines",
        .module = "amdvi_machine",
        .variable = "AMDVI_MACHINE",
        .installed = "../share/amdvi/machine",
#ifdef AMDVI_MACHINE_IN_TREE
        .in_tree = AMDVI_MACHINE_IN_TREE,
#endif
    };

    return hand_over(&command_import, &part, argc, argv);
}

static bool check_inputs(const struct job *job, int count, char **files)
{
    for (int i = 0; i < count; i++) {
        if (!can_be_read_again(&command_import, files[i]))
            return false;
        if (strcmp(files[i], "-") && same_file(files[i], job->here.out)) {
            usage_error(&command_import, "input and output are the same file");
            return false;
        }
    }
    return true;
}

/* `argv` with all options, `files` behind them. */
static int import_files(struct job *job, int argc, char **argv, int count, char **files)
{
    if (!job->here.out)
        return usage_error(&command_import, "-o OUT is needed");
    if (!check_inputs(job, count, files) || !open_inputs(count, files))
        return CLI_WRONG;
    if (job->elsewhere || any_machine(count, files))
        return import_machine(argc, argv);
    if (!one_file(&command_import, count, files))
        return CLI_WRONG;
    job->here.in = files[0];
    return convert_file(&job->here);
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
        {"binary", no_argument, NULL, 'B'},
        {"text", no_argument, NULL, 'T'},
        {"iommu", required_argument, NULL, 'i'},
        {"symbols", required_argument, NULL, 'S'},
        {"types", required_argument, NULL, 'Y'},
        {"register", required_argument, NULL, 'R'},
        {"max-pages", required_argument, NULL, 'M'},
        {"collector", required_argument, NULL, 'C'},
        {0},
    };
    struct job job = {.here = {.command = &command_import}};
    bool collector = false;
    int option, status;

    while ((option = option_next(&command_import, argc, argv, ":ho:qi:", options, &status)) != OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        if (!take_option(&job, option))
            return CLI_WRONG;
        collector |= option == 'C';
    }
    if (collector && optind == argc)
        return import_machine(argc, argv);
    if (collector)
        return usage_error(&command_import, "--collector takes no other file");
    if (optind == argc && !one_file(&command_import, 0, NULL))
        return CLI_WRONG;
    return import_files(&job, argc, argv, argc - optind, argv + optind);
}

const struct command command_import = {
    "import", "make a trace of captures, logs, and of what real machines tell", help, run};
