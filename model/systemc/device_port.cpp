// SPDX-License-Identifier: Apache-2.0
/* Blocking transport: the library answers at once, and the transaction goes on to `out` in the same call. */
#include "model/systemc/device_port.h"

#include "model/systemc/core.h"

#include <cstring>

namespace amdvi::face
{

static std::uint16_t default_of(const iommu_options &options, unsigned number)
{
    return number < options.default_device_id.size() ? options.default_device_id[number] : 0;
}

device_port::device_port(core &c, unsigned number)
    : answers(c.times), core_(c), number_(number), default_device_(default_of(c.options, number))
{
}

void device_port::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    dma_extension *extension = payload.get_extension<dma_extension>();
    const order order = order_of(payload, extension, default_device_);

    payload.set_dmi_allowed(false);
    if (order.refused != tlm::TLM_OK_RESPONSE)
        payload.set_response_status(order.refused);
    else if (order.interrupt)
        interrupt(order, payload, extension, delay);
    else
        translate(order, payload, extension, delay);
}

/* ---------------------------------------------------------------- memory requests */

/* False: `first` is the fault, or, when its reason is none, the device was not asked. */
bool device_port::translate_pieces(const order &order, amdvi_result &first, std::vector<piece> &pieces)
{
    amdvi_result result = first;

    for (std::uint64_t done = 0; done < order.request.length; done += pieces.back().length) {
        const amdvi_request part = part_of(order, done);
        if (done > 0 && amdvi_translate(core_.device.get(), &part, &result) != AMDVI_OK)
            result = amdvi_result{};
        if (!result.ok) {
            first = result;
            return false;
        }
        pieces.push_back({done,
                          covered_by(result, part.address, order.request.length - done, core_.pages_matter()),
                          result.pa});
    }
    return true;
}

void device_port::fail(tlm::tlm_generic_payload &payload, const amdvi_fault &fault, const order &order)
{
    payload.set_response_status(
        answer_failure(payload, response_of(fault, order, core_.options.report_dropped_writes)));
}

void device_port::translate(const order &order, tlm::tlm_generic_payload &payload, dma_extension *extension,
                            sc_core::sc_time &delay)
{
    const amdvi_request part = part_of(order, 0);
    std::vector<piece> pieces;
    amdvi_result result;
    bool good;

    if (!core_.enter(delay)) {
        payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    if (amdvi_translate(core_.device.get(), &part, &result) != AMDVI_OK)
        result = amdvi_result{};
    good = result.ok;
    if (good && part.length < order.request.length && part.at != AMDVI_TRANSLATION_REQUEST)
        good = translate_pieces(order, result, pieces);
    core_.leave(delay);
    delay += core_.timing.hit_latency();
    if (extension)
        extension->result = result;
    if (!good)
        fail(payload, result.fault, order);
    else if (part.at == AMDVI_TRANSLATION_REQUEST)
        payload.set_response_status(complete_translation(payload, result, core_.pages_matter()));
    else if (pieces.size() > 1)
        forward_legs(payload, pieces, delay);
    else
        forward(payload, result.pa, delay);
}

/* A pointer to it would be granted wherever the target grants one: a bit that this access had to set is set
 * now. */
void device_port::forward(tlm::tlm_generic_payload &payload, std::uint64_t address, sc_core::sc_time &delay)
{
    const std::uint64_t asked = payload.get_address();

    payload.set_address(address);
    core_.out.b_transport(payload, delay);
    payload.set_address(asked);
    if (payload.is_dmi_allowed() && core_.watched())
        payload.set_dmi_allowed(false);
}

void device_port::forward_legs(tlm::tlm_generic_payload &payload, const std::vector<piece> &pieces,
                               sc_core::sc_time &delay)
{
    tlm::tlm_generic_payload *leg = core_.pool.get();
    std::vector<unsigned char> enables;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    legs all(payload, pieces);

    extensions_lend(payload, *leg);
    while (status == tlm::TLM_OK_RESPONSE && all.next(*leg, enables)) {
        core_.out.b_transport(*leg, delay);
        status = leg->get_response_status();
    }
    extensions_return(payload, *leg);
    leg->release();
    payload.set_response_status(status);
}

/* ---------------------------------------------------------------- interrupts */

void device_port::forward_message(tlm::tlm_generic_payload &payload, std::uint64_t address,
                                  std::uint32_t data, sc_core::sc_time &delay)
{
    tlm::tlm_generic_payload *message = core_.pool.get();

    payload_set(*message, tlm::TLM_WRITE_COMMAND, address, &data, sizeof(data));
    extensions_lend(payload, *message);
    core_.out.b_transport(*message, delay);
    extensions_return(payload, *message);
    payload.set_response_status(message->get_response_status());
    message->release();
}

void device_port::interrupt(const order &order, tlm::tlm_generic_payload &payload, dma_extension *extension,
                            sc_core::sc_time &delay)
{
    amdvi_int_result message{};

    if (!core_.enter(delay)) {
        payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    amdvi_interrupt(core_.device.get(), order.request.device, order.request.address, order.data, &message);
    core_.leave(delay);
    if (extension)
        extension->result = result_of(message);
    if (!message.ok)
        fail(payload, message.fault, order);
    else if (message.posted)
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    else
        forward_message(payload, message.address, message.data, delay);
}

/* ---------------------------------------------------------------- non-blocking */

/* Requests are accepted at once as long as there is room. */
tlm::tlm_sync_enum device_port::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                sc_core::sc_time &delay)
{
    const agenda::visit here(core_.times);

    if (phase == tlm::END_RESP)
        return answers.end_response(payload, delay);
    if (phase != tlm::BEGIN_REQ)
        return tlm::TLM_ACCEPTED;
    payload.acquire();
    if (!core_.transactions.room()) {
        without_room_ = &payload;
        without_room_until_ = sc_core::sc_time_stamp() + delay;
        return tlm::TLM_ACCEPTED;
    }
    if (take(payload, delay))
        return tlm::TLM_COMPLETED;
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

/* True: it has ended, and `delay` says when. */
bool device_port::take(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    if (delay == sc_core::SC_ZERO_TIME && core_.options.complete_early)
        return core_.ended_early(core_.transactions.take(payload, *this), delay);
    take_later(payload, delay);
    return false;
}

void device_port::take_later(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    flight *f = core_.transactions.take(payload, *this);

    if (delay == sc_core::SC_ZERO_TIME) {
        core_.arrived(f);
        return;
    }
    core_.times.after(
        delay, [](void *c, void *what) { static_cast<core *>(c)->arrived(static_cast<flight *>(what)); },
        &core_, f);
}

void device_port::room()
{
    tlm::tlm_generic_payload *const payload = without_room_;
    const sc_core::sc_time &now = sc_core::sc_time_stamp();
    const sc_core::sc_time delay =
        without_room_until_ > now ? without_room_until_ - now : sc_core::SC_ZERO_TIME;

    if (!payload)
        return;
    without_room_ = nullptr;
    take_later(*payload, delay);
    answers.end_request(*payload, delay);
}

/* ---------------------------------------------------------------- debug */

unsigned device_port::forward_debug(tlm::tlm_generic_payload &payload, std::uint64_t done,
                                    std::uint64_t length, std::uint64_t address)
{
    unsigned char *const data = payload.get_data_ptr();
    const std::uint64_t asked = payload.get_address();
    const unsigned all = payload.get_data_length();
    unsigned count;

    payload.set_address(address);
    payload.set_data_ptr(data + done);
    payload.set_data_length(static_cast<unsigned>(length));
    count = core_.out.transport_dbg(payload);
    payload.set_address(asked);
    payload.set_data_ptr(data);
    payload.set_data_length(all);
    return count;
}

/* Streaming width and byte enables mean nothing here [IEEE 1666, debug transport]. */
unsigned device_port::look_through(const order &order, tlm::tlm_generic_payload &payload)
{
    amdvi_result result;
    std::uint64_t done = 0;

    while (done < order.request.length) {
        const amdvi_request part = part_of(order, done);
        if (!core_.look(part, result) || !result.ok)
            break;
        if (part.at == AMDVI_TRANSLATION_REQUEST) {
            complete_translation(payload, result, core_.pages_matter());
            return payload.get_data_length();
        }
        const std::uint64_t length =
            covered_by(result, part.address, order.request.length - done, core_.pages_matter());
        const unsigned count = forward_debug(payload, done, length, result.pa);
        done += count;
        if (count < length)
            break;
    }
    return static_cast<unsigned>(done);
}

unsigned device_port::transport_dbg(tlm::tlm_generic_payload &payload)
{
    const dma_extension *extension = payload.get_extension<dma_extension>();
    const tlm::tlm_response_status status = payload.get_response_status();
    const unsigned width = payload.get_streaming_width(), enables = payload.get_byte_enable_length();
    unsigned char *const enable = payload.get_byte_enable_ptr();
    unsigned count = 0;

    payload.set_streaming_width(payload.get_data_length());
    payload.set_byte_enable_ptr(nullptr);
    const order order = order_of(payload, extension, default_device_);
    if (order.refused == tlm::TLM_OK_RESPONSE && !order.interrupt)
        count = look_through(order, payload);
    payload.set_streaming_width(width);
    payload.set_byte_enable_ptr(enable);
    payload.set_byte_enable_length(enables);
    payload.set_response_status(status);
    return count;
}

bool device_port::get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &dmi)
{
    return core_.dmi.get(number_, default_device_, payload, dmi);
}

} // namespace amdvi::face
