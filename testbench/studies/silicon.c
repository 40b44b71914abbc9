// SPDX-License-Identifier: Apache-2.0
/*
 * A device as its own registers describe it (performance a.1): for who can read them out of silicon. Geometry
 * is in the control register of an array, [31:28] log2 of its entries and [23:16] its ways; disabled ways in
 * the one beside it. The masks of the hash are read and not used: what they do is not published.
 */
#include "testbench/studies/silicon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

struct sink {
    struct experiment *experiment;
    char *error;
    size_t size;
};

static bool put(const struct sink *s, const char *name, unsigned value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    return experiment_set(s->experiment, name, text, s->error, s->size);
}

static bool put_key(const struct sink *s, const char *array, const char *key, unsigned value)
{
    char name[NAME];

    snprintf(name, sizeof(name), "device.%s.%s", array, key);
    return put(s, name, value);
}

/* Fields of silicon are filled by it; a register that reads 0 ways says nothing. */
static bool geometry(const struct sink *s, const char *array, uint32_t value)
{
    unsigned ways = value >> 16 & 0xff;

    return ways == 0 || (put_key(s, array, "log2_entries", value >> 28) && put_key(s, array, "ways", ways));
}

/* A way that is disabled, or that is not accessed, holds nothing. */
static bool disabled(const struct sink *s, const char *array, uint32_t value)
{
    return put_key(s, array, "way_disable", (value | value >> 16) & 0xffff);
}

/* TWPrefetchEn, TWPrefetchRange. */
static bool walker(const struct sink *s, const char *array, uint32_t value)
{
    unsigned range = value >> 12 & 7;

    (void)array;
    if (!(value >> 8 & 1) || !range)
        return experiment_set(s->experiment, "time.walk.prefetch", "off", s->error, s->size);
    return experiment_set(s->experiment, "time.walk.prefetch", "on", s->error, s->size) &&
           put(s, "time.walk.prefetch_range", range);
}

/* CPPrefetchDis, CPFlushOnWait, CPFlushOnInv. */
static bool processor(const struct sink *s, const char *array, uint32_t value)
{
    const char *flush = value & 4 ? "invalidation" : value & 2 ? "wait" : "none";

    (void)array;
    if (value & 1 && !put(s, "time.command.prefetch", 0))
        return false;
    return experiment_set(s->experiment, "time.command.flush", flush, s->error, s->size);
}

/* The host's page sizes; those of guests are the same here. */
static bool page_sizes(const struct sink *s, const char *array, uint32_t value)
{
    return put_key(s, array, "page_sizes", value >> 8 & 0x7f);
}

static const struct {
    const char *name, *array;
    bool (*set)(const struct sink *s, const char *array, uint32_t value);
} registers[] = {
    {"L2_DTC_CONTROL", "dtc", geometry},
    {"L2_ITC_CONTROL", "itc", geometry},
    {"L2_PTC_A_CONTROL", "ptc", geometry},
    {"L2_PDC_CONTROL", "pdc", geometry},
    {"L2_DTC_WAY_CONTROL", "dtc", disabled},
    {"L2_ITC_WAY_CONTROL", "itc", disabled},
    {"L2_PTC_A_WAY_CONTROL", "ptc", disabled},
    {"L2_PDC_WAY_CONTROL", "pdc", disabled},
    {"L2_L2A_PGSIZE_CONTROL", "ptc", page_sizes},
    {"L2_TW_CONTROL", "", walker},
    {"L2_CP_CONTROL", "", processor},
};

enum { REGISTERS = sizeof(registers) / sizeof(registers[0]) };

const char *silicon_register_at(size_t index)
{
    return index < REGISTERS ? registers[index].name : NULL;
}

bool silicon_set(struct experiment *experiment, const char *name, const char *text, char *error, size_t size)
{
    const struct sink sink = {experiment, error, size};
    char *end;
    unsigned long long value = strtoull(text, &end, 0);

    if (*text < '0' || *text > '9' || *end || value > UINT32_MAX) {
        snprintf(error, size, "silicon.%s: '%s' is no number of 32 bits", name, text);
        return false;
    }
    for (size_t i = 0; i < REGISTERS; i++)
        if (!strcmp(registers[i].name, name))
            return registers[i].set(&sink, registers[i].array, (uint32_t)value);
    snprintf(error, size, "silicon.%s: no such register; amdvi run --list has those that are read", name);
    return false;
}
