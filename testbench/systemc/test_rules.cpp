// SPDX-License-Identifier: Apache-2.0
/* The checker itself: each rule is broken once, on purpose, and noticed; what is allowed breaks none. */
#include "testbench/systemc/cases.h"

#include <cstdio>

using namespace testbench;

namespace
{

struct keeper : tlm::tlm_mm_interface {
    void free(tlm::tlm_generic_payload *) override
    {
    }
};

/* A hop that is walked by hand. */
struct hop {
    keeper mm;
    tlm::tlm_generic_payload p{&mm}, other{&mm}, loose;
    unsigned char data[16] = {}, spare[16] = {}, enables[4] = {0xff, 0, 0xff, 0};
    testbench::rules rules{"hop"};
    const sc_core::sc_time none, some{5, sc_core::SC_NS};

    hop()
    {
        hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, 0x100, data, 16);
        hand<32>::fill(other, tlm::TLM_READ_COMMAND, 0x200, spare, 16);
        hand<32>::fill(loose, tlm::TLM_READ_COMMAND, 0x300, spare, 16);
        p.set_byte_enable_ptr(enables);
        p.set_byte_enable_length(4);
        p.acquire();
        other.acquire();
        rules.strict = true;
    }
    void fw(tlm::tlm_generic_payload &q, tlm::tlm_phase phase, tlm::tlm_sync_enum status = tlm::TLM_ACCEPTED,
            tlm::tlm_phase after = tlm::UNINITIALIZED_PHASE,
            const sc_core::sc_time &before = sc_core::sc_time(),
            const sc_core::sc_time &returned = sc_core::sc_time())
    {
        rules.fw_begin(q, phase, before);
        if (status == tlm::TLM_COMPLETED)
            q.set_response_status(tlm::TLM_OK_RESPONSE);
        rules.fw_end(q, after == tlm::UNINITIALIZED_PHASE ? phase : after, returned, status);
    }
    void bw(tlm::tlm_generic_payload &q, tlm::tlm_phase phase, tlm::tlm_sync_enum status = tlm::TLM_ACCEPTED,
            tlm::tlm_phase after = tlm::UNINITIALIZED_PHASE,
            const sc_core::sc_time &before = sc_core::sc_time(),
            const sc_core::sc_time &returned = sc_core::sc_time())
    {
        rules.bw_begin(q, phase, before);
        rules.bw_end(q, after == tlm::UNINITIALIZED_PHASE ? phase : after, returned, status);
    }
    void respond(tlm::tlm_generic_payload &q)
    {
        q.set_response_status(tlm::TLM_OK_RESPONSE);
        bw(q, tlm::BEGIN_RESP);
    }
    /* A blocking transaction in whose middle something happens. */
    template <typename CHANGE> void blocking(CHANGE change)
    {
        rules.b_begin(p, none);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
        change();
        rules.b_end(p, none);
    }
    template <typename CHANGE> void debug(CHANGE change, unsigned count = 16)
    {
        rules.debug_begin(p);
        change();
        rules.debug_end(p, count);
    }
};

struct offence {
    rule broken;
    void (*commit)(hop &);
};

const offence offences[] = {
    {rule::command, [](hop &h) { h.p.set_command(static_cast<tlm::tlm_command>(3)), h.blocking([] {}); }},
    {rule::data, [](hop &h) { h.p.set_data_length(0), h.blocking([] {}); }},
    {rule::enables, [](hop &h) { h.p.set_byte_enable_length(0), h.blocking([] {}); }},
    {rule::width, [](hop &h) { h.p.set_streaming_width(0), h.blocking([] {}); }},
    {rule::incomplete, [](hop &h) { h.p.set_response_status(tlm::TLM_OK_RESPONSE), h.blocking([] {}); }},
    {rule::hint, [](hop &h) { h.p.set_dmi_allowed(true), h.blocking([] {}); }},
    {rule::command_kept, [](hop &h) { h.blocking([&] { h.p.set_command(tlm::TLM_READ_COMMAND); }); }},
    {rule::data_kept, [](hop &h) { h.blocking([&] { h.p.set_data_ptr(h.spare); }); }},
    {rule::length_kept, [](hop &h) { h.blocking([&] { h.p.set_data_length(8); }); }},
    {rule::enables_kept, [](hop &h) { h.blocking([&] { h.p.set_byte_enable_ptr(nullptr); }); }},
    {rule::width_kept, [](hop &h) { h.blocking([&] { h.p.set_streaming_width(8); }); }},
    {rule::written_kept, [](hop &h) { h.blocking([&] { h.data[3] ^= 1; }); }},
    {rule::enable_bytes_kept, [](hop &h) { h.blocking([&] { h.enables[1] = 0xff; }); }},
    {rule::response_set,
     [](hop &h) { h.blocking([&] { h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE); }); }},
    {rule::address_back, [](hop &h) { h.blocking([&] { h.p.set_address(0x104); }); }},
    {rule::order_forward, [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ), h.fw(h.p, tlm::END_RESP); }},
    {rule::order_backward,
     [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ), h.bw(h.p, tlm::END_REQ), h.bw(h.p, tlm::END_REQ); }},
    {rule::returned_forward, [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_RESP); }},
    {rule::returned_backward,
     [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ), h.bw(h.p, tlm::END_REQ, tlm::TLM_COMPLETED); }},
    {rule::accepted_untouched, [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_ACCEPTED, tlm::END_REQ); }},
    {rule::one_request, [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ), h.fw(h.other, tlm::BEGIN_REQ); }},
    {rule::one_response,
     [](hop &h) {
         h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_REQ);
         h.fw(h.other, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_REQ);
         h.respond(h.p);
         h.respond(h.other);
     }},
    {rule::time_grows,
     [](hop &h) {
         h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_ACCEPTED, tlm::UNINITIALIZED_PHASE, h.some, h.some);
         h.bw(h.p, tlm::END_REQ);
     }},
    {rule::delay_grows,
     [](hop &h) {
         h.rules.b_begin(h.p, h.some);
         h.p.set_response_status(tlm::TLM_OK_RESPONSE);
         h.rules.b_end(h.p, h.none);
     }},
    {rule::manager, [](hop &h) { h.fw(h.loose, tlm::BEGIN_REQ); }},
    {rule::held, [](hop &h) { h.p.release(), h.fw(h.p, tlm::BEGIN_REQ); }},
    {rule::reused,
     [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_REQ), h.fw(h.p, tlm::BEGIN_REQ); }},
    {rule::unknown, [](hop &h) { h.bw(h.p, tlm::END_REQ); }},
    {rule::mixed,
     [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_REQ), h.blocking([] {}); }},
    {rule::left_open, [](hop &h) { h.fw(h.p, tlm::BEGIN_REQ), h.rules.at_rest(); }},
    {rule::no_wait,
     [](hop &h) { h.blocking([] { sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_NS)); }); }},
    {rule::debug_count, [](hop &h) { h.debug([] {}, 17); }},
    {rule::debug_untouched, [](hop &h) { h.debug([&] { h.p.set_response_status(tlm::TLM_OK_RESPONSE); }); }},
    {rule::pointer_range,
     [](hop &h) {
         tlm::tlm_dmi dmi;
         dmi.set_start_address(0x200);
         h.rules.pointer_end(h.p, 0x100, dmi, false);
     }},
    {rule::pointer_rights,
     [](hop &h) {
         tlm::tlm_dmi dmi;
         dmi.set_dmi_ptr(h.data);
         dmi.allow_read();
         h.rules.pointer_end(h.p, 0x100, dmi, true);
     }},
    {rule::revoked_range, [](hop &h) { h.rules.revoked(2, 1); }},
};

void each_rule_has_an_offender()
{
    static_assert(sizeof(offences) / sizeof(offences[0]) == static_cast<int>(rule::count_of_rules),
                  "one each");

    for (const offence &o : offences) {
        hop h;
        o.commit(h);
        CHECK_MESSAGE(h.rules.broken(o.broken) == 1, rule_name(o.broken));
        CHECK_MESSAGE(h.rules.broken() == h.rules.broken(o.broken), rule_name(o.broken));
        CHECK_MESSAGE(h.rules.findings().size() == 1 &&
                          h.rules.findings()[0].find(rule_text(o.broken)) != std::string::npos,
                      rule_name(o.broken));
    }
}

void offenders_are_one_each()
{
    bool seen[static_cast<int>(rule::count_of_rules)] = {};

    for (const offence &o : offences)
        seen[static_cast<int>(o.broken)] = true;
    for (bool s : seen)
        CHECK(s);
    std::printf("%d rules\n", static_cast<int>(rule::count_of_rules));
}

/* All ways through the phases that the base protocol has. */
void what_is_allowed_breaks_nothing()
{
    hop h;

    h.blocking([] {});
    h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    h.fw(h.p, tlm::BEGIN_REQ);
    h.bw(h.p, tlm::END_REQ);
    h.respond(h.p);
    h.fw(h.p, tlm::END_RESP, tlm::TLM_COMPLETED);
    h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_COMPLETED);
    h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    h.fw(h.p, tlm::BEGIN_REQ);
    h.p.set_response_status(tlm::TLM_OK_RESPONSE);
    h.bw(h.p, tlm::BEGIN_RESP, tlm::TLM_COMPLETED);
    h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    h.rules.fw_begin(h.p, tlm::BEGIN_REQ, h.none);
    h.p.set_response_status(tlm::TLM_OK_RESPONSE);
    h.rules.fw_end(h.p, tlm::BEGIN_RESP, h.some, tlm::TLM_UPDATED);
    h.fw(h.p, tlm::END_RESP, tlm::TLM_ACCEPTED, tlm::UNINITIALIZED_PHASE, h.some, h.some);
    h.p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    h.fw(h.p, tlm::BEGIN_REQ, tlm::TLM_UPDATED, tlm::END_REQ);
    h.p.set_response_status(tlm::TLM_OK_RESPONSE);
    h.bw(h.p, tlm::BEGIN_RESP, tlm::TLM_UPDATED, tlm::END_RESP, h.none, h.some);
    h.p.set_address(0x100);
    h.debug([] {});
    h.rules.revoked(1, 1);
    h.rules.at_rest();
    CHECK(h.rules.broken() == 0 && h.rules.transactions() == 6);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(each_rule_has_an_offender), CASE(offenders_are_one_each),
                      CASE(what_is_allowed_breaks_nothing)});
}
