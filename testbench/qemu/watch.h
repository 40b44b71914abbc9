// SPDX-License-Identifier: GPL-2.0-or-later
/* What looks on while a unit works: lint, recorder, and the page that `amdvi top` and `amdvi vm` read. */
#ifndef TESTBENCH_QEMU_WATCH_H
#define TESTBENCH_QEMU_WATCH_H

#include <qemu/osdep.h>

#include <qemu/thread.h>
#include <qemu/timer.h>

#include "amdvi/lint.h"
#include "amdvi/live.h"
#include "amdvi/recorder.h"

/* Paths may be null: then nothing of the kind. Files of unit n > 0 have ".n" behind their name. */
struct watch_options {
    char *lint; /* "on", "windows" (stale answers that were invalidated in time are told, too), "off" */
    char *record;
    char *findings; /* one line a finding: severity, kind, virtual time in ns, text; separated by tabs */
    char *live;     /* struct amdvi_live_page */
    unsigned unit;
    uint64_t ram;        /* end of memory */
    unsigned processors; /* of the machine */
    QemuRecMutex *lock;  /* the unit's */
};

struct watch {
    struct amdvi_lint *lint;
    struct amdvi_recorder *recorder;
    struct amdvi_live *live;
    struct amdvi_live_page *page;
    FILE *findings, *record;
    uint64_t ring_register, ring, ring_bytes, ring_tail; /* of commands, as software has set them */
    QEMUTimer *timer;
    QemuRecMutex *lock; /* held by who calls: threads of the machine change what is looked at */
    uint64_t events;    /* accesses and requests so far: the "line" of findings */
    int64_t now;
};

bool watch_start(struct watch *watch, const struct watch_options *options, struct amdvi_device *device,
                 const struct amdvi_config *config, Error **errp);
/* Something is about to happen. */
void watch_now(struct watch *watch);
/* A register is about to be written: before a doorbell, what software has stored in tables is looked at. */
void watch_register_write(struct watch *watch, uint64_t offset, uint64_t value, unsigned size);
/* A trap of the conformance kit says what it has seen. */
void watch_trap(struct watch *watch, const char *trap, const char *text);
/* Ends lint and recording; files are complete. Again: nothing. False: not all could be written, which is
 * said. Takes the lock by itself.
 */
bool watch_finish(struct watch *watch);

#endif
