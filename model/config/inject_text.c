// SPDX-License-Identifier: Apache-2.0
/* Plans of faults as text; the grammar is in the public header. */
#include "amdvi/inject.h"

#include <string.h>

/* What is left of a text, taken apart from the left. */
struct scan {
    const char *at, *end;
};

static struct scan take(struct scan *s, char separator)
{
    const char *stop = memchr(s->at, separator, (size_t)(s->end - s->at));
    struct scan part = {.at = s->at, .end = stop ? stop : s->end};

    s->at = stop ? stop + 1 : s->end;
    return part;
}

static bool is(struct scan s, const char *word)
{
    size_t length = (size_t)(s.end - s.at);

    return strlen(word) == length && memcmp(s.at, word, length) == 0;
}

/* Index of the word in a list that ends with null, or -1. */
static int find(struct scan s, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (is(s, words[i]))
            return i;
    return -1;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool number(struct scan s, uint64_t *value)
{
    int base = 10;

    if (s.end - s.at > 2 && s.at[0] == '0' && (s.at[1] | 32) == 'x') {
        base = 16;
        s.at += 2;
    }
    *value = 0;
    for (const char *c = s.at; c < s.end; c++) {
        if (digit(*c) >= base || *value > (UINT64_MAX - (uint64_t)digit(*c)) / (uint64_t)base)
            return false;
        *value = *value * (uint64_t)base + (uint64_t)digit(*c);
    }
    return s.at < s.end;
}

static bool range(struct scan s, struct amdvi_inject_rule *rule)
{
    struct scan first = take(&s, '-');

    rule->by_address = true;
    if (!number(first, &rule->first))
        return false;
    rule->last = rule->first;
    return first.end == s.end || (number(s, &rule->last) && rule->last >= rule->first);
}

static bool device(struct scan s, struct amdvi_inject_rule *rule)
{
    uint64_t value;

    if (!number(s, &value) || value > UINT16_MAX)
        return false;
    rule->by_device = true;
    rule->device = (uint16_t)value;
    return true;
}

/* The class of accesses that a word names; bits of enum amdvi_access. */
static bool classes(struct scan s, struct amdvi_inject_rule *rule)
{
    static const char *const words[] = {"dte", "pte",   "gcr3",  "gpte", "irte", "command",
                                        "log", "store", "vapic", "map",  "data", NULL};
    int word = find(s, words);

    rule->classes = word >= 0 ? 1u << word : is(s, "all") ? (2u << AMDVI_ACCESS_DATA) - 1 : 0;
    return rule->classes;
}

static bool cache(struct scan s, struct amdvi_inject_rule *rule)
{
    static const char *const words[] = {"dtc", "itc", "ptc", "pdc", "gcr3", NULL};
    int word = find(s, words);

    rule->cache = (uint8_t)word;
    return word >= 0;
}

/* The words before the filters. */
static bool subject(struct scan *s, struct amdvi_inject_rule *rule)
{
    struct scan word = take(s, ':');

    rule->reads = is(word, "read") || is(word, "any");
    rule->writes = is(word, "write") || is(word, "any");
    if (rule->reads || rule->writes) {
        rule->what = AMDVI_INJECT_MEMORY;
        return classes(take(s, ':'), rule);
    }
    if (is(word, "cache")) {
        rule->what = AMDVI_INJECT_CACHE;
        return cache(take(s, ':'), rule);
    }
    rule->what = is(word, "atc") ? AMDVI_INJECT_ATC : AMDVI_INJECT_PRG;
    return is(word, "atc") || is(word, "prg");
}

static bool devices_make_sense(const struct amdvi_inject_rule *rule)
{
    if (rule->what == AMDVI_INJECT_CACHE)
        return rule->cache == AMDVI_CACHE_DTC || rule->cache == AMDVI_CACHE_ITC;
    return rule->what != AMDVI_INJECT_MEMORY;
}

static bool addresses_make_sense(const struct amdvi_inject_rule *rule)
{
    return rule->what == AMDVI_INJECT_MEMORY ||
           (rule->what == AMDVI_INJECT_CACHE && !devices_make_sense(rule));
}

static bool filter(struct scan s, struct amdvi_inject_rule *rule)
{
    struct scan key = take(&s, '=');

    if (is(key, "nth"))
        return !rule->nth && !rule->every && number(s, &rule->nth) && rule->nth;
    if (is(key, "every"))
        return !rule->nth && !rule->every && number(s, &rule->every) && rule->every;
    if (is(key, "addr"))
        return addresses_make_sense(rule) && !rule->by_address && range(s, rule);
    return is(key, "dev") && devices_make_sense(rule) && !rule->by_device && device(s, rule);
}

static bool memory_action(struct scan s, struct amdvi_inject_rule *rule)
{
    static const char *const words[] = {"master_abort", "target_abort", "data_error", NULL};
    int word = find(s, words);

    rule->action = (uint8_t)(AMDVI_INJECT_MASTER_ABORT + word);
    return word >= 0;
}

static bool atc_action(struct scan s, struct amdvi_inject_rule *rule)
{
    rule->action = AMDVI_INJECT_TIMEOUT;
    if (is(s, "timeout"))
        return true;
    rule->action = AMDVI_INJECT_DELAY;
    return is(take(&s, '='), "delay") && number(s, &rule->delay);
}

static bool action(struct scan s, struct amdvi_inject_rule *rule)
{
    switch (rule->what) {
    case AMDVI_INJECT_MEMORY:
        return memory_action(s, rule);
    case AMDVI_INJECT_CACHE:
        rule->action = is(s, "drop") ? AMDVI_INJECT_DROP : AMDVI_INJECT_CORRUPT;
        return is(s, "drop") || is(s, "corrupt");
    case AMDVI_INJECT_ATC:
        return atc_action(s, rule);
    default:
        rule->action = AMDVI_INJECT_DROP;
        return is(s, "drop");
    }
}

/* The last part is the action. */
static bool parse_rule(struct scan s, struct amdvi_inject_rule *rule)
{
    *rule = (struct amdvi_inject_rule){0};
    if (!subject(&s, rule))
        return false;
    for (;;) {
        struct scan part = take(&s, ':');
        if (part.end == s.end)
            return action(part, rule);
        if (!filter(part, rule))
            return false;
    }
}

enum amdvi_status amdvi_inject_parse(const char *text, struct amdvi_inject_rule *rules, size_t room,
                                     size_t *count)
{
    struct amdvi_inject_rule rule;
    struct scan s;

    if (!text || !count || (room && !rules))
        return AMDVI_ERR_ARGUMENT;
    *count = 0;
    for (s = (struct scan){.at = text, .end = text + strlen(text)}; s.at < s.end;) {
        if (!parse_rule(take(&s, ';'), &rule))
            return AMDVI_ERR_BAD_VALUE;
        if (*count == room)
            return AMDVI_ERR_TOO_SMALL;
        rules[(*count)++] = rule;
    }
    return AMDVI_OK;
}
