// SPDX-License-Identifier: Apache-2.0
/* `amdvi run`: an experiment under time. */
#include "cli/run.h"

#include <inttypes.h>
#include <string.h>

static const char help[] =
    "usage: amdvi run FILE [--set FIELD=VALUE]... [--details] [--json | --csv | --sensitivity]\n"
    "                 [--timeline OUT] [--sqlite OUT]\n"
    "       amdvi run --costs [FILE] [--set FIELD=VALUE]...\n"
    "       amdvi run --list | --schema\n\n"
    "Runs an experiment: a device under time, with a workload. FILE is YAML: name, report, warm_up, length, "
    "seed, and\n"
    "the sections device (keys of amdvi config), time (a preset, and parameters, which win over it) and "
    "workload.\n"
    "Figures are of this model with these parameters, not of AMD hardware; the assumptions behind them are "
    "listed.\n\n"
    "  -s, --set FIELD=VALUE  wins over the file: time.memory.latency=120ns, workload.pages=8192\n"
    "  -d, --details        also by device, domain, guest and kind of command, waits and occupancy of "
    "queues, what "
    "held\n"
    "                       requests up, and with --json the performance counters by the names of Linux and "
    "others\n"
    "  -t, --timeline OUT   requests, walks and commands for ui.perfetto.dev, the first 100,000\n"
    "  -q, --sqlite OUT     a database with the tables setting, metric and detail\n"
    "  -y, --sensitivity    halves and doubles every parameter that no source says, and prints what becomes "
    "of the\n"
    "                       metric that `report` names\n"
    "  -o, --costs          instead: what single commands and translations take, cold and warm, as the page "
    "of the\n"
    "                       manual\n"
    "  -m, --schema         instead: the JSON Schema of experiment files\n"
    "  -l, --list           fields of workloads, parameters of time, presets\n"
    "  -j, --json           for machines\n"
    "  -c, --csv            metric,value\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi run testbench/studies/experiments/tlb-reach.yaml\n"
    "  amdvi run testbench/studies/experiments/trapped-direct.yaml --sensitivity\n\n"
    "exit codes: 0 done; 1 it could not be run; 2 the command line or the file cannot be understood\n";

enum { ERROR_TEXT = 512 };

struct job {
    struct experiment experiment;
    bool json, csv, sensitivity, list, costs, details, schema;
    const char *timeline, *sqlite;
    const char *settings[EXPERIMENT_KEYS];
    unsigned count;
    struct progress progress;
    struct experiment_watch watch;
    unsigned runs, run; /* of a sensitivity analysis, whose runs are of one length */
};

/* ---------------------------------------------------------------- progress */

static void tell(void *context, double share)
{
    struct job *job = context;

    progress_tell(&job->progress, job->experiment.name, (job->run + share) / job->runs);
}

/* Who does not look at a terminal is told nothing. */
static void watch(struct job *job)
{
    progress_begin(&job->progress);
    job->watch = (struct experiment_watch){.tell = tell, .context = job};
    job->runs = 1;
    job->experiment.watch = job->progress.on ? &job->watch : NULL;
}

/* ---------------------------------------------------------------- what there is */

/* The kinds of workload that have a field, unless all do. */
static void print_kinds(uint32_t kinds)
{
    const char *kind = workload_field_at(0)->values, *between = " [";

    if (kinds == workload_field_at(0)->kinds)
        return;
    for (unsigned i = 0; i < WORKLOAD_KINDS; i++, kind += strcspn(kind, "|") + 1) {
        if (!(kinds >> i & 1))
            continue;
        printf("%s%.*s", between, (int)strcspn(kind, "|"), kind);
        between = ", ";
    }
    putchar(']');
}

static void print_field(const struct workload_field *f)
{
    if (*f->values)
        printf("workload.%-18s %s: %s", f->name, f->values, f->meaning);
    else
        printf("workload.%-18s %" PRIu64 " (%" PRIu64 " to %" PRIu64 "): %s", f->name, f->fallback, f->least,
               f->most, f->meaning);
    print_kinds(f->kinds);
    putchar('\n');
}

static void print_list(void)
{
    const struct amdvi_timed_parameter *p;
    const struct amdvi_timed_preset *preset;

    for (size_t i = 0; workload_field_at(i); i++)
        print_field(workload_field_at(i));
    puts("workload.trace              a trace or capture, beside the experiment's file [replay]");
    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++)
        printf("time.%-22s %s (%s): %s [%s: %s]\n", p->name, p->fallback, *p->values ? p->values : p->unit,
               p->meaning, p->origin, p->basis);
    for (size_t i = 0; (preset = amdvi_timed_preset_at(i)); i++)
        printf("time.preset=%-15s %s\n", preset->name, preset->meaning);
    puts("time.latencies            a file of memory's latencies, a line each: 150ns, or 150ns x40 for forty "
         "of them\n"
         "time.latency_order        drawn|in_turn: how they are taken");
    for (size_t i = 0; silicon_register_at(i); i++)
        printf("silicon.%s\n", silicon_register_at(i));
}

/* ---------------------------------------------------------------- assumptions */

static bool is_number(const struct amdvi_timed_parameter *p)
{
    return !*p->values && strcmp(p->unit, "number");
}

static bool is_assumption(const struct amdvi_timed_parameter *p)
{
    return strcmp(p->origin, "source") != 0;
}

static struct json_object *assumptions(void)
{
    struct json_object *all = json_object_new_array();
    const struct amdvi_timed_parameter *p;

    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++)
        if (!strcmp(p->origin, "assumption"))
            json_add_text(all, p->name);
    return all;
}

static void print_assumptions(void)
{
    const struct amdvi_timed_parameter *p;

    fputs("rests on assumptions: ", stdout);
    for (size_t i = 0, n = 0; (p = amdvi_timed_parameter_at(i)); i++)
        if (!strcmp(p->origin, "assumption"))
            printf("%s%s", n++ ? ", " : "", p->name);
    putchar('\n');
}

/* ---------------------------------------------------------------- results */

static void print_text(const struct job *job, const struct experiment_result *r)
{
    printf("%s, seed %" PRIu64 ", %" PRIu64 " operations behind %" PRIu64 " of warm-up\n",
           job->experiment.name, job->experiment.seed, job->experiment.length, job->experiment.warm_up);
    for (unsigned i = 0; i < r->count; i++)
        printf("  %-28s %.6g\n", r->metrics[i].name, r->metrics[i].value);
    print_assumptions();
}

static void print_csv(const struct experiment_result *r)
{
    puts("metric,value");
    for (unsigned i = 0; i < r->count; i++)
        printf("%s,%.17g\n", r->metrics[i].name, r->metrics[i].value);
}

static void print_json(const struct job *job, const struct experiment_result *r)
{
    struct json_object *top = json_object_new_object(), *metrics = json_object_new_object(),
                       *time = json_object_new_object();
    const struct amdvi_timed_parameter *p;

    json_put_text(top, "schema", "amdvi-run 2");
    json_put_text(top, "version", amdvi_version());
    json_put_text(top, "name", job->experiment.name);
    json_put_count(top, "seed", job->experiment.seed);
    json_put_count(top, "warm_up", job->experiment.warm_up);
    json_put_count(top, "length", job->experiment.length);
    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++)
        json_put_count(time, p->name, job->experiment.parameters.value[i]);
    json_object_object_add(top, "time", time);
    for (unsigned i = 0; i < r->count; i++)
        json_put_real(metrics, r->metrics[i].name, r->metrics[i].value);
    json_object_object_add(top, "metrics", metrics);
    json_object_object_add(top, "assumptions", assumptions());
    if (job->details)
        json_object_object_add(top, "details", details_json(&r->details));
    json_print(stdout, top);
}

static int failed(const char *error)
{
    fprintf(stderr, "amdvi run: %s\n", error);
    return CLI_FAILED;
}

static void print_result(const struct job *job, const struct experiment_result *r)
{
    if (job->json)
        print_json(job, r);
    else if (job->csv)
        print_csv(r);
    else
        print_text(job, r);
    if (job->details && !job->json && !job->csv)
        details_print(&r->details);
}

/* Where a run goes besides; what is not wanted is not open. */
struct kept {
    struct output timeline, base;
};

static bool run_ledger(struct job *job, struct kept *kept, struct experiment_result *result, char *error)
{
    FILE *timeline = kept->timeline.file;
    bool keeps = job->details || kept->base.file || timeline, good = true;

    if (keeps)
        good =
            experiment_ledger_open(&job->experiment, timeline ? amdvi_trace_write_to_file : NULL, timeline);
    snprintf(error, ERROR_TEXT, "no memory");
    good = good && experiment_run(&job->experiment, result, error, ERROR_TEXT);
    progress_clear(&job->progress);
    return good;
}

/* What cannot be written is told when its place is closed. */
static int run_kept(struct job *job, struct kept *kept)
{
    struct experiment_result result = {0};
    char error[ERROR_TEXT];
    bool good = run_ledger(job, kept, &result, error), whole = true;

    if (good)
        print_result(job, &result);
    if (good && kept->base.file)
        whole = sqlite_write(&kept->base, &job->experiment, &result);
    if (!experiment_ledger_close(&job->experiment, &result) && good && whole) {
        whole = false;
        if (!kept->timeline.file || !ferror(kept->timeline.file))
            failed("details are not complete: no memory");
    }
    return good ? whole ? CLI_OK : CLI_FAILED : failed(error);
}

static bool open_kept(const struct job *job, struct kept *kept)
{
    return (!job->timeline || output_open(&command_run, job->timeline, &kept->timeline)) &&
           (!job->sqlite || sqlite_open(job->sqlite, &kept->base));
}

static int close_kept(struct kept *kept, int status)
{
    const bool keep = status == CLI_OK;

    if (kept->timeline.file && !output_close(&command_run, &kept->timeline, keep) && keep)
        status = CLI_FAILED;
    if (kept->base.file && !output_close(&command_run, &kept->base, keep) && keep)
        status = CLI_FAILED;
    return status;
}

/* Before anything runs, all that is written must have a place. */
static int run_once(struct job *job)
{
    struct kept kept = {0};
    bool keeps = job->details || job->sqlite || job->timeline;

    if (keeps && job->experiment.workload.kind == WORKLOAD_REPLAY)
        return failed("kind=replay has no --details, --timeline and --sqlite; amdvi replay has");
    return close_kept(&kept, open_kept(job, &kept) ? run_kept(job, &kept) : CLI_WRONG);
}

/* ---------------------------------------------------------------- sensitivity */

struct range {
    double base, least, most;
};

static bool measure(struct job *job, double *value, char *error)
{
    struct experiment_result result;
    const struct metric *metric;

    if (!experiment_run(&job->experiment, &result, error, ERROR_TEXT))
        return false;
    job->run++;
    metric = experiment_metric(&result, job->experiment.report);
    if (!metric)
        snprintf(error, ERROR_TEXT, "report: no metric '%s' in this workload", job->experiment.report);
    else
        *value = metric->value;
    return metric != NULL;
}

static uint64_t clamp(uint64_t value, const struct amdvi_timed_parameter *p)
{
    return value < p->least ? p->least : value > p->most ? p->most : value;
}

static bool varies(const struct job *job, size_t index)
{
    const struct amdvi_timed_parameter *p = amdvi_timed_parameter_at(index);

    return is_assumption(p) && is_number(p) && job->experiment.parameters.value[index];
}

/* One parameter halved and doubled, inside its range. */
static bool vary(struct job *job, size_t index, struct range *range, char *error)
{
    const struct amdvi_timed_parameter *p = amdvi_timed_parameter_at(index);
    uint64_t *value = &job->experiment.parameters.value[index], was = *value;
    double half, twice;
    bool good;

    *value = clamp(was / 2, p);
    good = measure(job, &half, error);
    *value = clamp(was * 2, p);
    good = good && measure(job, &twice, error);
    *value = was;
    progress_clear(&job->progress);
    if (!good)
        return false;
    printf("  %-30s %-10s %12.6g %12.6g\n", p->name, p->origin, half, twice);
    range->least = half < range->least ? half : range->least;
    range->least = twice < range->least ? twice : range->least;
    range->most = half > range->most ? half : range->most;
    range->most = twice > range->most ? twice : range->most;
    return true;
}

static int run_sensitivity(struct job *job)
{
    char error[ERROR_TEXT];
    struct range range;
    bool good;

    for (size_t i = 0; amdvi_timed_parameter_at(i); i++)
        job->runs += varies(job, i) ? 2 : 0;
    good = measure(job, &range.base, error);
    progress_clear(&job->progress);
    if (!good)
        return failed(error);
    range.least = range.most = range.base;
    printf("%s: %s = %.6g\n  %-30s %-10s %12s %12s\n", job->experiment.name, job->experiment.report,
           range.base, "parameter", "origin", "halved", "doubled");
    for (size_t i = 0; amdvi_timed_parameter_at(i); i++)
        if (varies(job, i) && !vary(job, i, &range, error))
            return failed(error);
    printf("%s: %.6g, from %.6g to %.6g\n", job->experiment.report, range.base, range.least, range.most);
    return CLI_OK;
}

/* ---------------------------------------------------------------- the command line */

static bool take_settings(struct job *job)
{
    char error[ERROR_TEXT], path[EXPERIMENT_TEXT * 2];

    for (unsigned i = 0; i < job->count; i++) {
        const char *equals = strchr(job->settings[i], '=');
        size_t length = equals ? (size_t)(equals - job->settings[i]) : sizeof(path);
        if (length >= sizeof(path)) {
            usage_error(&command_run, "--set wants FIELD=VALUE, not '%s'", job->settings[i]);
            return false;
        }
        memcpy(path, job->settings[i], length);
        path[length] = 0;
        if (experiment_set(&job->experiment, path, equals + 1, error, sizeof(error)))
            continue;
        usage_error(&command_run, "--set %s", error);
        return false;
    }
    return true;
}

static bool spares(const char *option, const char *output, const char *file)
{
    if (!output || !file || !same_file(output, file))
        return true;
    usage_error(&command_run, "%s: input and output are the same file", option);
    return false;
}

/* `file` may be null with --costs. */
static int start(struct job *job, const char *file)
{
    char error[ERROR_TEXT];

    if (!spares("--timeline", job->timeline, file) || !spares("--sqlite", job->sqlite, file))
        return CLI_WRONG;
    if (job->timeline && job->sqlite &&
        (!strcmp(job->timeline, job->sqlite) || same_file(job->timeline, job->sqlite)))
        return usage_error(&command_run, "--timeline and --sqlite are the same file");
    if (job->timeline && !strcmp(job->timeline, "-") && (job->json || job->csv))
        return usage_error(&command_run, "--timeline - and %s both go to standard output",
                           job->json ? "--json" : "--csv");
    experiment_init(&job->experiment);
    /* "FILE:LINE: message" */
    if (file && !experiment_read(&job->experiment, file, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return CLI_WRONG;
    }
    if (!take_settings(job))
        return CLI_WRONG;
    if (job->costs)
        return costs_print(&job->experiment) ? CLI_OK : failed("it could not be run with these settings");
    watch(job);
    return job->sensitivity ? run_sensitivity(job) : run_once(job);
}

static bool take_option(struct job *job, int option)
{
    job->json |= option == 'j';
    job->csv |= option == 'c';
    job->sensitivity |= option == 'y';
    job->list |= option == 'l';
    job->costs |= option == 'o';
    job->details |= option == 'd';
    job->schema |= option == 'm';
    if (option == 't')
        job->timeline = optarg;
    if (option == 'q')
        job->sqlite = optarg;
    if (option != 's')
        return true;
    if (job->count == EXPERIMENT_KEYS)
        return false;
    job->settings[job->count++] = optarg;
    return true;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},           {"set", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},           {"csv", no_argument, NULL, 'c'},
        {"sensitivity", no_argument, NULL, 'y'},    {"list", no_argument, NULL, 'l'},
        {"costs", no_argument, NULL, 'o'},          {"details", no_argument, NULL, 'd'},
        {"timeline", required_argument, NULL, 't'}, {"sqlite", required_argument, NULL, 'q'},
        {"schema", no_argument, NULL, 'm'},         {0},
    };
    struct job job = {0};
    int option, status = CLI_OK;

    while ((option = option_next(&command_run, argc, argv, ":hs:jcylodt:q:m", options, &status)) !=
           OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        if (!take_option(&job, option))
            return usage_error(&command_run, "at most %d --set", EXPERIMENT_KEYS);
    }
    if (job.list) {
        print_list();
        return CLI_OK;
    }
    if (job.schema) {
        schema_print();
        return CLI_OK;
    }
    if (job.json + job.csv + job.sensitivity + job.costs > 1)
        return usage_error(&command_run, "one of --json, --csv, --sensitivity and --costs");
    if ((job.sensitivity || job.costs) && (job.details || job.timeline || job.sqlite))
        return usage_error(
            &command_run,
            "--details, --timeline and --sqlite are of one run: not with --sensitivity or --costs");
    if (job.csv && job.details)
        return usage_error(&command_run, "--csv has metrics only: --details is for people and --json");
    if (job.costs && optind == argc)
        return start(&job, NULL);
    if (!one_file(&command_run, argc - optind, argv + optind))
        return CLI_WRONG;
    return start(&job, argv[optind]);
}

const struct command command_run = {"run", "an experiment under time: device, parameters, workload", help,
                                    run};
