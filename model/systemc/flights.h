// SPDX-License-Identifier: Apache-2.0
/*
 * Requests of devices by non-blocking transport: each is translated page by page through the library's
 * external face, goes on to `out`, and comes back. They overlap, and answers come in the order in which they
 * are ready.
 */
#ifndef AMDVI_SYSTEMC_FLIGHTS_H
#define AMDVI_SYSTEMC_FLIGHTS_H

#include <memory>
#include <optional>
#include <vector>

#include <amdvi/timed.h>

#include "model/systemc/fifo.h"
#include "model/systemc/request.h"
#include "model/systemc/sender.h"

namespace amdvi::face
{

class core;
class device_port;

struct flight {
    tlm::tlm_generic_payload *payload;
    device_port *port;
    face::order order;
    amdvi_status status;     /* of what was submitted last */
    amdvi_result first, now; /* of the first page, or the fault; of the page submitted last */
    amdvi_int_result message;
    std::vector<piece> pieces;
    std::uint64_t done; /* bytes of the request that are translated */
    std::optional<legs> parts;
    tlm::tlm_generic_payload *leg; /* not the initiator's payload, but one of ours */
    std::vector<unsigned char> enables;
    std::uint32_t data;
    bool submitted;                    /* the device has it */
    bool returned;                     /* from `out` */
    tlm::tlm_response_status response; /* of what has returned */
};

class flights : public sender::owner
{
  public:
    explicit flights(core &c) : core_(c)
    {
    }
    bool room() const;
    /* Under way. */
    unsigned count() const
    {
        return count_;
    }
    /* The payload is held by the caller's reference from here on. */
    flight *take(tlm::tlm_generic_payload &payload, device_port &port);
    /* Hands it to the device. Inside. */
    void begin(flight *f);
    /* What the device has to say of a flight; from its callback. */
    void on_complete(const amdvi_completion &completion);
    /* Another page of something is to be asked for. */
    bool asks_on() const
    {
        return !next_pages_.empty();
    }
    /* The oldest of them. Inside. */
    void step_in();
    /* Something is to be sent: a request goes on to `out`, or a response comes back. */
    bool departs() const
    {
        return !departing_.empty();
    }
    /* The oldest of them. Outside, where others may be called. */
    void step_out();
    /* Early completion. The end of `f` is taken ahead, should it be certain while it begins; null: of nobody.
     */
    void take_ahead(flight *f)
    {
        hearing_ = f;
        heard_ = false;
    }
    /* From the executor's callback. */
    bool hear(const amdvi_timed_completion &completion);
    /* It has been taken. */
    bool heard() const
    {
        return heard_;
    }
    /* What has been taken ends: `ahead` from now on as the device says, then as the target does. Outside.
     * False: the target takes it on from here. */
    bool end_ahead(flight *f, sc_core::sc_time &ahead);
    /* All that the device still has are answered without it having to take time. Inside. */
    void answer_at_once();
    void finished(tlm::tlm_generic_payload &payload, void *what) override;

  private:
    void submit(flight *f);
    amdvi_status submit_timed(flight *f);
    amdvi_status submit_external(flight *f);
    void answer_at_once(flight *f);
    bool note_page(flight *f);
    void answered(flight *f);
    tlm::tlm_response_status failed(const flight *f) const;
    void leave(flight *f);
    void depart(flight *f);
    void depart_message(flight *f);
    void next_leg(flight *f);
    void returned(flight *f, tlm::tlm_response_status status);
    bool taken_ahead(const flight *f, const amdvi_result &result) const;
    bool carried_ahead(flight *f, sc_core::sc_time &ahead);
    void give_back(flight *f);
    void respond(flight *f, tlm::tlm_response_status status);
    void release(flight *f);

    core &core_;
    std::vector<std::unique_ptr<flight>> all_;
    std::vector<flight *> free_;
    fifo<flight *> next_pages_, departing_;
    unsigned count_ = 0;
    flight *hearing_ = nullptr;
    bool heard_ = false;
    std::uint64_t ends_ = 0; /* of what was heard, ps */
};

} // namespace amdvi::face

#endif
