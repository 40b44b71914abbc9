// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool refuse(struct machine_error *error, const char *format, ...)
{
    va_list values;

    if (!error)
        return false;
    va_start(values, format);
    vsnprintf(error->text, sizeof(error->text), format, values);
    va_end(values);
    return false;
}
