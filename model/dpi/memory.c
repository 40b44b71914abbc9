// SPDX-License-Identifier: Apache-2.0
/* Memory that the bench has: every access of the model becomes calls of two functions that SystemVerilog
 * exports, 8 bytes each. A part of the archive by itself: only benches that export the two link it. */
#include "model/dpi/bench_device.h"

#include "amdvi/dpi.h"

#include <stdlib.h>
#include <string.h>

/* Of the simulator (svdpi.h, IEEE 1800 annex I): where exported functions are looked for. */
void *svGetScope(void);
void *svSetScope(const void *scope);

static enum amdvi_memory_result result_of(int answer)
{
    return answer >= AMDVI_MEMORY_OK && answer <= AMDVI_MEMORY_DATA_ERROR ? (enum amdvi_memory_result)answer
                                                                          : AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result get(const struct bench_device *d, uint64_t word, uint64_t *value)
{
    long long seen = 0;
    void *before = svSetScope(d->scope);
    int answer = amdvi_bench_read(d->handle, (long long)word, &seen);

    svSetScope(before);
    *value = (uint64_t)seen;
    return result_of(answer);
}

static enum amdvi_memory_result put(const struct bench_device *d, uint64_t word, uint64_t value, int enables)
{
    void *before = svSetScope(d->scope);
    int answer = amdvi_bench_write(d->handle, (long long)word, (long long)value, enables);

    svSetScope(before);
    return result_of(answer);
}

/* The part of a range in its first word: where in the word, how many bytes. */
static size_t part_of(uint64_t address, size_t length, unsigned *offset)
{
    *offset = (unsigned)(address % 8);
    return length < 8 - *offset ? length : 8 - *offset;
}

static enum amdvi_memory_result read_bytes(void *context, uint64_t spa, void *data, size_t length)
{
    enum amdvi_memory_result result = AMDVI_MEMORY_OK;
    uint8_t *bytes = data;

    while (length > 0 && result == AMDVI_MEMORY_OK) {
        unsigned offset;
        size_t part = part_of(spa, length, &offset);
        uint64_t word;
        result = get(context, spa - offset, &word);
        for (size_t i = 0; i < part; i++)
            *bytes++ = (uint8_t)(word >> (offset + i) * 8);
        spa += part;
        length -= part;
    }
    return result;
}

static enum amdvi_memory_result write_bytes(void *context, uint64_t spa, const void *data, size_t length)
{
    enum amdvi_memory_result result = AMDVI_MEMORY_OK;
    const uint8_t *bytes = data;

    while (length > 0 && result == AMDVI_MEMORY_OK) {
        unsigned offset;
        size_t part = part_of(spa, length, &offset);
        uint64_t word = 0;
        for (size_t i = 0; i < part; i++)
            word |= (uint64_t)*bytes++ << (offset + i) * 8;
        result = put(context, spa - offset, word, ((1 << part) - 1) << offset);
        spa += part;
        length -= part;
    }
    return result;
}

/* Nobody writes in between: the bench has one thread, and the model is called by it. */
static enum amdvi_memory_result compare_exchange(void *context, uint64_t spa, uint64_t expected,
                                                 uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = get(context, spa, seen);

    return result || *seen != expected ? result : put(context, spa, desired, 0xff);
}

int amdvi_dpi_create_on_memory(const char *settings)
{
    struct bench_device *d = calloc(1, sizeof(*d));

    if (!d)
        return -(int)AMDVI_ERR_NO_MEMORY;
    d->scope = svGetScope();
    return amdvi_dpi_admit(
        settings,
        (struct amdvi_memory){.read = read_bytes, .write = write_bytes, .compare_exchange = compare_exchange},
        d);
}
