// SPDX-License-Identifier: Apache-2.0
/*
 * Structures of callers that were compiled with an older or a newer header. Members are only ever added at
 * the end, so a size says which of them the caller knows.
 */
#ifndef AMDVI_MODEL_BASE_SIZED_H
#define AMDVI_MODEL_BASE_SIZED_H

#include "amdvi/amdvi.h"

/* Members that the caller does not know are 0. AMDVI_ERR_UNSUPPORTED, and `to` is untouched: one that the
 * library does not know is not 0. */
enum amdvi_status sized_take(void *to, size_t known, const void *from, size_t size);

/* Writes no more than the caller has room for; members that the library does not know become 0. */
void sized_give(void *to, size_t size, const void *from, size_t known);

#endif
