// SPDX-License-Identifier: Apache-2.0
/*
 * Approximately timed through the module against the C library's timed executor: the same requests at the
 * same times, a memory of the same constant latency; every completion must come at the same picosecond with
 * the same result. And the results must be those of the direct executor.
 *     systemc-timed [--requests N] [--seed N] [--gap PS] [--checkers off] [--early on]
 * With --early the module completes early what it can, and the target of `out` ends requests in their calls.
 */
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "testbench/systemc/bench.h"
#include "testbench/systemc/wishes.h"
#include "testbench/systemc/workload.h"

using namespace testbench;

namespace
{

/* How a request ended by each of the three. */
struct ending {
    std::uint64_t done_c = 0, done_tlm = 0; /* ps */
    amdvi_result direct{}, c{}, tlm{};
};

struct initiator : sc_core::sc_module, tlm::tlm_mm_interface {
    struct item {
        explicit item(tlm::tlm_mm_interface *mm) : p(mm)
        {
            p.set_extension(&who);
        }
        ~item()
        {
            p.clear_extension(&who);
        }
        tlm::tlm_generic_payload p;
        amdvi::dma_extension who;
        unsigned char data[8] = {};
        ending *what = nullptr;
    };
    bench<64> &machine;
    const std::vector<job> &jobs;
    std::vector<ending> &endings;
    std::vector<std::unique_ptr<item>> all;
    std::vector<item *> free_items;
    std::unordered_map<tlm::tlm_generic_payload *, item *> items;
    std::uint64_t ended = 0, early = 0;

    initiator(sc_core::sc_module_name name, bench<64> &b, const std::vector<job> &j, std::vector<ending> &e)
        : sc_core::sc_module(name), machine(b), jobs(j), endings(e)
    {
        SC_HAS_PROCESS(initiator);
        SC_THREAD(run);
    }
    void free(tlm::tlm_generic_payload *p) override
    {
        free_items.push_back(items[p]);
    }
    item &fresh()
    {
        if (free_items.empty()) {
            all.push_back(std::make_unique<item>(this));
            items[&all.back()->p] = all.back().get();
            free_items.push_back(all.back().get());
        }
        item *i = free_items.back();
        free_items.pop_back();
        return *i;
    }
    void send(const job &j, ending &e)
    {
        item &i = fresh();
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay;

        i.what = &e;
        i.who.device_id = j.request.device;
        hand<64>::fill(i.p, j.request.op == AMDVI_READ ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND,
                       j.request.address, i.data, 8);
        i.p.acquire();
        if (machine.device(j.port).socket->nb_transport_fw(i.p, phase, delay) != tlm::TLM_COMPLETED)
            return;
        early++;
        end(i, delay);
    }
    void end(item &i, const sc_core::sc_time &delay)
    {
        i.what->done_tlm =
            (sc_core::sc_time_stamp() + delay).value() / sc_core::sc_time(1, sc_core::SC_PS).value();
        i.what->tlm = i.who.result;
        ended++;
        i.p.release();
    }
    tlm::tlm_sync_enum response(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                const sc_core::sc_time &delay)
    {
        if (phase != tlm::BEGIN_RESP)
            return tlm::TLM_ACCEPTED;
        end(*items[&p], delay);
        return tlm::TLM_COMPLETED;
    }
    void run()
    {
        wait(sc_core::sc_time(1, sc_core::SC_PS));
        for (std::size_t i = 0; i < jobs.size(); i++) {
            wait(sc_core::sc_time::from_value(jobs[i].when * sc_core::sc_time(1, sc_core::SC_PS).value()) -
                 sc_core::sc_time_stamp());
            send(jobs[i], endings[i]);
        }
    }
};

bool same(const amdvi_result &a, const amdvi_result &b)
{
    if (a.ok != b.ok)
        return false;
    return a.ok ? a.pa == b.pa && a.perm == b.perm && a.covered == b.covered
                : a.fault.reason == b.fault.reason && a.fault.address == b.fault.address;
}

int compare(const std::vector<job> &jobs, const std::vector<ending> &endings)
{
    std::uint64_t times = 0, results = 0, direct = 0, faults = 0;

    for (std::size_t i = 0; i < jobs.size(); i++) {
        const ending &j = endings[i];
        faults += !j.c.ok;
        results += !same(j.c, j.tlm);
        direct += !same(j.direct, j.tlm);
        if (j.done_c != j.done_tlm && times++ < 5)
            std::printf("request %zu of port %u at %llu: C ends at %llu, TLM at %llu\n", i, jobs[i].port,
                        (unsigned long long)jobs[i].when, (unsigned long long)j.done_c,
                        (unsigned long long)j.done_tlm);
    }
    std::printf("%zu requests, %llu faults: %llu times differ, %llu results differ from the timed "
                "executor's, %llu from "
                "the direct one's\n",
                jobs.size(), (unsigned long long)faults, (unsigned long long)times,
                (unsigned long long)results, (unsigned long long)direct);
    return times + results + direct == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int sc_main(int argc, char **argv)
{
    std::uint64_t count = 20000, seed = 1, gap = 70000;
    bool checked = true, early = false;
    amdvi::iommu_options options;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> writes;

    if (!take_wishes(argc, argv,
                     {{"--requests", &count, nullptr, 1, MOST_REQUESTS},
                      {"--seed", &seed, nullptr},
                      {"--gap", &gap, nullptr, 1, MOST_GAP},
                      {"--checkers", nullptr, &checked},
                      {"--early", nullptr, &early}}))
        return EXIT_FAILURE;
    std::printf("seed %llu\n", (unsigned long long)seed);
    options.ports = PORTS;
    options.most_under_way = 65536;
    options.complete_early = early;
    options.config = {{"timing", "on"}, {"timing.memory.write", "150ns"}};
    const std::vector<job> jobs = draw(seed, count, gap);
    std::vector<ending> endings(jobs.size());
    bench<64> machine(options, "", checked);
    initiator devices("devices", machine, jobs, endings);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    build(machine.world, seed);
    if (early)
        machine.memory.style = manners::completed_at_once;
    machine.tables.latency = sc_core::sc_time(150, sc_core::SC_NS);
    plain timed(machine.tables.bytes), direct(machine.tables.bytes);
    world again(machine.tables, [&](std::uint64_t offset, std::uint64_t value) {
        writes.push_back({offset, value});
        machine.cpu.write(offset, value);
    });
    again.start({{"HADUpdate", 3}});
    replay_registers(timed.device, writes);
    replay_registers(direct.device, writes);
    for (unsigned i = 0; i < PORTS; i++)
        machine.device(i).on_phase = [&](auto &p, auto &phase, auto &delay) {
            return devices.response(p, phase, delay);
        };
    for (std::size_t i = 0; i < jobs.size(); i++)
        amdvi_translate(direct.device, &jobs[i].request, &endings[i].direct);
    const double c = run_c(timed, jobs, [&](std::uint64_t number, const amdvi_timed_completion &completion) {
        endings[number].done_c = completion.done;
        endings[number].c = *completion.what->result;
    });
    const std::clock_t begin = std::clock();
    sc_core::sc_start();
    const double tlm = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    machine.at_rest();
    std::printf("processor time: C %.3f s, TLM %.3f s; %llu transactions checked, %llu violations\n%s", c,
                tlm, (unsigned long long)machine.transactions(), (unsigned long long)machine.broken(),
                machine.findings().c_str());
    if (early)
        std::printf("%llu requests have ended in their call\n", (unsigned long long)devices.early);
    const int result = compare(jobs, endings);
    if (early && devices.early < count / 2)
        return EXIT_FAILURE;
    return devices.ended == count && machine.broken() == 0 ? result : EXIT_FAILURE;
}
