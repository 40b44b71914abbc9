// SPDX-License-Identifier: Apache-2.0
/*
 * The initiator's side of non-blocking transport: one request at a time until the target has accepted it, any
 * number under way, all ways in which a target of the base protocol may answer [IEEE 1666, base protocol].
 */
#ifndef AMDVI_SYSTEMC_SENDER_H
#define AMDVI_SYSTEMC_SENDER_H

#include <deque>
#include <functional>

#include <systemc>
#include <tlm>

#include "model/systemc/agenda.h"
#include "model/systemc/book.h"

namespace amdvi::face
{

class sender : public tlm::tlm_bw_transport_if<>
{
  public:
    /* Who has sent something hears once that its response is there. This may be in the middle of a call of
     * the target's: nobody else is to be called from here. */
    class owner
    {
      public:
        virtual void finished(tlm::tlm_generic_payload &payload, void *what) = 0;

      protected:
        ~owner() = default;
    };

    explicit sender(agenda &times) : times_(times)
    {
    }
    void connect(tlm::tlm_fw_transport_if<> *target)
    {
        target_ = target;
    }
    /* A target takes back pointers into its memory: first and last address. */
    std::function<void(sc_dt::uint64, sc_dt::uint64)> on_invalidate;

    /* The other transports; where no target is bound nothing is there. */
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        if (target_)
            target_->b_transport(payload, delay);
        else
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &payload)
    {
        return target_ ? target_->transport_dbg(payload) : 0;
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &dmi)
    {
        return target_ && target_->get_direct_mem_ptr(payload, dmi);
    }

    /* The payload has a memory manager, and is held by who sends until it has finished. */
    void send(tlm::tlm_generic_payload &payload, owner &who, void *what);

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override;

  private:
    struct transaction {
        owner *who;
        void *what;
        bool responded; /* or will be, at a time that is known */
        bool wants_end; /* END_RESP */
    };
    void next();
    void begin_request(tlm::tlm_generic_payload *payload);
    void accepted(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay);
    /* `at_once`: nothing has to be sent behind it, and the target is not in the middle of its call. */
    void responded(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay, bool at_once,
                   bool wants_end);
    void end_response(tlm::tlm_generic_payload &payload);
    void free_channel(const tlm::tlm_generic_payload *payload);
    void close(tlm::tlm_generic_payload *payload);
    void finish(tlm::tlm_generic_payload *payload);

    agenda &times_;
    tlm::tlm_fw_transport_if<> *target_ = nullptr;
    std::deque<tlm::tlm_generic_payload *> waiting_;
    book<tlm::tlm_generic_payload *, transaction> under_way_;
    tlm::tlm_generic_payload *requesting_ = nullptr; /* from BEGIN_REQ to END_REQ */
    bool accepting_ = false;                         /* END_REQ is there, for a time to come */
    bool sending_ = false;                           /* BEGIN_REQ of those that wait goes out now */
};

} // namespace amdvi::face

#endif
