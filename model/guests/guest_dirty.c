// SPDX-License-Identifier: Apache-2.0
/*
 * Dirty status: one bit a guest in the private space, set when the guest has commands that were not looked
 * at. The hardware scans it to choose the next guest (viommu 2.3), so that a bit set by anybody counts.
 *
 * 32 bytes (by choice 16) belong to each value of GuestID[7:0] (11 #9).
 */
#include "model/guests/guest.h"

enum { WORDS = 4096 / 8, WORDS_AT_ONCE = 8 };

static unsigned stride_shift(const struct amdvi_device *device)
{
    return device->config.value[CONFIG_DIRTY_STRIDE] == 16 ? 4 : 5;
}

static uint8_t change_bit(struct amdvi_device *device, uint64_t spa, uint32_t bit, bool dirty)
{
    uint32_t word;
    uint8_t error = direct_read(device, AMDVI_ACCESS_MAP, spa, &word, sizeof(word));

    if (error)
        return error;
    word = dirty ? word | bit : word & ~bit;
    return direct_write(device, AMDVI_ACCESS_MAP, spa, &word, sizeof(word));
}

/* Without the area the device knows by itself who has commands (12 E2). Memory that fails where the area is
 * mapped is an access that fails (7.3); it costs the guest no turn. */
void guest_mark_dirty(struct amdvi_device *device, struct guest *guest, bool dirty)
{
    uint64_t byte = (uint64_t)(guest->id & 0xff) << stride_shift(device) | (uint64_t)(guest->id >> 13) << 2;
    uint32_t bit = 1u << (guest->id >> 8 & 31);
    struct space_access access;

    if (!guests_enabled(device) ||
        !private_translate(device, &guest->held[HELD_DIRTY], PRIVATE_DIRTY_BASE + byte, true, &access))
        return;
    if (change_bit(device, access.spa, bit, dirty))
        private_report(device, guest->id, &access, 0);
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
void dirty_scan(struct amdvi_device *device)
{
    uint64_t words[WORDS];

    if (!guests_enabled(device) || !reg_control_vcmden(control(device)) || !device->guests)
        return;
    for (unsigned page = 0; page < HELD_DIRTY_PAGES; page++) {
        struct space_access access;
        if (private_translate(device, &device->held_dirty[page],
                              PRIVATE_DIRTY_BASE + ((uint64_t)page << HELD_PAGE_BITS), false, &access) &&
            !direct_read(device, AMDVI_ACCESS_MAP, access.spa, words, sizeof(words)))
            scan_page(device, page, words);
    }
}
