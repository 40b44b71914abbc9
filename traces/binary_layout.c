// SPDX-License-Identifier: Apache-2.0
/* The fixed parts of a binary trace, little-endian on every host. */
#include "internal.h"

#include <string.h>

const uint8_t trace_binary_end[8] = {'A', 'M', 'D', 'V', 'T', 'E', 'N', 'D'};

void trace_put_u32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

void trace_put_u64(uint8_t *to, uint64_t value)
{
    trace_put_u32(to, (uint32_t)value);
    trace_put_u32(to + 4, (uint32_t)(value >> 32));
}

uint32_t trace_get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

uint64_t trace_get_u64(const uint8_t *from)
{
    return trace_get_u32(from) | (uint64_t)trace_get_u32(from + 4) << 32;
}

/* FNV-1a of 64 bits: zstd's own checksum says nothing about its frame header, and ours must be easy to write
 * again. */
static uint64_t checksum(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t block_checksum(const uint8_t *header, const uint8_t *packed, size_t len)
{
    uint64_t sum = checksum(UINT64_C(0xcbf29ce484222325), header, TRACE_BLOCK_HEADER - 8);
    return checksum(sum, packed, len);
}

bool trace_block_intact(const uint8_t *header, const uint8_t *packed, size_t len)
{
    return trace_get_u64(header + TRACE_BLOCK_HEADER - 8) == block_checksum(header, packed, len);
}

void trace_block_pack(const struct trace_block *block, const uint8_t *packed, uint8_t to[TRACE_BLOCK_HEADER])
{
    memcpy(to, block->tag, 4);
    trace_put_u32(to + 4, block->packed);
    trace_put_u32(to + 8, block->raw);
    trace_put_u32(to + 12, block->count);
    trace_put_u64(to + 16, block->first_record);
    trace_put_u64(to + 24, block->first_line);
    trace_put_u64(to + 32, block_checksum(to, packed, block->packed));
}

void trace_block_unpack(struct trace_block *block, const uint8_t from[TRACE_BLOCK_HEADER])
{
    memcpy(block->tag, from, 4);
    block->packed = trace_get_u32(from + 4);
    block->raw = trace_get_u32(from + 8);
    block->count = trace_get_u32(from + 12);
    block->first_record = trace_get_u64(from + 16);
    block->first_line = trace_get_u64(from + 24);
}
