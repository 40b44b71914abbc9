// SPDX-License-Identifier: Apache-2.0
/* What the figures were measured on. */
#include "amdvi/bench.h"

#include <stdio.h>
#include <string.h>

#ifndef __VERSION__
#define __VERSION__ "unknown"
#endif
#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static bool copy_value(const char *line, char *text, size_t size)
{
    const char *colon = strchr(line, ':');

    if (strncmp(line, "model name", 10) || !colon)
        return false;
    snprintf(text, size, "%s", colon + 1 + (colon[1] == ' '));
    text[strcspn(text, "\n")] = 0;
    return true;
}

/* Read anew each time: no state. The text is the caller's thread's. */
const char *bench_machine(void)
{
    static _Thread_local char model[128];
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(model, sizeof(model), "unknown");
    while (file && fgets(line, sizeof(line), file))
        if (copy_value(line, model, sizeof(model)))
            break;
    if (file)
        fclose(file);
    return model;
}

const char *bench_compiler(void)
{
    return COMPILER;
}

const char *bench_build(void)
{
    return AMDVI_BUILD_TYPE;
}
