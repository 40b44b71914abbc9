// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/rules.h"

#include <algorithm>
#include <sstream>

namespace testbench
{

static const struct {
    const char *name, *text;
} texts[] = {
    {"command", "the command is read, write or ignore"},
    {"data", "the data pointer is not null and the length not 0"},
    {"enables", "with byte enables their length is not 0"},
    {"width", "the streaming width is not 0"},
    {"incomplete", "a transaction starts with the response status incomplete"},
    {"hint", "a transaction starts without the DMI hint"},
    {"command-kept", "nobody changes the command"},
    {"data-kept", "nobody changes the data pointer"},
    {"length-kept", "nobody changes the data length"},
    {"enables-kept", "nobody changes pointer and length of byte enables"},
    {"width-kept", "nobody changes the streaming width"},
    {"written-kept", "nobody changes the data of a write"},
    {"enable-bytes-kept", "nobody changes the byte enables"},
    {"response-set", "a response has a status other than incomplete"},
    {"address-back", "at the response the address is the initiator's again"},
    {"order-forward", "on the forward path come BEGIN_REQ and, after BEGIN_RESP, END_RESP"},
    {"order-backward", "on the backward path come END_REQ and BEGIN_RESP, once and in that order"},
    {"returned-forward", "a forward call returns with a phase that may follow"},
    {"returned-backward", "a backward call returns with a phase that may follow"},
    {"accepted-untouched", "TLM_ACCEPTED leaves phase, delay and status as they were"},
    {"one-request", "no request begins before the one before it has ended"},
    {"one-response", "no response begins before the one before it has ended"},
    {"time-grows", "phases of a transaction take effect in the order of their calls"},
    {"delay-grows", "a call never makes the delay smaller"},
    {"manager", "a payload of non-blocking transport has a memory manager"},
    {"held", "a payload is held as long as its transaction lasts"},
    {"reused", "a payload under way is not sent again"},
    {"unknown", "no phase comes for a transaction that is not under way"},
    {"mixed", "a transaction stays with one kind of transport"},
    {"left-open", "every transaction comes to its end"},
    {"no-wait", "b_transport annotates and does not wait"},
    {"debug-count", "debug transport counts no more bytes than were asked for"},
    {"debug-untouched", "debug transport changes no attribute"},
    {"pointer-range", "a pointer covers the address that was asked for"},
    {"pointer-rights", "a pointer that is granted is good for what was asked"},
    {"revoked-range", "a revoked range does not end before its start"},
};
static_assert(sizeof(texts) / sizeof(texts[0]) == static_cast<int>(rule::count_of_rules),
              "a text for each rule");

const char *rule_name(rule r)
{
    return texts[static_cast<int>(r)].name;
}

const char *rule_text(rule r)
{
    return texts[static_cast<int>(r)].text;
}

void rules::broke(rule r, const payload &p)
{
    std::ostringstream line;

    broken_++;
    counts_[static_cast<int>(r)]++;
    if (findings_.size() >= 20)
        return;
    line << name_ << " at " << sc_core::sc_time_stamp() << ": " << rule_name(r) << ": " << rule_text(r)
         << " (address 0x" << std::hex << p.get_address() << std::dec << ", length " << p.get_data_length()
         << ")";
    findings_.push_back(line.str());
}

/* ---------------------------------------------------------------- attributes */

static std::uint64_t sum(const unsigned char *bytes, unsigned length)
{
    std::uint64_t s = 1469598103934665603ull;

    for (unsigned i = 0; bytes && i < length; i++)
        s = (s ^ bytes[i]) * 1099511628211ull;
    return s;
}

rules::kept rules::keep(const payload &p)
{
    return {p.get_command(),
            p.get_address(),
            p.get_data_ptr(),
            p.get_byte_enable_ptr(),
            p.get_data_length(),
            p.get_byte_enable_length(),
            p.get_streaming_width(),
            p.is_write() ? sum(p.get_data_ptr(), p.get_data_length()) : 0,
            sum(p.get_byte_enable_ptr(), p.get_byte_enable_length()),
            p.get_response_status()};
}

void rules::check_start(const payload &p)
{
    transactions_++;
    if (p.get_command() != tlm::TLM_READ_COMMAND && p.get_command() != tlm::TLM_WRITE_COMMAND &&
        p.get_command() != tlm::TLM_IGNORE_COMMAND)
        broke(rule::command, p);
    if (p.get_command() != tlm::TLM_IGNORE_COMMAND && (!p.get_data_ptr() || p.get_data_length() == 0))
        broke(rule::data, p);
    if (p.get_byte_enable_ptr() && p.get_byte_enable_length() == 0)
        broke(rule::enables, p);
    if (p.get_streaming_width() == 0)
        broke(rule::width, p);
    if (p.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE)
        broke(rule::incomplete, p);
    if (p.is_dmi_allowed())
        broke(rule::hint, p);
}

void rules::check_kept(const payload &p, const kept &start)
{
    if (p.get_command() != start.command) {
        broke(rule::command_kept, p);
        return;
    }
    if (p.get_data_ptr() != start.data || p.get_data_length() != start.length) {
        broke(p.get_data_ptr() != start.data ? rule::data_kept : rule::length_kept, p);
        return;
    }
    if (p.get_byte_enable_ptr() != start.enables || p.get_byte_enable_length() != start.enable_length) {
        broke(rule::enables_kept, p);
        return;
    }
    if (p.get_streaming_width() != start.width)
        broke(rule::width_kept, p);
    if (p.is_write() && sum(p.get_data_ptr(), p.get_data_length()) != start.written)
        broke(rule::written_kept, p);
    if (sum(p.get_byte_enable_ptr(), p.get_byte_enable_length()) != start.enable_bytes)
        broke(rule::enable_bytes_kept, p);
}

void rules::check_response(const payload &p, const kept &start)
{
    check_kept(p, start);
    if (p.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
        broke(rule::response_set, p);
    if (strict && p.get_address() != start.address)
        broke(rule::address_back, p);
}

/* ---------------------------------------------------------------- blocking */

void rules::b_begin(const payload &p, const sc_core::sc_time &delay)
{
    check_start(p);
    if (under_way_.count(&p) || blocking_.count(&p))
        broke(rule::mixed, p);
    blocking_[&p] = {keep(p), {delay, sc_core::sc_time_stamp()}};
}

void rules::b_end(const payload &p, const sc_core::sc_time &delay)
{
    const auto &[start, times] = blocking_[&p];

    check_response(p, start);
    if (strict && sc_core::sc_time_stamp() != times.second)
        broke(rule::no_wait, p);
    if (delay + sc_core::sc_time_stamp() < times.first + times.second)
        broke(rule::delay_grows, p);
    blocking_.erase(&p);
}

/* ---------------------------------------------------------------- phases */

void rules::check_held(const payload &p)
{
    if (!p.has_mm())
        broke(rule::manager, p);
    else if (p.get_ref_count() < 1)
        broke(rule::held, p);
}

void rules::move(hop &h, const payload &p, const sc_core::sc_time &delay)
{
    const sc_core::sc_time when = sc_core::sc_time_stamp() + delay;

    if (when < h.last)
        broke(rule::time_grows, p);
    h.last = std::max(h.last, when);
}

void rules::request_over(const payload &p)
{
    if (requesting_ == &p)
        requesting_ = nullptr;
}

void rules::begin_response(hop &h, const payload &p)
{
    request_over(p);
    if (responding_)
        broke(rule::one_response, p);
    responding_ = &p;
    h.state = RESPONDED;
    check_response(p, h.start);
}

void rules::end(const payload &p)
{
    request_over(p);
    if (responding_ == &p)
        responding_ = nullptr;
    under_way_.erase(&p);
}

void rules::fw_begin(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay)
{
    auto found = under_way_.find(&p);

    fw_calls_.push_back({phase, delay, p.get_response_status()});
    check_held(p);
    if (phase == tlm::BEGIN_REQ) {
        if (found != under_way_.end()) {
            broke(rule::reused, p);
            return;
        }
        check_start(p);
        if (blocking_.count(&p))
            broke(rule::mixed, p);
        if (requesting_)
            broke(rule::one_request, p);
        requesting_ = &p;
        under_way_[&p] = {keep(p), REQUESTED, sc_core::sc_time_stamp() + delay};
        return;
    }
    if (phase != tlm::END_RESP)
        broke(rule::order_forward, p);
    else if (found == under_way_.end())
        broke(rule::unknown, p);
    else if (found->second.state != RESPONDED)
        broke(rule::order_forward, p);
    else
        move(found->second, p, delay);
}

void rules::fw_end(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay,
                   tlm::tlm_sync_enum status)
{
    const call began = fw_calls_.back();
    auto found = under_way_.find(&p);

    fw_calls_.pop_back();
    if (found == under_way_.end())
        return;
    if (delay < began.delay)
        broke(rule::delay_grows, p);
    if (began.phase == tlm::END_RESP) {
        if (status == tlm::TLM_UPDATED)
            broke(rule::returned_forward, p);
        end(p);
        return;
    }
    if (status == tlm::TLM_ACCEPTED && (phase != began.phase || delay != began.delay))
        broke(rule::accepted_untouched, p);
    if (status == tlm::TLM_COMPLETED) {
        check_response(p, found->second.start);
        end(p);
    }
    if (status != tlm::TLM_UPDATED)
        return;
    move(found->second, p, delay);
    if (phase == tlm::END_REQ && found->second.state == REQUESTED) {
        found->second.state = ACCEPTED;
        request_over(p);
    } else if (phase == tlm::BEGIN_RESP && found->second.state == REQUESTED) {
        begin_response(found->second, p);
    } else {
        broke(rule::returned_forward, p);
    }
}

void rules::bw_begin(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay)
{
    auto found = under_way_.find(&p);

    bw_calls_.push_back({phase, delay, p.get_response_status()});
    if (found == under_way_.end()) {
        broke(rule::unknown, p);
        return;
    }
    hop &h = found->second;
    check_held(p);
    move(h, p, delay);
    if (phase == tlm::END_REQ && h.state == REQUESTED) {
        check_kept(p, h.start);
        h.state = ACCEPTED;
        request_over(p);
    } else if (phase == tlm::BEGIN_RESP && h.state != RESPONDED) {
        begin_response(h, p);
    } else {
        broke(rule::order_backward, p);
    }
}

void rules::bw_end(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay,
                   tlm::tlm_sync_enum status)
{
    const call began = bw_calls_.back();
    auto found = under_way_.find(&p);

    bw_calls_.pop_back();
    if (found == under_way_.end())
        return;
    if (delay < began.delay)
        broke(rule::delay_grows, p);
    if (status == tlm::TLM_ACCEPTED) {
        if (phase != began.phase || delay != began.delay || p.get_response_status() != began.response)
            broke(rule::accepted_untouched, p);
        return;
    }
    if (began.phase != tlm::BEGIN_RESP || (status == tlm::TLM_UPDATED && phase != tlm::END_RESP)) {
        broke(rule::returned_backward, p);
        return;
    }
    move(found->second, p, delay);
    end(p);
}

/* Payloads whose initiator has let go are not looked at. */
void rules::at_rest()
{
    payload unknown;

    for (std::size_t i = 0; i < under_way_.size() + blocking_.size(); i++)
        broke(rule::left_open, unknown);
}

/* ---------------------------------------------------------------- debug and direct memory */

void rules::debug_begin(const payload &p)
{
    debugging_[&p] = keep(p);
}

void rules::debug_end(const payload &p, unsigned count)
{
    const kept start = debugging_[&p];

    debugging_.erase(&p);
    if (count > p.get_data_length())
        broke(rule::debug_count, p);
    if (p.get_command() != start.command || p.get_data_ptr() != start.data ||
        p.get_data_length() != start.length || p.get_byte_enable_ptr() != start.enables ||
        p.get_streaming_width() != start.width || p.get_response_status() != start.response ||
        (strict && p.get_address() != start.address) ||
        (p.is_write() && sum(p.get_data_ptr(), p.get_data_length()) != start.written))
        broke(rule::debug_untouched, p);
}

void rules::pointer_end(const payload &p, std::uint64_t asked, const tlm::tlm_dmi &dmi, bool granted)
{
    if (dmi.get_start_address() > asked || dmi.get_end_address() < asked)
        broke(rule::pointer_range, p);
    if (granted && (!dmi.get_dmi_ptr() || (p.is_read() && !dmi.is_read_allowed()) ||
                    (p.is_write() && !dmi.is_write_allowed())))
        broke(rule::pointer_rights, p);
}

void rules::revoked(std::uint64_t first, std::uint64_t last)
{
    payload unknown;

    if (first > last)
        broke(rule::revoked_range, unknown);
}

} // namespace testbench
