// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/platform/machine.h"

#include <algorithm>
#include <cstring>

namespace platform
{

using sc_core::sc_time;

/* ---------------------------------------------------------------- memory */

dram::dram(sc_core::sc_module_name name, std::size_t size, sc_time latency, double bytes_per_ns)
    : sc_core::sc_module(name), data("data"), tables("tables"), bytes(size), latency_(latency),
      bytes_per_ns_(bytes_per_ns)
{
    data.register_b_transport(this, &dram::access);
    data.register_transport_dbg(this, &dram::debug);
    tables.register_b_transport(this, &dram::access);
    tables.register_transport_dbg(this, &dram::debug);
}

unsigned dram::debug(tlm::tlm_generic_payload &p)
{
    if (p.get_address() > bytes.size() || p.get_data_length() > bytes.size() - p.get_address())
        return 0;
    if (p.is_read())
        std::memcpy(p.get_data_ptr(), bytes.data() + p.get_address(), p.get_data_length());
    else
        std::memcpy(bytes.data() + p.get_address(), p.get_data_ptr(), p.get_data_length());
    return p.get_data_length();
}

void dram::access(tlm::tlm_generic_payload &p, sc_time &delay)
{
    const sc_time begins = std::max(sc_core::sc_time_stamp() + delay, free_at_);

    if (debug(p) == 0) {
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    accesses++;
    moved += p.get_data_length();
    free_at_ = begins + sc_time(p.get_data_length() / bytes_per_ns_, sc_core::SC_NS);
    delay = free_at_ + latency_ - sc_core::sc_time_stamp();
    p.set_response_status(tlm::TLM_OK_RESPONSE);
}

/* ---------------------------------------------------------------- interrupts */

interrupt_controller::interrupt_controller(sc_core::sc_module_name name, timeline &t)
    : sc_core::sc_module(name), from_devices("from_devices"), from_iommu("from_iommu"),
      to_memory("to_memory"), to_tables("to_tables"), timeline_(t)
{
    from_devices.register_b_transport(this, &interrupt_controller::of_devices);
    from_iommu.register_b_transport(this, &interrupt_controller::of_iommu);
    from_iommu.register_transport_dbg(this, &interrupt_controller::debug_tables);
    from_devices.register_transport_dbg(this, &interrupt_controller::debug_memory);
}

unsigned interrupt_controller::debug_memory(tlm::tlm_generic_payload &p)
{
    return to_memory->transport_dbg(p);
}

unsigned interrupt_controller::debug_tables(tlm::tlm_generic_payload &p)
{
    return to_tables->transport_dbg(p);
}

bool interrupt_controller::message(tlm::tlm_generic_payload &p)
{
    if (p.get_address() >> 20 != 0xfee || !p.is_write() || p.get_data_length() != 4)
        return false;
    const unsigned vector = p.get_data_ptr()[0];
    count[vector]++;
    raised[vector].notify(sc_core::SC_ZERO_TIME);
    timeline_.note("interrupts", "vector " + std::to_string(vector));
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    return true;
}

void interrupt_controller::of_devices(tlm::tlm_generic_payload &p, sc_time &delay)
{
    if (!message(p))
        to_memory->b_transport(p, delay);
}

void interrupt_controller::of_iommu(tlm::tlm_generic_payload &p, sc_time &delay)
{
    if (!message(p))
        to_tables->b_transport(p, delay);
}

/* ---------------------------------------------------------------- devices */

dma_device::dma_device(sc_core::sc_module_name name, std::uint16_t id) : sc_core::sc_module(name), dma("dma")
{
    who_.device_id = id;
}

bool dma_device::transfer(tlm::tlm_command command, std::uint64_t address, void *data, unsigned length)
{
    tlm::tlm_generic_payload p;
    sc_time delay;

    p.set_command(command);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char *>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_extension(&who_);
    dma->b_transport(p, delay);
    p.clear_extension(&who_);
    requests++;
    bytes += length;
    faults += p.is_response_error();
    busy += delay;
    wait(delay);
    return p.is_response_ok();
}

void dma_device::raise(unsigned index)
{
    store<std::uint32_t>(0xfee00000, index);
}

generator::generator(sc_core::sc_module_name name, std::uint16_t id, std::uint64_t base, unsigned pages,
                     unsigned count)
    : dma_device(name, id), base_(base), pages_(pages), count_(count), random_(id * 77 + 1)
{
    SC_HAS_PROCESS(generator);
    SC_THREAD(run);
}

void generator::run()
{
    unsigned char data[64] = {};

    wait(sc_time(5, sc_core::SC_US)); /* the driver sets everything up meanwhile */
    for (unsigned i = 0; i < count_; i++) {
        random_ = random_ * 6364136223846793005u + 1442695040888963407u;
        const std::uint64_t address = base_ + (random_ >> 33) % pages_ * 4096 + (random_ >> 20) % 64 * 64;
        transfer(random_ >> 62 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND, address, data, 64);
    }
}

nic::nic(sc_core::sc_module_name name, std::uint16_t id) : dma_device(name, id)
{
    SC_HAS_PROCESS(nic);
    SC_THREAD(run);
}

void nic::run()
{
    for (;; head = (head + 1) % size) {
        while (head == tail)
            wait(doorbell);
        const std::uint64_t at = ring + head * sizeof(descriptor);
        const auto d = fetch<descriptor>(at);
        packet_.resize(d.length);
        transfer(tlm::TLM_READ_COMMAND, d.address, packet_.data(), d.length);
        for (unsigned char byte : packet_)
            sum += byte;
        wait(sc_time(d.length * 0.08, sc_core::SC_NS)); /* 100 Gbit/s */
        store<std::uint32_t>(at + offsetof(descriptor, done), 1);
        raise(1);
    }
}

nvme::nvme(sc_core::sc_module_name name, std::uint16_t id, timeline &t) : dma_device(name, id), timeline_(t)
{
    SC_HAS_PROCESS(nvme);
    SC_THREAD(run);
}

void nvme::run()
{
    for (;; head = (head + 1) % 64) {
        while (head == tail)
            wait(doorbell);
        const auto c = fetch<command>(submissions + head * sizeof(command));
        wait(sc_time(8, sc_core::SC_US)); /* the medium */
        for (unsigned i = 0; i < c.blocks; i++) {
            std::fill(block_.begin(), block_.end(), static_cast<unsigned char>(c.tag + i));
            if (!transfer(tlm::TLM_WRITE_COMMAND, c.address + i * 4096, block_.data(), 4096))
                timeline_.note(name(), "block " + std::to_string(i) + " of command " + std::to_string(c.tag) +
                                           " is refused");
        }
        store<std::uint64_t>(completions + head * 8, c.tag | std::uint64_t(1) << 32);
        raise(2);
    }
}

} // namespace platform
