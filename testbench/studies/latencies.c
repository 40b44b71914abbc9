// SPDX-License-Identifier: Apache-2.0
#define _POSIX_C_SOURCE 200809L

#include "testbench/studies/latencies.h"

#include <amdvi/timed.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20, LINE = 128 };

/* As a parameter of time says it: the same units, the same bounds. */
static bool parse_time(const char *text, uint64_t *ps)
{
    struct amdvi_timed_parameters parameters;

    return amdvi_timed_preset_parameters(&parameters, NULL) == AMDVI_OK &&
           amdvi_timed_set(&parameters, "memory.latency", text) == AMDVI_OK &&
           amdvi_timed_get(&parameters, "memory.latency", ps) == AMDVI_OK;
}

static bool parse_line(char *line, uint64_t *ps, uint32_t *times)
{
    char *time, *count, *end, *rest;

    *times = 0;
    line[strcspn(line, "#\r\n")] = 0;
    time = strtok_r(line, " \t", &rest);
    if (!time)
        return true;
    *times = 1;
    count = strtok_r(NULL, " \t", &rest);
    if (count) {
        unsigned long n =
            count[0] == 'x' && count[1] >= '0' && count[1] <= '9' ? strtoul(count + 1, &end, 10) : 0;
        if (n == 0 || n > MOST || *end || strtok_r(NULL, " \t", &rest))
            return false;
        *times = (uint32_t)n;
    }
    return parse_time(time, ps);
}

static const char *take(uint64_t *list, uint32_t *count, char *line)
{
    uint64_t ps = 0;
    uint32_t times;

    if (strlen(line) == LINE - 1)
        return "the line is too long";
    if (!parse_line(line, &ps, &times))
        return "a time up to 1ms with ps, ns, us or ms is wanted, and perhaps xN";
    if (times > MOST - *count)
        return "more than 1,048,576 latencies";
    for (; times; times--)
        list[(*count)++] = ps;
    return NULL;
}

static bool read_lines(FILE *stream, const char *file, uint64_t *list, uint32_t *count, char *error,
                       size_t size)
{
    char line[LINE];

    for (unsigned number = 1; fgets(line, sizeof(line), stream); number++) {
        const char *wrong = take(list, count, line);
        if (!wrong)
            continue;
        snprintf(error, size, "%s:%u: %s", file, number, wrong);
        return false;
    }
    if (ferror(stream))
        snprintf(error, size, "%s: cannot be read: %s", file, strerror(errno));
    else if (!*count)
        snprintf(error, size, "%s: no latency in it", file);
    return *count && !ferror(stream);
}

bool latencies_read(const char *file, uint64_t **list, uint32_t *count, char *error, size_t size)
{
    FILE *stream = fopen(file, "rb");
    bool good = false;

    *count = 0;
    *list = stream ? malloc(MOST * sizeof(**list)) : NULL;
    if (*list)
        good = read_lines(stream, file, *list, count, error, size);
    else
        snprintf(error, size, "%s: cannot be read: %s", file, strerror(errno));
    if (stream)
        fclose(stream);
    if (good)
        return true;
    free(*list);
    *list = NULL;
    return false;
}
