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

void responder::ends_after(const sc_core::sc_time &delay)
{
    times_.after(
        delay, [](void *self, void *) { static_cast<responder *>(self)->ended(); }, this, nullptr);
}

void responder::next()
{
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

    if (responding_ || waiting_.empty())
        return;
    responding_ = waiting_.front();
    waiting_.pop_front();
    if (initiator_->nb_transport_bw(*responding_, phase, delay) != tlm::TLM_ACCEPTED)
        ends_after(delay);
}

void responder::ended()
{
    tlm::tlm_generic_payload *payload = responding_;

    responding_ = nullptr;
    payload->release();
    next();
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
