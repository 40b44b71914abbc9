// SPDX-License-Identifier: Apache-2.0
/* Random traffic of several devices through two modules of different width, interleaved, while software
 * invalidates. */
#include "testbench/systemc/traffic.h"

#include "testbench/systemc/bench.h"
#include "testbench/systemc/wishes.h"

#include <cstdio>
#include <cstdlib>

using namespace testbench;

namespace
{

/* Software that invalidates what it likes, now and then; with `quiet` it only waits. */
template <unsigned BUSWIDTH> struct disturber : sc_core::sc_module {
    bench<BUSWIDTH> &machine;
    std::mt19937_64 random;
    std::uint64_t commands = 0;
    std::function<bool()> over;

    disturber(sc_core::sc_module_name name, bench<BUSWIDTH> &b, std::uint64_t seed)
        : sc_core::sc_module(name), machine(b), random(seed)
    {
        SC_HAS_PROCESS(disturber);
        SC_THREAD(run);
    }
    void give()
    {
        const std::uint64_t page = traffic::BASE + random() % traffic::PAGES * 4096;

        switch (random() % 4) {
        case 0:
            machine.world.invalidate_device(static_cast<std::uint16_t>(random() % 2));
            break;
        case 1:
            machine.world.command("cmd_inv_all", {});
            break;
        default:
            machine.world.invalidate_page(static_cast<std::uint16_t>(1 + random() % 2), page);
            break;
        }
    }
    void run()
    {
        wait(sc_core::sc_time(1, sc_core::SC_NS));
        while (!over()) {
            wait(sc_core::sc_time(static_cast<double>(500 + random() % 5000), sc_core::SC_NS));
            give();
            const std::uint64_t value = machine.world.wait();
            for (unsigned i = 0; i < 1000 && !machine.world.stored(value); i++)
                wait(sc_core::sc_time(100, sc_core::SC_NS));
            commands += machine.world.stored(value);
            if (!machine.world.stored(value))
                SC_REPORT_FATAL("campaign", "COMPLETION_WAIT does not complete");
        }
    }
};

template <unsigned BUSWIDTH> struct side {
    bench<BUSWIDTH> machine;
    std::vector<std::unique_ptr<traffic>> devices;
    disturber<BUSWIDTH> software;

    static amdvi::iommu_options options(std::uint64_t seed, bool timing, bool early)
    {
        amdvi::iommu_options o;
        o.ports = 2;
        o.most_under_way = seed % 2 ? 4 : 64;
        o.complete_early = early;
        if (timing)
            o.config = {{"timing", "on"}, {"timing.memory.credits", "3"}};
        return o;
    }
    side(const std::string &prefix, std::uint64_t seed, std::uint64_t wanted, unsigned blocking, bool timing,
         bool early)
        : machine(options(seed, timing, early), prefix),
          software((prefix + "software").c_str(), machine, seed * 77 + 5)
    {
        machine.tables.style = manners::any;
        machine.memory.style = early ? manners::completed_at_once : manners::any;
        machine.memory.random.seed(seed);
        machine.tables.random.seed(seed + 1);
        machine.memory.latency = machine.tables.latency = sc_core::sc_time(20, sc_core::SC_NS);
        machine.memory.jitter = machine.tables.jitter = sc_core::sc_time(60, sc_core::SC_NS);
        for (unsigned i = 0; i < 2; i++) {
            devices.push_back(std::make_unique<traffic>((prefix + "traffic" + std::to_string(i)).c_str(),
                                                        seed * 1000 + i, static_cast<std::uint16_t>(i),
                                                        machine.memory));
            devices[i]->wanted = wanted / 2;
            devices[i]->blocking = blocking;
            machine.device(i).on_phase = [this, i](auto &p, auto &phase, auto &delay) {
                return devices[i]->nb_transport_bw(p, phase, delay);
            };
        }
        software.over = [this] { return over(); };
    }
    void start()
    {
        for (unsigned i = 0; i < 2; i++) {
            devices[i]->map(
                machine.world,
                machine.world.device(static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i + 1)),
                AT_DATA + i * 0x100000);
            devices[i]->connect(machine.device(i).socket.operator->());
        }
        machine.world.start();
    }
    bool over() const
    {
        return devices[0]->ended == devices[0]->wanted && devices[1]->ended == devices[1]->wanted;
    }
};

template <unsigned BUSWIDTH> bool report(side<BUSWIDTH> &s)
{
    std::uint64_t made = 0, ended = 0, refused = 0, wrong = 0;

    s.machine.at_rest();
    for (auto &d : s.devices) {
        made += d->made;
        ended += d->ended;
        refused += d->refused;
        wrong += d->wrong;
        if (d->wrong)
            std::printf("%s\n", d->first_wrong.c_str());
    }
    std::printf(
        "BUSWIDTH %u: %llu transactions (%llu refused), %llu wrong; %llu commands; checkers: %d rules, %llu "
        "transactions on all sockets, %llu violations\n%s",
        BUSWIDTH, (unsigned long long)ended, (unsigned long long)refused, (unsigned long long)wrong,
        (unsigned long long)s.software.commands, static_cast<int>(rule::count_of_rules),
        (unsigned long long)s.machine.transactions(), (unsigned long long)s.machine.broken(),
        s.machine.findings().c_str());
    return made == ended && wrong == 0 && s.machine.broken() == 0 && s.over();
}

} // namespace

/* campaign [--transactions N] [--seed N] [--blocking PERCENT] [--timing on] [--early on]; early: under time,
 * with a target of `out` that ends requests in their calls */
int sc_main(int argc, char **argv)
{
    std::uint64_t wanted = 20000, seed = 1, blocking = 30;
    bool timing = false, early = false;

    if (!take_wishes(argc, argv,
                     {{"--transactions", &wanted, nullptr, 4, 1000000000},
                      {"--seed", &seed, nullptr},
                      {"--blocking", &blocking, nullptr, 0, 100},
                      {"--timing", nullptr, &timing},
                      {"--early", nullptr, &early}}))
        return EXIT_FAILURE;
    timing |= early;
    std::printf("seed %llu\n", (unsigned long long)seed);
    side<32> a("a_", seed, wanted / 2, static_cast<unsigned>(blocking), timing, early);
    side<64> b("b_", seed + 100, wanted / 2, static_cast<unsigned>(blocking), timing, early);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    a.start();
    b.start();
    sc_core::sc_start();
    const bool good_a = report(a), good_b = report(b);
    return good_a && good_b ? EXIT_SUCCESS : EXIT_FAILURE;
}
