// SPDX-License-Identifier: Apache-2.0
#include "model/base/allocator.h"

#include <stdlib.h>
#include <string.h>

void *allocate_zeroed(const struct amdvi_allocator *allocator, size_t bytes)
{
    if (!allocator || !allocator->allocate)
        return calloc(1, bytes);
    return allocate_partly_zeroed(allocator, bytes, bytes);
}

void *allocate_partly_zeroed(const struct amdvi_allocator *allocator, size_t bytes, size_t zeroed)
{
    bool own = !allocator || !allocator->allocate;
    void *block = own ? malloc(bytes) : allocator->allocate(allocator->context, bytes);

    if (block)
        memset(block, 0, zeroed);
    return block;
}

void release(const struct amdvi_allocator *allocator, void *block)
{
    if (!block)
        return;
    if (allocator && allocator->release)
        allocator->release(allocator->context, block);
    else
        free(block);
}
