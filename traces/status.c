// SPDX-License-Identifier: Apache-2.0
/* Status names and error texts. */
#include "internal.h"

const char *amdvi_trace_status_name(enum amdvi_trace_status status)
{
    switch (status) {
    case AMDVI_TRACE_OK:
        return "ok";
    case AMDVI_TRACE_END:
        return "end";
    case AMDVI_TRACE_TRUNCATED:
        return "truncated";
    case AMDVI_TRACE_ERR_SYNTAX:
        return "syntax error";
    case AMDVI_TRACE_ERR_CORRUPT:
        return "corrupt";
    case AMDVI_TRACE_ERR_VERSION:
        return "unknown version";
    case AMDVI_TRACE_ERR_IO:
        return "input or output error";
    case AMDVI_TRACE_ERR_MEMORY:
        return "out of memory";
    case AMDVI_TRACE_ERR_RANGE:
        return "out of range";
    case AMDVI_TRACE_ERR_UNSUPPORTED:
        return "not supported";
    case AMDVI_TRACE_ERR_ARGUMENT:
        return "bad argument";
    }
    return "unknown status";
}

enum amdvi_trace_status trace_fail(struct amdvi_trace_error *error, enum amdvi_trace_status status,
                                   const char *name, uint64_t line, const char *format, ...)
{
    if (!error)
        return status;
    error->status = status;
    error->line = line;
    int used = 0;
    if (line)
        used = snprintf(error->text, sizeof(error->text), "%.200s:%llu: ", name ? name : "",
                        (unsigned long long)line);
    else if (name)
        used = snprintf(error->text, sizeof(error->text), "%.200s: ", name);
    if (used < 0)
        used = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, args);
    va_end(args);
    return status;
}
