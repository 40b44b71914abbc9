// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios.h"

void expect_reaches(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                    const char *when)
{
    uint64_t pattern = world_random(world), back = 0;
    struct ram *ram = machine_ram(world->machine);
    enum dma_outcome outcome = dma_write(device, iova, &pattern, sizeof(pattern));

    EXPECT(world, outcome == DMA_DONE, "%s: a write to %#" PRIx64 " gives outcome %d", when, iova, outcome);
    if (outcome != DMA_DONE)
        return;
    EXPECT(world, ram_get(ram, pa) == pattern, "%s: a write to %#" PRIx64 " did not arrive at %#" PRIx64,
           when, iova, pa);
    outcome = dma_read(device, iova, &back, sizeof(back));
    EXPECT(world, outcome == DMA_DONE && back == pattern,
           "%s: a read of %#" PRIx64 " gives outcome %d, %#" PRIx64, when, iova, outcome, back);
}

void expect_refused(struct world *world, struct dma_device *device, uint64_t iova, const char *when)
{
    uint64_t pattern = 0;
    enum dma_outcome outcome = dma_write(device, iova, &pattern, sizeof(pattern));

    EXPECT(world, outcome == DMA_FAULT, "%s: a write to %#" PRIx64 " gives outcome %d, a fault was expected",
           when, iova, outcome);
}

size_t log_mark(struct world *world)
{
    return instance_log_lines(world->kernel);
}

bool logged_since(struct world *world, size_t mark, const char *text)
{
    return instance_log_find(world->kernel, text, &mark) != NULL;
}
