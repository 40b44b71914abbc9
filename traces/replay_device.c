// SPDX-License-Identifier: Apache-2.0
/* The device that a trace plays on, its memory, and what it tells. */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- memory port */

static enum amdvi_memory_result memory_answer(enum amdvi_sparse_status status)
{
    return status == AMDVI_SPARSE_ERR_MEMORY ? AMDVI_MEMORY_TARGET_ABORT
           : status < 0                      ? AMDVI_MEMORY_MASTER_ABORT
                                             : AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result port_read(void *context, uint64_t spa, void *data, size_t length)
{
    return memory_answer(amdvi_sparse_read(context, spa, data, length));
}

static enum amdvi_memory_result port_write(void *context, uint64_t spa, const void *data, size_t length)
{
    return memory_answer(amdvi_sparse_write(context, spa, data, length));
}

static enum amdvi_memory_result port_compare_exchange(void *context, uint64_t spa, uint64_t expected,
                                                      uint64_t desired, uint64_t *seen)
{
    *seen = expected;
    return memory_answer(amdvi_sparse_cas64(context, spa, seen, desired));
}

/* ---------------------------------------------------------------- what the device tells */

static void keep(struct amdvi_replay *replay, struct list *list, const void *item)
{
    replay->out_of_memory |= !list_add(list, item);
}

static int irq_kind(enum amdvi_irq_cause cause)
{
    switch (cause) {
    case AMDVI_IRQ_EVENT:
        return AMDVI_TRACE_IRQ_EVENT;
    case AMDVI_IRQ_PPR:
        return AMDVI_TRACE_IRQ_PPR;
    case AMDVI_IRQ_GA:
        return AMDVI_TRACE_IRQ_GA;
    case AMDVI_IRQ_COMPLETION_WAIT:
        return AMDVI_TRACE_IRQ_COMWAIT;
    default:
        return -1;
    }
}

static void see_irq(struct irq_seen *seen, uint8_t vector)
{
    seen->count++;
    seen->last_vector = vector;
    seen->vectors[vector >> 6] |= (uint64_t)1 << (vector & 63);
}

/* kind=msi counts the messages that really leave, whatever their cause. */
static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    struct amdvi_replay *replay = context;
    int kind = irq_kind(irq->cause);

    if (irq->cause == AMDVI_IRQ_GAPPI)
        see_irq(&replay->irqs[AMDVI_TRACE_IRQ_MSI], irq->vector);
    if (kind < 0)
        return;
    if (irq->guest) {
        struct irq_seen *seen = guest_irq_of(replay, irq->guest_id, (uint8_t)kind);
        if (seen)
            see_irq(seen, irq->vector);
        return;
    }
    see_irq(&replay->irqs[kind], irq->vector);
    if (irq->deliverable)
        see_irq(&replay->irqs[AMDVI_TRACE_IRQ_MSI], irq->vector);
}

static enum amdvi_atc_answer on_atc_invalidate(void *context, const struct amdvi_atc_invalidation *i)
{
    struct amdvi_replay *replay = context;

    keep(replay, &replay->atc,
         &(struct atc_seen){.dev = i->device,
                            .has_pasid = i->has_pasid,
                            .pasid = i->pasid,
                            .addr = i->address,
                            .size = i->size});
    return AMDVI_ATC_DONE;
}

static void on_prg_response(void *context, const struct amdvi_prg_response *r)
{
    struct amdvi_replay *replay = context;

    keep(replay, &replay->prg,
         &(struct prg_seen){.dev = r->device,
                            .has_pasid = r->has_pasid,
                            .pasid = r->pasid,
                            .index = r->index,
                            .code = r->code});
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct amdvi_replay *replay = context;
    struct list *list = &replay->logs[info->log];

    if (info->logged && info->guest)
        guest_log_keep(replay, info);
    if (info->logged && !info->guest) {
        if (info->index < list->count)
            list->count = (size_t)info->index; /* the log was enabled anew */
        keep(replay, list, &(struct logged){.record = {info->record[0], info->record[1]}});
    }
}

/* ---------------------------------------------------------------- life */

enum amdvi_status replay_set(struct amdvi_replay *replay, const struct amdvi_trace_pair *pair)
{
    return replay_time_is_setting(pair->key) ? replay_time_set(&replay->time, pair->key, pair->value)
                                             : amdvi_config_set(replay->config, pair->key, pair->value);
}

void amdvi_replay_setting_text(const char *key, enum amdvi_status status, char *text, size_t size)
{
    const struct amdvi_config_key *known = NULL;

    for (size_t i = 0; (known = amdvi_config_key_at(i)) && strcmp(known->name, key);)
        i++;
    if (status == AMDVI_ERR_BAD_VALUE && known)
        snprintf(text, size, "is %s%s", strchr(known->values, '|') ? "none of " : "not ", known->values);
    else
        snprintf(text, size, "%s", amdvi_status_text(status));
}

enum amdvi_replay_status replay_setting_failed(struct amdvi_replay *replay,
                                               const struct amdvi_trace_record *record, const char *what,
                                               const struct amdvi_trace_pair *pair, enum amdvi_status status)
{
    char why[256];

    amdvi_replay_setting_text(pair->key, status, why, sizeof(why));
    return replay_fail(replay, record, "%s %s=%s: %s", what, pair->key, pair->value, why);
}

static enum amdvi_replay_status apply_settings(struct amdvi_replay *replay,
                                               const struct amdvi_trace_record *record)
{
    for (size_t i = 0; i < replay->options.settings_count; i++) {
        const struct amdvi_trace_pair *pair = &replay->options.settings[i];
        enum amdvi_status status = replay_set(replay, pair);
        if (status != AMDVI_OK)
            return replay_setting_failed(replay, record, "setting", pair, status);
    }
    return AMDVI_REPLAY_OK;
}

static enum amdvi_replay_status create_memory(struct amdvi_replay *replay,
                                              const struct amdvi_trace_record *record)
{
    uint64_t ram = 0;

    amdvi_config_number(replay->config, "ram", &ram);
    if (amdvi_sparse_create(ram, replay->options.memory_limit, &replay->memory) != AMDVI_SPARSE_OK)
        return replay_fail(replay, record, "no memory for ram=0x%" PRIx64, ram);
    return AMDVI_REPLAY_OK;
}

/* The player listens to events; the caller's observer hears everything for itself. */
static enum amdvi_status observe(struct amdvi_replay *replay)
{
    struct amdvi_observer own = {.context = replay, .event = on_event};
    enum amdvi_status status = amdvi_observer_attach(replay->device, &own, &replay->observation);

    if (status == AMDVI_OK && replay->options.observer)
        status = amdvi_observe(replay->device, replay->options.observer);
    return status;
}

enum amdvi_replay_status replay_start(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct amdvi_callbacks callbacks = {.context = replay,
                                        .interrupt = on_interrupt,
                                        .atc_invalidate = on_atc_invalidate,
                                        .prg_response = on_prg_response};
    struct amdvi_memory memory = {
        .read = port_read, .write = port_write, .compare_exchange = port_compare_exchange};
    uint64_t autorun = 1;
    enum amdvi_status status;

    if (replay->device)
        return AMDVI_REPLAY_OK;
    if (apply_settings(replay, record) || create_memory(replay, record))
        return AMDVI_REPLAY_ERROR;
    amdvi_config_number(replay->config, "autorun", &autorun);
    replay->autorun = autorun;
    memory.context = replay->memory;
    status = amdvi_create(replay->config, &memory, &callbacks, NULL, &replay->device);
    if (status == AMDVI_OK)
        status = observe(replay);
    if (status == AMDVI_OK)
        status = replay_lint_start(replay);
    if (status == AMDVI_OK)
        status = replay_time_start(replay);
    return status == AMDVI_OK ? AMDVI_REPLAY_OK
                              : replay_fail(replay, record, "device: %s", amdvi_status_text(status));
}

enum amdvi_replay_status replay_reset(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    enum amdvi_status status = amdvi_reset(replay->device);

    return status == AMDVI_OK ? AMDVI_REPLAY_OK
                              : replay_fail(replay, record, "%s", amdvi_status_text(status));
}

enum amdvi_replay_status replay_run(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    enum amdvi_status status = replay->time.timed ? replay_time_run(replay) : amdvi_run(replay->device);

    return status == AMDVI_OK ? AMDVI_REPLAY_OK
                              : replay_fail(replay, record, "%s", amdvi_status_text(status));
}

/* A buffer of the player, at least `bytes` long; null when there is no memory. */
uint8_t *replay_room(struct amdvi_replay *replay, size_t bytes)
{
    uint8_t *data;

    if (bytes <= replay->data_room)
        return replay->data;
    data = realloc(replay->data, bytes);
    if (!data)
        return NULL;
    replay->data = data;
    replay->data_room = bytes;
    return data;
}
