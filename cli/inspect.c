// SPDX-License-Identifier: Apache-2.0
/* `amdvi inspect`: the state of the device at any point of a trace. */
#include "cli/inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: amdvi inspect FILE [--at LINE] [what to show]...\n\n"
    "Plays the trace up to a line, or to its end, and shows the state of device and tables. Without a "
    "choice:\n"
    "registers, device table and rings.\n\n"
    "      --at LINE         before the record on that line; default: after the whole trace\n"
    "  -r, --registers       registers that are not zero, field by field; with --all every one\n"
    "  -d, --dte [DEV]       device table entries that are not zero, or the one of DEV in full\n"
    "  -t, --tables DEV      page tables of DEV: host, GCR3 and guest, neighbours merged into ranges\n"
    "  -i, --irt DEV         interrupt table of DEV\n"
    "  -c, --caches          live lines of the device's caches\n"
    "  -R, --rings           commands and log records between head and tail\n"
    "  -e, --events          log records that were made so far, with the line that caused them\n"
    "  -m, --max N           most lines of a listing, default 1000\n"
    "      --all             registers that are zero, too, and interrupt tables that are not "
    "used\n" PLAY_HELP "  -j, --json             for machines\n"
    "  -h, --help            this text\n\n"
    "DEV is a DeviceID or bus:device.function. Lines are those of FILE: of a text trace as an editor counts "
    "them,\n"
    "of a capture those of the capture, of a binary trace those of its text form. Every LINE that a command "
    "prints\n"
    "is one that --at and explain --line take.\n\n"
    "examples:\n"
    "  amdvi inspect boot.trace --at 500 --tables 00:04.0\n"
    "  amdvi inspect boot.trace --events --caches\n\n"
    "exit codes: 0 done; 2 a file or the command line cannot be understood\n";

struct inspection {
    struct settings settings;
    struct player player;
    struct amdvi_observer observer;
    struct scene scene;
    uint64_t at, dte, tables, irt;
    bool at_given, registers, dtes, one_dte, show_tables, show_irt, caches, rings, events, json;
    struct made_event *made; /* the last `scene.max` of them, round and round */
    uint64_t made_count;
};

/* ---------------------------------------------------------------- reading */

bool scene_read(const struct scene *scene, uint64_t spa, void *to, size_t length)
{
    return amdvi_sparse_read(scene->memory, spa, to, length) == AMDVI_SPARSE_OK;
}

uint64_t scene_register(const struct scene *scene, const char *name)
{
    const struct amdvi_register *reg = amdvi_register_find(name);
    uint64_t value = 0;

    if (reg)
        amdvi_mmio_read(scene->device, reg->offset, reg->width, &value);
    return value;
}

bool scene_dte(const struct scene *scene, uint16_t device, struct amdvi_dte_view *view)
{
    *view = (struct amdvi_dte_view){0};
    return amdvi_inspect_dte(scene->device, device, view) == AMDVI_OK && !view->read_error &&
           !view->beyond_table;
}

uint64_t scene_control(const struct scene *scene, const char *field)
{
    uint64_t control = scene_register(scene, "control");

    return field_value(amdvi_layout_find("reg_control"), field, &control);
}

/* ---------------------------------------------------------------- playing */

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct inspection *in = context;

    if (in->made)
        in->made[in->made_count % in->scene.max] = (struct made_event){*info, in->player.record.line};
    in->made_count++;
}

static void show_all(const struct inspection *in)
{
    bool chosen = in->registers || in->dtes || in->one_dte || in->show_tables || in->show_irt || in->caches ||
                  in->rings || in->events;

    if (in->registers || !chosen)
        inspect_registers(&in->scene);
    if (in->dtes || !chosen)
        inspect_dtes(&in->scene);
    if (in->one_dte)
        inspect_dte(&in->scene, (uint16_t)in->dte);
    if (in->show_tables)
        inspect_tables(&in->scene, (uint16_t)in->tables);
    if (in->show_irt)
        inspect_irt(&in->scene, (uint16_t)in->irt);
    if (in->caches)
        inspect_caches(&in->scene);
    if (in->rings || !chosen)
        inspect_rings(&in->scene);
    if (in->events)
        inspect_events(&in->scene, in->made, in->made_count);
}

static void print_place(const struct inspection *in, bool found)
{
    if (found)
        printf("%s, before line %" PRIu64 "\n", in->player.path, in->at);
    else
        printf("%s, at the end, after line %" PRIu64 "\n", in->player.path, in->player.line);
}

static void start_json(struct inspection *in, bool found)
{
    in->scene.json = json_object_new_object();
    json_put_text(in->scene.json, "schema", "amdvi-inspect 1");
    json_put_text(in->scene.json, "file", in->player.path);
    json_put_count(in->scene.json, found ? "before_line" : "after_line", found ? in->at : in->player.line);
    json_put_bool(in->scene.json, "at_the_end", !found);
}

static int play_and_show(struct inspection *in)
{
    bool found;

    if (!player_run_to(&in->player, in->at_given ? in->at : 0, &found))
        return CLI_WRONG;
    if (in->at_given && !found)
        file_error(in->player.path, in->at, "the trace ends before that line; its end is shown");
    in->scene.device = amdvi_replay_device(in->player.replay);
    in->scene.memory = amdvi_replay_memory(in->player.replay);
    if (!in->scene.device || !in->scene.memory)
        return file_error(in->player.path, 0, "there is no device yet: no record has acted");
    if (in->json)
        start_json(in, found);
    else
        print_place(in, found);
    show_all(in);
    if (in->json)
        json_print(stdout, in->scene.json);
    return CLI_OK;
}

static int inspect(struct inspection *in, int count, char **files)
{
    struct amdvi_replay_options options = settings_player(&in->settings);
    int status;

    if (!one_file(&command_inspect, count, files))
        return CLI_WRONG;
    in->observer = (struct amdvi_observer){.context = in, .event = on_event};
    if (in->events) {
        in->made = calloc(in->scene.max, sizeof(*in->made));
        options.observer = &in->observer;
        if (!in->made)
            return usage_error(&command_inspect, "out of memory; a smaller --max helps");
    }
    if (!player_open(&in->player, files[0], NULL, &options))
        return CLI_WRONG;
    status = play_and_show(in);
    player_close(&in->player);
    return status;
}

/* ---------------------------------------------------------------- command line */

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},         {"at", required_argument, NULL, 'A'},
    {"registers", no_argument, NULL, 'r'},    {"dte", optional_argument, NULL, 'd'},
    {"tables", required_argument, NULL, 't'}, {"irt", required_argument, NULL, 'i'},
    {"caches", no_argument, NULL, 'c'},       {"rings", no_argument, NULL, 'R'},
    {"events", no_argument, NULL, 'e'},       {"max", required_argument, NULL, 'm'},
    {"all", no_argument, NULL, 'l'},          PLAY_OPTIONS,
    {"json", no_argument, NULL, 'j'},         {0},
};

static bool looks_like_device(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEFxX:.")] == 0 && text[0] >= '0' && text[0] <= '9';
}

/* `--dte DEV` and `--dte` alone: the next word is taken when it can be nothing but a device. */
static bool take_dte(struct inspection *in, int argc, char **argv)
{
    const char *text = optarg;

    if (!text && optind < argc && looks_like_device(argv[optind]))
        text = argv[optind++];
    if (!text)
        return in->dtes = true;
    return in->one_dte = option_device(&command_inspect, "--dte", text, &in->dte);
}

static bool take_max(struct inspection *in)
{
    if (!option_number(&command_inspect, "--max", optarg, 1 << 24, &in->scene.max))
        return false;
    if (in->scene.max == 0)
        usage_error(&command_inspect, "--max must be at least 1");
    return in->scene.max > 0;
}

static bool take_option(struct inspection *in, int option, int argc, char **argv)
{
    switch (option) {
    case 'A':
        return in->at_given = option_line(&command_inspect, "--at", optarg, &in->at);
    case 'd':
        return take_dte(in, argc, argv);
    case 't':
        return in->show_tables = option_device(&command_inspect, "--tables", optarg, &in->tables);
    case 'i':
        return in->show_irt = option_device(&command_inspect, "--irt", optarg, &in->irt);
    case 'm':
        return take_max(in);
    case 's':
    case OPTION_MEMFILE:
    case OPTION_MEMORY:
        return settings_option(&command_inspect, &in->settings, option);
    default:
        in->registers |= option == 'r';
        in->caches |= option == 'c';
        in->rings |= option == 'R';
        in->events |= option == 'e';
        in->scene.all |= option == 'l';
        in->json |= option == 'j';
        return true;
    }
}

static int run(int argc, char **argv)
{
    struct inspection in = {.scene.max = 1000};
    int option, status = CLI_OK;

    while ((option = option_next(&command_inspect, argc, argv, ":hrd::t:i:cRem:s:j", options, &status)) >= 0)
        if (!take_option(&in, option, argc, argv)) {
            status = CLI_WRONG;
            break;
        }
    if (option == OPTION_END)
        status = inspect(&in, argc - optind, argv + optind);
    settings_free(&in.settings);
    free(in.made);
    return status;
}

const struct command command_inspect = {"inspect", "show the device's state at any point of a trace", help,
                                        run};
