// SPDX-License-Identifier: Apache-2.0
/* Test cases, each in a process of its own: a process has one simulation. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_CASES_H
#define AMDVI_TESTBENCH_SYSTEMC_CASES_H

#include <functional>
#include <initializer_list>
#include <string>

#include "testbench/systemc/bench.h"

namespace testbench
{

struct test_case {
    const char *name;
    void (*run)();
};

/* Runs all of them, or those named; prints one line a failure and a sum. */
int run_cases(int argc, char **argv, std::initializer_list<test_case> cases);
/* Notes a failure of the case; the case goes on. */
void failed(const char *file, int line, const std::string &what);
/* Inside a case: one more process. Its failures are this case's. */
void simulated(const std::function<void()> &run);

} // namespace testbench

#define CASE(name)                                                                                           \
    testbench::test_case                                                                                     \
    {                                                                                                        \
#name, name                                                                                          \
    }
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            testbench::failed(__FILE__, __LINE__, #condition);                                               \
    } while (0)
#define CHECK_MESSAGE(condition, message)                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            testbench::failed(__FILE__, __LINE__, std::string(#condition) + "\n" + (message));               \
    } while (0)

#endif
