// SPDX-License-Identifier: GPL-2.0-only
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 512, TEXT = 160 };

struct answer {
    char object[256];
    uint64_t address;
    char text[TEXT];
};

static struct answer answers[KEPT];
static size_t answers_count;

/* "function at folder/file.c:12" becomes "function at file.c:12". */
static void shorten(char *line)
{
    char *at = strstr(line, " at "), *slash = at ? strrchr(at, '/') : NULL, *end = strpbrk(line, "\n(");

    if (end)
        *end = 0;
    if (slash)
        memmove(at + 4, slash + 1, strlen(slash + 1) + 1);
}

static void ask(struct answer *answer)
{
    char command[400];
    FILE *pipe;

    snprintf(answer->text, TEXT, "+%#" PRIx64, answer->address);
    if (strchr(answer->object, '\''))
        return;
    /* a return address lies behind its call */
    snprintf(command, sizeof(command), "addr2line -fpe '%s' %#" PRIx64 " 2>/dev/null", answer->object,
             answer->address ? answer->address - 1 : 0);
    pipe = popen(command, "r");
    if (!pipe)
        return;
    if (!fgets(answer->text, TEXT, pipe) || answer->text[0] == '?')
        snprintf(answer->text, TEXT, "+%#" PRIx64, answer->address);
    pclose(pipe);
    shorten(answer->text);
}

void symbols_text(const char *object, uint64_t address, char *text, size_t size)
{
    static struct answer spare;
    struct answer *answer = answers_count < KEPT ? &answers[answers_count] : &spare;

    for (size_t each = 0; each < answers_count; each++)
        if (answers[each].address == address && !strcmp(answers[each].object, object)) {
            snprintf(text, size, "%s", answers[each].text);
            return;
        }
    snprintf(answer->object, sizeof(answer->object), "%s", object);
    answer->address = address;
    ask(answer);
    if (answer != &spare)
        answers_count++;
    snprintf(text, size, "%s", answer->text);
}
