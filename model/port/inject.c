// SPDX-License-Identifier: Apache-2.0
#include "model/port/inject.h"

#include "model/lookup/held.h"

/* ---------------------------------------------------------------- plans */

static bool action_fits(const struct amdvi_inject_rule *rule)
{
    switch (rule->what) {
    case AMDVI_INJECT_MEMORY:
        return rule->action >= AMDVI_INJECT_MASTER_ABORT && rule->action <= AMDVI_INJECT_DATA_ERROR;
    case AMDVI_INJECT_CACHE:
        return rule->action == AMDVI_INJECT_DROP || rule->action == AMDVI_INJECT_CORRUPT;
    case AMDVI_INJECT_ATC:
        return rule->action == AMDVI_INJECT_TIMEOUT || rule->action == AMDVI_INJECT_DELAY;
    case AMDVI_INJECT_PRG:
        return rule->action == AMDVI_INJECT_DROP;
    default:
        return false;
    }
}

static bool cache_has_devices(const struct amdvi_inject_rule *rule)
{
    return rule->cache == AMDVI_CACHE_DTC || rule->cache == AMDVI_CACHE_ITC;
}

static bool filters_fit(const struct amdvi_inject_rule *rule)
{
    if (rule->by_address && rule->last < rule->first)
        return false;
    switch (rule->what) {
    case AMDVI_INJECT_MEMORY:
        return !rule->by_device && (rule->reads || rule->writes) && rule->classes;
    case AMDVI_INJECT_CACHE:
        return rule->cache < AMDVI_CACHES && !(cache_has_devices(rule) ? rule->by_address : rule->by_device);
    default:
        return !rule->by_address;
    }
}

static bool plan_fits(const struct amdvi_inject_rule *rules, size_t count)
{
    if (count > AMDVI_INJECT_RULES_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!action_fits(&rules[i]) || !filters_fit(&rules[i]) || (rules[i].nth && rules[i].every))
            return false;
    return true;
}

static void use(struct amdvi_device *device, const struct amdvi_inject_rule *rules, size_t count)
{
    struct inject *inject = &device->inject;

    memset(inject, 0, sizeof(*inject));
    if (count)
        memcpy(inject->rules, rules, count * sizeof(*rules));
    inject->count = (unsigned)count;
    inject->active = count > 0;
    held_forget_all(device);
    device_watch(device);
}

void inject_reset(struct amdvi_device *device)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count = 0;

    /* The text was judged when the key was set: it is a plan. */
    amdvi_inject_parse(device->config.inject_plan, rules, AMDVI_INJECT_RULES_MAX, &count);
    use(device, rules, count);
}

enum amdvi_status amdvi_inject(struct amdvi_device *device, const struct amdvi_inject_rule *rules,
                               size_t count)
{
    if (!device || (count && !rules))
        return AMDVI_ERR_ARGUMENT;
    if (!plan_fits(rules, count))
        return AMDVI_ERR_BAD_VALUE;
    use(device, rules, count);
    return AMDVI_OK;
}

enum amdvi_status amdvi_inject_count(const struct amdvi_device *device, size_t index,
                                     struct amdvi_inject_count *count)
{
    if (!device || !count)
        return AMDVI_ERR_ARGUMENT;
    if (index >= device->inject.count)
        return AMDVI_ERR_END;
    *count = device->inject.counts[index];
    return AMDVI_OK;
}

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
