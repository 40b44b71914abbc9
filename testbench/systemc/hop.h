// SPDX-License-Identifier: Apache-2.0
/*
 * The least that a module in the place of the IOMMU can do: the same transactions on the same sockets, at
 * times that it is told, from one process with one event, without any thought. What it takes is the price of
 * the simulation itself.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_HOP_H
#define AMDVI_TESTBENCH_SYSTEMC_HOP_H

#include <queue>
#include <vector>

#include "testbench/systemc/lean.h"

namespace testbench::lean
{

class hop : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface
{
  public:
    /* Requests come in the order of their outcomes: each makes as many reads of memory as it had, and ends
     * when it ended, behind `begin`, at its port. */
    struct part {
        const std::vector<outcome> &outcomes;
        std::uint64_t begin_ps;
    };
    hop(sc_core::sc_module_name name, const part &part);
    ~hop() override;

    sc_core::sc_vector<tlm::tlm_target_socket<64>> in;
    tlm::tlm_initiator_socket<64> out, mem;

    tlm::tlm_sync_enum nb_transport_bw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
    void free(payload *p) override;

  private:
    struct port : tlm::tlm_fw_transport_if<> {
        hop *owner = nullptr;
        unsigned number = 0;
        void b_transport(payload &, sc_core::sc_time &) override
        {
        }
        tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &) override;
        unsigned transport_dbg(payload &) override
        {
            return 0;
        }
        bool get_direct_mem_ptr(payload &, tlm::tlm_dmi &) override
        {
            return false;
        }
    };
    struct request {
        const outcome *what;
        payload *asks;
        unsigned port;
        bool operator<(const request &other) const
        {
            return what->done > other.what->done;
        }
    };
    struct line : payload {
        explicit line(tlm::tlm_mm_interface *mm) : payload(mm)
        {
        }
        std::uint32_t reads = 0;
        unsigned char data[64] = {};
    };
    void take(payload &p, unsigned port);
    void read(std::uint32_t reads);
    void run();
    void end(const request &r);

    const std::vector<outcome> &outcomes_;
    const std::uint64_t begin_;
    std::size_t next_ = 0;
    std::vector<port> ports_;
    std::priority_queue<request> under_way_;
    std::vector<std::unique_ptr<line>> all_;
    std::vector<line *> free_;
    sc_core::sc_event due_;
};

} // namespace testbench::lean

#endif
