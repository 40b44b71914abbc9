// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a capture, a QEMU log or ftrace text: no crash, and every imported record obeys the grammar.
 */
#include "amdvi/trace.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(const char *head, const uint8_t *data, size_t size)
{
    struct amdvi_trace_options options = {.keep_layout = true, .max_line = 1 << 20};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    size_t head_len = strlen(head);
    uint8_t *text = malloc(head_len + size + 1);
    if (!text)
        return;
    memcpy(text, head, head_len);
    if (size)
        memcpy(text + head_len, data, size);
    if (amdvi_trace_open_memory(text, head_len + size, "fuzz", &options, &reader, NULL) == AMDVI_TRACE_OK) {
        while (amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK) {
            if (amdvi_trace_record_check(&record, NULL) != AMDVI_TRACE_OK)
                abort();
        }
        amdvi_trace_close(reader);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drain("", data, size);
    drain("# amd-iommu-capture text 1\n", data, size);
    drain("# tracer: nop\n", data, size);
    drain("amdvi_iotlb_reset\n", data, size);
    return 0;
}
