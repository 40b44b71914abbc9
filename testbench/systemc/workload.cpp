// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/workload.h"

#include <random>

namespace testbench
{

namespace
{
enum : unsigned { PAGES = 2048 };
enum : std::uint64_t { BASE = 0x40000000, PAGE_SIZE = 4096 };
} // namespace

std::vector<job> draw(std::uint64_t seed, std::uint64_t count, std::uint64_t gap)
{
    std::mt19937_64 random(seed);
    std::vector<job> jobs(count);
    std::uint64_t now = 1000;

    for (job &j : jobs) {
        now += 1 + random() % (2 * gap);
        j.when = now;
        j.port = static_cast<unsigned>(random() % PORTS);
        j.request = amdvi_request{};
        j.request.device = static_cast<std::uint16_t>(j.port);
        j.request.op = random() % 3 ? AMDVI_READ : AMDVI_WRITE;
        /* Mostly near each other, with some far away. */
        j.request.address =
            BASE + (random() % 4 ? random() % 64 : random() % (PAGES + 8)) * PAGE_SIZE + random() % 500 * 8;
        j.request.length = 8;
    }
    return jobs;
}

void build(world &world, std::uint64_t seed)
{
    std::mt19937_64 random(seed + 1);

    for (unsigned d = 0; d < PORTS; d++) {
        const std::uint64_t root =
            world.device(static_cast<std::uint16_t>(d), static_cast<std::uint16_t>(d + 1));
        for (unsigned i = 0; i < PAGES; i++)
            if (random() % 20)
                world.map(root, BASE + i * PAGE_SIZE, AT_DATA + (i * 37 + d) % 1024 * PAGE_SIZE,
                          random() % 10 ? 3u : unsigned(MAY_READ));
    }
    world.set_device(3, {{"HAD", 3}});
}

/* ---------------------------------------------------------------- the C library */

plain::plain(const std::vector<unsigned char> &memory) : bytes(memory)
{
    amdvi_memory port{};

    port.direct = bytes.data();
    port.direct_size = bytes.size();
    amdvi_config_create(&config);
    amdvi_create(config, &port, nullptr, nullptr, &device);
}

plain::~plain()
{
    amdvi_destroy(device);
    amdvi_config_destroy(config);
}

void replay_registers(amdvi_device *device,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>> &writes)
{
    for (const auto &[offset, value] : writes)
        amdvi_mmio_write(device, offset, 8, value);
    amdvi_run(device);
}

} // namespace testbench
