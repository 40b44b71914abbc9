// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

/* The library of SystemC wants one; what runs here are the cases. */
int sc_main(int, char **)
{
    return EXIT_FAILURE;
}

namespace testbench
{

static unsigned failures;

void failed(const char *file, int line, const std::string &what)
{
    failures++;
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what.c_str());
}

static void run_here(const std::function<void()> &run)
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
    try {
        run();
    } catch (const std::exception &e) {
        failed("an exception", 0, e.what());
    }
    std::fflush(nullptr);
    std::_Exit(failures ? EXIT_FAILURE : EXIT_SUCCESS);
}

static bool succeeds(const std::function<void()> &run)
{
    int status = 0;

    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        failures = 0;
        run_here(run);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void simulated(const std::function<void()> &run)
{
    if (!succeeds(run))
        failed("a simulation", 0, "it ends well");
}

int run_cases(int argc, char **argv, std::initializer_list<test_case> cases)
{
    unsigned ran = 0, bad = 0;

    for (const test_case &c : cases) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; i++)
            wanted |= std::strcmp(argv[i], c.name) == 0;
        if (!wanted)
            continue;
        ran++;
        if (!succeeds(c.run)) {
            bad++;
            std::printf("FAILED: %s\n", c.name);
        }
    }
    std::printf("%u cases, %u failed\n", ran, bad);
    return ran > 0 && bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace testbench
