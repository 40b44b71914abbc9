// SPDX-License-Identifier: Apache-2.0
/* Memory as a target: from address 0, with a latency, by every transport; it can be told to be difficult. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_RAM_H
#define AMDVI_TESTBENCH_SYSTEMC_RAM_H

#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_get.h>

namespace testbench
{

/* How a target may go through the phases of the base protocol. */
enum class manners {
    four_phases,
    request_at_once,
    response_at_once,
    completed_at_once,
    no_end_of_request,
    any
};

/* What does not depend on the width of the bus. */
class ram_core : public sc_core::sc_module, public tlm::tlm_fw_transport_if<>
{
  public:
    ram_core(sc_core::sc_module_name name, std::size_t size);

    std::vector<unsigned char> bytes;
    sc_core::sc_time latency; /* from a request to its response */
    sc_core::sc_time jitter;  /* up to so much more */
    manners style = manners::four_phases;
    std::mt19937_64 random;
    bool grants = false; /* direct pointers */
    bool grants_writes = true;
    std::uint64_t grant_first = 0, grant_last = ~std::uint64_t(0);
    bool hints = false;
    std::uint64_t bad_first = 1, bad_last = 0;                           /* answers with an error there */
    std::function<void(tlm::tlm_generic_payload &)> on_access, on_debug; /* before it is executed */
    std::uint64_t blocking = 0, nonblocking = 0, debug = 0;
    bool waits = false; /* in b_transport, for its latency */
    /* A test goes through the phases by hand: what has begun it ends with respond(), and nobody holds it. */
    std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload &, tlm::tlm_phase &, sc_core::sc_time &)>
        on_phase;
    tlm::tlm_sync_enum respond(tlm::tlm_generic_payload &p, tlm::tlm_phase phase);

    template <typename T> T peek(std::uint64_t address) const
    {
        T value;
        std::memcpy(&value, bytes.data() + address, sizeof(value));
        return value;
    }
    template <typename T> void poke(std::uint64_t address, T value)
    {
        std::memcpy(bytes.data() + address, &value, sizeof(value));
    }
    void revoke(std::uint64_t first, std::uint64_t last)
    {
        initiator()->invalidate_direct_mem_ptr(first, last);
    }

    void b_transport(tlm::tlm_generic_payload &p, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &p) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi) override;

  protected:
    virtual tlm::tlm_bw_transport_if<> *initiator() = 0;

  private:
    void execute(tlm::tlm_generic_payload &p);
    sc_core::sc_time time_taken();
    manners chosen();
    void respond_later();
    void next_response();
    void response_ended();

    tlm_utils::peq_with_get<tlm::tlm_generic_payload> ready_, accepted_;
    std::deque<tlm::tlm_generic_payload *> responses_;
    tlm::tlm_generic_payload *responding_ = nullptr;
    sc_core::sc_event ended_;
};

template <unsigned BUSWIDTH> class ram : public ram_core
{
  public:
    explicit ram(sc_core::sc_module_name name, std::size_t size = 16 << 20)
        : ram_core(name, size), socket("socket")
    {
        socket.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    }
    tlm::tlm_target_socket<BUSWIDTH> socket;

  protected:
    tlm::tlm_bw_transport_if<> *initiator() override
    {
        return socket.operator->();
    }
};

} // namespace testbench

#endif
