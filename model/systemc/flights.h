// SPDX-License-Identifier: Apache-2.0
/*
 * Requests of devices by non-blocking transport: each is translated page by page through the library's
 * external face, goes on to `out`, and comes back. They overlap, and answers come in the order in which they
 * are ready.
 */
#ifndef AMDVI_SYSTEMC_FLIGHTS_H
#define AMDVI_SYSTEMC_FLIGHTS_H

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <amdvi/external.h>

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
    bool completed() const
    {
        return !completed_.empty();
    }
    /* The oldest completion. Inside. */
    void step_in();
    /* Something is to be sent: a request goes on to `out`, or a response comes back. */
    bool departs() const
    {
        return !departing_.empty();
    }
    /* The oldest of them. Outside, where others may be called. */
    void step_out();
    /* All that the device still has are answered without it having to take time. Inside. */
    void answer_at_once();
    void finished(tlm::tlm_generic_payload &payload, void *what) override;

  private:
    void submit(flight *f);
    amdvi_status submit_timed(flight *f);
    amdvi_status submit_external(flight *f);
    void answer_at_once(flight *f);
    bool note_page(flight *f);
    void fail(flight *f);
    void leave(flight *f);
    void depart(flight *f);
    void depart_message(flight *f);
    void next_leg(flight *f);
    void returned(flight *f);
    void respond(flight *f, tlm::tlm_response_status status);
    void release(flight *f);

    core &core_;
    std::vector<std::unique_ptr<flight>> all_;
    std::vector<flight *> free_;
    std::deque<flight *> completed_, departing_;
    unsigned count_ = 0;
};

} // namespace amdvi::face

#endif
