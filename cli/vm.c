// SPDX-License-Identifier: Apache-2.0
/* `amdvi vm`: a machine in QEMU with the model as its IOMMU. */
#include "cli/vm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: amdvi vm [options] -- QEMU-ARGUMENT...\n\n"
    "Starts Debian's QEMU, as it is, with this model as its AMD IOMMU, and reports at power-off what the "
    "IOMMU\n"
    "did and what the guest's driver forgot. All arguments behind -- are QEMU's. Unless they say otherwise "
    "the\n"
    "machine is a q35 with one IOMMU for all devices. The object that QEMU loads is built by scripts/qemu "
    "object.\n\n"
    "  -s, --set KEY=VALUE  a key of the IOMMU's configuration; see amdvi config --explain\n"
    "  -r, --record FILE    record a trace (text when it ends in .trace), which amdvi replay plays\n"
    "      --qemu-iommu     QEMU's own amd-iommu in place of the model; --record writes a capture, which "
    "amdvi\n"
    "                       replay plays on the model and compares\n"
    "      --no-npcache     that device without NpCache, so that Linux flushes lazily\n"
    "      --no-lint        do not watch for missing invalidations\n"
    "      --lint-windows   tell stale answers that were invalidated in time, too\n"
    "  -j, --json FILE      the report as JSON, too\n"
    "  -q, --quiet          no report as text\n"
    "      --qemu PROGRAM   default: qemu-system-x86_64\n"
    "      --object FILE    the object for QEMU's -plugin; default: $AMDVI_QEMU_OBJECT, or beside this "
    "command\n"
    "      --die-with-parent  end the machine when the process that started this command ends\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi vm -- -m 2G -kernel vmlinuz -initrd initrd.gz -append console=ttyS0 -nographic\n"
    "  amdvi vm --set preset=milan --record boot.atb -- -m 2G -drive file=disk.qcow2,if=virtio\n"
    "  amdvi vm -- -device amdvi-iommu,intremap=off -m 2G -hda disk.img\n"
    "  amdvi vm --qemu-iommu --record own.capture.txt -- -m 2G -hda disk.img\n"
    "  amdvi top                                       while it runs, elsewhere\n\n"
    "exit codes: 0 QEMU ended well and the lint found no mistake; 1 it found one, or QEMU failed; 2 the "
    "command\n"
    "line cannot be understood, or QEMU or the object is not there\n";

/* ------------------------------------------------------------------ the object */

static char *beside_command(const char *relative)
{
    char path[OWN_PATH];
    char *slash, *found;
    size_t size;

    if (!own_path(path) || !(slash = strrchr(path, '/')))
        return NULL;
    *slash = 0;
    size = strlen(path) + strlen(relative) + 2;
    found = malloc(size);
    if (found)
        snprintf(found, size, "%s/%s", path, relative);
    if (found && access(found, R_OK) == 0)
        return found;
    free(found);
    return NULL;
}

/* In the tree that the command was built in, or installed. */
static char *find_object(const struct vm_options *options)
{
    const char *given = options->object ? options->object : getenv("AMDVI_QEMU_OBJECT");
    char *found;

    if (given)
        return access(given, R_OK) == 0 ? strdup(given) : NULL;
    found = beside_command("../testbench/qemu/amdvi-qemu.so");
    return found ? found : beside_command("../lib/amdvi/amdvi-qemu.so");
}

/* ------------------------------------------------------------------ running */

static volatile sig_atomic_t running;

static void pass_on(int number)
{
    kill((pid_t)running, number);
}

/* Whoever kills this command kills its machine, too: nobody would hear of it any more. */
static int start(char **arguments, pid_t *child)
{
    pid_t parent = getpid();

    *child = fork();
    if (*child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) /* it has died before anybody asked to be told */
            _exit(127);
        execvp(arguments[0], arguments);
        fprintf(stderr, "amdvi vm: %s: %s\n", arguments[0], strerror(errno));
        _exit(127);
    }
    return *child < 0 ? -1 : 0;
}

/* Ctrl-C is for QEMU, which ends in its own way, and so is what ends this command; the report comes after it.
 */
static int run_qemu(char **arguments)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, pass = {.sa_handler = pass_on}, before;
    pid_t child;
    int status = 0;

    if (start(arguments, &child)) {
        usage_error(&command_vm, "no process for QEMU: %s", strerror(errno));
        return CLI_WRONG;
    }
    running = child;
    sigaction(SIGINT, &ignore, &before);
    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return CLI_WRONG;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CLI_OK : CLI_FAILED;
}

/* ------------------------------------------------------------------ reporting */

static bool write_json(const struct vm_options *options, struct json_object *units)
{
    struct output output;
    struct json_object *top = json_object_new_object();
    bool ok = output_open(&command_vm, options->json, &output);

    json_put_text(top, "schema", "amdvi-vm 1");
    json_put_text(top, "version", amdvi_version());
    json_object_object_add(top, "units", json_object_get(units));
    if (!ok) {
        json_object_put(top);
        return false;
    }
    json_print(output.file, top);
    return output_close(&command_vm, &output, true);
}

static void remove_files(const struct vm_files *files, unsigned index)
{
    char *live = vm_file_name(files->live, index), *findings = vm_file_name(files->findings, index);

    if (live)
        unlink(live);
    if (findings)
        unlink(findings);
    free(live);
    free(findings);
}

/* A recording is told of when QEMU has `ended` well: then it is whole. QEMU's own device writes no report. */
static int report(const struct vm_options *options, const struct vm_files *files, bool ended)
{
    struct json_object *units = json_object_new_array();
    struct vm_unit unit;
    unsigned index = 0;
    int status = CLI_OK;

    for (; index < VM_UNITS && vm_unit_read(files, index, &unit); index++) {
        if (!options->quiet)
            vm_report_print(&unit, index);
        if (unit.mistakes)
            status = CLI_FAILED;
        json_object_array_add(units, vm_report_json(&unit));
        vm_unit_free(&unit);
    }
    if (ended && (index || options->own) && options->record && !options->quiet)
        printf("  recorded   %s: amdvi replay --lint %s\n", options->record, options->record);
    if (options->json && !write_json(options, units))
        status = CLI_WRONG;
    json_object_put(units);
    return status;
}

static int run_machine(const struct vm_options *options, struct vm_files *files)
{
    char **arguments = vm_arguments(options, files);
    int status, told;

    if (!arguments)
        return usage_error(&command_vm, "out of memory");
    status = run_qemu(arguments);
    vm_arguments_free(arguments);
    told = vm_only_asks(options) || status == CLI_WRONG ? CLI_OK : report(options, files, status == CLI_OK);
    for (unsigned index = 0; index < VM_UNITS; index++)
        remove_files(files, index);
    return status > told ? status : told;
}

static int with_files(struct vm_options *options)
{
    struct vm_files files = {.live = live_page_name((long)getpid())};
    char *object = find_object(options);
    int status = CLI_WRONG;

    if (files.live)
        files.findings = malloc(strlen(files.live) + 16);
    if (!object && options->object)
        usage_error(&command_vm, "%s: there is no such object", options->object);
    else if (!object)
        usage_error(&command_vm, "the object for QEMU is not there; scripts/qemu object builds it");
    else if (files.findings) {
        snprintf(files.findings, strlen(files.live) + 16, "%s.findings", files.live);
        options->object = object;
        status = run_machine(options, &files);
    }
    free(object);
    free(files.live);
    free(files.findings);
    return status;
}

/* ------------------------------------------------------------------ command line */

enum {
    OPTION_NO_LINT = 0x200,
    OPTION_WINDOWS,
    OPTION_QEMU,
    OPTION_OBJECT,
    OPTION_PARENT,
    OPTION_OWN,
    OPTION_NO_NPCACHE
};

static const struct option long_options[] = {{"set", required_argument, NULL, 's'},
                                             {"record", required_argument, NULL, 'r'},
                                             {"qemu-iommu", no_argument, NULL, OPTION_OWN},
                                             {"no-npcache", no_argument, NULL, OPTION_NO_NPCACHE},
                                             {"no-lint", no_argument, NULL, OPTION_NO_LINT},
                                             {"lint-windows", no_argument, NULL, OPTION_WINDOWS},
                                             {"json", required_argument, NULL, 'j'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"qemu", required_argument, NULL, OPTION_QEMU},
                                             {"object", required_argument, NULL, OPTION_OBJECT},
                                             {"die-with-parent", no_argument, NULL, OPTION_PARENT},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

static bool take_option(struct vm_options *options, int option)
{
    switch (option) {
    case 's':
        return settings_add(&command_vm, &options->settings, optarg);
    case 'r':
        options->record = optarg;
        return true;
    case 'j':
        options->json = optarg;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case OPTION_NO_LINT:
        options->lint = "off";
        return true;
    case OPTION_WINDOWS:
        options->lint = "windows";
        return true;
    case OPTION_OWN:
        options->own = true;
        return true;
    case OPTION_NO_NPCACHE:
        options->no_npcache = true;
        return true;
    case OPTION_PARENT:
        return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
    case OPTION_QEMU:
        options->qemu = optarg;
        return true;
    default:
        options->object = optarg;
        return true;
    }
}

/* QEMU's own device has no report, no lint and no keys: what it can do here is to be recorded. */
static const char *wrong_of_own(const struct vm_options *options)
{
    if (!options->record)
        return "--qemu-iommu wants --record FILE";
    if (options->json || options->settings.count || strcmp(options->lint, "on"))
        return "--qemu-iommu takes no --json, --set or option of the lint: those are about the model";
    return vm_names_model(options) ? "--qemu-iommu: the model's device is named, too" : NULL;
}

static int with_arguments(struct vm_options *options, const char *before)
{
    const char *wrong = NULL;

    if (strcmp(before, "--"))
        wrong = "QEMU's arguments stand behind --; see amdvi vm --help";
    else if (options->own)
        wrong = wrong_of_own(options);
    else if (options->no_npcache)
        wrong = "--no-npcache is about --qemu-iommu";
    return wrong ? usage_error(&command_vm, "%s", wrong) : with_files(options);
}

static int run(int argc, char **argv)
{
    struct vm_options options = {.qemu = "qemu-system-x86_64", .lint = "on"};
    int option, status;

    while ((option = option_next(&command_vm, argc, argv, "+:s:r:j:qh", long_options, &status)) >= 0) {
        if (!take_option(&options, option)) {
            settings_free(&options.settings);
            return CLI_WRONG;
        }
    }
    if (option == OPTION_END) {
        options.count = argc - optind;
        options.arguments = argv + optind;
        status = with_arguments(&options, argv[optind - 1]);
    }
    settings_free(&options.settings);
    return status;
}

const struct command command_vm = {"vm", "runs a machine in QEMU with the model as its IOMMU", help, run};
