// SPDX-License-Identifier: Apache-2.0
/* A recorder's life, and how an action leaves it. */
#include "traces/recorder_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- writing */

void recorder_fail(struct amdvi_recorder *recorder, enum amdvi_trace_status status)
{
    if (recorder->status == AMDVI_TRACE_OK)
        recorder->status = status;
}

void recorder_write(struct amdvi_recorder *recorder, struct amdvi_trace_record *record)
{
    enum amdvi_trace_status status;

    if (recorder->status != AMDVI_TRACE_OK)
        return;
    if (recorder->timed)
        amdvi_trace_set(record, AMDVI_TRACE_KEY_T, recorder->now);
    status = amdvi_trace_write(recorder->writer, record);
    if (status != AMDVI_TRACE_OK)
        recorder_fail(recorder, status);
}

struct amdvi_trace_record *recorder_act(struct amdvi_recorder *recorder, enum amdvi_trace_kind kind)
{
    struct action *action = &recorder->action;
    struct amdvi_trace_record *record;

    if (action->records == RECORDER_ACTIONS)
        recorder_flush(recorder);
    record = &action->record[action->records++];
    amdvi_trace_record_init(record, kind);
    recorder->statistics.actions++;
    return record;
}

static uint64_t with_field(const struct amdvi_layout *layout, const char *name, uint64_t word, uint64_t value)
{
    const struct amdvi_field *field = amdvi_layout_field(layout, name);

    if (field)
        amdvi_field_set(field, &word, value);
    return word;
}

/* Entries written in bulk are as many writes of DID Map Control (viommu 3.1). */
static void write_fill(struct amdvi_recorder *recorder, const struct amdvi_call_info *fill)
{
    bool devices = fill->map == AMDVI_MAP_DEVICES;
    const struct amdvi_layout *layout = amdvi_layout_find(devices ? "vfc_did_map0" : "vfc_did_map1");
    struct amdvi_trace_record record;
    uint64_t value = with_field(layout, "W", with_field(layout, "V", 0, fill->valid), 1);

    value = with_field(layout, devices ? "hDevID" : "hDomID", value, fill->host_id);
    if (devices)
        value = with_field(layout, "QueueID", value, fill->queue_id);
    for (uint32_t i = 0; i < fill->count; i++) {
        value = with_field(layout, devices ? "gDevID" : "gDomID", value, fill->first + i);
        amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_VFC_WRITE);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_GID, fill->guest_id);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_OFF, devices ? 0 : 8);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_SIZE, 8);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_VALUE, value);
        recorder_write(recorder, &record);
    }
}

/* A write whose data all went to memory moves them in the trace, too. */
static void write_action(struct amdvi_recorder *recorder)
{
    struct action *action = &recorder->action;
    bool all = action->takes_data && action->data_length > 0 &&
               action->data_length == amdvi_trace_num(&action->record[0], AMDVI_TRACE_KEY_LEN, 0);

    if (all)
        amdvi_trace_set_bytes(&action->record[0], AMDVI_TRACE_KEY_DATA, action->data, action->data_length);
    for (unsigned i = 0; i < action->records; i++)
        recorder_write(recorder, &action->record[i]);
    if (action->filling)
        write_fill(recorder, &action->fill);
    if (action->answered) {
        recorder->statistics.expectations++;
        recorder_write(recorder, &action->answer);
    }
    if (!all && action->data_length > 0)
        recorder_write_moved(recorder);
}

static void write_expected(struct amdvi_recorder *recorder)
{
    struct expected *all = recorder->action.expected.items;

    for (size_t i = 0; i < recorder->action.expected.count; i++) {
        if (all[i].record.bytes_len > 0)
            all[i].record.bytes = all[i].raw;
        recorder_write(recorder, &all[i].record);
    }
    recorder->statistics.expectations += recorder->action.expected.count;
}

void recorder_flush(struct amdvi_recorder *recorder)
{
    struct action *action = &recorder->action;

    write_action(recorder);
    write_expected(recorder);
    recorder_expect_irqs(recorder);
    recorder_expect_written(recorder);
    action->records = 0;
    action->answered = action->filling = action->takes_data = false;
    action->expected.count = action->written.count = action->guests.count = action->moved.count = 0;
    action->data_length = 0;
    memset(action->raised, 0, sizeof(action->raised));
}

/* ---------------------------------------------------------------- life */

static bool create_parts(struct amdvi_recorder *recorder, const struct amdvi_recorder_options *options)
{
    struct amdvi_observer observer = recorder_observer;
    struct amdvi_trace_error error;
    struct action *action = &recorder->action;
    enum amdvi_trace_status status =
        amdvi_trace_writer_open(options->form, options->write, options->context, &recorder->writer, &error);

    action->expected.item_bytes = sizeof(struct expected);
    action->written.item_bytes = action->moved.item_bytes = sizeof(struct written);
    action->guests.item_bytes = sizeof(struct guest_raised);
    if (status != AMDVI_TRACE_OK)
        recorder_fail(recorder, status);
    else if (amdvi_sparse_create(recorder->ram, options->memory_limit, &recorder->memory) != AMDVI_SPARSE_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
    else if (options->scans &&
             amdvi_sparse_create(recorder->ram, options->memory_limit, &recorder->read) != AMDVI_SPARSE_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
    observer.context = recorder;
    if (recorder->status == AMDVI_TRACE_OK &&
        amdvi_observer_attach(recorder->device, &observer, &recorder->observation) != AMDVI_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
    if (recorder->status == AMDVI_TRACE_OK)
        recorder_config(recorder, options->config);
    return recorder->status == AMDVI_TRACE_OK;
}

enum amdvi_trace_status amdvi_recorder_create(struct amdvi_device *device,
                                              const struct amdvi_recorder_options *options,
                                              struct amdvi_recorder **recorder)
{
    enum amdvi_trace_status status;
    struct amdvi_recorder *new;
    uint64_t ram;

    if (!device || !options || !options->config || !options->write || !recorder)
        return AMDVI_TRACE_ERR_ARGUMENT;
    ram = options->ram;
    if (!ram)
        amdvi_config_number(options->config, "ram", &ram);
    if (ram > AMDVI_SPARSE_MAX_SIZE)
        return AMDVI_TRACE_ERR_ARGUMENT;
    new = calloc(1, sizeof(*new));
    if (!new)
        return AMDVI_TRACE_ERR_MEMORY;
    new->device = device;
    new->ram = ram;
    if (!create_parts(new, options)) {
        status = new->status;
        amdvi_recorder_destroy(new);
        return status;
    }
    *recorder = new;
    return AMDVI_TRACE_OK;
}

static void detach(struct amdvi_recorder *recorder)
{
    amdvi_observer_detach(recorder->observation);
    recorder->observation = NULL;
}

/* That nothing else was logged or raised than what was recorded. */
static void expect_totals(struct amdvi_recorder *recorder)
{
    static const enum amdvi_trace_key keys[] = {[AMDVI_LOG_EVENT] = AMDVI_TRACE_KEY_EVENT,
                                                [AMDVI_LOG_PPR] = AMDVI_TRACE_KEY_PPR,
                                                [AMDVI_LOG_GA] = AMDVI_TRACE_KEY_GA};
    struct amdvi_trace_record *record = recorder_expect(recorder, AMDVI_TRACE_KIND_EXPECT_COUNT, NULL);

    if (record)
        amdvi_trace_set(record, AMDVI_TRACE_KEY_LOG, AMDVI_TRACE_LOG_HOST);
    for (unsigned log = 0; record && log < 3; log++) {
        uint64_t count = 0;
        amdvi_log_count(recorder->device, (enum amdvi_log)log, &count);
        amdvi_trace_set(record, keys[log], count);
    }
    for (unsigned kind = 0; kind < RECORDER_IRQ_KINDS; kind++) {
        record = recorder_expect(recorder, AMDVI_TRACE_KIND_EXPECT_IRQ, NULL);
        if (!record)
            return;
        amdvi_trace_set(record, AMDVI_TRACE_KEY_KIND, kind);
        amdvi_trace_set(record, AMDVI_TRACE_KEY_COUNT, 0);
    }
}

enum amdvi_trace_status amdvi_recorder_finish(struct amdvi_recorder *recorder)
{
    enum amdvi_trace_status status;

    if (!recorder)
        return AMDVI_TRACE_ERR_ARGUMENT;
    if (recorder->finished)
        return recorder->status;
    recorder->finished = true;
    detach(recorder);
    recorder_flush(recorder);
    expect_totals(recorder);
    recorder_flush(recorder);
    if (recorder->status != AMDVI_TRACE_OK)
        return recorder->status;
    status = amdvi_trace_writer_finish(recorder->writer);
    if (status != AMDVI_TRACE_OK)
        recorder_fail(recorder, status);
    return recorder->status;
}

void amdvi_recorder_destroy(struct amdvi_recorder *recorder)
{
    if (!recorder)
        return;
    detach(recorder);
    amdvi_trace_writer_close(recorder->writer);
    amdvi_sparse_destroy(recorder->memory);
    amdvi_sparse_destroy(recorder->read);
    list_free(&recorder->action.expected);
    list_free(&recorder->action.written);
    list_free(&recorder->action.guests);
    list_free(&recorder->action.moved);
    free(recorder->action.data);
    free(recorder);
}

/* ---------------------------------------------------------------- what the host tells */

enum amdvi_trace_status amdvi_recorder_time(struct amdvi_recorder *recorder, uint64_t nanoseconds)
{
    if (!recorder)
        return AMDVI_TRACE_ERR_ARGUMENT;
    recorder_flush(recorder);
    recorder->timed = true;
    recorder->now = nanoseconds;
    return recorder->status;
}

enum amdvi_trace_status amdvi_recorder_store(struct amdvi_recorder *recorder, uint64_t spa, const void *bytes,
                                             size_t length)
{
    if (!recorder || !bytes)
        return AMDVI_TRACE_ERR_ARGUMENT;
    if (spa > recorder->ram || length > recorder->ram - spa)
        return AMDVI_TRACE_ERR_RANGE;
    recorder_flush(recorder);
    recorder_establish(recorder, spa, bytes, length);
    return recorder->status;
}

enum amdvi_trace_status amdvi_recorder_comment(struct amdvi_recorder *recorder, const char *text)
{
    struct amdvi_trace_record record;

    if (!recorder || !text || strpbrk(text, "\r\n"))
        return AMDVI_TRACE_ERR_ARGUMENT;
    recorder_flush(recorder);
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_COMMENT);
    record.comment = text;
    if (recorder->status == AMDVI_TRACE_OK)
        recorder_fail(recorder, amdvi_trace_write(recorder->writer, &record));
    return recorder->status;
}

enum amdvi_trace_status amdvi_recorder_get_statistics(const struct amdvi_recorder *recorder,
                                                      struct amdvi_recorder_statistics *statistics)
{
    if (!recorder || !statistics)
        return AMDVI_TRACE_ERR_ARGUMENT;
    *statistics = recorder->statistics;
    return AMDVI_TRACE_OK;
}
