// SPDX-License-Identifier: Apache-2.0
/* Requests and the expectations that speak of the request just above (trace rules 1 to 10, 14). */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t num(const struct amdvi_trace_record *record, enum amdvi_trace_key key)
{
    return amdvi_trace_num(record, key, 0);
}

/* ---------------------------------------------------------------- making requests */

static struct amdvi_request dma_request(const struct amdvi_trace_record *record)
{
    static const uint8_t op[] = {[AMDVI_TRACE_OP_READ] = AMDVI_READ,
                                 [AMDVI_TRACE_OP_WRITE] = AMDVI_WRITE,
                                 [AMDVI_TRACE_OP_EXEC] = AMDVI_EXECUTE,
                                 [AMDVI_TRACE_OP_ATOMIC] = AMDVI_ATOMIC};

    return (struct amdvi_request){
        .device = (uint16_t)num(record, AMDVI_TRACE_KEY_DEV),
        .address = num(record, AMDVI_TRACE_KEY_ADDR),
        .length = num(record, AMDVI_TRACE_KEY_LEN),
        .op = op[num(record, AMDVI_TRACE_KEY_OP) & 3],
        .at = num(record, AMDVI_TRACE_KEY_AT) == AMDVI_TRACE_AT_TRANSLATED ? AMDVI_TRANSLATED
                                                                           : AMDVI_UNTRANSLATED,
        .has_pasid = amdvi_trace_has(record, AMDVI_TRACE_KEY_PASID),
        .pasid = (uint32_t)num(record, AMDVI_TRACE_KEY_PASID),
        .privileged = num(record, AMDVI_TRACE_KEY_PRIV),
    };
}

static struct amdvi_request ats_request(const struct amdvi_trace_record *record)
{
    struct amdvi_request rq = dma_request(record);

    rq.op = AMDVI_READ;
    rq.at = AMDVI_TRANSLATION_REQUEST;
    rq.length = amdvi_trace_num(record, AMDVI_TRACE_KEY_LEN, 1);
    rq.no_write = num(record, AMDVI_TRACE_KEY_NW);
    rq.execute = num(record, AMDVI_TRACE_KEY_EXEC);
    return rq;
}

bool amdvi_replay_request(const struct amdvi_trace_record *record, struct amdvi_request *request)
{
    if (record->kind != AMDVI_TRACE_KIND_DMA && record->kind != AMDVI_TRACE_KIND_ATS)
        return false;
    *request = record->kind == AMDVI_TRACE_KIND_ATS ? ats_request(record) : dma_request(record);
    return !amdvi_request_is_interrupt(request);
}

/* Answered with its result in `last`, under time or at once. */
static enum amdvi_status translate(struct amdvi_replay *replay)
{
    struct last_request *last = &replay->last;
    enum amdvi_status status;

    if (!replay->time.timed)
        return amdvi_translate(replay->device, &last->rq, &last->result);
    status = replay_time_translate(&replay->time, &last->rq);
    last->answered = replay->time.answered;
    return status;
}

/* Without data= a request is only a translation check; a write with data= changes memory (rule 1). */
static enum amdvi_status perform(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct last_request *last = &replay->last;
    bool timed = replay->time.timed, moves = record->bytes && last->rq.op == AMDVI_WRITE;
    enum amdvi_status status = timed || !moves ? translate(replay) : AMDVI_OK;
    uint8_t *data;

    if (status || !moves || (timed && !last->result.ok))
        return status;
    data = replay_room(replay, record->bytes_len);
    if (!data)
        return AMDVI_ERR_NO_MEMORY;
    memcpy(data, record->bytes, record->bytes_len);
    return amdvi_dma(replay->device, &last->rq, data, &last->result);
}

/* The only range that the grammar leaves to the device. */
static enum amdvi_replay_status wrong_length(struct amdvi_replay *replay,
                                             const struct amdvi_trace_record *record)
{
    uint64_t addr = replay->last.rq.address, len = replay->last.rq.length, most = (uint64_t)1 << 30;

    if (len == 0 || len > most)
        return replay_fail(replay, record, "len=0x%" PRIx64 ": a request has 1 to 0x%" PRIx64 " bytes", len,
                           most);
    return replay_fail(replay, record, "len=0x%" PRIx64 " leads from addr=0x%" PRIx64 " beyond 64 bits", len,
                       addr);
}

static enum amdvi_replay_status
finish_request(struct amdvi_replay *replay, const struct amdvi_trace_record *record, enum amdvi_status status)
{
    replay->counts.translations++;
    replay->last.data_failed = status == AMDVI_ERR_MEMORY;
    if (status == AMDVI_ERR_ARGUMENT)
        return wrong_length(replay, record);
    if (status != AMDVI_OK && status != AMDVI_ERR_MEMORY)
        return replay_fail(replay, record, "request: %s", amdvi_status_text(status));
    return AMDVI_REPLAY_OK;
}

static enum amdvi_replay_status interrupt(struct amdvi_replay *replay,
                                          const struct amdvi_trace_record *record, uint32_t data)
{
    enum amdvi_status status;

    replay->last.kind = REQUEST_INT;
    replay->counts.interrupts++;
    if (replay->time.timed)
        status = replay_time_interrupt(&replay->time, (uint16_t)num(record, AMDVI_TRACE_KEY_DEV),
                                       num(record, AMDVI_TRACE_KEY_ADDR), data);
    else
        status = amdvi_interrupt(replay->device, (uint16_t)num(record, AMDVI_TRACE_KEY_DEV),
                                 num(record, AMDVI_TRACE_KEY_ADDR), data, &replay->last.message);
    replay->last.answered = replay->time.answered;
    return status == AMDVI_OK ? AMDVI_REPLAY_OK
                              : replay_fail(replay, record, "interrupt: %s", amdvi_status_text(status));
}

/* The data of a message as it lies in memory; without any it is 0. */
static uint32_t message_data(const struct amdvi_trace_record *record)
{
    uint32_t data = 0;

    for (size_t i = 0; record->bytes && i < record->bytes_len; i++)
        data |= (uint32_t)record->bytes[i] << 8 * i;
    return data;
}

static enum amdvi_replay_status do_dma(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct last_request *last = &replay->last;

    last->kind = REQUEST_DMA;
    last->rq = dma_request(record);
    if (record->bytes && last->rq.op == AMDVI_WRITE && record->bytes_len != last->rq.length)
        return replay_fail(replay, record, "data has %zu bytes, len says %llu", record->bytes_len,
                           (unsigned long long)last->rq.length);
    if (amdvi_request_is_interrupt(&last->rq)) /* a write of 4 bytes to the interrupt range (rule 9) */
        return interrupt(replay, record, message_data(record));
    return finish_request(replay, record, perform(replay, record));
}

static enum amdvi_replay_status do_ats(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct last_request *last = &replay->last;

    last->kind = REQUEST_DMA;
    last->rq = ats_request(record);
    return finish_request(replay, record, translate(replay));
}

static enum amdvi_replay_status do_int(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    return interrupt(replay, record, (uint32_t)num(record, AMDVI_TRACE_KEY_DATA));
}

static enum amdvi_replay_status do_pri(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct amdvi_page_request rq = {
        .device = (uint16_t)num(record, AMDVI_TRACE_KEY_DEV),
        .address = num(record, AMDVI_TRACE_KEY_ADDR),
        .prg_index = (uint16_t)num(record, AMDVI_TRACE_KEY_TAG),
        .has_pasid = amdvi_trace_has(record, AMDVI_TRACE_KEY_PASID),
        .pasid = (uint32_t)num(record, AMDVI_TRACE_KEY_PASID),
        .privileged = num(record, AMDVI_TRACE_KEY_PRIV),
        .read = num(record, AMDVI_TRACE_KEY_R),
        .write = num(record, AMDVI_TRACE_KEY_W),
        .execute = num(record, AMDVI_TRACE_KEY_X),
        .last = num(record, AMDVI_TRACE_KEY_LAST),
    };
    enum amdvi_status status = replay->time.timed
                                   ? replay_time_page_request(&replay->time, &rq)
                                   : amdvi_page_request(replay->device, &rq, &replay->last.page);

    replay->last.answered = replay->time.answered;
    replay->last.kind = REQUEST_PRI;
    return status == AMDVI_OK ? AMDVI_REPLAY_OK
                              : replay_fail(replay, record, "page request: %s", amdvi_status_text(status));
}

/* The record outlives the reader's buffers only in its numbers: texts and bytes are left behind. */
static void remember(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    replay->last = (struct last_request){.record = *record};
    replay->last.record.bytes = NULL;
    replay->last.record.bytes_len = 0;
    replay->last.record.comment = replay->last.record.vm = replay->last.record.cpu = NULL;
    replay->last.record.have &= ~(AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_VM) | AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_CPU));
}

enum amdvi_replay_status replay_request(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    replay_state_result(replay);
    remember(replay, record);
    switch (record->kind) {
    case AMDVI_TRACE_KIND_DMA:
        return do_dma(replay, record);
    case AMDVI_TRACE_KIND_ATS:
        return do_ats(replay, record);
    case AMDVI_TRACE_KIND_INT:
        return do_int(replay, record);
    default:
        return do_pri(replay, record);
    }
}

/* ---------------------------------------------------------------- what came out, as a record */

static const struct amdvi_fault *last_fault(const struct last_request *last)
{
    switch (last->kind) {
    case REQUEST_INT:
        return &last->message.fault;
    case REQUEST_PRI:
        return &last->page.fault;
    default:
        return &last->result.fault;
    }
}

static bool last_ok(const struct last_request *last)
{
    switch (last->kind) {
    case REQUEST_INT:
        return last->message.ok;
    case REQUEST_PRI:
        return last->page.ok;
    default:
        return last->result.ok && !last->data_failed;
    }
}

/* A request that nobody spoke of: its result as the record that would check it (--check). */
void replay_state_result(struct amdvi_replay *replay)
{
    struct last_request *last = &replay->last;
    struct amdvi_trace_record record;
    char data[32];

    if (last->kind == REQUEST_NONE || last->stated || !replay->options.state_results ||
        !replay->options.result)
        return;
    last->stated = true;
    if (last->kind == REQUEST_INT)
        answer_message(&last->message, &record, data, sizeof(data));
    else if (last->kind == REQUEST_PRI)
        answer_page_request(&last->page, &record);
    else if (last->data_failed)
        answer_fault(&last->result.fault, &record);
    else
        answer_translation(&last->result, &record);
    if (replay->time.timed)
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_T, last->answered);
    replay->options.result(replay->options.context, &last->record, &record);
}

/* ---------------------------------------------------------------- checking */

static void check_key(struct check *check, const struct amdvi_trace_record *record, enum amdvi_trace_key key,
                      uint64_t got)
{
    if (amdvi_trace_has(record, key))
        check_number(check, amdvi_trace_key_name(key), record->num[key], got);
}

static void perm_text(uint64_t perm, char text[4])
{
    unsigned n = 0;

    if (perm & AMDVI_TRACE_PERM_R)
        text[n++] = 'r';
    if (perm & AMDVI_TRACE_PERM_W)
        text[n++] = 'w';
    if (perm & AMDVI_TRACE_PERM_X)
        text[n++] = 'x';
    if (n == 0)
        text[n++] = '-';
    text[n] = 0;
}

static void check_perm(struct check *check, const struct amdvi_trace_record *record, uint8_t got)
{
    char expected[4], actual[4];

    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_PERM))
        return;
    perm_text(record->num[AMDVI_TRACE_KEY_PERM], expected);
    perm_text(got, actual);
    check_text(check, "perm", expected, actual);
}

/* data= of a read: the bytes that are there now, which nothing has changed since the request. */
static void check_data(struct amdvi_replay *replay, struct check *check,
                       const struct amdvi_trace_record *record)
{
    struct last_request *last = &replay->last;
    struct amdvi_result again;
    uint8_t *data;

    if (!record->bytes || record->bytes_len != last->rq.length) {
        check_fail(check, "data of the request's length", "something else");
        return;
    }
    data = replay_room(replay, record->bytes_len);
    if (!data || last->rq.op == AMDVI_WRITE || last->rq.at == AMDVI_TRANSLATION_REQUEST) {
        check_fail(check, "data", "no data to read");
        return;
    }
    if (amdvi_dma(replay->device, &last->rq, data, &again) == AMDVI_OK && again.ok)
        check_bytes(check, "data", record->bytes, data, record->bytes_len);
    else
        check_fail(check, "data", "memory failed");
}

static void check_translation(struct amdvi_replay *replay, struct check *check,
                              const struct amdvi_trace_record *record)
{
    const struct amdvi_result *result = &replay->last.result;

    check_key(check, record, AMDVI_TRACE_KEY_PA, result->pa);
    check_perm(check, record, result->perm);
    if (!result->identity) {
        check_key(check, record, AMDVI_TRACE_KEY_LEN, result->covered);
        check_key(check, record, AMDVI_TRACE_KEY_SIZE, result->size);
    }
    if (record->data_text)
        check_data(replay, check, record);
}

static void check_message(struct amdvi_replay *replay, struct check *check,
                          const struct amdvi_trace_record *record)
{
    const struct amdvi_int_result *m = &replay->last.message;
    uint64_t data;

    check_key(check, record, AMDVI_TRACE_KEY_ADDR, m->address);
    check_key(check, record, AMDVI_TRACE_KEY_PA, m->address); /* of a dma that is an interrupt */
    if (amdvi_trace_ok_int_data(record, &data))
        check_number(check, "data", data, m->data);
    check_key(check, record, AMDVI_TRACE_KEY_VECTOR, m->vector);
    check_key(check, record, AMDVI_TRACE_KEY_DEST, m->destination);
    check_key(check, record, AMDVI_TRACE_KEY_MODE, m->logical);
    check_key(check, record, AMDVI_TRACE_KEY_TYPE, m->type);
}

static const char *event_text(unsigned code)
{
    const char *name = amdvi_event_name(code);

    return name ? name : "none";
}

static void describe_fault(const struct last_request *last, char *text, size_t size)
{
    const struct amdvi_fault *fault = last_fault(last);

    snprintf(text, size, "fault kind=%s (%s)", event_text(fault->event),
             last->data_failed ? "memory failed" : amdvi_reason_text(fault->reason));
}

static void check_ok(struct amdvi_replay *replay, struct check *check,
                     const struct amdvi_trace_record *record)
{
    char got[160];

    if (!last_ok(&replay->last)) {
        describe_fault(&replay->last, got, sizeof(got));
        check_fail(check, "ok", got);
    } else if (replay->last.kind == REQUEST_DMA) {
        check_translation(replay, check, record);
    } else if (replay->last.kind == REQUEST_INT) {
        check_message(replay, check, record);
    }
}

static void check_reply(struct check *check, const struct amdvi_trace_record *record, uint64_t got)
{
    static const char *const names[] = {[AMDVI_TRACE_REPLY_ABORT] = "abort",
                                        [AMDVI_TRACE_REPLY_ZERO] = "zero",
                                        [AMDVI_TRACE_REPLY_DROP] = "drop"};

    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_REPLY))
        check_text(check, "reply", names[record->num[AMDVI_TRACE_KEY_REPLY] % 3], names[got % 3]);
}

void check_flags(struct check *check, const struct amdvi_trace_record *record, unsigned event, uint64_t got)
{
    enum { INVALID_PPR_REQUEST = 9 };
    char expected[128], actual[128];

    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_FLAGS))
        return;
    if (event == INVALID_PPR_REQUEST && record->num[AMDVI_TRACE_KEY_FLAGS] != got)
        got = answer_page_flags(got);
    if (record->kind == AMDVI_TRACE_KIND_FAULT && event == INVALID_PPR_REQUEST)
        got &= record->num[AMDVI_TRACE_KEY_FLAGS] | ~(uint64_t)AMDVI_TRACE_FLAG_RX;
    amdvi_trace_flags_text(record->num[AMDVI_TRACE_KEY_FLAGS], expected, sizeof(expected));
    amdvi_trace_flags_text(got, actual, sizeof(actual));
    check_text(check, "flags", expected, actual);
}

static void check_fault(struct amdvi_replay *replay, struct check *check,
                        const struct amdvi_trace_record *record)
{
    const struct amdvi_fault *fault = last_fault(&replay->last);

    if (last_ok(&replay->last)) {
        check_fail(check, "fault", "ok");
        return;
    }
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_KIND))
        check_text(check, "kind", event_text((unsigned)record->num[AMDVI_TRACE_KEY_KIND]),
                   event_text(fault->event));
    check_reply(check, record, answer_reply(fault));
    check_flags(check, record, fault->event, answer_flags(fault));
}

enum amdvi_replay_status replay_answer(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct check check = {0};

    if (replay->last.kind == REQUEST_NONE)
        return replay_fail(replay, record, "no request above");
    if (replay->last.stated)
        return replay_fail(replay, record,
                           "the request on line %" PRIu64 " has its expectation already, on line %" PRIu64,
                           replay->last.record.line, replay->last.stated_line);
    replay->last.stated = true;
    replay->last.stated_line = record->line;
    if (record->kind == AMDVI_TRACE_KIND_OK)
        check_ok(replay, &check, record);
    else
        check_fault(replay, &check, record);
    check_report(replay, record, replay->last.kind == REQUEST_INT ? CHECK_INTERRUPT : CHECK_TRANSLATION,
                 &check);
    return AMDVI_REPLAY_OK;
}
