// SPDX-License-Identifier: Apache-2.0
/* V6 and V10: guests whose flushes a VMM traps, and guests that the device serves itself. */
#include "testbench/studies/rows.h"
#include "testbench/studies/workload.h"

#include <math.h>

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
    char error[256];

    experiment_init(&e);
    e.warm_up = 0;
    o->ran &= experiment_set(&e, "workload.kind", "guests", error, sizeof(error)) &&
              experiment_set(&e, "workload.guests", "1", error, sizeof(error)) &&
              experiment_set(&e, "workload.processors", processors, error, sizeof(error)) &&
              experiment_set(&e, "workload.period", "200", error, sizeof(error)) &&
              experiment_set(&e, "length", "400", error, sizeof(error)) &&
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
    bool holds;

    o->ran = true;
    one = measure(o, "1");
    eight = measure(o, "8");
    holds = one.trapped >= 7 && eight.trapped <= 9 && saved(&one) >= 70 && saved(&one) <= 90 &&
            saved(&eight) >= 70 && saved(&eight) <= 90;
    o->holds = o->ran && holds;
    SAY(o, "trapped %.2f us, direct %.2f us: %.0f %% less; 8 processors %.2f and %.2f us: %.0f %% less",
        one.trapped, one.direct, saved(&one), eight.trapped, eight.direct, saved(&eight));
    REMARK(o, "the time of the submission alone; each processor flushes every 200 us, and the dirty status "
              "of guests is held in the device: assumptions");
}

/* ---------------------------------------------------------------- V10: strict, deferred, reused */

/* A packet of 1,500 bytes takes 1.2 us of a 10 Gb/s line, and the processor as long when nothing is torn
 * down. Nothing traps: the published figures are of a driver on its own hardware. */
#define PACKET_PS UINT64_C(1200000)
enum { PACKETS = 20000, BATCH = 250, SOFTWARE_PS = 100000 };

/* Share of the line rate, in percent: what mapping and unmapping takes for each packet, and a flush each
 * `packets_per_flush`; 0: mappings stay. */
static double line_rate(struct validation_outcome *o, const struct amdvi_timed_parameters *p,
                        unsigned packets_per_flush)
{
    uint64_t now = 0, done;
    struct amdvi_trap host;

    o->ran &= amdvi_trap_begin(&host, p) == AMDVI_OK;
    for (unsigned i = 1; i <= PACKETS; i++) {
        now += PACKET_PS + (packets_per_flush ? SOFTWARE_PS : 0);
        if (!packets_per_flush || i % packets_per_flush)
            continue;
        o->ran &= amdvi_trap_submit(&host, now, 0, &done) == AMDVI_OK;
        now = done;
    }
    return 100.0 * PACKETS * PACKET_PS / (double)now;
}

void row_modes(struct validation_outcome *o)
{
    struct amdvi_timed_parameters p;
    double strict, deferred, reused;

    o->ran = amdvi_timed_preset_parameters(&p, NULL) == AMDVI_OK &&
             amdvi_timed_set(&p, "trap.exit", "0ns") == AMDVI_OK &&
             amdvi_timed_set(&p, "trap.dispatch", "0ns") == AMDVI_OK &&
             amdvi_timed_set(&p, "trap.submit", "0ns") == AMDVI_OK;
    strict = line_rate(o, &p, 1);
    deferred = line_rate(o, &p, BATCH);
    reused = line_rate(o, &p, 0);
    o->holds = o->ran && strict < deferred && deferred < reused && fabs(strict - 43) <= 8 &&
               fabs(deferred - 91) <= 5 && reused >= 98;
    SAY(o, "%.1f %%, %.1f %%, %.1f %%", strict, deferred, reused);
    REMARK(o, "the published figures are of bare metal: a flush takes trap.flush, 2 us, as measured there; "
              "100 ns a packet for mapping and unmapping are fitted. Strict is near the edge of its "
              "tolerance");
}
