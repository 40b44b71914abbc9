// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scenario in a SystemC simulation: it begins outside, where it builds its machine, and goes on inside of a
 * thread of the simulation with the first access to a module. For that it has a stack of its own, to which
 * both switch.
 */
#include <cstdio>
#include <cstring>
#include <string>

#include "host/surroundings.h"
#include "systemc/bridge.h"

extern "C" {
#include "host/coroutine.h"
}

/* SystemC's library has a main() that wants one; this program has its own. */
int sc_main(int, char **)
{
    return 1;
}

namespace
{

struct software {
    int (*run)(void *argument);
    void *argument;
    int result;
    bool inside, done;
    coroutine_set stacks;
    coroutine *scenario;
} software;

/* The processor: the scenario's code from the first access on. */
class processor : public sc_core::sc_module
{
  public:
    explicit processor(sc_core::sc_module_name name) : sc_core::sc_module(name)
    {
        SC_HAS_PROCESS(processor);
        SC_THREAD(run);
    }

  private:
    void run()
    {
        software.inside = true;
        coroutine_switch(&software.stacks, software.scenario);
        sc_core::sc_stop();
    }
};

void scenario(void *)
{
    software.result = software.run(software.argument);
    software.done = true;
    coroutine_switch(&software.stacks, nullptr);
}

std::string wrong;

void print_sockets(const kshim::bridge &bridge)
{
    std::printf("  %s:", bridge.name());
    for (const auto &checker : bridge.checkers)
        std::printf(" %s %llu", checker->basename(),
                    static_cast<unsigned long long>(checker->rules.transactions()));
    std::printf(" transactions\n");
}

void judge(const kshim::bridge &bridge)
{
    for (const auto &checker : bridge.checkers) {
        checker->rules.at_rest();
        for (const std::string &finding : checker->rules.findings())
            if (wrong.empty())
                wrong = finding;
    }
    if (bridge.messages_missed > 0 && wrong.empty())
        wrong = "an interrupt of the IOMMU did not leave on its socket";
}

} // namespace

void kshim::start_simulation()
{
    if (!software.inside)
        coroutine_switch(&software.stacks, nullptr);
}

int surroundings_run(int (*run)(void *argument), void *argument)
{
    software = {run, argument, 1, false, false, {nullptr, nullptr}, coroutine_new(scenario, nullptr)};
    if (!software.scenario)
        return 1;
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    coroutine_switch(&software.stacks, software.scenario);
    if (software.done)
        return software.result; /* without a machine */
    processor cpu("processor");
    sc_core::sc_start();
    return software.result;
}

const machine_way *surroundings_way(bool timed)
{
    return timed ? &kshim::way_systemc_timed : &kshim::way_systemc;
}

/* The hypervisor drives the C library by calls, past any socket; a module's work cannot be held; and figures
 * of time are the C library's. */
bool surroundings_take(const char *scenario)
{
    return std::strncmp(scenario, "guest/", 6) != 0 && std::strncmp(scenario, "time/", 5) != 0 &&
           std::strcmp(scenario, "faults/wait-withheld") != 0 &&
           std::strcmp(scenario, "nested/flaw-wait") != 0;
}

const char *surroundings_finish()
{
    wrong.clear();
    if (software.inside) /* what is on its way comes to its end */
        sc_core::wait(sc_core::sc_time(100, sc_core::SC_US));
    for (const auto &bridge : kshim::bridges()) {
        print_sockets(*bridge);
        judge(*bridge);
    }
    if (software.inside)
        std::printf("  simulated time %s\n", sc_core::sc_time_stamp().to_string().c_str());
    return wrong.empty() ? nullptr : wrong.c_str();
}
