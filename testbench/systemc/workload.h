// SPDX-License-Identifier: Apache-2.0
/*
 * The same requests for the module and for the C library's timed executor: drawn at random, at given times,
 * over tables of four devices.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_WORKLOAD_H
#define AMDVI_TESTBENCH_SYSTEMC_WORKLOAD_H

#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include <amdvi/timed.h>

#include "testbench/systemc/world.h"

namespace testbench
{

enum : unsigned { PORTS = 4 };

struct job {
    std::uint64_t when; /* ps */
    unsigned port;      /* also the DeviceID */
    amdvi_request request;
};

/* What draw() is asked for at most: times stay far below the end of a clock of 64 bits. */
enum : std::uint64_t { MOST_REQUESTS = 100000000, MOST_GAP = 1000000000 };

/* At least one, no more than the above; `gap`: mean picoseconds between two. */
std::vector<job> draw(std::uint64_t seed, std::uint64_t count, std::uint64_t gap);

/* Pages of four devices; some read-only, one device whose bits are updated. */
void build(world &world, std::uint64_t seed);

/* A device of the C library over a copy of a memory. */
struct plain {
    std::vector<unsigned char> bytes;
    amdvi_config *config = nullptr;
    amdvi_device *device = nullptr;

    explicit plain(const std::vector<unsigned char> &memory);
    ~plain();
    plain(const plain &) = delete;
    plain &operator=(const plain &) = delete;
};

void replay_registers(amdvi_device *device,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>> &writes);

/* All of them through a timed executor with the built-in memory of 150 ns: `keep` is called with the number
 * of a job and its completion. Gives the processor time in seconds. */
template <typename KEEP> double run_c(plain &machine, const std::vector<job> &jobs, KEEP keep)
{
    amdvi_timed_parameters parameters;
    amdvi_timed_host host{};
    amdvi_timed *timed = nullptr;
    const std::clock_t begin = std::clock();

    amdvi_timed_preset_parameters(&parameters, nullptr);
    amdvi_timed_set(&parameters, "memory.write", "150ns");
    host.context = &keep;
    host.complete = [](void *context, const amdvi_timed_completion *c) {
        (*static_cast<KEEP *>(context))(c->what->tag, *c);
    };
    amdvi_timed_create(machine.device, &parameters, &host, nullptr, &timed);
    for (std::size_t i = 0; i < jobs.size(); i++) {
        amdvi_timed_run(timed, jobs[i].when);
        amdvi_timed_request(timed, jobs[i].when, jobs[i].port, &jobs[i].request, i);
    }
    amdvi_timed_run(timed, AMDVI_TIMED_NEVER);
    amdvi_timed_destroy(timed);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

} // namespace testbench

#endif
