// SPDX-License-Identifier: GPL-2.0-only
/* Runs scenarios on a kernel instance, each in a process of its own. */
#include "world.h"

#include "process.h"
#include "surroundings.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, BLAME_SECONDS = 60 };

struct result {
    const struct scenario *scenario;
    struct world_report report;
    int status; /* 0 passed, 1 failed, 3 the kernel ended, 128 + signal */
    double seconds;
};

static const char usage[] =
    "usage: kshim-run --object FILE.so [options] [SCENARIO...]\n"
    "\n"
    "Runs scenarios on a kernel instance; without names, all of its version. A name ends in * for all that\n"
    "begin so. One that is named in full runs also on versions that it is not meant for.\n"
    "  --object FILE      the kernel instance (scripts/kernel build makes it)\n"
    "  --guest FILE       the instance of guests; without it the same one. Twice: of the second guest\n"
    "                     where there are two\n"
    "  --list             names and what they do\n"
    "  --seed N           of every random choice (1)\n"
    "  --steps N          length of random scenarios\n"
    "  --interleave       switch between kernel threads at locks and register accesses\n"
    "  --blame            look for the kernel's stores at each doorbell, so that findings of "
    "the "
    "lint\n"
    "                     name where they were made; slow. Without it a scenario with findings runs a second "
    "time "
    "so\n"
    "  --no-lint          without the lint\n"
    "  --time             requests and commands take time: timing=on\n"
    "  --set NAME=VALUE   a parameter of time, memory.latency=150ns, or cpu.call, cpu.read, cpu.write\n"
    "  --record FILE      a trace of the first IOMMU (.trace: text), of the second FILE.1; for one scenario\n"
    "  --junit FILE       results for machines\n"
    "  --json FILE        the same with what each scenario cost: calls, commands, flushes, findings\n"
    "  --verbose          the kernel's log as it comes\n"
    "Exit status: 0 all passed, 1 something failed, 2 the command line is wrong.\n";

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);

    if (length && pattern[length - 1] == '*')
        return !strncmp(pattern, name, length - 1);
    return !strcmp(pattern, name);
}

/* The kernel that scenarios run on, as far as it decides which of them do. */
struct subject {
    unsigned version;
    char release[64], added[64];
};

/* Not even by its full name: nothing would be there to look at. */
static bool lacks_code(const struct scenario *scenario, const struct subject *subject)
{
    return scenario->added && strcmp(scenario->added, subject->added);
}

static bool is_for(const struct scenario *scenario, const struct subject *subject)
{
    unsigned version = subject->version;

    return !lacks_code(scenario, subject) && surroundings_take(scenario->name) &&
           (!scenario->since || version >= scenario->since) &&
           (!scenario->before || version < scenario->before);
}

/* In the order in which they run; null after the last one. */
static const struct scenario *scenario_at(size_t index)
{
    for (size_t group = 0; scenario_groups[group]; group++)
        for (const struct scenario *each = scenario_groups[group]; each->name; each++)
            if (index-- == 0)
                return each;
    return NULL;
}

/* The first name that no scenario has, whatever versions it is for; null: each has one. */
static const char *unknown_name(char **names, int count)
{
    const struct scenario *scenario;

    for (int name = 0; name < count; name++) {
        size_t each = 0;
        while ((scenario = scenario_at(each)) != NULL && !matches(names[name], scenario->name))
            each++;
        if (!scenario)
            return names[name];
    }
    return NULL;
}

/* In the process of the scenario. */
static int run(void *argument)
{
    struct world *world = argument;

    world->scenario->run(world);
    world_end(world);
    fflush(NULL);
    return world->failures ? EXIT_FAILED : 0;
}

static int run_surrounded(void *argument)
{
    return surroundings_run(run, argument);
}

static int in_process(const struct scenario *scenario, const struct run_options *options,
                      struct world_report *report)
{
    struct world world = {.options = options, .scenario = scenario, .report = report};

    memset(report, 0, sizeof(*report));
    return process_run(run_surrounded, &world, options->seconds_most);
}

/* A scenario with findings runs once more, the same steps, to see where in the driver the stores were made.
 */
static void look_again(const struct scenario *scenario, const struct run_options *options,
                       struct world_report *report)
{
    struct world_report first = *report;
    struct run_options again = *options;

    if (!first.findings || options->blame)
        return;
    again.blame = true;
    again.record = NULL;
    again.seconds_most = BLAME_SECONDS;
    fprintf(stderr, "once more, to see where in the kernel:\n");
    in_process(scenario, &again, report);
    if (report->findings) /* else it took too long */
        memcpy(first.first, report->first, sizeof(first.first));
    *report = first;
}

static const char *verdict(int status)
{
    return status == 0 ? "ok" : status == INSTANCE_EXIT_DIED ? "DIED" : "FAILED";
}

/* Closed, with all that was written to it there. */
static bool close_whole(FILE *file)
{
    bool whole = !ferror(file);

    return !fclose(file) && whole;
}

static bool write_json(const char *name, const struct result *results, size_t count, const char *release)
{
    FILE *file = fopen(name, "w");

    if (!file)
        return false;
    fprintf(file, "{\"release\": \"%s\", \"scenarios\": [", release);
    for (size_t each = 0; each < count; each++) {
        fprintf(file, "%s\n  {\"name\": \"%s\", \"status\": %d, ", each ? "," : "",
                results[each].scenario->name, results[each].status);
        world_report_write(file, &results[each].report);
        fputc('}', file);
    }
    fputs("\n]}\n", file);
    return close_whole(file);
}

static bool write_junit(const char *name, const struct result *results, size_t count, const char *release)
{
    FILE *file = fopen(name, "w");
    size_t failed = 0;

    if (!file)
        return false;
    for (size_t each = 0; each < count; each++)
        failed += results[each].status != 0;
    fprintf(file, "<?xml version=\"1.0\"?>\n<testsuite name=\"linux-%s\" tests=\"%zu\" failures=\"%zu\">\n",
            release, count, failed);
    for (size_t each = 0; each < count; each++) {
        fprintf(file, "  <testcase classname=\"linux-%s\" name=\"%s\" time=\"%.3f\"", release,
                results[each].scenario->name, results[each].seconds);
        if (results[each].status)
            fprintf(file, "><failure message=\"%s, status %d\"/></testcase>\n", verdict(results[each].status),
                    results[each].status);
        else
            fprintf(file, "/>\n");
    }
    fprintf(file, "</testsuite>\n");
    return close_whole(file);
}

static size_t scenarios(void)
{
    size_t count = 0;

    while (scenario_at(count))
        count++;
    return count;
}

static size_t run_all(const struct run_options *options, const struct subject *subject, char **names,
                      int names_count, struct result *results)
{
    struct world_report *report = world_report_shared();
    const struct scenario *scenario;
    size_t count = 0;

    for (size_t each = 0; report && (scenario = scenario_at(each)) != NULL; each++) {
        bool wanted = names_count == 0;
        double start = now();

        bool named = false;
        for (int name = 0; name < names_count; name++) {
            wanted |= matches(names[name], scenario->name);
            named |= !strcmp(names[name], scenario->name);
        }
        if (!wanted || lacks_code(scenario, subject) || (!named && !is_for(scenario, subject)))
            continue;
        results[count].scenario = scenario;
        results[count].status = in_process(scenario, options, report);
        results[count].seconds = now() - start;
        look_again(scenario, options, report);
        results[count].report = *report;
        printf("%-7s%-34s %6.0f ms\n", verdict(results[count].status), scenario->name,
               results[count].seconds * 1e3);
        fflush(stdout);
        count++;
    }
    return count;
}

static void list(const struct subject *subject)
{
    const struct scenario *scenario;

    for (size_t each = 0; (scenario = scenario_at(each)) != NULL; each++)
        if (is_for(scenario, subject))
            printf("%-34s %s\n", scenario->name, scenario->what);
}

static uint64_t number(const char *text, const char *option)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, 0);
    if (errno || *end || end == text) {
        fprintf(stderr, "kshim-run: --%s %s: a number was expected\n", option, text);
        exit(EXIT_USAGE);
    }
    return value;
}

enum {
    OPTION_OBJECT = 256,
    OPTION_GUEST,
    OPTION_LIST,
    OPTION_SEED,
    OPTION_STEPS,
    OPTION_INTERLEAVE,
    OPTION_NO_LINT,
    OPTION_BLAME,
    OPTION_TIME,
    OPTION_SET,
    OPTION_RECORD,
    OPTION_JUNIT,
    OPTION_JSON,
    OPTION_VERBOSE
};

static const struct option long_options[] = {
    {"object", required_argument, NULL, OPTION_OBJECT},
    {"guest", required_argument, NULL, OPTION_GUEST},
    {"list", no_argument, NULL, OPTION_LIST},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"steps", required_argument, NULL, OPTION_STEPS},
    {"interleave", no_argument, NULL, OPTION_INTERLEAVE},
    {"set", required_argument, NULL, OPTION_SET},
    {"time", no_argument, NULL, OPTION_TIME},
    {"no-lint", no_argument, NULL, OPTION_NO_LINT},
    {"blame", no_argument, NULL, OPTION_BLAME},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"junit", required_argument, NULL, OPTION_JUNIT},
    {"json", required_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct command {
    struct run_options run;
    const char *junit, *json;
    bool list;
};

static void take_option(struct command *command, int option)
{
    switch (option) {
    case OPTION_OBJECT:
        command->run.object = optarg;
        break;
    case OPTION_GUEST:
        *(command->run.guest_object ? &command->run.other_guest_object : &command->run.guest_object) = optarg;
        break;
    case OPTION_LIST:
        command->list = true;
        break;
    case OPTION_SEED:
        command->run.seed = number(optarg, "seed");
        break;
    case OPTION_STEPS:
        command->run.steps = number(optarg, "steps");
        break;
    case OPTION_INTERLEAVE:
        command->run.interleave = true;
        break;
    case OPTION_BLAME:
        command->run.blame = true;
        break;
    case OPTION_SET:
        if (!times_set(&command->run.times, optarg)) {
            fprintf(
                stderr,
                "kshim-run: --set %s: a parameter of time with its value was expected, memory.latency=150ns; "
                "docs/timing-parameters.md has them, and cpu.call, cpu.read, cpu.write are the processor's\n",
                optarg);
            exit(EXIT_USAGE);
        }
        break;
    case OPTION_TIME:
        command->run.timed = true;
        break;
    case OPTION_NO_LINT:
        command->run.no_lint = true;
        break;
    case OPTION_RECORD:
        command->run.record = optarg;
        break;
    case OPTION_JUNIT:
        command->junit = optarg;
        break;
    case OPTION_JSON:
        command->json = optarg;
        break;
    case OPTION_VERBOSE:
        command->run.verbose = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        exit(EXIT_USAGE);
    }
}

/* Guests are of the host's kernel where nothing else is said. */
static void take_options(struct command *command, int argc, char **argv)
{
    int option;

    times_default(&command->run.times);
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
        take_option(command, option);
    if (!command->run.guest_object)
        command->run.guest_object = command->run.object;
    if (!command->run.other_guest_object)
        command->run.other_guest_object = command->run.guest_object;
}

/* As the object itself says. */
static void look_at(const char *object, struct subject *subject)
{
    char error[400];
    struct instance *probe = instance_load(object, "probe", error, sizeof(error));

    if (!probe) {
        fprintf(stderr, "kshim-run: %s\n", error);
        exit(EXIT_USAGE);
    }
    subject->version = instance_version(probe);
    snprintf(subject->release, sizeof(subject->release), "%s", instance_release(probe));
    snprintf(subject->added, sizeof(subject->added), "%s", instance_entry(probe)->added);
    instance_unload(probe);
}

/* The exit status after all of them. */
static int report(const struct command *command, const struct subject *subject, const struct result *results,
                  size_t count)
{
    size_t failed = 0;

    for (size_t each = 0; each < count; each++)
        failed += results[each].status != 0;
    if (!count)
        fprintf(stderr, "kshim-run: no scenario of that name for this version; --list tells\n");
    printf("%zu of %zu scenarios passed on Linux %s\n", count - failed, count, subject->release);
    if (command->json && !write_json(command->json, results, count, subject->release)) {
        fprintf(stderr, "kshim-run: %s cannot be written\n", command->json);
        return EXIT_FAILED;
    }
    if (command->junit && !write_junit(command->junit, results, count, subject->release)) {
        fprintf(stderr, "kshim-run: %s cannot be written\n", command->junit);
        return EXIT_FAILED;
    }
    return !count ? EXIT_USAGE : failed ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
    struct result *results;
    struct command command = {.run = {.seed = 1}};
    struct subject subject;
    const char *unknown;
    size_t all, count;
    int status;

    take_options(&command, argc, argv);
    unknown = unknown_name(argv + optind, argc - optind);
    if (!command.run.object || unknown) {
        if (unknown)
            fprintf(stderr, "kshim-run: there is no scenario %s; --list names them\n", unknown);
        else
            fputs(usage, stderr);
        return EXIT_USAGE;
    }
    look_at(command.run.object, &subject);
    if (command.list) {
        list(&subject);
        return 0;
    }
    printf("Linux %s%s%s, seed %" PRIu64 "\n", subject.release, *subject.added ? " with " : "", subject.added,
           command.run.seed);
    all = scenarios();
    results = all ? calloc(all, sizeof(*results)) : NULL;
    if (!results) {
        fprintf(stderr, "kshim-run: no memory\n");
        return EXIT_FAILED;
    }
    count = run_all(&command.run, &subject, argv + optind, argc - optind, results);
    status = report(&command, &subject, results, count);
    free(results);
    return status;
}
