// SPDX-License-Identifier: Apache-2.0
/* Layouts, sizes and names as text. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool nameless(const struct amdvi_field *field)
{
    return field->reserved || !strcmp(field->name, "Rsvd") || !strcmp(field->name, "Ignored");
}

/* Fields that say something: named ones; reserved ones only when a bit is set; readings under a condition
 * only on request. */
static bool worth_showing(const struct amdvi_field *field, uint64_t value, unsigned flags)
{
    if ((flags & FIELDS_SET) && (!value || field->view))
        return false;
    return value || !nameless(field);
}

static void value_text(const struct amdvi_field *field, uint64_t value, char *text, size_t size)
{
    const char *name = amdvi_field_value_name(field, value);

    if (name)
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
}

void field_bits_text(const struct amdvi_field *field, char *text, size_t size)
{
    size_t used = 0;

    text[0] = 0;
    for (unsigned i = field->npieces; i-- > 0 && used < size;) {
        const struct amdvi_piece *p = &field->pieces[i];
        used += (size_t)snprintf(text + used, size - used, p->width > 1 ? "%s%u:%u" : "%s%u", used ? "," : "",
                                 p->width > 1 ? p->lsb + p->width - 1u : p->lsb, (unsigned)p->lsb);
    }
}

static void field_line(const struct amdvi_field *field, uint64_t value, unsigned flags, int indent)
{
    char bits[64], text[64];

    field_bits_text(field, bits, sizeof(bits));
    value_text(field, value, text, sizeof(text));
    printf("%*s%-14s %-20s %s", indent, "", bits, field->name, text);
    if (amdvi_field_value_name(field, value))
        printf(" (%" PRIu64 ")", value);
    if (nameless(field) && value && !field->ignored)
        printf(" not zero in reserved bits");
    if (field->view)
        printf(" [when %s]", field->view);
    if ((flags & FIELDS_DOC) && field->doc && *field->doc)
        printf("%*s%s", (int)strlen(text) < 14 ? 16 - (int)strlen(text) : 2, "", field->doc);
    putchar('\n');
}

void fields_print(const struct amdvi_layout *layout, const uint64_t *words, unsigned flags, int indent)
{
    for (unsigned i = 0; i < layout->nfields; i++) {
        uint64_t value = amdvi_field_get(&layout->fields[i], words);
        if (worth_showing(&layout->fields[i], value, flags))
            field_line(&layout->fields[i], value, flags, indent);
    }
}

void fields_brief(FILE *out, const struct amdvi_layout *layout, const uint64_t *words)
{
    const char *between = "";

    for (unsigned i = 0; i < layout->nfields; i++) {
        const struct amdvi_field *field = &layout->fields[i];
        uint64_t value = amdvi_field_get(field, words);
        char text[64];
        if (field->ignored || !worth_showing(field, value, FIELDS_SET))
            continue;
        value_text(field, value, text, sizeof(text));
        fprintf(out, "%s%s=%s", between, field->name, text);
        between = " ";
    }
    if (!*between)
        fputs("all zero", out);
}

static struct json_object *field_json(const struct amdvi_field *field, uint64_t value)
{
    struct json_object *object = json_object_new_object();
    char bits[64];

    field_bits_text(field, bits, sizeof(bits));
    json_put_text(object, "name", field->name);
    json_put_text(object, "bits", bits);
    json_put_hex(object, "value", value);
    json_put_text(object, "value_name", amdvi_field_value_name(field, value));
    json_put_bool(object, "reserved", nameless(field) && !field->ignored);
    if (field->view)
        json_put_text(object, "when", field->view);
    json_put_text(object, "meaning", field->doc);
    return object;
}

struct json_object *fields_json(const struct amdvi_layout *layout, const uint64_t *words)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < layout->nfields; i++) {
        uint64_t value = amdvi_field_get(&layout->fields[i], words);
        if (worth_showing(&layout->fields[i], value, 0))
            json_object_array_add(array, field_json(&layout->fields[i], value));
    }
    return array;
}

uint64_t field_value(const struct amdvi_layout *layout, const char *name, const uint64_t *words)
{
    const struct amdvi_field *field = amdvi_layout_field(layout, name);

    return field ? amdvi_field_get(field, words) : 0;
}

void words_text(const uint64_t *words, unsigned bits, char *text, size_t size)
{
    size_t used = 0;

    text[0] = 0;
    for (unsigned i = 0; i * 64 < bits && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s0x%0*" PRIx64, i ? " " : "",
                                 bits < 64 ? (int)bits / 4 : 16, words[i]);
}

struct json_object *words_json(const uint64_t *words, unsigned bits)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i * 64 < bits; i++) {
        char text[24];
        snprintf(text, sizeof(text), "0x%016" PRIx64, words[i]);
        json_add_text(array, text);
    }
    return array;
}

const char *size_text(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;

    while (bytes >= 1024 && bytes % 1024 == 0 && unit < 6) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, "%" PRIu64 " %s", bytes, units[unit]);
    return text;
}

const char *count_text(uint64_t count, const char *one, char text[COUNT_TEXT])
{
    snprintf(text, COUNT_TEXT, "%" PRIu64 " %s%s", count, one, count == 1 ? "" : "s");
    return text;
}

const char *perm_text(unsigned perm, char text[4])
{
    size_t n = 0;

    if (perm & AMDVI_RIGHT_READ)
        text[n++] = 'r';
    if (perm & AMDVI_RIGHT_WRITE)
        text[n++] = 'w';
    if (perm & AMDVI_RIGHT_EXEC)
        text[n++] = 'x';
    if (!n)
        text[n++] = '-';
    text[n] = 0;
    return text;
}

const char *op_text(unsigned op)
{
    static const char *const names[] = {"read", "write", "exec", "atomic"};

    return op < 4 ? names[op] : "?";
}

const char *reply_text(unsigned reply)
{
    static const char *const names[] = {"none", "abort", "zero", "drop"};

    return reply < 4 ? names[reply] : "?";
}

const char *access_text(enum amdvi_access access)
{
    static const char *const names[] = {"device table entry",
                                        "host table entry",
                                        "GCR3 entry",
                                        "guest table entry",
                                        "interrupt table entry",
                                        "command",
                                        "log record",
                                        "completion store",
                                        "vAPIC page",
                                        "ID map",
                                        "data"};

    return (unsigned)access < sizeof(names) / sizeof(names[0]) ? names[access] : "?";
}

const char *cache_text(enum amdvi_cache cache)
{
    static const char *const names[] = {"DTC", "ITC", "PTC", "PDC", "GCR3"};

    return (unsigned)cache < AMDVI_CACHES ? names[cache] : "?";
}

const char *device_text(uint16_t device, char text[8])
{
    snprintf(text, 8, "%02x:%02x.%x", device >> 8, device >> 3 & 31, device & 7u);
    return text;
}

const char *command_name(unsigned opcode)
{
    const struct amdvi_layout *layout = amdvi_layout_of_command(opcode);

    return layout ? layout->title : "reserved opcode";
}

char *record_text(const struct amdvi_trace_record *record)
{
    struct amdvi_trace_record bare = *record;
    size_t length;
    char *text;

    bare.comment = NULL;
    length = amdvi_trace_format(&bare, NULL, 0);
    text = malloc(length + 1);
    if (text)
        amdvi_trace_format(&bare, text, length + 1);
    return text;
}

const struct amdvi_layout *irte_layout(const uint64_t *words, size_t bytes)
{
    if (bytes == 4)
        return amdvi_layout_find("irte32");
    return amdvi_layout_find(field_value(amdvi_layout_find("irte"), "GuestMode", words) ? "irteg" : "irte");
}

const struct amdvi_layout *record_layout(enum amdvi_log log, const uint64_t *words)
{
    if (log == AMDVI_LOG_PPR)
        return amdvi_layout_find("ppr");
    if (log == AMDVI_LOG_GA)
        return amdvi_layout_find("ga");
    return amdvi_layout_of_event((unsigned)(words[0] >> 60));
}

const struct amdvi_layout *access_layout(const struct amdvi_access_info *info)
{
    switch (info->access) {
    case AMDVI_ACCESS_DTE:
        return info->length == 32 ? amdvi_layout_find("dte") : NULL;
    case AMDVI_ACCESS_HOST_ENTRY:
        return amdvi_layout_find("v1");
    case AMDVI_ACCESS_GCR3_ENTRY:
        return amdvi_layout_find("gcr3");
    case AMDVI_ACCESS_GUEST_ENTRY:
        return amdvi_layout_find("v2");
    case AMDVI_ACCESS_IRTE:
        return irte_layout(info->value, info->length);
    case AMDVI_ACCESS_LOG:
        return info->length == 16 ? record_layout(AMDVI_LOG_EVENT, info->value) : NULL;
    default:
        return NULL;
    }
}
