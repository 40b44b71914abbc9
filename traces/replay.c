// SPDX-License-Identifier: Apache-2.0
/* The player: one record after the other. */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Options of an older caller are a beginning of ours; of a newer one the rest must be 0. */
static bool take_options(struct amdvi_replay_options *known, const struct amdvi_replay_options *from,
                         size_t size)
{
    for (size_t i = sizeof(*known); i < size; i++)
        if (((const uint8_t *)from)[i])
            return false;
    memcpy(known, from, size < sizeof(*known) ? size : sizeof(*known));
    return true;
}

enum amdvi_replay_status amdvi_replay_create_sized(const struct amdvi_replay_options *options, size_t size,
                                                   struct amdvi_replay **replay)
{
    struct amdvi_replay_options known = {0};
    struct amdvi_replay *new;

    *replay = NULL;
    if (options && !take_options(&known, options, size))
        return AMDVI_REPLAY_ERROR;
    new = calloc(1, sizeof(*new));
    if (!new || amdvi_config_create(&new->config) != AMDVI_OK) {
        free(new);
        return AMDVI_REPLAY_ERROR;
    }
    new->options = known;
    if (!new->options.name)
        new->options.name = "trace";
    for (unsigned i = 0; i < 3; i++)
        new->logs[i].item_bytes = sizeof(struct logged);
    new->guest_logs.item_bytes = sizeof(struct guest_logged);
    new->guest_irqs.item_bytes = sizeof(struct guest_irq);
    new->atc.item_bytes = sizeof(struct atc_seen);
    new->prg.item_bytes = sizeof(struct prg_seen);
    *replay = new;
    return AMDVI_REPLAY_OK;
}

void amdvi_replay_destroy(struct amdvi_replay *replay)
{
    if (!replay)
        return;
    amdvi_lint_destroy(replay->lint);
    amdvi_timed_destroy(replay->time.timed);
    amdvi_destroy(replay->device);
    amdvi_sparse_destroy(replay->memory);
    amdvi_config_destroy(replay->config);
    for (unsigned i = 0; i < 3; i++)
        list_free(&replay->logs[i]);
    list_free(&replay->guest_logs);
    list_free(&replay->guest_irqs);
    list_free(&replay->atc);
    list_free(&replay->prg);
    free(replay->data);
    free(replay);
}

static enum amdvi_replay_status configure(struct amdvi_replay *replay,
                                          const struct amdvi_trace_record *record)
{
    if (replay->device)
        return replay_fail(replay, record, "config after the first action");
    for (size_t i = 0; i < record->pairs_count; i++) {
        const struct amdvi_trace_pair *pair = &record->pairs[i];
        enum amdvi_status status = replay_set(replay, pair);
        if (status != AMDVI_OK)
            return replay_setting_failed(replay, record, "config", pair, status);
    }
    return AMDVI_REPLAY_OK;
}

static enum amdvi_replay_status memory_done(struct amdvi_replay *replay,
                                            const struct amdvi_trace_record *record,
                                            enum amdvi_sparse_status status, uint64_t bytes)
{
    if (status == AMDVI_SPARSE_OK)
        return AMDVI_REPLAY_OK;
    return replay_fail(replay, record,
                       status == AMDVI_SPARSE_ERR_RANGE
                           ? "addr=0x%" PRIx64 " with 0x%" PRIx64 " bytes is outside ram"
                           : "no memory for addr=0x%" PRIx64 " with 0x%" PRIx64
                             " bytes: none left on this host, or more than allowed",
                       record->num[AMDVI_TRACE_KEY_ADDR], bytes);
}

static enum amdvi_replay_status fill(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    const uint64_t *num = record->num;

    if (num[AMDVI_TRACE_KEY_BYTE] > 0xff)
        return replay_fail(replay, record, "byte=0x%" PRIx64 " is no byte", num[AMDVI_TRACE_KEY_BYTE]);
    return memory_done(replay, record,
                       amdvi_sparse_fill(replay->memory, num[AMDVI_TRACE_KEY_ADDR], num[AMDVI_TRACE_KEY_LEN],
                                         (uint8_t)num[AMDVI_TRACE_KEY_BYTE]),
                       num[AMDVI_TRACE_KEY_LEN]);
}

static enum amdvi_replay_status act(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    switch (record->kind) {
    case AMDVI_TRACE_KIND_MEM:
        return memory_done(replay, record,
                           amdvi_sparse_write(replay->memory, record->num[AMDVI_TRACE_KEY_ADDR],
                                              record->bytes, record->bytes_len),
                           record->bytes_len);
    case AMDVI_TRACE_KIND_FILL:
        return fill(replay, record);
    case AMDVI_TRACE_KIND_MEMFILE:
        return replay_memfile(replay, record);
    case AMDVI_TRACE_KIND_RUN:
        return replay_run(replay, record);
    case AMDVI_TRACE_KIND_RESET:
        return replay_reset(replay, record);
    case AMDVI_TRACE_KIND_DMA:
    case AMDVI_TRACE_KIND_ATS:
    case AMDVI_TRACE_KIND_PRI:
    case AMDVI_TRACE_KIND_INT:
        return replay_request(replay, record);
    case AMDVI_TRACE_KIND_OK:
    case AMDVI_TRACE_KIND_FAULT:
        return replay_answer(replay, record);
    default:
        break;
    }
    if (record->kind >= AMDVI_TRACE_KIND_MMIO_WRITE && record->kind <= AMDVI_TRACE_KIND_VFC_READ)
        return replay_register(replay, record);
    return replay_expect(replay, record);
}

enum amdvi_replay_status amdvi_replay_record(struct amdvi_replay *replay,
                                             const struct amdvi_trace_record *record)
{
    enum amdvi_replay_status status;

    if (!replay || !record)
        return AMDVI_REPLAY_ERROR;
    if (record->kind <= AMDVI_TRACE_KIND_BLANK)
        return AMDVI_REPLAY_OK;
    replay->counts.records++;
    if (record->kind == AMDVI_TRACE_KIND_CONFIG)
        return configure(replay, record);
    status = replay_start(replay, record);
    if (status == AMDVI_REPLAY_OK && replay_time_pass(&replay->time, record))
        status = replay_fail(replay, record, "t= is later than the clock goes");
    if (status == AMDVI_REPLAY_OK) {
        replay_lint_record(replay, record);
        status = act(replay, record);
    }
    if (status == AMDVI_REPLAY_OK && replay->out_of_memory)
        return replay_fail(replay, record, "out of memory");
    return status;
}

void amdvi_replay_state(struct amdvi_replay *replay)
{
    if (replay)
        replay_state_result(replay);
}

enum amdvi_replay_status amdvi_replay_finish(struct amdvi_replay *replay)
{
    if (!replay)
        return AMDVI_REPLAY_ERROR;
    replay_state_result(replay);
    if (replay->lint)
        amdvi_lint_finish(replay->lint);
    return AMDVI_REPLAY_OK;
}

const char *amdvi_replay_error(const struct amdvi_replay *replay)
{
    return replay ? replay->error : "no player";
}

const struct amdvi_replay_counts *amdvi_replay_counts(const struct amdvi_replay *replay)
{
    return &replay->counts;
}

struct amdvi_device *amdvi_replay_device(struct amdvi_replay *replay)
{
    return replay->device;
}

struct amdvi_sparse *amdvi_replay_memory(struct amdvi_replay *replay)
{
    return replay->memory;
}

const struct amdvi_config *amdvi_replay_config(const struct amdvi_replay *replay)
{
    return replay->config;
}
