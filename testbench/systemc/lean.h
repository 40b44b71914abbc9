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

/* The kernel's own counts of a picosecond: one, unless somebody has set another resolution. */
inline sc_core::sc_time::value_type units()
{
    static const sc_core::sc_time::value_type count = sc_core::sc_time(1, sc_core::SC_PS).value();
    return count;
}

inline sc_core::sc_time picoseconds(std::uint64_t ps)
{
    return sc_core::sc_time::from_value(ps * units());
}

inline std::uint64_t in_picoseconds(const sc_core::sc_time &time)
{
    return units() == 1 ? time.value() : time.value() / units();
}

/* How a job ended. */
struct outcome {
    std::uint64_t done = 0, pa = 0; /* ps; null unless ok */
    std::uint32_t reads = 0;        /* of memory, made for it in the C library */
    bool ok = false;
};

/* Sends each job at its time behind `begin` from a method process; takes responses as they come. */
class initiator : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface
{
  public:
    initiator(sc_core::sc_module_name name, const std::vector<job> &jobs, std::uint64_t begin_ps);
    ~initiator() override;

    sc_core::sc_vector<tlm::tlm_initiator_socket<64>> sockets;
    std::vector<outcome> outcomes; /* of the jobs */
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
        std::size_t what = 0;
    };
    void run();
    std::uint64_t now() const;
    void send(std::size_t what);
    void end(item &i, const sc_core::sc_time &delay);
    item &fresh();

    const std::vector<job> &jobs_;
    const std::uint64_t begin_; /* ps */
    std::size_t next_ = 0;
    sc_core::sc_event due_;
    std::vector<std::unique_ptr<item>> all_;
    std::vector<item *> free_;
};

/* A socket behind which something lies, without direct pointers to it. */
class target : public sc_core::sc_module, public tlm::tlm_fw_transport_if<>
{
  public:
    tlm::tlm_target_socket<64> socket;

    bool get_direct_mem_ptr(payload &, tlm::tlm_dmi &) override
    {
        return false;
    }

  protected:
    explicit target(sc_core::sc_module_name name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    }
};

/* Memory: it accepts at once, and responds `latency` later. */
class memory : public target
{
  public:
    memory(sc_core::sc_module_name name, std::vector<unsigned char> bytes, std::uint64_t latency_ps);

    void b_transport(payload &p, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) override;
    unsigned transport_dbg(payload &p) override;

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

/* A target that completes at once. What is in it nobody looks at: a page of bytes is there at every address.
 */
class sink : public target
{
  public:
    explicit sink(sc_core::sc_module_name name) : target(name)
    {
    }

    void b_transport(payload &p, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) override;
    unsigned transport_dbg(payload &p) override;

  private:
    unsigned char bytes_[2 * 4096] = {};
};

} // namespace testbench::lean

#endif
