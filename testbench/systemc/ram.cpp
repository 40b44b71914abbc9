// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/ram.h"

namespace testbench
{

ram_core::ram_core(sc_core::sc_module_name name, std::size_t size)
    : sc_core::sc_module(name), bytes(size), ready_("ready"), accepted_("accepted")
{
    SC_HAS_PROCESS(ram_core);
    SC_METHOD(respond_later);
    sensitive << ready_.get_event() << accepted_.get_event();
    dont_initialize();
    SC_METHOD(response_ended);
    sensitive << ended_;
    dont_initialize();
}

/* ---------------------------------------------------------------- accesses */

void ram_core::execute(tlm::tlm_generic_payload &p)
{
    const std::uint64_t address = p.get_address();
    const unsigned length = p.get_data_length(), width = std::min(p.get_streaming_width(), length);

    if (on_access)
        on_access(p);
    if (address > bytes.size() || width > bytes.size() - address ||
        (address <= bad_last && address >= bad_first)) {
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    for (unsigned i = 0; i < length; i++) {
        unsigned char &byte = bytes[address + i % width];
        if (p.get_byte_enable_ptr() &&
            p.get_byte_enable_ptr()[i % p.get_byte_enable_length()] != TLM_BYTE_ENABLED)
            continue;
        if (p.is_read())
            p.get_data_ptr()[i] = byte;
        else if (p.is_write())
            byte = p.get_data_ptr()[i];
    }
    p.set_dmi_allowed(hints);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
}

sc_core::sc_time ram_core::time_taken()
{
    if (jitter == sc_core::SC_ZERO_TIME)
        return latency;
    return latency + sc_core::sc_time::from_value(random() % (jitter.value() + 1));
}

void ram_core::b_transport(tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
{
    blocking++;
    if (waits) {
        wait(delay + time_taken());
        delay = sc_core::SC_ZERO_TIME;
    }
    execute(p);
    if (!waits)
        delay += time_taken();
}

unsigned ram_core::transport_dbg(tlm::tlm_generic_payload &p)
{
    const std::uint64_t address = p.get_address();
    unsigned count = 0;

    debug++;
    if (on_debug)
        on_debug(p);
    for (; count < p.get_data_length() && address + count < bytes.size(); count++)
        if (p.is_read())
            p.get_data_ptr()[count] = bytes[address + count];
        else
            bytes[address + count] = p.get_data_ptr()[count];
    return count;
}

bool ram_core::get_direct_mem_ptr(tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi)
{
    const std::uint64_t last = std::min<std::uint64_t>(grant_last, bytes.size() - 1);
    const bool granted = grants && p.get_address() >= grant_first && p.get_address() <= last;

    dmi.init();
    dmi.set_start_address(granted ? grant_first : 0);
    dmi.set_end_address(granted ? last : ~sc_dt::uint64(0));
    if (!granted)
        return false;
    dmi.set_dmi_ptr(bytes.data() + grant_first);
    dmi.set_read_latency(latency);
    dmi.set_write_latency(latency);
    if (grants_writes)
        dmi.allow_read_write();
    else
        dmi.allow_read();
    return grants_writes || p.is_read();
}

/* ---------------------------------------------------------------- phases */

manners ram_core::chosen()
{
    return style == manners::any ? static_cast<manners>(random() % 5) : style;
}

tlm::tlm_sync_enum ram_core::nb_transport_fw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                             sc_core::sc_time &delay)
{
    const sc_core::sc_time when = delay + time_taken();

    if (on_phase)
        return on_phase(p, phase, delay);
    if (phase == tlm::END_RESP) {
        ended_.notify(delay);
        return tlm::TLM_COMPLETED;
    }
    if (phase != tlm::BEGIN_REQ)
        return tlm::TLM_ACCEPTED;
    nonblocking++;
    p.acquire();
    switch (chosen()) {
    case manners::four_phases:
        accepted_.notify(p, delay);
        ready_.notify(p, when);
        return tlm::TLM_ACCEPTED;
    case manners::no_end_of_request:
        ready_.notify(p, when);
        return tlm::TLM_ACCEPTED;
    case manners::request_at_once:
        ready_.notify(p, when);
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    case manners::response_at_once:
        if (responding_) { /* its turn comes */
            ready_.notify(p, when);
            phase = tlm::END_REQ;
            return tlm::TLM_UPDATED;
        }
        execute(p);
        responding_ = &p;
        phase = tlm::BEGIN_RESP;
        delay = when;
        return tlm::TLM_UPDATED;
    default:
        execute(p);
        delay = when;
        p.release();
        return tlm::TLM_COMPLETED;
    }
}

tlm::tlm_sync_enum ram_core::respond(tlm::tlm_generic_payload &p, tlm::tlm_phase phase)
{
    sc_core::sc_time none;

    if (phase == tlm::BEGIN_RESP)
        execute(p);
    return initiator()->nb_transport_bw(p, phase, none);
}

void ram_core::respond_later()
{
    while (tlm::tlm_generic_payload *p = accepted_.get_next_transaction()) {
        tlm::tlm_phase phase = tlm::END_REQ;
        sc_core::sc_time delay;
        initiator()->nb_transport_bw(*p, phase, delay);
    }
    while (tlm::tlm_generic_payload *p = ready_.get_next_transaction())
        responses_.push_back(p);
    next_response();
}

void ram_core::next_response()
{
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay;

    if (responding_ || responses_.empty())
        return;
    responding_ = responses_.front();
    responses_.pop_front();
    execute(*responding_);
    if (initiator()->nb_transport_bw(*responding_, phase, delay) != tlm::TLM_ACCEPTED)
        ended_.notify(delay);
}

void ram_core::response_ended()
{
    tlm::tlm_generic_payload *p = responding_;

    responding_ = nullptr;
    if (p)
        p->release();
    next_response();
}

} // namespace testbench
