// SPDX-License-Identifier: Apache-2.0
/* `amdvi decode`: the fields of commands, log records, table entries and registers. */
#include "cli/decode.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: amdvi decode [--as LAYOUT] WORD...\n"
    "       amdvi decode LINE\n"
    "       amdvi decode -\n"
    "       amdvi decode --register OFFSET|NAME VALUE\n"
    "       amdvi decode --list\n\n"
    "Shows the fields of a command, event record, table entry or register. WORD is a 64-bit hex word with "
    "or\n"
    "without 0x, low word first; or all bytes as one hex string, lowest address first, as in traces (8, 16 "
    "or\n"
    "32 bytes; a single word of 16 digits is taken as a number, --bytes says otherwise). LINE is what Linux "
    "prints:\n"
    "\"AMD-Vi: Event logged [...]\", or w0=... w1=... w2=... w3=... of a command. With - all lines of "
    "standard "
    "input\n"
    "that are one or the other are decoded, and so are DTE[0..3] and CMD[0..3] dumps of the kernel.\n\n"
    "  -a, --as LAYOUT      a layout of --list; without it the size and the code in the value decide\n"
    "  -r, --register REG   the register at that MMIO offset, or of that name\n"
    "  -b, --bytes          a 16-digit WORD is bytes, lowest address first\n"
    "  -w, --words32        WORDs have 32 bits, low word first; four of 8 digits without 0x are taken so\n"
    "  -d, --doc            explain each field\n"
    "  -z, --nonzero        only fields that are not zero\n"
    "  -l, --list           all layouts\n"
    "  -j, --json           for machines\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi decode --as dte 600000010DBB7603 000000000000000D 2000000195BF6013 0\n"
    "  amdvi decode 000000001100003003f0ffffffffff7f\n"
    "  amdvi decode --register 0x18 0x1485\n"
    "  amdvi decode w0=0x11be001 w1=0x10000000 w2=0x24 w3=0x0\n"
    "  dmesg | amdvi decode -\n\n"
    "exit codes: 0 done; 2 the command line, or all of standard input, cannot be understood\n";

struct job {
    struct decoded value;
    bool bytes, words32, doc, nonzero, list, json;
    const char *as, *reg;
    const struct amdvi_layout *layout; /* that these name; null: it is guessed */
    bool quiet;                        /* a word of standard input that is none is no mistake */
    struct json_object *array;         /* --json of standard input */
};

/* Returns CLI_WRONG. */
static int wrong(const struct job *job, const char *message, const char *what)
{
    return job->quiet ? CLI_WRONG : usage_error(&command_decode, message, what);
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
static void take_bytes(struct decoded *value, const char *text)
{
    size_t bytes = strlen(text) / 2;

    for (size_t i = 0; i < bytes; i++) {
        uint64_t byte = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
        value->words[i / 8] |= byte << i % 8 * 8;
    }
    value->bits = (unsigned)bytes * 8;
}

/* One hex word of up to `width` bits. */
static bool take_word(struct decoded *value, const char *text, unsigned index, unsigned width)
{
    const char *hex = text[0] == '0' && (text[1] | 32) == 'x' ? text + 2 : text;
    unsigned at = index * width;
    uint64_t word = 0;

    if (!all_hex(hex) || strlen(hex) > width / 4 || at >= DECODE_WORDS * 64)
        return false;
    for (; *hex; hex++)
        word = word << 4 | digit(*hex);
    value->words[at / 64] |= word << at % 64;
    value->bits = at + width;
    return true;
}

static bool is_byte_string(const struct job *job, const char *text, int count)
{
    size_t length = strlen(text);

    if (count != 1 || !all_hex(text))
        return false;
    return length == 32 || length == 64 || (job->bytes && (length == 8 || length == 16));
}

/* As the driver's debugfs files and most logs write a command or record: four words of 8 digits. */
static bool are_words32(int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (strlen(words[i]) != 8 || !all_hex(words[i]))
            return false;
    return count == 4;
}

static int take_words(struct job *job, int count, char **words)
{
    bool half = job->words32 || (!job->as && !job->reg && are_words32(count, words));
    unsigned most = half ? 2 * DECODE_WORDS : DECODE_WORDS;

    if (count < 1 || (unsigned)count > most)
        return wrong(job, half ? "1 to 8 words are needed%s" : "1 to 4 words are needed%s",
                     "; see amdvi decode --help");
    if (is_byte_string(job, words[0], count)) {
        take_bytes(&job->value, words[0]);
        return CLI_OK;
    }
    for (int i = 0; i < count; i++)
        if (!take_word(&job->value, words[i], (unsigned)i, half ? 32 : 64))
            return wrong(job,
                         half ? "'%s' is no hex word of up to 32 bits"
                              : "'%s' is neither a hex word of up to 64 bits nor 16 or 32 bytes",
                         words[i]);
    if (job->value.bits % 64)
        job->value.bits += 32;
    return CLI_OK;
}

/* ---------------------------------------------------------------- which layout */

/* 128 bits: command opcodes and event codes overlap in bits 63:60. Commands have reserved bits that must be
 * 0; a value that breaks them is more likely an event. */
bool decode_reserved_clear(const struct amdvi_layout *layout, const uint64_t *words)
{
    for (unsigned i = 0; i < layout->nfields; i++)
        if (layout->fields[i].reserved && amdvi_field_get(&layout->fields[i], words))
            return false;
    return true;
}

const struct amdvi_layout *decode_command(const uint64_t *words)
{
    return amdvi_layout_of_command((unsigned)(words[0] >> 60));
}

static void guess_record(struct decoded *value)
{
    unsigned code = (unsigned)(value->words[0] >> 60);
    const struct amdvi_layout *command = amdvi_layout_of_command(code), *event = amdvi_layout_of_event(code);

    if (command && (!event || decode_reserved_clear(command, value->words))) {
        value->layout = command;
        value->guess = "guessed: 128 bits with that opcode; could be an event record, use --as";
    } else {
        value->layout = event;
        value->guess = "guessed: 128 bits with that event code; could be a command, use --as";
    }
}

static int guess_layout(struct decoded *value)
{
    if (value->bits == 256) {
        value->layout = amdvi_layout_find("dte");
        value->guess = "guessed: 256 bits";
    } else if (value->bits == 128) {
        guess_record(value);
    } else if (value->bits == 64) {
        value->layout = amdvi_layout_find("v1");
        value->guess =
            "guessed: 64 bits; v2, gcr3, ga, irte32 and registers are others, use --as or --register";
    }
    if (value->layout)
        return CLI_OK;
    return CLI_WRONG;
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

static int choose_register(struct job *job)
{
    const struct amdvi_register *reg = find_register(job->reg);
    uint64_t offset;

    if (!reg)
        return usage_error(&command_decode, "--register: no register '%s'", job->reg);
    if (parse_number(job->reg, &offset) && offset % reg->width != reg->offset % reg->width)
        return usage_error(&command_decode, "--register: no register begins at %s; it lies inside %s",
                           job->reg, reg->name);
    job->layout = reg->layout;
    return CLI_OK;
}

/* The layout that the command line names, if it names one. */
static int name_layout(struct job *job)
{
    if (job->reg)
        return choose_register(job);
    job->layout = job->as ? amdvi_layout_find(job->as) : NULL;
    if (job->layout || !job->as)
        return CLI_OK;
    return usage_error(&command_decode, "--as: no layout '%s'; amdvi decode --list shows them", job->as);
}

static int choose_layout(struct job *job)
{
    struct decoded *value = &job->value;

    if (!job->layout)
        return guess_layout(value) == CLI_OK
                   ? CLI_OK
                   : wrong(job, "%s", "nothing known has this size and code; use --as, see --list");
    value->layout = job->layout;
    if (value->bits <= (value->layout->bits < 64 ? 64u : value->layout->bits))
        return CLI_OK;
    return job->quiet ? CLI_WRONG
                      : usage_error(&command_decode, "%s: %u bits are given, %s has %u",
                                    job->reg ? "--register" : "--as", value->bits, value->layout->name,
                                    value->layout->bits);
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
    const struct decoded *value = &job->value;
    char text[128];

    words_text(value->words, value->layout->bits, text, sizeof(text));
    printf("%s (%s): %s\n", value->layout->title, value->layout->name, text);
    if (value->guess)
        printf("%s\n", value->guess);
    fields_print(value->layout, value->words, (job->doc ? FIELDS_DOC : 0u) | (job->nonzero ? FIELDS_SET : 0u),
                 2);
}

static void print_json(const struct job *job)
{
    struct json_object *object = json_object_new_object();
    const struct decoded *value = &job->value;

    json_put_text(object, "schema", "amdvi-decode 1");
    json_put_text(object, "layout", value->layout->name);
    json_put_text(object, "title", value->layout->title);
    json_put_bool(object, "guessed", value->guess);
    json_object_object_add(object, "words", words_json(value->words, value->layout->bits));
    json_object_object_add(object, "fields", fields_json(value->layout, value->words));
    if (job->array)
        json_object_array_add(job->array, object);
    else
        json_print(stdout, object);
}

static void print(const struct job *job)
{
    if (job->json)
        print_json(job);
    else
        print_text(job);
}

/* ---------------------------------------------------------------- standard input */

/* Whether the line is nothing but words. */
static bool line_of_words(struct job *job, char *line)
{
    char *words[2 * DECODE_WORDS], *rest = NULL;
    int count = 0;

    for (char *word = strtok_r(line, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (count == 2 * DECODE_WORDS)
            return false;
        words[count++] = word;
    }
    job->value = (struct decoded){0};
    return count && take_words(job, count, words) == CLI_OK && choose_layout(job) == CLI_OK;
}

static bool decode_line(struct job *job, struct kernel_dump *dump, char *line)
{
    enum kernel_line kind = kernel_line(line, dump, &job->value);

    if (kind == KERNEL_PART || (kind == KERNEL_OTHER && !line_of_words(job, line)))
        return false;
    print(job);
    return true;
}

static int decode_input(struct job *job)
{
    struct kernel_dump dump = {0};
    uint64_t lines = 0, decoded = 0;
    char text[COUNT_TEXT], *line = NULL;
    size_t room = 0;

    job->quiet = true;
    job->array = job->json ? json_object_new_array() : NULL;
    while (getline(&line, &room, stdin) >= 0) {
        lines++;
        decoded += decode_line(job, &dump, line);
    }
    free(line);
    if (job->array)
        json_print(stdout, job->array);
    if (decoded)
        return CLI_OK;
    return usage_error(&command_decode, "nothing to decode in %s of standard input",
                       count_text(lines, "line", text));
}

/* ---------------------------------------------------------------- command line */

/* A line of a log, quoted or not. */
static bool is_line(struct job *job, int count, char **words)
{
    struct kernel_dump dump = {0};
    size_t room = 1;
    bool known;
    char *line;

    for (int i = 0; i < count; i++)
        room += strlen(words[i]) + 1;
    line = calloc(1, room);
    for (int i = 0; line && i < count; i++) {
        strcat(line, i ? " " : "");
        strcat(line, words[i]);
    }
    known = line && kernel_line(line, &dump, &job->value) == KERNEL_DECODED;
    if (!known)
        job->value = (struct decoded){0};
    free(line);
    return known;
}

static int decode(struct job *job, int count, char **words)
{
    if (job->list)
        return list_layouts(job->json);
    if (name_layout(job) != CLI_OK)
        return CLI_WRONG;
    if (count == 1 && !strcmp(words[0], "-"))
        return decode_input(job);
    if (!is_line(job, count, words) &&
        (take_words(job, count, words) != CLI_OK || choose_layout(job) != CLI_OK))
        return CLI_WRONG;
    print(job);
    return CLI_OK;
}

static void take_option(struct job *job, int option)
{
    job->as = option == 'a' ? optarg : job->as;
    job->reg = option == 'r' ? optarg : job->reg;
    job->bytes |= option == 'b';
    job->words32 |= option == 'w';
    job->doc |= option == 'd';
    job->nonzero |= option == 'z';
    job->list |= option == 'l';
    job->json |= option == 'j';
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},           {"as", required_argument, NULL, 'a'},
        {"register", required_argument, NULL, 'r'}, {"bytes", no_argument, NULL, 'b'},
        {"words32", no_argument, NULL, 'w'},        {"doc", no_argument, NULL, 'd'},
        {"nonzero", no_argument, NULL, 'z'},        {"list", no_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},           {0},
    };
    struct job job = {0};
    int option, status;

    while ((option = option_next(&command_decode, argc, argv, ":ha:r:bwdzlj", options, &status)) !=
           OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        take_option(&job, option);
    }
    return decode(&job, argc - optind, argv + optind);
}

const struct command command_decode = {
    "decode", "show the fields of commands, records, entries and registers", help, run};
