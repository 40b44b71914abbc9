// SPDX-License-Identifier: Apache-2.0
/* Non-blocking transport through the module, step by step; what random traffic does stands in campaign.cpp.
 */
#include "testbench/systemc/scene.h"

#include <amdvi/layout.h>

#include <map>

using namespace testbench;
using amdvi::dma_extension;

namespace
{

struct item : tlm::tlm_mm_interface {
    tlm::tlm_generic_payload p{this};
    dma_extension who;
    std::uint64_t data = 0;
    sc_core::sc_time ended;
    bool over = false;
    unsigned freed = 0;
    void free(tlm::tlm_generic_payload *) override
    {
        freed++;
    }
    ~item() override
    {
        p.clear_extension(&who);
    }
};

template <unsigned BUSWIDTH> struct flow : scene_of<BUSWIDTH> {
    std::map<tlm::tlm_generic_payload *, item *> items;
    std::vector<item *> order;

    explicit flow(const amdvi::iommu_options &options = {}) : scene_of<BUSWIDTH>(options)
    {
        this->device().on_phase = [this](tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                         sc_core::sc_time &delay) {
            if (phase != tlm::BEGIN_RESP)
                return tlm::TLM_ACCEPTED;
            items[&p]->ended = sc_core::sc_time_stamp() + delay;
            items[&p]->over = true;
            order.push_back(items[&p]);
            p.release();
            return tlm::TLM_COMPLETED;
        };
    }
    tlm::tlm_sync_enum send(item &i, tlm::tlm_command command, std::uint64_t address, unsigned length = 8,
                            sc_core::sc_time delay = sc_core::sc_time())
    {
        tlm::tlm_phase phase = tlm::BEGIN_REQ;

        hand<BUSWIDTH>::fill(i.p, command, address, &i.data, length);
        i.p.set_extension(&i.who);
        i.p.acquire();
        items[&i.p] = &i;
        return this->device().socket->nb_transport_fw(i.p, phase, delay);
    }
};

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
    return run_cases(argc, argv,
                     {CASE(a_request_goes_out_and_comes_back), CASE(hits_overtake_walks), CASE(walks_overlap),
                      CASE(faults_are_answered_behind_their_record),
                      CASE(interrupts_and_translations_go_the_same_way),
                      CASE(updates_of_one_entry_are_kept_together), CASE(requests_without_room_wait),
                      CASE(both_transports_work_together), CASE(reset_answers_what_is_under_way),
                      CASE(time_is_the_executors), CASE(mistakes_in_parameters_are_fatal),
                      CASE(a_message_leaves_by_the_same_transport)});
}
