// SPDX-License-Identifier: GPL-2.0-only
#include "guest_cost.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "testbench/platform/ram.h"

enum { COMMAND_BYTES = 16 };

static bool reaches(const struct guest_cost *cost, uint64_t gpa)
{
    return gpa < cost->bytes && cost->bytes - gpa >= sizeof(uint64_t);
}

static uint64_t word(const struct guest_cost *cost, uint64_t gpa)
{
    return reaches(cost, gpa) ? ram_get(cost->ram, cost->spa + (gpa & ~UINT64_C(7))) : 0;
}

static void look_for_store(struct guest_cost *cost)
{
    uint64_t latency = cost->ran - cost->since;

    if (!cost->waiting || word(cost, cost->waiting) != cost->wanted)
        return;
    cost->waiting = 0;
    cost->flushing = false;
    cost->flushes++;
    cost->taken += latency;
    if (latency > cost->longest)
        cost->longest = latency;
}

static void taken(void *context, const struct amdvi_command_info *info)
{
    struct guest_cost *cost = context;

    (void)info;
    cost->ran++;
    look_for_store(cost);
}

void guest_cost_start(struct guest_cost *cost, struct amdvi_device *iommu, struct ram *ram, uint64_t spa,
                      uint64_t bytes)
{
    struct amdvi_observer observer = {.context = cost, .command = taken};

    *cost = (struct guest_cost){.ram = ram, .spa = spa, .bytes = bytes};
    amdvi_observer_attach(iommu, &observer, &cost->observation);
}

static void read_command(struct guest_cost *cost, uint64_t gpa)
{
    const uint64_t words[2] = {word(cost, gpa), word(cost, gpa + 8)};

    cost->commands++;
    if (cmd_opcode(words) != CMD_COMPLETION_WAIT || !cmd_completion_wait_s(words))
        return;
    cost->waiting = cmd_completion_wait_address(words);
    cost->wanted = cmd_completion_wait_data(words);
}

static void read_ring(struct guest_cost *cost, uint64_t tail)
{
    uint64_t bytes = (uint64_t)COMMAND_BYTES << reg_cmd_base_len(cost->base);

    for (tail %= bytes; cost->tail != tail; cost->tail = (cost->tail + COMMAND_BYTES) % bytes)
        read_command(cost, reg_cmd_base_base(cost->base) + cost->tail);
}

void guest_cost_before(struct guest_cost *cost, uint64_t offset, uint64_t value)
{
    if (offset == REG_CMD_BASE_OFFSET) {
        cost->base = value;
        cost->tail = 0;
    }
    if (offset != REG_CMD_TAIL_OFFSET || cost->tail == value)
        return;
    if (!cost->flushing)
        cost->since = cost->ran;
    cost->flushing = true;
    read_ring(cost, value - value % COMMAND_BYTES);
}

void guest_cost_after(struct guest_cost *cost)
{
    look_for_store(cost);
}

void guest_cost_end(struct guest_cost *cost)
{
    amdvi_observer_detach(cost->observation);
    cost->observation = NULL;
}
