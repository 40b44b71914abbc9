// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/sender.h"

namespace amdvi::face
{

void sender::send(tlm::tlm_generic_payload &payload, owner &who, void *what)
{
    under_way_.insert(&payload, {&who, what, false, false});
    waiting_.push_back(&payload);
    next();
}

void sender::next()
{
    if (sending_)
        return;
    sending_ = true;
    while (!requesting_ && !waiting_.empty()) {
        tlm::tlm_generic_payload *payload = waiting_.front();
        waiting_.pop_front();
        begin_request(payload);
    }
    sending_ = false;
}

void sender::begin_request(tlm::tlm_generic_payload *payload)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

    requesting_ = payload;
    accepting_ = false;
    if (!target_) {
        payload->set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        responded(payload, delay, true, false);
        return;
    }
    switch (target_->nb_transport_fw(*payload, phase, delay)) {
    case tlm::TLM_COMPLETED:
        responded(payload, delay, true, false);
        break;
    case tlm::TLM_UPDATED:
        if (phase == tlm::END_REQ)
            accepted(payload, delay);
        else if (phase == tlm::BEGIN_RESP)
            responded(payload, delay, false, true);
        break;
    default:
        break;
    }
}

void sender::accepted(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay)
{
    if (requesting_ != payload || accepting_)
        return;
    if (delay == sc_core::SC_ZERO_TIME && (waiting_.empty() || sending_)) {
        requesting_ = nullptr;
        return;
    }
    accepting_ = true;
    times_.after(
        delay,
        [](void *self, void *what) {
            static_cast<sender *>(self)->free_channel(static_cast<tlm::tlm_generic_payload *>(what));
        },
        this, payload);
}

void sender::responded(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay, bool at_once,
                       bool wants_end)
{
    transaction *const found = under_way_.find(payload);

    if (!found || found->responded)
        return;
    found->responded = true;
    found->wants_end = wants_end;
    if (delay == sc_core::SC_ZERO_TIME && at_once) {
        close(payload);
        return;
    }
    times_.after(
        delay,
        [](void *self, void *what) {
            static_cast<sender *>(self)->finish(static_cast<tlm::tlm_generic_payload *>(what));
        },
        this, payload);
}

void sender::free_channel(const tlm::tlm_generic_payload *payload)
{
    if (requesting_ != payload)
        return;
    requesting_ = nullptr;
    next();
}

/* The response came as the return of our own call: its end is a call of its own. */
void sender::end_response(tlm::tlm_generic_payload &payload)
{
    tlm::tlm_phase phase = tlm::END_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

    target_->nb_transport_fw(payload, phase, delay);
}

/* A response without END_REQ before ends the request, too. */
void sender::close(tlm::tlm_generic_payload *payload)
{
    const transaction ended = *under_way_.find(payload);

    under_way_.erase(payload);
    if (requesting_ == payload)
        requesting_ = nullptr;
    if (ended.wants_end)
        end_response(*payload);
    ended.who->finished(*payload, ended.what);
}

void sender::finish(tlm::tlm_generic_payload *payload)
{
    close(payload);
    next();
}

/* END_RESP is given at once: it is the return of this call. */
tlm::tlm_sync_enum sender::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                           sc_core::sc_time &delay)
{
    if (phase == tlm::END_REQ)
        accepted(&payload, delay);
    if (phase != tlm::BEGIN_RESP)
        return tlm::TLM_ACCEPTED;
    responded(&payload, delay, !sending_ && waiting_.empty(), false);
    return tlm::TLM_COMPLETED;
}

void sender::invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last)
{
    if (on_invalidate)
        on_invalidate(first, last);
}

} // namespace amdvi::face
