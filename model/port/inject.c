// SPDX-License-Identifier: Apache-2.0
#include "model/port/inject.h"

#include "model/device.h"

/* ---------------------------------------------------------------- matching */

/* An operation as rules see it. */
struct operation {
    uint8_t what, cache;
    bool write;
    enum amdvi_access access;
    uint16_t device;
    uint64_t first, last;
};

static bool matches(const struct amdvi_inject_rule *rule, const struct operation *o)
{
    if (rule->what != o->what || (rule->by_device && rule->device != o->device) ||
        (rule->by_address && (o->last < rule->first || o->first > rule->last)))
        return false;
    if (o->what == AMDVI_INJECT_MEMORY)
        return (o->write ? rule->writes : rule->reads) && rule->classes >> o->access & 1;
    return o->what != AMDVI_INJECT_CACHE || rule->cache == o->cache;
}

static bool is_due(const struct amdvi_inject_rule *rule, uint64_t matched)
{
    if (rule->nth)
        return matched == rule->nth;
    return rule->every < 2 || matched % rule->every == 0;
}

/* The rule that acts, or null. All rules count. */
static const struct amdvi_inject_rule *find(struct amdvi_device *device, const struct operation *o)
{
    struct inject *inject = &device->inject;
    const struct amdvi_inject_rule *found = NULL;

    for (unsigned i = 0; i < inject->count; i++) {
        const struct amdvi_inject_rule *rule = &inject->rules[i];

        if (!matches(rule, o))
            continue;
        inject->counts[i].matched++;
        if (found || !is_due(rule, inject->counts[i].matched))
            continue;
        inject->counts[i].acted++;
        found = rule;
    }
    return found;
}

uint8_t inject_memory(struct amdvi_device *device, enum amdvi_access access, bool write, uint64_t spa,
                      size_t length)
{
    const struct amdvi_inject_rule *rule = find(device, &(struct operation){.what = AMDVI_INJECT_MEMORY,
                                                                            .access = access,
                                                                            .write = write,
                                                                            .first = spa,
                                                                            .last = spa + length - 1});

    return rule ? rule->action : 0;
}

bool inject_cache(struct amdvi_device *device, enum amdvi_cache cache, uint16_t requester, uint64_t address)
{
    const struct amdvi_inject_rule *rule = find(device, &(struct operation){.what = AMDVI_INJECT_CACHE,
                                                                            .cache = (uint8_t)cache,
                                                                            .device = requester,
                                                                            .first = address,
                                                                            .last = address});

    if (rule && rule->action == AMDVI_INJECT_CORRUPT)
        device->statistics.parity_errors++;
    return rule != NULL;
}

unsigned inject_atc(struct amdvi_device *device, uint16_t requester, uint64_t *delay)
{
    const struct amdvi_inject_rule *rule =
        find(device, &(struct operation){.what = AMDVI_INJECT_ATC, .device = requester});

    *delay = rule ? rule->delay : 0;
    return rule ? rule->action : 0;
}

bool inject_prg(struct amdvi_device *device, uint16_t requester)
{
    return find(device, &(struct operation){.what = AMDVI_INJECT_PRG, .device = requester}) != NULL;
}
