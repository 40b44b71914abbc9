// SPDX-License-Identifier: Apache-2.0
/*
 * One device under time, and what has ended when: a test submits, says "not before t, at t", and goes on.
 * Times in nanoseconds. A device with a host table of four levels behind DeviceID DEVICE, pages of 4 KiB from
 * IOVA on.
 */
#ifndef AMDVI_TEST_TIMED_STAGE_H
#define AMDVI_TEST_TIMED_STAGE_H

#include "testbench/unit/machine/machine.h"
#include "testbench/unit/run.h"

#include <amdvi/timed.h>

enum { STAGE_TAGS = 4096, NS = 1000, DEVICE = 0x10, OTHER = 0x18, DOMAIN = 7, PAGES = 64 };
#define IOVA UINT64_C(0x40000000)

struct stage_end {
    bool ended;
    uint64_t at; /* ps */
    enum amdvi_status status;
    enum amdvi_timed_place place;
    uint32_t reads;
    bool ok;
    uint64_t pa;
};

struct stage {
    struct machine machine;
    struct amdvi_timed *timed;
    uint64_t root;
    uint32_t tail;
    struct stage_end ends[STAGE_TAGS];
    struct amdvi_ask asks[64]; /* of the host's memory */
    unsigned asked;
};

/* `settings`: NAME=VALUE,NAME=VALUE over preset generic; `keys`: null-terminated KEY, VALUE of the device. */
void stage_open(struct stage *s, const char *settings, const char *const *keys);
void stage_open_with(struct stage *s, const struct amdvi_timed_parameters *parameters);
void stage_open_host_memory(struct stage *s, const char *settings);
void stage_close(struct stage *s);

uint64_t page_at(unsigned page);
void stage_read(struct stage *s, uint64_t at_ns, unsigned port, uint16_t device, uint64_t iova, uint64_t tag);
/* DEVICE has an ATC, and asks through it. */
void stage_allow_ats(struct stage *s);
void stage_allow_page_requests(struct stage *s);
void stage_read_by_atc(struct stage *s, uint64_t at_ns, uint64_t iova, uint64_t tag);
/* Runs to just before, where it must not have ended, and to `at_ns`, where it must. */
void stage_ends_at(struct stage *s, uint64_t tag, uint64_t at_ns);
/* Everything that is under way. */
void stage_finish(struct stage *s);

/* Puts commands into the ring; the doorbell at `at_ns` lets them be seen. */
void stage_command(struct stage *s, uint64_t low, uint64_t high);
void stage_invalidate_page(struct stage *s, uint64_t iova);
void stage_invalidate_atc(struct stage *s, uint64_t iova);
void stage_wait(struct stage *s, uint64_t value);
void stage_doorbell(struct stage *s, uint64_t at_ns, uint64_t tag);
/* The store of the last COMPLETION_WAIT is not there before, and is there at `at_ns`. */
void stage_stored_at(struct stage *s, uint64_t value, uint64_t at_ns);

#endif
