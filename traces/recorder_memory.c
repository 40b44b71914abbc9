// SPDX-License-Identifier: Apache-2.0
/*
 * The memory of the trace: what a player has at this point. What the device reads is compared with it, what
 * the device writes goes into it.
 */
#include "traces/recorder_internal.h"

#include <stdlib.h>
#include <string.h>

enum { UNIT = 8, PIECE = 4096 };

static bool inside(const struct amdvi_recorder *recorder, uint64_t spa, uint64_t length)
{
    return spa <= recorder->ram && length <= recorder->ram - spa;
}

static void keep(struct amdvi_recorder *recorder, uint64_t spa, const void *bytes, size_t length)
{
    if (amdvi_sparse_write(recorder->memory, spa, bytes, length) != AMDVI_SPARSE_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
}

/* ---------------------------------------------------------------- establishing */

static void write_mem(struct amdvi_recorder *recorder, uint64_t spa, const uint8_t *bytes, size_t length)
{
    struct amdvi_trace_record record;

    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_MEM);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_ADDR, spa);
    amdvi_trace_set_bytes(&record, AMDVI_TRACE_KEY_DATA, bytes, length);
    recorder_write(recorder, &record);
    recorder->statistics.memory_bytes += length;
    keep(recorder, spa, bytes, length);
}

static bool differs(struct amdvi_recorder *recorder, uint64_t spa, const uint8_t *bytes, size_t length)
{
    return amdvi_sparse_compare(recorder->memory, spa, bytes, length, NULL) != AMDVI_SPARSE_OK;
}

/* Bytes from `at` on that belong to one aligned unit. */
static size_t unit_at(uint64_t spa, size_t left)
{
    size_t unit = UNIT - spa % UNIT;

    return unit < left ? unit : left;
}

void recorder_establish(struct amdvi_recorder *recorder, uint64_t spa, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t end = at;
        while (end < length && differs(recorder, spa + end, bytes + end, unit_at(spa + end, length - end)))
            end += unit_at(spa + end, length - end);
        if (end > at)
            write_mem(recorder, spa + at, bytes + at, end - at);
        else
            end += unit_at(spa + at, length - at);
        at = end;
    }
}

/* ---------------------------------------------------------------- accesses */

static void add(struct amdvi_recorder *recorder, struct list *list, uint64_t spa, uint64_t length)
{
    if (!list_add(list, &(struct written){spa, length}))
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
}

/* Written by the device in this very action: software has changed it since, and a trace cannot say so. */
static bool written_now(const struct amdvi_recorder *recorder, uint64_t spa, uint64_t length)
{
    const struct written *all = recorder->action.written.items;

    for (size_t i = 0; i < recorder->action.written.count; i++)
        if (spa < all[i].spa + all[i].length && all[i].spa < spa + length)
            return true;
    return false;
}

static void read_by_device(struct amdvi_recorder *recorder, uint64_t spa, const uint8_t *bytes, size_t length)
{
    recorder_remember_read(recorder, spa, length);
    if (!differs(recorder, spa, bytes, length))
        return;
    recorder->statistics.inexact += written_now(recorder, spa, length);
    recorder_establish(recorder, spa, bytes, length);
}

static void take_data(struct amdvi_recorder *recorder, const uint8_t *bytes, size_t length)
{
    struct action *action = &recorder->action;

    if (action->data_room < action->data_length + length) {
        size_t room = 2 * (action->data_length + length);
        uint8_t *data = realloc(action->data, room);
        if (!data) {
            recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
            return;
        }
        action->data = data;
        action->data_room = room;
    }
    memcpy(action->data + action->data_length, bytes, length);
    action->data_length += length;
}

static void written_by_device(struct amdvi_recorder *recorder, const struct amdvi_access_info *info)
{
    bool data = info->access == AMDVI_ACCESS_DATA;

    if (data)
        take_data(recorder, info->data, info->length);
    if (!inside(recorder, info->address, info->length))
        return;
    keep(recorder, info->address, info->data, info->length);
    add(recorder, data ? &recorder->action.moved : &recorder->action.written, info->address, info->length);
}

/* Memory of the trace answers everywhere below `ram`, and nowhere beyond. */
static bool answers_alike(const struct amdvi_recorder *recorder, const struct amdvi_access_info *info)
{
    if (inside(recorder, info->address, info->length))
        return info->result == AMDVI_MEMORY_OK;
    return info->result == AMDVI_MEMORY_MASTER_ABORT;
}

void recorder_access(struct amdvi_recorder *recorder, const struct amdvi_access_info *info)
{
    if (info->cached)
        return;
    recorder->statistics.inexact += !answers_alike(recorder, info);
    if (info->result != AMDVI_MEMORY_OK)
        return;
    if (info->write)
        written_by_device(recorder, info);
    else if (info->access != AMDVI_ACCESS_DATA && inside(recorder, info->address, info->length))
        read_by_device(recorder, info->address, info->data, info->length);
}

/* ---------------------------------------------------------------- what came into memory */

static int by_address(const void *left, const void *right)
{
    const struct written *a = left, *b = right;

    return a->spa < b->spa ? -1 : a->spa > b->spa;
}

static void expect_mem(struct amdvi_recorder *recorder, uint64_t spa, uint64_t length)
{
    struct amdvi_trace_record record;
    uint8_t bytes[PIECE];

    for (uint64_t done = 0; done < length; done += PIECE) {
        size_t piece = length - done < PIECE ? (size_t)(length - done) : PIECE;
        if (amdvi_sparse_read(recorder->memory, spa + done, bytes, piece) != AMDVI_SPARSE_OK)
            return;
        amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_EXPECT_MEM);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_ADDR, spa + done);
        amdvi_trace_set_bytes(&record, AMDVI_TRACE_KEY_DATA, bytes, piece);
        recorder_write(recorder, &record);
        recorder->statistics.expectations++;
    }
}

/* Each byte that the device wrote, once, as it is after the action. */
void recorder_expect_written(struct amdvi_recorder *recorder)
{
    struct written *all = recorder->action.written.items;
    size_t count = recorder->action.written.count;

    if (count > 1)
        qsort(all, count, sizeof(*all), by_address);
    for (size_t i = 0; i < count;) {
        uint64_t first = all[i].spa, end = first + all[i].length;
        for (i++; i < count && all[i].spa <= end; i++)
            end = all[i].spa + all[i].length > end ? all[i].spa + all[i].length : end;
        expect_mem(recorder, first, end - first);
    }
}

/* A write of which only a part reached memory: the request moves nothing in the trace, its bytes are set. */
void recorder_write_moved(struct amdvi_recorder *recorder)
{
    const struct written *all = recorder->action.moved.items;
    uint8_t bytes[PIECE];

    recorder->statistics.inexact++;
    for (size_t i = 0; i < recorder->action.moved.count; i++)
        if (all[i].length <= PIECE &&
            amdvi_sparse_read(recorder->memory, all[i].spa, bytes, all[i].length) == AMDVI_SPARSE_OK)
            write_mem(recorder, all[i].spa, bytes, all[i].length);
}
