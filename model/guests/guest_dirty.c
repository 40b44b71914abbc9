// SPDX-License-Identifier: Apache-2.0
/*
 * Dirty status: one bit a guest in the private space, set when the guest has commands that were not looked
 * at. The hardware scans it to choose the next guest (viommu 2.3), so that a bit set by anybody counts.
 *
 * 32 bytes (by choice 16) belong to each value of GuestID[7:0] (11 #9).
 */
#include "model/guests/guest_work.h"

enum { WORDS = 4096 / 8, WORDS_AT_ONCE = 8 };

static unsigned stride_shift(const struct amdvi_device *device)
{
    return device->config.value[CONFIG_DIRTY_STRIDE] == 16 ? 4 : 5;
}

static uint64_t dirty_address(const struct amdvi_device *device, const struct guest *guest)
{
    return PRIVATE_DIRTY_BASE +
           ((uint64_t)(guest->id & 0xff) << stride_shift(device) | (uint64_t)(guest->id >> 13) << 2);
}

/* Without the area the device knows by itself who has commands (12 E2). Memory that fails where the area is
 * mapped is an access that fails (7.3); it costs the guest no turn. */
bool guest_mark_dirty(struct amdvi_device *device, struct job *job, struct guest *guest, bool dirty,
                      struct guest_work *w)
{
    struct held *held = &guest->held[HELD_DIRTY];
    uint32_t bit = 1u << (guest->id >> 8 & 31);

    STEPS_BEGIN(&w->dirty);
    if (!guests_enabled(device))
        STEPS_DONE(&w->dirty);
    STEPS_WAIT(&w->dirty, job_lock(job, &device->guests.dirty_lock));
    space_aim_private(device, &w->io, dirty_address(device, guest), true);
    STEPS_WAIT(&w->dirty, space_read(device, job, held, &w->io, AMDVI_ACCESS_MAP, &w->word, sizeof(w->word)));
    if (space_worked(&w->io)) {
        w->word = dirty ? w->word | bit : w->word & ~bit;
        STEPS_WAIT(&w->dirty,
                   space_write(device, job, held, &w->io, AMDVI_ACCESS_MAP, &w->word, sizeof(w->word)));
    }
    job_unlock(device, job, &device->guests.dirty_lock);
    if (w->io.error)
        STEPS_WAIT(&w->dirty, private_report(device, job, guest->id, &w->io.access, 0));
    STEPS_END(&w->dirty);
}

/* A guest whose bit may be the one of GuestID[7:0] = `low` and the rest `high`. */
static void found(struct amdvi_device *device, unsigned low, unsigned high)
{
    struct guest *guest = guest_find(device, (uint16_t)(high << 8 | low));

    if (guest)
        guest_queue(device, guest);
}

/* Bit `bit` of the 32-bit word number `word`. With 16 bytes two guests share a bit. */
static void found_bit(struct amdvi_device *device, unsigned word, unsigned bit)
{
    if (stride_shift(device) == 5) {
        found(device, word >> 3, (word & 7) << 5 | bit);
        return;
    }
    found(device, word >> 2 & 0xff, (word & 3) << 5 | bit);
    if (word >> 2 & 1) {
        found(device, word >> 2 & 0xff, (word & 3) << 5 | 0x80 | bit);
        found(device, word >> 2 & 0xfe, (word & 3) << 5 | 0x80 | bit);
    }
}

static void scan_page(struct amdvi_device *device, unsigned page, const uint64_t words[WORDS])
{
    for (unsigned i = 0; i < WORDS; i += WORDS_AT_ONCE) {
        uint64_t any = 0;
        for (unsigned k = 0; k < WORDS_AT_ONCE; k++)
            any |= words[i + k];
        for (unsigned k = 0; any && k < WORDS_AT_ONCE; k++)
            for (uint64_t left = words[i + k]; left; left &= left - 1) {
                unsigned bit = (unsigned)__builtin_ctzll(left);
                found_bit(device, (page * WORDS + i + k) * 2 + bit / 32, bit % 32);
            }
    }
}

/* Memory that fails here is told of with the doorbell that set the bit, not by every scan. */
bool dirty_scan(struct amdvi_device *device, struct job *job, struct dirty_scan *scan)
{
    STEPS_BEGIN(&scan->steps);
    if (!guests_enabled(device) || !reg_control_vcmden(control(device)) || !device->guests.first)
        STEPS_DONE(&scan->steps);
    for (scan->number = 0; scan->number < HELD_DIRTY_PAGES; scan->number++) {
        do { /* a bit that a reset has taken back meanwhile must not start the guest (7.5) */
            scan->resets = device->guests.resets;
            space_aim_private(device, &scan->page.io,
                              PRIVATE_DIRTY_BASE + ((uint64_t)scan->number << HELD_PAGE_BITS), false);
            STEPS_WAIT(&scan->steps,
                       space_read_page(device, job, &device->held.dirty[scan->number], &scan->page));
        } while (scan->resets != device->guests.resets);
        if (scan->page.there)
            scan_page(device, scan->number, scan->page.words);
    }
    STEPS_END(&scan->steps);
}
