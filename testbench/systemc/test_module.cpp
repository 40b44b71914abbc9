// SPDX-License-Identifier: Apache-2.0
/* Configuration, debug transport, reset, two modules, targets that wait. */
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include "testbench/systemc/scene.h"

#include <amdvi/layout.h>

using namespace testbench;
using amdvi::dma_extension;

namespace
{

/* ---------------------------------------------------------------- configuration */

std::string refusal(const amdvi::iommu_options &options)
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
    try {
        amdvi::iommu made("refused", options);
    } catch (const sc_core::sc_report &report) {
        CHECK(report.get_severity() == sc_core::SC_FATAL);
        return std::string(report.get_msg_type()) + " " + report.get_msg();
    }
    return "";
}

void mistakes_in_the_options_are_fatal()
{
    auto refused = [](auto change, const char *what) {
        simulated([=] {
            amdvi::iommu_options options;
            change(options);
            const std::string said = refusal(options);
            CHECK_MESSAGE(said.find("/amdvi/config") == 0 && said.find(what) != std::string::npos, said);
        });
    };
    refused([](auto &o) { o.config = {{"no.such.key", "1"}}; }, "no.such.key");
    refused([](auto &o) { o.config = {{"preset", "genoa"}, {"ptc.entries", "many"}}; }, "ptc.entries=many");
    refused([](auto &o) { o.default_device_id = {1, 2}; }, "default_device_id");
    refused([](auto &o) { o.ports = 0; }, "ports");
    refused([](auto &o) { o.most_under_way = 65537; }, "most_under_way");
    CHECK(refusal({}) == "");
}

/* 1 ns is fine enough as long as the timed executor does not want picoseconds. */
void a_coarse_resolution_of_time_is_fatal()
{
    auto said_at = [](double ns, const char *timing, const char *what) {
        simulated([=] {
            sc_core::sc_set_time_resolution(ns, sc_core::SC_NS);
            amdvi::iommu_options options;
            options.config = {{"timing", timing}};
            const std::string said = refusal(options);
            CHECK_MESSAGE(*what ? said.find(what) != std::string::npos : said.empty(), said);
        });
    };
    said_at(10, "off", "coarser than 1 ns");
    said_at(1, "off", "");
    said_at(1, "on", "coarser than 1 ps");
    said_at(0.001, "on", "");
    said_at(0.000001, "on", "");
}

void keys_are_taken_in_order()
{
    amdvi::iommu_options options;
    std::uint64_t value = 0;

    options.config = {{"preset", "rome"}, {"efr", "0x1"}};
    amdvi::iommu made("made", options);
    amdvi_mmio_read(made.device(), amdvi_register_find("efr")->offset, 8, &value);
    CHECK(value == 1);
}

void sockets_may_stay_unbound()
{
    amdvi::iommu alone("alone");
    hand<32> device("device");
    std::uint32_t value = 0;

    device.socket.bind(alone.in[0]);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(device.transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void sockets_bind_through_a_parent()
{
    struct parent : sc_core::sc_module {
        explicit parent(sc_core::sc_module_name name)
            : sc_core::sc_module(name), in("in"), out("out"), iommu("iommu")
        {
            in.bind(iommu.in[0]);
            iommu.out.bind(out);
        }
        tlm::tlm_target_socket<64> in;
        tlm::tlm_initiator_socket<64> out;
        amdvi::basic_iommu<64> iommu;
    } outer("outer");
    hand<64> device("device");
    ram<64> memory("memory");
    std::uint32_t value = 5;

    device.socket.bind(outer.in);
    outer.out.bind(memory.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(device.transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(memory.peek<std::uint32_t>(0x10000) == 5);
}

/* ---------------------------------------------------------------- debug */

unsigned debug(scene &s, tlm::tlm_command command, std::uint64_t address, void *data, unsigned length,
               dma_extension *who = nullptr)
{
    tlm::tlm_generic_payload p;

    hand<32>::fill(p, command, address, data, length);
    p.set_extension(who);
    const unsigned count = s.device().socket->transport_dbg(p);
    p.clear_extension(who);
    return count;
}

void debug_transport_leaves_no_trace()
{
    scene s;
    std::vector<unsigned char> data(64), tables;
    amdvi_statistics before, after;
    std::uint64_t blocking;
    std::uint64_t entry;
    dma_extension who;

    s.world.set_device(0, {{"HAD", 3}});
    s.world.control({{"HADUpdate", 3}});
    tables = s.tables.bytes;
    blocking = s.tables.blocking;
    amdvi_get_statistics(s.iommu.device(), &before);
    CHECK(debug(s, tlm::TLM_READ_COMMAND, 0x10ff0, data.data(), 64) == 64);
    CHECK(std::memcmp(data.data(), s.memory.bytes.data() + AT_DATA + 5 * PAGE + 0xff0, 16) == 0);
    CHECK(std::memcmp(data.data() + 16, s.memory.bytes.data() + AT_DATA + 2 * PAGE, 48) == 0);
    data.assign(64, 0x33);
    CHECK(debug(s, tlm::TLM_WRITE_COMMAND, 0x11fe0, data.data(), 64) == 32); /* the next one is read-only */
    CHECK(s.memory.bytes[AT_DATA + 2 * PAGE + 0xfff] == 0x33);
    CHECK(debug(s, tlm::TLM_READ_COMMAND, 0x50000, data.data(), 4) == 0);
    CHECK(debug(s, tlm::TLM_WRITE_COMMAND, 0xfee00000, data.data(), 4) == 0);
    who.type = dma_extension::address_type::translation_request;
    CHECK(debug(s, tlm::TLM_READ_COMMAND, 0x10000, &entry, 8, &who) == 8 && entry == AT_DATA + 5 * PAGE + 3);
    amdvi_get_statistics(s.iommu.device(), &after);
    CHECK(std::memcmp(&before, &after, sizeof(before)) == 0);
    CHECK(s.tables.bytes == tables && s.tables.blocking == blocking);
    CHECK(s.cpu.read<std::uint64_t>(amdvi_register_find("event_tail")->offset) == 0);
}

/* ---------------------------------------------------------------- life */

void reset_begins_anew()
{
    scene s;
    std::uint32_t value = 1;

    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x50000, &value, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    s.iommu.reset();
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x50000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(0x50000) == 1);
}

void observers_hear_and_are_replaced()
{
    scene s;
    unsigned one = 0, two = 0;
    std::uint32_t value;
    amdvi_observer observer{};

    observer.request = [](void *context, const amdvi_request *, const amdvi_result *) {
        ++*static_cast<unsigned *>(context);
    };
    observer.context = &one;
    s.iommu.observe(observer);
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    observer.context = &two;
    s.iommu.observe(observer);
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    s.iommu.observe(amdvi_observer{});
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    CHECK(one == 1 && two == 1);
}

void two_modules_share_nothing()
{
    bench<32> a({}, "a_");
    bench<64> b({}, "b_");
    std::uint32_t value = 1;

    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    a.world.map(a.world.device(0, 1), 0x10000, AT_DATA);
    a.world.start();
    b.world.map(b.world.device(0, 1), 0x10000, AT_DATA + PAGE);
    CHECK(b.device().transfer(tlm::TLM_WRITE_COMMAND, 0x50000, &value, 4) == tlm::TLM_OK_RESPONSE);
    b.world.start();
    CHECK(a.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    value = 2;
    CHECK(b.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(a.memory.peek<std::uint32_t>(AT_DATA) == 1 && b.memory.peek<std::uint32_t>(AT_DATA + PAGE) == 2);
    a.world.invalidate_device(0);
    a.world.wait();
    amdvi_statistics statistics;
    amdvi_get_statistics(b.iommu.device(), &statistics);
    CHECK(statistics.commands == 0 && a.broken() + b.broken() == 0);
}

/* Targets of `mem` that wait: other processes wait for their turn, and nobody is lost. */
void targets_may_wait()
{
    scene s;
    unsigned done = 0;

    for (auto &c : s.checkers)
        c->rules.strict = false;
    s.tables.waits = true;
    s.tables.latency = sc_core::sc_time(10, sc_core::SC_NS);
    for (unsigned i = 0; i < 3; i++)
        sc_core::sc_spawn([&s, &done, i] {
            std::uint32_t value = 0;
            CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000 + i * PAGE, &value, 4) ==
                  tlm::TLM_OK_RESPONSE);
            done++;
        });
    sc_core::sc_spawn([&s, &done] {
        sc_core::wait(sc_core::sc_time(5, sc_core::SC_NS));
        CHECK(s.cpu.read<std::uint64_t>(amdvi_register_find("cmd_tail")->offset) == 0);
        done++;
    });
    sc_core::sc_start();
    CHECK(done == 4);
}

/* Who takes pointers away is not who is inside: the one whose memory calls the module again is still refused,
 * where he would wait for himself. */
void nobody_waits_for_himself()
{
    scene s;
    tlm::tlm_response_status inner = tlm::TLM_INCOMPLETE_RESPONSE;
    bool over = false;

    for (auto &c : s.checkers)
        c->rules.strict = false;
    s.tables.waits = true;
    s.tables.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.tables.on_access = [&](tlm::tlm_generic_payload &) {
        std::uint32_t value = 0;
        if (inner == tlm::TLM_INCOMPLETE_RESPONSE)
            inner = s.device().transfer(tlm::TLM_READ_COMMAND, 0x11000, &value, 4);
    };
    sc_core::sc_spawn([&] {
        std::uint32_t value = 0;
        CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
        over = true;
    });
    sc_core::sc_spawn([&] {
        sc_core::wait(sc_core::sc_time(5, sc_core::SC_NS));
        s.iommu.grant_pointers(false);
    });
    sc_core::sc_start();
    CHECK(over && inner == tlm::TLM_GENERIC_ERROR_RESPONSE);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(mistakes_in_the_options_are_fatal), CASE(a_coarse_resolution_of_time_is_fatal),
                      CASE(keys_are_taken_in_order), CASE(sockets_may_stay_unbound),
                      CASE(sockets_bind_through_a_parent), CASE(debug_transport_leaves_no_trace),
                      CASE(reset_begins_anew), CASE(observers_hear_and_are_replaced),
                      CASE(two_modules_share_nothing), CASE(targets_may_wait),
                      CASE(nobody_waits_for_himself)});
}
