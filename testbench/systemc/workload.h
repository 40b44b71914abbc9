// SPDX-License-Identifier: Apache-2.0
/*
 * The same requests for the module and for the C library's timed executor: drawn at random, at given times,
 * over tables of four devices.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_WORKLOAD_H
#define AMDVI_TESTBENCH_SYSTEMC_WORKLOAD_H

#include <cstdint>
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
    std::uint64_t done_c = 0, done_tlm = 0;
    std::uint32_t reads = 0; /* of memory, made for it in the C library */
    amdvi_result direct{}, c{}, tlm{};
};

/* `gap`: mean picoseconds between two. */
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

/* All of them through a timed executor with the built-in memory of 150 ns: `done_c` and `c`. Gives the
 * processor time in seconds. */
double run_c(plain &machine, std::vector<job> &jobs);

} // namespace testbench

#endif
