// SPDX-License-Identifier: Apache-2.0
/* The smallest complete platform with amdvi: one device behind an IOMMU, one mapped page, one DMA write. */
#include <amdvi/systemc.h>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstring>
#include <iomanip>
#include <iostream>
#include <vector>

/* 16 MiB of memory: what `out` and `mem` lead to. */
struct memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<memory> data{"data"}, tables{"tables"};
    std::vector<unsigned char> bytes = std::vector<unsigned char>(16 << 20);

    explicit memory(sc_core::sc_module_name name) : sc_core::sc_module(name)
    {
        data.register_b_transport(this, &memory::access);
        tables.register_b_transport(this, &memory::access);
    }
    void access(tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
    {
        unsigned char *place = bytes.data() + p.get_address();

        if (p.get_address() + p.get_data_length() > bytes.size()) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (p.is_read())
            std::memcpy(p.get_data_ptr(), place, p.get_data_length());
        else
            std::memcpy(place, p.get_data_ptr(), p.get_data_length());
        delay += sc_core::sc_time(100, sc_core::SC_NS);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    void put(std::uint64_t address, std::uint64_t value)
    {
        std::memcpy(bytes.data() + address, &value, sizeof(value));
    }
};

/* A processor at the registers and a device at a port, in one process. */
struct software : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<software> regs{"regs"}, device{"device"};
    memory &ram;

    software(sc_core::sc_module_name name, memory &m) : sc_core::sc_module(name), ram(m)
    {
        SC_HAS_PROCESS(software);
        SC_THREAD(run);
    }
    template <typename SOCKET>
    void write(SOCKET &socket, std::uint64_t address, std::uint64_t value, unsigned length)
    {
        tlm::tlm_generic_payload p;
        sc_core::sc_time delay;

        p.set_write();
        p.set_address(address);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        p.set_data_length(length);
        p.set_streaming_width(length);
        socket->b_transport(p, delay);
        wait(delay);
        if (p.is_response_error())
            std::cout << "refused: " << p.get_response_string() << "\n";
    }
    void run()
    {
        constexpr std::uint64_t device_table = 0x200000, page_table = 0x300000, page = 0x400000;

        ram.put(page_table + 5 * 8, page | 1 | 3ull << 61);          /* present, last level, IR, IW */
        ram.put(device_table, page_table | 3 | 1 << 9 | 3ull << 61); /* V, TV, one level, IR, IW: device 0 */
        write(regs, 0x00, device_table, 8);
        write(regs, 0x18, 1, 8); /* IommuEn */
        write(device, 0x5000, 42, 4);
        std::cout << "wrote 42 through IOVA 0x5000, found " << unsigned(ram.bytes[page]) << " at 0x"
                  << std::hex << page << "\n";
    }
};

int sc_main(int, char **)
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    memory ram("ram");
    amdvi::iommu iommu("iommu");
    software cpu("cpu", ram);

    cpu.regs.bind(iommu.regs);
    cpu.device.bind(iommu.in[0]);
    iommu.out.bind(ram.data);
    iommu.mem.bind(ram.tables);
    sc_core::sc_start();
    return 0;
}
