// SPDX-License-Identifier: Apache-2.0
/* Non-blocking transport through the module, step by step; what random traffic does stands in campaign.cpp.
 */
#include "testbench/systemc/flow.h"

#include <amdvi/layout.h>

using namespace testbench;
using amdvi::dma_extension;

namespace
{

void a_request_goes_out_and_comes_back()
{
    flow<32> s;
    item i;

    s.memory.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.memory.poke<std::uint64_t>(AT_DATA + 5 * PAGE + 8, 77);
    CHECK(s.send(i, tlm::TLM_READ_COMMAND, 0x10008, 8, sc_core::sc_time(3, sc_core::SC_NS)) ==
          tlm::TLM_UPDATED);
    sc_core::sc_start();
    CHECK(i.over && i.data == 77 && i.p.get_response_status() == tlm::TLM_OK_RESPONSE && i.freed == 1);
    CHECK(i.ended == sc_core::sc_time(413, sc_core::SC_NS)); /* an entry, three levels, the target */
    CHECK(s.memory.nonblocking == 1 && s.memory.blocking == 0 && i.who.result.pa == AT_DATA + 5 * PAGE + 8);
}

void hits_overtake_walks()
{
    flow<32> s;
    item warm, cold, hit;

    s.memory.latency = sc_core::sc_time(10, sc_core::SC_NS);
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.send(warm, tlm::TLM_READ_COMMAND, 0x10000);
    sc_core::sc_start();
    s.send(cold, tlm::TLM_READ_COMMAND, 0x11000);
    s.send(hit, tlm::TLM_READ_COMMAND, 0x10000);
    sc_core::sc_start();
    CHECK(s.order.size() == 3 && s.order[1] == &hit && s.order[2] == &cold);
    CHECK(cold.ended - hit.ended ==
          sc_core::sc_time(100, sc_core::SC_NS)); /* one level: directories are cached */
}

void walks_overlap()
{
    flow<32> s;
    item a, b;

    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.send(a, tlm::TLM_READ_COMMAND, 0x10000);
    s.send(b, tlm::TLM_READ_COMMAND, 0x11000);
    sc_core::sc_start();
    CHECK(a.ended == b.ended && a.ended == sc_core::sc_time(400, sc_core::SC_NS));
}

void faults_are_answered_behind_their_record()
{
    flow<32> s;
    item i;

    s.send(i, tlm::TLM_READ_COMMAND, 0x50000);
    sc_core::sc_start();
    CHECK(i.over && i.p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(i.who.result.fault.logged && s.tables.peek<std::uint64_t>(AT_EVENTS + 8) == 0x50000);
    CHECK(s.memory.nonblocking == 0);
}

void interrupts_and_translations_go_the_same_way()
{
    flow<32> s;
    item interrupt, translation;
    std::uint64_t seen = 0;

    s.world.remap(s.world.interrupts(0), 5, 0x61, 3);
    s.memory.on_access = [&](tlm::tlm_generic_payload &p) {
        if (p.get_address() >> 20 == 0xfee)
            seen = p.get_address() | std::uint64_t(p.get_data_ptr()[0]) << 32;
    };
    interrupt.data = 5;
    translation.who.type = dma_extension::address_type::translation_request;
    s.send(translation, tlm::TLM_READ_COMMAND, 0x10000);
    hand<32>::fill(interrupt.p, tlm::TLM_WRITE_COMMAND, 0xfee00000, &interrupt.data, 4);
    s.send(interrupt, tlm::TLM_WRITE_COMMAND, 0xfee00000, 4);
    interrupt.data = 5;
    sc_core::sc_start();
    CHECK(seen == (0xfee03000 | std::uint64_t(0x61) << 32) && interrupt.data == 5);
    CHECK(translation.data == AT_DATA + 5 * PAGE + 3);
}

void updates_of_one_entry_are_kept_together()
{
    flow<32> s;
    item a, b;
    const std::uint64_t slot = s.world.map(s.root, 0x11000, AT_DATA + 2 * PAGE);

    s.world.set_device(0, {{"HAD", 3}});
    s.world.control({{"HADUpdate", 3}});
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.send(a, tlm::TLM_READ_COMMAND, 0x11000);
    s.send(b, tlm::TLM_WRITE_COMMAND, 0x11000);
    sc_core::sc_start();
    CHECK(a.over && b.over && (s.tables.peek<std::uint64_t>(slot) & 0x60) == 0x60);
}

void requests_without_room_wait()
{
    amdvi::iommu_options options;
    options.most_under_way = 1;
    flow<64> s(options);
    item a, b;
    unsigned accepted = 0;
    auto before = s.device().on_phase;

    s.device().on_phase = [&](tlm::tlm_generic_payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) {
        accepted += phase == tlm::END_REQ && &p == &b.p;
        return before(p, phase, delay);
    };
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    CHECK(s.send(a, tlm::TLM_READ_COMMAND, 0x10000) == tlm::TLM_UPDATED);
    CHECK(s.send(b, tlm::TLM_READ_COMMAND, 0x11000) == tlm::TLM_ACCEPTED);
    sc_core::sc_start();
    CHECK(a.over && b.over && accepted == 1 && b.ended > a.ended);
}

void both_transports_work_together()
{
    flow<32> s;
    item a;
    std::uint32_t value = 9;

    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.send(a, tlm::TLM_READ_COMMAND, 0x10000);
    sc_core::sc_start(sc_core::sc_time(150, sc_core::SC_NS));
    CHECK(!a.over);
    CHECK(s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x11000, &value, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(s.memory.peek<std::uint32_t>(AT_DATA + 2 * PAGE) == 9);
    s.world.invalidate_page(7, 0x70000);
    CHECK(s.world.stored(s.world.wait())); /* covers nothing that is under way */
    s.world.invalidate_page(1, 0x10000);
    const std::uint64_t store = s.world.wait();
    CHECK(!s.world.stored(store)); /* waits for the walk */
    sc_core::sc_start();
    CHECK(a.over && s.world.stored(store));
}

void reset_answers_what_is_under_way()
{
    flow<32> s;
    item a, b;

    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.send(a, tlm::TLM_READ_COMMAND, 0x10008);
    s.send(b, tlm::TLM_READ_COMMAND, 0x50000);
    s.memory.poke<std::uint64_t>(AT_DATA + 5 * PAGE + 8, 77);
    sc_core::sc_start(sc_core::sc_time(150, sc_core::SC_NS));
    s.iommu.reset();
    sc_core::sc_start();
    CHECK(a.over && a.data == 77 && a.p.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(b.over && b.p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    item c;
    s.memory.poke<std::uint64_t>(0x50000, 5);
    s.send(c, tlm::TLM_READ_COMMAND, 0x50000);
    sc_core::sc_start();
    CHECK(c.over && c.data == 5); /* off: nothing is translated */
}

/* An interrupt comes while a walk waits for memory; whoever hears of it resets the module. */
void reset_may_come_from_a_callback()
{
    flow<32> s;
    item a;
    unsigned heard = 0;

    s.world.control({{"ComWaitIntEn", 1}});
    s.tables.latency = sc_core::sc_time(100, sc_core::SC_NS);
    s.memory.poke<std::uint64_t>(AT_DATA + 5 * PAGE + 8, 77);
    s.send(a, tlm::TLM_READ_COMMAND, 0x10008);
    sc_core::sc_start(sc_core::sc_time(150, sc_core::SC_NS));
    s.iommu.on_interrupt([&](const amdvi_irq &) {
        heard++;
        s.iommu.reset();
    });
    s.world.command("cmd_completion_wait", {{"I", 1}});
    s.world.ring();
    CHECK(heard == 1);
    sc_core::sc_start();
    CHECK(a.over && a.data == 77 && a.p.get_response_status() == tlm::TLM_OK_RESPONSE);
    item b;
    s.memory.poke<std::uint64_t>(0x50000, 5);
    s.send(b, tlm::TLM_READ_COMMAND, 0x50000);
    sc_core::sc_start();
    CHECK(b.over && b.data == 5); /* off: nothing is translated */
}

void time_is_the_executors()
{
    amdvi::iommu_options options;
    options.config = {{"timing", "on"}, {"timing.link.latency", "100"}, {"memory.credits", "1"}};
    flow<32> s(options);
    item a, b, c;
    sc_core::sc_time delay;
    std::uint32_t value;

    s.tables.latency = sc_core::sc_time(1, sc_core::SC_US);
    s.send(a, tlm::TLM_READ_COMMAND, 0x10000);
    s.send(b, tlm::TLM_READ_COMMAND, 0x11000);
    sc_core::sc_start();
    CHECK(a.over && b.over && a.ended > sc_core::sc_time(4200, sc_core::SC_NS));
    CHECK(b.ended == a.ended); /* their entries lie in the same lines */
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4, nullptr, &delay);
    CHECK(delay == sc_core::sc_time(204, sc_core::SC_NS)); /* L1, the link there and back, L2A */
    const std::uint64_t store = s.world.wait();
    CHECK(!s.world.stored(store));
    sc_core::sc_start();
    CHECK(s.world.stored(store));
    s.send(c, tlm::TLM_READ_COMMAND, 0x50000);
    sc_core::sc_start(sc_core::sc_time(500, sc_core::SC_NS));
    s.iommu.reset();
    sc_core::sc_start();
    CHECK(c.over && c.p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

/* What was to happen before a reset, far ahead, does not keep anybody from waking for what comes behind it.
 */
void reset_forgets_when_to_wake()
{
    amdvi::iommu_options options;
    options.config = {{"timing", "on"}, {"timing.pcie.latency", "50us"}};
    flow<32> s(options);
    item far, a;

    far.who.type = dma_extension::address_type::translation_request;
    s.send(far, tlm::TLM_READ_COMMAND, 0x10000);
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
    s.iommu.reset();
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
    CHECK(far.over);
    const sc_core::sc_time begun = sc_core::sc_time_stamp();
    s.send(a, tlm::TLM_READ_COMMAND, 0x50000);
    sc_core::sc_start();
    CHECK(a.over && a.ended - begun < sc_core::sc_time(1, sc_core::SC_US));
}

/* ---------------------------------------------------------------- early completion */

/* A hit in the L1 takes a cycle, 1 ns; the target 10 ns. */
struct early_flow : flow<32> {
    explicit early_flow(bool early = true) : flow<32>(options(early))
    {
        tables.latency = sc_core::sc_time(150, sc_core::SC_NS);
        memory.latency = sc_core::sc_time(10, sc_core::SC_NS);
        memory.style = manners::completed_at_once;
        memory.poke<std::uint64_t>(AT_DATA + 5 * PAGE + 8, 77);
    }
    static amdvi::iommu_options options(bool early)
    {
        amdvi::iommu_options o;
        o.config = {{"timing", "on"}, {"timing.pcie.latency", "0ps"}};
        o.complete_early = early;
        return o;
    }
    /* Sends one and lets it end; true: it ended in its call, after `delay`. */
    bool in_call(item &i, std::uint64_t address, sc_core::sc_time &delay)
    {
        tlm::tlm_phase phase = tlm::BEGIN_REQ;

        i.over = false;
        hand<32>::fill(i.p, tlm::TLM_READ_COMMAND, address, &i.data, 8);
        i.p.set_extension(&i.who);
        i.p.acquire();
        items[&i.p] = &i;
        const tlm::tlm_sync_enum status = device().socket->nb_transport_fw(i.p, phase, delay);
        if (status == tlm::TLM_COMPLETED)
            i.p.release();
        sc_core::sc_start(sc_core::sc_time(5, sc_core::SC_US));
        return status == tlm::TLM_COMPLETED;
    }
    /* How many of so many hits ended in their call. */
    unsigned early_of(unsigned count)
    {
        unsigned early = 0;

        for (unsigned n = 0; n < count; n++) {
            item i;
            sc_core::sc_time delay;
            early += in_call(i, 0x10008, delay);
            CHECK(i.data == 77 && i.p.get_address() == 0x10008 && i.freed == 1);
        }
        return early;
    }
};

void hits_complete_early_by_choice()
{
    early_flow s;
    item late, hit, missed, two_pages, to_come;
    sc_core::sc_time delay;

    CHECK(s.early_of(31) == 0); /* until the target has shown that it ends in its call */
    const sc_core::sc_time begun = sc_core::sc_time_stamp();
    CHECK(!s.in_call(late, 0x10008, delay) && delay == sc_core::SC_ZERO_TIME);
    CHECK(late.ended - begun == sc_core::sc_time(11, sc_core::SC_NS));
    CHECK(s.early_of(5) == 5);
    CHECK(s.in_call(hit, 0x10008, delay) && delay == late.ended - begun && !hit.over);
    CHECK(hit.p.get_response_status() == tlm::TLM_OK_RESPONSE && hit.who.result.pa == AT_DATA + 5 * PAGE + 8);
    delay = sc_core::SC_ZERO_TIME;
    CHECK(!s.in_call(missed, 0x11000, delay) && delay == sc_core::SC_ZERO_TIME && missed.over); /* a walk */
    CHECK(!s.in_call(two_pages, 0x10ffc, delay) && two_pages.over);
    delay = sc_core::sc_time(3, sc_core::SC_NS);
    CHECK(!s.in_call(to_come, 0x10008, delay) && to_come.over);
    CHECK(delay == sc_core::sc_time(3, sc_core::SC_NS));
}

void nothing_completes_early_without_being_asked()
{
    early_flow s(false);

    CHECK(s.early_of(40) == 0);
}

/* What it would do at a later time cannot be asked for now. */
void targets_that_take_their_time_are_not_run_ahead_of()
{
    early_flow s;

    s.memory.style = manners::four_phases;
    CHECK(s.early_of(40) == 0);
    s.memory.style = manners::completed_at_once;
    CHECK(s.early_of(40) == 8);
    s.memory.style = manners::request_at_once;
    CHECK(s.early_of(2) == 0); /* the first one is taken on, and ends at its time */
    s.memory.style = manners::completed_at_once;
    CHECK(s.early_of(33) == 1);
}

/* Answers that need no target, and have their end at once: a translation without a way over PCIe, and a fault
 * that nobody records (DTE.SA). */
void answers_without_a_target_complete_early()
{
    early_flow s;
    item warm, entry, fault;
    sc_core::sc_time delay;

    s.world.set_device(0, {{"SA", 1}});
    CHECK(!s.in_call(warm, 0x10008, delay));
    entry.who.type = dma_extension::address_type::translation_request;
    CHECK(s.in_call(entry, 0x10000, delay) && delay > sc_core::SC_ZERO_TIME);
    CHECK(entry.data == (AT_DATA + 5 * PAGE) + 3 && entry.p.get_response_status() == tlm::TLM_OK_RESPONSE);
    delay = sc_core::SC_ZERO_TIME;
    CHECK(s.in_call(fault, std::uint64_t(1) << 50, delay) && delay > sc_core::SC_ZERO_TIME);
    CHECK(!fault.who.result.ok && fault.p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void mistakes_in_parameters_are_fatal()
{
    for (const auto &[key, bad] : {std::pair("timing", "maybe"), std::pair("timing.no.such", "1"),
                                   std::pair("timing.preset", "nothing"), std::pair("walk.slots", "0x")}) {
        simulated([&, k = key, b = bad] {
            amdvi::iommu_options options;
            bool refused = false;
            options.config = {{k, b}};
            sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
            try {
                amdvi::iommu made("refused", options);
            } catch (const sc_core::sc_report &report) {
                refused = std::string(report.get_msg_type()) == "/amdvi/config";
            }
            CHECK_MESSAGE(refused, k);
        });
    }
}

void a_message_leaves_by_the_same_transport()
{
    flow<32> s;
    item a;
    std::uint64_t xt = 0;
    unsigned messages = 0;

    set_fields("reg_xt_general", &xt, {{"Destination", 2}, {"Vector", 0x55}});
    s.cpu.write(amdvi_register_find("xt_general")->offset, xt);
    s.world.control({{"EventIntEn", 1}, {"XTEn", 1}, {"IntCapXTEn", 1}});
    s.tables.on_access = [&](tlm::tlm_generic_payload &p) { messages += p.get_address() >> 20 == 0xfee; };
    s.send(a, tlm::TLM_READ_COMMAND, 0x50000);
    const std::uint64_t blocking = s.tables.blocking;
    sc_core::sc_start();
    CHECK(messages == 1 && s.tables.blocking == blocking);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(
        argc, argv,
        {CASE(a_request_goes_out_and_comes_back), CASE(hits_overtake_walks), CASE(walks_overlap),
         CASE(faults_are_answered_behind_their_record), CASE(interrupts_and_translations_go_the_same_way),
         CASE(updates_of_one_entry_are_kept_together), CASE(requests_without_room_wait),
         CASE(both_transports_work_together), CASE(reset_answers_what_is_under_way),
         CASE(reset_may_come_from_a_callback), CASE(reset_forgets_when_to_wake), CASE(time_is_the_executors),
         CASE(hits_complete_early_by_choice), CASE(nothing_completes_early_without_being_asked),
         CASE(targets_that_take_their_time_are_not_run_ahead_of),
         CASE(answers_without_a_target_complete_early), CASE(mistakes_in_parameters_are_fatal),
         CASE(a_message_leaves_by_the_same_transport)});
}
