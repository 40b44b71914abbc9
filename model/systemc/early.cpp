// SPDX-License-Identifier: Apache-2.0
/*
 * Early completion under time: what caches answer has its end as soon as it comes, though that lies ahead.
 * Where the target of `out` ends its transactions in their call, too, the whole request ends in the call that
 * brings it, and the time to its end is annotated [IEEE 1666, base protocol: early completion, timing
 * annotation].
 */
#include "model/systemc/core.h"

namespace amdvi::face
{

/* One page, so that nothing is to be asked for at that later time. */
bool flights::taken_ahead(const flight *f, const amdvi_result &result) const
{
    const amdvi_request &request = f->order.request;

    if (request.at == AMDVI_TRANSLATION_REQUEST)
        return true;
    return part_of(f->order, 0).length == request.length && (!result.ok || core_.out.ends_in_call());
}

bool flights::hear(const amdvi_timed_completion &completion)
{
    flight *const f = hearing_;
    const amdvi_completion &what = *completion.what;

    if (!f || what.tag != reinterpret_cast<std::uintptr_t>(f) || what.kind != AMDVI_SUBMITTED_REQUEST ||
        what.status != AMDVI_OK || !taken_ahead(f, *what.result))
        return false;
    f->first = *what.result;
    f->submitted = false;
    ends_ = completion.done;
    return heard_ = true;
}

bool flights::carried_ahead(flight *f, sc_core::sc_time &ahead)
{
    f->payload->set_address(f->first.pa);
    if (!core_.out.carry_ahead(*f->payload, *this, f, ahead))
        return false;
    give_back(f);
    return true;
}

bool flights::end_ahead(flight *f, sc_core::sc_time &ahead)
{
    tlm::tlm_generic_payload &payload = *f->payload;
    dma_extension *const extension = payload.get_extension<dma_extension>();

    ahead = core_.timing.until(ends_);
    if (extension)
        extension->result = f->first;
    if (!f->first.ok)
        payload.set_response_status(failed(f));
    else if (f->order.request.at == AMDVI_TRANSLATION_REQUEST)
        payload.set_response_status(complete_translation(payload, f->first, core_.pages_matter()));
    else if (!carried_ahead(f, ahead))
        return false;
    release(f);
    payload.release();
    return true;
}

/* Somebody who watches a waveform sees requests until they end. */
bool core::ended_early(flight *f, sc_core::sc_time &delay)
{
    sc_core::sc_time ahead;

    transactions.take_ahead(wave.traced() ? nullptr : f);
    if (!begin_at_once(f))
        arrivals_.push_back(f);
    const bool heard = transactions.heard();
    transactions.take_ahead(nullptr);
    const bool ended = heard && transactions.end_ahead(f, ahead);
    if (ended)
        delay = ahead;
    go_on();
    return ended;
}

} // namespace amdvi::face
