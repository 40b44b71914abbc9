// SPDX-License-Identifier: GPL-2.0-only
#include "times.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PS_PER_NS = 1000, LONGEST = 1000000000 /* a second */ };

void times_default(struct times *times)
{
    *times = (struct times){.call = 150, .read = 300, .write = 50};
    amdvi_timed_preset_parameters(&times->iommu, NULL);
}

static bool set_processor(struct times *times, const char *name, const char *value)
{
    uint64_t *cost = !strcmp(name, "cpu.call")    ? &times->call
                     : !strcmp(name, "cpu.read")  ? &times->read
                     : !strcmp(name, "cpu.write") ? &times->write
                                                  : NULL;
    char *end;
    unsigned long long ns;

    errno = 0;
    ns = strtoull(value, &end, 10);
    if (!cost || errno || end == value || ns > LONGEST || (*end && strcmp(end, "ns") != 0))
        return false;
    *cost = ns;
    return true;
}

bool times_set(struct times *times, const char *text)
{
    const char *value = strchr(text, '=');
    char name[64];

    if (!value || (size_t)(value - text) >= sizeof(name))
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(value - text), text);
    if (!strcmp(name, "preset"))
        return amdvi_timed_preset_parameters(&times->iommu, value + 1) == AMDVI_OK;
    return set_processor(times, name, value + 1) ||
           amdvi_timed_set(&times->iommu, name, value + 1) == AMDVI_OK;
}

uint64_t times_of(const struct times *times, const char *name)
{
    uint64_t ps = 0;

    amdvi_timed_get(&times->iommu, name, &ps);
    return ps / PS_PER_NS;
}
