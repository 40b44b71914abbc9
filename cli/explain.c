// SPDX-License-Identifier: Apache-2.0
/* `amdvi explain`: one request of a trace, step by step. */
#include "cli/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: amdvi explain FILE --line N [options]\n"
    "       amdvi explain FILE --dev D --addr A --op read|write|exec|atomic [--at LINE] [options]\n\n"
    "Plays the trace up to a line, then does one request and shows every access to tables with its decoded "
    "entry,\n"
    "which cache answered, and the result with its reason.\n\n"
    "  -l, --line N          the dma, ats or int record on that line\n"
    "  -d, --dev D           requester: DeviceID or bus:device.function\n"
    "  -a, --addr A          address\n"
    "  -o, --op OP           read (default), write, exec or atomic\n"
    "      --len BYTES       length, default 1\n"
    "  -p, --pasid P         with that PASID\n"
    "      --priv            a privileged request\n"
    "      --at LINE         with --dev: before that line; default: after the whole trace\n"
    "  -n, --no-cache        play with caches=off, so that the whole walk is seen\n" PLAY_HELP
    "  -j, --json            for machines\n"
    "  -h, --help            this text\n\n"
    "examples:\n"
    "  amdvi explain boot.trace --line 120 --no-cache\n"
    "  amdvi explain boot.trace --dev 00:04.0 --addr 0xfffff000 --op write\n\n"
    "exit codes: 0 done, whatever the result of the request; 2 a file or the command line cannot be "
    "understood\n";

static int wrong(const char *message, const char *what)
{
    return usage_error(&command_explain, message, what);
}

/* ---------------------------------------------------------------- listening */

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct explanation *e = context;

    if (!e->armed || e->requested || e->interrupted)
        return;
    if (info->cached)
        e->hits |= 1u << info->cache;
    else if (e->steps_count < STEPS)
        e->steps[e->steps_count++] = *info;
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct explanation *e = context;

    if (!e->armed || e->requested)
        return;
    e->request = *request;
    e->result = *result;
    e->requested = true;
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    struct explanation *e = context;

    if (!e->armed || e->interrupted)
        return;
    e->requester = requester;
    e->message = *result;
    e->interrupted = true;
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct explanation *e = context;

    if (e->armed && e->events_count < EVENTS)
        e->events[e->events_count++] = *info;
}

/* ---------------------------------------------------------------- what both faces say */

#define NEWS(name, member, which, text)                                                                      \
    {                                                                                                        \
        name, text, which, offsetof(struct amdvi_statistics, member##_misses)                                \
    }

const struct cache_news explain_caches[EXPLAIN_CACHES] = {
    NEWS("DTC", dtc, AMDVI_CACHE_DTC, "the device table entry came from the device table cache"),
    NEWS("PTC", ptc, AMDVI_CACHE_PTC, "the translation came from the translation cache"),
    NEWS("PDC", pdc, AMDVI_CACHE_PDC, "upper levels of the walk came from the page directory cache"),
    NEWS("GCR3", gcr3, AMDVI_CACHE_GCR3, "the GCR3 entry came from the GCR3 cache"),
    NEWS("ITC", itc, AMDVI_CACHE_ITC, "the interrupt table entry came from the interrupt table cache"),
};

bool explain_hit(const struct explanation *e, const struct cache_news *news)
{
    return e->hits >> news->cache & 1;
}

bool explain_missed(const struct explanation *e, const struct cache_news *news)
{
    uint64_t before, after;

    memcpy(&before, (const char *)&e->before + news->misses, sizeof(before));
    memcpy(&after, (const char *)&e->after + news->misses, sizeof(after));
    return after != before;
}

void explain_flags(const struct amdvi_fault *fault, char *text, size_t size)
{
    amdvi_trace_flags_text(fault->flags | (uint64_t)fault->vflags << 20, text, size);
}

/* ---------------------------------------------------------------- playing */

static bool is_request(const struct amdvi_trace_record *record)
{
    return record->kind == AMDVI_TRACE_KIND_DMA || record->kind == AMDVI_TRACE_KIND_ATS ||
           record->kind == AMDVI_TRACE_KIND_INT;
}

static int perform(struct explanation *e, const struct amdvi_trace_record *record)
{
    if (amdvi_replay_device(e->player.replay))
        amdvi_get_statistics(amdvi_replay_device(e->player.replay), &e->before);
    e->armed = true;
    if (!player_play(&e->player, record))
        return CLI_WRONG;
    e->armed = false;
    if (!e->requested && !e->interrupted)
        return file_error(e->player.path, 0, "the device did not see the request");
    amdvi_get_statistics(amdvi_replay_device(e->player.replay), &e->after);
    if (e->json)
        explain_print_json(e, record);
    else
        explain_print(e, record);
    return CLI_OK;
}

static int no_request(const struct explanation *e, bool found)
{
    const struct amdvi_trace_record *record = &e->player.record;

    if (!found)
        return file_error(e->player.path, e->line, "the trace ends before that line");
    if (record->line != e->line)
        return file_error(e->player.path, e->line, "no record on that line; the next is on line %" PRIu64,
                          record->line);
    return file_error(e->player.path, e->line, "%s is not a dma, ats or int record",
                      amdvi_trace_kind_info(record->kind)->name);
}

static int explain_line(struct explanation *e)
{
    bool found;

    if (!player_run_to(&e->player, e->line, &found))
        return CLI_WRONG;
    /* A line of a capture may have become several records. */
    while (found && e->player.record.line == e->line && !is_request(&e->player.record)) {
        struct amdvi_trace_record first = e->player.record;
        if (!player_play(&e->player, &first))
            return CLI_WRONG;
        found = player_fetch(&e->player) == PLAYER_RECORD;
        if (!found || e->player.record.line != e->line) {
            e->player.record = first;
            return no_request(e, true);
        }
    }
    if (!found || e->player.record.line != e->line)
        return no_request(e, found);
    return perform(e, &e->player.record);
}

static int explain_made_up(struct explanation *e)
{
    if (!player_run_to(&e->player, e->at_given ? e->at : 0, &e->found))
        return CLI_WRONG;
    if (e->at_given && !e->found)
        file_error(e->player.path, e->at, "the trace ends before that line; its end is used");
    return perform(e, &e->record);
}

static int explain(struct explanation *e, const char *path)
{
    struct amdvi_replay_options options = settings_player(&e->settings);
    int status;

    options.observer = &e->observer;
    e->observer = (struct amdvi_observer){.context = e,
                                          .access = on_access,
                                          .request = on_request,
                                          .interrupt = on_interrupt,
                                          .event = on_event};
    if (!player_open(&e->player, path, NULL, &options))
        return CLI_WRONG;
    status = e->line_given ? explain_line(e) : explain_made_up(e);
    player_close(&e->player);
    return status;
}

/* ---------------------------------------------------------------- command line */

static bool take_op(struct explanation *e, const char *text)
{
    for (unsigned op = 0; op < 4; op++)
        if (!strcmp(text, op_text(op))) {
            amdvi_trace_set(&e->record, AMDVI_TRACE_KEY_OP, op);
            return true;
        }
    wrong("--op takes read, write, exec or atomic, not '%s'", text);
    return false;
}

static bool take_key(struct explanation *e, enum amdvi_trace_key key, const char *what, uint64_t max)
{
    uint64_t value;

    if (!option_number(&command_explain, what, optarg, max, &value))
        return false;
    amdvi_trace_set(&e->record, key, value);
    return true;
}

static bool take_length(struct explanation *e)
{
    if (!take_key(e, AMDVI_TRACE_KEY_LEN, "--len", UINT64_C(1) << 30))
        return false;
    if (e->record.num[AMDVI_TRACE_KEY_LEN])
        return true;
    wrong("%s", "--len: at least 1");
    return false;
}

static bool take_device(struct explanation *e)
{
    uint64_t device;

    if (!option_device(&command_explain, "--dev", optarg, &device))
        return false;
    amdvi_trace_set(&e->record, AMDVI_TRACE_KEY_DEV, device);
    return e->dev_given = true;
}

static bool take_option(struct explanation *e, int option)
{
    e->made_up |= option_among(option, "daLpoP");
    switch (option) {
    case 'l':
        return e->line_given = option_line(&command_explain, "--line", optarg, &e->line);
    case 't':
        return e->at_given = option_line(&command_explain, "--at", optarg, &e->at);
    case 'd':
        return take_device(e);
    case 'a':
        return e->addr_given = take_key(e, AMDVI_TRACE_KEY_ADDR, "--addr", UINT64_MAX);
    case 'L':
        return take_length(e);
    case 'p':
        return take_key(e, AMDVI_TRACE_KEY_PASID, "--pasid", 0xfffff);
    case 'o':
        return take_op(e, optarg);
    case 's':
    case OPTION_MEMFILE:
    case OPTION_MEMORY:
        return settings_option(&command_explain, &e->settings, option);
    case 'n':
        return settings_put(&e->settings, "caches", "off");
    case 'P':
        amdvi_trace_set(&e->record, AMDVI_TRACE_KEY_PRIV, 1);
        return true;
    default:
        return e->json = true;
    }
}

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"line", required_argument, NULL, 'l'},
    {"dev", required_argument, NULL, 'd'},
    {"addr", required_argument, NULL, 'a'},
    {"op", required_argument, NULL, 'o'},
    {"len", required_argument, NULL, 'L'},
    {"pasid", required_argument, NULL, 'p'},
    {"priv", no_argument, NULL, 'P'},
    {"at", required_argument, NULL, 't'},
    {"no-cache", no_argument, NULL, 'n'},
    PLAY_OPTIONS,
    {"json", no_argument, NULL, 'j'},
    {0},
};

static int check_and_explain(struct explanation *e, int count, char **files)
{
    if (!one_file(&command_explain, count, files))
        return CLI_WRONG;
    if (e->line_given && (e->made_up || e->at_given))
        return wrong("%s",
                     "--line goes without --at, and without what makes a request up: --dev, --addr, --op, "
                     "--len, --pasid, --priv");
    if (!e->line_given && !(e->dev_given && e->addr_given))
        return wrong("%s", "--line, or --dev and --addr, are needed");
    return explain(e, files[0]);
}

static int run(int argc, char **argv)
{
    struct explanation *e = calloc(1, sizeof(*e));
    int option, status = CLI_OK;

    if (!e)
        return wrong("%s", "out of memory");
    amdvi_trace_record_init(&e->record, AMDVI_TRACE_KIND_DMA);
    amdvi_trace_set(&e->record, AMDVI_TRACE_KEY_LEN, 1);
    amdvi_trace_set(&e->record, AMDVI_TRACE_KEY_OP, AMDVI_TRACE_OP_READ);
    while ((option = option_next(&command_explain, argc, argv, ":hl:d:a:o:p:ns:j", options, &status)) >= 0)
        if (!take_option(e, option)) {
            status = CLI_WRONG;
            break;
        }
    if (option == OPTION_END)
        status = check_and_explain(e, argc - optind, argv + optind);
    settings_free(&e->settings);
    free(e);
    return status;
}

const struct command command_explain = {"explain", "show one request of a trace step by step", help, run};
