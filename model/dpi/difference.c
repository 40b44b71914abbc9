// SPDX-License-Identifier: Apache-2.0
/* The end of a trace: what a design under test did in the place of the model, so that replaying it fails
 * there. */
#include "model/dpi/recording.h"

#include "amdvi/dpi.h"
#include "amdvi/external.h"
#include "amdvi/layout.h"

#include <inttypes.h>

/* What comes behind the last line of a recording. */
struct ending {
    struct bench_device *device;
    FILE *file;
    int status; /* of what stands before it */
};

static bool is_device_id(int device)
{
    return device >= 0 && device <= UINT16_MAX;
}

/* Every end of a trace begins here. Nobody records, or a trace cannot hold what is to be said: a status, and
 * the recording goes on. */
static int begin_ending(struct ending *e, int handle, bool holds, bool interrupts_count)
{
    int status = amdvi_dpi_recording(handle, &e->device);

    if (status)
        return status;
    if (!holds)
        return AMDVI_DPI_RANGE;
    e->status = amdvi_dpi_finish(e->device, interrupts_count);
    e->file = e->device->recording->file;
    return 0;
}

static int close_ending(const struct ending *e)
{
    return amdvi_dpi_close(e->device, e->status);
}

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

int amdvi_dpi_differs_answer(int handle, int device, int op, int at, int flags, int pasid, long long address,
                             long long length, int ok, long long pa, int reason)
{
    struct ending e;
    struct amdvi_request request;
    bool legal = amdvi_dpi_fill(&request, device, op, at, flags, pasid, address, length) &&
                 amdvi_request_is_legal(&request); /* a trace that holds another would not be one */
    int status = begin_ending(&e, handle, legal, true);

    if (status)
        return status;
    fprintf(e.file, "# %s\n# The design's answer, reason %d (%s):\n",
            amdvi_dpi_explain(handle, device, op, flags, pasid, address), reason,
            amdvi_reason_text(reason > 0 ? (unsigned)reason : 0));
    write_request(e.file, &request);
    if (ok)
        fprintf(e.file, "ok pa=0x%llx\n", (unsigned long long)pa);
    else
        write_refusal(e.file, &request, reason);
    return close_ending(&e);
}

/* In the order of memory. */
static void write_word(FILE *file, long long word)
{
    for (unsigned i = 0; i < 8; i++)
        fprintf(file, "%02x", (unsigned)((unsigned long long)word >> i * 8 & 0xff));
}

int amdvi_dpi_differs_memory(int handle, long long address, long long data)
{
    struct ending e;
    int status = begin_ending(&e, handle, true, true);

    if (status)
        return status;
    fprintf(e.file, "# What the design stored:\nexpect_mem addr=0x%llx data=", (unsigned long long)address);
    write_word(e.file, data);
    fputc('\n', e.file);
    return close_ending(&e);
}

/* Below 0: the host's log. */
static void write_log_name(FILE *file, int guest)
{
    if (guest < 0)
        fputs(" log=host", file);
    else
        fprintf(file, " log=0x%x", (unsigned)guest);
}

static uint64_t field_of(const char *layout, const char *name, const uint64_t *record)
{
    return amdvi_field_get(amdvi_layout_field(amdvi_layout_find(layout), name), record);
}

static void write_page_request_flags(FILE *file, const uint64_t record[2])
{
    static const struct {
        const char *field, *name;
    } flags[] = {{"R", "R"},   {"W", "W"},   {"X", "X"},      {"US", "US"},
                 {"RZ", "RZ"}, {"GN", "GN"}, {"Last", "LAST"}};
    const char *between = "";

    fputs(" flags=", file);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (field_of("ppr", flags[i].field, record)) {
            fprintf(file, "%s%s", between, flags[i].name);
            between = "+";
        }
    fputs(*between ? "\n" : "0\n", file);
}

/* Fields that a trace names; PASID only with GN=1 [7.7]. */
static void write_page_request(FILE *file, const uint64_t record[2])
{
    fprintf(file, " dev=0x%x addr=0x%" PRIx64 " tag=0x%x", (unsigned)field_of("ppr", "DeviceID", record),
            field_of("ppr", "Address", record), (unsigned)field_of("ppr", "PRGIndex", record));
    if (field_of("ppr", "GN", record))
        fprintf(file, " pasid=0x%x", (unsigned)field_of("ppr", "PASID", record));
    write_page_request_flags(file, record);
}

static void write_guest_interrupt(FILE *file, const uint64_t *record)
{
    fprintf(file, " tag=0x%x dev=0x%x\n", (unsigned)field_of("ga", "GATag", record),
            (unsigned)field_of("ga", "DeviceID", record));
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
    const uint64_t record[2] = {(uint64_t)low, (uint64_t)high};

    fprintf(file, "# What the design logged:\nexpect_%s", names[log]);
    if (log != AMDVI_DPI_GUEST_INTERRUPTS)
        write_log_name(file, guest);
    fprintf(file, " index=%d", index);
    if (log == AMDVI_DPI_EVENTS)
        write_event(file, low, high);
    else if (log == AMDVI_DPI_PAGE_REQUESTS)
        write_page_request(file, record);
    else
        write_guest_interrupt(file, record);
}

int amdvi_dpi_differs_record(int handle, int log, int guest, int index, long long low, long long high)
{
    struct ending e;
    int status = begin_ending(
        &e, handle, log >= 0 && log <= AMDVI_DPI_GUEST_INTERRUPTS && index >= 0 && guest <= UINT16_MAX, true);

    if (status)
        return status;
    write_record(e.file, log, guest, index, low, high);
    return close_ending(&e);
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
    struct ending e;
    int status = begin_ending(&e, handle, is_device_id(device), true);

    if (status)
        return status;
    fprintf(e.file, "# %s\n# What the design made of it:\nint dev=0x%x addr=0x%llx data=0x%x\n",
            amdvi_dpi_explain_interrupt(handle, device, data), (unsigned)device, (unsigned long long)address,
            (unsigned)data);
    if (!ok)
        fputs("fault\n", e.file);
    else if (posted)
        write_posted(e.file, destination, vector);
    else
        fprintf(e.file, "ok addr=0x%llx data=0x%x\n", (unsigned long long)new_address, (unsigned)new_data);
    return close_ending(&e);
}

/* The end of a line. */
static void write_pasid(FILE *file, uint64_t data)
{
    if (bench_has_pasid(data))
        fprintf(file, " pasid=0x%x", bench_pasid_of(data));
    fputc('\n', file);
}

int amdvi_dpi_differs_response(int handle, int device, long long data)
{
    struct ending e;
    int status = begin_ending(&e, handle, is_device_id(device), true);

    if (status)
        return status;
    fprintf(e.file, "# What the design answered:\nexpect_prg dev=0x%x index=%u code=0x%x", (unsigned)device,
            bench_index_of((uint64_t)data), bench_code_of((uint64_t)data));
    write_pasid(e.file, (uint64_t)data);
    return close_ending(&e);
}

int amdvi_dpi_differs_invalidation(int handle, long long address, long long data, int length)
{
    struct ending e;
    int status = begin_ending(&e, handle, length >= 0 && length <= 63, true);

    if (status)
        return status;
    fprintf(e.file,
            "# What the design asked of the device's cache:\nexpect_atc_inv dev=0x%x addr=0x%llx size=0x%llx",
            bench_device_id_of((uint64_t)data), (unsigned long long)address, length ? 1ull << length : 0);
    write_pasid(e.file, (uint64_t)data);
    return close_ending(&e);
}

enum { PCI_BYTES = 4096 };

static uint64_t ones(int bytes)
{
    return UINT64_MAX >> (64 - 8 * bytes);
}

/* Reads that a trace has: of 4 and 8 bytes, of configuration space of 1, 2 and 4, and 8 are two of 4. */
static bool is_read_of_a_trace(int space, int guest, long long offset, int size)
{
    bool pci = space == AMDVI_DPI_PCI, small = size == 1 || size == 2;

    return space >= 0 && space <= AMDVI_DPI_VFC && (size == 4 || size == 8 || (pci && small)) && guest >= 0 &&
           guest <= UINT16_MAX && offset >= 0 && offset <= (pci ? PCI_BYTES - size : INT32_MAX);
}

static void write_read(FILE *file, int space, int guest, long long offset, int size, uint64_t value,
                       uint64_t mask)
{
    static const char *const reads[] = {"mmio_read", "pci_read", "vf_read", "vfc_read"};

    fputs(reads[space], file);
    if (space >= AMDVI_DPI_VF)
        fprintf(file, " gid=0x%x", (unsigned)guest);
    fprintf(file, " off=0x%llx size=%d value=0x%" PRIx64 " mask=0x%" PRIx64 "\n", (unsigned long long)offset,
            size, value, mask);
}

int amdvi_dpi_differs_register(int handle, int space, int guest, long long offset, int size, long long value,
                               long long mask)
{
    struct ending e;
    uint64_t is = (uint64_t)value, counts = (uint64_t)mask;
    int part = space == AMDVI_DPI_PCI && size == 8 ? 4 : size;
    int status = begin_ending(&e, handle, is_read_of_a_trace(space, guest, offset, size), true);

    if (status)
        return status;
    fputs("# What the design's register holds:\n", e.file);
    for (int at = 0; at < size; at += part)
        write_read(e.file, space, guest, offset + at, part, is >> 8 * at & ones(part),
                   counts >> 8 * at & ones(part));
    return close_ending(&e);
}

int amdvi_dpi_differs_guest_interrupts(int handle, int log, int guest, int count)
{
    struct ending e;
    bool holds = (log == AMDVI_DPI_EVENTS || log == AMDVI_DPI_PAGE_REQUESTS) && guest >= 0 &&
                 guest <= UINT16_MAX && count >= 0;
    int status = begin_ending(&e, handle, holds, false);

    if (status)
        return status;
    fprintf(e.file, "# Interrupts that the design raised:\nexpect_irq kind=%s gid=0x%x count=%d\n",
            log == AMDVI_DPI_EVENTS ? "event" : "ppr", (unsigned)guest, count);
    return close_ending(&e);
}

int amdvi_dpi_differs_interrupts(int handle, int count)
{
    struct ending e;
    int status = begin_ending(&e, handle, count >= 0, false);

    if (status)
        return status;
    fprintf(e.file, "# Interrupts that the design raised:\nexpect_irq kind=msi count=%d\n", count);
    return close_ending(&e);
}
