// SPDX-License-Identifier: Apache-2.0
/* What follows from an action: log records, interrupts, and what reaches devices. */
#include "traces/recorder_internal.h"

#include <string.h>

struct amdvi_trace_record *recorder_expect(struct amdvi_recorder *recorder, enum amdvi_trace_kind kind,
                                           const uint64_t raw[2])
{
    struct list *list = &recorder->action.expected;
    struct expected *new, empty;

    memset(&empty, 0, sizeof(empty));
    amdvi_trace_record_init(&empty.record, kind);
    if (!list_add(list, &empty)) {
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
        return NULL;
    }
    new = (struct expected *)list->items + list->count - 1;
    for (unsigned i = 0; raw && i < sizeof(new->raw); i++)
        new->raw[i] = (uint8_t)(raw[i / 8] >> i % 8 * 8);
    if (raw) /* the bytes move with the list: they are pointed to when they are written */
        amdvi_trace_set_bytes(&new->record, AMDVI_TRACE_KEY_RAW, new->raw, sizeof(new->raw));
    return &new->record;
}

/* ---------------------------------------------------------------- log records */

static uint64_t field(const char *layout, const char *name, const uint64_t record[2])
{
    const struct amdvi_field *found = amdvi_layout_field(amdvi_layout_find(layout), name);

    return found ? amdvi_field_get(found, record) : 0;
}

static void set_fields(struct amdvi_trace_record *record, const struct amdvi_event_info *info)
{
    switch (info->log) {
    case AMDVI_LOG_EVENT:
        if (amdvi_event_name((unsigned)field("evt", "Code", info->record)))
            amdvi_trace_set(record, AMDVI_TRACE_KEY_KIND, field("evt", "Code", info->record));
        break;
    case AMDVI_LOG_PPR:
        amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, field("ppr", "DeviceID", info->record));
        amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, field("ppr", "Address", info->record));
        amdvi_trace_set(record, AMDVI_TRACE_KEY_TAG, field("ppr", "PRGIndex", info->record));
        break;
    default:
        amdvi_trace_set(record, AMDVI_TRACE_KEY_TAG, field("ga", "GATag", info->record));
        amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, field("ga", "DeviceID", info->record));
        break;
    }
}

void recorder_event(struct amdvi_recorder *recorder, const struct amdvi_event_info *info)
{
    static const enum amdvi_trace_kind kinds[] = {[AMDVI_LOG_EVENT] = AMDVI_TRACE_KIND_EXPECT_EVENT,
                                                  [AMDVI_LOG_PPR] = AMDVI_TRACE_KIND_EXPECT_PPR,
                                                  [AMDVI_LOG_GA] = AMDVI_TRACE_KIND_EXPECT_GA};
    struct amdvi_trace_record *record;

    if (!info->logged)
        return;
    record = recorder_expect(recorder, kinds[info->log], info->log == AMDVI_LOG_EVENT ? info->record : NULL);
    if (!record)
        return;
    if (info->log != AMDVI_LOG_GA)
        amdvi_trace_set(record, AMDVI_TRACE_KEY_LOG, info->guest ? info->guest_id : AMDVI_TRACE_LOG_HOST);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_INDEX, info->index);
    set_fields(record, info);
}

void recorder_forget_guests(struct amdvi_recorder *recorder)
{
    struct list *list = &recorder->action.expected;

    for (size_t i = list->count; i-- > 0;) {
        const struct amdvi_trace_record *record = &((struct expected *)list->items)[i].record;
        if (amdvi_trace_has(record, AMDVI_TRACE_KEY_LOG) &&
            record->num[AMDVI_TRACE_KEY_LOG] != AMDVI_TRACE_LOG_HOST)
            list_remove(list, i);
    }
}

/* ---------------------------------------------------------------- interrupts */

static int kind_of(enum amdvi_irq_cause cause)
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
    default: /* a doorbell of a posted interrupt is no interrupt of the IOMMU */
        return -1;
    }
}

static void count_guest(struct amdvi_recorder *recorder, uint16_t gid, uint8_t kind)
{
    struct list *list = &recorder->action.guests;
    struct guest_raised *all = list->items;

    for (size_t i = 0; i < list->count; i++)
        if (all[i].gid == gid && all[i].kind == kind) {
            all[i].count++;
            return;
        }
    if (!list_add(list, &(struct guest_raised){.gid = gid, .kind = kind, .count = 1}))
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
}

void recorder_irq(struct amdvi_recorder *recorder, const struct amdvi_irq *irq)
{
    int kind = kind_of(irq->cause);

    if (kind < 0)
        return;
    if (irq->guest) {
        count_guest(recorder, irq->guest_id, (uint8_t)kind);
        return;
    }
    recorder->action.raised[kind]++;
    recorder->action.raised[AMDVI_TRACE_IRQ_MSI] += irq->deliverable;
}

static void expect_irq(struct amdvi_recorder *recorder, unsigned kind, uint64_t count, const uint16_t *gid)
{
    struct amdvi_trace_record record;

    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_EXPECT_IRQ);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_KIND, kind);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_COUNT, count);
    if (gid)
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_GID, *gid);
    recorder_write(recorder, &record);
    recorder->statistics.expectations++;
}

void recorder_expect_irqs(struct amdvi_recorder *recorder)
{
    const struct guest_raised *guests = recorder->action.guests.items;

    for (unsigned kind = 0; kind < RECORDER_IRQ_KINDS; kind++)
        if (recorder->action.raised[kind])
            expect_irq(recorder, kind, recorder->action.raised[kind], NULL);
    for (size_t i = 0; i < recorder->action.guests.count; i++)
        expect_irq(recorder, guests[i].kind, guests[i].count, &guests[i].gid);
}
