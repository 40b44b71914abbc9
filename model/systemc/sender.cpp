// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/sender.h"

#include <algorithm>

namespace amdvi::face
{

void sender::send(tlm::tlm_generic_payload &payload, owner &who, void *what)
{
    waiting_.push_back({&payload, &who, what});
    next();
}

bool sender::carry_ahead(tlm::tlm_generic_payload &payload, owner &who, void *what, sc_core::sc_time &delay)
{
    if (!idle()) {
        send(payload, who, what);
        return false;
    }
    sending_ = true;
    const bool ended = begin_request({&payload, &who, what}, delay);
    sending_ = false;
    if (!waiting_.empty())
        next();
    return ended;
}

bool sender::carry(tlm::tlm_generic_payload &payload, owner &who, void *what)
{
    sc_core::sc_time delay;

    if (!carry_ahead(payload, who, what, delay))
        return false;
    if (delay == sc_core::SC_ZERO_TIME)
        return true;
    under_way_.insert(&payload, {&who, what, false, false});
    responded(&payload, delay, false, false);
    return false;
}

void sender::next()
{
    if (sending_)
        return;
    sending_ = true;
    while (!requesting_ && !waiting_.empty()) {
        const request r = waiting_.front();
        sc_core::sc_time delay;
        waiting_.pop_front();
        if (!begin_request(r, delay))
            continue;
        under_way_.insert(r.payload, {r.who, r.what, false, false});
        responded(r.payload, delay, true, false);
    }
    sending_ = false;
}

tlm::tlm_sync_enum sender::call(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                sc_core::sc_time &delay)
{
    if (target_)
        return target_->nb_transport_fw(payload, phase, delay);
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return tlm::TLM_COMPLETED;
}

/* True: the return of this call has ended it. */
bool sender::begin_request(const request &r, sc_core::sc_time &delay)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;

    requesting_ = calling_ = r.payload;
    called_ = {r.who, r.what, false, false};
    const tlm::tlm_sync_enum status = call(*r.payload, phase, delay);
    const bool ended = status == tlm::TLM_COMPLETED && calling_ == r.payload && !called_.responded;
    ended_in_call_ = ended ? std::min<unsigned>(ended_in_call_ + 1, ENOUGH) : 0;
    if (ended)
        requesting_ = nullptr;
    else if (calling_ == r.payload)
        begun(r.payload, status, phase, delay);
    calling_ = nullptr;
    return ended;
}

/* It goes on beyond the call. */
void sender::begun(tlm::tlm_generic_payload *payload, tlm::tlm_sync_enum status, const tlm::tlm_phase &phase,
                   const sc_core::sc_time &delay)
{
    calling_ = nullptr;
    under_way_.insert(payload, called_);
    if (status != tlm::TLM_UPDATED)
        return;
    if (phase == tlm::END_REQ)
        accepted(payload, delay);
    else if (phase == tlm::BEGIN_RESP)
        responded(payload, delay, false, true);
}

sender::transaction *sender::find(tlm::tlm_generic_payload *payload)
{
    return payload == calling_ ? &called_ : under_way_.find(payload);
}

void sender::forget(tlm::tlm_generic_payload *payload)
{
    if (payload == calling_)
        calling_ = nullptr;
    else
        under_way_.erase(payload);
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
        delay, [](void *self, void *) { static_cast<sender *>(self)->free_channel(); }, this, nullptr);
}

void sender::responded(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay, bool at_once,
                       bool wants_end)
{
    transaction *const found = find(payload);

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

void sender::free_channel()
{
    accepting_ = false;
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

/* A response without END_REQ before ends the request, too. An END_REQ that is on its way frees the channel
 * when it comes: whatever is sent next, be it the same payload, is not what it speaks of. */
void sender::close(tlm::tlm_generic_payload *payload)
{
    const transaction ended = *find(payload);

    forget(payload);
    if (requesting_ == payload && !accepting_)
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
    const agenda::visit here(times_);

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
