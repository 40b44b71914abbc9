// SPDX-License-Identifier: Apache-2.0
/* `amdvi bench`: how fast the model is on this machine. */
#include "cli/bench.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: amdvi bench [--filter TEXT] [--seconds S] [--json]\n"
    "       amdvi bench --guests N [--seconds S] [--json]\n\n"
    "Measures translations, invalidations and a replay: one thread, 65,536 mapped pages of 4 KiB unless a "
    "case says\n"
    "otherwise, tables in flat memory, preset genoa. Prints the median of the runs, figures of other "
    "programs\n"
    "(measured on a 2.6 GHz Genoa-class virtual machine) and the project's goals beside it. Then what "
    "details of\n"
    "experiments cost, and time that is there and not used: the fastest of the runs with it and without it, "
    "in\n"
    "turn. Last, 65,536 guests of HW-vIOMMU.\n\n"
    "  -f, --filter TEXT    only cases with TEXT in their name\n"
    "  -t, --seconds S      length of a run (default 0.5)\n"
    "  -n, --runs N         runs of a case (default 5)\n"
    "      --capture FILE   for the case replay (default: the sample in traces/samples, when it is there)\n"
    "      --smoke          short runs on small tables: the figures mean nothing\n"
    "      --guests N       instead: N guests of HW-vIOMMU (1 to 65536): making them, memory, their "
    "commands\n"
    "  -l, --list           the cases\n"
    "  -j, --json           for machines\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi bench --filter cold\n"
    "  amdvi bench --seconds 2 --json > bench.json\n"
    "  amdvi bench --guests 4096\n\n"
    "exit codes: 0 done; 1 a case failed, or something was allocated while it was measured; 2 the command "
    "line cannot\n"
    "be understood\n";

static const char crowd_name[] = "guests-65536";
static const char sample[] = "traces/samples/linux61-lazy.capture.txt.zst";

struct job {
    const char *filter;
    double seconds;
    uint64_t runs, guests;
    struct bench_settings settings;
    bool list, json;
    struct json_object *cases, *costs, *crowd;
};

/* ---------------------------------------------------------------- output */

static void print_head(const struct job *job)
{
    printf("amdvi %s on %s, %s, build %s, preset genoa\n", amdvi_version(), bench_machine(), bench_compiler(),
           bench_build());
    printf("median of %llu runs of %.2f s of processor time, one thread%s\n", (unsigned long long)job->runs,
           job->seconds, job->settings.small ? "; smoke run, the figures mean nothing" : "");
}

static void print_titles(void)
{
    printf("\n%-26s %10s %9s %17s %8s %6s %6s\n", "case", "ns/op", "M/s", "spread ns/op", "anchor", "must",
           "aim");
}

static void print_goal(double value)
{
    if (value > 0)
        printf(" %6g", value);
    else
        printf(" %6s", "-");
}

static void print_result(const struct bench_case *c, const struct bench_result *r)
{
    char spread[40];

    snprintf(spread, sizeof(spread), "%.1f..%.1f", r->fastest_ns_per_op, r->slowest_ns_per_op);
    printf("%-26s %10.1f %9.3f %17s ", c->name, r->ns_per_op, r->m_per_s, spread);
    print_goal(c->anchor_m_per_s);
    print_goal(c->must_m_per_s);
    print_goal(c->aim_m_per_s);
    if (!strcmp(c->unit, "translation"))
        printf("  reads/op: %4.1f", r->table_reads_per_op);
    if (r->counted)
        printf("  allocations: %llu", (unsigned long long)r->allocations);
    printf("\n    %s\n", c->what);
    fflush(stdout);
}

static void print_foot(void)
{
    puts("\nanchor, must and aim in M/s. Anchors: RISC-V IOMMU reference model at -O2 on a 2.6 GHz "
         "Genoa-class virtual\n"
         "machine: hit 29.6 (2 entries), stage-2 4-level miss 8.0, nested Sv48 miss 2.45, invalidation 30.0 "
         "(2 entries).\n"
         "Figures are of this model, not of AMD hardware.");
}

static void put_goal(struct json_object *object, const char *key, double value)
{
    if (value > 0)
        json_put_real(object, key, value);
    else
        json_object_object_add(object, key, NULL);
}

static void add_json(const struct job *job, const struct bench_case *c, const struct bench_result *r)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "name", c->name);
    json_put_text(object, "what", c->what);
    json_put_text(object, "operation", c->unit);
    json_put_real(object, "median_ns_per_op", r->ns_per_op);
    json_put_real(object, "median_m_per_s", r->m_per_s);
    json_put_real(object, "fastest_ns_per_op", r->fastest_ns_per_op);
    json_put_real(object, "slowest_ns_per_op", r->slowest_ns_per_op);
    json_put_count(object, "runs", r->runs);
    json_put_count(object, "operations", r->operations);
    if (r->counted) {
        json_put_count(object, "allocations", r->allocations);
        json_put_count(object, "memory_callbacks", r->memory_calls);
    }
    if (!strcmp(c->unit, "translation"))
        json_put_real(object, "table_reads_per_op", r->table_reads_per_op);
    json_put_text(object, "anchor", c->anchor);
    put_goal(object, "anchor_m_per_s", c->anchor_m_per_s);
    put_goal(object, "must_m_per_s", c->must_m_per_s);
    put_goal(object, "aim_m_per_s", c->aim_m_per_s);
    json_object_array_add(job->cases, object);
}

static void add_surroundings(const struct job *job, struct json_object *top)
{
    json_put_text(top, "schema", "amdvi-bench 1");
    json_put_text(top, "version", amdvi_version());
    json_put_text(top, "machine", bench_machine());
    json_put_text(top, "compiler", bench_compiler());
    json_put_text(top, "build", bench_build());
    json_put_text(top, "preset", "genoa");
    json_put_text(top, "anchor_machine", "2.6 GHz Genoa-class virtual machine");
    json_put_text(top, "clock", "processor time of the measuring thread");
    json_put_bool(top, "smoke", job->settings.small);
    json_put_real(top, "seconds_per_run", job->seconds);
}

static void print_all_json(struct job *job)
{
    struct json_object *top = json_object_new_object();

    add_surroundings(job, top);
    json_object_object_add(top, "cases", job->cases);
    json_object_object_add(top, "costs", job->costs);
    if (job->crowd)
        json_object_object_add(top, "guests", job->crowd);
    job->cases = job->costs = job->crowd = NULL;
    json_print(stdout, top);
}

/* ---------------------------------------------------------------- running */

static int run_case(const struct job *job, size_t index)
{
    const struct bench_case *c = bench_case_at(index);
    struct bench_result result;
    char error[256];
    struct bench *bench = bench_open(index, &job->settings, error, sizeof(error));
    bool good;

    if (!bench) {
        usage_error(&command_bench, "%s: %s", c->name, error);
        return CLI_FAILED;
    }
    good = bench_measure(bench, job->seconds, (unsigned)job->runs, &result);
    bench_close(bench);
    if (!good) {
        usage_error(&command_bench, "%s: the measured code failed", c->name);
        return CLI_FAILED;
    }
    if (job->json)
        add_json(job, c, &result);
    else
        print_result(c, &result);
    return result.counted && result.allocations ? CLI_FAILED : CLI_OK;
}

static bool wanted(const struct job *job, size_t index)
{
    const struct bench_case *c = bench_case_at(index);

    if (job->filter && !strstr(c->name, job->filter))
        return false;
    if (strcmp(c->name, "replay") || job->settings.capture)
        return true;
    fprintf(stderr, "amdvi bench: replay: left out, there is no %s here; --capture FILE names one\n", sample);
    return false;
}

static bool measure_guests(const struct job *job, unsigned guests, struct bench_crowd *result);

static int run_crowd(struct job *job, unsigned *count)
{
    enum { SMALL = 128 };
    struct bench_crowd result;

    if (job->filter && !strstr(crowd_name, job->filter))
        return CLI_OK;
    ++*count;
    if (!measure_guests(job, job->settings.small ? SMALL : BENCH_GUESTS_MAX, &result))
        return CLI_FAILED;
    if (job->json)
        job->crowd = guests_json(&result);
    else
        guests_print(&result);
    return CLI_OK;
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int run_cases(struct job *job)
{
    int worst = CLI_OK;
    unsigned count = 0;

    if (!job->json)
        print_head(job);
    for (size_t i = 0; i < bench_count(); i++)
        if (wanted(job, i)) {
            if (!job->json && !count)
                print_titles();
            worst = worse(worst, run_case(job, i));
            count++;
        }
    if (!job->json && count)
        print_foot();
    worst = worse(worst, costs_run(job->filter, job->seconds, (unsigned)job->runs, job->costs, &count));
    worst = worse(worst, run_crowd(job, &count));
    if (!count)
        return usage_error(&command_bench, "no case has '%s' in its name; amdvi bench --list shows them",
                           job->filter);
    if (job->json)
        print_all_json(job);
    return worst;
}

static int list_cases(void)
{
    for (size_t i = 0; i < bench_count(); i++)
        printf("%-26s %s\n", bench_case_at(i)->name, bench_case_at(i)->what);
    costs_list();
    printf("%-26s %s\n", crowd_name, "as many guests of HW-vIOMMU, 4,096 of them active");
    return CLI_OK;
}

/* ---------------------------------------------------------------- many guests */

static void print_guests_json(const struct job *job, struct json_object *guests)
{
    struct json_object *top = json_object_new_object();

    add_surroundings(job, top);
    json_object_object_add(top, "guests", guests);
    json_print(stdout, top);
}

static bool measure_guests(const struct job *job, unsigned guests, struct bench_crowd *result)
{
    char error[256];

    if (bench_guests(guests, job->seconds, result, error, sizeof(error)))
        return true;
    usage_error(&command_bench, "--guests %u: %s", guests, error);
    return false;
}

static int run_guests(const struct job *job)
{
    struct bench_crowd result;

    if (!measure_guests(job, (unsigned)job->guests, &result))
        return CLI_FAILED;
    if (job->json) {
        print_guests_json(job, guests_json(&result));
        return CLI_OK;
    }
    printf("amdvi %s on %s, %s, build %s, preset genoa, one thread\n", amdvi_version(), bench_machine(),
           bench_compiler(), bench_build());
    guests_print(&result);
    return CLI_OK;
}

/* ---------------------------------------------------------------- command line */

static bool take_guests(struct job *job, const char *text)
{
    if (!option_number(&command_bench, "--guests", text, BENCH_GUESTS_MAX, &job->guests))
        return false;
    if (job->guests)
        return true;
    usage_error(&command_bench, "--guests: at least 1");
    return false;
}

static bool take_runs(struct job *job, const char *text)
{
    if (!option_number(&command_bench, "--runs", text, 101, &job->runs))
        return false;
    if (job->runs)
        return true;
    usage_error(&command_bench, "--runs: at least 1");
    return false;
}

static bool take_seconds(struct job *job, const char *text)
{
    char *end;

    job->seconds = strtod(text, &end);
    if (*end == 0 && end != text && job->seconds > 0 && job->seconds <= 3600)
        return true;
    usage_error(&command_bench, "--seconds: '%s' is not a number of seconds up to 3600", text);
    return false;
}

static bool take_option(struct job *job, int option)
{
    switch (option) {
    case 't':
        return take_seconds(job, optarg);
    case 'n':
        return take_runs(job, optarg);
    case 'G':
        return take_guests(job, optarg);
    case 'f':
        job->filter = optarg;
        break;
    case 'C':
        job->settings.capture = optarg;
        break;
    case 'S':
        job->settings.small = true;
        job->seconds = 0.01;
        break;
    default:
        job->list |= option == 'l';
        job->json |= option == 'j';
    }
    return true;
}

static void default_capture(struct job *job)
{
    FILE *file = job->settings.capture ? NULL : fopen(sample, "rb");

    if (!file)
        return;
    fclose(file);
    job->settings.capture = sample;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},          {"filter", required_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 't'}, {"runs", required_argument, NULL, 'n'},
        {"capture", required_argument, NULL, 'C'}, {"guests", required_argument, NULL, 'G'},
        {"smoke", no_argument, NULL, 'S'},         {"list", no_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},          {0},
    };
    struct job job = {.seconds = 0.5, .runs = 5};
    int option, status;

    while ((option = option_next(&command_bench, argc, argv, ":hf:t:n:lj", options, &status)) != OPTION_END) {
        if (option == OPTION_STOP)
            return status;
        if (!take_option(&job, option))
            return CLI_WRONG;
    }
    if (optind < argc)
        return usage_error(&command_bench, "'%s' is too much", argv[optind]);
    if (job.list)
        return list_cases();
    if (job.guests)
        return run_guests(&job);
    default_capture(&job);
    job.cases = json_object_new_array();
    job.costs = job.json ? json_object_new_array() : NULL;
    status = run_cases(&job);
    json_object_put(job.cases);
    json_object_put(job.costs);
    json_object_put(job.crowd);
    return status;
}

const struct command command_bench = {"bench", "measure the speed of the model", help, run};
