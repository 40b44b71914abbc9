// SPDX-License-Identifier: Apache-2.0
/* A little on top of json-c: addresses and register values are hex text, because readers keep only 53 bits.
 */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 sequence at `text`; 0 when it is none. Overlong forms are not looked for. */
static size_t sequence(const unsigned char *text)
{
    size_t length = text[0] < 0x80                      ? 1
                    : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                    : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                    : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                        : 0;

    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* JSON is UTF-8; file names and labels of traces may be any bytes. */
static struct json_object *text_object(const char *text)
{
    char *copy = strdup(text);
    struct json_object *object;

    if (!copy)
        return NULL;
    for (unsigned char *at = (unsigned char *)copy; *at;) {
        size_t length = sequence(at);
        if (!length)
            *at = '?';
        at += length ? length : 1;
    }
    object = json_object_new_string(copy);
    free(copy);
    return object;
}

void json_put_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text ? text_object(text) : NULL);
}

void json_add_text(struct json_object *array, const char *text)
{
    json_object_array_add(array, text_object(text));
}

void json_put_hex(struct json_object *object, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "0x%" PRIx64, value);
    json_put_text(object, key, text);
}

void json_put_count(struct json_object *object, const char *key, uint64_t value)
{
    json_object_object_add(object, key, json_object_new_uint64(value));
}

void json_put_real(struct json_object *object, const char *key, double value)
{
    json_object_object_add(object, key, json_object_new_double(value));
}

void json_put_bool(struct json_object *object, const char *key, bool value)
{
    json_object_object_add(object, key, json_object_new_boolean(value));
}

void json_print(FILE *out, struct json_object *object)
{
    fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE),
          out);
    fputc('\n', out);
    json_object_put(object);
}
