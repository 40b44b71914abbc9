// SPDX-License-Identifier: Apache-2.0
/*
 * A page of memory that shows a working device to another process: counters, what the lint has found, where
 * the rings are. The host gives the memory, usually a file that is mapped and shared, and calls
 * amdvi_live_update() as often as it likes; `amdvi top` and `amdvi vm` read.
 *
 *     struct amdvi_live *live;
 *     amdvi_live_start(page, device, lint, &live);     // page: zeroed
 *     amdvi_live_update(live, ns);                     // now and then
 *     amdvi_live_stop(live);                           // before the device is destroyed
 *
 * The writer is one thread, that of the device. Readers copy with amdvi_live_read().
 */
#ifndef AMDVI_LIVE_H
#define AMDVI_LIVE_H

#include "amdvi/amdvi.h"
#include "amdvi/lint.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AMDVI_LIVE_VERSION = 1, AMDVI_LIVE_MAGIC = 0x4c564d41 };

/* A ring or log, in bytes from its base. */
struct amdvi_live_ring {
    uint64_t bytes;  /* its size as software has set it; 0: not set */
    uint64_t head;   /* the next to be read */
    uint64_t tail;   /* the next to be written */
    uint64_t passed; /* entries that were taken or written since the start */
};

/* What a page shows. All of it is from one moment. */
struct amdvi_live_view {
    uint64_t ns; /* the host's clock at the update */
    bool ended;  /* amdvi_live_stop() has come: these are the last figures */
    bool linted; /* `lint` counts */
    struct amdvi_statistics statistics;
    struct amdvi_lint_statistics lint;
    struct amdvi_live_ring commands;
    struct amdvi_live_ring events;           /* the event log */
    struct amdvi_live_ring page_requests;    /* the PPR log */
    struct amdvi_live_ring guest_interrupts; /* the GA log */
};

/* `generation` is odd while the view is written. `process` is the host's to fill in. */
struct amdvi_live_page {
    uint32_t magic, version;
    uint64_t bytes; /* of this structure, as the writer knows it */
    uint64_t process;
    uint64_t generation;
    struct amdvi_live_view view;
};

struct amdvi_live;

/*
 * Begins to show `device`, and `lint` unless it is null. `page` is the caller's and is written until
 * amdvi_live_stop(). Attaches an observer, of registers, commands and log records only. AMDVI_ERR_ARGUMENT,
 * AMDVI_ERR_NO_MEMORY.
 */
enum amdvi_status amdvi_live_start(struct amdvi_live_page *page, struct amdvi_device *device,
                                   const struct amdvi_lint *lint, struct amdvi_live **live);
/* Brings the page up to date; `ns` is the host's clock. AMDVI_ERR_ARGUMENT for null. */
enum amdvi_status amdvi_live_update(struct amdvi_live *live, uint64_t ns);
/* Marks the page as ended and detaches. Null does nothing. */
void amdvi_live_stop(struct amdvi_live *live);

/*
 * Copies what a page shows, any number of readers at any time. AMDVI_ERR_CORRUPT: it is no such page;
 * AMDVI_ERR_UNSUPPORTED: of another version; AMDVI_ERR_BUSY: it was being written each time, try again.
 */
enum amdvi_status amdvi_live_read(const struct amdvi_live_page *page, struct amdvi_live_view *view);

#ifdef __cplusplus
}
#endif

#endif
