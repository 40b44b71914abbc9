// SPDX-License-Identifier: Apache-2.0
/* The sockets of software: registers, configuration space, guests' pages. */
#include "testbench/systemc/scene.h"

#include <amdvi/layout.h>

using namespace testbench;

namespace
{

std::uint64_t at(const char *name)
{
    return amdvi_register_find(name)->offset;
}

tlm::tlm_response_status access(hand<32> &who, tlm::tlm_command command, std::uint64_t address,
                                unsigned length)
{
    std::vector<unsigned char> data(length, 0xff);

    return who.transfer(command, address, data.data(), length);
}

void registers_are_written_and_read()
{
    scene s;
    std::uint64_t value;

    s.cpu.write<std::uint64_t>(at("exclusion_limit"), 0x7000);
    CHECK(s.cpu.read<std::uint64_t>(at("exclusion_limit")) == 0x7000);
    s.cpu.write<std::uint32_t>(at("exclusion_limit"), 0x9000);
    CHECK(s.cpu.read<std::uint32_t>(at("exclusion_limit")) == 0x9000);
    CHECK(amdvi_mmio_read(s.iommu.device(), at("exclusion_limit"), 8, &value) == AMDVI_OK && value == 0x9000);
    CHECK(s.pci.read<std::uint16_t>(0) == 0x1022);
    CHECK((s.pci.read<std::uint32_t>(0) & 0xffff) == 0x1022);
    CHECK(s.pci.read<std::uint8_t>(1) == 0x10);
    CHECK((s.pci.read<std::uint64_t>(0) & 0xffff) == 0x1022);
}

void widths_that_are_not_served()
{
    scene s;
    const std::uint64_t limit = at("exclusion_limit");

    s.cpu.write<std::uint64_t>(limit, 0x7000);
    for (unsigned length : {1u, 2u, 3u, 5u, 16u})
        CHECK(access(s.cpu, tlm::TLM_WRITE_COMMAND, limit, length) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(access(s.pci, tlm::TLM_READ_COMMAND, 0, 3) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(access(s.vf, tlm::TLM_READ_COMMAND, 0, 2) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(access(s.vfc, tlm::TLM_READ_COMMAND, 0, 1) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(s.cpu.read<std::uint64_t>(limit) == 0x7000);
}

void addresses_that_are_not_there()
{
    scene s;
    const std::uint64_t size = amdvi_mmio_size(s.iommu.device());

    CHECK(access(s.cpu, tlm::TLM_WRITE_COMMAND, 4, 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.cpu, tlm::TLM_READ_COMMAND, size, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.cpu, tlm::TLM_READ_COMMAND, size - 8, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(access(s.pci, tlm::TLM_READ_COMMAND, 1, 2) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.pci, tlm::TLM_READ_COMMAND, 4096, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.pci, tlm::TLM_READ_COMMAND, std::uint64_t(1) << 32, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.vf, tlm::TLM_READ_COMMAND, 65536 * 4096ull, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.vf, tlm::TLM_READ_COMMAND, 65535 * 4096ull, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(access(s.vfc, tlm::TLM_READ_COMMAND, 65536 * 64ull, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.vfc, tlm::TLM_READ_COMMAND, 65535 * 64ull, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(access(s.vfc, tlm::TLM_READ_COMMAND, 2, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void commands_and_enables_that_are_not_served()
{
    scene s;
    unsigned char data[8] = {}, enables[2] = {TLM_BYTE_ENABLED, TLM_BYTE_DISABLED};
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    s.cpu.write<std::uint64_t>(at("exclusion_limit"), 0x7000);
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, at("exclusion_limit"), data, 8);
    p.set_byte_enable_ptr(enables);
    p.set_byte_enable_length(2);
    s.cpu.socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    enables[1] = TLM_BYTE_ENABLED;
    s.cpu.socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_OK_RESPONSE);
    s.cpu.write<std::uint64_t>(at("exclusion_limit"), 0x7000);
    hand<32>::fill(p, tlm::TLM_IGNORE_COMMAND, at("exclusion_limit"), data, 8);
    s.cpu.socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_COMMAND_ERROR_RESPONSE);
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, at("exclusion_limit"), data, 8);
    p.set_streaming_width(4);
    s.cpu.socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(s.cpu.read<std::uint64_t>(at("exclusion_limit")) == 0x7000);
}

void a_doorbell_runs_the_ring()
{
    scene s;
    sc_core::sc_time delay;
    std::uint64_t tail = 16;

    s.tables.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.world.command("cmd_completion_wait", {{"S", 1}, {"Address", AT_STORE}, {"Data", 99}});
    s.cpu.transfer(tlm::TLM_WRITE_COMMAND, at("cmd_tail"), &tail, 8, nullptr, &delay);
    CHECK(s.world.stored(99));
    CHECK(s.cpu.read<std::uint64_t>(at("cmd_head")) == 16);
    CHECK(delay == sc_core::sc_time(20, sc_core::SC_NS)); /* the command and its store */
}

void guests_have_their_blocks()
{
    scene s;
    const std::uint64_t block = 5 * 64;

    s.vfc.write<std::uint64_t>(block + 0x10, ~std::uint64_t(0));
    CHECK(s.vfc.read<std::uint64_t>(block + 0x10) != 0);
    CHECK(s.vfc.read<std::uint64_t>(6 * 64 + 0x10) == 0);
    std::uint64_t value;
    CHECK(amdvi_vfc_read(s.iommu.device(), 5, 0x10, 8, &value) == AMDVI_OK &&
          value == s.vfc.read<std::uint64_t>(block + 0x10));
}

void without_guests_nothing_is_there()
{
    amdvi::iommu_options options;
    options.config = {{"efr", "0x1"}}; /* vIommuSup=0 */
    scene s(options);
    std::uint64_t value;

    CHECK(amdvi_vf_read(s.iommu.device(), 0, 0, 8, &value) == AMDVI_ERR_UNSUPPORTED);
    CHECK(access(s.vf, tlm::TLM_READ_COMMAND, 0, 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access(s.vfc, tlm::TLM_READ_COMMAND, 0, 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

/* A heard register access, for the tests of debug transport. */
struct listener {
    unsigned heard = 0;
    amdvi_observer observer()
    {
        amdvi_observer o{};
        o.context = this;
        o.mmio = [](void *context, bool, std::uint64_t, unsigned, std::uint64_t) {
            static_cast<listener *>(context)->heard++;
        };
        o.pci = [](void *context, bool, unsigned, unsigned, std::uint64_t) {
            static_cast<listener *>(context)->heard++;
        };
        o.guest_mmio = [](void *context, std::uint16_t, bool, bool, std::uint64_t, unsigned, std::uint64_t) {
            static_cast<listener *>(context)->heard++;
        };
        return o;
    }
};

unsigned debug(hand<32> &who, tlm::tlm_command command, std::uint64_t address, void *data, unsigned length)
{
    tlm::tlm_generic_payload p;

    hand<32>::fill(p, command, address, data, length);
    return who.socket->transport_dbg(p);
}

void debug_reads_show_registers()
{
    scene s;
    listener l;
    unsigned char bytes[24] = {};
    std::uint64_t word;

    s.cpu.write<std::uint64_t>(at("exclusion_limit"), 0x7000);
    s.iommu.observe(l.observer());
    CHECK(debug(s.cpu, tlm::TLM_READ_COMMAND, at("exclusion_limit") - 1, bytes, 9) == 9);
    std::memcpy(&word, bytes + 1, 8);
    CHECK(word == 0x7000);
    CHECK(debug(s.pci, tlm::TLM_READ_COMMAND, 1, bytes, 1) == 1 && bytes[0] == 0x10);
    CHECK(debug(s.pci, tlm::TLM_READ_COMMAND, 4094, bytes, 8) == 2);
    CHECK(debug(s.vfc, tlm::TLM_READ_COMMAND, 64, bytes, 8) == 8);
    CHECK(debug(s.cpu, tlm::TLM_READ_COMMAND, amdvi_mmio_size(s.iommu.device()) - 4, bytes, 8) == 4);
    CHECK(debug(s.cpu, tlm::TLM_WRITE_COMMAND, at("exclusion_limit"), bytes, 8) == 0);
    CHECK(l.heard == 0);
    CHECK(s.cpu.read<std::uint64_t>(at("exclusion_limit")) == 0x7000);
    CHECK(l.heard == 1);
}

void registers_give_no_pointers()
{
    scene s;
    tlm::tlm_generic_payload p;
    tlm::tlm_dmi dmi;
    unsigned char data[8];

    hand<32>::fill(p, tlm::TLM_READ_COMMAND, 0, data, 8);
    CHECK(!s.cpu.socket->get_direct_mem_ptr(p, dmi));
}

struct manager : tlm::tlm_mm_interface {
    unsigned freed = 0;
    void free(tlm::tlm_generic_payload *) override
    {
        freed++;
    }
};

void registers_answer_non_blocking_transport()
{
    scene s;
    manager mm;
    tlm::tlm_generic_payload p(&mm);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay(5, sc_core::SC_NS), ended;
    std::uint64_t value = 16;
    unsigned responses = 0;

    s.tables.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.world.command("cmd_completion_wait", {{"S", 1}, {"Address", AT_STORE}, {"Data", 99}});
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, at("cmd_tail"), &value, 8);
    s.cpu.on_phase = [&](tlm::tlm_generic_payload &, tlm::tlm_phase &reached, sc_core::sc_time &) {
        responses += reached == tlm::BEGIN_RESP;
        ended = sc_core::sc_time_stamp();
        return tlm::TLM_COMPLETED;
    };
    p.acquire();
    CHECK(s.cpu.socket->nb_transport_fw(p, phase, delay) == tlm::TLM_UPDATED && phase == tlm::END_REQ);
    sc_core::sc_start();
    CHECK(responses == 1 && p.get_response_status() == tlm::TLM_OK_RESPONSE && s.world.stored(99));
    CHECK(ended == sc_core::sc_time(25, sc_core::SC_NS));
    p.release();
    CHECK(mm.freed == 1);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(registers_are_written_and_read), CASE(widths_that_are_not_served),
                      CASE(addresses_that_are_not_there), CASE(commands_and_enables_that_are_not_served),
                      CASE(a_doorbell_runs_the_ring), CASE(guests_have_their_blocks),
                      CASE(without_guests_nothing_is_there), CASE(debug_reads_show_registers),
                      CASE(registers_give_no_pointers), CASE(registers_answer_non_blocking_transport)});
}
