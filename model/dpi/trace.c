// SPDX-License-Identifier: Apache-2.0
/* What a bench did to a device as a trace, and at its end what a design under test did otherwise: replaying
 * it fails there. A part of the archive by itself: only benches that record link the trace library. */
#include "model/dpi/bench_device.h"

#include "amdvi/dpi.h"
#include "amdvi/external.h"
#include "amdvi/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Interrupts that an action raised are held back until the next action: a design that raised another number
 * takes their place. */
static const char interrupts[] = "expect_irq";
static const char expectation[] = "expect_";
enum { HEAD = sizeof(interrupts) - 1, HELD = 4096 };

struct bench_recording {
    FILE *file;
    struct amdvi_recorder *recorder;
    char head[HEAD]; /* how the line under way begins */
    unsigned headed;
    bool decided, holding; /* of the line under way */
    char held[HELD];
    unsigned held_bytes;
};

/* ---------------------------------------------------------------- bytes of the trace */

static void release(struct bench_recording *r)
{
    fwrite(r->held, 1, r->held_bytes, r->file);
    r->held_bytes = 0;
}

static void pass(struct bench_recording *r, char byte)
{
    if (!r->holding) {
        fputc(byte, r->file);
        return;
    }
    if (r->held_bytes == HELD)
        release(r);
    r->held[r->held_bytes++] = byte;
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
        if (r->headed == HEAD || byte == '\n')
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
    return ferror(r->file);
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

/* The recorder has written all that it will; the file stays open. */
static int finish(struct bench_device *d)
{
    int status = status_of(amdvi_recorder_finish(d->recording->recorder));

    amdvi_recorder_destroy(d->recording->recorder);
    return status;
}

static int close_recording(struct bench_device *d, int status)
{
    struct bench_recording *r = d->recording;

    release(r);
    if (fclose(r->file) && !status)
        status = AMDVI_DPI_FILE;
    free(r);
    d->recording = NULL;
    return status;
}

static int end_recording(struct bench_device *d)
{
    return close_recording(d, finish(d));
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
        free(r);
    }
    return status;
}

/* The device that records. */
static int recording(int handle, struct bench_device **d)
{
    *d = amdvi_dpi_find(handle);
    if (!*d)
        return AMDVI_DPI_HANDLE;
    return (*d)->recording ? 0 : AMDVI_DPI_FILE;
}

int amdvi_dpi_record_end(int handle)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    return status ? status : end_recording(d);
}

/* ---------------------------------------------------------------- differences */

static void write_request(FILE *file, const struct amdvi_request *q)
{
    static const char *const ops[] = {"read", "write", "exec", "atomic"};

    if (q->at == AMDVI_TRANSLATION_REQUEST)
        fprintf(file, "ats dev=0x%x addr=0x%" PRIx64 " len=%" PRIu64, q->device, q->address, q->length);
    else
        fprintf(file, "dma dev=0x%x addr=0x%" PRIx64 " len=%" PRIu64 " op=%s%s", q->device, q->address,
                q->length, ops[q->op], q->at == AMDVI_TRANSLATED ? " at=translated" : "");
    if (q->has_pasid)
        fprintf(file, " pasid=0x%x", q->pasid);
    if (q->at == AMDVI_TRANSLATION_REQUEST)
        fprintf(file, "%s%s", q->no_write ? " nw=1" : "", q->execute ? " exec=1" : "");
    fprintf(file, "%s\n", q->privileged ? " priv=1" : "");
}

/* A guest's tables (GN=1) lack the page (PR=0), or do not allow the write (PR=1, PE=1); US=1: a user's
 * request, NX=1: an execute request, RW=1: a write [7.2, 7.4]. */
static void write_guest_refusal(FILE *file, const struct amdvi_request *q, bool denied, bool writes)
{
    fprintf(file, "fault kind=IO_PAGE_FAULT flags=GN%s%s%s%s%s\n", q->op == AMDVI_EXECUTE ? "+NX" : "",
            q->privileged ? "" : "+US", denied ? "+PR" : "", writes ? "+RW" : "", denied ? "+PE" : "");
}

/* A refusal for the design's reason. Where that makes an IO_PAGE_FAULT of a page that is absent (PR=0) or not
 * allowed (PR=1, PE=1), the trace says so; RW=1: a write [7.4]. Behind guest tables a host table may have
 * refused the read of one of their entries or the write of the page, which the reason does not tell apart. */
static void write_refusal(FILE *file, const struct amdvi_request *q, int reason)
{
    bool writes = q->op == AMDVI_WRITE || q->op == AMDVI_ATOMIC, known = !q->has_pasid || !writes;

    if (known && reason == AMDVI_REASON_HOST_NOT_PRESENT)
        fprintf(file, "fault kind=IO_PAGE_FAULT flags=%s\n", writes ? "RW" : "0");
    else if ((known && reason == AMDVI_REASON_HOST_PERMISSION) ||
             (!q->has_pasid && reason == AMDVI_REASON_DTE_PERMISSION))
        fprintf(file, "fault kind=IO_PAGE_FAULT flags=PR+%sPE\n", writes ? "RW+" : "");
    else if (reason == AMDVI_REASON_GUEST_DISABLED || reason == AMDVI_REASON_GUEST_PASID_RANGE ||
             reason == AMDVI_REASON_GUEST_GCR3_INVALID || reason == AMDVI_REASON_GUEST_NOT_PRESENT)
        write_guest_refusal(file, q, false, writes);
    else if (reason == AMDVI_REASON_GUEST_PERMISSION || reason == AMDVI_REASON_DTE_PERMISSION)
        write_guest_refusal(file, q, true, writes);
    else
        fputs("fault\n", file);
}

/* Everything up to now is in the file; what the design did comes behind it. */
static int finish_released(struct bench_device *d)
{
    int status = finish(d);

    release(d->recording);
    return status;
}

int amdvi_dpi_differs_answer(int handle, int device, int op, int at, int flags, int pasid, long long address,
                             long long length, int ok, long long pa, int reason)
{
    struct bench_device *d;
    struct amdvi_request request;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (!amdvi_dpi_fill(&request, device, op, at, flags, pasid, address, length) ||
        !amdvi_request_is_legal(&request)) /* a trace that holds it would not be one */
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    fprintf(d->recording->file, "# %s\n# The design's answer, reason %d (%s):\n",
            amdvi_dpi_explain(handle, device, op, flags, pasid, address), reason,
            amdvi_reason_text(reason > 0 ? (unsigned)reason : 0));
    write_request(d->recording->file, &request);
    if (ok)
        fprintf(d->recording->file, "ok pa=0x%llx\n", (unsigned long long)pa);
    else
        write_refusal(d->recording->file, &request, reason);
    return close_recording(d, status);
}

/* In the order of memory. */
static void write_word(FILE *file, long long word)
{
    for (unsigned i = 0; i < 8; i++)
        fprintf(file, "%02x", (unsigned)((unsigned long long)word >> i * 8 & 0xff));
}

int amdvi_dpi_differs_memory(int handle, long long address, long long data)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    status = finish_released(d);
    fprintf(d->recording->file,
            "# What the design stored:\nexpect_mem addr=0x%llx data=", (unsigned long long)address);
    write_word(d->recording->file, data);
    fputc('\n', d->recording->file);
    return close_recording(d, status);
}

/* Below 0: the host's log. */
static void write_log_name(FILE *file, int guest)
{
    if (guest < 0)
        fputs(" log=host", file);
    else
        fprintf(file, " log=0x%x", (unsigned)guest);
}

/* Fields that a trace names; PASID only with GN=1 [7.7]. */
static void write_page_request(FILE *file, uint64_t low, uint64_t high)
{
    static const struct {
        unsigned bit;
        const char *name;
    } flags[] = {{50, "R"}, {53, "W"}, {49, "X"}, {54, "US"}, {55, "RZ"}, {56, "GN"}, {41, "LAST"}};
    const char *between = "";

    fprintf(file, " dev=0x%x addr=0x%" PRIx64 " tag=0x%x", (unsigned)(low & 0xffff), high & ~(uint64_t)0xfff,
            (unsigned)(low >> 32 & 0x1ff));
    if (low >> 56 & 1)
        fprintf(file, " pasid=0x%x", (unsigned)(low >> 16 & 0xffff) | (unsigned)(low >> 42 & 0xf) << 16);
    fputs(" flags=", file);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (low >> flags[i].bit & 1) {
            fprintf(file, "%s%s", between, flags[i].name);
            between = "+";
        }
    fputs(*between ? "\n" : "0\n", file);
}

static void write_event(FILE *file, long long low, long long high)
{
    fputs(" raw=", file);
    write_word(file, low);
    write_word(file, high);
    fputc('\n', file);
}

static void write_record(FILE *file, int log, int guest, int index, long long low, long long high)
{
    static const char *const names[] = {"event", "ppr", "ga"};

    fprintf(file, "# What the design logged:\nexpect_%s", names[log]);
    if (log != AMDVI_DPI_GUEST_INTERRUPTS)
        write_log_name(file, guest);
    fprintf(file, " index=%d", index);
    if (log == AMDVI_DPI_EVENTS)
        write_event(file, low, high);
    else if (log == AMDVI_DPI_PAGE_REQUESTS)
        write_page_request(file, (uint64_t)low, (uint64_t)high);
    else
        fprintf(file, " tag=0x%x dev=0x%x\n", (unsigned)low, (unsigned)((uint64_t)low >> 32 & 0xffff));
}

int amdvi_dpi_differs_record(int handle, int log, int guest, int index, long long low, long long high)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (log < 0 || log > AMDVI_DPI_GUEST_INTERRUPTS || index < 0 || guest > UINT16_MAX)
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    write_record(d->recording->file, log, guest, index, low, high);
    return close_recording(d, status);
}

int amdvi_dpi_differs_event(int handle, int index, long long low, long long high)
{
    return amdvi_dpi_differs_record(handle, AMDVI_DPI_EVENTS, -1, index, low, high);
}

static void write_posted(FILE *file, int destination, int vector)
{
    fprintf(file, "ok vector=0x%x", (unsigned)vector);
    if (destination >= 0)
        fprintf(file, " dest=0x%x", (unsigned)destination);
    fputc('\n', file);
}

int amdvi_dpi_differs_message(int handle, int device, long long address, int data, int ok, int posted,
                              long long new_address, int new_data, int destination, int vector)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (device < 0 || device > UINT16_MAX)
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    fprintf(d->recording->file, "# %s\n# What the design made of it:\nint dev=0x%x addr=0x%llx data=0x%x\n",
            amdvi_dpi_explain_interrupt(handle, device, data), (unsigned)device, (unsigned long long)address,
            (unsigned)data);
    if (!ok)
        fputs("fault\n", d->recording->file);
    else if (posted)
        write_posted(d->recording->file, destination, vector);
    else
        fprintf(d->recording->file, "ok addr=0x%llx data=0x%x\n", (unsigned long long)new_address,
                (unsigned)new_data);
    return close_recording(d, status);
}

/* The end of a line, as effects carry a PASID. */
static void write_pasid(FILE *file, long long data)
{
    if (data >> 16 & 1)
        fprintf(file, " pasid=0x%x", (unsigned)(data >> 32 & 0xfffff));
    fputc('\n', file);
}

int amdvi_dpi_differs_response(int handle, int device, long long data)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (device < 0 || device > UINT16_MAX)
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    fprintf(d->recording->file, "# What the design answered:\nexpect_prg dev=0x%x index=%d code=0x%x",
            (unsigned)device, (int)(data & 0x1ff), (unsigned)(data >> 12 & 0xf));
    write_pasid(d->recording->file, data);
    return close_recording(d, status);
}

int amdvi_dpi_differs_invalidation(int handle, long long address, long long data, int length)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (length < 0 || length > 63)
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    fprintf(d->recording->file,
            "# What the design asked of the device's cache:\nexpect_atc_inv dev=0x%x addr=0x%llx size=0x%llx",
            (unsigned)(data & 0xffff), (unsigned long long)address, length ? 1ull << length : 0);
    write_pasid(d->recording->file, data);
    return close_recording(d, status);
}

static const char *const reads[] = {"mmio_read", "pci_read", "vf_read", "vfc_read"};

int amdvi_dpi_differs_register(int handle, int space, int guest, long long offset, int size, long long value,
                               long long mask)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (space < 0 || space > AMDVI_DPI_VFC || guest < 0 || guest > UINT16_MAX || offset < 0 || size < 1 ||
        size > 8 || (size & (size - 1)))
        return AMDVI_DPI_RANGE;
    status = finish_released(d);
    fprintf(d->recording->file, "# What the design's register holds:\n%s", reads[space]);
    if (space >= AMDVI_DPI_VF)
        fprintf(d->recording->file, " gid=0x%x", (unsigned)guest);
    fprintf(d->recording->file, " off=0x%llx size=%d value=0x%llx mask=0x%llx\n", (unsigned long long)offset,
            size, (unsigned long long)value, (unsigned long long)mask);
    return close_recording(d, status);
}

int amdvi_dpi_differs_guest_interrupts(int handle, int log, int guest, int count)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if ((log != AMDVI_DPI_EVENTS && log != AMDVI_DPI_PAGE_REQUESTS) || guest < 0 || guest > UINT16_MAX ||
        count < 0)
        return AMDVI_DPI_RANGE;
    status = finish(d);
    d->recording->held_bytes = 0;
    fprintf(d->recording->file,
            "# Interrupts that the design raised:\nexpect_irq kind=%s gid=0x%x count=%d\n",
            log == AMDVI_DPI_EVENTS ? "event" : "ppr", (unsigned)guest, count);
    return close_recording(d, status);
}

int amdvi_dpi_differs_interrupts(int handle, int count)
{
    struct bench_device *d;
    int status = recording(handle, &d);

    if (status)
        return status;
    if (count < 0)
        return AMDVI_DPI_RANGE;
    status = finish(d);
    d->recording->held_bytes = 0;
    fprintf(d->recording->file, "# Interrupts that the design raised:\nexpect_irq kind=msi count=%d\n",
            count);
    return close_recording(d, status);
}
