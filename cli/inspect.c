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
    "      --at LINE          before the record on that line; default: after the whole trace\n"
    "  -r, --registers        registers that are not zero, field by field; with --all every one\n"
    "  -d, --dte [DEV]        device table entries that are not zero, or the one of DEV in full\n"
    "  -t, --tables DEV       page tables of DEV: host, GCR3 and guest, neighbours merged into ranges\n"
    "  -i, --irt DEV          interrupt table of DEV\n"
    "  -c, --caches           live lines of the device's caches\n"
    "  -R, --rings            commands and log records between head and tail\n"
    "  -e, --events           log records that were made so far, with the line that caused them\n"
    "  -m, --max N            most lines of a listing, default 1000\n"
    "      --all              registers that are zero, too\n" PLAY_HELP
    "  -h, --help             this text\n\n"
    "DEV is a DeviceID or bus:device.function.\n\n"
    "examples:\n"
    "  amdvi inspect boot.trace --at 500 --tables 00:04.0\n"
    "  amdvi inspect boot.trace --events --caches\n\n"
    "exit codes: 0 done; 2 a file or the command line cannot be understood\n";

enum { DEVICES = 65536 };

struct made_event {
    struct amdvi_event_info info;
    uint64_t line;
};

struct inspection {
    struct settings settings;
    struct player player;
    struct amdvi_observer observer;
    struct scene scene;
    uint64_t at, dte, tables, irt;
    bool at_given, registers, dtes, one_dte, show_tables, show_irt, caches, rings, events, all;
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

uint64_t scene_control(const struct scene *scene, const char *field)
{
    uint64_t control = scene_register(scene, "control");

    return field_value(amdvi_layout_find("reg_control"), field, &control);
}

/* ---------------------------------------------------------------- registers */

static bool show_register(const struct inspection *in, const struct amdvi_register *reg, uint32_t offset)
{
    uint64_t value = 0;

    if (amdvi_mmio_read(in->scene.device, offset, reg->width, &value) != AMDVI_OK)
        return false;
    if (!value && !in->all)
        return false;
    printf("  0x%04x %-20s 0x%0*" PRIx64 "  %s\n", offset, reg->name, reg->width * 2, value,
           reg->layout->title);
    if (value)
        fields_print(reg->layout, &value, FIELDS_SET, 6);
    return true;
}

static void show_registers(const struct inspection *in)
{
    uint64_t size = amdvi_mmio_size(in->scene.device), zero = 0;

    puts("registers");
    for (uint32_t offset = 0; offset < size;) {
        const struct amdvi_register *reg = amdvi_register_at(offset);
        zero += reg && !show_register(in, reg, offset);
        offset += reg ? reg->width : 4;
    }
    if (!in->all)
        printf("  %" PRIu64 " more are zero (--all shows them)\n", zero);
}

/* ---------------------------------------------------------------- device table */

static bool is_zero(const struct amdvi_dte_view *view)
{
    return !(view->words[0] | view->words[1] | view->words[2] | view->words[3]);
}

static void show_dte_line(uint16_t device, const struct amdvi_dte_view *view)
{
    char name[8];

    printf("  %s at 0x%" PRIx64 "%s: ", device_text(device, name), view->address,
           view->cached ? " (cached)" : "");
    fields_brief(stdout, amdvi_layout_find("dte"), view->words);
    putchar('\n');
}

static void show_all_dtes(const struct inspection *in)
{
    struct amdvi_dte_view view;
    uint64_t shown = 0;

    puts("device table entries that are not zero");
    for (unsigned i = 0; i < DEVICES; i++) {
        if (amdvi_inspect_dte(in->scene.device, (uint16_t)i, &view) != AMDVI_OK || view.beyond_table ||
            view.read_error || is_zero(&view))
            continue;
        if (shown++ < in->scene.max)
            show_dte_line((uint16_t)i, &view);
    }
    if (shown > in->scene.max)
        printf("  %" PRIu64 " more, see --max\n", shown - in->scene.max);
    if (!shown)
        puts("  none");
}

static void show_one_dte(const struct inspection *in)
{
    struct amdvi_dte_view view;
    char name[8], words[128];

    printf("device table entry of %s (0x%" PRIx64 ")\n", device_text((uint16_t)in->dte, name), in->dte);
    if (amdvi_inspect_dte(in->scene.device, (uint16_t)in->dte, &view) != AMDVI_OK || view.read_error) {
        puts("  cannot be read");
        return;
    }
    if (view.beyond_table) {
        puts("  lies beyond the device table");
        return;
    }
    words_text(view.words, 256, words, sizeof(words));
    printf("  at 0x%" PRIx64 "%s: %s\n", view.address, view.cached ? " (cached)" : "", words);
    fields_print(amdvi_layout_find("dte"), view.words, 0, 4);
}

/* ---------------------------------------------------------------- interrupt table */

static const struct amdvi_layout *irte_layout(const uint64_t *words, size_t size)
{
    if (size == 4)
        return amdvi_layout_find("irte32");
    return amdvi_layout_find(field_value(amdvi_layout_find("irte"), "GuestMode", words) ? "irteg" : "irte");
}

static void show_irtes(const struct inspection *in, uint64_t root, unsigned entries)
{
    size_t size = scene_control(&in->scene, "GAEn") ? 16 : 4;
    uint64_t shown = 0;

    for (unsigned i = 0; i < entries; i++) {
        uint64_t words[2] = {0};
        if (!scene_read(&in->scene, root + i * size, words, size)) {
            printf("  entry %u lies outside memory\n", i);
            return;
        }
        if (!(words[0] | words[1]) || shown++ >= in->scene.max)
            continue;
        printf("  %4u at 0x%" PRIx64 ": ", i, root + i * size);
        fields_brief(stdout, irte_layout(words, size), words);
        putchar('\n');
    }
    printf("  %" PRIu64 " of %u entries of %zu bytes are not zero\n", shown, entries, size);
}

static void show_irt(const struct inspection *in)
{
    const struct amdvi_layout *dte = amdvi_layout_find("dte");
    struct amdvi_dte_view view;
    char name[8];

    printf("interrupt table of %s\n", device_text((uint16_t)in->irt, name));
    if (amdvi_inspect_dte(in->scene.device, (uint16_t)in->irt, &view) != AMDVI_OK || view.read_error ||
        view.beyond_table || !field_value(dte, "IV", view.words)) {
        puts("  none (IV is 0, or no device table entry)");
        return;
    }
    show_irtes(in, field_value(dte, "IntTable root", view.words),
               1u << (field_value(dte, "IntTabLen", view.words) & 15));
}

/* ---------------------------------------------------------------- caches */

static void show_line(enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    char name[8], perm[4], size[24];

    printf("  %6u ", line->slot);
    if (cache == AMDVI_CACHE_DTC || cache == AMDVI_CACHE_ITC) {
        printf("device %s", device_text(line->device, name));
        if (cache == AMDVI_CACHE_ITC)
            printf(" index %u", line->index);
        else
            printf(" domain 0x%x", line->domain);
        printf(" first word 0x%016" PRIx64 "\n", line->target);
        return;
    }
    printf("domain 0x%x", line->domain);
    if (line->has_pasid)
        printf(" PASID 0x%x", line->pasid);
    if (cache == AMDVI_CACHE_PDC)
        printf(" %s level %u", line->kind ? "guest" : "host", line->level);
    printf(" 0x%012" PRIx64 " -> 0x%012" PRIx64, line->address, line->target);
    if (line->size)
        printf(" %s", size_text(line->size, size, sizeof(size)));
    printf(" %s\n", perm_text(line->perm, perm));
}

static void show_cache(const struct inspection *in, enum amdvi_cache cache)
{
    uint32_t entries = 0, ways = 0, cursor = 0;
    struct amdvi_cache_line line;
    uint64_t live = 0;

    amdvi_cache_geometry(in->scene.device, cache, &entries, &ways);
    printf("%s: %u entries, %u ways\n", cache_text(cache), entries, ways);
    while (amdvi_inspect_cache(in->scene.device, cache, &cursor, &line) == AMDVI_OK)
        if (live++ < in->scene.max)
            show_line(cache, &line);
    printf("  %" PRIu64 " live lines%s\n", live, live > in->scene.max ? ", not all shown, see --max" : "");
}

static void show_caches(const struct inspection *in)
{
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++)
        show_cache(in, (enum amdvi_cache)cache);
}

/* ---------------------------------------------------------------- rings and records */

static const struct amdvi_layout *record_layout(enum amdvi_irq_cause log, const uint64_t *words)
{
    if (log == AMDVI_IRQ_PPR)
        return amdvi_layout_find("ppr");
    if (log == AMDVI_IRQ_GA)
        return amdvi_layout_find("ga");
    return amdvi_layout_of_event((unsigned)(words[0] >> 60));
}

static void show_record(const struct amdvi_layout *layout, const uint64_t *words, unsigned bits)
{
    char text[64];

    words_text(words, bits, text, sizeof(text));
    printf("%s  %s: ", text, layout ? layout->title : "not known");
    if (layout)
        fields_brief(stdout, layout, words);
    putchar('\n');
}

struct ring {
    const char *title, *enable, *base, *head, *tail;
    unsigned entry; /* bytes */
    int log;        /* enum amdvi_irq_cause, or -1 for commands */
};

static const struct ring rings[] = {
    {"command ring", "CmdBufEn", "cmd_base", "cmd_head", "cmd_tail", 16, -1},
    {"event log", "EventLogEn", "event_base", "event_head", "event_tail", 16, AMDVI_IRQ_EVENT},
    {"PPR log", "PPRLogEn", "ppr_base", "ppr_head", "ppr_tail", 16, AMDVI_IRQ_PPR},
    {"GA log", "GALogEn", "ga_base", "ga_head", "ga_tail", 8, AMDVI_IRQ_GA},
};

static void show_entries(const struct inspection *in, const struct ring *ring, uint64_t base, uint64_t bytes,
                         uint64_t head, uint64_t tail)
{
    uint64_t shown = 0;

    for (uint64_t at = head; at != tail && shown < in->scene.max; at = (at + ring->entry) % bytes, shown++) {
        uint64_t words[2] = {0};
        if (!scene_read(&in->scene, base + at, words, ring->entry)) {
            printf("    +0x%" PRIx64 " lies outside memory\n", at);
            return;
        }
        printf("    +0x%05" PRIx64 " ", at);
        show_record(ring->log < 0 ? amdvi_layout_of_command((unsigned)(words[0] >> 60))
                                  : record_layout((enum amdvi_irq_cause)ring->log, words),
                    words, ring->entry * 8);
    }
}

static void show_ring(const struct inspection *in, const struct ring *ring)
{
    uint64_t base = scene_register(&in->scene, ring->base), head = scene_register(&in->scene, ring->head);
    uint64_t tail = scene_register(&in->scene, ring->tail);
    const struct amdvi_layout *layout = amdvi_register_find(ring->base)->layout;
    uint64_t length = field_value(layout, "Len", &base), address = field_value(layout, "Base", &base);
    /* All rings have 16 << length bytes; those with smaller entries have more of them (2.2). */
    uint64_t bytes = UINT64_C(16) << length;

    printf("%s: %s, base 0x%" PRIx64 ", %" PRIu64 " entries, head 0x%" PRIx64 ", tail 0x%" PRIx64 "\n",
           ring->title, scene_control(&in->scene, ring->enable) ? "enabled" : "off", address,
           bytes / ring->entry, head, tail);
    if (head % ring->entry || tail % ring->entry || head >= bytes || tail >= bytes) {
        puts("    head or tail lies outside the ring");
        return;
    }
    show_entries(in, ring, address, bytes, head, tail);
}

static void show_rings(const struct inspection *in)
{
    for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
        show_ring(in, &rings[i]);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct inspection *in = context;

    if (in->made)
        in->made[in->made_count % in->scene.max] = (struct made_event){*info, in->player.record.line};
    in->made_count++;
}

static void show_event(const struct made_event *made)
{
    static const char *const logs[] = {"event", "ppr", "ga"};
    const struct amdvi_event_info *info = &made->info;

    printf("  line %" PRIu64 ": ", made->line);
    if (info->guest)
        printf("guest %u ", info->guest_id);
    printf("%s ", logs[info->log % 3]);
    if (info->logged)
        printf("index %" PRIu64 " ", info->index);
    else
        printf("not logged ");
    show_record(record_layout(info->log, info->record), info->record, info->log == AMDVI_IRQ_GA ? 64 : 128);
}

static void show_events(const struct inspection *in)
{
    uint64_t first = in->made_count > in->scene.max ? in->made_count - in->scene.max : 0;

    printf("log records: %" PRIu64 "%s\n", in->made_count, first ? "; the last ones are" : "");
    for (uint64_t i = first; in->made && i < in->made_count; i++)
        show_event(&in->made[i % in->scene.max]);
}

/* ---------------------------------------------------------------- playing */

static void show_all(const struct inspection *in)
{
    bool chosen = in->registers || in->dtes || in->one_dte || in->show_tables || in->show_irt || in->caches ||
                  in->rings || in->events;

    if (in->registers || !chosen)
        show_registers(in);
    if (in->dtes || !chosen)
        show_all_dtes(in);
    if (in->one_dte)
        show_one_dte(in);
    if (in->show_tables)
        inspect_tables(&in->scene, (uint16_t)in->tables);
    if (in->show_irt)
        show_irt(in);
    if (in->caches)
        show_caches(in);
    if (in->rings || !chosen)
        show_rings(in);
    if (in->events)
        show_events(in);
}

static int play_and_show(struct inspection *in)
{
    bool found;

    if (!player_run_to(&in->player, in->at_given ? in->at : 0, &found))
        return CLI_WRONG;
    if (in->at_given && !found)
        fprintf(stderr, "%s:%" PRIu64 ": the trace ends before that line; its end is shown\n",
                in->player.path, in->at);
    in->scene.device = amdvi_replay_device(in->player.replay);
    in->scene.memory = amdvi_replay_memory(in->player.replay);
    if (!in->scene.device || !in->scene.memory)
        return usage_error(&command_inspect, "%s: there is no device yet: no record has acted",
                           in->player.path);
    printf("%s, after %" PRIu64 " records\n", in->player.path, in->player.records);
    show_all(in);
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
    {"help", no_argument, NULL, 'h'},
    {"at", required_argument, NULL, 'A'},
    {"registers", no_argument, NULL, 'r'},
    {"dte", optional_argument, NULL, 'd'},
    {"tables", required_argument, NULL, 't'},
    {"irt", required_argument, NULL, 'i'},
    {"caches", no_argument, NULL, 'c'},
    {"rings", no_argument, NULL, 'R'},
    {"events", no_argument, NULL, 'e'},
    {"max", required_argument, NULL, 'm'},
    {"all", no_argument, NULL, 'l'},
    PLAY_OPTIONS,
    {0},
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
        in->all |= option == 'l';
        return true;
    }
}

static int run(int argc, char **argv)
{
    struct inspection in = {.scene.max = 1000};
    int option, status = CLI_OK;

    while ((option = option_next(&command_inspect, argc, argv, ":hrd::t:i:cRem:s:", options, &status)) >= 0)
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
