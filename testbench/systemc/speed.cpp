// SPDX-License-Identifier: Apache-2.0
/* How fast the module is: hits by b_transport, accesses through a direct pointer, a bare hop for comparison.
 *     systemc-speed [TRANSACTIONS] */
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <amdvi/systemc.h>

#include "testbench/systemc/bench.h"

using namespace testbench;

namespace
{

/* A target that does next to nothing. */
struct sink : sc_core::sc_module, tlm::tlm_fw_transport_if<> {
    tlm::tlm_target_socket<64> socket;
    std::uint64_t seen = 0;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(16 << 20);

    explicit sink(sc_core::sc_module_name name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    }
    void b_transport(tlm::tlm_generic_payload &p, sc_core::sc_time &) override
    {
        seen += p.get_address();
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &p, tlm::tlm_phase &,
                                       sc_core::sc_time &) override
    {
        p.set_response_status(tlm::TLM_OK_RESPONSE);
        return tlm::TLM_COMPLETED;
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &) override
    {
        return 0;
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &dmi) override
    {
        dmi.init();
        dmi.set_dmi_ptr(bytes.data());
        dmi.set_start_address(0);
        dmi.set_end_address(bytes.size() - 1);
        dmi.allow_read_write();
        return true;
    }
};

/* Of the processor, not of the clock on the wall: others may be at work. */
double seconds(std::clock_t begin)
{
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

double transactions(hand<64> &from, std::uint64_t count, unsigned pages, bool extension)
{
    tlm::tlm_generic_payload p;
    amdvi::dma_extension who;
    unsigned char data[64];
    sc_core::sc_time delay;
    const std::clock_t begin = std::clock();

    hand<64>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, data, 64);
    if (extension)
        p.set_extension(&who);
    for (std::uint64_t i = 0; i < count; i++) {
        p.set_address(0x10000 + i % pages * 4096 + i * 64 % 4096);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        from.socket->b_transport(p, delay);
        if (p.is_response_error())
            std::abort();
    }
    p.clear_extension(&who);
    return static_cast<double>(count) / seconds(begin) / 1e6;
}

/* What an initiator with a pointer does: is the address in its range, then the access. */
double pointers(hand<64> &from, std::uint64_t count)
{
    tlm::tlm_generic_payload p;
    tlm::tlm_dmi dmi;
    std::uint64_t data = 0, sum = 0;

    hand<64>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, &data, 8);
    if (!from.socket->get_direct_mem_ptr(p, dmi))
        std::abort();
    const std::clock_t begin = std::clock();
    for (std::uint64_t i = 0; i < count; i++) {
        const std::uint64_t address = 0x10000 + i * 8 % 4096;
        if (address < dmi.get_start_address() || address + 7 > dmi.get_end_address())
            std::abort();
        std::memcpy(&data, dmi.get_dmi_ptr() + (address - dmi.get_start_address()), 8);
        sum += data;
        asm volatile("" : "+r"(sum));
    }
    return static_cast<double>(count) / seconds(begin) / 1e6;
}

} // namespace

int sc_main(int argc, char **argv)
{
    const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 20000000;
    amdvi::basic_iommu<64> iommu("iommu");
    ram<64> tables("tables");
    sink target("target"), bare("bare");
    hand<64> device("device"), cpu("cpu"), direct("direct");
    world w(tables, [&](std::uint64_t offset, std::uint64_t value) { cpu.write(offset, value); });

    device.socket.bind(iommu.in[0]);
    direct.socket.bind(bare.socket);
    cpu.socket.bind(iommu.regs);
    iommu.out.bind(target.socket);
    iommu.mem.bind(tables.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::uint64_t root = w.device(0, 1);
    for (unsigned i = 0; i < 64; i++)
        w.map(root, 0x10000 + i * 4096, AT_DATA + i * 4096);
    w.start();
    for (int round = 0; round < 3; round++)
        std::printf("bare hop %.1f, hits in one page %.1f, in 64 pages %.1f, with extension %.1f, direct "
                    "pointer %.0f "
                    "million/s\n",
                    transactions(direct, count, 1, false), transactions(device, count, 1, false),
                    transactions(device, count, 64, false), transactions(device, count, 1, true),
                    pointers(device, count * 4));
    return EXIT_SUCCESS;
}
