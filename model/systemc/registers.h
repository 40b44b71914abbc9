// SPDX-License-Identifier: Apache-2.0
/* The sockets by which software reaches registers. */
#ifndef AMDVI_SYSTEMC_REGISTERS_H
#define AMDVI_SYSTEMC_REGISTERS_H

#include <cstdint>
#include <deque>

#include <amdvi/systemc.h>

#include "model/systemc/responder.h"

namespace amdvi::face
{

class core;

class register_port : public tlm::tlm_fw_transport_if<>
{
  public:
    register_port(core &c, inside::space which);

    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &dmi) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;

    responder answers;

  private:
    tlm::tlm_response_status judged(const tlm::tlm_generic_payload &payload) const;
    bool width_served(unsigned length) const;
    amdvi_status read(std::uint64_t address, unsigned size, std::uint64_t &value);
    amdvi_status write(std::uint64_t address, unsigned size, std::uint64_t value);
    amdvi_status access(tlm::tlm_generic_payload &payload);
    void after_write(std::uint64_t address);
    bool debug_word(std::uint64_t address, std::uint64_t &value);

    core &core_;
    const inside::space which_;
};

/* Register accesses by non-blocking transport, one after the other, in a thread of their own. */
class register_server
{
  public:
    /* While a module is constructed. */
    register_server();
    void take(register_port &port, tlm::tlm_generic_payload &payload);

  private:
    struct request {
        register_port *port;
        tlm::tlm_generic_payload *payload;
    };
    void run();

    std::deque<request> waiting_;
    sc_core::sc_event arrived_;
};

} // namespace amdvi::face

#endif
