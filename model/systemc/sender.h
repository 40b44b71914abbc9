// SPDX-License-Identifier: Apache-2.0
/*
 * The initiator's side of non-blocking transport: one request at a time until the target has accepted it, any
 * number under way, all ways in which a target of the base protocol may answer [IEEE 1666, base protocol].
 */
#ifndef AMDVI_SYSTEMC_SENDER_H
#define AMDVI_SYSTEMC_SENDER_H

#include <functional>

#include <systemc>
#include <tlm>

#include "model/systemc/agenda.h"
#include "model/systemc/book.h"
#include "model/systemc/fifo.h"

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
    /* The same; true: it has ended in this call without taking time, and `who` does not hear of it. */
    bool carry(tlm::tlm_generic_payload &payload, owner &who, void *what);
    /* It begins so much later, which only a request says that has not to wait for others: where `delay` is
     * more than zero ends_in_call() has to be true. True: it has ended in this call, at the later time that
     * `delay` is then, and `who` does not hear of it. */
    bool carry_ahead(tlm::tlm_generic_payload &payload, owner &who, void *what, sc_core::sc_time &delay);
    /* The target has ended each of the last requests in its call, and nothing stands in the way of one. */
    bool ends_in_call() const
    {
        return ended_in_call_ >= ENOUGH && idle();
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override;

  private:
    enum : unsigned { ENOUGH = 32 };
    struct transaction {
        owner *who;
        void *what;
        bool responded; /* or will be, at a time that is known */
        bool wants_end; /* END_RESP */
    };
    struct request {
        tlm::tlm_generic_payload *payload;
        owner *who;
        void *what;
    };
    bool idle() const
    {
        return !requesting_ && !sending_ && waiting_.empty();
    }
    void next();
    bool begin_request(const request &r, sc_core::sc_time &delay);
    tlm::tlm_sync_enum call(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                            sc_core::sc_time &delay);
    void begun(tlm::tlm_generic_payload *payload, tlm::tlm_sync_enum status, const tlm::tlm_phase &phase,
               const sc_core::sc_time &delay);
    transaction *find(tlm::tlm_generic_payload *payload);
    void forget(tlm::tlm_generic_payload *payload);
    void accepted(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay);
    /* `at_once`: nothing has to be sent behind it, and the target is not in the middle of its call. */
    void responded(tlm::tlm_generic_payload *payload, const sc_core::sc_time &delay, bool at_once,
                   bool wants_end);
    void end_response(tlm::tlm_generic_payload &payload);
    void free_channel();
    void close(tlm::tlm_generic_payload *payload);
    void finish(tlm::tlm_generic_payload *payload);

    agenda &times_;
    tlm::tlm_fw_transport_if<> *target_ = nullptr;
    fifo<request> waiting_;
    book<tlm::tlm_generic_payload *, transaction> under_way_;
    tlm::tlm_generic_payload *calling_ = nullptr; /* in the middle of its BEGIN_REQ: not in the book yet */
    transaction called_{};
    unsigned ended_in_call_ = 0;                     /* BEGIN_REQs in a row that were answered so */
    tlm::tlm_generic_payload *requesting_ = nullptr; /* from BEGIN_REQ to END_REQ */
    bool accepting_ = false;                         /* END_REQ is there, for a time to come */
    bool sending_ = false;                           /* BEGIN_REQ of those that wait goes out now */
};

} // namespace amdvi::face

#endif
