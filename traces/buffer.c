// SPDX-License-Identifier: Apache-2.0
/* A growing byte buffer. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

bool trace_buffer_reserve(struct trace_buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (more <= buffer->cap - buffer->len)
        return true;
    size_t cap = buffer->cap ? buffer->cap : 256;
    while (cap - buffer->len < more && cap <= SIZE_MAX / 2)
        cap *= 2;
    uint8_t *bytes = cap - buffer->len < more ? NULL : realloc(buffer->bytes, cap);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->cap = cap;
    return true;
}

void trace_buffer_put(struct trace_buffer *buffer, const void *bytes, size_t len)
{
    if (!len || !trace_buffer_reserve(buffer, len))
        return;
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
}

void trace_buffer_byte(struct trace_buffer *buffer, uint8_t byte)
{
    if (trace_buffer_reserve(buffer, 1))
        buffer->bytes[buffer->len++] = byte;
}

void trace_buffer_text(struct trace_buffer *buffer, const char *text)
{
    trace_buffer_put(buffer, text, strlen(text));
}

void trace_buffer_free(struct trace_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct trace_buffer){0};
}
