// SPDX-License-Identifier: Apache-2.0
/*
 * Payloads that are used again at the time at which they have ended, and requests that are sent from the
 * middle of a call: what belongs to one transaction must not be taken for the next one's [IEEE 1666, base
 * protocol: exclusion rules, phase order].
 */
#include "testbench/systemc/flow.h"

using namespace testbench;

namespace
{

using payload = tlm::tlm_generic_payload;

sc_core::sc_time ns(double count)
{
    return sc_core::sc_time(count, sc_core::SC_NS);
}

/* Memory holds no payload beyond its response: the module has the same one at hand for the write that
 * follows, but not before the read has ended with the return of that call. */
void an_update_writes_behind_the_end_of_its_read()
{
    flow<32> s;
    item a;
    std::vector<payload *> begun;
    bool responding = false;
    const std::uint64_t slot = s.world.map(s.root, 0x11000, AT_DATA + 2 * PAGE);

    s.world.set_device(0, {{"HAD", 3}});
    s.world.control({{"HADUpdate", 3}});
    s.tables.on_phase = [&](payload &p, tlm::tlm_phase &phase, sc_core::sc_time &) {
        CHECK(!responding && phase == tlm::BEGIN_REQ);
        begun.push_back(&p);
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    };
    s.send(a, tlm::TLM_WRITE_COMMAND, 0x11000);
    for (unsigned i = 0; i < 10 && !a.over; i++) {
        sc_core::sc_start(ns(10));
        responding = true;
        for (payload *p : std::exchange(begun, {}))
            CHECK(s.tables.respond(*p, tlm::BEGIN_RESP) == tlm::TLM_COMPLETED);
        responding = false;
    }
    sc_core::sc_start();
    CHECK(a.over && (s.tables.peek<std::uint64_t>(slot) & 0x60) == 0x60);
}

/* A target of `out` that is worked by hand: its first END_REQ is annotated, later ones come when the test
 * says so. */
struct late_flow : flow<32> {
    std::vector<payload *> begun;

    late_flow()
    {
        item warm;

        send(warm, tlm::TLM_READ_COMMAND, 0x10000);
        sc_core::sc_start();
        CHECK(warm.over);
        memory.on_phase = [this](payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) {
            CHECK(phase == tlm::BEGIN_REQ);
            begun.push_back(&p);
            if (begun.size() > 1)
                return tlm::TLM_ACCEPTED;
            phase = tlm::END_REQ;
            delay = ns(10);
            return tlm::TLM_UPDATED;
        };
    }
    /* Software rings for a command: what is to be sent leaves in this call, before anybody else runs. */
    void let_go()
    {
        world.wait();
    }
};

/* The annotated END_REQ of a request and its response come at one time, and the payload is sent anew there:
 * that END_REQ is not the new request's. */
void an_end_of_request_is_its_own_requests()
{
    late_flow s;
    item a, b;

    s.send(a, tlm::TLM_READ_COMMAND, 0x10000);
    sc_core::sc_start(ns(10));
    CHECK(s.begun.size() == 1 && s.memory.respond(a.p, tlm::BEGIN_RESP) == tlm::TLM_COMPLETED);
    s.let_go();
    CHECK(a.over && a.ended == sc_core::sc_time_stamp());
    a.over = false;
    s.send(a, tlm::TLM_READ_COMMAND, 0x10008);
    s.let_go();
    s.send(b, tlm::TLM_READ_COMMAND, 0x10010);
    sc_core::sc_start(ns(10));
    CHECK(s.begun.size() == 2 && !a.over); /* no END_REQ yet */
    s.memory.respond(a.p, tlm::END_REQ);
    sc_core::sc_start(ns(10));
    CHECK(s.begun.size() == 3);
    s.memory.respond(a.p, tlm::BEGIN_RESP);
    s.memory.respond(b.p, tlm::BEGIN_RESP);
    sc_core::sc_start();
    CHECK(a.over && b.over);
}

/* Two responses of port 0, of which the second one begins when the first one has ended: in the middle of it
 * `in_response` is called, once. */
struct nested_flow : flow<32> {
    item a, b;
    std::function<void()> in_response;

    explicit nested_flow(const amdvi::iommu_options &options) : flow<32>(options)
    {
        device().on_phase = [this](payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay) {
            if (phase != tlm::BEGIN_RESP || &p == &a.p)
                return tlm::TLM_ACCEPTED;
            if (&p == &b.p)
                in_response();
            end(*items[&p], delay);
            return tlm::TLM_COMPLETED;
        };
    }
    void run()
    {
        tlm::tlm_phase phase = tlm::END_RESP;
        sc_core::sc_time none;

        send(a, tlm::TLM_READ_COMMAND, 0x10000, 8, ns(3));
        sc_core::sc_start(sc_core::sc_time(5, sc_core::SC_US));
        send(b, tlm::TLM_READ_COMMAND, 0x10000, 8, ns(3));
        sc_core::sc_start(sc_core::sc_time(5, sc_core::SC_US));
        device().socket->nb_transport_fw(a.p, phase, none);
        end(a, none);
        sc_core::sc_start(sc_core::sc_time(5, sc_core::SC_US));
        CHECK(b.over);
    }
};

/* More bits than a PASID has: refused as it comes. */
void make_refused(item &i)
{
    i.who.has_pasid = true;
    i.who.pasid = 1 << 20;
}

/* Notes in `nested` whether anything comes to the second device while `calling`. */
void watch_second(nested_flow &s, const bool &calling, bool &nested)
{
    auto before = s.device(1).on_phase;

    s.device(1).on_phase = [before, &calling, &nested](payload &p, tlm::tlm_phase &phase,
                                                       sc_core::sc_time &delay) {
        nested |= calling;
        return before(p, phase, delay);
    };
}

void a_response_waits_for_the_end_of_the_call_of_its_request()
{
    amdvi::iommu_options options;
    options.ports = 2;
    nested_flow s(options);
    item refused;
    bool calling = false, nested = false;

    watch_second(s, calling, nested);
    make_refused(refused);
    s.in_response = [&] {
        calling = true;
        CHECK(s.send(refused, tlm::TLM_READ_COMMAND, 0x10000, 8, {}, 1) == tlm::TLM_UPDATED);
        calling = false;
    };
    s.run();
    CHECK(refused.over && !nested && refused.p.get_response_status() == tlm::TLM_GENERIC_ERROR_RESPONSE);
}

/* Whoever hears of one response makes the target give another one: its own call has to return before that
 * goes back to its initiator. */
void a_response_goes_on_behind_the_end_of_the_targets_call()
{
    amdvi::iommu_options options;
    options.ports = 2;
    nested_flow s(options);
    item late;
    bool calling = false, nested = false;

    watch_second(s, calling, nested);
    s.memory.on_phase = [&](payload &p, tlm::tlm_phase &phase, sc_core::sc_time &) {
        if (&p != &late.p) {
            p.set_response_status(tlm::TLM_OK_RESPONSE);
            return tlm::TLM_COMPLETED;
        }
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    };
    s.send(late, tlm::TLM_READ_COMMAND, 0x10000, 8, {}, 1);
    s.in_response = [&] {
        calling = true;
        CHECK(s.memory.respond(late.p, tlm::BEGIN_RESP) == tlm::TLM_COMPLETED);
        calling = false;
    };
    s.run();
    CHECK(late.over && !nested);
}

/* A request that completes early is a doorbell: the device behind it sends one for which there is no room
 * until the first one's call is over. */
void who_waits_for_room_hears_of_its_end_first()
{
    amdvi::iommu_options options;
    options.ports = 3;
    options.most_under_way = 1;
    options.complete_early = true;
    options.config = {{"timing", "on"}};
    nested_flow s(options);
    item doorbell, refused;

    s.memory.style = manners::completed_at_once;
    for (unsigned i = 0; i < 40; i++) {
        item warm;
        s.send(warm, tlm::TLM_READ_COMMAND, 0x10000, 8, ns(3));
        sc_core::sc_start(sc_core::sc_time(5, sc_core::SC_US));
    }
    make_refused(refused);
    s.in_response = [&] {
        s.memory.on_access = [&](payload &) {
            CHECK(s.send(refused, tlm::TLM_READ_COMMAND, 0x10000, 8, {}, 2) == tlm::TLM_ACCEPTED);
        };
        CHECK(s.send(doorbell, tlm::TLM_WRITE_COMMAND, 0x10000, 8, {}, 1) == tlm::TLM_COMPLETED);
        s.memory.on_access = nullptr;
        doorbell.p.release();
    };
    s.run();
    CHECK(refused.over && refused.p.get_response_status() == tlm::TLM_GENERIC_ERROR_RESPONSE);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(an_update_writes_behind_the_end_of_its_read),
                      CASE(an_end_of_request_is_its_own_requests),
                      CASE(a_response_waits_for_the_end_of_the_call_of_its_request),
                      CASE(a_response_goes_on_behind_the_end_of_the_targets_call),
                      CASE(who_waits_for_room_hears_of_its_end_first)});
}
