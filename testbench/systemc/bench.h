// SPDX-License-Identifier: Apache-2.0
/* A module under test with a checker at each of its sockets, memory behind `out` and `mem`, and a driver in
 * front. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_BENCH_H
#define AMDVI_TESTBENCH_SYSTEMC_BENCH_H

#include <memory>
#include <vector>

#include <amdvi/systemc.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "testbench/systemc/checker.h"
#include "testbench/systemc/ram.h"
#include "testbench/systemc/world.h"

namespace testbench
{

/* An initiator that a test works by hand. */
template <unsigned BUSWIDTH> class hand : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>
{
  public:
    explicit hand(sc_core::sc_module_name name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    }
    tlm::tlm_initiator_socket<BUSWIDTH> socket;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> revoked;
    std::function<void()> on_revoke;
    std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload &, tlm::tlm_phase &, sc_core::sc_time &)>
        on_phase;

    /* One blocking transaction without extension; gives its response. */
    tlm::tlm_response_status transfer(tlm::tlm_command command, std::uint64_t address, void *data,
                                      unsigned length, amdvi::dma_extension *extension = nullptr,
                                      sc_core::sc_time *delay = nullptr)
    {
        tlm::tlm_generic_payload p;
        sc_core::sc_time none;

        fill(p, command, address, data, length);
        p.set_extension(extension);
        socket->b_transport(p, delay ? *delay : none);
        p.clear_extension(extension);
        return p.get_response_status();
    }
    template <typename T> T read(std::uint64_t address)
    {
        T value{};
        transfer(tlm::TLM_READ_COMMAND, address, &value, sizeof(value));
        return value;
    }
    template <typename T> void write(std::uint64_t address, T value)
    {
        transfer(tlm::TLM_WRITE_COMMAND, address, &value, sizeof(value));
    }
    static void fill(tlm::tlm_generic_payload &p, tlm::tlm_command command, std::uint64_t address, void *data,
                     unsigned length)
    {
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(static_cast<unsigned char *>(data));
        p.set_data_length(length);
        p.set_streaming_width(length);
        p.set_byte_enable_ptr(nullptr);
        p.set_byte_enable_length(0);
        p.set_dmi_allowed(false);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return on_phase ? on_phase(p, phase, delay) : tlm::TLM_ACCEPTED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override
    {
        revoked.push_back({first, last});
        if (on_revoke)
            on_revoke();
    }
};

template <unsigned BUSWIDTH> class bench
{
    const bool checked_; /* without checkers: to see how fast it is */

  public:
    explicit bench(const amdvi::iommu_options &options = {}, const std::string &prefix = "",
                   bool checked = true)
        : checked_(checked), iommu((prefix + "iommu").c_str(), options), memory((prefix + "memory").c_str()),
          tables((prefix + "tables").c_str()), cpu((prefix + "cpu").c_str()), pci((prefix + "pci").c_str()),
          vf((prefix + "vf").c_str()), vfc((prefix + "vfc").c_str()),
          world(tables, [this](std::uint64_t offset, std::uint64_t value) { cpu.write(offset, value); })
    {
        for (unsigned i = 0; i < options.ports; i++) {
            devices.push_back(
                std::make_unique<hand<BUSWIDTH>>((prefix + "device" + std::to_string(i)).c_str()));
            join(prefix + "in" + std::to_string(i), devices.back()->socket, iommu.in[i], true);
        }
        join(prefix + "out", iommu.out, memory.socket, false);
        join(prefix + "mem", iommu.mem, tables.socket, false);
        join(prefix + "regs", cpu.socket, iommu.regs, true);
        join(prefix + "pcis", pci.socket, iommu.pci, true);
        join(prefix + "vfs", vf.socket, iommu.vf, true);
        join(prefix + "vfcs", vfc.socket, iommu.vfc, true);
    }

    amdvi::basic_iommu<BUSWIDTH> iommu;
    ram<BUSWIDTH> memory, tables; /* behind `out`, behind `mem` */
    hand<BUSWIDTH> cpu, pci, vf, vfc;
    std::vector<std::unique_ptr<hand<BUSWIDTH>>> devices;
    std::vector<std::unique_ptr<checker<BUSWIDTH>>> checkers;
    testbench::world world;

    hand<BUSWIDTH> &device(unsigned i = 0)
    {
        return *devices[i];
    }
    std::uint64_t broken() const
    {
        std::uint64_t sum = 0;
        for (const auto &c : checkers)
            sum += c->rules.broken();
        return sum;
    }
    std::uint64_t transactions() const
    {
        std::uint64_t sum = 0;
        for (const auto &c : checkers)
            sum += c->rules.transactions();
        return sum;
    }
    void at_rest()
    {
        for (auto &c : checkers)
            c->rules.at_rest();
    }
    std::string findings() const
    {
        std::string all;
        for (const auto &c : checkers)
            for (const auto &line : c->rules.findings())
                all += line + "\n";
        return all;
    }
    std::uint64_t events() const
    {
        return tables.template peek<std::uint64_t>(0);
    }

  private:
    template <typename FROM, typename TO> void join(const std::string &name, FROM &from, TO &to, bool strict)
    {
        if (!checked_) {
            from.bind(to);
            return;
        }
        checkers.push_back(std::make_unique<checker<BUSWIDTH>>((name + "_checker").c_str()));
        checkers.back()->rules.strict = strict;
        from.bind(checkers.back()->up);
        checkers.back()->down.bind(to);
    }
};

} // namespace testbench

#endif
