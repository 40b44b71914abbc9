// SPDX-License-Identifier: Apache-2.0
/* Blocking transport, as docs/systemc.md describes it. */
#include "testbench/systemc/scene.h"

using namespace testbench;
using amdvi::dma_extension;

namespace
{

void reads_and_writes_go_to_the_translated_page()
{
    scene s;
    std::uint32_t value = 0x12345678;

    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10040, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 5 * PAGE + 0x40) == 0x12345678);
    value = 0;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10040, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(value == 0x12345678);
}

void the_extension_says_who_and_gets_the_verdict()
{
    scene s;
    dma_extension who;
    std::uint32_t value = 1;

    s.world.map(s.world.device(0x123, 2), 0x10000, AT_DATA + 9 * PAGE);
    who.device_id = 0x123;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10040, &value, 4, &who) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 9 * PAGE + 0x40) == 1);
    CHECK(who.result.ok && who.result.pa == AT_DATA + 9 * PAGE + 0x40 && who.result.size == PAGE);
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x50000, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(!who.result.ok && who.result.fault.reason == AMDVI_REASON_HOST_NOT_PRESENT);
    CHECK(who.result.fault.logged && who.result.fault.event == AMDVI_EVT_IO_PAGE_FAULT);
}

void a_port_has_a_default_device()
{
    amdvi::iommu_options options;
    options.ports = 2;
    options.default_device_id = {0, 0x77};
    scene s(options);
    std::uint32_t value = 5;

    s.world.map(s.world.device(0x77, 3), 0x10000, AT_DATA + 12 * PAGE);
    CHECK(s.device(1).transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 12 * PAGE) == 5);
    CHECK(s.device(0).transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 5 * PAGE) == 5);
}

void the_delay_is_that_of_the_sockets()
{
    scene s;
    sc_core::sc_time delay(3, sc_core::SC_NS);
    std::uint32_t value;

    s.memory.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, nullptr, &delay);
    /* Device table entry and three levels. */
    CHECK(delay == sc_core::sc_time(413, sc_core::SC_NS));
    delay = sc_core::SC_ZERO_TIME;
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, nullptr, &delay);
    CHECK(delay == sc_core::sc_time(10, sc_core::SC_NS));
    CHECK(sc_core::sc_time_stamp() == sc_core::SC_ZERO_TIME);
}

void a_burst_is_split_at_the_edge()
{
    scene s;
    std::vector<unsigned char> data(64), seen(64);
    std::vector<std::pair<std::uint64_t, unsigned>> legs;

    for (unsigned i = 0; i < 64; i++)
        data[i] = static_cast<unsigned char>(100 + i);
    s.memory.on_access = [&](tlm::tlm_generic_payload &p) {
        legs.push_back({p.get_address(), p.get_data_length()});
    };
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10ff0, data.data(), 64) == tlm::TLM_OK_RESPONSE);
    CHECK(legs.size() == 2 && legs[0].first == AT_DATA + 5 * PAGE + 0xff0 && legs[0].second == 16);
    CHECK(legs.size() == 2 && legs[1].first == AT_DATA + 2 * PAGE && legs[1].second == 48);
    CHECK(std::memcmp(s.memory.bytes.data() + AT_DATA + 5 * PAGE + 0xff0, data.data(), 16) == 0);
    CHECK(std::memcmp(s.memory.bytes.data() + AT_DATA + 2 * PAGE, data.data() + 16, 48) == 0);
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10ff0, seen.data(), 64) == tlm::TLM_OK_RESPONSE);
    CHECK(seen == data);
}

void a_large_page_is_one_piece()
{
    scene s;
    std::vector<unsigned char> data(3 * PAGE, 0x5a);
    unsigned legs = 0;

    s.world.map(s.root, 0x400000, AT_DATA, 3, 2);
    s.memory.on_access = [&](tlm::tlm_generic_payload &) { legs++; };
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x400800, data.data(), data.size()) ==
          tlm::TLM_OK_RESPONSE);
    CHECK(legs == 1 && s.memory.bytes[AT_DATA + 0x800 + 3 * PAGE - 1] == 0x5a);
}

void nothing_is_written_when_a_piece_faults()
{
    scene s;
    std::vector<unsigned char> data(64, 0xee), seen(64, 0x11);
    const std::vector<unsigned char> before = s.memory.bytes;
    dma_extension who;

    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x11ff0, data.data(), 64, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(s.memory.bytes == before);
    CHECK(who.result.fault.reason == AMDVI_REASON_HOST_PERMISSION && who.result.fault.address == 0x12000);
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x12ff0, seen.data(), 64) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(seen == std::vector<unsigned char>(64, 0x11));
}

void byte_enables_run_on_over_the_edge()
{
    scene s;
    unsigned char data[30], enables[3] = {TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_DISABLED};
    const std::vector<unsigned char> before = s.memory.bytes;
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    for (unsigned i = 0; i < 30; i++)
        data[i] = static_cast<unsigned char>(200 + i);
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0x10ff6, data, 30);
    p.set_byte_enable_ptr(enables);
    p.set_byte_enable_length(3);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_OK_RESPONSE);
    for (unsigned i = 0; i < 30; i++) {
        const std::uint64_t at = i < 10 ? AT_DATA + 5 * PAGE + 0xff6 + i : AT_DATA + 2 * PAGE + i - 10;
        CHECK(s.memory.bytes[at] == (i % 3 == 0 ? data[i] : before[at]));
    }
}

void a_streaming_burst_covers_its_width()
{
    scene s;
    unsigned char data[20];
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    for (unsigned i = 0; i < 20; i++)
        data[i] = static_cast<unsigned char>(i + 1);
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0x12ff8 - 0x1000, data, 20);
    p.set_streaming_width(8); /* ends with the page, while the length goes beyond it into a read-only one */
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.bytes[AT_DATA + 2 * PAGE + 0xff8] == 17 &&
          s.memory.bytes[AT_DATA + 2 * PAGE + 0xffc] == 13);
}

void a_streaming_burst_may_cross_an_edge()
{
    scene s;
    unsigned char data[20];
    std::vector<std::pair<std::uint64_t, unsigned>> legs;
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    for (unsigned i = 0; i < 20; i++)
        data[i] = static_cast<unsigned char>(i + 1);
    s.memory.on_access = [&](tlm::tlm_generic_payload &q) {
        legs.push_back({q.get_address(), q.get_data_length()});
    };
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0x10ffc, data, 20);
    p.set_streaming_width(8);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_OK_RESPONSE);
    /* Two beats and a half: the last one does not reach the second page. */
    CHECK(legs.size() == 5 && legs[4].second == 4);
    CHECK(s.memory.bytes[AT_DATA + 5 * PAGE + 0xffc] == 17 &&
          s.memory.bytes[AT_DATA + 5 * PAGE + 0xfff] == 20);
    CHECK(s.memory.bytes[AT_DATA + 2 * PAGE] == 13 && s.memory.bytes[AT_DATA + 2 * PAGE + 3] == 16);
}

/* What a target writes into an extension reaches the initiator; one that it adds, too. */
struct note : tlm::tlm_extension<note> {
    unsigned value = 0;
    tlm::tlm_extension_base *clone() const override
    {
        return new note(*this);
    }
    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const note &>(other);
    }
};

void extensions_travel()
{
    scene s;
    std::vector<unsigned char> data(64);
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;
    dma_extension who;
    note mine;
    unsigned legs = 0;

    s.memory.on_access = [&](tlm::tlm_generic_payload &q) {
        CHECK(q.get_extension<dma_extension>() == &who);
        if (q.get_extension<note>())
            q.get_extension<note>()->value = ++legs;
    };
    hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0x10ff0, data.data(), 64);
    p.set_extension(&who);
    p.set_extension(&mine);
    s.device().socket->b_transport(p, none);
    CHECK(mine.value == 2);
    p.clear_extension(&mine);
    s.memory.on_access = [&](tlm::tlm_generic_payload &q) {
        note *added = new note;
        added->value = 7;
        q.set_extension(added);
    };
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_extension<note>() && p.get_extension<note>()->value == 7);
    CHECK(p.get_extension<dma_extension>() == &who);
    p.clear_extension(&who);
}

void a_payload_without_extension_gains_none()
{
    scene s;
    std::vector<unsigned char> data(64);
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    s.memory.on_access = [&](tlm::tlm_generic_payload &q) { CHECK(!q.get_extension<dma_extension>()); };
    for (std::uint64_t address : {0x10000, 0x10ff0}) {
        hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, address, data.data(), 64);
        s.device().socket->b_transport(p, none);
        CHECK(!p.get_extension<dma_extension>());
    }
}

void the_response_is_the_targets_own()
{
    scene s;
    std::uint32_t value;

    s.memory.bad_first = AT_DATA + 5 * PAGE;
    s.memory.bad_last = AT_DATA + 6 * PAGE;
    dma_extension who;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(who.result.ok);
}

void dropped_writes_are_told_by_choice()
{
    for (bool told : {true, false}) {
        simulated([told] {
            amdvi::iommu_options options;
            options.report_dropped_writes = told;
            scene s(options);
            std::uint32_t value = 1;
            dma_extension who;

            CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x50000, &value, 4, &who) ==
                  (told ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE));
            CHECK(who.result.fault.reply == AMDVI_REPLY_DROP);
            who.atomic = true;
            CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x50000, &value, 4, &who) ==
                  tlm::TLM_ADDRESS_ERROR_RESPONSE);
        });
    }
}

void an_atomic_needs_both_rights()
{
    scene s;
    std::uint32_t value = 3;
    dma_extension who;

    who.atomic = true;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x12000, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    s.world.map(s.root, 0x13000, AT_DATA, MAY_WRITE);
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x13000, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    who.atomic = false;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x13000, &value, 4, &who) == tlm::TLM_OK_RESPONSE);
    who.atomic = true;
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4, &who) == tlm::TLM_OK_RESPONSE);
}

void fetches_ask_to_execute()
{
    scene s;
    std::uint32_t value;
    dma_extension who;
    const std::uint64_t gcr3 = s.world.guest(0);
    std::uint64_t entry = s.world.guest_map(gcr3, 1, 0x7000, 0x10000);

    s.map_heap();
    who.has_pasid = true;
    who.pasid = 1;
    who.execute = true;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x7000, &value, 4, &who) == tlm::TLM_OK_RESPONSE);
    CHECK(who.result.perm & AMDVI_RIGHT_EXEC);
    s.tables.poke(entry, s.tables.peek<std::uint64_t>(entry) | std::uint64_t(1) << 63);
    s.world.command("cmd_inv_all", {});
    CHECK(s.world.stored(s.world.wait()));
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x7000, &value, 4, &who) ==
          tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(who.result.fault.reason == AMDVI_REASON_GUEST_NX);
    who.execute = false;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x7000, &value, 4, &who) == tlm::TLM_OK_RESPONSE);
}

void odd_transactions_are_refused()
{
    scene s;
    unsigned char data[8] = {};
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;
    dma_extension who;
    std::uint32_t value = 0;

    hand<32>::fill(p, tlm::TLM_IGNORE_COMMAND, 0x10000, data, 8);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_COMMAND_ERROR_RESPONSE);
    hand<32>::fill(p, tlm::TLM_READ_COMMAND, ~std::uint64_t(0) - 3, data, 8);
    s.device().socket->b_transport(p, none);
    CHECK(p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    who.has_pasid = true;
    who.pasid = 1 << 20;
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, &who) ==
          tlm::TLM_GENERIC_ERROR_RESPONSE);
}

/* Who looks into the device past the sockets takes nobody's time, and what memory says is read by debug
 * transport. */
void inspection_costs_nobody_time()
{
    scene s;
    std::uint32_t value = 0;
    sc_core::sc_time delay;
    amdvi_dte_view view{};

    s.tables.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, nullptr, &delay);
    const sc_core::sc_time before = delay;
    const std::uint64_t reads = s.tables.blocking;
    CHECK(amdvi_inspect_dte(s.iommu.device(), 7, &view) == AMDVI_OK && !view.read_error &&
          !view.beyond_table);
    CHECK(delay == before);
    CHECK(s.tables.blocking == reads && s.tables.debug > 0);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(reads_and_writes_go_to_the_translated_page),
                      CASE(the_extension_says_who_and_gets_the_verdict), CASE(a_port_has_a_default_device),
                      CASE(the_delay_is_that_of_the_sockets), CASE(a_burst_is_split_at_the_edge),
                      CASE(a_large_page_is_one_piece), CASE(nothing_is_written_when_a_piece_faults),
                      CASE(byte_enables_run_on_over_the_edge), CASE(a_streaming_burst_covers_its_width),
                      CASE(a_streaming_burst_may_cross_an_edge), CASE(extensions_travel),
                      CASE(a_payload_without_extension_gains_none), CASE(the_response_is_the_targets_own),
                      CASE(dropped_writes_are_told_by_choice), CASE(an_atomic_needs_both_rights),
                      CASE(fetches_ask_to_execute), CASE(odd_transactions_are_refused),
                      CASE(inspection_costs_nobody_time)});
}
