// SPDX-License-Identifier: Apache-2.0
/* `amdvi validate`: published results, and what the model gives. */
#include "cli/cli.h"

#include "amdvi/studies.h"

#include <math.h>
#include <string.h>

static const char help[] =
    "usage: amdvi validate [--exact] [--filter ID] [--json | --markdown]\n\n"
    "Runs the experiments by which the timed executor is held against published and derived results, and "
    "prints\n"
    "what was published, what came out, the tolerance and whether it holds. Figures are of this model, not "
    "of AMD\n"
    "hardware.\n\n"
    "  -e, --exact          only rows that must be equal (seconds)\n"
    "  -f, --filter ID      only this row: V1\n"
    "  -j, --json           for machines\n"
    "  -m, --markdown       as the page of the manual\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi validate --exact\n"
    "  amdvi validate --filter V2 --json\n\n"
    "exit codes: 0 every row that was run holds; 1 one does not; 2 the command line cannot be understood\n";

struct job {
    bool exact, json, markdown;
    const char *filter;
    unsigned run, held;
    struct progress progress;
    double seconds, done; /* of the wanted rows, and of those that have run, as their files say */
    const struct validation *now;
};

/* ---------------------------------------------------------------- progress */

static void tell(void *context, double share)
{
    struct job *job = context;

    progress_tell(&job->progress, job->now->id, (job->done + share * job->now->seconds) / job->seconds);
}

static bool wanted(const struct job *job, const struct validation *v)
{
    return (!job->exact || v->exact) && (!job->filter || !strcmp(job->filter, v->id));
}

static const char *verdict(const struct validation_outcome *o)
{
    return o->holds ? "holds" : o->ran ? "does not hold" : "did not run";
}

static void print_row(const struct validation *v, const struct validation_outcome *o)
{
    printf("%-4s %s\n     %s\n     published: %s (%s)\n     model:     %s\n     tolerance: %s; fitted: %s\n",
           v->id, verdict(o), v->what, v->published, v->source, o->value, v->tolerance, v->fitted);
    if (*o->remark)
        printf("     remark:    %s\n", o->remark);
    fflush(stdout);
}

static void print_markdown(const struct validation *v, const struct validation_outcome *o)
{
    printf("| %s | %s | %s (%s) | %s | %s | %s | **%s** | %s |\n", v->id, v->what, v->published, v->source,
           o->value, v->tolerance, v->fitted, verdict(o), o->remark);
}

static void print_markdown_head(void)
{
    puts("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
         "<!-- Made by `amdvi validate --markdown`; do not edit. -->\n"
         "# Validation\n\n"
         "Published and derived results, and what [the timed executor](timing.md) gives. A row that does not "
         "hold stays here. "
         "Figures are of this\nmodel with the parameters that the row names, not of AMD hardware.\n\n"
         "| row | experiment | published | model | tolerance | fitted | verdict | remark |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- |");
}

static const struct validation_metric *metric_of(const struct validation_outcome *o, const char *name)
{
    for (unsigned i = 0; i < o->metric_count; i++)
        if (!strcmp(o->metrics[i].name, name))
            return &o->metrics[i];
    return NULL;
}

/* A bound that is not there is left out. */
static struct json_object *checks_json(const struct validation *v, const struct validation_outcome *o)
{
    struct json_object *all = json_object_new_array();

    for (const struct validation_check *c = v->checks; c->metric; c++) {
        struct json_object *check = json_object_new_object();
        const struct validation_metric *metric = metric_of(o, c->metric);
        json_put_text(check, "metric", c->metric);
        if (metric)
            json_put_real(check, "value", metric->value);
        if (isfinite(c->least))
            json_put_real(check, "least", c->least);
        if (isfinite(c->most))
            json_put_real(check, "most", c->most);
        json_object_array_add(all, check);
    }
    return all;
}

static struct json_object *row_json(const struct validation *v, const struct validation_outcome *o)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "id", v->id);
    json_put_text(object, "what", v->what);
    json_put_text(object, "published", v->published);
    json_put_text(object, "source", v->source);
    json_put_text(object, "value", o->value);
    json_put_text(object, "tolerance", v->tolerance);
    json_put_text(object, "fitted", v->fitted);
    json_put_text(object, "verdict", verdict(o));
    json_put_text(object, "remark", o->remark);
    json_object_object_add(object, "checks", checks_json(v, o));
    return object;
}

static void run_row(struct job *job, size_t index, struct json_object *all)
{
    const struct validation *v = validation_at(index);
    const struct validation_watch watch = {.tell = tell, .context = job};
    struct validation_outcome outcome;

    job->now = v;
    tell(job, 0);
    validation_run(index, &watch, &outcome);
    job->done += v->seconds;
    progress_clear(&job->progress);
    job->run++;
    job->held += outcome.holds;
    if (job->json)
        json_object_array_add(all, row_json(v, &outcome));
    else if (job->markdown)
        print_markdown(v, &outcome);
    else
        print_row(v, &outcome);
}

static int run_all(struct job *job)
{
    struct json_object *top = json_object_new_object(), *all = json_object_new_array();

    if (job->markdown)
        print_markdown_head();
    for (size_t i = 0; validation_at(i); i++)
        job->seconds += wanted(job, validation_at(i)) ? validation_at(i)->seconds : 0;
    progress_begin(&job->progress);
    for (size_t i = 0; validation_at(i); i++)
        if (wanted(job, validation_at(i)))
            run_row(job, i, all);
    json_put_text(top, "schema", "amdvi-validate 1");
    json_put_text(top, "version", amdvi_version());
    json_object_object_add(top, "rows", all);
    if (job->json)
        json_print(stdout, top);
    else
        json_object_put(top);
    if (!job->run)
        return usage_error(&command_validate, "no row '%s'; see amdvi validate",
                           job->filter ? job->filter : "");
    if (!job->json && !job->markdown)
        printf("%u of %u rows hold\n", job->held, job->run);
    return job->held == job->run ? CLI_OK : CLI_FAILED;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},         {"exact", no_argument, NULL, 'e'},
        {"filter", required_argument, NULL, 'f'}, {"markdown", no_argument, NULL, 'm'},
        {"json", no_argument, NULL, 'j'},         {0},
    };
    struct job job = {0};
    int option, status = CLI_OK;

    while ((option = option_next(&command_validate, argc, argv, ":hef:jm", options, &status)) != OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        job.exact |= option == 'e';
        job.json |= option == 'j';
        job.markdown |= option == 'm';
        if (option == 'f')
            job.filter = optarg;
    }
    if (optind < argc)
        return usage_error(&command_validate, "'%s' is not an option; see amdvi validate --help",
                           argv[optind]);
    if (job.json && job.markdown)
        return usage_error(&command_validate, "--json or --markdown, not both");
    return run_all(&job);
}

const struct command command_validate = {"validate", "published results, and what the model under time gives",
                                         help, run};
