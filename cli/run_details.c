// SPDX-License-Identifier: Apache-2.0
/* Who took how long in an experiment, for people and for machines. */
#include "cli/run.h"

#include <inttypes.h>

static const char *const holds[EXPERIMENT_HOLDS] = {
    [EXPERIMENT_HOLD_PORTS] = "place_at_port",
    [EXPERIMENT_HOLD_WALKERS] = "walker",
    [EXPERIMENT_HOLD_CREDITS] = "memory_credit",
    [EXPERIMENT_HOLD_MEMORY] = "memory",
    [EXPERIMENT_HOLD_REST] = "arrays_links_and_others_walks",
};

const char *detail_kind_name(const struct experiment_detail *d)
{
    static const char *const kinds[EXPERIMENT_DETAIL_KINDS] = {"device", "domain", "guest", "command"};

    return kinds[d->kind];
}

void detail_name(const struct experiment_detail *d, char *text, size_t size)
{
    if (d->kind == EXPERIMENT_DEVICE)
        snprintf(text, size, "%02x:%02x.%x", d->id >> 8, d->id >> 3 & 31, d->id & 7);
    else if (d->kind == EXPERIMENT_COMMAND)
        snprintf(text, size, "%s%s", d->of_guests ? "guest " : "", command_name(d->id));
    else
        snprintf(text, size, "%u", d->id);
}

/* ---------------------------------------------------------------- for people */

static void print_latency(const struct experiment_latency *l)
{
    printf(" %10" PRIu64 " %10.0f", l->count, l->mean_ns);
    for (unsigned i = 0; i < EXPERIMENT_SHARES; i++)
        printf(" %10.0f", l->share_ns[i]);
    putchar('\n');
}

static void print_head(const char *what)
{
    printf("  %-36s %10s %10s", what, "count", "mean");
    for (unsigned i = 0; i < EXPERIMENT_SHARES; i++)
        printf(" %10s", experiment_shares[i].name);
    putchar('\n');
}

void details_print(const struct experiment_details *d)
{
    enum { MOST = 40 };
    char name[64], line[96];

    printf("from %.3f to %.3f us, nanoseconds:\n", d->since_us, d->until_us);
    print_head("who");
    for (size_t i = 0; i < d->row_count && i < MOST; i++) {
        detail_name(&d->rows[i], name, sizeof(name));
        snprintf(line, sizeof(line), "%s %s", detail_kind_name(&d->rows[i]), name);
        printf("  %-36.36s", line);
        print_latency(&d->rows[i].latency);
    }
    if (d->row_count > MOST)
        printf("  and %zu more (--json)\n", d->row_count - MOST);
    print_head("waits for");
    for (unsigned i = 0; i < d->queue_count; i++) {
        printf("  %-36s", d->queues[i].name);
        print_latency(&d->queues[i].wait);
    }
    for (unsigned i = 0; i < d->queue_count; i++)
        printf("  %-16s %8.2f in use, %8.2f waiting, on average\n", d->queues[i].name,
               d->queues[i].in_use_mean, d->queues[i].waiting_mean);
    for (unsigned i = 0; i < EXPERIMENT_HOLDS; i++)
        printf("  held by %-32s %12.3f us of all requests\n", holds[i], d->hold_us[i]);
}

/* ---------------------------------------------------------------- for machines */

static void put_latency(struct json_object *object, const struct experiment_latency *l, bool shares)
{
    char name[32];

    json_put_count(object, "count", l->count);
    json_put_real(object, "mean_ns", l->mean_ns);
    for (unsigned i = 0; shares && i < EXPERIMENT_SHARES; i++) {
        snprintf(name, sizeof(name), "%s_ns", experiment_shares[i].name);
        json_put_real(object, name, l->share_ns[i]);
    }
}

static struct json_object *row_json(const struct experiment_detail *d)
{
    struct json_object *object = json_object_new_object();
    char name[64];

    detail_name(d, name, sizeof(name));
    if (d->kind == EXPERIMENT_COMMAND) {
        json_put_text(object, "ring", d->of_guests ? "guests" : "host");
        json_put_text(object, "name", command_name(d->id));
    } else {
        json_put_count(object, "id", d->id);
        json_put_count(object, "faults", d->faults);
        json_put_count(object, "reads", d->reads);
    }
    if (d->kind == EXPERIMENT_DEVICE) {
        json_put_text(object, "name", name);
        json_put_count(object, "domain", d->domain);
        if (d->has_guest)
            json_put_count(object, "guest", d->guest);
    }
    put_latency(object, &d->latency, true);
    return object;
}

static void put_rows(struct json_object *top, const struct experiment_details *d)
{
    static const char *const names[EXPERIMENT_DETAIL_KINDS] = {"devices", "domains", "guests", "commands"};
    struct json_object *all[EXPERIMENT_DETAIL_KINDS];

    for (unsigned i = 0; i < EXPERIMENT_DETAIL_KINDS; i++) {
        all[i] = json_object_new_array();
        json_object_object_add(top, names[i], all[i]);
    }
    for (size_t i = 0; i < d->row_count; i++)
        json_object_array_add(all[d->rows[i].kind], row_json(&d->rows[i]));
}

static struct json_object *queues_json(const struct experiment_details *d)
{
    struct json_object *all = json_object_new_array();

    for (unsigned i = 0; i < d->queue_count; i++) {
        const struct experiment_queue *q = &d->queues[i];
        struct json_object *object = json_object_new_object(), *wait = json_object_new_object();
        json_put_text(object, "name", q->name);
        json_put_real(object, "in_use_mean", q->in_use_mean);
        json_put_real(object, "waiting_mean", q->waiting_mean);
        put_latency(wait, &q->wait, i < 2);
        json_object_object_add(object, "wait", wait);
        json_object_array_add(all, object);
    }
    return all;
}

struct json_object *details_json(const struct experiment_details *d)
{
    struct json_object *top = json_object_new_object(), *hold = json_object_new_object();

    json_put_real(top, "since_us", d->since_us);
    json_put_real(top, "until_us", d->until_us);
    put_rows(top, d);
    json_object_object_add(top, "queues", queues_json(d));
    for (unsigned i = 0; i < EXPERIMENT_HOLDS; i++)
        json_put_real(hold, holds[i], d->hold_us[i]);
    json_object_object_add(top, "hold_us", hold);
    json_object_object_add(top, "pmu", pmu_json(d->events));
    return top;
}
