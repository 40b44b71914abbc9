// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/flights.h"

#include "model/systemc/core.h"

#include <cstring>

namespace amdvi::face
{

bool flights::room() const
{
    return count_ < core_.options.most_under_way;
}

flight *flights::take(tlm::tlm_generic_payload &payload, device_port &port)
{
    flight *f;

    if (free_.empty()) {
        all_.push_back(std::make_unique<flight>());
        free_.push_back(all_.back().get());
    }
    f = free_.back();
    free_.pop_back();
    count_++;
    f->payload = &payload;
    f->port = &port;
    f->pieces.clear();
    f->done = 0;
    f->parts.reset();
    f->leg = nullptr;
    f->submitted = f->returned = false;
    f->first = amdvi_result{};
    return f;
}

void flights::release(flight *f)
{
    device_port *const port = f->port;

    free_.push_back(f);
    if (count_-- < core_.options.most_under_way)
        return;
    port->room();
    for (auto &other : core_.ports)
        if (other.get() != port && room())
            other->room();
}

/* ---------------------------------------------------------------- translation */

static std::uint64_t tag_of(const flight *f)
{
    return reinterpret_cast<std::uintptr_t>(f);
}

amdvi_status flights::submit_external(flight *f)
{
    const amdvi_request part = part_of(f->order, f->done);

    if (f->order.interrupt)
        return amdvi_submit_interrupt(core_.device.get(), part.device, part.address, f->order.data,
                                      tag_of(f));
    return amdvi_submit_request(core_.device.get(), &part, tag_of(f));
}

amdvi_status flights::submit_timed(flight *f)
{
    const amdvi_request part = part_of(f->order, f->done);

    if (f->order.interrupt)
        return core_.timing.interrupt(f->port->number(), f->order.request, f->order.data, tag_of(f));
    return core_.timing.request(f->port->number(), part, tag_of(f));
}

void flights::submit(flight *f)
{
    f->submitted = true;
    f->status = core_.timing.on() ? submit_timed(f) : submit_external(f);
    if (f->status == AMDVI_OK)
        return;
    f->submitted = false;
    answered(f);
}

void flights::begin(flight *f)
{
    f->order = order_of(*f->payload, f->payload->get_extension<dma_extension>(), f->port->default_device());
    f->payload->set_dmi_allowed(false);
    if (f->order.refused == tlm::TLM_OK_RESPONSE)
        submit(f);
    else
        answered(f);
}

void flights::on_complete(const amdvi_completion &completion)
{
    auto f = reinterpret_cast<flight *>(static_cast<std::uintptr_t>(completion.tag));

    f->status = completion.status;
    f->submitted = false;
    if (completion.status == AMDVI_OK && completion.kind == AMDVI_SUBMITTED_INTERRUPT)
        f->message = *completion.interrupt;
    else if (completion.status == AMDVI_OK)
        f->now = *completion.result;
    answered(f);
}

void flights::answer_at_once(flight *f)
{
    const amdvi_request part = part_of(f->order, f->done);
    amdvi_device *device = core_.device.get();

    f->submitted = false;
    f->status = f->order.interrupt ? amdvi_interrupt(device, part.device, f->order.request.address,
                                                     f->order.data, &f->message)
                                   : amdvi_translate(device, &part, &f->now);
    answered(f);
}

void flights::answer_at_once()
{
    for (auto &f : all_)
        if (f->submitted)
            answer_at_once(f.get());
}

/* False: there is another page to ask for. */
bool flights::note_page(flight *f)
{
    const std::uint64_t left = f->order.request.length - f->done;

    if (f->done == 0 || !f->now.ok)
        f->first = f->now;
    if (!f->now.ok || f->order.request.at == AMDVI_TRANSLATION_REQUEST)
        return true;
    f->pieces.push_back({f->done,
                         covered_by(f->now, f->order.request.address + f->done, left, core_.pages_matter()),
                         f->now.pa});
    f->done += f->pieces.back().length;
    return f->done >= f->order.request.length;
}

/* All of it is translated, or there is another page to ask for. */
void flights::answered(flight *f)
{
    const bool good = f->order.refused == tlm::TLM_OK_RESPONSE && f->status == AMDVI_OK;

    if (good && f->order.interrupt)
        f->first = result_of(f->message);
    if (good && !f->order.interrupt && !note_page(f))
        next_pages_.push_back(f);
    else
        departing_.push_back(f);
}

void flights::step_in()
{
    flight *f = next_pages_.front();

    next_pages_.pop_front();
    submit(f);
}

/* ---------------------------------------------------------------- on to `out` */

void flights::step_out()
{
    flight *f = departing_.front();

    departing_.pop_front();
    if (f->returned)
        returned(f, f->response);
    else
        leave(f);
}

void flights::leave(flight *f)
{
    dma_extension *extension = f->payload->get_extension<dma_extension>();

    if (f->order.refused != tlm::TLM_OK_RESPONSE) {
        respond(f, f->order.refused);
        return;
    }
    if (extension)
        extension->result = f->first;
    if (f->status != AMDVI_OK)
        respond(f, tlm::TLM_GENERIC_ERROR_RESPONSE);
    else if (!f->first.ok)
        respond(f, failed(f));
    else if (f->order.interrupt)
        depart_message(f);
    else if (f->order.request.at == AMDVI_TRANSLATION_REQUEST)
        respond(f, complete_translation(*f->payload, f->first, core_.pages_matter()));
    else
        depart(f);
}

tlm::tlm_response_status flights::failed(const flight *f) const
{
    return answer_failure(*f->payload,
                          response_of(f->first.fault, f->order, core_.options.report_dropped_writes));
}

void flights::depart(flight *f)
{
    if (f->pieces.size() == 1) {
        f->payload->set_address(f->pieces[0].address);
        if (core_.out.carry(*f->payload, *this, f))
            returned(f, f->payload->get_response_status());
        return;
    }
    f->leg = core_.pool.get();
    f->parts.emplace(*f->payload, f->pieces);
    extensions_lend(*f->payload, *f->leg);
    next_leg(f);
}

void flights::next_leg(flight *f)
{
    f->parts->next(*f->leg, f->enables);
    core_.out.send(*f->leg, *this, f);
}

void flights::depart_message(flight *f)
{
    if (f->message.posted) {
        respond(f, tlm::TLM_OK_RESPONSE);
        return;
    }
    f->leg = core_.pool.get();
    f->data = f->message.data;
    payload_set(*f->leg, tlm::TLM_WRITE_COMMAND, f->message.address, &f->data, sizeof(f->data));
    extensions_lend(*f->payload, *f->leg);
    core_.out.send(*f->leg, *this, f);
}

/* ---------------------------------------------------------------- back */

void flights::finished(tlm::tlm_generic_payload &payload, void *what)
{
    auto f = static_cast<flight *>(what);

    f->returned = true;
    f->response = payload.get_response_status();
    departing_.push_back(f);
    core_.something_to_send();
}

/* The payload as its initiator knows it. */
void flights::give_back(flight *f)
{
    f->payload->set_address(f->order.request.address);
    if (core_.watched())
        f->payload->set_dmi_allowed(false);
}

void flights::returned(flight *f, tlm::tlm_response_status status)
{
    if (!f->leg) {
        give_back(f);
        respond(f, status);
        return;
    }
    if (status == tlm::TLM_OK_RESPONSE && f->parts && f->parts->next(*f->leg, f->enables)) {
        core_.out.send(*f->leg, *this, f);
        return;
    }
    extensions_return(*f->payload, *f->leg);
    f->leg->release();
    respond(f, status);
}

void flights::respond(flight *f, tlm::tlm_response_status status)
{
    device_port *const port = f->port;
    tlm::tlm_generic_payload &payload = *f->payload;

    payload.set_response_status(status);
    release(f);
    port->answers.respond(payload);
}

} // namespace amdvi::face
