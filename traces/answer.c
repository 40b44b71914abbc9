// SPDX-License-Identifier: Apache-2.0
/* What came out of a request, as the record that would check it. */
#include "traces/replay_internal.h"

#include <stdio.h>

uint64_t answer_flags(const struct amdvi_fault *fault)
{
    return fault->flags | (uint64_t)fault->vflags << 20;
}

uint64_t answer_reply(const struct amdvi_fault *fault)
{
    switch (fault->reply) {
    case AMDVI_REPLY_DROP:
        return AMDVI_TRACE_REPLY_DROP;
    case AMDVI_REPLY_ZERO:
        return AMDVI_TRACE_REPLY_ZERO;
    default:
        return AMDVI_TRACE_REPLY_ABORT;
    }
}

/* The flags of a refused page request by their own names (7.3, 7.7): bits 59:48 mean something else there. */
uint64_t answer_page_flags(uint64_t flags)
{
    static const uint64_t names[][2] = {
        {AMDVI_TRACE_PPR_X, AMDVI_TRACE_FLAG_X},           {AMDVI_TRACE_PPR_R, AMDVI_TRACE_FLAG_R},
        {AMDVI_TRACE_PPR_W, AMDVI_TRACE_FLAG_W},           {AMDVI_TRACE_PPR_US, AMDVI_TRACE_FLAG_US},
        {AMDVI_TRACE_PPR_RZ, AMDVI_TRACE_FLAG_RZ},         {AMDVI_TRACE_INVALID_PPR_GN, AMDVI_TRACE_FLAG_GN},
        {AMDVI_TRACE_INVALID_PPR_RX, AMDVI_TRACE_FLAG_RX},
    };
    uint64_t named = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        named |= flags & names[i][0] ? names[i][1] : 0;
    return named;
}

static void state_fault(const struct amdvi_fault *fault, uint64_t flags, struct amdvi_trace_record *record)
{
    amdvi_trace_record_init(record, AMDVI_TRACE_KIND_FAULT);
    if (fault->event) {
        amdvi_trace_set(record, AMDVI_TRACE_KEY_KIND, fault->event);
        amdvi_trace_set(record, AMDVI_TRACE_KEY_FLAGS, flags);
    }
    amdvi_trace_set(record, AMDVI_TRACE_KEY_REPLY, answer_reply(fault));
}

void answer_fault(const struct amdvi_fault *fault, struct amdvi_trace_record *record)
{
    state_fault(fault, answer_flags(fault), record);
}

void answer_translation(const struct amdvi_result *result, struct amdvi_trace_record *record)
{
    if (!result->ok) {
        answer_fault(&result->fault, record);
        return;
    }
    amdvi_trace_record_init(record, AMDVI_TRACE_KIND_OK);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_PERM, result->perm);
    if (!result->perm)
        return;
    amdvi_trace_set(record, AMDVI_TRACE_KEY_PA, result->pa);
    if (result->identity)
        return;
    amdvi_trace_set(record, AMDVI_TRACE_KEY_LEN, result->covered);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, result->size);
}

void answer_message(const struct amdvi_int_result *m, struct amdvi_trace_record *record, char *data,
                    size_t size)
{
    if (!m->ok) {
        answer_fault(&m->fault, record);
        return;
    }
    amdvi_trace_record_init(record, AMDVI_TRACE_KIND_OK);
    if (m->posted)
        return;
    snprintf(data, size, "0x%x", m->data);
    record->data_text = data;
    record->have |= AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_DATA);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, m->address);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_VECTOR, m->vector);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEST, m->destination);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_MODE, m->logical);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_TYPE, m->type);
}

void answer_page_request(const struct amdvi_page_request_result *result, struct amdvi_trace_record *record)
{
    amdvi_trace_record_init(record, AMDVI_TRACE_KIND_OK);
    if (!result->ok)
        state_fault(&result->fault,
                    answer_page_flags(answer_flags(&result->fault)) & ~(uint64_t)AMDVI_TRACE_FLAG_RX, record);
}
