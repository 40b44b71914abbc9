// SPDX-License-Identifier: Apache-2.0
/*
 * `amdvi replay --lint-suppress FILE`: findings that were looked at, each with its reason. A line is
 *
 *     KIND [device=DEVICE] [domain=N] [word=ADDRESS] # REASON
 *
 * KIND is a kind of the lint or `*`; what is named must be the same in the finding.
 */
#include "cli/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct suppression {
    struct suppression *next;
    char *kind, *reason;
    bool has_device, has_domain, has_word;
    uint64_t device, domain, word;
};

static bool complain(const char *path, unsigned line, const char *what, const char *text)
{
    file_error(path, line, "%s%s", what, text);
    return false;
}

static bool known_kind(const char *kind)
{
    for (unsigned i = 0; i < AMDVI_LINT_KINDS; i++)
        if (strcmp(kind, amdvi_lint_kind_name((enum amdvi_lint_kind)i)) == 0)
            return true;
    return strcmp(kind, "*") == 0;
}

/* KEY=VALUE. */
static bool take(struct suppression *s, const char *word)
{
    if (strncmp(word, "device=", 7) == 0) {
        s->has_device = true;
        return parse_device(word + 7, &s->device);
    }
    if (strncmp(word, "domain=", 7) == 0) {
        s->has_domain = true;
        return parse_number(word + 7, &s->domain);
    }
    s->has_word = true;
    return strncmp(word, "word=", 5) == 0 && parse_number(word + 5, &s->word);
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    text[strcspn(text, "\r\n")] = 0;
    return text;
}

static void release(struct suppression *s)
{
    if (!s)
        return;
    free(s->kind);
    free(s->reason);
    free(s);
}

static bool fill(struct suppression *s, char *words, const char *reason, const char *path, unsigned line)
{
    char *rest, *word = strtok_r(words, " \t", &rest);

    if (!word || !known_kind(word))
        return complain(path, line, "no kind of finding: ", word ? word : "there is none");
    s->kind = strdup(word);
    s->reason = strdup(reason);
    while ((word = strtok_r(NULL, " \t", &rest)))
        if (!take(s, word))
            return complain(path, line, "none of device=, domain= and word= with a value: ", word);
    return s->kind && s->reason;
}

static bool add_line(struct suppression **list, char *text, const char *path, unsigned line)
{
    char *mark = strchr(text, '#'), *words = trimmed(text);
    struct suppression *s;

    if (!*words || *words == '#')
        return true;
    if (!mark || !*trimmed(mark + 1))
        return complain(path, line, "a reason is needed: ", "KIND ... # REASON");
    *mark = 0;
    s = calloc(1, sizeof(*s));
    if (!s || !fill(s, words, trimmed(mark + 1), path, line)) {
        release(s);
        return false;
    }
    s->next = *list;
    *list = s;
    return true;
}

/* What a terminal would take for something else is not shown, so it is not taken. */
static bool is_text(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' && !strchr("\t\r\n", line[i] ? line[i] : 1))
            return false;
    return true;
}

bool suppress_load(const char *path, struct suppression **list)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    unsigned line = 0;
    ssize_t length;
    bool good = true;

    while (file && good && (length = getline(&text, &room, file)) >= 0)
        good = is_text(text, (size_t)length)
                   ? add_line(list, text, path, ++line)
                   : complain(path, ++line, "this is no text: ", "a control character");
    free(text);
    if (!file || (good && !feof(file))) {
        file_error(path, 0, "%s", strerror(errno));
        good = false;
    }
    if (file)
        fclose(file);
    return good;
}

static bool matches(const struct suppression *s, const struct amdvi_lint_finding *f)
{
    return (strcmp(s->kind, "*") == 0 || strcmp(s->kind, amdvi_lint_kind_name(f->kind)) == 0) &&
           (!s->has_device || s->device == f->request.device) && (!s->has_domain || s->domain == f->domain) &&
           (!s->has_word || s->word == f->word);
}

const char *suppress_reason(const struct suppression *list, const struct amdvi_lint_finding *finding)
{
    for (; list; list = list->next)
        if (matches(list, finding))
            return list->reason;
    return NULL;
}

void suppress_free(struct suppression *list)
{
    while (list) {
        struct suppression *next = list->next;
        release(list);
        list = next;
    }
}
