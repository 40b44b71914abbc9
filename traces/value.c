// SPDX-License-Identifier: Apache-2.0
/* Values: text to number and back, by the type that the grammar names. */
#include "internal.h"

#include <string.h>

struct word {
    const char *name;
    uint64_t value;
};

static const struct word op_words[] = {{"read", AMDVI_TRACE_OP_READ},
                                       {"write", AMDVI_TRACE_OP_WRITE},
                                       {"exec", AMDVI_TRACE_OP_EXEC},
                                       {"atomic", AMDVI_TRACE_OP_ATOMIC},
                                       {0}};
static const struct word at_words[] = {
    {"untranslated", AMDVI_TRACE_AT_UNTRANSLATED}, {"translated", AMDVI_TRACE_AT_TRANSLATED}, {0}};
static const struct word reply_words[] = {{"abort", AMDVI_TRACE_REPLY_ABORT},
                                          {"zero", AMDVI_TRACE_REPLY_ZERO},
                                          {"drop", AMDVI_TRACE_REPLY_DROP},
                                          {0}};
static const struct word irq_words[] = {
    {"event", AMDVI_TRACE_IRQ_EVENT},     {"ppr", AMDVI_TRACE_IRQ_PPR}, {"ga", AMDVI_TRACE_IRQ_GA},
    {"comwait", AMDVI_TRACE_IRQ_COMWAIT}, {"msi", AMDVI_TRACE_IRQ_MSI}, {0}};
static const struct word event_words[] = {
    {"ILLEGAL_DEV_TABLE_ENTRY", 0x1}, {"IO_PAGE_FAULT", 0x2},          {"DEV_TAB_HARDWARE_ERROR", 0x3},
    {"PAGE_TAB_HARDWARE_ERROR", 0x4}, {"ILLEGAL_COMMAND_ERROR", 0x5},  {"COMMAND_HARDWARE_ERROR", 0x6},
    {"IOTLB_INV_TIMEOUT", 0x7},       {"INVALID_DEVICE_REQUEST", 0x8}, {"INVALID_PPR_REQUEST", 0x9},
    {"EVENT_COUNTER_ZERO", 0xa},      {"GUEST_EVENT_FAULT", 0xb},      {"VIOMMU_HARDWARE_ERROR", 0xc},
    {"RMP_PAGE_FAULT", 0xd},          {"RMP_HARDWARE_ERROR", 0xe},     {0}};
/* The order of names in a printed list is the order here. */
static const struct word flag_words[] = {{"GN", AMDVI_TRACE_FLAG_GN},
                                         {"NX", AMDVI_TRACE_FLAG_NX},
                                         {"US", AMDVI_TRACE_FLAG_US},
                                         {"I", AMDVI_TRACE_FLAG_I},
                                         {"PR", AMDVI_TRACE_FLAG_PR},
                                         {"RW", AMDVI_TRACE_FLAG_RW},
                                         {"PE", AMDVI_TRACE_FLAG_PE},
                                         {"RZ", AMDVI_TRACE_FLAG_RZ},
                                         {"TR", AMDVI_TRACE_FLAG_TR},
                                         {"T1", 1 << 9},
                                         {"T2", 2 << 9},
                                         {"T3", 3 << 9},
                                         {"T4", 4 << 9},
                                         {"T5", 5 << 9},
                                         {"T6", 6 << 9},
                                         {"T7", 7 << 9},
                                         {"vNR", AMDVI_TRACE_FLAG_VNR},
                                         {"vEvent", AMDVI_TRACE_FLAG_VEVENT},
                                         {"vPtr", AMDVI_TRACE_FLAG_VPTR},
                                         {"vCmd", AMDVI_TRACE_FLAG_VCMD},
                                         {"R", AMDVI_TRACE_FLAG_R},
                                         {"W", AMDVI_TRACE_FLAG_W},
                                         {"X", AMDVI_TRACE_FLAG_X},
                                         {"RX", AMDVI_TRACE_FLAG_RX},
                                         {0}};
static const struct word ppr_words[] = {{"R", AMDVI_TRACE_PPR_R},       {"W", AMDVI_TRACE_PPR_W},
                                        {"X", AMDVI_TRACE_PPR_X},       {"US", AMDVI_TRACE_PPR_US},
                                        {"GN", AMDVI_TRACE_PPR_GN},     {"RZ", AMDVI_TRACE_PPR_RZ},
                                        {"LAST", AMDVI_TRACE_PPR_LAST}, {0}};

static const struct word *words_of(unsigned type)
{
    switch (type) {
    case AMDVI_TRACE_TYPE_OP:
        return op_words;
    case AMDVI_TRACE_TYPE_AT:
        return at_words;
    case AMDVI_TRACE_TYPE_REPLY:
        return reply_words;
    case AMDVI_TRACE_TYPE_EVENT:
        return event_words;
    case AMDVI_TRACE_TYPE_IRQ:
        return irq_words;
    default:
        return NULL;
    }
}

static const struct word *word_by_name(const struct word *words, const char *text, size_t len)
{
    for (; words->name; words++) {
        if (words->name[0] == text[0] && strlen(words->name) == len && !memcmp(words->name, text, len))
            return words;
    }
    return NULL;
}

static const struct word *word_by_value(const struct word *words, uint64_t value)
{
    for (; words->name; words++) {
        if (words->value == value)
            return words;
    }
    return NULL;
}

const char *amdvi_trace_event_name(uint64_t code)
{
    const struct word *word = word_by_value(event_words, code);
    return word ? word->name : NULL;
}

/* 0 … 15, or more for any other character. */
static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

bool trace_parse_hex(const char *text, size_t len, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = hex_digit(text[i]);
        if (digit > 15 || sum >> 60)
            return false;
        sum = sum << 4 | digit;
    }
    *value = sum;
    return len > 0;
}

bool trace_parse_number(const char *text, size_t len, uint64_t *value)
{
    if (len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
        return trace_parse_hex(text + 2, len - 2, value);
    uint64_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9 || sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return len > 0;
}

bool trace_parse_bytes(const char *text, size_t len, uint8_t *to)
{
    if (!len || len % 2)
        return false;
    unsigned bad = 0;
    for (size_t i = 0; i < len; i += 2) {
        unsigned high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        bad |= high | low;
        to[i / 2] = (uint8_t)(high << 4 | low);
    }
    return bad < 16;
}

/* The letters of rwx in that order, or '-' for none. */
static bool parse_perm(const char *text, size_t len, uint64_t *value)
{
    static const char letters[] = "rwx";
    uint64_t perm = 0;
    size_t at = 0;
    if (len == 1 && text[0] == '-') {
        *value = 0;
        return true;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (at < len && text[at] == letters[i]) {
            perm |= 1u << i;
            at++;
        }
    }
    *value = perm;
    return len && at == len;
}

static bool parse_flags(const struct word *words, const char *text, size_t len, uint64_t *value)
{
    uint64_t sum = 0;
    if (len == 1 && text[0] == '0') {
        *value = 0;
        return true;
    }
    for (size_t at = 0; at <= len;) {
        const char *plus = memchr(text + at, '+', len - at);
        size_t end = plus ? (size_t)(plus - text) : len;
        const struct word *word = end > at ? word_by_name(words, text + at, end - at) : NULL;
        bool typed = word && (word->value & AMDVI_TRACE_FLAG_TYPE_MASK);
        if (!word || (sum & (typed ? AMDVI_TRACE_FLAG_TYPE_MASK : word->value)))
            return false;
        sum |= word->value;
        at = end + 1;
    }
    *value = sum;
    return true;
}

static bool parse_log(const char *text, size_t len, uint64_t *value)
{
    if (len == 4 && !memcmp(text, "host", 4)) {
        *value = AMDVI_TRACE_LOG_HOST;
        return true;
    }
    return trace_parse_number(text, len, value);
}

/* The digits before `end`, which is left behind them; false when there are none, too many or another end. */
static bool take_hex(const char **at, const char *last, size_t most, char end, uint64_t *value)
{
    size_t len = 0;
    while (*at + len < last && len < most && hex_digit((*at)[len]) < 16)
        len++;
    if (!trace_parse_hex(*at, len, value))
        return false;
    *at += len;
    if (*at == last || **at != end)
        return *at == last && !end;
    *at += 1;
    return true;
}

/* 01:00.0, or with the segment that Linux prints in front, which a DeviceID does not have. */
static bool parse_device(const char *text, size_t len, uint64_t *value)
{
    const char *at = text, *last = text + len;
    uint64_t segment, bus, slot, function;
    if (len == sizeof("0000:01:00.0") - 1 && (!take_hex(&at, last, 4, ':', &segment) || segment))
        return false;
    if (!take_hex(&at, last, 2, ':', &bus) || !take_hex(&at, last, 2, '.', &slot) ||
        !take_hex(&at, last, 1, 0, &function) || slot > 31 || function > 7)
        return false;
    *value = bus << 8 | slot << 3 | function;
    return true;
}

static const char *expected(unsigned type)
{
    switch (type) {
    case AMDVI_TRACE_TYPE_BOOL:
        return "0 or 1";
    case AMDVI_TRACE_TYPE_SIZE_4_8:
        return "4 or 8";
    case AMDVI_TRACE_TYPE_SIZE_1_2_4:
        return "1, 2 or 4";
    case AMDVI_TRACE_TYPE_OP:
        return "read, write, exec or atomic";
    case AMDVI_TRACE_TYPE_AT:
        return "untranslated or translated";
    case AMDVI_TRACE_TYPE_REPLY:
        return "abort, zero or drop";
    case AMDVI_TRACE_TYPE_EVENT:
        return "an event name";
    case AMDVI_TRACE_TYPE_IRQ:
        return "event, ppr, ga, comwait or msi";
    case AMDVI_TRACE_TYPE_PERM:
        return "letters of rwx in that order, or -";
    case AMDVI_TRACE_TYPE_FLAGS:
        return "flag names joined by +, or 0";
    case AMDVI_TRACE_TYPE_PPR_FLAGS:
        return "names of R W X US GN RZ LAST joined by +, or 0";
    case AMDVI_TRACE_TYPE_LOG:
        return "host or a GuestID";
    case AMDVI_TRACE_TYPE_DEVICE:
        return "a DeviceID: a number up to 0xffff, or bus:device.function";
    default:
        return "a decimal or 0x number of 64 bits";
    }
}

const char *trace_parse_value(const struct amdvi_trace_rule *rule, const char *text, size_t len,
                              uint64_t *value)
{
    bool good;
    const struct word *words = words_of(rule->type), *word;
    if (words) {
        word = word_by_name(words, text, len);
        *value = word ? word->value : 0;
        return word ? NULL : expected(rule->type);
    }
    switch (rule->type) {
    case AMDVI_TRACE_TYPE_PERM:
        good = parse_perm(text, len, value);
        break;
    case AMDVI_TRACE_TYPE_FLAGS:
        good = parse_flags(flag_words, text, len, value);
        break;
    case AMDVI_TRACE_TYPE_PPR_FLAGS:
        good = parse_flags(ppr_words, text, len, value);
        break;
    case AMDVI_TRACE_TYPE_LOG:
        /* A GuestID that is written as a number is never "host". */
        good = parse_log(text, len, value) && (*value != AMDVI_TRACE_LOG_HOST || text[0] == 'h');
        break;
    case AMDVI_TRACE_TYPE_DEVICE:
        good = trace_parse_number(text, len, value) || parse_device(text, len, value);
        break;
    default:
        good = trace_parse_number(text, len, value);
        break;
    }
    return good ? trace_check_value(rule, *value) : expected(rule->type);
}

static uint64_t all_words(const struct word *words)
{
    uint64_t all = 0;
    for (; words->name; words++)
        all |= words->value;
    return all;
}

const char *trace_check_value(const struct amdvi_trace_rule *rule, uint64_t value)
{
    bool good = value <= rule->max;
    const struct word *words = words_of(rule->type);
    if (words)
        return word_by_value(words, value) ? NULL : expected(rule->type);
    switch (rule->type) {
    case AMDVI_TRACE_TYPE_SIZE_4_8:
        good = value == 4 || value == 8;
        break;
    case AMDVI_TRACE_TYPE_SIZE_1_2_4:
        good = value == 1 || value == 2 || value == 4;
        break;
    case AMDVI_TRACE_TYPE_PERM:
        good = value < 8;
        break;
    case AMDVI_TRACE_TYPE_FLAGS:
        good = !(value & ~all_words(flag_words));
        break;
    case AMDVI_TRACE_TYPE_PPR_FLAGS:
        good = !(value & ~all_words(ppr_words));
        break;
    case AMDVI_TRACE_TYPE_LOG:
        good = value <= 0xffff || value == AMDVI_TRACE_LOG_HOST;
        break;
    case AMDVI_TRACE_TYPE_NUMBER:
        return good ? NULL : "within the range of this key";
    default:
        break;
    }
    return good ? NULL : expected(rule->type);
}

void trace_print_hex(struct trace_buffer *out, uint64_t value)
{
    char text[18];
    size_t at = sizeof(text);
    do {
        text[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    text[--at] = 'x';
    text[--at] = '0';
    trace_buffer_put(out, text + at, sizeof(text) - at);
}

static void print_decimal(struct trace_buffer *out, uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    trace_buffer_put(out, text + at, sizeof(text) - at);
}

void trace_print_bytes(struct trace_buffer *out, const uint8_t *bytes, size_t len)
{
    if (len > SIZE_MAX / 2 || !trace_buffer_reserve(out, len * 2))
        return;
    for (size_t i = 0; i < len; i++) {
        out->bytes[out->len++] = (uint8_t) "0123456789abcdef"[bytes[i] >> 4];
        out->bytes[out->len++] = (uint8_t) "0123456789abcdef"[bytes[i] & 15];
    }
}

/* The three type bits are one value with seven names; every other bit has a name of its own. */
static bool flag_is_set(const struct word *word, uint64_t flags, bool typed)
{
    if (typed && (word->value & AMDVI_TRACE_FLAG_TYPE_MASK))
        return (flags & AMDVI_TRACE_FLAG_TYPE_MASK) == word->value;
    return flags & word->value;
}

static void print_flags(struct trace_buffer *out, const struct word *words, uint64_t flags)
{
    bool first = true;
    for (const struct word *word = words; word->name; word++) {
        if (!flag_is_set(word, flags, words == flag_words))
            continue;
        if (!first)
            trace_buffer_byte(out, '+');
        trace_buffer_text(out, word->name);
        first = false;
    }
    if (first)
        trace_buffer_byte(out, '0');
}

static void print_perm(struct trace_buffer *out, uint64_t perm)
{
    for (unsigned i = 0; i < 3; i++) {
        if (perm & 1u << i)
            trace_buffer_byte(out, (uint8_t) "rwx"[i]);
    }
    if (!(perm & 7))
        trace_buffer_byte(out, '-');
}

void trace_print_value(struct trace_buffer *out, const struct amdvi_trace_rule *rule, uint64_t value)
{
    const struct word *words = words_of(rule->type);
    const struct word *word = words ? word_by_value(words, value) : NULL;
    if (word)
        trace_buffer_text(out, word->name);
    else if (rule->type == AMDVI_TRACE_TYPE_PERM)
        print_perm(out, value);
    else if (rule->type == AMDVI_TRACE_TYPE_FLAGS)
        print_flags(out, flag_words, value);
    else if (rule->type == AMDVI_TRACE_TYPE_PPR_FLAGS)
        print_flags(out, ppr_words, value);
    else if (rule->type == AMDVI_TRACE_TYPE_LOG && value == AMDVI_TRACE_LOG_HOST)
        trace_buffer_text(out, "host");
    else if (rule->decimal || rule->type == AMDVI_TRACE_TYPE_SIZE_4_8 ||
             rule->type == AMDVI_TRACE_TYPE_SIZE_1_2_4)
        print_decimal(out, value);
    else
        trace_print_hex(out, value);
}

static size_t flags_text(const struct word *words, uint64_t flags, char *buffer, size_t size)
{
    struct trace_buffer out = {0};
    print_flags(&out, words, flags);
    size_t len = out.failed ? 0 : out.len;
    if (size) {
        size_t copied = len < size ? len : size - 1;
        if (copied)
            memcpy(buffer, out.bytes, copied);
        buffer[copied] = 0;
    }
    trace_buffer_free(&out);
    return len;
}

size_t amdvi_trace_flags_text(uint64_t flags, char *buffer, size_t size)
{
    return flags_text(flag_words, flags, buffer, size);
}

size_t amdvi_trace_ppr_flags_text(uint64_t flags, char *buffer, size_t size)
{
    return flags_text(ppr_words, flags, buffer, size);
}
