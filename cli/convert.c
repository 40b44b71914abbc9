// SPDX-License-Identifier: Apache-2.0
/* `amdvi convert`, and what `amdvi import` shares with it: from any source that a reader knows to either form
 * of a trace. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

static const char convert_help[] =
    "usage: amdvi convert IN -o OUT [--to text|binary]\n\n"
    "Writes a trace in the other form, or the same, and loses nothing: comments and blank lines stay.\n"
    "IN - is standard input, OUT - standard output.\n\n"
    "  -o, --output OUT   where the trace goes; needed\n"
    "      --to FORM      text or binary; default: binary when OUT ends in .atb, else text\n"
    "  -q, --quiet        no report on standard error\n"
    "  -h, --help         this text\n\n"
    "examples:\n"
    "  amdvi convert long.trace -o long.atb\n"
    "  amdvi convert long.atb -o - --to text | less\n\n"
    "exit codes: 0 done; 2 the file cannot be understood or written\n";

enum amdvi_trace_form form_of_name(const char *path)
{
    size_t length = strlen(path);

    return length > 4 && !strcmp(path + length - 4, ".atb") ? AMDVI_TRACE_FORM_BINARY : AMDVI_TRACE_FORM_TEXT;
}

static void report_import(const struct amdvi_trace_import_counts *counts)
{
    fprintf(stderr,
            "read: %" PRIu64 " lines: %" PRIu64 " register accesses, %" PRIu64 " commands, %" PRIu64
            " translations (%" PRIu64 " faults), %" PRIu64 " interrupts, %" PRIu64 " stores, %" PRIu64
            " memory updates\n",
            counts->lines, counts->register_accesses, counts->commands, counts->translations,
            counts->translation_faults, counts->interrupts, counts->stores, counts->memory_updates);
    fprintf(stderr,
            "%" PRIu64 " requests are left unchecked because the source is not sure, %" PRIu64
            " lines say nothing new, %" PRIu64 " unknown lines became comments\n",
            counts->unchecked, counts->skipped, counts->unknown);
}

static void report_gaps(const struct amdvi_trace_info *info)
{
    if (!info->has_memory)
        fputs("the source has no memory: tables and rings are missing, so a replay cannot translate\n",
              stderr);
    if (!info->can_check_translations)
        fputs("the source does not state results of translations\n", stderr);
    if (!info->can_check_interrupts)
        fputs("the source does not state results of interrupts\n", stderr);
    if (!info->can_check_stores)
        fputs("the source does not state what the IOMMU stored\n", stderr);
}

static void report(const struct conversion *job, struct amdvi_trace_reader *reader)
{
    const struct amdvi_trace_info *info = amdvi_trace_info(reader);
    char records[COUNT_TEXT];
    bool foreign = info->source != AMDVI_TRACE_SOURCE_TEXT && info->source != AMDVI_TRACE_SOURCE_BINARY;

    fprintf(stderr, "%s: %s%s, %s written as %s\n", job->in, info->source_name,
            info->compressed ? " (zstd)" : "", count_text(job->records, "record", records),
            job->form == AMDVI_TRACE_FORM_BINARY ? "binary" : "text");
    if (!foreign)
        return;
    report_import(amdvi_trace_import_counts(reader));
    report_gaps(info);
}

/* What is wrong with the place is told when that is closed. */
static int cannot_write(const struct amdvi_trace_writer *writer, FILE *place)
{
    if (!ferror(place))
        fprintf(stderr, "%s\n", amdvi_trace_writer_error(writer)->text);
    return CLI_WRONG;
}

/* One record after the other, to count them. */
static int copy(struct conversion *job, struct amdvi_trace_reader *reader, struct amdvi_trace_writer *writer,
                FILE *place)
{
    struct amdvi_trace_record record;
    enum amdvi_trace_status status;

    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK) {
        if (amdvi_trace_write(writer, &record) != AMDVI_TRACE_OK)
            return cannot_write(writer, place);
        job->records++;
    }
    if (amdvi_trace_writer_finish(writer) != AMDVI_TRACE_OK)
        return cannot_write(writer, place);
    if (status != AMDVI_TRACE_END)
        fprintf(stderr, "%s\n", amdvi_trace_last_error(reader)->text);
    return status == AMDVI_TRACE_END ? CLI_OK : CLI_WRONG;
}

static int copy_to(struct conversion *job, struct amdvi_trace_reader *reader)
{
    struct amdvi_trace_error error = {0};
    struct amdvi_trace_writer *writer;
    struct output output;
    int result;

    if (!output_open(job->command, job->out, &output))
        return CLI_WRONG;
    if (amdvi_trace_writer_open(job->form, amdvi_trace_write_to_file, output.file, &writer, &error) !=
        AMDVI_TRACE_OK) {
        fprintf(stderr, "%s\n", error.text);
        output_close(job->command, &output, false);
        return CLI_WRONG;
    }
    result = copy(job, reader, writer, output.file);
    amdvi_trace_writer_close(writer);
    if (!output_close(job->command, &output, result == CLI_OK))
        return CLI_WRONG;
    if (result == CLI_OK && !job->quiet)
        report(job, reader);
    return result;
}

int convert_file(struct conversion *job)
{
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_error error = {0};
    struct amdvi_trace_reader *reader;
    int result;

    if (!job->form_given)
        job->form = form_of_name(job->out);
    if (strcmp(job->in, "-") && same_file(job->in, job->out))
        return usage_error(job->command, "input and output are the same file");
    if (amdvi_trace_open(job->in, &options, &reader, &error) != AMDVI_TRACE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return CLI_WRONG;
    }
    result = copy_to(job, reader);
    amdvi_trace_close(reader);
    return result;
}

static bool form_by_name(struct conversion *job, const char *name)
{
    bool binary = !strcmp(name, "binary");

    job->form = binary ? AMDVI_TRACE_FORM_BINARY : AMDVI_TRACE_FORM_TEXT;
    job->form_given = true;
    if (binary || !strcmp(name, "text"))
        return true;
    usage_error(job->command, "--to takes text or binary, not '%s'", name);
    return false;
}

static bool take_option(struct conversion *job, int option)
{
    switch (option) {
    case 'o':
        job->out = optarg;
        return true;
    case 'q':
        job->quiet = true;
        return true;
    default:
        return form_by_name(job, optarg);
    }
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
        {"to", required_argument, NULL, 't'},
        {0},
    };
    struct conversion job = {.command = &command_convert};
    int option, status;

    while ((option = option_next(job.command, argc, argv, ":ho:q", options, &status)) != OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        if (!take_option(&job, option))
            return CLI_WRONG;
    }
    if (!one_file(job.command, argc - optind, argv + optind))
        return CLI_WRONG;
    if (!job.out)
        return usage_error(job.command, "-o OUT is needed");
    job.in = argv[optind];
    return convert_file(&job);
}

const struct command command_convert = {"convert", "write a trace in text or binary form", convert_help, run};
