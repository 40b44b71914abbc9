// SPDX-License-Identifier: Apache-2.0
/*
 * Reader of ftrace text from a machine with real hardware: the kprobe "iommu_cmd" gives the raw commands,
 * which are laid into a ring of our own; maps, unmaps and attaches stay comments. It is for playing such a
 * text as it is: `amdvi import` (traces/machine) makes tables of them, and takes memory and registers of the
 * machine along.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

/* Our ring and tables lie far above any address that a command of a real machine names. */
#define DEVICE_TABLE UINT64_C(0xfff0000000000)
#define COMMAND_RING UINT64_C(0xfff0000400000)
#define EVENT_RING   UINT64_C(0xfff0000500000)
#define RING_CODE    UINT64_C(9) /* 512 entries, as Linux has it */
#define RING_BYTES   UINT64_C(0x2000)
#define CONTROL_RUN  UINT64_C(0x1405) /* IommuEn, EventLogEn, Coherent, CmdBufEn */

struct ftrace {
    struct import_queue queue;
    uint64_t tail;
    uint64_t iommu; /* the one whose commands are replayed */
    bool iommu_known;
    uint8_t command[16];
    char cpu[16];
};

struct event {
    char *name;
    size_t name_len;
    char *rest;
    size_t rest_len;
};

/* "4.774847" in nanoseconds. */
static bool parse_seconds(const char *text, size_t len, uint64_t *ns)
{
    uint64_t seconds, micros;
    const char *dot = memchr(text, '.', len);
    if (!dot || (size_t)(dot - text) + 7 != len ||
        !trace_parse_number(text, (size_t)(dot - text), &seconds) || seconds > UINT64_MAX / 2000000000 ||
        !trace_parse_number(dot + 1, 6, &micros))
        return false;
    *ns = seconds * 1000000000 + micros * 1000;
    return true;
}

static bool is_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return len > 0;
}

/* "  task-97  [000] d..2.  4.774847: event: rest"; a task name may hold almost anything, so look from the
 * bracket. */
static bool parse_line(struct ftrace *state, char *line, size_t len, struct event *event)
{
    struct import_words w;
    uint64_t ns;
    char *open = memchr(line, '[', len);
    char *shut = open ? memchr(open, ']', len - (size_t)(open - line)) : NULL;
    size_t cpu_len = shut ? (size_t)(shut - open) - 1 : 0;
    if (!shut || cpu_len >= sizeof(state->cpu) || !is_digits(open + 1, cpu_len))
        return false;
    import_split(&w, shut + 1, len - (size_t)(shut + 1 - line));
    size_t at = w.count > 0 && w.len[0] && w.word[0][w.len[0] - 1] == ':' ? 0 : 1; /* the flags may be off */
    if (w.count < at + 2 || !w.len[at] || !parse_seconds(w.word[at], w.len[at] - 1, &ns))
        return false;
    event->name = w.word[at + 1];
    event->name_len = w.len[at + 1];
    if (event->name_len < 2 || event->name[event->name_len - 1] != ':')
        return false;
    event->name_len--;
    event->rest = event->name + event->name_len + 1;
    event->rest_len = (size_t)(line + len - event->rest);
    memcpy(state->cpu, open + 1, cpu_len);
    state->cpu[cpu_len] = 0;
    import_time(&state->queue, ns);
    return true;
}

static bool event_is(const struct event *event, const char *name)
{
    return strlen(name) == event->name_len && !memcmp(name, event->name, event->name_len);
}

static bool field(const struct import_words *w, const char *name, uint64_t *value)
{
    size_t name_len = strlen(name);
    for (size_t i = 0; i < w->count; i++) {
        if (w->len[i] > name_len && !memcmp(w->word[i], name, name_len) && w->word[i][name_len] == '=')
            return trace_parse_number(w->word[i] + name_len + 1, w->len[i] - name_len - 1, value);
    }
    return false;
}

static bool parse_command(struct ftrace *state, const struct import_words *w)
{
    static const char *const names[] = {"w0", "w1", "w2", "w3"};
    for (size_t i = 0; i < 4; i++) {
        uint64_t word;
        if (!field(w, names[i], &word) || word > UINT32_MAX)
            return false;
        trace_put_u32(state->command + 4 * i, (uint32_t)word);
    }
    return true;
}

static void add_command(struct ftrace *state)
{
    struct import_queue *queue = &state->queue;
    struct amdvi_trace_record *record = import_add(queue, AMDVI_TRACE_KIND_MEM);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, COMMAND_RING + state->tail);
    amdvi_trace_set_bytes(record, AMDVI_TRACE_KEY_DATA, state->command, sizeof(state->command));
    record->have |= AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_CPU);
    record->cpu = state->cpu;
    state->tail = (state->tail + sizeof(state->command)) % RING_BYTES;
    import_mmio_write(queue, 0x2008, 4, state->tail);
}

static bool take_command(struct amdvi_trace_reader *reader, struct ftrace *state, const struct event *event)
{
    struct import_words w;
    uint64_t iommu = 0;
    import_split(&w, event->rest, event->rest_len);
    if (!parse_command(state, &w))
        return false;
    field(&w, "iommu", &iommu);
    if (!state->iommu_known)
        state->iommu = iommu;
    state->iommu_known = true;
    reader->counts.commands++;
    if (iommu == state->iommu) {
        add_command(state);
        return true;
    }
    import_comment(&state->queue, "command of another IOMMU (0x%llx), not replayed",
                   (unsigned long long)iommu);
    reader->counts.skipped++;
    return true;
}

static bool is_information(const struct event *event)
{
    static const char *const names[] = {"map",
                                        "unmap",
                                        "iommu_pt_map",
                                        "iommu_pt_unmap",
                                        "attach_device_to_domain",
                                        "detach_device_from_domain",
                                        "add_device_to_group",
                                        "remove_device_from_group",
                                        "io_page_fault"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (event_is(event, names[i]))
            return true;
    }
    return false;
}

static enum amdvi_trace_status take_line(struct amdvi_trace_reader *reader, char *line, size_t len)
{
    struct ftrace *state = reader->state;
    struct event event;
    if (!len || line[0] == '#') {
        reader->counts.skipped++;
        return AMDVI_TRACE_OK;
    }
    bool parsed = parse_line(state, line, len, &event);
    if (parsed && event_is(&event, "iommu_cmd")) {
        if (take_command(reader, state, &event))
            return AMDVI_TRACE_OK;
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_SYNTAX, reader->stream.line,
                                 "ftrace: iommu_cmd without the words w0 to w3");
    }
    if (parsed && is_information(&event)) {
        import_verbatim(&state->queue, event.name, (size_t)(line + len - event.name));
        reader->counts.skipped++;
        return AMDVI_TRACE_OK;
    }
    import_verbatim(&state->queue, line, len);
    reader->counts.unknown++;
    return AMDVI_TRACE_OK;
}

/* The driver set its rings up long before the recording began. */
static void add_start(struct import_queue *queue, const struct amdvi_trace_info *info)
{
    import_add(queue, AMDVI_TRACE_KIND_HEADER);
    import_comment(queue, "imported from ftrace text: commands only, laid into a ring of this trace");
    import_comment(queue,
                   "page tables are not rebuilt from map and unmap; no results, nothing can be checked");
    import_gaps(queue, info);
    struct amdvi_trace_record *config = import_add(queue, AMDVI_TRACE_KIND_CONFIG);
    import_pair(queue, config, "preset", "genoa");
    import_pair(queue, config, "ram", IMPORT_RAM);
    import_mmio_write(queue, 0x00, 8, DEVICE_TABLE | 0x1ff);
    import_mmio_write(queue, 0x08, 8, COMMAND_RING | RING_CODE << 56);
    import_mmio_write(queue, 0x10, 8, EVENT_RING | RING_CODE << 56);
    import_mmio_write(queue, 0x18, 8, CONTROL_RUN);
}

static enum amdvi_trace_status ftrace_open(struct amdvi_trace_reader *reader)
{
    struct ftrace *state = calloc(1, sizeof(*state));
    reader->state = state;
    reader->info.source = AMDVI_TRACE_SOURCE_FTRACE;
    if (!state)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory");
    add_start(&state->queue, &reader->info);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status ftrace_next(struct amdvi_trace_reader *reader,
                                           struct amdvi_trace_record *record)
{
    struct ftrace *state = reader->state;
    return import_next(reader, &state->queue, take_line, record);
}

static void ftrace_close(struct amdvi_trace_reader *reader)
{
    free(reader->state);
}

const struct trace_reader_ops trace_ftrace_reader = {
    .name = "ftrace text", .open = ftrace_open, .next = ftrace_next, .close = ftrace_close};
