// SPDX-License-Identifier: Apache-2.0
/* The parts of the example machine: memory with latency and bandwidth, an interrupt controller, devices. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_PLATFORM_MACHINE_H
#define AMDVI_TESTBENCH_SYSTEMC_PLATFORM_MACHINE_H

#include <array>
#include <string>
#include <vector>

#include <amdvi/systemc.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace platform
{

/* What happened when, for the end. */
struct timeline {
    struct entry {
        sc_core::sc_time when;
        std::string who, what;
    };
    std::vector<entry> entries;
    void note(const std::string &who, const std::string &what)
    {
        entries.push_back({sc_core::sc_time_stamp(), who, what});
    }
};

/* Memory behind a channel: each access takes its latency, and the channel so long as its bytes need. */
class dram : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<dram, 64> data, tables;
    std::vector<unsigned char> bytes;
    std::uint64_t accesses = 0, moved = 0;

    dram(sc_core::sc_module_name name, std::size_t size, sc_core::sc_time latency, double bytes_per_ns);

  private:
    void access(tlm::tlm_generic_payload &p, sc_core::sc_time &delay);
    unsigned debug(tlm::tlm_generic_payload &p);

    const sc_core::sc_time latency_;
    const double bytes_per_ns_;
    sc_core::sc_time free_at_;
};

/* Messages to FEEx_xxxxh become interrupts; the rest goes on to memory. */
class interrupt_controller : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<interrupt_controller, 64> from_devices, from_iommu;
    tlm_utils::simple_initiator_socket<interrupt_controller, 64> to_memory, to_tables;
    std::array<unsigned, 256> count{};
    std::array<sc_core::sc_event, 256> raised;

    interrupt_controller(sc_core::sc_module_name name, timeline &t);

  private:
    bool message(tlm::tlm_generic_payload &p);
    unsigned debug_memory(tlm::tlm_generic_payload &p);
    unsigned debug_tables(tlm::tlm_generic_payload &p);
    void of_devices(tlm::tlm_generic_payload &p, sc_core::sc_time &delay);
    void of_iommu(tlm::tlm_generic_payload &p, sc_core::sc_time &delay);

    timeline &timeline_;
};

/* What all devices have: DMA through the IOMMU, with the time that it takes. */
class dma_device : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<dma_device, 64> dma;
    std::uint64_t requests = 0, bytes = 0, faults = 0;
    sc_core::sc_time busy;

    dma_device(sc_core::sc_module_name name, std::uint16_t id);
    bool transfer(tlm::tlm_command command, std::uint64_t address, void *data, unsigned length);
    void raise(unsigned vector_index);
    template <typename T> T fetch(std::uint64_t address)
    {
        T value{};
        transfer(tlm::TLM_READ_COMMAND, address, &value, sizeof(value));
        return value;
    }
    template <typename T> void store(std::uint64_t address, T value)
    {
        transfer(tlm::TLM_WRITE_COMMAND, address, &value, sizeof(value));
    }

  private:
    amdvi::dma_extension who_;
};

/* Reads and writes 64 bytes here and there. */
class generator : public dma_device
{
  public:
    generator(sc_core::sc_module_name name, std::uint16_t id, std::uint64_t base, unsigned pages,
              unsigned count);

  private:
    void run();
    const std::uint64_t base_;
    const unsigned pages_, count_;
    std::uint64_t random_;
};

/* A ring of descriptors (address, length, done): sends each packet, notes it, interrupts. */
class nic : public dma_device
{
  public:
    struct descriptor {
        std::uint64_t address;
        std::uint32_t length, done;
    };
    sc_core::sc_event doorbell;
    std::uint64_t ring = 0, sum = 0;
    unsigned head = 0, tail = 0, size = 0;

    nic(sc_core::sc_module_name name, std::uint16_t id);

  private:
    void run();
    std::vector<unsigned char> packet_; /* not in the thread: its stack is never unwound */
};

/* A submission queue (where to, how much) and a completion queue: writes blocks, notes it, interrupts. */
class nvme : public dma_device
{
  public:
    struct command {
        std::uint64_t address;
        std::uint32_t blocks, tag;
    };
    sc_core::sc_event doorbell;
    std::uint64_t submissions = 0, completions = 0;
    unsigned head = 0, tail = 0;

    nvme(sc_core::sc_module_name name, std::uint16_t id, timeline &t);

  private:
    void run();
    timeline &timeline_;
    std::vector<unsigned char> block_ = std::vector<unsigned char>(4096);
};

} // namespace platform

#endif
