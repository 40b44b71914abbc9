// SPDX-License-Identifier: Apache-2.0
/*
 * Surroundings of a device whose memory is answered later: a memory of their own, the questions that are
 * open, and what has completed. Questions are answered in an order that is drawn.
 */
#ifndef AMDVI_TEST_SURROUNDINGS_H
#define AMDVI_TEST_SURROUNDINGS_H

#include "testbench/unit/core/machine.h"
#include "testbench/unit/core/random_world.h"

#include <amdvi/external.h>

enum { OPEN_MAX = 4096, TAGS = 1024 };

struct ended {
    bool done;
    enum amdvi_status status;
    struct amdvi_result result;
    struct amdvi_int_result interrupt;
    struct amdvi_page_request_result page_request;
    uint64_t value;
};

struct surroundings {
    uint8_t *bytes; /* WORLD_BYTES of memory */
    struct amdvi_device *device;
    struct chance chance;
    struct amdvi_ask open[OPEN_MAX];
    unsigned opened;
    uint64_t asked;           /* questions so far */
    unsigned most_open;       /* at once */
    struct ended ended[TAGS]; /* by tag */
    unsigned completed;
    uint64_t interrupts; /* all that were raised, in any order: a sum of their hashes */
    bool answer_at_once; /* from inside issue() */
    struct amdvi_atc_invalidation last_atc;
};

/* `settings` as config_of() takes them; memory from the seed, by world_fill(). */
struct surroundings *surroundings_open(uint64_t seed, const char *settings, uint32_t most);
void surroundings_close(struct surroundings *s);
/* The same with empty memory but for device 1, domain 1, whose page 0x1000 is HOST_PAGE, by a table of one
 * level. */
enum { HOST_PAGE = 0x20000, TABLE = 0x10000 };
struct surroundings *surroundings_simple(const char *settings, uint32_t most);
/* Eight bytes of its memory. */
void put_word(struct surroundings *s, uint64_t address, uint64_t value);

/* Reads and writes the memory as a callback would. */
enum amdvi_memory_result surroundings_read(void *context, uint64_t address, void *data, size_t length);
enum amdvi_memory_result surroundings_write(void *context, uint64_t address, const void *data, size_t length);
enum amdvi_memory_result surroundings_exchange(void *context, uint64_t address, uint64_t expected,
                                               uint64_t desired, uint64_t *seen);

/* Answers the open question number `index` from memory as it is now. */
void surroundings_answer(struct surroundings *s, unsigned index);
/* A drawn one; false: none is open. */
bool surroundings_answer_any(struct surroundings *s);
/* Until none is open. */
void surroundings_settle(struct surroundings *s);

#endif
