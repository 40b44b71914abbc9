// SPDX-License-Identifier: Apache-2.0
/*
 * The model for SystemVerilog benches: functions with the types of DPI-C, devices by handle. amdvi_pkg.sv
 * imports them. Each device has memory of its own, plain bytes from physical address 0, which the bench fills
 * and reads.
 *
 * Functions give 0 when all is well, else a negative number: -1 to -12 are -(enum amdvi_status);
 * AMDVI_DPI_HANDLE: no such device; AMDVI_DPI_RANGE: an array too small, or a place outside memory;
 * AMDVI_DPI_NONE: nothing left.
 */
#ifndef AMDVI_DPI_H
#define AMDVI_DPI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AMDVI_DPI_HANDLE = -101, AMDVI_DPI_RANGE = -102, AMDVI_DPI_NONE = -103, AMDVI_DPI_DEVICES = 64 };

/* Registers: MMIO, configuration space, VF page, VF Control. */
enum { AMDVI_DPI_MMIO, AMDVI_DPI_PCI, AMDVI_DPI_VF, AMDVI_DPI_VFC };

/* Flags of a request. */
enum { AMDVI_DPI_PASID = 1, AMDVI_DPI_PRIVILEGED = 2, AMDVI_DPI_EXECUTE = 4, AMDVI_DPI_NO_WRITE = 8 };

/* What a device did by itself. */
enum { AMDVI_DPI_STORE, AMDVI_DPI_LOG, AMDVI_DPI_TABLE, AMDVI_DPI_INTERRUPT };

/* A handle from 1 on. `settings`: KEY=VALUE;KEY=VALUE, the library's keys. `megabytes`: 1 to 4096 of memory.
 */
int amdvi_dpi_create(const char *settings, int megabytes);
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

/* The oldest effect that was not fetched yet; AMDVI_DPI_NONE when there is none. `data` has the first 8
 * bytes. */
int amdvi_dpi_effect(int handle, int *kind, long long *address, long long *data, int *length);
/* Why a request gets the answer that it gets, in a few lines: entries, what memory says, what the fault is.
 * Valid until the next call. Never null. */
const char *amdvi_dpi_explain(int handle, int device, int op, int flags, int pasid, long long address);
const char *amdvi_dpi_text(int status);

#ifdef __cplusplus
}
#endif

#endif
