// SPDX-License-Identifier: Apache-2.0
#include "random_trace.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t random_seed(void)
{
    const char *given = getenv("AMDVI_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    printf("AMDVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

void random_start(struct random_trace *random, uint64_t seed)
{
    memset(random, 0, sizeof(*random));
    random->state = seed;
}

static uint64_t next(struct random_trace *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t random_trace_below(struct random_trace *random, uint64_t n)
{
    return next(random) % n;
}

/* Small, large and border values alike. */
static uint64_t number(struct random_trace *random, uint64_t max)
{
    uint64_t value = next(random) >> random_trace_below(random, 64);
    if (!random_trace_below(random, 16))
        return max;
    return max == UINT64_MAX ? value : value % (max + 1);
}

static const char *word(struct random_trace *random, char *text, size_t size, bool key)
{
    size_t len = 1 + random_trace_below(random, size - 2);
    for (size_t i = 0; i < len; i++) {
        char c = (char)('!' + random_trace_below(random, '~' - '!' + 1));
        text[i] = key && (c == '=' || c == '#') ? '_' : c;
    }
    text[len] = 0;
    if (key) /* no label by accident */
        text[0] = 'K';
    return text;
}

static const char *comment(struct random_trace *random)
{
    size_t len = random_trace_below(random, sizeof(random->comment) - 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)(1 + random_trace_below(random, 255));
        random->comment[i] = (char)(c == '\n' || c == '\r' ? ' ' : c);
    }
    random->comment[len] = 0;
    return random->comment;
}

static uint64_t flags(struct random_trace *random)
{
    uint64_t all = 0x1ff | AMDVI_TRACE_FLAG_TYPE_MASK | AMDVI_TRACE_FLAG_VNR | AMDVI_TRACE_FLAG_VEVENT |
                   AMDVI_TRACE_FLAG_VPTR | AMDVI_TRACE_FLAG_VCMD;
    return next(random) & all;
}

static uint64_t value(struct random_trace *random, const struct amdvi_trace_rule *rule)
{
    switch (rule->type) {
    case AMDVI_TRACE_TYPE_SIZE_4_8:
        return random_trace_below(random, 2) ? 4 : 8;
    case AMDVI_TRACE_TYPE_SIZE_1_2_4:
        return UINT64_C(1) << random_trace_below(random, 3);
    case AMDVI_TRACE_TYPE_OP:
        return random_trace_below(random, 4);
    case AMDVI_TRACE_TYPE_AT:
        return random_trace_below(random, 2);
    case AMDVI_TRACE_TYPE_REPLY:
        return random_trace_below(random, 3);
    case AMDVI_TRACE_TYPE_EVENT:
        return 1 + random_trace_below(random, 14);
    case AMDVI_TRACE_TYPE_IRQ:
        return random_trace_below(random, 5);
    case AMDVI_TRACE_TYPE_PERM:
        return random_trace_below(random, 8);
    case AMDVI_TRACE_TYPE_FLAGS:
        return flags(random);
    case AMDVI_TRACE_TYPE_PPR_FLAGS:
        return next(random) & (0x1e6 | AMDVI_TRACE_PPR_LAST);
    case AMDVI_TRACE_TYPE_LOG:
        return random_trace_below(random, 2) ? AMDVI_TRACE_LOG_HOST : random_trace_below(random, 0x10000);
    default:
        return number(random, rule->max);
    }
}

static void bytes(struct random_trace *random, enum amdvi_trace_key key)
{
    size_t len = 1 + random_trace_below(random, sizeof(random->bytes));
    for (size_t i = 0; i < len; i++)
        random->bytes[i] = (uint8_t)next(random);
    amdvi_trace_set_bytes(&random->record, key, random->bytes, len);
}

static void add_key(struct random_trace *random, const struct amdvi_trace_rule *rule)
{
    enum amdvi_trace_key key = (enum amdvi_trace_key)rule->key;
    struct amdvi_trace_record *record = &random->record;
    if (!rule->required && random_trace_below(random, 2))
        return;
    if (rule->type == AMDVI_TRACE_TYPE_BYTES) {
        bytes(random, key);
    } else if (rule->type == AMDVI_TRACE_TYPE_TEXT) {
        record->have |= AMDVI_TRACE_BIT(key);
        record->file = word(random, random->text[0], sizeof(random->text[0]), false);
    } else if (rule->type == AMDVI_TRACE_TYPE_OK_DATA) {
        snprintf(random->text[1], sizeof(random->text[1]),
                 random_trace_below(random, 2) ? "0x%llx" : "%016llx", (unsigned long long)next(random));
        record->have |= AMDVI_TRACE_BIT(key);
        record->data_text = random->text[1];
    } else {
        amdvi_trace_set(record, key, value(random, rule));
    }
}

static void add_labels(struct random_trace *random)
{
    struct amdvi_trace_record *record = &random->record;
    if (!random_trace_below(random, 4))
        amdvi_trace_set(record, AMDVI_TRACE_KEY_T, number(random, UINT64_MAX));
    if (!random_trace_below(random, 8)) {
        record->have |= AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_VM);
        record->vm = word(random, random->text[2], sizeof(random->text[2]), false);
    }
    if (!random_trace_below(random, 8)) {
        record->have |= AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_CPU);
        record->cpu = word(random, random->text[3], sizeof(random->text[3]), false);
    }
    if (!random_trace_below(random, 4))
        record->comment = comment(random);
}

static void add_pairs(struct random_trace *random)
{
    size_t count = 1 + random_trace_below(random, 4);
    for (size_t i = 0; i < count; i++) {
        random->pairs[i].key = word(random, random->pair_text[2 * i], 16, true);
        random->pairs[i].value = word(random, random->pair_text[2 * i + 1], 40, false);
    }
    random->record.pairs = random->pairs;
    random->record.pairs_count = count;
}

const struct amdvi_trace_record *random_record(struct random_trace *random, enum amdvi_trace_kind kind)
{
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(kind);
    amdvi_trace_record_init(&random->record, kind);
    if (kind == AMDVI_TRACE_KIND_COMMENT)
        random->record.comment = comment(random);
    if (kind == AMDVI_TRACE_KIND_COMMENT || kind == AMDVI_TRACE_KIND_BLANK)
        return &random->record;
    if (kind == AMDVI_TRACE_KIND_CONFIG)
        add_pairs(random);
    for (size_t i = 0; i < info->rules_count; i++)
        add_key(random, &info->rules[i]);
    add_labels(random);
    return &random->record;
}

const struct amdvi_trace_record *random_any(struct random_trace *random)
{
    return random_record(random,
                         (enum amdvi_trace_kind)(1 + random_trace_below(random, AMDVI_TRACE_KINDS - 1)));
}
