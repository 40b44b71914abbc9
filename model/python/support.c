/* SPDX-License-Identifier: Apache-2.0 */
#include "model/python/support.h"

#include <string.h>

static enum amdvi_memory_result nothing_read(void *context, uint64_t spa, void *data, size_t length)
{
    return AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result nothing_written(void *context, uint64_t spa, const void *data, size_t length)
{
    return AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result nothing_exchanged(void *context, uint64_t spa, uint64_t expected,
                                                  uint64_t desired, uint64_t *seen)
{
    return AMDVI_MEMORY_MASTER_ABORT;
}

void amdvi_py_window_memory(struct amdvi_memory *memory, void *window, uint64_t base, uint64_t size)
{
    memset(memory, 0, sizeof(*memory));
    memory->read = nothing_read;
    memory->write = nothing_written;
    memory->compare_exchange = nothing_exchanged;
    memory->direct = window;
    memory->direct_base = base;
    memory->direct_size = size;
}

static enum amdvi_memory_result answer(enum amdvi_sparse_status status)
{
    if (status == AMDVI_SPARSE_OK || status == AMDVI_SPARSE_DIFFERENT)
        return AMDVI_MEMORY_OK;
    return status == AMDVI_SPARSE_ERR_RANGE ? AMDVI_MEMORY_MASTER_ABORT : AMDVI_MEMORY_TARGET_ABORT;
}

static enum amdvi_memory_result sparse_read(void *context, uint64_t spa, void *data, size_t length)
{
    return answer(amdvi_sparse_read(context, spa, data, length));
}

static enum amdvi_memory_result sparse_write(void *context, uint64_t spa, const void *data, size_t length)
{
    return answer(amdvi_sparse_write(context, spa, data, length));
}

static enum amdvi_memory_result sparse_exchange(void *context, uint64_t spa, uint64_t expected,
                                                uint64_t desired, uint64_t *seen)
{
    *seen = expected;
    return answer(amdvi_sparse_cas64(context, spa, seen, desired));
}

void amdvi_py_sparse_memory(struct amdvi_memory *memory, struct amdvi_sparse *sparse)
{
    memset(memory, 0, sizeof(*memory));
    memory->context = sparse;
    memory->read = sparse_read;
    memory->write = sparse_write;
    memory->compare_exchange = sparse_exchange;
}
