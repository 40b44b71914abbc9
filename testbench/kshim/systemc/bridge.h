/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU as a SystemC module between the processor and the devices of a machine: what the driver does to
 * registers, what devices ask and what the IOMMU reads in memory are transactions on its sockets, with a
 * checker of the base protocol at each.
 */
#ifndef KSHIM_SYSTEMC_BRIDGE_H
#define KSHIM_SYSTEMC_BRIDGE_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <amdvi/systemc.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "testbench/platform/way.h"
#include "testbench/systemc/checker.h"

namespace kshim
{

enum : unsigned { BUS_BITS = 64, PORTS = 2 };

/* What stands behind `out` or `mem`: the machine's address space, and messages to the interrupt controller,
 * which are noted. */
class address_space : public sc_core::sc_module
{
  public:
    address_space(sc_core::sc_module_name name, const amdvi_memory &memory, const sc_core::sc_time &latency);
    tlm_utils::simple_target_socket<address_space, BUS_BITS> socket;

    struct message {
        bool any;
        std::uint64_t address;
        std::uint32_t data;
    } last{}; /* since it was cleared */

  private:
    void access(tlm::tlm_generic_payload &p, sc_core::sc_time &delay);
    unsigned debug(tlm::tlm_generic_payload &p);
    bool move(tlm::tlm_generic_payload &p);

    const amdvi_memory memory_;
    const sc_core::sc_time latency_;
};

class bridge : public sc_core::sc_module
{
  public:
    bridge(sc_core::sc_module_name name, const machine_order &order, const amdvi::iommu_options &options,
           bool timed);

    amdvi::basic_iommu<BUS_BITS> iommu;
    std::vector<std::unique_ptr<testbench::checker<BUS_BITS>>> checkers;

    enum window { REGS, PCI, VF, VFC, WINDOWS };
    /* In the software's thread: waits for what is annotated. */
    amdvi_status access(window which, tlm::tlm_command command, std::uint64_t offset, std::uint64_t &value,
                        unsigned size);
    amdvi_status dma(const amdvi_request &request, void *data, amdvi_result &result);
    amdvi_status interrupt(std::uint16_t requester, std::uint64_t address, std::uint32_t data,
                           amdvi_int_result &result);
    /* Messages that the IOMMU announced and that did not come by on `mem`. */
    std::uint64_t messages_missed = 0;

  private:
    using initiator = tlm_utils::simple_initiator_socket<bridge, BUS_BITS>;
    template <typename FROM, typename TO> void join(const char *name, FROM &from, TO &to, bool strict);
    tlm::tlm_response_status send(initiator &socket, tlm::tlm_command command, std::uint64_t address,
                                  void *data, unsigned length, amdvi::dma_extension *who);
    void on_interrupt(const amdvi_irq &irq);

    const bool timed_; /* messages leave at a later time than they are told */

    const amdvi_callbacks callbacks_;
    sc_core::sc_vector<initiator> devices_; /* root complex; behind root ports */
    sc_core::sc_vector<initiator> windows_;
    address_space out_, mem_;
};

/* The ways of a machine; the second one with timing=on. */
extern const machine_way way_systemc, way_systemc_timed;
/* All that was made in this process. */
const std::vector<std::unique_ptr<bridge>> &bridges();
/* Where the software's thread goes on, when the first access makes the simulation start. */
void start_simulation();

} // namespace kshim

#endif
