// SPDX-License-Identifier: Apache-2.0
/* What a recorder hears of its device, turned into records. */
#include "traces/recorder_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set(struct amdvi_trace_record *record, enum amdvi_trace_key key, uint64_t value)
{
    amdvi_trace_set(record, key, value);
}

/* Keys that say "no" by being absent. */
static void set_if(struct amdvi_trace_record *record, enum amdvi_trace_key key, bool value)
{
    if (value)
        amdvi_trace_set(record, key, 1);
}

/* ---------------------------------------------------------------- calls */

static void say(struct amdvi_recorder *recorder, const char *what, uint64_t value)
{
    char text[96];

    snprintf(text, sizeof(text), " %s %" PRIu64, what, value);
    amdvi_recorder_comment(recorder, text);
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    struct amdvi_recorder *recorder = context;

    recorder_flush(recorder);
    switch (info->call) {
    case AMDVI_CALL_RUN:
        recorder_act(recorder, AMDVI_TRACE_KIND_RUN);
        break;
    case AMDVI_CALL_RESET:
        recorder_act(recorder, AMDVI_TRACE_KIND_RESET);
        break;
    case AMDVI_CALL_MAP_FILL:
        recorder->action.fill = *info;
        recorder->action.filling = true;
        recorder->statistics.actions++;
        break;
    case AMDVI_CALL_ADVANCE:
        say(recorder, "nanoseconds that the device's clock moves on:", info->value);
        break;
    case AMDVI_CALL_ATC_COMPLETE:
        say(recorder, "a device completes its invalidation with tag", info->value);
        break;
    case AMDVI_CALL_RESTORE:
    case AMDVI_CALL_GUEST_RESTORE:
        recorder->statistics.inexact++;
        say(recorder, "saved state is restored; of guest", info->guest_id);
        break;
    default: /* the access or request itself is told, too */
        break;
    }
}

static void on_access(void *context, const struct amdvi_access_info *info)
{
    recorder_access(context, info);
}

/* ---------------------------------------------------------------- registers */

static struct amdvi_trace_record *access_record(struct amdvi_recorder *recorder, enum amdvi_trace_kind kind,
                                                uint64_t offset, unsigned size, uint64_t value)
{
    struct amdvi_trace_record *record = recorder_act(recorder, kind);

    set(record, AMDVI_TRACE_KEY_OFF, offset);
    set(record, AMDVI_TRACE_KEY_SIZE, size);
    set(record, AMDVI_TRACE_KEY_VALUE, value);
    return record;
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    access_record(context, write ? AMDVI_TRACE_KIND_MMIO_WRITE : AMDVI_TRACE_KIND_MMIO_READ, offset, size,
                  value);
}

static void on_pci(void *context, bool write, unsigned offset, unsigned size, uint64_t value)
{
    enum amdvi_trace_kind kind = write ? AMDVI_TRACE_KIND_PCI_WRITE : AMDVI_TRACE_KIND_PCI_READ;

    if (size < 8) {
        access_record(context, kind, offset, size, value);
        return;
    }
    access_record(context, kind, offset, 4, value & UINT32_MAX);
    access_record(context, kind, offset + 4, 4, value >> 32);
}

static void on_guest_mmio(void *context, uint16_t guest_id, bool control, bool write, uint64_t offset,
                          unsigned size, uint64_t value)
{
    enum amdvi_trace_kind vf = write ? AMDVI_TRACE_KIND_VF_WRITE : AMDVI_TRACE_KIND_VF_READ;
    enum amdvi_trace_kind vfc = write ? AMDVI_TRACE_KIND_VFC_WRITE : AMDVI_TRACE_KIND_VFC_READ;

    set(access_record(context, control ? vfc : vf, offset, size, value), AMDVI_TRACE_KEY_GID, guest_id);
}

/* ---------------------------------------------------------------- requests */

static void set_dma(struct amdvi_trace_record *record, const struct amdvi_request *rq)
{
    static const uint8_t op[] = {[AMDVI_READ] = AMDVI_TRACE_OP_READ,
                                 [AMDVI_WRITE] = AMDVI_TRACE_OP_WRITE,
                                 [AMDVI_EXECUTE] = AMDVI_TRACE_OP_EXEC,
                                 [AMDVI_ATOMIC] = AMDVI_TRACE_OP_ATOMIC};

    set(record, AMDVI_TRACE_KEY_OP, op[rq->op & 3]);
    if (rq->at == AMDVI_TRANSLATED)
        set(record, AMDVI_TRACE_KEY_AT, AMDVI_TRACE_AT_TRANSLATED);
}

static void set_ats(struct amdvi_trace_record *record, const struct amdvi_request *rq)
{
    set_if(record, AMDVI_TRACE_KEY_NW, rq->no_write);
    set_if(record, AMDVI_TRACE_KEY_EXEC, rq->execute);
}

static void on_request(void *context, const struct amdvi_request *rq, const struct amdvi_result *result)
{
    struct amdvi_recorder *recorder = context;
    bool ats = rq->at == AMDVI_TRANSLATION_REQUEST;
    struct amdvi_trace_record *record;

    if (recorder->action.records) /* a cached answer comes without a call before it */
        recorder_flush(recorder);
    record = recorder_act(recorder, ats ? AMDVI_TRACE_KIND_ATS : AMDVI_TRACE_KIND_DMA);
    set(record, AMDVI_TRACE_KEY_DEV, rq->device);
    set(record, AMDVI_TRACE_KEY_ADDR, rq->address);
    set(record, AMDVI_TRACE_KEY_LEN, rq->length);
    if (rq->has_pasid)
        set(record, AMDVI_TRACE_KEY_PASID, rq->pasid);
    set_if(record, AMDVI_TRACE_KEY_PRIV, rq->privileged);
    if (ats)
        set_ats(record, rq);
    else
        set_dma(record, rq);
    recorder->action.takes_data = !ats && rq->op == AMDVI_WRITE && result->ok;
    recorder->action.answered = true;
    answer_translation(result, &recorder->action.answer);
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    struct amdvi_recorder *recorder = context;
    struct amdvi_trace_record *record = recorder_act(recorder, AMDVI_TRACE_KIND_INT);

    set(record, AMDVI_TRACE_KEY_DEV, requester);
    set(record, AMDVI_TRACE_KEY_ADDR, address);
    set(record, AMDVI_TRACE_KEY_DATA, data);
    recorder->action.answered = true;
    answer_message(result, &recorder->action.answer, recorder->action.answer_data,
                   sizeof(recorder->action.answer_data));
}

static void on_page_request(void *context, const struct amdvi_page_request *rq,
                            const struct amdvi_page_request_result *result)
{
    struct amdvi_recorder *recorder = context;
    struct amdvi_trace_record *record = recorder_act(recorder, AMDVI_TRACE_KIND_PRI);

    set(record, AMDVI_TRACE_KEY_DEV, rq->device);
    set(record, AMDVI_TRACE_KEY_ADDR, rq->address);
    set(record, AMDVI_TRACE_KEY_TAG, rq->prg_index & 0x1ff);
    if (rq->has_pasid)
        set(record, AMDVI_TRACE_KEY_PASID, rq->pasid);
    set_if(record, AMDVI_TRACE_KEY_PRIV, rq->privileged);
    set_if(record, AMDVI_TRACE_KEY_R, rq->read);
    set_if(record, AMDVI_TRACE_KEY_W, rq->write);
    set_if(record, AMDVI_TRACE_KEY_X, rq->execute);
    set_if(record, AMDVI_TRACE_KEY_LAST, rq->last);
    recorder->action.answered = true;
    answer_page_request(result, &recorder->action.answer);
}

/* ---------------------------------------------------------------- what follows */

static void on_event(void *context, const struct amdvi_event_info *info)
{
    recorder_event(context, info);
}

/* RESET_VMMIO: the records of that guest's logs are counted anew (viommu 7.1). */
static void on_command(void *context, const struct amdvi_command_info *info)
{
    const struct amdvi_layout *layout = amdvi_layout_of_command((unsigned)(info->words[0] >> 60));

    if (!info->guest && layout && strcmp(layout->name, "cmd_reset_vmmio") == 0)
        recorder_forget_guests(context);
}

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    recorder_irq(context, irq);
}

static void on_atc_invalidate(void *context, const struct amdvi_atc_invalidation *i,
                              enum amdvi_atc_answer answer)
{
    struct amdvi_recorder *recorder = context;
    struct amdvi_trace_record *record = recorder_expect(recorder, AMDVI_TRACE_KIND_EXPECT_ATC_INV, NULL);

    recorder->statistics.inexact += answer == AMDVI_ATC_PENDING;
    if (!record)
        return;
    set(record, AMDVI_TRACE_KEY_DEV, i->device);
    set(record, AMDVI_TRACE_KEY_ADDR, i->address);
    set(record, AMDVI_TRACE_KEY_SIZE, i->size);
    if (i->has_pasid)
        set(record, AMDVI_TRACE_KEY_PASID, i->pasid);
}

static void on_prg_response(void *context, const struct amdvi_prg_response *r)
{
    struct amdvi_trace_record *record = recorder_expect(context, AMDVI_TRACE_KIND_EXPECT_PRG, NULL);

    if (!record)
        return;
    set(record, AMDVI_TRACE_KEY_DEV, r->device);
    set(record, AMDVI_TRACE_KEY_INDEX, r->index);
    set(record, AMDVI_TRACE_KEY_CODE, r->code);
    if (r->has_pasid)
        set(record, AMDVI_TRACE_KEY_PASID, r->pasid);
}

const struct amdvi_observer recorder_observer = {.access = on_access,
                                                 .request = on_request,
                                                 .interrupt = on_interrupt,
                                                 .command = on_command,
                                                 .event = on_event,
                                                 .mmio = on_mmio,
                                                 .guest_mmio = on_guest_mmio,
                                                 .call = on_call,
                                                 .pci = on_pci,
                                                 .page_request = on_page_request,
                                                 .irq = on_irq,
                                                 .atc_invalidate = on_atc_invalidate,
                                                 .prg_response = on_prg_response};
