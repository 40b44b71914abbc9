// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_ALLOCATOR_H
#define AMDVI_MODEL_ALLOCATOR_H

#include "amdvi/amdvi.h"

/* Null when there is no memory. */
void *allocate_zeroed(const struct amdvi_allocator *allocator, size_t bytes);
/* The first `zeroed` bytes are zero; the rest is whatever lay there. */
void *allocate_partly_zeroed(const struct amdvi_allocator *allocator, size_t bytes, size_t zeroed);
void release(const struct amdvi_allocator *allocator, void *block);

#endif
