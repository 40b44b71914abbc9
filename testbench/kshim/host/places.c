// SPDX-License-Identifier: GPL-2.0-only
#include "places.h"

#include <string.h>

enum { KEPT = 1 << 14, SLOTS = 2 * KEPT };

struct stack {
    const struct instance *instance;
    size_t count;
    uint64_t places[INSTANCE_STACK];
};

static struct stack stacks[KEPT];
static size_t stacks_count = 1; /* number 0 is nowhere */
static uint32_t slots[SLOTS];

static uint64_t hash(const struct stack *stack)
{
    uint64_t sum = (uint64_t)(uintptr_t)stack->instance;

    for (size_t each = 0; each < stack->count; each++)
        sum = (sum ^ stack->places[each]) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 32;
}

static bool equal(const struct stack *one, const struct stack *other)
{
    return one->instance == other->instance && one->count == other->count &&
           !memcmp(one->places, other->places, one->count * sizeof(one->places[0]));
}

uint64_t places_now(const struct instance *instance)
{
    struct stack stack = {.instance = instance};
    uint64_t slot;

    stack.count = instance_stack(instance, stack.places);
    if (!stack.count)
        return 0;
    for (slot = hash(&stack) % SLOTS; slots[slot]; slot = (slot + 1) % SLOTS)
        if (equal(&stacks[slots[slot]], &stack))
            return slots[slot];
    if (stacks_count == KEPT)
        return 0;
    stacks[stacks_count] = stack;
    slots[slot] = (uint32_t)stacks_count;
    return stacks_count++;
}

bool places_text(uint64_t place, unsigned depth, char *text, size_t size)
{
    const struct stack *stack;
    size_t used = 0;

    if (!place || place >= stacks_count)
        return false;
    stack = &stacks[place];
    for (size_t each = 0; each < stack->count && each < depth && used + 2 < size; each++) {
        char one[200];

        instance_place_text(stack->instance, stack->places[each], one, sizeof(one));
        used += (size_t)snprintf(text + used, size - used, each ? " < %s" : "%s", one);
        if (used >= size)
            used = size - 1;
    }
    return true;
}
