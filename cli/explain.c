// SPDX-License-Identifier: Apache-2.0
/* `amdvi explain`: one request of a trace, step by step. */
#include "cli/cli.h"

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

enum { STEPS = 256, EVENTS = 16 };

struct explanation {
    struct settings settings;
    struct player player;
    struct amdvi_observer observer;
    struct amdvi_trace_record record; /* the request, when it is not the trace's */
    uint64_t line, at;
    bool line_given, at_given, dev_given, addr_given, json;
    /* what was seen */
    bool armed, requested, interrupted;
    struct amdvi_access_info steps[STEPS];
    unsigned steps_count;
    struct amdvi_event_info events[EVENTS];
    unsigned events_count;
    struct amdvi_request request;
    struct amdvi_result result;
    uint16_t requester;
    struct amdvi_int_result message;
    struct amdvi_statistics before, after;
};

static int wrong(const char *message, const char *what)
{
    return usage_error(&command_explain, message, what);
}

/* ---------------------------------------------------------------- listening */

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct explanation *e = context;

    if (e->armed && !e->requested && !e->interrupted && e->steps_count < STEPS)
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

/* ---------------------------------------------------------------- text */

static void print_words(const struct amdvi_access_info *info)
{
    for (unsigned i = 0; i < 4 && i * 8 < info->length; i++)
        printf(" 0x%0*" PRIx64, info->length < 8 ? (int)info->length * 2 : 16, info->value[i]);
}

static void print_step(unsigned number, const struct amdvi_access_info *info)
{
    const struct amdvi_layout *layout = access_layout(info);

    printf("%3u. %s", number, access_text(info->access));
    if (info->level)
        printf(", level %u", info->level);
    printf(": %s 0x%" PRIx64 " =", info->write ? "write" : "read", info->address);
    print_words(info);
    printf("%s%s\n", info->cached ? " (cached)" : "", info->result ? " (memory failed)" : "");
    if (!layout || info->result)
        return;
    fputs("       ", stdout);
    fields_brief(stdout, layout, info->value);
    putchar('\n');
}

struct cache_news {
    const char *name, *hit;
    size_t hits, misses;
};

#define NEWS(name, member, text)                                                                             \
    {                                                                                                        \
        name, text, offsetof(struct amdvi_statistics, member##_hits),                                        \
            offsetof(struct amdvi_statistics, member##_misses)                                               \
    }

static const struct cache_news caches[] = {
    NEWS("DTC", dtc, "the device table entry came from the device table cache"),
    NEWS("PTC", ptc, "the translation came from the translation cache"),
    NEWS("PDC", pdc, "upper levels of the walk came from the page directory cache"),
    NEWS("GCR3", gcr3, "the GCR3 entry came from the GCR3 cache"),
    NEWS("ITC", itc, "the interrupt table entry came from the interrupt table cache"),
};

enum { CACHES = sizeof(caches) / sizeof(caches[0]) };

static uint64_t change(const struct explanation *e, size_t offset)
{
    uint64_t before, after;

    memcpy(&before, (const char *)&e->before + offset, sizeof(before));
    memcpy(&after, (const char *)&e->after + offset, sizeof(after));
    return after - before;
}

static void print_caches(const struct explanation *e)
{
    for (unsigned i = 0; i < CACHES; i++)
        if (change(e, caches[i].hits))
            printf("   %s hit: %s\n", caches[i].name, caches[i].hit);
        else if (change(e, caches[i].misses))
            printf("   %s miss\n", caches[i].name);
}

static void flags_text(const struct amdvi_fault *fault, char *text, size_t size)
{
    amdvi_trace_flags_text(fault->flags | (uint64_t)fault->vflags << 20, text, size);
}

static void print_fault(const struct amdvi_fault *fault)
{
    const char *event = amdvi_event_name(fault->event);
    char flags[128];

    flags_text(fault, flags, sizeof(flags));
    printf("result: fault: %s\n", amdvi_reason_text(fault->reason));
    printf("   event %s, flags %s, address 0x%" PRIx64 ", reply %s, %s\n", event ? event : "none", flags,
           fault->address, reply_text(fault->reply), fault->logged ? "logged" : "not logged");
}

static void print_success(const struct amdvi_result *r)
{
    char perm[4], size[24];

    printf("result: ok, pa 0x%" PRIx64 ", perm %s", r->pa, perm_text(r->perm, perm));
    if (r->identity)
        puts(", not translated");
    else
        printf(", page size %s, %" PRIu64 " bytes from pa on\n", size_text(r->size, size, sizeof(size)),
               r->covered);
}

static void print_message(const struct amdvi_int_result *m)
{
    if (m->posted)
        printf("result: ok, posted to a guest's vAPIC page, vector 0x%02x\n", m->vector);
    else
        printf("result: ok, vector 0x%02x, destination 0x%x (%s), type %u, message 0x%" PRIx64 " 0x%x\n",
               m->vector, m->destination, m->logical ? "logical" : "physical", m->type, m->address, m->data);
}

static void print_events(const struct explanation *e)
{
    for (unsigned i = 0; i < e->events_count; i++) {
        const struct amdvi_event_info *event = &e->events[i];
        const struct amdvi_layout *layout =
            event->log == AMDVI_IRQ_EVENT ? amdvi_layout_of_event((unsigned)(event->record[0] >> 60))
                                          : amdvi_layout_find(event->log == AMDVI_IRQ_PPR ? "ppr" : "ga");
        printf("   log record %s0x%016" PRIx64 " 0x%016" PRIx64 "\n", event->logged ? "" : "(lost) ",
               event->record[0], event->record[1]);
        if (!layout)
            continue;
        fputs("       ", stdout);
        fields_brief(stdout, layout, event->record);
        putchar('\n');
    }
}

static char *record_text(const struct amdvi_trace_record *record)
{
    struct amdvi_trace_record bare = *record;
    size_t length;
    char *text;

    bare.comment = NULL;
    length = amdvi_trace_format(&bare, NULL, 0);
    text = malloc(length + 1);
    if (text)
        amdvi_trace_format(&bare, text, length + 1);
    return text;
}

static void print_text(const struct explanation *e, const struct amdvi_trace_record *record)
{
    char *text = record_text(record);

    printf("%s%s%" PRIu64 ": %s\n", e->player.path, e->line_given ? ":" : ", after line ", record->line,
           text ? text : "");
    free(text);
    if (!e->steps_count)
        puts("   no access to memory");
    for (unsigned i = 0; i < e->steps_count; i++)
        print_step(i + 1, &e->steps[i]);
    print_caches(e);
    if (e->interrupted && e->message.ok)
        print_message(&e->message);
    else if (e->interrupted)
        print_fault(&e->message.fault);
    else if (e->result.ok)
        print_success(&e->result);
    else
        print_fault(&e->result.fault);
    print_events(e);
}

/* ---------------------------------------------------------------- JSON */

static struct json_object *step_json(const struct amdvi_access_info *info)
{
    struct json_object *object = json_object_new_object();
    const struct amdvi_layout *layout = access_layout(info);
    unsigned bits = info->length * 8 > 256 ? 256 : info->length * 8;

    json_put_text(object, "access", access_text(info->access));
    json_put_bool(object, "write", info->write);
    json_put_bool(object, "cached", info->cached);
    json_put_count(object, "level", info->level);
    json_put_hex(object, "address", info->address);
    json_put_count(object, "length_bytes", info->length);
    json_object_object_add(object, "words", words_json(info->value, bits));
    json_put_bool(object, "memory_failed", info->result != AMDVI_MEMORY_OK);
    if (layout) {
        json_put_text(object, "layout", layout->name);
        json_object_object_add(object, "fields", fields_json(layout, info->value));
    }
    return object;
}

static void put_fault(struct json_object *object, const struct amdvi_fault *fault)
{
    char flags[128];

    flags_text(fault, flags, sizeof(flags));
    json_put_text(object, "reason", amdvi_reason_text(fault->reason));
    json_put_text(object, "event", amdvi_event_name(fault->event));
    json_put_text(object, "flags", flags);
    json_put_hex(object, "fault_address", fault->address);
    json_put_text(object, "reply", reply_text(fault->reply));
    json_put_bool(object, "logged", fault->logged);
}

static struct json_object *outcome_json(const struct explanation *e)
{
    struct json_object *object = json_object_new_object();
    bool ok = e->interrupted ? e->message.ok : e->result.ok;
    char perm[4];

    json_put_bool(object, "ok", ok);
    if (!ok) {
        put_fault(object, e->interrupted ? &e->message.fault : &e->result.fault);
    } else if (e->interrupted) {
        json_put_bool(object, "posted", e->message.posted);
        json_put_hex(object, "vector", e->message.vector);
        json_put_hex(object, "destination", e->message.destination);
        json_put_bool(object, "logical", e->message.logical);
        json_put_hex(object, "message_address", e->message.address);
        json_put_hex(object, "message_data", e->message.data);
    } else {
        json_put_hex(object, "pa", e->result.pa);
        json_put_text(object, "perm", perm_text(e->result.perm, perm));
        json_put_bool(object, "identity", e->result.identity);
        json_put_count(object, "page_size_bytes", e->result.size);
        json_put_count(object, "covered_bytes", e->result.covered);
    }
    return object;
}

static void print_json(const struct explanation *e, const struct amdvi_trace_record *record)
{
    struct json_object *top = json_object_new_object(), *steps = json_object_new_array();
    struct json_object *hits = json_object_new_object();
    char *text = record_text(record);

    json_put_text(top, "schema", "amdvi-explain 1");
    json_put_text(top, "file", e->player.path);
    json_put_count(top, "line", record->line);
    json_put_text(top, "request", text ? text : "");
    free(text);
    for (unsigned i = 0; i < e->steps_count; i++)
        json_object_array_add(steps, step_json(&e->steps[i]));
    json_object_object_add(top, "steps", steps);
    for (unsigned i = 0; i < CACHES; i++)
        if (change(e, caches[i].hits) || change(e, caches[i].misses))
            json_put_text(hits, caches[i].name, change(e, caches[i].hits) ? "hit" : "miss");
    json_object_object_add(top, "caches", hits);
    json_object_object_add(top, "outcome", outcome_json(e));
    json_print(stdout, top);
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
        return wrong("%s: the device did not see the request", e->player.path);
    amdvi_get_statistics(amdvi_replay_device(e->player.replay), &e->after);
    if (e->json)
        print_json(e, record);
    else
        print_text(e, record);
    return CLI_OK;
}

static int no_request(const struct explanation *e, bool found)
{
    const struct amdvi_trace_record *record = &e->player.record;

    if (!found)
        return usage_error(&command_explain, "%s:%" PRIu64 ": the trace ends before that line",
                           e->player.path, e->line);
    if (record->line != e->line)
        return usage_error(&command_explain,
                           "%s:%" PRIu64 ": no record on that line; the next is on line %" PRIu64,
                           e->player.path, e->line, record->line);
    return usage_error(&command_explain, "%s:%" PRIu64 ": %s is not a dma, ats or int record", e->player.path,
                       e->line, amdvi_trace_kind_info(record->kind)->name);
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
    bool found;

    if (!player_run_to(&e->player, e->at_given ? e->at : 0, &found))
        return CLI_WRONG;
    if (e->at_given && !found)
        fprintf(stderr, "%s:%" PRIu64 ": the trace ends before that line; its end is used\n", e->player.path,
                e->at);
    e->record.line = found ? e->at - 1 : e->player.record.line;
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
        return take_key(e, AMDVI_TRACE_KEY_LEN, "--len", UINT64_C(1) << 30);
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
    if (e->line_given && (e->dev_given || e->addr_given || e->at_given))
        return wrong("%s", "--line goes without --dev, --addr and --at");
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
