// SPDX-License-Identifier: Apache-2.0
/* V6 and V10: guests whose flushes a VMM traps, and guests that the device serves itself. */
#include "testbench/studies/rows.h"
#include "testbench/studies/workload.h"

#include <stdio.h>

/* ---------------------------------------------------------------- V6: trapped against direct */

struct pair {
    double trapped, direct; /* us, mean */
};

static double metric_of(const struct experiment_result *r, const char *name)
{
    const struct metric *m = experiment_metric(r, name);

    return m ? m->value : 0;
}

/* Each processor flushes every 200 us: nobody says how often those that were measured did. */
static struct pair measure(struct validation_outcome *o, const char *processors)
{
    struct experiment_result result;
    struct experiment e;
    char error[256], flushes[24], period[24];

    snprintf(flushes, sizeof(flushes), "%llu", (unsigned long long)row_setting(o, "flushes"));
    snprintf(period, sizeof(period), "%llu", (unsigned long long)row_setting(o, "period_us"));
    experiment_init(&e);
    e.warm_up = 0;
    o->ran &= experiment_set(&e, "workload.kind", "guests", error, sizeof(error)) &&
              experiment_set(&e, "workload.guests", "1", error, sizeof(error)) &&
              experiment_set(&e, "workload.processors", processors, error, sizeof(error)) &&
              experiment_set(&e, "workload.period", period, error, sizeof(error)) &&
              experiment_set(&e, "length", flushes, error, sizeof(error)) &&
              experiment_run(&e, &result, error, sizeof(error));
    if (!o->ran)
        return (struct pair){0};
    return (struct pair){metric_of(&result, "trapped_mean_us"), metric_of(&result, "direct_mean_us")};
}

static double saved(const struct pair *p)
{
    return 100 * (1 - p->direct / p->trapped);
}

void row_trap(struct validation_outcome *o)
{
    struct pair one, eight;

    one = measure(o, "1");
    eight = measure(o, "8");
    row_metric(o, "trapped_us", one.trapped);
    row_metric(o, "trapped_8_us", eight.trapped);
    row_metric(o, "saved_percent", saved(&one));
    row_metric(o, "saved_8_percent", saved(&eight));
    SAY(o, "trapped %.2f us, direct %.2f us: %.0f %% less; 8 processors %.2f and %.2f us: %.0f %% less",
        one.trapped, one.direct, saved(&one), eight.trapped, eight.direct, saved(&eight));
}

/* ---------------------------------------------------------------- V10: strict, deferred, reused */

/* Share of the line rate, in percent, of a driver on its own hardware, where nothing traps: what mapping and
 * unmapping takes for each packet, and a flush each `packets_per_flush`; 0: mappings stay. */
static double line_rate(struct validation_outcome *o, const struct amdvi_timed_parameters *p,
                        unsigned packets_per_flush)
{
    unsigned packets = (unsigned)row_setting(o, "packets");
    uint64_t packet = (uint64_t)row_setting(o, "packet_ps"), now = 0, done;
    uint64_t software = packets_per_flush ? (uint64_t)row_setting(o, "software_ps") : 0;
    struct amdvi_trap host;

    o->ran &= amdvi_trap_begin(&host, p) == AMDVI_OK;
    for (unsigned i = 1; i <= packets && o->ran; i++) {
        now += packet + software;
        if (!packets_per_flush || i % packets_per_flush)
            continue;
        o->ran &= amdvi_trap_submit(&host, now, 0, &done) == AMDVI_OK;
        now = done;
    }
    return 100.0 * packets * (double)packet / (double)now;
}

void row_modes(struct validation_outcome *o)
{
    struct amdvi_timed_parameters p;
    double strict, deferred, reused;

    o->ran &= amdvi_timed_preset_parameters(&p, NULL) == AMDVI_OK &&
              amdvi_timed_set(&p, "trap.exit", "0ns") == AMDVI_OK &&
              amdvi_timed_set(&p, "trap.dispatch", "0ns") == AMDVI_OK &&
              amdvi_timed_set(&p, "trap.submit", "0ns") == AMDVI_OK;
    strict = line_rate(o, &p, 1);
    deferred = line_rate(o, &p, (unsigned)row_setting(o, "batch"));
    reused = line_rate(o, &p, 0);
    row_metric(o, "strict_percent", strict);
    row_metric(o, "deferred_percent", deferred);
    row_metric(o, "reused_percent", reused);
    row_metric(o, "in_order", strict < deferred && deferred < reused);
    SAY(o, "%.1f %%, %.1f %%, %.1f %%", strict, deferred, reused);
}
