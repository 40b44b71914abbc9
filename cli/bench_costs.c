// SPDX-License-Identifier: Apache-2.0
/* `amdvi bench`: what details of experiments cost, and time that is there and not used. */
#include "cli/bench.h"

#include <string.h>

static void print_goal(double percent)
{
    if (percent > 0)
        printf(" %6g", percent);
    else
        printf(" %6s", "-");
}

static void print_cost(const struct bench_pair *p, const struct bench_cost *cost, bool first)
{
    if (first)
        printf("\n%-26s %10s %9s %7s %6s %6s\n", "what it costs", "without ns", "with ns", "more %", "must",
               "aim");
    printf("%-26s %10.1f %9.1f %7.1f", p->name, cost->without_ns, cost->with_ns, cost->percent);
    print_goal(p->must_percent);
    print_goal(p->aim_percent);
    printf("\n    %s\n", p->what);
    fflush(stdout);
}

static void put_goal(struct json_object *object, const char *key, double percent)
{
    if (percent > 0)
        json_put_real(object, key, percent);
    else
        json_object_object_add(object, key, NULL);
}

static void add_json(struct json_object *all, const struct bench_pair *p, const struct bench_cost *cost)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "name", p->name);
    json_put_text(object, "what", p->what);
    json_put_real(object, "fastest_without_ns_per_op", cost->without_ns);
    json_put_real(object, "fastest_with_ns_per_op", cost->with_ns);
    json_put_real(object, "more_percent", cost->percent);
    put_goal(object, "must_percent", p->must_percent);
    put_goal(object, "aim_percent", p->aim_percent);
    json_object_array_add(all, object);
}

int costs_run(const char *filter, double seconds, unsigned runs, struct json_object *all, unsigned *count)
{
    const struct bench_pair *p;
    struct bench_cost cost;
    char error[256];
    unsigned done = 0;

    for (size_t i = 0; (p = bench_pair_at(i)); i++) {
        if (filter && !strstr(p->name, filter))
            continue;
        if (!bench_compare(i, seconds, runs, &cost, error, sizeof(error))) {
            usage_error(&command_bench, "%s: %s", p->name, error);
            return CLI_FAILED;
        }
        if (all)
            add_json(all, p, &cost);
        else
            print_cost(p, &cost, !done);
        done++;
    }
    *count += done;
    return CLI_OK;
}

void costs_list(void)
{
    for (size_t i = 0; bench_pair_at(i); i++)
        printf("%-26s %s\n", bench_pair_at(i)->name, bench_pair_at(i)->what);
}
