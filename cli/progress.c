// SPDX-License-Identifier: Apache-2.0
/* How far a command is, for who looks at its terminal: standard output and pipes never see it. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 79, MINUTE = 60, IN_MINUTES = 10 * MINUTE };

static double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A terminal that cannot go back to the begin of a line calls itself dumb; NO_COLOR wants no escape
 * sequences. */
void progress_begin(struct progress *p)
{
    const char *terminal = getenv("TERM"), *colourless = getenv("NO_COLOR");

    *p = (struct progress){.on = isatty(STDERR_FILENO) && !(terminal && !strcmp(terminal, "dumb")),
                           .plain = colourless && *colourless,
                           .start = clock_seconds()};
    p->shown = p->start;
}

bool progress_due(struct progress *p)
{
    double now = clock_seconds();

    if (!p->on || now - p->shown < 0.1)
        return false;
    p->shown = now;
    return true;
}

double progress_seconds(const struct progress *p)
{
    return clock_seconds() - p->start;
}

void progress_print(struct progress *p, const char *text)
{
    p->written = true;
    if (p->plain)
        fprintf(stderr, "\r%*s\r%.*s", WIDTH, "", WIDTH, text);
    else
        fprintf(stderr, "\r%.*s\033[K", WIDTH, text);
}

void progress_clear(struct progress *p)
{
    if (p->written && p->plain)
        fprintf(stderr, "\r%*s\r", WIDTH, "");
    else if (p->written)
        fputs("\r\033[K", stderr);
    p->written = false;
}

void progress_share(char *text, size_t size, double share, double seconds)
{
    double left = share > 0 ? seconds * (1 - share) / share : 0;

    if (share <= 0)
        snprintf(text, size, "0 %%");
    else if (left < IN_MINUTES)
        snprintf(text, size, "%.0f %%, %.0f s left", 100 * share, left);
    else
        snprintf(text, size, "%.0f %%, %.0f min left", 100 * share, left / MINUTE);
}

void progress_tell(struct progress *p, const char *what, double share)
{
    char text[PROGRESS_TEXT], line[WIDTH + PROGRESS_TEXT];

    if (!progress_due(p))
        return;
    progress_share(text, sizeof(text), share, p->shown - p->start);
    snprintf(line, sizeof(line), "%.40s: %s", what, text);
    progress_print(p, line);
}
