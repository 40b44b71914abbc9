// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"

struct lint_moment lint_order_change(struct lint_order *order)
{
    order->now.time++;
    order->now.operation += order->moved;
    order->moved = false;
    return order->now;
}

void lint_order_doorbell(struct amdvi_lint *lint, uint32_t first, uint32_t end, uint32_t slots)
{
    struct lint_order *order = &lint->order;

    order->now.time++;
    order->moved |= first != end;
    for (uint32_t i = first; i != end; i = (i + 1) % slots)
        order->slots[i] = (struct lint_slot){.given = order->now, .at = lint->now};
}

void lint_order_wait(struct lint_order *order, uint64_t time)
{
    order->waits[order->wait_count++ % LINT_WAITS] = time;
}

unsigned lint_order_waits(const struct lint_order *order, uint64_t time)
{
    uint64_t known = order->wait_count < LINT_WAITS ? order->wait_count : LINT_WAITS;
    unsigned count = 0;

    while (count < known && order->waits[(order->wait_count - 1 - count) % LINT_WAITS] > time)
        count++;
    return count;
}
