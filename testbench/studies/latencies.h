// SPDX-License-Identifier: Apache-2.0
/*
 * Internal: latencies of memory from a file, a line each: a time with its unit, and how often it counts
 * (`150ns` or `150ns x40`); `#` begins a comment.
 */
#ifndef AMDVI_STUDIES_LATENCIES_H
#define AMDVI_STUDIES_LATENCIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller frees `*list`. False: `error` begins with file and line. */
bool latencies_read(const char *file, uint64_t **list, uint32_t *count, char *error, size_t size);

#endif
