// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/hop.h"

namespace testbench::lean
{

hop::hop(sc_core::sc_module_name name, const part &part)
    : sc_core::sc_module(name), in("in", PORTS), out("out"), mem("mem"), outcomes_(part.outcomes),
      begin_(part.begin_ps), ports_(PORTS)
{
    for (unsigned i = 0; i < PORTS; i++) {
        ports_[i].owner = this;
        in[i].bind(static_cast<tlm::tlm_fw_transport_if<> &>(ports_[i]));
    }
    out.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    mem.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    SC_HAS_PROCESS(hop);
    SC_METHOD(run);
    sensitive << due_;
    dont_initialize();
}

hop::~hop() = default;

void hop::free(payload *p)
{
    free_.push_back(static_cast<line *>(p));
}

tlm::tlm_sync_enum hop::port::nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &)
{
    if (phase != tlm::BEGIN_REQ)
        return tlm::TLM_COMPLETED;
    owner->take(p, number);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

/* They come in their order, whatever port they come by. */
void hop::take(payload &p, unsigned port)
{
    const request r{&outcomes_[next_++], &p, port};

    p.acquire();
    if (under_way_.empty() || r.what->done < under_way_.top().what->done)
        due_.notify(picoseconds(begin_ + r.what->done) - sc_core::sc_time_stamp());
    under_way_.push(r);
    if (r.what->reads > 0)
        read(r.what->reads);
}

/* One read after the other. */
void hop::read(std::uint32_t reads)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;

    if (free_.empty()) {
        all_.push_back(std::make_unique<line>(this));
        free_.push_back(all_.back().get());
    }
    line &l = *free_.back();
    free_.pop_back();
    l.reads = reads - 1;
    l.set_command(tlm::TLM_READ_COMMAND);
    l.set_address(AT_HEAP);
    l.set_data_ptr(l.data);
    l.set_data_length(64);
    l.set_streaming_width(64);
    l.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    l.acquire();
    mem->nb_transport_fw(l, phase, delay);
}

tlm::tlm_sync_enum hop::nb_transport_bw(payload &p, tlm::tlm_phase &, sc_core::sc_time &)
{
    const std::uint32_t reads = static_cast<line &>(p).reads;

    p.release();
    if (reads > 0)
        read(reads);
    return tlm::TLM_COMPLETED;
}

void hop::run()
{
    const std::uint64_t now = in_picoseconds(sc_core::sc_time_stamp());

    while (!under_way_.empty() && begin_ + under_way_.top().what->done <= now) {
        const request r = under_way_.top();
        under_way_.pop();
        end(r);
    }
    if (!under_way_.empty())
        due_.notify(picoseconds(begin_ + under_way_.top().what->done - now));
}

void hop::end(const request &r)
{
    amdvi::dma_extension *const who = r.asks->get_extension<amdvi::dma_extension>();
    const std::uint64_t asked = r.asks->get_address();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    amdvi_result result{};

    result.ok = r.what->ok;
    result.pa = r.what->pa;
    who->result = result;
    if (result.ok) {
        r.asks->set_address(result.pa);
        out->nb_transport_fw(*r.asks, phase, delay);
        r.asks->set_address(asked);
    } else {
        r.asks->set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    phase = tlm::BEGIN_RESP;
    in[r.port]->nb_transport_bw(*r.asks, phase, delay);
    r.asks->release();
}

} // namespace testbench::lean
