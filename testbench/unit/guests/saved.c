// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/saved.h"

#include <check.h>
#include <string.h>

void saved_device(struct saved *saved, const struct amdvi_device *device)
{
    ck_assert_int_eq(amdvi_save(device, saved->bytes, SAVED_MAX, &saved->size), AMDVI_OK);
}

void saved_guest(struct saved *saved, const struct amdvi_device *device, uint16_t id)
{
    ck_assert_int_eq(amdvi_guest_save(device, id, saved->bytes, SAVED_MAX, &saved->size), AMDVI_OK);
}

bool saved_same(const struct saved *a, const struct saved *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

uint64_t saved_get(const struct saved *saved, size_t at, unsigned bytes)
{
    uint64_t value = 0;

    ck_assert_uint_le(at + bytes, saved->size);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)saved->bytes[at + i] << 8 * i;
    return value;
}

void saved_put(struct saved *saved, size_t at, uint64_t value, unsigned bytes)
{
    ck_assert_uint_le(at + bytes, saved->size);
    for (unsigned i = 0; i < bytes; i++)
        saved->bytes[at + i] = (uint8_t)(value >> 8 * i);
}

void saved_seal(struct saved *saved)
{
    size_t at = saved->size - SAVED_SUM;
    uint64_t sum = 0xcbf29ce484222325;

    for (size_t i = 0; i < at; i++)
        sum = (sum ^ saved->bytes[i]) * 0x100000001b3;
    saved_put(saved, at, sum, 8);
}

size_t saved_length(const struct saved *saved, size_t body)
{
    return (size_t)saved_get(saved, body - 8, 8);
}

size_t saved_find(const struct saved *saved, uint32_t tag, unsigned nth)
{
    size_t at = SAVED_HEADER;

    while (at + SAVED_SECTION + SAVED_SUM <= saved->size) {
        size_t body = at + SAVED_SECTION;
        if (saved_get(saved, at, 4) == tag && nth-- == 0)
            return body;
        at = body + saved_length(saved, body);
    }
    return 0;
}

void saved_splice(struct saved *saved, size_t at, size_t cut, size_t room)
{
    ck_assert_uint_le(saved->size - cut + room, SAVED_MAX);
    ck_assert_uint_le(at + cut, saved->size);
    memmove(saved->bytes + at + room, saved->bytes + at + cut, saved->size - at - cut);
    memset(saved->bytes + at, 0, room);
    saved->size += room - cut;
}

void saved_remove(struct saved *saved, size_t body)
{
    saved_splice(saved, body - SAVED_SECTION, SAVED_SECTION + saved_length(saved, body), 0);
}

size_t saved_append(struct saved *saved, uint32_t tag, size_t length)
{
    size_t at = saved->size - SAVED_SUM;

    saved_splice(saved, at, 0, SAVED_SECTION + length);
    saved_put(saved, at, tag, 4);
    saved_put(saved, at + 4, length, 8);
    return at + SAVED_SECTION;
}
