// SPDX-License-Identifier: Apache-2.0
/* Those who look on: waveforms, and recordings that replay without the platform. */
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

#include <amdvi/replay.h>
#include <amdvi/systemc_recording.h>
#include <unistd.h>

#include "testbench/systemc/scene.h"

using namespace testbench;

namespace
{

/* A file that goes with the case. */
struct scrap {
    std::string path;

    explicit scrap(const std::string &ending)
        : path("looking-" + std::to_string(getpid()) + (ending.empty() ? "" : "." + ending))
    {
    }
    ~scrap()
    {
        std::remove(path.c_str());
    }
    std::string text() const
    {
        std::ostringstream all;
        all << std::ifstream(path).rdbuf();
        return all.str();
    }
};

/* Of payloads that stay where they are. */
struct quiet_manager : tlm::tlm_mm_interface {
    void free(tlm::tlm_generic_payload *) override
    {
    }
};

/* ---------------------------------------------------------------- recordings */

struct played {
    struct amdvi_replay_counts counts = {};
    std::string failures;
};

played replay(const std::string &path)
{
    played result;
    amdvi_trace_reader *reader = nullptr;
    amdvi_trace_record record;
    amdvi_trace_error error;
    amdvi_replay_options options{};
    amdvi_replay *player = nullptr;

    options.name = path.c_str();
    options.context = &result;
    options.verdict = [](void *context, const amdvi_replay_verdict *verdict) {
        if (!verdict->held)
            static_cast<played *>(context)->failures += std::string(verdict->text) + "\n";
    };
    CHECK(amdvi_trace_open(path.c_str(), nullptr, &reader, &error) == AMDVI_TRACE_OK);
    CHECK(amdvi_replay_create(&options, &player) == AMDVI_REPLAY_OK);
    while (amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK)
        CHECK_MESSAGE(amdvi_replay_record(player, &record) == AMDVI_REPLAY_OK, amdvi_replay_error(player));
    amdvi_replay_finish(player);
    result.counts = *amdvi_replay_counts(player);
    amdvi_replay_destroy(player);
    amdvi_trace_close(reader);
    return result;
}

/* What a driver and a device do, with a fault and an invalidation. */
template <typename MOVE> void some_life(bench<32> &b, std::uint64_t root, const MOVE &move)
{
    move(0x10010);
    move(0x11020);
    move(0x50000); /* nothing there */
    b.world.map(root, 0x50000, AT_DATA + 3 * PAGE);
    b.world.invalidate_page(1, 0x50000);
    b.world.wait();
    move(0x50000);
}

void wait_for(double us)
{
    sc_core::sc_start(sc_core::sc_time(us, sc_core::SC_US));
}

/* The module is recorded from the beginning: so its tables are made here, not by a scene. */
void record(const std::string &path, const amdvi::iommu_options &options,
            const std::function<void(bench<32> &, std::uint64_t)> &life)
{
    bench<32> b(options);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    amdvi::recording recording(b.iommu, options, path);
    const std::uint64_t root = b.world.device(0, 1);

    b.world.map(root, 0x10000, AT_DATA + 5 * PAGE);
    b.world.map(root, 0x11000, AT_DATA + 2 * PAGE);
    b.world.start();
    wait_for(5);
    life(b, root);
    wait_for(5);
    CHECK(recording.statistics().actions > 5);
    CHECK(recording.statistics().inexact == 0);
    CHECK(recording.finish() == AMDVI_TRACE_OK);
}

void blocking_life(bench<32> &b, std::uint64_t root)
{
    std::uint64_t data = 42;

    some_life(b, root, [&](std::uint64_t address) {
        b.device().transfer(tlm::TLM_WRITE_COMMAND, address, &data, sizeof(data));
        wait_for(1);
    });
}

void a_recorded_platform_replays()
{
    const scrap trace("amdvi");

    record(trace.path, {}, blocking_life);
    const played again = replay(trace.path);
    CHECK_MESSAGE(again.counts.failed == 0, again.failures);
    CHECK(again.counts.translations_checked >= 4);
    CHECK(again.counts.others_checked + again.counts.stores_checked >= 2); /* the fault's record, the store */
}

/* One after the other: those that overlap have no order that a trace could keep. Translations are compared;
 * the record of a fault is written at a time of its own. */
void so_do_translations_of_non_blocking_transport()
{
    const scrap trace("amdvi");

    record(trace.path, {}, [](bench<32> &b, std::uint64_t root) {
        quiet_manager mm;
        tlm::tlm_generic_payload p(&mm);
        std::uint64_t data = 42;
        b.device().on_phase = [&](auto &, auto &phase, auto &) {
            return phase == tlm::BEGIN_RESP ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
        };
        some_life(b, root, [&](std::uint64_t address) {
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_core::sc_time delay;
            hand<32>::fill(p, tlm::TLM_WRITE_COMMAND, address, &data, sizeof(data));
            p.acquire();
            b.device().socket->nb_transport_fw(p, phase, delay);
            wait_for(5);
            p.release();
        });
    });
    const played again = replay(trace.path);
    CHECK_MESSAGE(again.counts.translations_failed == 0, again.failures);
    CHECK(again.counts.translations_checked >= 4);
}

void records_carry_the_time_of_the_simulation()
{
    const scrap trace("amdvi");

    record(trace.path, {}, blocking_life);
    const std::string text = trace.text();
    CHECK_MESSAGE(text.find("t=5000") != std::string::npos, text);
    CHECK_MESSAGE(text.find("t=8000") != std::string::npos, text);
}

void nobody_gets_a_pointer_while_it_is_recorded()
{
    const scrap trace("amdvi");
    scene s;
    tlm::tlm_generic_payload p;
    tlm::tlm_dmi dmi;
    unsigned char data[8];

    s.memory.grants = true;
    hand<32>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, data, 8);
    CHECK(s.device().socket->get_direct_mem_ptr(p, dmi));
    {
        amdvi::recording recording(s.iommu, {}, trace.path);
        CHECK(s.device().revoked.size() == 1);
        CHECK(!s.device().socket->get_direct_mem_ptr(p, dmi));
    }
    CHECK(s.device().socket->get_direct_mem_ptr(p, dmi));
}

void what_cannot_be_written_is_fatal()
{
    scene s;
    std::string said;

    sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
    try {
        amdvi::recording recording(s.iommu, {}, "no/such/folder/trace.amdvi");
    } catch (const sc_core::sc_report &report) {
        said = report.get_msg_type();
    }
    CHECK(said == "/amdvi/recording");
}

/* A disk that is full: the bytes are refused when the file is closed. */
void what_was_not_written_is_told()
{
    bench<32> b;
    amdvi::recording recording(b.iommu, {}, "/dev/full");

    CHECK(recording.finish() == AMDVI_TRACE_ERR_IO);
    CHECK(recording.finish() == AMDVI_TRACE_ERR_IO);
}

/* One that cannot begin, for more memory than a trace may have, leaves the module as it was. */
void what_has_not_begun_leaves_nothing()
{
    const scrap trace("amdvi");
    scene s;
    tlm::tlm_generic_payload p;
    tlm::tlm_dmi dmi;
    std::uint32_t value = 0;

    sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
    s.memory.grants = true;
    try {
        amdvi::recording recording(s.iommu, {}, trace.path, AMDVI_TRACE_FORM_TEXT, UINT64_MAX);
        CHECK(!"it has begun");
    } catch (const sc_core::sc_report &report) {
        CHECK(std::string(report.get_msg_type()) == "/amdvi/recording");
    }
    CHECK(s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4) == tlm::TLM_OK_RESPONSE);
    hand<32>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    CHECK(s.device().socket->get_direct_mem_ptr(p, dmi));
}

/* ---------------------------------------------------------------- waveforms */

/* The short name that a VCD gives a signal. */
std::string code_of(const std::string &vcd, const std::string &signal)
{
    std::istringstream lines(vcd);

    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string var, kind, width, code, name;
        if (words >> var >> kind >> width >> code >> name && var == "$var" && name.find(signal) == 0)
            return code;
    }
    return "";
}

/* The values that it had, in their order. */
std::vector<std::uint64_t> values_of(const std::string &vcd, const std::string &signal)
{
    const std::string code = code_of(vcd, signal);
    std::istringstream words(vcd);
    std::vector<std::uint64_t> values;
    std::string last;

    for (std::string word; words >> word; last = word)
        if (word == code && last[0] == 'b')
            values.push_back(std::strtoull(last.c_str() + 1, nullptr, 2));
    return values;
}

void a_waveform_shows_rings_and_messages()
{
    const scrap vcd("vcd");
    bench<32> b;
    const std::string base = vcd.path.substr(0, vcd.path.size() - 4);
    sc_core::sc_trace_file *file = sc_core::sc_create_vcd_trace_file(base.c_str());
    std::uint64_t data = 0;

    b.iommu.trace(file, "iommu");
    wait_for(1);
    b.world.device(0, 1);
    b.world.start();
    wait_for(1);
    b.world.wait(); /* one command */
    wait_for(1);
    b.device().transfer(tlm::TLM_READ_COMMAND, 0x50000, &data, 8); /* an entry of the event log */
    wait_for(1);
    sc_core::sc_close_vcd_trace_file(file);
    const std::string text = vcd.text();
    using list = std::vector<std::uint64_t>;
    for (const char *ring : {"cmd_tail", "cmd_head", "event_tail"})
        CHECK_MESSAGE(values_of(text, ring) == (list{0, 16}), text);
    CHECK_MESSAGE(values_of(text, "event_head") == (list{0}), text);
    for (const char *other : {"ppr_head", "ppr_tail", "requests", "accesses", "walkers", "interrupts"})
        CHECK_MESSAGE(!code_of(text, other).empty(), other);
}

bool nothing_ends_in_its_call(bench<32> &b, quiet_manager &mm, std::uint64_t address)
{
    std::deque<tlm::tlm_generic_payload> all;
    std::uint64_t data = 0;
    bool all_later = true;

    for (unsigned i = 0; i < 40; i++) {
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay;
        hand<32>::fill(all.emplace_back(&mm), tlm::TLM_READ_COMMAND, address, &data, 8);
        all.back().acquire();
        all_later &= b.device().socket->nb_transport_fw(all.back(), phase, delay) != tlm::TLM_COMPLETED;
        wait_for(1);
    }
    return all_later;
}

/* Three pages that have their directories in common with nobody: three walks at once, if there are walkers.
 */
std::string walks_as_a_waveform(const char *slots)
{
    const scrap vcd("vcd");
    amdvi::iommu_options options;
    options.config = {{"timing", "on"}, {"timing.walk.slots", slots}, {"timing.walk.merge_line", "off"}};
    options.complete_early = true; /* requests are shown until they end, all the same */
    bench<32> b(options);
    sc_core::sc_trace_file *file =
        sc_core::sc_create_vcd_trace_file(vcd.path.substr(0, vcd.path.size() - 4).c_str());
    quiet_manager mm;
    std::deque<tlm::tlm_generic_payload> all;
    std::uint64_t data = 0;

    b.iommu.trace(file, "iommu");
    b.tables.latency = sc_core::sc_time(150, sc_core::SC_NS);
    b.memory.style = manners::completed_at_once;
    b.device().on_phase = [](auto &, auto &phase, auto &) {
        return phase == tlm::BEGIN_RESP ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
    };
    wait_for(1);
    const std::uint64_t root = b.world.device(0, 1);
    b.world.start();
    for (unsigned i = 0; i < 3; i++) {
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay;
        b.world.map(root, 0x40000000ull * (i + 1), AT_DATA + i * PAGE);
        hand<32>::fill(all.emplace_back(&mm), tlm::TLM_READ_COMMAND, 0x40000000ull * (i + 1), &data, 8);
        all.back().acquire();
        b.device().socket->nb_transport_fw(all.back(), phase, delay);
    }
    wait_for(20);
    sc_core::sc_close_vcd_trace_file(file);
    for (tlm::tlm_generic_payload &p : all)
        CHECK(p.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(nothing_ends_in_its_call(b, mm, 0x40000000));
    return vcd.text();
}

void a_waveform_shows_walkers_at_work()
{
    for (const auto &[slots, most] : {std::pair("16", 3u), std::pair("2", 2u), std::pair("1", 1u)})
        simulated([slots = slots, most = most] {
            const std::string text = walks_as_a_waveform(slots);
            const std::vector<std::uint64_t> walkers = values_of(text, "walkers"),
                                             requests = values_of(text, "requests");
            CHECK_MESSAGE(*std::max_element(walkers.begin(), walkers.end()) == most, text);
            CHECK(walkers.front() == 0 && walkers.back() == 0);
            CHECK(*std::max_element(requests.begin(), requests.end()) == 3 && requests.back() == 0);
        });
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(a_recorded_platform_replays), CASE(so_do_translations_of_non_blocking_transport),
                      CASE(records_carry_the_time_of_the_simulation),
                      CASE(nobody_gets_a_pointer_while_it_is_recorded), CASE(what_cannot_be_written_is_fatal),
                      CASE(what_was_not_written_is_told), CASE(what_has_not_begun_leaves_nothing),
                      CASE(a_waveform_shows_rings_and_messages), CASE(a_waveform_shows_walkers_at_work)});
}
