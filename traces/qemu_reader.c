// SPDX-License-Identifier: Apache-2.0
/*
 * Importer of a QEMU trace log (amdvi_* and memory_region_ops_* events). Such a log has no memory, no
 * direction of a DMA and no access size: it gives the order and the rate of what happened, and nothing can be
 * checked against it.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW UINT64_C(0x4000) /* the emulated register window, aligned to its size */

struct qemu_log {
    struct import_queue queue;
    uint64_t first_time;
    bool time_known;
};

/* Events that repeat what another line says, or that only name a step. */
static const char *const skipped_events[] = {
    "amdvi_mmio_read",       "amdvi_mmio_write",    "amdvi_completion_wait",  "amdvi_pages_inval",
    "amdvi_all_inval",       "amdvi_devtab_inval",  "amdvi_intr_inval",       "amdvi_iotlb_inval",
    "amdvi_prefetch_pages",  "amdvi_cache_update",  "amdvi_iotlb_hit",        "amdvi_iotlb_reset",
    "amdvi_control_status",  "amdvi_command_error", "amdvi_mem_ir_write_req", "amdvi_mem_ir_write",
    "amdvi_mem_ir_read_req", "amdvi_mem_ir_read",   "amdvi_ir_irte",          "amdvi_ir_irte_val",
    "amdvi_ir_irte_ga_val",  "amdvi_ir_intctl",     "amdvi_ir_delivery_mode", "amdvi_ppr_exec",
    "amdvi_ir_target_abort",
};

static bool is_skipped(const struct import_words *w)
{
    for (size_t i = 0; i < sizeof(skipped_events) / sizeof(skipped_events[0]); i++) {
        if (import_is(w, 0, skipped_events[i]))
            return true;
    }
    return false;
}

/* "PID@SECONDS.MICROSECONDS:" in front of a line. */
static void take_prefix(struct qemu_log *state, char **line, size_t *len)
{
    uint64_t seconds, micros;
    char *at = memchr(*line, '@', *len), *colon = at ? memchr(at, ':', *len - (size_t)(at - *line)) : NULL;
    char *dot = colon ? memchr(at, '.', (size_t)(colon - at)) : NULL;
    if (!dot || !trace_parse_number(at + 1, (size_t)(dot - at) - 1, &seconds) ||
        seconds > UINT64_MAX / 2000000000 || colon - dot != 7 || !trace_parse_number(dot + 1, 6, &micros))
        return;
    uint64_t now = seconds * 1000000000 + micros * 1000;
    if (!state->time_known)
        state->first_time = now;
    state->time_known = true;
    import_time(&state->queue, now >= state->first_time ? now - state->first_time : 0);
    *len -= (size_t)(colon + 1 - *line);
    *line = colon + 1;
}

static bool take_region(struct amdvi_trace_reader *reader, struct qemu_log *state,
                        const struct import_words *w)
{
    uint64_t addr, value, size;
    bool write = import_is(w, 0, "memory_region_ops_write");
    if (!import_is(w, w->count - 1, "'amdvi-mmio'")) {
        reader->counts.skipped++;
        return true;
    }
    if (!import_after(w, "addr", &addr) || !import_after(w, "value", &value) ||
        !import_after(w, "size", &size))
        return false;
    if (size != 4 && size != 8)
        return false;
    reader->counts.register_accesses++;
    if (write) {
        import_mmio_write(&state->queue, addr % WINDOW, (unsigned)size, value);
        return true;
    }
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_MMIO_READ);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OFF, addr % WINDOW);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, size);
    import_note(&state->queue, "gave 0x%llx", (unsigned long long)value);
    return true;
}

/* "00:04.0" as a DeviceID. */
static bool parse_bdf(const char *text, size_t len, uint64_t *dev)
{
    uint64_t bus, slot, function;
    if (len != 7 || text[2] != ':' || text[5] != '.' || !trace_parse_hex(text, 2, &bus) ||
        !trace_parse_hex(text + 3, 2, &slot) || !trace_parse_hex(text + 6, 1, &function) || slot > 31 ||
        function > 7)
        return false;
    *dev = bus << 8 | slot << 3 | function;
    return true;
}

/* Comes after amdvi_iotlb_hit, too: one such line is one request. */
static bool take_translation(struct amdvi_trace_reader *reader, struct qemu_log *state,
                             const struct import_words *w)
{
    uint64_t dev, gpa, hpa;
    if (w->count < 3 || !parse_bdf(w->word[2], w->len[2], &dev) || !import_after(w, "gpa", &gpa) ||
        !import_after(w, "hpa", &hpa))
        return false;
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_DMA);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, dev);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, gpa);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_LEN, 1);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OP, AMDVI_TRACE_OP_READ);
    import_note(&state->queue, "direction unknown; gave 0x%llx", (unsigned long long)hpa);
    reader->counts.translations++;
    reader->counts.unchecked++;
    return true;
}

static bool take_interrupt(struct amdvi_trace_reader *reader, struct qemu_log *state,
                           const struct import_words *w)
{
    uint64_t addr, data, dev;
    if (!import_after(w, "addr", &addr) || !import_after(w, "data", &data) ||
        !import_after(w, "devid", &dev) || dev > 0xffff || data > UINT32_MAX)
        return false;
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_INT);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, dev);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, addr);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DATA, data);
    reader->counts.interrupts++;
    reader->counts.unchecked++;
    return true;
}

static bool take_event(struct amdvi_trace_reader *reader, struct qemu_log *state,
                       const struct import_words *w, const char *line, size_t len)
{
    if (import_is(w, 0, "memory_region_ops_write") || import_is(w, 0, "memory_region_ops_read"))
        return take_region(reader, state, w);
    if (import_is(w, 0, "amdvi_translation_result"))
        return take_translation(reader, state, w);
    if (import_is(w, 0, "amdvi_ir_remap_msi_req"))
        return take_interrupt(reader, state, w);
    if (import_is(w, 0, "amdvi_command_exec")) {
        reader->counts.commands++;
        return true;
    }
    if (import_is(w, 0, "amdvi_ir_remap_msi")) {
        import_verbatim(&state->queue, line, len);
        return true;
    }
    if (is_skipped(w)) {
        reader->counts.skipped++;
        return true;
    }
    return false;
}

static enum amdvi_trace_status take_line(struct amdvi_trace_reader *reader, char *line, size_t len)
{
    struct qemu_log *state = reader->state;
    struct import_words words;
    take_prefix(state, &line, &len);
    import_split(&words, line, len);
    if (!words.count || take_event(reader, state, &words, line, len))
        return AMDVI_TRACE_OK;
    /* Other tools write into the same log: keep what is not understood, but do not stop. */
    import_verbatim(&state->queue, line, len);
    reader->counts.unknown++;
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status qemu_open(struct amdvi_trace_reader *reader)
{
    struct qemu_log *state = calloc(1, sizeof(*state));
    reader->state = state;
    reader->info.source = AMDVI_TRACE_SOURCE_QEMU_LOG;
    if (!state)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory");
    import_add(&state->queue, AMDVI_TRACE_KIND_HEADER);
    import_comment(&state->queue,
                   "imported from a QEMU trace log: no memory and no results, nothing can be checked");
    import_gaps(&state->queue, &reader->info);
    struct amdvi_trace_record *config = import_add(&state->queue, AMDVI_TRACE_KIND_CONFIG);
    import_pair(&state->queue, config, "preset", "emulator-min");
    import_pair(&state->queue, config, "ram", IMPORT_RAM);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status qemu_next(struct amdvi_trace_reader *reader, struct amdvi_trace_record *record)
{
    struct qemu_log *state = reader->state;
    return import_next(reader, &state->queue, take_line, record);
}

static void qemu_close(struct amdvi_trace_reader *reader)
{
    free(reader->state);
}

const struct trace_reader_ops trace_qemu_reader = {
    .name = "QEMU trace log", .open = qemu_open, .next = qemu_next, .close = qemu_close};
