// SPDX-License-Identifier: Apache-2.0
/* Chrome trace-event JSON. Each track is a thread of one process; times are microseconds with three decimals.
 */
#include "amdvi/trace_export.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define PENDING        ((size_t)64 << 10)
#define DEFAULT_TRACKS 4096

struct amdvi_perfetto {
    amdvi_trace_write_fn write;
    void *context;
    struct trace_buffer out;
    char **tracks; /* by number, from 1 on; hashed by slots */
    size_t tracks_count, tracks_cap, max_tracks;
    uint32_t *slots; /* a power of two, at most half full; 0 is empty */
    size_t slots_count;
    enum amdvi_trace_status failed;
    bool finished;
};

/* Length of the UTF-8 sequence at text, 0 when it is none. */
static size_t utf8_length(const unsigned char *text)
{
    size_t len = text[0] >= 0xf0 && text[0] < 0xf5   ? 4
                 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                                                     : 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : len;
}

static void put_format(struct trace_buffer *out, const char *format, ...) TRACE_PRINTF(2, 3);
static void put_format(struct trace_buffer *out, const char *format, ...)
{
    char text[96];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    trace_buffer_text(out, text);
}

static void put_string(struct trace_buffer *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    trace_buffer_byte(out, '"');
    while (*at) {
        size_t len = *at < 0x80 ? 1 : utf8_length(at);
        if (*at == '"' || *at == '\\')
            trace_buffer_byte(out, '\\');
        if (len && *at >= 0x20 && *at != 0x7f)
            trace_buffer_put(out, at, len);
        else
            put_format(out, "\\u%04x", *at);
        at += len ? len : 1;
    }
    trace_buffer_byte(out, '"');
}

static enum amdvi_trace_status flush(struct amdvi_perfetto *p, size_t when)
{
    if (p->failed == AMDVI_TRACE_OK && p->out.failed)
        p->failed = AMDVI_TRACE_ERR_MEMORY;
    if (p->failed != AMDVI_TRACE_OK || p->out.len < when)
        return p->failed;
    if (p->out.len && p->write(p->context, p->out.bytes, p->out.len))
        p->failed = AMDVI_TRACE_ERR_IO;
    p->out.len = 0;
    return p->failed;
}

enum amdvi_trace_status amdvi_perfetto_open(amdvi_trace_write_fn write, void *context, const char *process,
                                            size_t max_tracks, struct amdvi_perfetto **result)
{
    struct amdvi_perfetto *p = calloc(1, sizeof(*p));
    *result = p;
    if (!p)
        return AMDVI_TRACE_ERR_MEMORY;
    p->write = write;
    p->context = context;
    p->max_tracks = max_tracks ? max_tracks : DEFAULT_TRACKS;
    trace_buffer_text(&p->out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
                               "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":");
    put_string(&p->out, process ? process : "amdvi");
    trace_buffer_text(&p->out, "}}");
    return AMDVI_TRACE_OK;
}

static size_t hash(const char *text)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (size_t)(sum ^ sum >> 32);
}

static uint32_t *track_slot(struct amdvi_perfetto *p, const char *name)
{
    size_t at = hash(name) & (p->slots_count - 1);
    while (p->slots[at] && strcmp(p->tracks[p->slots[at] - 1], name) != 0)
        at = (at + 1) & (p->slots_count - 1);
    return &p->slots[at];
}

static bool grow_tracks(struct amdvi_perfetto *p)
{
    size_t cap = p->tracks_cap ? p->tracks_cap * 2 : 32;
    if (p->tracks_count < p->tracks_cap)
        return true;
    char **tracks = realloc(p->tracks, cap * sizeof(*tracks));
    if (!tracks)
        return false;
    p->tracks = tracks;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (!slots)
        return false;
    free(p->slots);
    p->slots = slots;
    p->slots_count = cap * 2;
    p->tracks_cap = cap;
    for (size_t i = 0; i < p->tracks_count; i++)
        *track_slot(p, p->tracks[i]) = (uint32_t)(i + 1);
    return true;
}

static uint32_t add_track(struct amdvi_perfetto *p, const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = grow_tracks(p) ? malloc(size) : NULL;
    if (!copy) {
        p->failed = AMDVI_TRACE_ERR_MEMORY;
        return 0;
    }
    memcpy(copy, name, size);
    uint32_t *slot = track_slot(p, name);
    p->tracks[p->tracks_count++] = copy;
    *slot = (uint32_t)p->tracks_count;
    put_format(&p->out,
               ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":", *slot);
    put_string(&p->out, name);
    trace_buffer_text(&p->out, "}}");
    return *slot;
}

static uint32_t track_of(struct amdvi_perfetto *p, const char *name)
{
    uint32_t found = p->slots_count ? *track_slot(p, name) : 0;
    if (found)
        return found;
    if (p->tracks_count + 1 < p->max_tracks || !strcmp(name, "other"))
        return add_track(p, name);
    return track_of(p, "other");
}

static void put_args(struct trace_buffer *out, const struct amdvi_export_arg *args, size_t count)
{
    trace_buffer_text(out, ",\"args\":{");
    for (size_t i = 0; i < count; i++) {
        if (i)
            trace_buffer_byte(out, ',');
        put_string(out, args[i].name);
        trace_buffer_byte(out, ':');
        /* JSON numbers lose bits above 2^53: show hex text, as everywhere else. */
        if (args[i].text)
            put_string(out, args[i].text);
        else
            put_format(out, "\"0x%llx\"", (unsigned long long)args[i].number);
    }
    trace_buffer_byte(out, '}');
}

static void put_time(struct trace_buffer *out, const char *name, uint64_t ns)
{
    put_format(out, ",\"%s\":%llu.%03u", name, (unsigned long long)(ns / 1000), (unsigned)(ns % 1000));
}

enum amdvi_trace_status amdvi_perfetto_event(struct amdvi_perfetto *p, const struct amdvi_export_event *event)
{
    if (p->finished || p->failed != AMDVI_TRACE_OK)
        return p->finished ? AMDVI_TRACE_ERR_ARGUMENT : p->failed;
    uint32_t track = track_of(p, event->track);
    if (!track)
        return p->failed;
    put_format(&p->out, ",\n{\"ph\":\"%c\",\"pid\":1,\"tid\":%u,\"name\":", event->dur_ns ? 'X' : 'i', track);
    put_string(&p->out, event->name);
    put_time(&p->out, "ts", event->ts_ns);
    if (event->dur_ns)
        put_time(&p->out, "dur", event->dur_ns);
    else
        trace_buffer_text(&p->out, ",\"s\":\"t\"");
    if (event->args_count)
        put_args(&p->out, event->args, event->args_count);
    trace_buffer_byte(&p->out, '}');
    return flush(p, PENDING);
}

static void put_flow_end(struct amdvi_perfetto *p, const char *phase, uint64_t id, const char *name,
                         uint64_t ns)
{
    uint32_t track = track_of(p, name);

    if (!track)
        return;
    put_format(&p->out, ",\n{\"ph\":%s,\"pid\":1,\"tid\":%u,\"id\":%llu,\"cat\":\"flow\",\"name\":\"flow\"",
               phase, track, (unsigned long long)id);
    put_time(&p->out, "ts", ns);
    trace_buffer_byte(&p->out, '}');
}

enum amdvi_trace_status amdvi_perfetto_flow(struct amdvi_perfetto *p, uint64_t id, const char *from,
                                            uint64_t from_ns, const char *to, uint64_t to_ns)
{
    if (p->finished || p->failed != AMDVI_TRACE_OK)
        return p->finished ? AMDVI_TRACE_ERR_ARGUMENT : p->failed;
    put_flow_end(p, "\"s\"", id, from, from_ns);
    put_flow_end(p, "\"f\",\"bp\":\"e\"", id, to, to_ns);
    return flush(p, PENDING);
}

enum amdvi_trace_status amdvi_perfetto_counter(struct amdvi_perfetto *p, const char *name, uint64_t ts_ns,
                                               uint64_t value)
{
    if (p->finished)
        return AMDVI_TRACE_ERR_ARGUMENT;
    trace_buffer_text(&p->out, ",\n{\"ph\":\"C\",\"pid\":1,\"name\":");
    put_string(&p->out, name);
    put_time(&p->out, "ts", ts_ns);
    put_format(&p->out, ",\"args\":{\"value\":%llu}}", (unsigned long long)value);
    return flush(p, PENDING);
}

enum amdvi_trace_status amdvi_perfetto_finish(struct amdvi_perfetto *p)
{
    if (p->finished)
        return p->failed;
    p->finished = true;
    trace_buffer_text(&p->out, "\n]}\n");
    return flush(p, 0);
}

void amdvi_perfetto_close(struct amdvi_perfetto *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->tracks_count; i++)
        free(p->tracks[i]);
    free(p->tracks);
    free(p->slots);
    trace_buffer_free(&p->out);
    free(p);
}

void amdvi_export_device_track(uint16_t dev, const char *what, char *buffer, size_t size)
{
    snprintf(buffer, size, "device %02x:%02x.%u %s", (unsigned)dev >> 8, (unsigned)dev >> 3 & 31,
             (unsigned)dev & 7, what);
}
