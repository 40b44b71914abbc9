// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a binary trace, and, to get behind its checksums, the same bytes as the uncompressed records
 * of a frame: no crash, and every record that comes out obeys the grammar. With seeks in between.
 */
#include "amdvi/trace.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define HEADER 16
#define BLOCK  40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(const uint8_t *bytes, size_t len)
{
    struct amdvi_trace_options options = {.keep_layout = true, .max_line = 1 << 20};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    uint64_t records = 0;
    if (amdvi_trace_open_memory(bytes, len, "fuzz", &options, &reader, NULL) != AMDVI_TRACE_OK)
        return;
    for (; amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK; records++) {
        if (amdvi_trace_record_check(&record, NULL) != AMDVI_TRACE_OK)
            abort();
    }
    if (amdvi_trace_seek(reader, records / 2) == AMDVI_TRACE_OK)
        amdvi_trace_next(reader, &record);
    amdvi_trace_seek(reader, records + 1);
    amdvi_trace_close(reader);
}

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t checksum(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* A file with one frame whose records are the input. */
static void wrap(const uint8_t *records, size_t size, unsigned count)
{
    size_t bound = ZSTD_compressBound(size);
    uint8_t *file = calloc(1, HEADER + BLOCK + bound), *block = file + HEADER;
    if (!file)
        return;
    memcpy(file,
           "\x8b"
           "AMDVT\r\n",
           8);
    put(file + 8, 1, 4);
    size_t packed = ZSTD_compress(block + BLOCK, bound, records, size, 1);
    memcpy(block, "FRAM", 4);
    put(block + 4, packed, 4);
    put(block + 8, size, 4);
    put(block + 12, count, 4);
    put(block + 24, 1, 8);
    put(block + 32, checksum(checksum(UINT64_C(0xcbf29ce484222325), block, 32), block + BLOCK, packed), 8);
    drain(file, HEADER + BLOCK + packed);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drain(data, size);
    if (size)
        wrap(data + 1, size - 1, 1u + data[0]);
    return 0;
}
