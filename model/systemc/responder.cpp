// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/responder.h"

namespace amdvi::face
{

void responder::end_request(tlm::tlm_generic_payload &payload, sc_core::sc_time delay)
{
    tlm::tlm_phase phase = tlm::END_REQ;

    initiator_->nb_transport_bw(payload, phase, delay);
}

void responder::respond(tlm::tlm_generic_payload &payload)
{
    waiting_.push_back(&payload);
    next();
}

/* A response that ends at once makes room for the next one in the same loop. */
void responder::next()
{
    if (calling_)
        return;
    calling_ = true;
    while (!responding_ && !waiting_.empty()) {
        responding_ = waiting_.front();
        waiting_.pop_front();
        begin_response(*responding_);
    }
    calling_ = false;
}

void responder::begin_response(tlm::tlm_generic_payload &payload)
{
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

    if (initiator_->nb_transport_bw(payload, phase, delay) != tlm::TLM_ACCEPTED && &payload == responding_)
        ends_after(delay);
}

void responder::ends_after(const sc_core::sc_time &delay)
{
    if (delay == sc_core::SC_ZERO_TIME && (calling_ || waiting_.empty())) {
        ended();
        return;
    }
    times_.after(
        delay,
        [](void *self, void *) {
            static_cast<responder *>(self)->ended();
            static_cast<responder *>(self)->next();
        },
        this, nullptr);
}

void responder::ended()
{
    tlm::tlm_generic_payload *payload = responding_;

    responding_ = nullptr;
    payload->release();
}

tlm::tlm_sync_enum responder::end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    if (&payload == responding_)
        ends_after(delay);
    return tlm::TLM_COMPLETED;
}

void responder::invalidate(sc_dt::uint64 first, sc_dt::uint64 last)
{
    if (initiator_)
        initiator_->invalidate_direct_mem_ptr(first, last);
}

} // namespace amdvi::face
