// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch.h"

#include <exec/address-spaces.h>
#include <qapi/error.h>
#include <qemu/error-report.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "amdvi/layout.h"

/* All words that the lint remembers are looked at before each doorbell: 8192 are what a boot uses, and look
 * at fast. */
enum { LIVE_PERIOD_MS = 200, COMMAND_BYTES = 16, LOG2_WORDS = 13 };

static char *file_name(const char *name, unsigned unit)
{
    return unit ? g_strdup_printf("%s.%u", name, unit) : g_strdup(name);
}

static FILE *open_file(const char *name, unsigned unit, Error **errp)
{
    char *path = file_name(name, unit);
    FILE *file = fopen(path, "wb");

    if (!file)
        error_setg_errno(errp, errno, "%s cannot be written", path);
    g_free(path);
    return file;
}

/* ------------------------------------------------------------------ lint */

static const char *severity_name(enum amdvi_lint_severity severity)
{
    return severity == AMDVI_LINT_MISTAKE ? "mistake" : severity == AMDVI_LINT_WINDOW ? "window" : "note";
}

void watch_trap(struct watch *watch, const char *trap, const char *text)
{
    if (watch->findings)
        fprintf(watch->findings, "trap\t%s\t%" PRId64 "\t%s\n", trap, watch->now, text);
}

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    struct watch *watch = context;

    if (!watch->findings) {
        warn_report("amdvi lint: %s (%s)", finding->text, severity_name(finding->severity));
        return;
    }
    fprintf(watch->findings, "%s\t%s\t%" PRIu64 "\t%s\n", severity_name(finding->severity),
            amdvi_lint_kind_name(finding->kind), finding->at.ns, finding->text);
    fflush(watch->findings);
}

static bool start_lint(struct watch *watch, const struct watch_options *options, struct amdvi_device *device,
                       Error **errp)
{
    const char *mode = options->lint ? options->lint : "off";
    const struct amdvi_lint_options lint = {.context = watch,
                                            .finding = on_finding,
                                            .windows = !strcmp(mode, "windows"),
                                            .costs = true,
                                            .log2_words = LOG2_WORDS,
                                            .processors = MIN(options->processors, 64)};

    if (!strcmp(mode, "off"))
        return true;
    if (strcmp(mode, "on") && strcmp(mode, "windows")) {
        error_setg(errp, "lint=%s: it takes off, on or windows", mode);
        return false;
    }
    if (amdvi_lint_create(device, &lint, &watch->lint) == AMDVI_OK)
        return true;
    error_setg(errp, "no memory for the lint");
    return false;
}

/* ------------------------------------------------------------------ recorder */

static bool start_recorder(struct watch *watch, const struct watch_options *options,
                           struct amdvi_device *device, const struct amdvi_config *config, Error **errp)
{
    struct amdvi_recorder_options recorder = {
        .config = config, .write = amdvi_trace_write_to_file, .ram = options->ram, .scans = true};

    if (!options->record)
        return true;
    watch->record = open_file(options->record, options->unit, errp);
    if (!watch->record)
        return false;
    recorder.form =
        g_str_has_suffix(options->record, ".trace") ? AMDVI_TRACE_FORM_TEXT : AMDVI_TRACE_FORM_BINARY;
    recorder.context = watch->record;
    if (amdvi_recorder_create(device, &recorder, &watch->recorder) == AMDVI_TRACE_OK)
        return true;
    error_setg(errp, "%s cannot be recorded to", options->record);
    return false;
}

/* ------------------------------------------------------------------ live page */

/* The timer's thread holds QEMU's big lock, but threads of devices use the unit without it. */
static void show(void *opaque)
{
    struct watch *watch = opaque;

    qemu_rec_mutex_lock(watch->lock);
    amdvi_live_update(watch->live, (uint64_t)watch->now);
    qemu_rec_mutex_unlock(watch->lock);
    timer_mod(watch->timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + LIVE_PERIOD_MS);
}

/* The page of a machine that has ended goes: who has mapped it keeps it, whole and as it was. What is no file
 * stays. */
static void remove_old(const char *path)
{
    struct stat old;

    if (lstat(path, &old) == 0 && S_ISREG(old.st_mode))
        unlink(path);
}

static struct amdvi_live_page *map_page(const char *path)
{
    void *page = MAP_FAILED;
    int file;

    remove_old(path);
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file >= 0 && ftruncate(file, sizeof(struct amdvi_live_page)) == 0)
        page = mmap(NULL, sizeof(struct amdvi_live_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    return page == MAP_FAILED ? NULL : page;
}

static bool start_live(struct watch *watch, const struct watch_options *options, struct amdvi_device *device,
                       Error **errp)
{
    bool started;
    char *path;

    if (!options->live)
        return true;
    path = file_name(options->live, options->unit);
    watch->page = map_page(path);
    started = watch->page && amdvi_live_start(watch->page, device, watch->lint, &watch->live) == AMDVI_OK;
    if (!started)
        error_setg(errp, "%s cannot be used as a live page", path);
    g_free(path);
    if (!started)
        return false;
    watch->page->process = (uint64_t)getpid();
    watch->timer = timer_new_ms(QEMU_CLOCK_REALTIME, show, watch);
    show(watch);
    return true;
}

/* ------------------------------------------------------------------ life */

bool watch_start(struct watch *watch, const struct watch_options *options, struct amdvi_device *device,
                 const struct amdvi_config *config, Error **errp)
{
    watch->lock = options->lock;
    if (options->findings && !(watch->findings = open_file(options->findings, options->unit, errp)))
        return false;
    return start_recorder(watch, options, device, config, errp) && start_lint(watch, options, device, errp) &&
           start_live(watch, options, device, errp);
}

void watch_now(struct watch *watch)
{
    watch->events++;
    if (!watch->lint && !watch->recorder && !watch->live)
        return;
    watch->now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (watch->lint)
        amdvi_lint_mark(watch->lint, watch->events, (uint64_t)watch->now);
    if (watch->recorder)
        amdvi_recorder_time(watch->recorder, (uint64_t)watch->now);
}

/* ------------------------------------------------------------------ doorbells */

static bool read_memory(void *context, uint64_t spa, void *bytes, size_t length)
{
    return address_space_read(&address_space_memory, spa, MEMTXATTRS_UNSPECIFIED, bytes, length) == MEMTX_OK;
}

static void record_memory(struct watch *watch, uint64_t first, uint64_t end)
{
    uint8_t bytes[4096];

    for (size_t piece; first < end; first += piece) {
        piece = MIN(sizeof(bytes) - first % sizeof(bytes), end - first);
        if (read_memory(NULL, watch->ring + first, bytes, piece))
            amdvi_recorder_store(watch->recorder, watch->ring + first, bytes, piece);
    }
}

/* New commands stand in the trace before the doorbell, as they do in memory. A tail beyond the ring is the
 * device's business. */
static void record_commands(struct watch *watch, uint64_t tail)
{
    if (tail >= watch->ring_bytes || watch->ring_tail >= watch->ring_bytes)
        return;
    if (tail < watch->ring_tail) {
        record_memory(watch, watch->ring_tail, watch->ring_bytes);
        record_memory(watch, 0, tail);
    } else {
        record_memory(watch, watch->ring_tail, tail);
    }
}

static void ring_doorbell(struct watch *watch, uint64_t tail)
{
    if (watch->lint)
        amdvi_lint_scan(watch->lint);
    if (watch->recorder) {
        amdvi_recorder_scan(watch->recorder, read_memory, NULL);
        record_commands(watch, tail);
    }
    watch->ring_tail = tail;
}

static void move_ring(struct watch *watch, const struct amdvi_register *base, uint64_t offset, uint64_t value,
                      unsigned size)
{
    unsigned shift = (unsigned)(offset - base->offset) * 8;
    uint64_t mask = size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << shift;

    watch->ring_register = (watch->ring_register & ~mask) | ((value << shift) & mask);
    watch->ring = amdvi_field_get(amdvi_layout_field(base->layout, "Base"), &watch->ring_register);
    watch->ring_bytes = (uint64_t)COMMAND_BYTES
                        << amdvi_field_get(amdvi_layout_field(base->layout, "Len"), &watch->ring_register);
    watch->ring_tail = 0;
}

void watch_register_write(struct watch *watch, uint64_t offset, uint64_t value, unsigned size)
{
    const struct amdvi_register *reg;

    if (!watch->lint && !watch->recorder)
        return;
    reg = amdvi_register_at((uint32_t)offset);
    if (reg && !strcmp(reg->name, "cmd_tail"))
        ring_doorbell(watch, value);
    else if (reg && !strcmp(reg->name, "cmd_base"))
        move_ring(watch, reg, offset, value, size);
}

static bool finish_recorder(struct watch *watch)
{
    bool whole = amdvi_recorder_finish(watch->recorder) == AMDVI_TRACE_OK;

    amdvi_recorder_destroy(watch->recorder);
    watch->recorder = NULL;
    if (fclose(watch->record))
        whole = false;
    if (!whole)
        error_report("amdvi-iommu: the recording could not be written: it is not whole");
    return whole;
}

static bool finish_findings(struct watch *watch)
{
    bool whole = !ferror(watch->findings);

    if (fclose(watch->findings))
        whole = false;
    if (!whole)
        error_report("amdvi-iommu: the findings could not be written: some are missing");
    watch->findings = NULL;
    return whole;
}

static bool finish(struct watch *watch)
{
    bool whole = true;

    if (watch->lint)
        amdvi_lint_finish(watch->lint);
    if (watch->recorder)
        whole = finish_recorder(watch);
    if (watch->live) {
        amdvi_live_update(watch->live, (uint64_t)watch->now);
        amdvi_live_stop(watch->live);
        watch->live = NULL;
    }
    amdvi_lint_destroy(watch->lint);
    watch->lint = NULL;
    if (watch->findings && !finish_findings(watch))
        whole = false;
    return whole;
}

bool watch_finish(struct watch *watch)
{
    bool whole;

    qemu_rec_mutex_lock(watch->lock);
    whole = finish(watch);
    qemu_rec_mutex_unlock(watch->lock);
    return whole;
}
