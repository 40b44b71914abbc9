// SPDX-License-Identifier: Apache-2.0
#include "surroundings.h"

enum amdvi_memory_result surroundings_read(void *context, uint64_t address, void *data, size_t length)
{
    const struct surroundings *s = context;

    if (address >= WORLD_BYTES || length > WORLD_BYTES - address)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, s->bytes + address, length);
    return AMDVI_MEMORY_OK;
}

enum amdvi_memory_result surroundings_write(void *context, uint64_t address, const void *data, size_t length)
{
    struct surroundings *s = context;

    if (address >= WORLD_BYTES || length > WORLD_BYTES - address)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(s->bytes + address, data, length);
    return AMDVI_MEMORY_OK;
}

enum amdvi_memory_result surroundings_exchange(void *context, uint64_t address, uint64_t expected,
                                               uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = surroundings_read(context, address, seen, 8);

    if (result == AMDVI_MEMORY_OK && *seen == expected)
        result = surroundings_write(context, address, &desired, 8);
    return result;
}

static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    struct surroundings *s = context;
    struct chance hash = {.state = irq->cause | (uint64_t)irq->vector << 8 | (uint64_t)irq->data << 16};

    hash.state ^= irq->address << 1 ^ (uint64_t)irq->destination << 40 ^ irq->guest;
    s->interrupts += chance_word(&hash);
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    ((struct surroundings *)context)->last_atc = *invalidation;
    return AMDVI_ATC_DONE;
}

static void reply(struct surroundings *s, const struct amdvi_ask *ask)
{
    enum amdvi_memory_result result;
    uint8_t data[AMDVI_ASK_BYTES] = {0};
    uint64_t seen = 0;

    switch (ask->kind) {
    case AMDVI_ASK_READ:
        result = surroundings_read(s, ask->address, data, ask->length);
        break;
    case AMDVI_ASK_WRITE:
        result = surroundings_write(s, ask->address, ask->data, ask->length);
        break;
    default:
        result = surroundings_exchange(s, ask->address, ask->expected, ask->desired, &seen);
        memcpy(data, &seen, sizeof(seen));
        break;
    }
    ck_assert_int_eq(amdvi_memory_done(s->device, ask->id, result, data), AMDVI_OK);
}

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    struct surroundings *s = context;

    s->asked++;
    ck_assert_uint_ne(ask->id, 0);
    ck_assert_uint_le(ask->length, AMDVI_ASK_BYTES);
    if (s->answer_at_once) {
        reply(s, ask);
        return;
    }
    ck_assert_uint_lt(s->opened, OPEN_MAX);
    s->open[s->opened++] = *ask;
    s->most_open = s->opened > s->most_open ? s->opened : s->most_open;
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    struct surroundings *s = context;
    struct ended *ended = &s->ended[completion->tag];

    ck_assert_uint_lt(completion->tag, TAGS);
    ck_assert(!ended->done);
    *ended = (struct ended){.done = true, .status = completion->status, .value = completion->value};
    s->completed++;
    if (completion->status)
        return;
    if (completion->result)
        ended->result = *completion->result;
    if (completion->interrupt)
        ended->interrupt = *completion->interrupt;
    if (completion->page_request)
        ended->page_request = *completion->page_request;
}

struct surroundings *surroundings_open(uint64_t seed, const char *settings, uint32_t most)
{
    struct surroundings *s = calloc(1, sizeof(*s));
    struct amdvi_memory memory = {s, surroundings_read, surroundings_write, surroundings_exchange, NULL, 0,
                                  0};
    struct amdvi_callbacks callbacks = {.context = s, .interrupt = on_interrupt, .atc_invalidate = on_atc};
    struct amdvi_external face = {.context = s, .issue = on_issue, .complete = on_complete, .most = most};
    struct amdvi_config *config = config_of(settings);
    struct chance chance = {.state = seed};

    ck_assert_ptr_nonnull(s);
    s->bytes = calloc(1, WORLD_BYTES);
    s->chance.state = seed ^ 0x123456;
    ck_assert_int_eq(amdvi_create(config, &memory, &callbacks, NULL, &s->device), AMDVI_OK);
    amdvi_config_destroy(config);
    world_fill(&chance, s->bytes);
    world_boot(&chance, s->device);
    if (most)
        ck_assert_int_eq(amdvi_external_attach(s->device, &face), AMDVI_OK);
    return s;
}

void put_word(struct surroundings *s, uint64_t address, uint64_t value)
{
    memcpy(s->bytes + address, &value, sizeof(value));
}

struct surroundings *surroundings_simple(const char *settings, uint32_t most)
{
    struct surroundings *s = surroundings_open(1, settings, most);

    memset(s->bytes, 0, WORLD_BYTES / 2);
    put_word(s, 32, D_OK | (uint64_t)1 << 9 | TABLE);
    put_word(s, 40, 1);
    put_word(s, TABLE + 8, V1_RW | 1 | HOST_PAGE);
    return s;
}

void surroundings_close(struct surroundings *s)
{
    amdvi_destroy(s->device);
    free(s->bytes);
    free(s);
}

void surroundings_answer(struct surroundings *s, unsigned index)
{
    struct amdvi_ask ask = s->open[index];

    s->open[index] = s->open[--s->opened];
    reply(s, &ask);
}

bool surroundings_answer_any(struct surroundings *s)
{
    if (!s->opened)
        return false;
    surroundings_answer(s, (unsigned)(chance_word(&s->chance) % s->opened));
    return true;
}

void surroundings_settle(struct surroundings *s)
{
    while (surroundings_answer_any(s))
        ;
}
