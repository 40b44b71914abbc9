// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A recording of QEMU's own `amd-iommu` in the format of docs/captures.md. `-plugin object,capture=FILE` puts
 * hooks around the methods of that device; the device itself stays as it is.
 *
 * Which memory an answer depends on is told by a device of the library that is given the same registers and
 * no caches: what it reads is compared with what the file says of memory so far. It answers nobody, and what
 * it would write is thrown away.
 */
#ifndef TESTBENCH_QEMU_CAPTURE_H
#define TESTBENCH_QEMU_CAPTURE_H

#include <qemu/osdep.h>

#include "amdvi/amdvi.h"
#include "amdvi/sparse_memory.h"

struct capture_text {
    FILE *file;
    struct amdvi_device *reader; /* of memory */
    struct amdvi_sparse *known;  /* memory, as far as the file has it */
    int64_t began, told;         /* milliseconds */
    bool doorbell;               /* stores of the reader are expected of QEMU's device, too */
    bool changed;                /* memory was not what the file said */
    GArray *stores;              /* their addresses, 64 bits each: not more than the ring has commands */
};

/* ---- capture.c */

/* Puts the hooks; false with a message when this QEMU has no such device or the file cannot be written. */
bool capture_install(const char *path);
/* The device says that it keeps no entry that is not present (NpCache=0), so that Linux flushes lazily. */
void capture_without_npcache(void);
/* The file is complete; nothing when nothing is captured. False: not all of it could be written, which is
 * said.
 */
bool capture_finish(void);

/* ---- capture_text.c */

/* A line of the format, with its end. */
void capture_line(struct capture_text *text, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A line that ends in bytes. */
void capture_bytes(struct capture_text *text, const char *begin, const uint8_t *bytes, size_t length);
bool capture_text_open(struct capture_text *text, const char *path, Error **errp);
/* Makes the reader for a device with these features. */
bool capture_text_start(struct capture_text *text, uint64_t features, uint64_t ram, Error **errp);
/* False with a message when not all of it could be written. */
bool capture_text_close(struct capture_text *text);
bool capture_on(struct capture_text *text); /* the IOMMU is enabled */
/* Writes what memory has now and the file does not say, of what the access needs. */
void capture_read_for_dma(struct capture_text *text, uint16_t device, uint64_t address, bool write);
void capture_read_for_interrupt(struct capture_text *text, uint16_t device, uint64_t address, uint32_t data);
/* The mapping of that address, whatever its rights. */
bool capture_mapped(struct capture_text *text, uint16_t device, uint64_t address);
void capture_register_written(struct capture_text *text, uint64_t offset, uint64_t value, unsigned size);
/* What QEMU's device has stored for the commands of that write, and the commands. */
void capture_stores(struct capture_text *text);

#endif
