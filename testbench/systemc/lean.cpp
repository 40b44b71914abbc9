// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/lean.h"

namespace testbench::lean
{

/* ---------------------------------------------------------------- initiator */

initiator::initiator(sc_core::sc_module_name name, const std::vector<job> &jobs, std::uint64_t begin_ps)
    : sc_core::sc_module(name), sockets("socket", PORTS), outcomes(jobs.size()), jobs_(jobs), begin_(begin_ps)
{
    for (auto &socket : sockets)
        socket.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    SC_HAS_PROCESS(initiator);
    SC_METHOD(run);
    sensitive << due_;
}

initiator::~initiator()
{
    for (auto &i : all_)
        i->clear_extension(&i->who);
}

void initiator::free(payload *p)
{
    free_.push_back(static_cast<item *>(p));
}

initiator::item &initiator::fresh()
{
    if (free_.empty()) {
        all_.push_back(std::make_unique<item>(this));
        all_.back()->set_extension(&all_.back()->who);
        free_.push_back(all_.back().get());
    }
    item *const i = free_.back();
    free_.pop_back();
    return *i;
}

std::uint64_t initiator::now() const
{
    return in_picoseconds(sc_core::sc_time_stamp());
}

void initiator::run()
{
    const std::uint64_t present = now();

    while (next_ < jobs_.size() && begin_ + jobs_[next_].when <= present)
        send(next_++);
    if (next_ < jobs_.size())
        due_.notify(picoseconds(begin_ + jobs_[next_].when - present));
}

void initiator::send(std::size_t what)
{
    const job &j = jobs_[what];
    item &i = fresh();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;

    i.what = what;
    i.who.device_id = j.request.device;
    i.set_command(j.request.op == AMDVI_READ ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
    i.set_address(j.request.address);
    i.set_data_ptr(i.data);
    i.set_data_length(8);
    i.set_streaming_width(8);
    i.set_dmi_allowed(false);
    i.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    i.acquire();
    if (sockets[j.port]->nb_transport_fw(i, phase, delay) == tlm::TLM_COMPLETED)
        end(i, delay);
}

void initiator::end(item &i, const sc_core::sc_time &delay)
{
    outcome &o = outcomes[i.what];

    o.done = now() - begin_ + in_picoseconds(delay);
    o.ok = i.who.result.ok;
    o.pa = o.ok ? i.who.result.pa : 0;
    ended++;
    i.release();
}

tlm::tlm_sync_enum initiator::nb_transport_bw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
    if (phase != tlm::BEGIN_RESP)
        return tlm::TLM_ACCEPTED;
    end(static_cast<item &>(p), delay);
    return tlm::TLM_COMPLETED;
}

/* ---------------------------------------------------------------- memory */

memory::memory(sc_core::sc_module_name name, std::vector<unsigned char> bytes, std::uint64_t latency_ps)
    : target(name), bytes_(std::move(bytes)), latency_(picoseconds(latency_ps))
{
    SC_HAS_PROCESS(memory);
    SC_METHOD(respond);
    sensitive << due_;
    dont_initialize();
}

bool memory::execute(payload &p)
{
    const std::uint64_t address = p.get_address(), length = p.get_data_length();

    if (address > bytes_.size() || length > bytes_.size() - address)
        return false;
    if (p.is_read())
        std::memcpy(p.get_data_ptr(), bytes_.data() + address, length);
    else
        std::memcpy(bytes_.data() + address, p.get_data_ptr(), length);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    return true;
}

void memory::b_transport(payload &p, sc_core::sc_time &delay)
{
    if (!execute(p))
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    delay += latency_;
}

unsigned memory::transport_dbg(payload &p)
{
    return execute(p) ? p.get_data_length() : 0;
}

tlm::tlm_sync_enum memory::nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
    p.acquire();
    owed_.push_back({sc_core::sc_time_stamp() + delay + latency_, &p});
    if (owed_.size() == 1)
        due_.notify(delay + latency_);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

void memory::respond()
{
    const sc_core::sc_time now = sc_core::sc_time_stamp();

    while (!owed_.empty() && owed_.front().when <= now) {
        payload *const p = owed_.front().what;
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay;
        owed_.pop_front();
        sc_core::sc_time none;
        b_transport(*p, none);
        socket->nb_transport_bw(*p, phase, delay);
        p->release();
    }
    if (!owed_.empty())
        due_.notify(owed_.front().when - now);
}

/* ---------------------------------------------------------------- sink */

unsigned sink::transport_dbg(payload &p)
{
    unsigned char *const at = bytes_ + p.get_address() % 4096;

    if (p.get_data_length() > 4096)
        return 0;
    if (p.is_read())
        std::memcpy(p.get_data_ptr(), at, p.get_data_length());
    else
        std::memcpy(at, p.get_data_ptr(), p.get_data_length());
    return p.get_data_length();
}

void sink::b_transport(payload &p, sc_core::sc_time &)
{
    p.set_response_status(transport_dbg(p) ? tlm::TLM_OK_RESPONSE : tlm::TLM_BURST_ERROR_RESPONSE);
}

tlm::tlm_sync_enum sink::nb_transport_fw(payload &p, tlm::tlm_phase &, sc_core::sc_time &delay)
{
    b_transport(p, delay);
    return tlm::TLM_COMPLETED;
}

} // namespace testbench::lean
