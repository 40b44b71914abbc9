// SPDX-License-Identifier: Apache-2.0
/* Looking at memory for what software has changed, in hosts that see no stores. */
#include "traces/recorder_internal.h"

enum { PAGE = 4096, MARK = 1 };

/* Tables and rings have pages of their own, so what else stands in a page is of the same kind. */
void recorder_remember_read(struct amdvi_recorder *recorder, uint64_t spa, size_t length)
{
    const uint8_t mark = MARK;

    if (recorder->read && length &&
        amdvi_sparse_write(recorder->read, spa & ~(uint64_t)(PAGE - 1), &mark, sizeof(mark)) !=
            AMDVI_SPARSE_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
}

struct scan {
    struct amdvi_recorder *recorder;
    amdvi_recorder_read_fn read;
    void *context;
};

static int scan_page(void *context, uint64_t address, const uint8_t marks[PAGE])
{
    const struct scan *scan = context;
    uint8_t bytes[PAGE];

    (void)marks;
    if (address + PAGE > scan->recorder->ram || !scan->read(scan->context, address, bytes, PAGE))
        return 0;
    if (amdvi_sparse_compare(scan->recorder->memory, address, bytes, PAGE, NULL) != AMDVI_SPARSE_OK)
        recorder_establish(scan->recorder, address, bytes, PAGE);
    return scan->recorder->status != AMDVI_TRACE_OK;
}

enum amdvi_trace_status amdvi_recorder_scan(struct amdvi_recorder *recorder, amdvi_recorder_read_fn read,
                                            void *context)
{
    struct scan scan = {recorder, read, context};

    if (!recorder || !read || !recorder->read)
        return AMDVI_TRACE_ERR_ARGUMENT;
    recorder_flush(recorder);
    amdvi_sparse_pages(recorder->read, scan_page, &scan);
    return recorder->status;
}
