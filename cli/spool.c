// SPDX-License-Identifier: Apache-2.0
/* Standard input that can be read from its beginning as often as somebody wants to look at it. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static bool copy_input(FILE *to)
{
    static char bytes[CHUNK];
    size_t got;

    while ((got = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
        if (fwrite(bytes, 1, got, to) != got)
            return false;
    return !ferror(stdin) && fflush(to) == 0;
}

/* The copy has no name: it goes when the last process that has it open ends. */
static bool take_place_of_input(FILE *copy)
{
    if (fseek(copy, 0, SEEK_SET) || dup2(fileno(copy), STDIN_FILENO) < 0)
        return false;
    clearerr(stdin);
    return fclose(copy) == 0;
}

bool spool_input(const struct command *command)
{
    FILE *copy;

    if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
        return true;
    copy = tmpfile();
    if (copy && copy_input(copy) && take_place_of_input(copy))
        return true;
    usage_error(command, "standard input cannot be kept in a temporary file: %s", strerror(errno));
    return false;
}
