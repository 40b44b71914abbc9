// SPDX-License-Identifier: Apache-2.0
/* Plans of faults: judged and taken over; what they do is in port/inject.c. */
#include "model/plan.h"
#include "model/lookup/held.h"

#include <string.h>

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
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
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
