// SPDX-License-Identifier: Apache-2.0
/*
 * The rules of the TLM-2.0 base protocol for one hop between an initiator and a target, checked as the calls
 * go by [IEEE 1666: generic payload, blocking and non-blocking transport, base protocol, debug transport,
 * direct memory interface]. Nothing here knows an IOMMU, but for the options, which ask more than the
 * standard does.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_RULES_H
#define AMDVI_TESTBENCH_SYSTEMC_RULES_H

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <systemc>
#include <tlm>

namespace testbench
{

/* Each has a name and a sentence: rule_text(). */
enum class rule {
    command, /* attributes at the start of a transaction */
    data,
    enables,
    width,
    incomplete,
    hint,
    command_kept, /* attributes that nobody may change on the way */
    data_kept,
    length_kept,
    enables_kept,
    width_kept,
    written_kept,
    enable_bytes_kept,
    response_set,  /* at the end */
    address_back,  /* option */
    order_forward, /* phases */
    order_backward,
    returned_forward,
    returned_backward,
    accepted_untouched,
    one_request,
    one_response,
    time_grows,
    delay_grows,
    manager,
    held,
    reused,
    unknown,
    mixed,
    left_open,
    no_wait,     /* option */
    debug_count, /* debug transport and direct memory */
    debug_untouched,
    pointer_range,
    pointer_rights,
    revoked_range,
    count_of_rules,
};

const char *rule_name(rule r);
const char *rule_text(rule r);

class rules
{
  public:
    using payload = tlm::tlm_generic_payload;

    explicit rules(std::string name) : name_(std::move(name))
    {
    }
    /* More than the standard asks: the address is the initiator's again at the response; b_transport takes no
     * time. */
    bool strict = false;

    void b_begin(const payload &p, const sc_core::sc_time &delay);
    void b_end(const payload &p, const sc_core::sc_time &delay);
    void fw_begin(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay);
    void fw_end(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay,
                tlm::tlm_sync_enum status);
    void bw_begin(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay);
    void bw_end(const payload &p, const tlm::tlm_phase &phase, const sc_core::sc_time &delay,
                tlm::tlm_sync_enum status);
    void debug_begin(const payload &p);
    void debug_end(const payload &p, unsigned count);
    void pointer_end(const payload &p, std::uint64_t asked, const tlm::tlm_dmi &dmi, bool granted);
    void revoked(std::uint64_t first, std::uint64_t last);
    /* At the end of a simulation: nothing is under way. */
    void at_rest();

    std::uint64_t broken() const
    {
        return broken_;
    }
    std::uint64_t broken(rule r) const
    {
        return counts_[static_cast<int>(r)];
    }
    std::uint64_t transactions() const
    {
        return transactions_;
    }
    /* The first violations, in words. */
    const std::vector<std::string> &findings() const
    {
        return findings_;
    }

  private:
    struct kept {
        tlm::tlm_command command;
        std::uint64_t address;
        unsigned char *data, *enables;
        unsigned length, enable_length, width;
        std::uint64_t written, enable_bytes; /* sums over what they point to */
        tlm::tlm_response_status response;
    };
    enum phase_state { REQUESTED, ACCEPTED, RESPONDED };
    struct hop {
        kept start;
        phase_state state;
        sc_core::sc_time last; /* when the latest phase takes effect */
    };
    struct call { /* while a call is under way */
        tlm::tlm_phase phase;
        sc_core::sc_time delay;
        tlm::tlm_response_status response;
    };
    void broke(rule r, const payload &p);
    void check_start(const payload &p);
    void check_kept(const payload &p, const kept &start);
    void check_response(const payload &p, const kept &start);
    void move(hop &h, const payload &p, const sc_core::sc_time &delay);
    void request_over(const payload &p);
    void begin_response(hop &h, const payload &p);
    void end(const payload &p);
    void check_held(const payload &p);
    static kept keep(const payload &p);

    std::string name_;
    std::uint64_t broken_ = 0, transactions_ = 0;
    std::uint64_t counts_[static_cast<int>(rule::count_of_rules)] = {};
    std::vector<std::string> findings_;
    std::unordered_map<const payload *, hop> under_way_;
    std::map<const payload *, std::pair<kept, std::pair<sc_core::sc_time, sc_core::sc_time>>> blocking_;
    std::vector<call> fw_calls_, bw_calls_;
    std::map<const payload *, kept> debugging_;
    const payload *requesting_ = nullptr, *responding_ = nullptr;
};

} // namespace testbench

#endif
