// SPDX-License-Identifier: Apache-2.0
/*
 * What stands around a module whose speed is measured, as lean as the base protocol allows: an initiator
 * without a thread, memory that answers after a constant time, a target that answers at once.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_LEAN_H
#define AMDVI_TESTBENCH_SYSTEMC_LEAN_H

#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include <amdvi/systemc.h>

#include "testbench/systemc/workload.h"

namespace testbench::lean
{

using payload = tlm::tlm_generic_payload;

inline sc_core::sc_time picoseconds(std::uint64_t ps)
{
    static const sc_core::sc_time::value_type units = sc_core::sc_time(1, sc_core::SC_PS).value();
    return sc_core::sc_time::from_value(ps * units);
}

/* Sends each job at its time behind `begin` from a method process; takes responses as they come. */
class initiator : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface
{
  public:
    initiator(sc_core::sc_module_name name, std::vector<job> &jobs, std::uint64_t begin_ps);
    ~initiator() override;

    sc_core::sc_vector<tlm::tlm_initiator_socket<64>> sockets;
    std::uint64_t ended = 0;

    tlm::tlm_sync_enum nb_transport_bw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
    void free(payload *p) override;

  private:
    struct item : payload {
        explicit item(tlm::tlm_mm_interface *mm) : payload(mm)
        {
        }
        amdvi::dma_extension who;
        unsigned char data[8] = {};
        job *what = nullptr;
    };
    void run();
    std::uint64_t now() const;
    void send(job &j);
    void end(item &i, const sc_core::sc_time &delay);
    item &fresh();

    std::vector<job> &jobs_;
    const std::uint64_t begin_; /* ps */
    std::size_t next_ = 0;
    std::vector<std::unique_ptr<item>> all_;
    std::vector<item *> free_;
};

/* Memory behind a socket. `latency` zero: it completes at once; else it accepts at once, and responds later.
 */
class memory : public sc_core::sc_module, public tlm::tlm_fw_transport_if<>
{
  public:
    memory(sc_core::sc_module_name name, std::vector<unsigned char> bytes, std::uint64_t latency_ps);

    tlm::tlm_target_socket<64> socket;

    void b_transport(payload &p, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) override;
    unsigned transport_dbg(payload &p) override;
    bool get_direct_mem_ptr(payload &, tlm::tlm_dmi &) override
    {
        return false;
    }

  private:
    struct owed {
        sc_core::sc_time when;
        payload *what;
    };
    bool execute(payload &p);
    void respond();

    std::vector<unsigned char> bytes_;
    const sc_core::sc_time latency_;
    std::deque<owed> owed_;
    sc_core::sc_event due_;
};

} // namespace testbench::lean

#endif
