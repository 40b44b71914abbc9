// SPDX-License-Identifier: Apache-2.0
/* What the tests of saved states share: a device with some of everything under way, and its state. */
#ifndef AMDVI_TEST_SAVED_BUSY_H
#define AMDVI_TEST_SAVED_BUSY_H

#include "testbench/unit/guests/saved.h"
#include "testbench/unit/guests/world.h"

#include <check.h>

enum { A, B, C };

static struct world w;
static struct saved good, before, bad, after;

static inline enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    *(uint32_t *)context = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

/* INVALIDATE_IOTLB_PAGES of everything: the host's, and the guest's about its own device. */
static inline uint32_t host_invalidation(struct world *of)
{
    uint32_t tag = UINT32_MAX;

    of->notes = (struct world_notes){.context = &tag, .atc = pending};
    host_command(of, UINT64_C(4) << 60 | host_device(A, 0), UINT64_C(0x7ffffffffffff001));
    of->notes = (struct world_notes){0};
    return tag;
}

static inline uint32_t guest_invalidation(struct world *of, unsigned g)
{
    uint32_t tag = UINT32_MAX;

    of->notes = (struct world_notes){.context = &tag, .atc = pending};
    guest_command(of, g, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
    of->notes = (struct world_notes){0};
    return tag;
}

/* A device with some of everything under way. */
static inline void busy_device(const char *settings)
{
    world_open(&w, settings, true);
    guest_wait(&w, A, G_STORE, 1);
    guest_ask(&w, A, 0, AMDVI_WRITE, G_IOVA + 9 * PAGE_BYTES);
    guest_page_request(&w, B, 0, G_IOVA);
    host_invalidation(&w);
    guest_invalidation(&w, A);
    saved_device(&good, w.device);
    before = bad = good;
}

static inline void setup(void)
{
    busy_device(NULL);
}

static inline void teardown(void)
{
    world_close(&w);
}

/* `bad` with a right sum is refused with that status, and the device is as it was. */
static inline void refused(enum amdvi_status expected)
{
    saved_seal(&bad);
    ck_assert_str_eq(amdvi_status_text(amdvi_restore(w.device, bad.bytes, bad.size)),
                     amdvi_status_text(expected));
    saved_device(&after, w.device);
    ck_assert(saved_same(&before, &after));
    bad = good;
}

#endif
