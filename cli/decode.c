// SPDX-License-Identifier: Apache-2.0
/* `amdvi decode`: the fields of commands, log records, table entries and registers. */
#include "cli/cli.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char help[] =
    "usage: amdvi decode [--as LAYOUT] WORD...\n"
    "       amdvi decode --register OFFSET|NAME VALUE\n"
    "       amdvi decode --list\n\n"
    "Shows the fields of a command, event record, table entry or register. WORD is a 64-bit hex word with "
    "or\n"
    "without 0x, low word first; or all bytes as one hex string, lowest address first, as in traces (8, 16 "
    "or\n"
    "32 bytes; a single word of 16 digits is taken as a number, --bytes says otherwise).\n\n"
    "  -a, --as LAYOUT      a layout of --list; without it the size and the code in the value decide\n"
    "  -r, --register REG   the register at that MMIO offset, or of that name\n"
    "  -b, --bytes          a 16-digit WORD is bytes, lowest address first\n"
    "  -d, --doc            explain each field\n"
    "  -z, --nonzero        only fields that are not zero\n"
    "  -l, --list           all layouts\n"
    "  -j, --json           for machines\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi decode --as dte 600000010DBB7603 000000000000000D 2000000195BF6013 0\n"
    "  amdvi decode 000000001100003003f0ffffffffff7f\n"
    "  amdvi decode --register 0x18 0x1485\n\n"
    "exit codes: 0 done; 2 the command line cannot be understood\n";

enum { WORDS = 4 };

struct job {
    const struct amdvi_layout *layout;
    const char *guess; /* why that layout, or null when it was given */
    uint64_t words[WORDS];
    unsigned bits; /* that were given */
    bool bytes, doc, nonzero, list, json;
    const char *as, *reg;
};

static int wrong(const char *message, const char *what)
{
    return usage_error(&command_decode, message, what);
}

/* ---------------------------------------------------------------- input */

static bool all_hex(const char *text)
{
    for (const char *at = text; *at; at++)
        if (!isxdigit((unsigned char)*at))
            return false;
    return *text != 0;
}

static unsigned digit(char c)
{
    return (unsigned)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
}

/* All bytes of the value, lowest address first. */
static void take_bytes(struct job *job, const char *text)
{
    size_t bytes = strlen(text) / 2;

    for (size_t i = 0; i < bytes; i++) {
        uint64_t byte = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
        job->words[i / 8] |= byte << i % 8 * 8;
    }
    job->bits = (unsigned)bytes * 8;
}

static bool take_word(struct job *job, const char *text, unsigned index)
{
    const char *hex = text[0] == '0' && (text[1] | 32) == 'x' ? text + 2 : text;

    if (!all_hex(hex) || strlen(hex) > 16 || index >= WORDS)
        return false;
    for (; *hex; hex++)
        job->words[index] = job->words[index] << 4 | digit(*hex);
    job->bits = (index + 1) * 64;
    return true;
}

static bool is_byte_string(const struct job *job, const char *text, int count)
{
    size_t length = strlen(text);

    if (count != 1 || !all_hex(text))
        return false;
    return length == 32 || length == 64 || (job->bytes && (length == 8 || length == 16));
}

static int take_words(struct job *job, int count, char **words)
{
    if (count < 1 || count > WORDS)
        return wrong("%s", "1 to 4 words are needed; see amdvi decode --help");
    if (is_byte_string(job, words[0], count)) {
        take_bytes(job, words[0]);
        return CLI_OK;
    }
    for (int i = 0; i < count; i++)
        if (!take_word(job, words[i], (unsigned)i))
            return wrong("'%s' is neither a hex word of up to 64 bits nor 16 or 32 bytes", words[i]);
    return CLI_OK;
}

/* ---------------------------------------------------------------- which layout */

/* 128 bits: command opcodes and event codes overlap in bits 63:60. Commands have reserved bits that must be
 * 0; a value that breaks them is more likely an event. */
static bool reserved_clear(const struct amdvi_layout *layout, const uint64_t *words)
{
    for (unsigned i = 0; i < layout->nfields; i++)
        if (layout->fields[i].reserved && amdvi_field_get(&layout->fields[i], words))
            return false;
    return true;
}

static void guess_record(struct job *job)
{
    unsigned code = (unsigned)(job->words[0] >> 60);
    const struct amdvi_layout *command = amdvi_layout_of_command(code), *event = amdvi_layout_of_event(code);

    if (command && (!event || reserved_clear(command, job->words))) {
        job->layout = command;
        job->guess = "guessed: 128 bits with that opcode; could be an event record, use --as";
    } else {
        job->layout = event;
        job->guess = "guessed: 128 bits with that event code; could be a command, use --as";
    }
}

static int guess_layout(struct job *job)
{
    if (job->bits == 256) {
        job->layout = amdvi_layout_find("dte");
        job->guess = "guessed: 256 bits";
    } else if (job->bits == 128) {
        guess_record(job);
    } else if (job->bits == 64) {
        job->layout = amdvi_layout_find("v1");
        job->guess =
            "guessed: 64 bits; v2, gcr3, ga, irte32 and registers are others, use --as or --register";
    }
    if (job->layout)
        return CLI_OK;
    return wrong("%s", "nothing known has this size and code; use --as, see --list");
}

/* "control" and "reg_control" alike. */
static const struct amdvi_register *find_register(const char *text)
{
    const struct amdvi_register *found;
    uint64_t offset;

    if (parse_number(text, &offset))
        return offset <= UINT32_MAX ? amdvi_register_at((uint32_t)offset) : NULL;
    found = amdvi_register_find(text);
    return found || strncmp(text, "reg_", 4) ? found : amdvi_register_find(text + 4);
}

static int choose_layout(struct job *job)
{
    const struct amdvi_register *reg = job->reg ? find_register(job->reg) : NULL;
    uint64_t offset;

    if (job->reg && !reg)
        return wrong("--register: no register '%s'", job->reg);
    if (job->reg && parse_number(job->reg, &offset) && offset % reg->width != reg->offset % reg->width)
        return usage_error(&command_decode, "--register: no register begins at %s; it lies inside %s",
                           job->reg, reg->name);
    if (job->reg)
        job->layout = reg->layout;
    else if (job->as)
        job->layout = amdvi_layout_find(job->as);
    else
        return guess_layout(job);
    if (!job->layout)
        return wrong("--as: no layout '%s'; amdvi decode --list shows them", job->as);
    if (job->bits > (job->layout->bits < 64 ? 64u : job->layout->bits))
        return usage_error(&command_decode, "%s: %u bits are given, %s has %u",
                           job->reg ? "--register" : "--as", job->bits, job->layout->name, job->layout->bits);
    return CLI_OK;
}

/* ---------------------------------------------------------------- output */

static int list_layouts(bool json)
{
    struct json_object *array = json_object_new_array();
    const struct amdvi_layout *layout;

    for (size_t i = 0; (layout = amdvi_layout_at(i)); i++) {
        struct json_object *object = json_object_new_object();
        json_put_text(object, "name", layout->name);
        json_put_text(object, "title", layout->title);
        json_put_count(object, "bits", layout->bits);
        json_put_text(object, "section", layout->section);
        json_object_array_add(array, object);
        if (!json)
            printf("%-26s %4u bits  %s\n", layout->name, layout->bits, layout->title);
    }
    if (json)
        json_print(stdout, array);
    else
        json_object_put(array);
    return CLI_OK;
}

static void print_text(const struct job *job)
{
    char text[128];

    words_text(job->words, job->layout->bits, text, sizeof(text));
    printf("%s (%s): %s\n", job->layout->title, job->layout->name, text);
    if (job->guess)
        printf("%s\n", job->guess);
    fields_print(job->layout, job->words, (job->doc ? FIELDS_DOC : 0u) | (job->nonzero ? FIELDS_SET : 0u), 2);
}

static void print_json(const struct job *job)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "schema", "amdvi-decode 1");
    json_put_text(object, "layout", job->layout->name);
    json_put_text(object, "title", job->layout->title);
    json_put_bool(object, "guessed", job->guess);
    json_object_object_add(object, "words", words_json(job->words, job->layout->bits));
    json_object_object_add(object, "fields", fields_json(job->layout, job->words));
    json_print(stdout, object);
}

static int decode(struct job *job, int count, char **words)
{
    if (job->list)
        return list_layouts(job->json);
    if (take_words(job, count, words) != CLI_OK || choose_layout(job) != CLI_OK)
        return CLI_WRONG;
    if (job->json)
        print_json(job);
    else
        print_text(job);
    return CLI_OK;
}

static void take_option(struct job *job, int option)
{
    job->as = option == 'a' ? optarg : job->as;
    job->reg = option == 'r' ? optarg : job->reg;
    job->bytes |= option == 'b';
    job->doc |= option == 'd';
    job->nonzero |= option == 'z';
    job->list |= option == 'l';
    job->json |= option == 'j';
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"as", required_argument, NULL, 'a'},
        {"register", required_argument, NULL, 'r'},
        {"bytes", no_argument, NULL, 'b'},
        {"doc", no_argument, NULL, 'd'},
        {"nonzero", no_argument, NULL, 'z'},
        {"list", no_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {0},
    };
    struct job job = {0};
    int option, status;

    while ((option = option_next(&command_decode, argc, argv, ":ha:r:bdzlj", options, &status)) !=
           OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        take_option(&job, option);
    }
    return decode(&job, argc - optind, argv + optind);
}

const struct command command_decode = {
    "decode", "show the fields of commands, records, entries and registers", help, run};
