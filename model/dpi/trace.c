// SPDX-License-Identifier: Apache-2.0
/* What a bench did to a device as a trace; difference.c puts at its end what a design under test did
 * otherwise. The two are parts of the archive by themselves: only benches that record link the trace library.
 */
#include "model/dpi/recording.h"

#include "amdvi/dpi.h"
#include "amdvi/recorder.h"

#include <stdlib.h>
#include <string.h>

/* Interrupts that an action raised, of however many guests, are held back until the next action: a design
 * that raised another number takes their place. */
static const char interrupts[] = "expect_irq";
static const char expectation[] = "expect_";
enum { FIRST_HELD = 4096 };

/* ---------------------------------------------------------------- bytes of the trace */

static void release(struct bench_recording *r)
{
    if (r->held_bytes > 0)
        fwrite(r->held, 1, r->held_bytes, r->file);
    r->held_bytes = 0;
}

static bool make_room(struct bench_recording *r)
{
    size_t room = r->held_room ? 2 * r->held_room : FIRST_HELD;
    char *held = realloc(r->held, room);

    if (!held)
        return false;
    r->held = held;
    r->held_room = room;
    return true;
}

static void pass(struct bench_recording *r, char byte)
{
    if (!r->holding)
        fputc(byte, r->file);
    else if (r->held_bytes < r->held_room || make_room(r))
        r->held[r->held_bytes++] = byte;
    else
        r->no_memory = true;
}

static bool begins(const struct bench_recording *r, const char *word)
{
    return r->headed >= strlen(word) && memcmp(r->head, word, strlen(word)) == 0;
}

static void decide(struct bench_recording *r)
{
    r->decided = true;
    r->holding = begins(r, interrupts);
    if (!begins(r, expectation))
        release(r);
    for (unsigned i = 0; i < r->headed; i++)
        pass(r, r->head[i]);
    r->headed = 0;
}

static void take(struct bench_recording *r, char byte)
{
    if (r->decided) {
        pass(r, byte);
    } else {
        r->head[r->headed++] = byte;
        if (r->headed == sizeof(r->head) || byte == '\n')
            decide(r);
    }
    if (byte == '\n')
        r->decided = false;
}

static int write_trace(void *context, const void *bytes, size_t length)
{
    struct bench_recording *r = context;

    for (size_t i = 0; i < length; i++)
        take(r, ((const char *)bytes)[i]);
    return r->no_memory || ferror(r->file);
}

/* ---------------------------------------------------------------- recording */

static int status_of(enum amdvi_trace_status status)
{
    switch (status) {
    case AMDVI_TRACE_OK:
        return 0;
    case AMDVI_TRACE_ERR_MEMORY:
        return -(int)AMDVI_ERR_NO_MEMORY;
    default:
        return AMDVI_DPI_FILE;
    }
}

int amdvi_dpi_finish(struct bench_device *d, bool interrupts_count)
{
    struct bench_recording *r = d->recording;
    int status = status_of(amdvi_recorder_finish(r->recorder));

    amdvi_recorder_destroy(r->recorder);
    if (!interrupts_count)
        r->held_bytes = 0;
    release(r);
    return status;
}

/* A write that failed counts, too, when what came behind it could be written. */
int amdvi_dpi_close(struct bench_device *d, int status)
{
    struct bench_recording *r = d->recording;
    bool failed = ferror(r->file);

    failed |= fclose(r->file) != 0;
    free(r->held);
    free(r);
    d->recording = NULL;
    return failed && !status ? AMDVI_DPI_FILE : status;
}

static int end_recording(struct bench_device *d)
{
    return amdvi_dpi_close(d, amdvi_dpi_finish(d, true));
}

static int start(struct bench_device *d, struct bench_recording *r)
{
    struct amdvi_recorder_options options = {.config = d->config,
                                             .form = AMDVI_TRACE_FORM_TEXT,
                                             .write = write_trace,
                                             .context = r,
                                             .ram = d->size};
    int status = status_of(amdvi_recorder_create(d->device, &options, &r->recorder));

    if (status)
        return status;
    d->recording = r;
    d->end_recording = end_recording;
    return 0;
}

int amdvi_dpi_record(int handle, const char *path)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    struct bench_recording *r;
    int status;

    if (!d)
        return AMDVI_DPI_HANDLE;
    if (d->recording)
        return -(int)AMDVI_ERR_BUSY;
    r = calloc(1, sizeof(*r));
    if (!r)
        return -(int)AMDVI_ERR_NO_MEMORY;
    r->file = path ? fopen(path, "w") : NULL;
    status = r->file ? start(d, r) : AMDVI_DPI_FILE;
    if (status) {
        if (r->file)
            fclose(r->file);
        free(r->held);
        free(r);
    }
    return status;
}

int amdvi_dpi_recording(int handle, struct bench_device **d)
{
    *d = amdvi_dpi_find(handle);
    if (!*d)
        return AMDVI_DPI_HANDLE;
    return (*d)->recording ? 0 : AMDVI_DPI_FILE;
}

int amdvi_dpi_record_end(int handle)
{
    struct bench_device *d;
    int status = amdvi_dpi_recording(handle, &d);

    return status ? status : end_recording(d);
}
