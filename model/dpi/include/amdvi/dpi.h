// SPDX-License-Identifier: Apache-2.0
/*
 * The model for SystemVerilog benches: functions with the types of DPI-C, devices by handle. amdvi_pkg.sv
 * imports them. A device has memory of its own, plain bytes from physical address 0, which the bench fills
 * and reads, or the bench has the memory and answers for it.
 *
 * Functions give 0 when all is well, else a negative number: -1 to -12 are -(enum amdvi_status);
 * AMDVI_DPI_HANDLE: no such device; AMDVI_DPI_RANGE: a number out of range, or a place outside memory;
 * AMDVI_DPI_NONE: nothing left; AMDVI_DPI_FILE: a trace cannot be written, or none is being recorded.
 */
#ifndef AMDVI_DPI_H
#define AMDVI_DPI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    AMDVI_DPI_HANDLE = -101,
    AMDVI_DPI_RANGE = -102,
    AMDVI_DPI_NONE = -103,
    AMDVI_DPI_FILE = -104,
    AMDVI_DPI_DEVICES = 64
};

/* Registers: MMIO, configuration space, VF page, VF Control. */
enum { AMDVI_DPI_MMIO, AMDVI_DPI_PCI, AMDVI_DPI_VF, AMDVI_DPI_VFC };

/* Flags of a request. */
enum { AMDVI_DPI_PASID = 1, AMDVI_DPI_PRIVILEGED = 2, AMDVI_DPI_EXECUTE = 4, AMDVI_DPI_NO_WRITE = 8 };
/* More of a page request: what it asks for, and the last of its group. */
enum { AMDVI_DPI_READ = 16, AMDVI_DPI_WRITE = 32, AMDVI_DPI_LAST = 64 };

/* What a device did by itself. POSTED: a bit in the IRR of a guest's vAPIC page, as the word that was
 * written; DOORBELL and WAKE: `address` is the APIC ID, `data` the vector; RESPONSE: a PRG response,
 * `address` is the DeviceID, and `data` has the index in 8:0, the code in 15:12, and with bit 16 a PASID in
 * 51:32.
 * INVALIDATION: an ATS invalidation request, `data` has the DeviceID in 15:0 and the PASID in the same way,
 * `length` is log2 of the bytes from `address` on, 0: everything; it counts as completed at once. */
enum {
    AMDVI_DPI_STORE,
    AMDVI_DPI_LOG,
    AMDVI_DPI_TABLE,
    AMDVI_DPI_INTERRUPT,
    AMDVI_DPI_POSTED,
    AMDVI_DPI_DOORBELL,
    AMDVI_DPI_WAKE,
    AMDVI_DPI_RESPONSE,
    AMDVI_DPI_INVALIDATION
};

/* Logs of records. */
enum { AMDVI_DPI_EVENTS, AMDVI_DPI_PAGE_REQUESTS, AMDVI_DPI_GUEST_INTERRUPTS };

/* A handle from 1 on. `settings`: KEY=VALUE;KEY=VALUE, the library's keys. `megabytes`: 1 to 4096 of memory.
 */
int amdvi_dpi_create(const char *settings, int megabytes);
/* The same with memory of the bench: the model's accesses come to amdvi_bench_read() and amdvi_bench_write(),
 * which only then have to be there, in the scope from which this is called; amdvi_dpi_poke() and
 * amdvi_dpi_peek() give AMDVI_DPI_RANGE. In amdvi_memory_pkg.sv. */
int amdvi_dpi_create_on_memory(const char *settings);
/* AMDVI_DPI_FILE: a trace was being recorded, and is not whole. The device goes all the same. */
int amdvi_dpi_destroy(int handle);
int amdvi_dpi_reset(int handle);

/* 8 bytes at an aligned address. */
int amdvi_dpi_poke(int handle, long long address, long long value);
int amdvi_dpi_peek(int handle, long long address, long long *value);

int amdvi_dpi_write(int handle, int space, int guest, long long offset, int size, long long value);
int amdvi_dpi_read(int handle, int space, int guest, long long offset, int size, long long *value);
/* Runs the rings until nothing is left to do. */
int amdvi_dpi_run(int handle);

/* `at`: 0 untranslated, 1 translation request, 2 translated; `op`: 0 read, 1 write, 2 execute, 3 atomic.
 * `pa`, `perm` of a good answer; `reason` (enum amdvi_reason) of a fault, else 0. */
int amdvi_dpi_translate(int handle, int device, int op, int at, int flags, int pasid, long long address,
                        long long length, int *ok, long long *pa, int *perm, int *reason);
/* What memory says now, without caches and effects. */
int amdvi_dpi_look(int handle, int device, int op, int at, int flags, int pasid, long long address,
                   long long length, int *ok, long long *pa, int *perm, int *reason);
int amdvi_dpi_interrupt(int handle, int device, long long address, int data, int *ok, long long *new_address,
                        int *new_data);

/* A page request; `index`: of its group, 9 bits. `ok`: an entry was logged; `reason` of one that was refused
 * or dropped. A response is an effect. */
int amdvi_dpi_page_request(int handle, int device, int flags, int pasid, long long address, int index,
                           int *ok, int *reason);

/* The oldest effect that was not fetched yet; AMDVI_DPI_NONE when there is none. `data` has the first 8
 * bytes. The last 4096 are kept. */
int amdvi_dpi_effect(int handle, int *kind, long long *address, long long *data, int *length);
/* Why a request gets the answer that it gets, in one line: the device's entry, what memory says, what the
 * fault is. Valid until the next call. Never null. */
const char *amdvi_dpi_explain(int handle, int device, int op, int flags, int pasid, long long address);
/* The same for an interrupt: the device's entry, and what the cache has of its interrupt table. */
const char *amdvi_dpi_explain_interrupt(int handle, int device, int data);
const char *amdvi_dpi_text(int status);

/* What a bench with memory of its own defines: 8 bytes at an aligned address, byte 0 of them in bits 7:0; bit
 * i of `enables` says that byte i is written. 0 or an enum amdvi_memory_result; other numbers count as master
 * abort. Neither may call the device. */
int amdvi_bench_read(int handle, long long address, long long *data);
int amdvi_bench_write(int handle, long long address, long long data, int enables);

/*
 * Traces; in amdvi_trace_pkg.sv, and linked with libamdvi-traces. From amdvi_dpi_record() on, right behind
 * amdvi_dpi_create() or amdvi_dpi_reset(), all that is done to the device goes into the file `path`, with the
 * model's answers as expectations (amdvi/recorder.h); until amdvi_dpi_record_end(), destroy, or a difference:
 * each amdvi_dpi_differs_...() ends the trace with what a design under test did instead, so that `amdvi
 * replay` fails there. AMDVI_DPI_FILE when no trace is being recorded.
 */
int amdvi_dpi_record(int handle, const char *path);
int amdvi_dpi_record_end(int handle);
/* The design's answer to a request, which is asked again. Refusals for different reasons differ in a trace
 * only when the page is absent in one and not allowed in the other, or a guest's tables refuse in one and a
 * host table in the other. Why a host table refuses a write behind guest tables a trace does not say. An
 * explanation goes before it as a comment. A request that the model would not take is AMDVI_DPI_RANGE, and
 * the trace goes on. */
int amdvi_dpi_differs_answer(int handle, int device, int op, int at, int flags, int pasid, long long address,
                             long long length, int ok, long long pa, int reason);
/* 8 bytes that the design stored, or did not change. */
int amdvi_dpi_differs_memory(int handle, long long address, long long data);
/* The record that the design wrote into the host's event log in the place of the model's record `index`,
 * counted from 0 since the log was enabled: its 16 bytes as two words; zeros: it wrote none. */
int amdvi_dpi_differs_event(int handle, int index, long long low, long long high);
/* The same for the log AMDVI_DPI_EVENTS, _PAGE_REQUESTS or _GUEST_INTERRUPTS (`low` alone counts, and `guest`
 * does not) of a guest; `guest` below 0: of the host. */
int amdvi_dpi_differs_record(int handle, int log, int guest, int index, long long low, long long high);
/* The design's answer to an interrupt, which comes again. `posted`: `vector` counts, and `destination` of
 * the doorbell, which is below 0 where there was none; else the message's address and data. That a doorbell
 * is missing, or is one too many, a trace does not say. */
int amdvi_dpi_differs_message(int handle, int device, long long address, int data, int ok, int posted,
                              long long new_address, int new_data, int destination, int vector);
/* A PRG response of the design, `data` as of AMDVI_DPI_RESPONSE. */
int amdvi_dpi_differs_response(int handle, int device, long long data);
/* An ATS invalidation request of the design, as AMDVI_DPI_INVALIDATION; `length` 0 to 63. */
int amdvi_dpi_differs_invalidation(int handle, long long address, long long data, int length);
/* A register that reads `value` in the design, where `mask` has ones. `space` and `guest` as of
 * amdvi_dpi_read(); `size`: 4 or 8, of configuration space also 1 or 2. */
int amdvi_dpi_differs_register(int handle, int space, int guest, long long offset, int size, long long value,
                               long long mask);
/* Interrupts that could be delivered, which the design raised in the action last recorded. */
int amdvi_dpi_differs_interrupts(int handle, int count);
/* The same for those of a guest's log, AMDVI_DPI_EVENTS or _PAGE_REQUESTS. */
int amdvi_dpi_differs_guest_interrupts(int handle, int log, int guest, int count);

#ifdef __cplusplus
}
#endif

#endif
