// SPDX-License-Identifier: Apache-2.0
/* The `amdvi` command: picks the subcommand. */
#include "cli/cli.h"
#include "cli/commit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &command_replay,   &command_import,  &command_convert, &command_decode, &command_explain,
    &command_inspect,  &command_compare, &command_config,  &command_bench,  &command_run,
    &command_validate, &command_vm,      &command_top,     &command_study,  &command_kit,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    fputs("amdvi: a model of the AMD IOMMU\n\n"
          "usage: amdvi SUBCOMMAND [options]\n"
          "       amdvi SUBCOMMAND --help\n"
          "       amdvi --version\n\n"
          "subcommands:\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\nexit codes: 0 all is well; 1 a check failed; 2 the command line or a file cannot be understood\n",
        out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static int print_version(void)
{
    printf("amdvi %s%s\n", amdvi_version(), CLI_COMMIT);
    return CLI_OK;
}

/* `amdvi help replay` is `amdvi replay --help`. */
static int help_of(const char *name)
{
    const struct command *command = name ? find_command(name) : NULL;

    if (name && !command) {
        fprintf(stderr, "amdvi: no subcommand '%s'; see amdvi --help\n", name);
        return CLI_WRONG;
    }
    if (command)
        fputs(command->help, stdout);
    else
        print_help(stdout);
    return CLI_OK;
}

/* Output that did not reach its place must not look like success. Who failed for it has said so. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (status != CLI_WRONG)
        fputs("amdvi: writing standard output failed\n", stderr);
    return CLI_WRONG;
}

/* A file opened later must not get the number of a closed standard stream: messages would land in it. What
 * stands in for it gives no input and takes no output, so that neither looks like success; but it takes
 * messages, which nobody wants to read then. */
static bool occupy_standard_streams(void)
{
    static const int flags[] = {
        [STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};

    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", flags[file]) != file)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    const struct command *command;

    if (!occupy_standard_streams())
        return CLI_WRONG;
    if (argc < 2) {
        print_help(stderr);
        return CLI_WRONG;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return finish(help_of(argv[1][0] == 'h' ? argv[2] : NULL));
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return finish(print_version());
    command = find_command(argv[1]);
    if (!command) {
        fprintf(stderr, "amdvi: no %s '%s'; see amdvi --help\n", argv[1][0] == '-' ? "option" : "subcommand",
                argv[1]);
        return CLI_WRONG;
    }
    return finish(command->run(argc - 1, argv + 1));
}
