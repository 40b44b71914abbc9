// SPDX-License-Identifier: Apache-2.0
/* A socket of `in`: requests of devices. */
#ifndef AMDVI_SYSTEMC_DEVICE_PORT_H
#define AMDVI_SYSTEMC_DEVICE_PORT_H

#include <cstdint>
#include <vector>

#include "model/systemc/request.h"
#include "model/systemc/responder.h"

namespace amdvi::face
{

class core;

class device_port : public tlm::tlm_fw_transport_if<>
{
  public:
    device_port(core &c, unsigned number);

    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &dmi) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;

    std::uint16_t default_device() const
    {
        return default_device_;
    }
    unsigned number() const
    {
        return number_;
    }
    /* There is room for one request more. */
    void room();

    responder answers;

  private:
    void translate(const order &order, tlm::tlm_generic_payload &payload, dma_extension *extension,
                   sc_core::sc_time &delay);
    bool translate_pieces(const order &order, amdvi_result &first, std::vector<piece> &pieces);
    void interrupt(const order &order, tlm::tlm_generic_payload &payload, dma_extension *extension,
                   sc_core::sc_time &delay);
    void forward(tlm::tlm_generic_payload &payload, std::uint64_t address, sc_core::sc_time &delay);
    void forward_legs(tlm::tlm_generic_payload &payload, const std::vector<piece> &pieces,
                      sc_core::sc_time &delay);
    void forward_message(tlm::tlm_generic_payload &payload, std::uint64_t address, std::uint32_t data,
                         sc_core::sc_time &delay);
    void fail(tlm::tlm_generic_payload &payload, const amdvi_fault &fault, const order &order);
    bool take(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    void take_later(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    unsigned look_through(const order &order, tlm::tlm_generic_payload &payload);
    unsigned forward_debug(tlm::tlm_generic_payload &payload, std::uint64_t done, std::uint64_t length,
                           std::uint64_t address);

    core &core_;
    const unsigned number_;
    const std::uint16_t default_device_;
    tlm::tlm_generic_payload *without_room_ = nullptr; /* a request that waits for END_REQ */
    sc_core::sc_time without_room_until_;              /* no earlier than it begins */
};

} // namespace amdvi::face

#endif
