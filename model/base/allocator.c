// SPDX-License-Identifier: Apache-2.0
#include "model/base/allocator.h"

#include <stdlib.h>
#include <string.h>

void *allocate_zeroed(const struct amdvi_allocator *allocator, size_t bytes)
{
    void *block;

    if (!allocator || !allocator->allocate)
        return calloc(1, bytes);
    block = allocator->allocate(allocator->context, bytes);
    if (block)
        memset(block, 0, bytes);
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
