// SPDX-License-Identifier: Apache-2.0
/* A module that stands between an initiator and a target, changes nothing, and holds both to the rules. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_CHECKER_H
#define AMDVI_TESTBENCH_SYSTEMC_CHECKER_H

#include "testbench/systemc/rules.h"

namespace testbench
{

template <unsigned BUSWIDTH>
class checker : public sc_core::sc_module,
                public tlm::tlm_fw_transport_if<>,
                public tlm::tlm_bw_transport_if<>
{
  public:
    explicit checker(sc_core::sc_module_name name)
        : sc_core::sc_module(name), up("up"), down("down"), rules(this->name())
    {
        up.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
        down.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    }

    tlm::tlm_target_socket<BUSWIDTH> up;
    tlm::tlm_initiator_socket<BUSWIDTH> down;
    testbench::rules rules;

    void b_transport(tlm::tlm_generic_payload &p, sc_core::sc_time &delay) override
    {
        rules.b_begin(p, delay);
        down->b_transport(p, delay);
        rules.b_end(p, delay);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        rules.fw_begin(p, phase, delay);
        const tlm::tlm_sync_enum status = down->nb_transport_fw(p, phase, delay);
        rules.fw_end(p, phase, delay, status);
        return status;
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        rules.bw_begin(p, phase, delay);
        const tlm::tlm_sync_enum status = up->nb_transport_bw(p, phase, delay);
        rules.bw_end(p, phase, delay, status);
        return status;
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &p) override
    {
        rules.debug_begin(p);
        const unsigned count = down->transport_dbg(p);
        rules.debug_end(p, count);
        return count;
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi) override
    {
        const std::uint64_t asked = p.get_address();
        const bool granted = down->get_direct_mem_ptr(p, dmi);
        rules.pointer_end(p, asked, dmi, granted);
        return granted;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override
    {
        rules.revoked(first, last);
        up->invalidate_direct_mem_ptr(first, last);
    }
};

} // namespace testbench

#endif
