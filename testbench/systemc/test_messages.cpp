// SPDX-License-Identifier: Apache-2.0
/* Interrupts of devices and of the IOMMU, ATS, page requests. */
#include "testbench/systemc/scene.h"

#include <amdvi/layout.h>

using namespace testbench;
using amdvi::dma_extension;

namespace
{

/* ---------------------------------------------------------------- interrupts */

struct message {
    std::uint64_t address;
    std::uint32_t data;
    unsigned length;
};

std::vector<message> *hear_messages(ram_core &memory, std::vector<message> &heard)
{
    memory.on_access = [&](tlm::tlm_generic_payload &p) {
        message m{p.get_address(), 0, p.get_data_length()};
        std::memcpy(&m.data, p.get_data_ptr(), std::min(4u, m.length));
        if (m.address >> 20 == 0xfee)
            heard.push_back(m);
    };
    return &heard;
}

void interrupts_leave_remapped()
{
    scene s;
    std::vector<message> heard;
    std::uint32_t data = 5;
    dma_extension who;

    s.world.remap(s.world.interrupts(0), 5, 0x61, 3);
    hear_messages(s.memory, heard);
    s.device().transfer(tlm::TLM_WRITE_COMMAND, 0xfee00000, &data, 4, &who);
    CHECK(heard.size() == 1 && heard[0].address == 0xfee03000 && (heard[0].data & 0xff) == 0x61);
    CHECK(data == 5 && who.result.ok && who.result.pa == 0xfee03000);
    data = 6;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0xfee00000, &data, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(heard.size() == 1 && who.result.fault.reason == AMDVI_REASON_INT_REMAP_DISABLED);
}

void a_posted_interrupt_needs_no_transport()
{
    scene s;
    std::vector<message> heard;
    std::uint32_t data = 2;
    dma_extension who;
    std::vector<amdvi_irq> told;
    const std::uint64_t table = s.world.interrupts(0), backing = s.world.page();
    std::uint64_t entry[2] = {};

    s.world.control({{"GAMEn", 1}});
    set_fields("irteg", entry,
               {{"RemapEn", 1}, {"GuestMode", 1}, {"IsRun", 1}, {"Vector", 0x41}, {"vAPIC root", backing}});
    std::memcpy(s.tables.bytes.data() + table + 32, entry, sizeof(entry));
    hear_messages(s.memory, heard);
    s.iommu.on_interrupt([&](const amdvi_irq &irq) { told.push_back(irq); });
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0xfee00000, &data, 4, &who) == tlm::TLM_OK_RESPONSE);
    CHECK(heard.empty() && who.result.ok);
    CHECK(s.tables.peek<std::uint32_t>(backing + 0x220) == 1u << 1);
    CHECK(told.size() == 1 && told[0].cause == AMDVI_IRQ_VAPIC);
}

void a_part_of_a_burst_is_no_interrupt()
{
    scene s;
    std::vector<message> heard;
    unsigned char bytes[8] = {}, enables[4] = {TLM_BYTE_ENABLED, TLM_BYTE_ENABLED, TLM_BYTE_ENABLED, 0};
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;
    dma_extension who;

    s.world.remap(s.world.interrupts(0), 0, 0x61);
    s.world.map(s.root, 0xfedff000, AT_DATA);
    hear_messages(s.memory, heard);
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0xfedffffc, bytes, 8, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(who.result.fault.reason == AMDVI_REASON_REQ_INT_RANGE);
    s.world.map(s.root, 0xfee00000, AT_DATA, 3, 2); /* a large page around the range */
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0xfee00ffc, bytes, 8) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0xfee00000, bytes, 4);
    p.set_byte_enable_ptr(enables);
    p.set_byte_enable_length(4);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(heard.empty());
}

void its_own_interrupts_are_writes_on_mem()
{
    scene s;
    std::vector<message> heard;
    std::uint64_t xt = 0;
    bool stored = false;

    set_fields("reg_xt_general", &xt, {{"Destination", 2}, {"Vector", 0x55}});
    s.cpu.write(amdvi_register_find("xt_general")->offset, xt);
    s.world.control({{"ComWaitIntEn", 1}, {"XTEn", 1}, {"IntCapXTEn", 1}});
    s.tables.on_access = [&](tlm::tlm_generic_payload &p) {
        if (p.get_address() >> 20 == 0xfee) {
            heard.push_back(
                {p.get_address(), *reinterpret_cast<std::uint32_t *>(p.get_data_ptr()), p.get_data_length()});
            stored = s.tables.peek<std::uint64_t>(AT_STORE) == 7;
            /* A processor that reads a register in the middle of it. */
            CHECK(s.cpu.read<std::uint64_t>(amdvi_register_find("cmd_tail")->offset) != 0);
        }
    };
    s.world.command("cmd_completion_wait", {{"I", 1}, {"S", 1}, {"Address", AT_STORE}, {"Data", 7}});
    s.world.ring();
    CHECK(heard.size() == 1 && heard[0].length == 4 && (heard[0].data & 0xff) == 0x55 && stored);
}

/* ---------------------------------------------------------------- ATS and page requests */

std::uint64_t translate(scene &s, std::uint64_t address, dma_extension &who,
                        tlm::tlm_response_status expected = tlm::TLM_OK_RESPONSE)
{
    std::uint64_t entry = 0;

    who.type = dma_extension::address_type::translation_request;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, address, &entry, 8, &who) == expected);
    return entry;
}

void translation_requests_get_an_entry()
{
    scene s;
    dma_extension who;
    std::uint64_t value = 0;
    const std::uint64_t transports = s.memory.blocking;

    CHECK(translate(s, 0x10123, who) == (AT_DATA + 5 * PAGE) + 3);
    CHECK(who.result.ok && who.result.pa == AT_DATA + 5 * PAGE + 0x123);
    CHECK((translate(s, 0x12000, who) & 3) == 1);
    CHECK((translate(s, 0x50000, who) & 3) == 0);
    s.world.map(s.root, 0x400000, AT_DATA, 3, 2);
    CHECK((translate(s, 0x4abcde, who) & ~std::uint64_t(0x3ff)) == (AT_DATA | 0xff000 | 1 << 11));
    who.no_write = true;
    translate(s, 0x10000, who);
    CHECK(s.memory.blocking == transports);
    who.type = dma_extension::address_type::translation_request;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, &who) ==
          tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 8, &who) ==
          tlm::TLM_COMMAND_ERROR_RESPONSE);
    s.world.set_device(0, {{"I", 0}});
    s.world.invalidate_device(0);
    s.world.wait();
    translate(s, 0x10000, who, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(who.result.fault.reason == AMDVI_REASON_ATS_DISABLED);
}

void a_page_around_the_interrupt_range_is_answered_small()
{
    scene s;
    dma_extension who;

    s.world.map(s.root, 0xfec00000, AT_DATA, 3, 2);
    CHECK(translate(s, 0xfec01000, who) & 1 << 11);
    s.world.map(s.root, 0xfee00000, AT_DATA, 3, 2);
    CHECK((translate(s, 0xfef01000, who) & ~std::uint64_t(0xfff)) == AT_DATA + 0x101000);
    CHECK(!(translate(s, 0xfef01000, who) & 1 << 11));
}

void translated_requests_pass()
{
    scene s;
    dma_extension who;
    std::uint32_t value = 9;

    who.type = dma_extension::address_type::translated;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, AT_DATA + 0x100, &value, 4, &who) ==
          tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 0x100) == 9);
    s.world.set_device(0, {{"I", 0}});
    s.world.invalidate_device(0);
    s.world.wait();
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, AT_DATA + 0x100, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void caches_of_devices_are_waited_for()
{
    scene s;
    std::vector<amdvi_atc_invalidation> heard;
    std::uint64_t store;

    s.iommu.on_atc_invalidate([&](const amdvi_atc_invalidation &i) {
        heard.push_back(i);
        return AMDVI_ATC_PENDING;
    });
    s.world.command("cmd_inv_iotlb", {{"Address", 0x10000}});
    store = s.world.wait();
    CHECK(heard.size() == 1 && heard[0].address == 0x10000 && heard[0].size == PAGE &&
          !s.world.stored(store));
    s.iommu.atc_complete(heard[0].tag + 1);
    CHECK(!s.world.stored(store));
    s.iommu.atc_complete(heard[0].tag);
    CHECK(s.world.stored(store));
    /* At once, from inside. */
    s.iommu.on_atc_invalidate([&](const amdvi_atc_invalidation &i) {
        s.iommu.atc_complete(i.tag);
        return AMDVI_ATC_PENDING;
    });
    s.world.command("cmd_inv_iotlb", {{"Address", 0x10000}});
    CHECK(s.world.stored(s.world.wait()));
    s.iommu.on_atc_invalidate([&](const amdvi_atc_invalidation &) { return AMDVI_ATC_DONE; });
    s.world.command("cmd_inv_iotlb", {{"Address", 0x10000}});
    CHECK(s.world.stored(s.world.wait()));
}

/* A device's cache that is done at once, in the middle of the ring's work: who hears of an interrupt that a
 * command before it has raised may call the module, and is charged what it takes. */
void interrupts_are_heard_behind_an_answer_from_inside()
{
    scene s;
    unsigned heard = 0;
    bool invalidated = false, behind = true, served = true;

    s.world.control({{"ComWaitIntEn", 1}});
    s.iommu.on_atc_invalidate([&](const amdvi_atc_invalidation &i) {
        s.iommu.atc_complete(i.tag);
        invalidated = true;
        return AMDVI_ATC_PENDING;
    });
    s.iommu.on_interrupt([&](const amdvi_irq &) {
        std::uint64_t tail = 0;
        heard++;
        behind &= invalidated;
        served &= s.cpu.transfer(tlm::TLM_READ_COMMAND, amdvi_register_find("cmd_tail")->offset, &tail, 8) ==
                  tlm::TLM_OK_RESPONSE;
    });
    s.world.command("cmd_completion_wait", {{"I", 1}});
    s.world.command("cmd_inv_iotlb", {{"Address", 0x10000}});
    CHECK(s.world.stored(s.world.wait()));
    CHECK(heard == 1 && behind && served);
}

void invalidations_time_out()
{
    scene s;
    std::uint64_t store;

    s.world.control({{"InvTimeOut", 2}}); /* 10 ms */
    s.iommu.on_atc_invalidate([&](const amdvi_atc_invalidation &) { return AMDVI_ATC_PENDING; });
    sc_core::sc_start(sc_core::sc_time(3, sc_core::SC_MS));
    s.world.command("cmd_inv_iotlb", {{"Address", 0x10000}});
    store = s.world.wait();
    sc_core::sc_start(sc_core::sc_time(9, sc_core::SC_MS));
    CHECK(!s.world.stored(store));
    sc_core::sc_start(sc_core::sc_time(2, sc_core::SC_MS));
    CHECK(s.world.stored(store));
}

void page_requests_are_logged_and_answered()
{
    scene s;
    amdvi_page_request_result logged{};
    struct amdvi_page_request request {
    };
    std::vector<amdvi_prg_response> heard;

    request.prg_index = 5;
    request.last = true;
    request.read = true;
    request.address = 0x70000;
    s.world.guest(0);
    s.world.set_device(0, {{"PPR", 1}});
    logged = s.iommu.page_request(request);
    CHECK(logged.ok && s.tables.peek<std::uint64_t>(AT_PPRS + 8) >> 12 == 0x70);
    s.iommu.on_prg_response([&](const amdvi_prg_response &r) {
        heard.push_back(r);
        request.prg_index++;
        if (heard.size() == 1)
            CHECK(s.iommu.page_request(request).ok);
    });
    s.world.command("cmd_complete_ppr", {{"PRGIndex", 5}});
    s.world.ring();
    CHECK(heard.size() == 1 && heard[0].index == 5 && heard[0].code == 0);
    CHECK(s.tables.peek<std::uint64_t>(AT_PPRS + 24) >> 12 == 0x70);
    request.prg_index = 512;
    sc_core::sc_report_handler::set_actions("/amdvi/argument", sc_core::SC_DO_NOTHING);
    CHECK(!s.iommu.page_request(request).ok);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(interrupts_leave_remapped), CASE(a_posted_interrupt_needs_no_transport),
                      CASE(a_part_of_a_burst_is_no_interrupt), CASE(its_own_interrupts_are_writes_on_mem),
                      CASE(translation_requests_get_an_entry),
                      CASE(a_page_around_the_interrupt_range_is_answered_small),
                      CASE(translated_requests_pass), CASE(caches_of_devices_are_waited_for),
                      CASE(interrupts_are_heard_behind_an_answer_from_inside), CASE(invalidations_time_out),
                      CASE(page_requests_are_logged_and_answered)});
}
