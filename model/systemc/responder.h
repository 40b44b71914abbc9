// SPDX-License-Identifier: Apache-2.0
/* The target's side of non-blocking transport: one response at a time until the initiator has taken it. */
#ifndef AMDVI_SYSTEMC_RESPONDER_H
#define AMDVI_SYSTEMC_RESPONDER_H

#include <systemc>
#include <tlm>

#include "model/systemc/agenda.h"
#include "model/systemc/fifo.h"

namespace amdvi::face
{

class responder
{
  public:
    explicit responder(agenda &times) : times_(times)
    {
    }
    void connect(tlm::tlm_bw_transport_if<> *initiator)
    {
        initiator_ = initiator;
    }
    /* END_REQ of a request that was not accepted at once. */
    void end_request(tlm::tlm_generic_payload &payload, sc_core::sc_time delay);
    /* BEGIN_RESP as soon as it may be; the payload is released when its response has ended. */
    void respond(tlm::tlm_generic_payload &payload);
    /* END_RESP from the initiator. */
    tlm::tlm_sync_enum end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    void invalidate(sc_dt::uint64 first, sc_dt::uint64 last);

  private:
    void next();
    void begin_response(tlm::tlm_generic_payload &payload);
    void ended();
    void ends_after(const sc_core::sc_time &delay);

    agenda &times_;
    tlm::tlm_bw_transport_if<> *initiator_ = nullptr;
    fifo<tlm::tlm_generic_payload *> waiting_;
    tlm::tlm_generic_payload *responding_ = nullptr; /* from BEGIN_RESP to END_RESP */
    bool calling_ = false;                           /* BEGIN_RESP of those that wait goes out now */
};

} // namespace amdvi::face

#endif
