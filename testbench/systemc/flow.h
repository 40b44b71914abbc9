// SPDX-License-Identifier: Apache-2.0
/* Requests by non-blocking transport, sent by hand; whoever hears of a response takes it at once. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_FLOW_H
#define AMDVI_TESTBENCH_SYSTEMC_FLOW_H

#include <map>

#include "testbench/systemc/scene.h"

namespace testbench
{

struct item : tlm::tlm_mm_interface {
    tlm::tlm_generic_payload p{this};
    amdvi::dma_extension who;
    std::uint64_t data = 0;
    sc_core::sc_time ended;
    bool over = false;
    unsigned freed = 0;
    void free(tlm::tlm_generic_payload *) override
    {
        freed++;
    }
    ~item() override
    {
        p.clear_extension(&who);
    }
};

template <unsigned BUSWIDTH> struct flow : scene_of<BUSWIDTH> {
    std::map<tlm::tlm_generic_payload *, item *> items;
    std::vector<item *> order;

    explicit flow(const amdvi::iommu_options &options = {}) : scene_of<BUSWIDTH>(options)
    {
        for (auto &d : this->devices)
            d->on_phase = [this](tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                 sc_core::sc_time &delay) {
                if (phase != tlm::BEGIN_RESP)
                    return tlm::TLM_ACCEPTED;
                end(*items[&p], delay);
                return tlm::TLM_COMPLETED;
            };
    }
    void end(item &i, const sc_core::sc_time &delay)
    {
        i.ended = sc_core::sc_time_stamp() + delay;
        i.over = true;
        order.push_back(&i);
        i.p.release();
    }
    tlm::tlm_sync_enum send(item &i, tlm::tlm_command command, std::uint64_t address, unsigned length = 8,
                            sc_core::sc_time delay = sc_core::sc_time(), unsigned port = 0)
    {
        tlm::tlm_phase phase = tlm::BEGIN_REQ;

        hand<BUSWIDTH>::fill(i.p, command, address, &i.data, length);
        i.p.set_extension(&i.who);
        i.p.acquire();
        items[&i.p] = &i;
        return this->device(port).socket->nb_transport_fw(i.p, phase, delay);
    }
};

} // namespace testbench

#endif
