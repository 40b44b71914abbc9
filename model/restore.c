// SPDX-License-Identifier: Apache-2.0
/* Restoring a device or one guest: everything is judged before anything is taken over. */
#include "model/flight.h"
#include "model/guests/guest_work.h"
#include "model/registers/control.h"
#include "model/saved.h"
#include "model/signals/signals.h"

struct in {
    const uint8_t *bytes;
    size_t left;
};

static uint64_t get(struct in *in, unsigned bytes)
{
    uint64_t value = 0;

    if (in->left < bytes) {
        in->left = 0;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)in->bytes[i] << 8 * i;
    in->bytes += bytes;
    in->left -= bytes;
    return value;
}

static void get_words(struct in *in, uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = get(in, 8);
}

/* Magic, version, kind and checksum: after this the bytes are what was written. */
static enum amdvi_status open_saved(const void *buffer, size_t size, unsigned kind, struct in *in)
{
    struct in sum;

    if (!buffer || size < HEADER_BYTES + CHECKSUM_BYTES)
        return AMDVI_ERR_CORRUPT;
    *in = (struct in){.bytes = buffer, .left = size - CHECKSUM_BYTES};
    sum = (struct in){.bytes = in->bytes + in->left, .left = CHECKSUM_BYTES};
    if (memcmp(in->bytes, saved_magic, sizeof(saved_magic)) != 0 ||
        get(&sum, 8) != saved_checksum(in->bytes, in->left))
        return AMDVI_ERR_CORRUPT;
    in->bytes += sizeof(saved_magic);
    in->left -= sizeof(saved_magic);
    if (get(in, 4) != VERSION)
        return AMDVI_ERR_UNSUPPORTED;
    return get(in, 4) == kind ? AMDVI_OK : AMDVI_ERR_ARGUMENT;
}

static bool next_section(struct in *in, uint32_t *tag, struct in *body)
{
    uint64_t length;

    if (in->left < SECTION_BYTES)
        return false;
    *tag = (uint32_t)get(in, 4);
    length = get(in, 8);
    if (length > in->left)
        return false;
    *body = (struct in){.bytes = in->bytes, .left = (size_t)length};
    in->bytes += length;
    in->left -= (size_t)length;
    return true;
}

/* Whether a section may have that length. */
static bool length_fits(const struct amdvi_device *device, uint32_t tag, size_t length)
{
    switch (tag) {
    case SECTION_CONFIG:
        return length == CONFIG_KEYS * 8;
    case SECTION_REGISTERS:
        return length == REG_COUNT * 8;
    case SECTION_PCI:
        return length == PCI_CONFIG_BYTES;
    case SECTION_STATE:
        return length == STATE_WORDS * 8;
    case SECTION_REPORTED:
        return length == DEVICES / 8;
    case SECTION_ATC:
        return length % (ATC_WORDS * 8) == 0;
    case SECTION_COUNTERS:
        return length == counter_words(device) * 8;
    case SECTION_GUEST:
        return length == GUEST_WORDS * 8;
    default:
        return false;
    }
}

static bool same_config(const struct amdvi_device *device, struct in body)
{
    for (unsigned i = 0; i < CONFIG_KEYS; i++)
        if (get(&body, 8) != device->config.value[i])
            return false;
    return true;
}

static bool guest_possible(const struct amdvi_device *device, struct in body)
{
    uint64_t id = get(&body, 8);

    return id < GUESTS && !guest_rejected(device, (uint16_t)id);
}

static bool has_guest(struct in sections, uint64_t id)
{
    struct in body;
    uint32_t tag;

    while (next_section(&sections, &tag, &body))
        if (tag == SECTION_GUEST && get(&body, 8) == id)
            return true;
    return false;
}

/* Whose commands wait: guests that are there by then, in the order of their IDs, and the host; of each no
 * more than may. */
static bool issuers_fit(const struct amdvi_device *device, struct in before, struct in body)
{
    uint64_t last = 0, count = 0;

    while (body.left) {
        uint64_t issuer = get(&body, 8);

        body.bytes += (ATC_WORDS - 1) * 8;
        body.left -= (ATC_WORDS - 1) * 8;
        if (count == 0 || issuer != last) {
            if (issuer < last || (issuer != ATC_OF_HOST && !has_guest(before, issuer)))
                return false;
            count = 0;
        }
        last = issuer;
        if (++count > device->config.value[CONFIG_ATS_UNANSWERED])
            return false;
    }
    return true;
}

/* `before`: the sections up to this one. */
static enum amdvi_status check_section(const struct amdvi_device *device, struct in before, uint32_t tag,
                                       struct in body)
{
    if (!length_fits(device, tag, body.left))
        return AMDVI_ERR_CORRUPT;
    if (tag == SECTION_CONFIG && !same_config(device, body))
        return AMDVI_ERR_ARGUMENT;
    if (tag == SECTION_GUEST && !device->guests.pages)
        return AMDVI_ERR_UNSUPPORTED;
    if ((tag == SECTION_GUEST && !guest_possible(device, body)) ||
        (tag == SECTION_ATC && !issuers_fit(device, before, body)))
        return AMDVI_ERR_CORRUPT;
    return AMDVI_OK;
}

/* Every section once, guests as many as there are. */
static uint32_t sections_needed(const struct amdvi_device *device)
{
    uint32_t all = 1u << SECTION_CONFIG | 1u << SECTION_REGISTERS | 1u << SECTION_PCI | 1u << SECTION_STATE |
                   1u << SECTION_REPORTED | 1u << SECTION_ATC;

    return counter_words(device) ? all | 1u << SECTION_COUNTERS : all;
}

/* Everything is looked at before anything is changed. */
static enum amdvi_status check_sections(const struct amdvi_device *device, struct in in)
{
    const uint8_t *start = in.bytes;
    uint32_t needed = sections_needed(device), tag;
    struct in body;

    while (next_section(&in, &tag, &body)) {
        struct in before = {.bytes = start, .left = (size_t)(body.bytes - start) - SECTION_BYTES};
        enum amdvi_status status = check_section(device, before, tag, body);

        if (status != AMDVI_OK)
            return status;
        if (tag == SECTION_GUEST)
            continue;
        if (!(needed >> tag & 1))
            return AMDVI_ERR_CORRUPT;
        needed &= ~(1u << tag);
    }
    return in.left || needed ? AMDVI_ERR_CORRUPT : AMDVI_OK;
}

static void set_log(uint64_t word, bool stopped[2], bool *active_b)
{
    stopped[0] = word & 1;
    stopped[1] = word >> 1 & 1;
    *active_b = word >> 2 & 1;
}

/* Bits that the device can set: whoever made the bytes, no feature that it lacks is on. The rest is as after
 * a reset. */
static void take_registers(struct in *body, const struct reg_mask *mask, uint64_t *reg, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t stored = mask[i].rw | mask[i].w1c;
        reg[i] = (reg[i] & ~stored) | (get(body, 8) & stored);
    }
}

/* Returns the engine word: what of it counts depends on whether memory came along. */
static uint64_t take_guest(const struct amdvi_device *device, struct guest *guest, struct in *body)
{
    uint64_t engine = get(body, 8);

    guest->command_stopped = engine & 1;
    take_registers(body, device->guests.vf_mask, guest->vf, VF_COUNT);
    take_registers(body, device->guests.vfc_mask, guest->vfc, VFC_COUNT);
    set_log(get(body, 8), guest->events.stopped, &guest->events.active_b);
    guest->events.count = get(body, 8);
    set_log(get(body, 8), guest->pprs.stopped, &guest->pprs.active_b);
    guest->pprs.count = get(body, 8);
    /* The command that waited or was under way at this place was somebody else's. */
    guest->blocked.held = false;
    guest->restarts++;
    /* What memory holds of the registers at the new place is as old as it is: ours are written over it. */
    guest->mirrored = false;
    guest->ahead = true;
    return engine;
}

static bool restore_guest_section(struct amdvi_device *device, struct in *body)
{
    struct guest *guest = guest_get(device, (uint16_t)get(body, 8));
    uint64_t engine;

    if (!guest)
        return false;
    engine = take_guest(device, guest, body);
    /* A whole device has its memory beside it: where that was the register it still is (viommu 11 #12). */
    guest->mirrored = engine >> 1 & 1;
    guest->ahead = engine >> 2 & 1;
    guest->queued = engine >> 3 & 1;
    return true;
}

static void restore_state(struct amdvi_device *device, struct in *body)
{
    device->command_run = get(body, 8) & 1;
    device->now = get(body, 8);
    device->atc.next_tag = (uint32_t)get(body, 8);
    for (unsigned i = 0; i < 3; i++) {
        set_log(get(body, 8), device->logs.log[i].stopped, &device->logs.log[i].active_b);
        device->logs.log[i].count = get(body, 8);
    }
}

static bool restore_atc(struct amdvi_device *device, struct in *body)
{
    while (body->left) {
        uint64_t issuer = get(body, 8), tag = get(body, 8);
        struct guest *guest = issuer == ATC_OF_HOST ? NULL : guest_find(device, (uint16_t)issuer);
        struct atc_pending entry = {.tag = (uint32_t)tag, .lost = tag >> 32 & 1};

        entry.device = (uint16_t)get(body, 8);
        entry.command = get(body, 8);
        entry.deadline = get(body, 8);
        entry.answer = get(body, 8);
        if (!atc_reserve(device))
            return false;
        atc_add(device, guest ? &guest->ats : &device->atc.host, &entry);
    }
    return true;
}

static bool restore_section(struct amdvi_device *device, uint32_t tag, struct in *body)
{
    switch (tag) {
    case SECTION_REGISTERS:
        take_registers(body, device->mask, device->reg, REG_COUNT);
        return true;
    case SECTION_PCI:
        pci_restore(device, body->bytes);
        return true;
    case SECTION_STATE:
        restore_state(device, body);
        return true;
    case SECTION_REPORTED:
        get_words(body, device->reported, DEVICES / 64);
        return true;
    case SECTION_GUEST:
        return restore_guest_section(device, body);
    case SECTION_ATC:
        return restore_atc(device, body);
    case SECTION_COUNTERS:
        for (size_t i = 0; i < counter_words(device) / CTR_COUNT; i++)
            take_registers(body, device->pmu.mask, device->pmu.counters[i].reg, CTR_COUNT);
        pmu_changed(device);
        return true;
    default:
        return true;
    }
}

enum amdvi_status amdvi_restore(struct amdvi_device *device, const void *buffer, size_t size)
{
    enum amdvi_status status;
    struct in in, body;
    uint32_t tag;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device) || external_busy(device))
        return AMDVI_ERR_BUSY;
    status = open_saved(buffer, size, KIND_DEVICE, &in);
    if (status == AMDVI_OK)
        status = check_sections(device, in);
    if (status != AMDVI_OK)
        return status;
    tell_call(device, AMDVI_CALL_RESTORE, 0);
    amdvi_reset(device);
    while (next_section(&in, &tag, &body))
        if (!restore_section(device, tag, &body)) {
            amdvi_reset(device);
            return AMDVI_ERR_NO_MEMORY;
        }
    device_derive(device);
    guests_queue_again(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_guest_restore(struct amdvi_device *device, uint16_t guest_id, const void *buffer,
                                      size_t size)
{
    enum amdvi_status status;
    struct guest_work work;
    struct guest *guest;
    struct in in, body;
    struct job job;
    uint32_t tag;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (!device->guests.pages)
        return AMDVI_ERR_UNSUPPORTED;
    status = open_saved(buffer, size, KIND_GUEST, &in);
    if (status != AMDVI_OK)
        return status;
    if (!next_section(&in, &tag, &body) || tag != SECTION_GUEST || body.left != GUEST_WORDS * 8 || in.left)
        return AMDVI_ERR_CORRUPT;
    if (guest_rejected(device, guest_id))
        return AMDVI_ERR_UNSUPPORTED;
    guest = guest_get(device, guest_id);
    if (!guest)
        return AMDVI_ERR_NO_MEMORY;
    if (guest->ats.count > 0)
        return AMDVI_ERR_BUSY;
    if (device->observed)
        tell_call_with(device,
                       &(struct amdvi_call_info){.call = AMDVI_CALL_GUEST_RESTORE, .guest_id = guest_id});
    get(&body, 8); /* the GuestID at the old place */
    take_guest(device, guest, &body);
    guest_work_begin(&work);
    job_begin(device, &job);
    guest_status_set(device, &job, guest, 0, &work);
    guest_mark_dirty(device, &job, guest, guest_command_running(device, guest), &work);
    guest_queue(device, guest);
    return AMDVI_OK;
}
