// SPDX-License-Identifier: Apache-2.0
/*
 * How fast the module is under time: the same requests through the C library's timed executor, through the
 * module, and through a hop that does nothing but the same transactions. What surrounds both is lean.h.
 *     systemc-timed-speed [--requests N] [--seed N] [--gap PS] [--early on]
 * With --early the module completes early what it can.
 */
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "testbench/systemc/bench.h"
#include "testbench/systemc/hop.h"
#include "testbench/systemc/wishes.h"

using namespace testbench;

namespace
{

amdvi::iommu_options options(bool early)
{
    amdvi::iommu_options o;

    o.complete_early = early;
    o.ports = PORTS;
    o.most_under_way = 65536;
    o.config = {{"timing", "on"}, {"timing.memory.write", "150ns"}};
    return o;
}

/* Tables and registers as they are when the devices begin. */
struct prepared {
    std::vector<unsigned char> bytes = std::vector<unsigned char>(16 << 20);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> writes;
    testbench::world world;

    explicit prepared(std::uint64_t seed)
        : world(bytes, [this](std::uint64_t offset, std::uint64_t value) {
              writes.push_back({offset, value});
          })
    {
        build(world, seed);
        world.start({{"HADUpdate", 3}});
    }
};

using outcomes = std::vector<lean::outcome>;

outcomes ask_c(plain &machine, const std::vector<job> &jobs, double &takes)
{
    outcomes all(jobs.size());

    takes = run_c(machine, jobs, [&all](std::uint64_t number, const amdvi_timed_completion &c) {
        const amdvi_result &result = *c.what->result;
        all[number] = {c.done, result.ok ? result.pa : 0, c.reads, result.ok};
    });
    return all;
}

std::uint64_t different(const outcomes &a, const outcomes &b)
{
    std::uint64_t count = 0;

    for (std::size_t i = 0; i < a.size(); i++)
        count += a[i].done != b[i].done || a[i].ok != b[i].ok || a[i].pa != b[i].pa;
    return count;
}

/* Processor time of the next stretch of the simulation. */
double simulate(const sc_core::sc_time &stretch)
{
    const std::clock_t begin = std::clock();

    sc_core::sc_start(stretch);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

/* An initiator, a module of type M in the middle, memory. */
template <typename M> struct platform {
    lean::initiator devices;
    M middle;
    lean::memory tables;
    lean::sink data;

    template <typename ARGUMENT>
    platform(const std::string &name, const std::vector<job> &jobs, std::uint64_t begin_ps,
             const std::vector<unsigned char> &bytes, const ARGUMENT &argument)
        : devices((name + "_devices").c_str(), jobs, begin_ps), middle(name.c_str(), argument),
          tables((name + "_tables").c_str(), bytes, 150000), data((name + "_data").c_str())
    {
        for (unsigned i = 0; i < PORTS; i++)
            devices.sockets[i].bind(middle.in[i]);
        middle.out.bind(data.socket);
        middle.mem.bind(tables.socket);
    }
};

int report(const outcomes &expected, const lean::initiator &module, std::uint64_t hops, double c,
           double module_takes, double hop_takes)
{
    const double count = static_cast<double>(expected.size()) / 1e9; /* ns each */
    const std::uint64_t differ = different(expected, module.outcomes);

    std::printf("C library %.0f ns a request, module %.0f ns, hop without a module %.0f ns\n", c / count,
                module_takes / count, hop_takes / count);
    std::printf("module at %.2f of the C library's speed; a module that took no time, beside the C library: "
                "%.2f\n",
                c / module_takes, c / (c + hop_takes));
    std::printf("%llu requests, %llu differ\n", (unsigned long long)module.ended, (unsigned long long)differ);
    return differ == 0 && module.ended == expected.size() && hops == expected.size() ? EXIT_SUCCESS
                                                                                     : EXIT_FAILURE;
}

} // namespace

int sc_main(int argc, char **argv)
{
    std::uint64_t requests = 20000, seed = 1, gap = 70000;
    bool early = false;

    if (!take_wishes(argc, argv,
                     {{"--requests", &requests, nullptr, 1, MOST_REQUESTS},
                      {"--seed", &seed, nullptr},
                      {"--gap", &gap, nullptr, 1, MOST_GAP},
                      {"--early", nullptr, &early}}))
        return EXIT_FAILURE;
    const std::vector<job> jobs = draw(seed, requests, gap);
    const prepared machine(seed);
    plain library(machine.bytes);
    const std::uint64_t stretch = jobs.back().when + 1000000000; /* 1 ms behind the last */

    replay_registers(library.device, machine.writes);
    double c = 0;
    const outcomes expected = ask_c(library, jobs, c);
    platform<amdvi::basic_iommu<64>> module("module", jobs, 0, machine.bytes, options(early));
    platform<lean::hop> bare("bare", jobs, stretch, machine.bytes, lean::hop::part{expected, stretch});
    hand<64> cpu("cpu");
    cpu.socket.bind(module.middle.regs);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (const auto &[offset, value] : machine.writes)
        cpu.write(offset, value);
    const double module_takes = simulate(lean::picoseconds(stretch - 1));
    const double hop_takes = simulate(lean::picoseconds(stretch));
    return report(expected, module.devices, bare.devices.ended, c, module_takes, hop_takes);
}
