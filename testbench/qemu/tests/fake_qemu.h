/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of QEMU's that watch.c uses, so that it can be tried without a machine: one clock that stands
 * still, one timer, which the test fires, no memory, and locks of the C library's. */
#ifndef TESTBENCH_QEMU_FAKE_QEMU_H
#define TESTBENCH_QEMU_FAKE_QEMU_H

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Error Error;
#define error_setg(errp, ...)       fake_error(__VA_ARGS__)
#define error_setg_errno(errp, ...) fake_error_of(__VA_ARGS__)
#define error_report(...)           fake_error(__VA_ARGS__)
#define warn_report(...)            fake_error(__VA_ARGS__)
void fake_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void fake_error_of(int number, const char *format, ...) G_GNUC_PRINTF(2, 3);

typedef pthread_mutex_t QemuRecMutex;
#define qemu_rec_mutex_lock   pthread_mutex_lock
#define qemu_rec_mutex_unlock pthread_mutex_unlock

typedef struct {
    void (*fire)(void *opaque);
    void *opaque;
} QEMUTimer;
enum fake_clock { QEMU_CLOCK_REALTIME, QEMU_CLOCK_VIRTUAL };
QEMUTimer *timer_new_ms(enum fake_clock clock, void (*fire)(void *opaque), void *opaque);
void timer_mod(QEMUTimer *timer, int64_t when);
int64_t qemu_clock_get_ms(enum fake_clock clock);
int64_t qemu_clock_get_ns(enum fake_clock clock);

enum { MEMTX_OK, MEMTX_ERROR, MEMTXATTRS_UNSPECIFIED };
extern int address_space_memory;
int address_space_read(const int *space, uint64_t address, int attributes, void *bytes, size_t length);

#endif
