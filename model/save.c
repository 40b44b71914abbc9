// SPDX-License-Identifier: Apache-2.0
/* Saving a device or one guest (viommu: migration). Caches are not saved: a device may forget what it has
 * cached at any time (iommu 10.2). */
#include "model/flight.h"
#include "model/guests/guest_work.h"
#include "model/saved.h"

/* Counts always, writes while there is room: the same code tells the size and makes the bytes. */
struct out {
    uint8_t *bytes;
    size_t room, used;
};

static void put_byte(struct out *out, uint8_t byte)
{
    if (out->used < out->room)
        out->bytes[out->used] = byte;
    out->used++;
}

static void put(struct out *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        put_byte(out, (uint8_t)(value >> 8 * i));
}

static void put_words(struct out *out, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(out, words[i], 8);
}

static void put_section(struct out *out, enum section tag, uint64_t length)
{
    put(out, tag, 4);
    put(out, length, 8);
}

static void put_header(struct out *out, unsigned kind)
{
    for (unsigned i = 0; i < sizeof(saved_magic); i++)
        put_byte(out, (uint8_t)saved_magic[i]);
    put(out, VERSION, 4);
    put(out, kind, 4);
}

static enum amdvi_status finish(struct out *out, size_t *needed)
{
    put(out, out->used <= out->room ? saved_checksum(out->bytes, out->used) : 0, CHECKSUM_BYTES);
    *needed = out->used;
    return out->used <= out->room ? AMDVI_OK : AMDVI_ERR_TOO_SMALL;
}

static uint64_t log_word(const bool stopped[2], bool active_b)
{
    return (uint64_t)stopped[0] | (uint64_t)stopped[1] << 1 | (uint64_t)active_b << 2;
}

static uint64_t engine_word(const struct guest *guest)
{
    return (uint64_t)guest->command_stopped | (uint64_t)guest->mirrored << 1 | (uint64_t)guest->ahead << 2 |
           (uint64_t)guest->queued << 3;
}

static void put_guest(struct out *out, const struct guest *guest)
{
    put_section(out, SECTION_GUEST, GUEST_WORDS * 8);
    put(out, guest->id, 8);
    put(out, engine_word(guest), 8);
    put_words(out, guest->vf, VF_COUNT);
    put_words(out, guest->vfc, VFC_COUNT);
    put(out, log_word(guest->events.stopped, guest->events.active_b), 8);
    put(out, guest->events.count, 8);
    put(out, log_word(guest->pprs.stopped, guest->pprs.active_b), 8);
    put(out, guest->pprs.count, 8);
}

/* In the order of their IDs, so that the same state gives the same bytes. */
static void put_guests(struct out *out, const struct amdvi_device *device)
{
    for (unsigned id = 0; device->guests.first && id < GUESTS; id++) {
        const struct guest *guest = guest_find(device, (uint16_t)id);
        if (guest)
            put_guest(out, guest);
    }
}

static void put_state(struct out *out, const struct amdvi_device *device)
{
    put_section(out, SECTION_STATE, STATE_WORDS * 8);
    put(out, device->command_run, 8);
    put(out, device->now, 8);
    put(out, device->atc.next_tag, 8);
    for (unsigned i = 0; i < 3; i++) {
        put(out, log_word(device->logs.log[i].stopped, device->logs.log[i].active_b), 8);
        put(out, device->logs.log[i].count, 8);
    }
}

/* Of one issuer, the oldest first. */
static void put_unanswered(struct out *out, const struct atc_issuer *issuer)
{
    for (const struct atc_pending *entry = issuer->oldest; entry; entry = entry->newer) {
        put(out, issuer->guest ? issuer->guest->id : ATC_OF_HOST, 8);
        put(out, entry->tag | (uint64_t)entry->lost << 32, 8);
        put(out, entry->device, 8);
        put(out, entry->command, 8);
        put(out, entry->deadline, 8);
        put(out, entry->answer, 8);
    }
}

/* Those of the guests in the order of their IDs, then those of the host. */
static void put_atc(struct out *out, const struct amdvi_device *device)
{
    put_section(out, SECTION_ATC, (uint64_t)device->atc.count * ATC_WORDS * 8);
    for (unsigned id = 0; device->guests.first && id < GUESTS; id++) {
        const struct guest *guest = guest_find(device, (uint16_t)id);
        if (guest)
            put_unanswered(out, &guest->ats);
    }
    put_unanswered(out, &device->atc.host);
}

static void put_counters(struct out *out, const struct amdvi_device *device)
{
    size_t words = counter_words(device);

    if (!words)
        return;
    put_section(out, SECTION_COUNTERS, words * 8);
    pmu_settle(device);
    put_words(out, device->pmu.counters[0].reg, words);
}

enum amdvi_status amdvi_save(const struct amdvi_device *device, void *buffer, size_t size, size_t *needed)
{
    struct out out = {.bytes = buffer, .room = buffer ? size : 0};

    if (!device || !needed)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device) || external_busy(device))
        return AMDVI_ERR_BUSY;
    put_header(&out, KIND_DEVICE);
    put_section(&out, SECTION_CONFIG, CONFIG_KEYS * 8);
    put_words(&out, device->config.value, CONFIG_KEYS);
    put_section(&out, SECTION_REGISTERS, REG_COUNT * 8);
    put_words(&out, device->reg, REG_COUNT);
    put_section(&out, SECTION_PCI, PCI_CONFIG_BYTES);
    for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++)
        put_byte(&out, device->pci[i]);
    put_state(&out, device);
    put_section(&out, SECTION_REPORTED, DEVICES / 8);
    put_words(&out, device->reported, DEVICES / 64);
    put_guests(&out, device);
    put_atc(&out, device);
    put_counters(&out, device);
    return finish(&out, needed);
}

enum amdvi_status amdvi_guest_save(const struct amdvi_device *device, uint16_t guest_id, void *buffer,
                                   size_t size, size_t *needed)
{
    struct out out = {.bytes = buffer, .room = buffer ? size : 0};
    struct guest none = {.id = guest_id};
    const struct guest *guest;

    if (!device || !needed)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (!device->guests.pages)
        return AMDVI_ERR_UNSUPPORTED;
    guest = guest_find(device, guest_id);
    /* A command of the guest waits for a device: its answer could not be taken along. */
    if (guest && guest->ats.count > 0)
        return AMDVI_ERR_BUSY;
    put_header(&out, KIND_GUEST);
    put_guest(&out, guest ? guest : &none);
    return finish(&out, needed);
}
