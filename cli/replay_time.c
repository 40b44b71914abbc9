// SPDX-License-Identifier: Apache-2.0
/* What a replay under time (timing=on) took. */
#include "cli/replay.h"

#include <inttypes.h>

static const struct {
    const char *name;
    enum amdvi_timed_histogram which;
} kinds[] = {{"requests", AMDVI_TIMED_ALL_REQUESTS},
             {"walked", AMDVI_TIMED_WALKED_REQUESTS},
             {"interrupts", AMDVI_TIMED_INTERRUPTS},
             {"registers", AMDVI_TIMED_REGISTERS},
             {"memory", AMDVI_TIMED_MEMORY}};
static const struct {
    const char *name;
    uint32_t ppm;
} shares[] = {{"p50_ns", 500000},   {"p90_ns", 900000},    {"p99_ns", 990000},
              {"p99_9_ns", 999000}, {"p99_99_ns", 999900}, {"max_ns", 1000000}};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), SHARES = sizeof(shares) / sizeof(shares[0]) };

static double share(const struct amdvi_timed *timed, enum amdvi_timed_histogram which, uint32_t ppm)
{
    uint64_t ps = 0;

    amdvi_timed_percentile(timed, which, ppm, &ps);
    return (double)ps / 1e3;
}

void time_print(const struct session *session, const char *mark)
{
    const struct amdvi_timed *timed = amdvi_replay_timed(session->player.replay);

    if (!timed)
        return;
    printf("%s  %.3f us on the device's clock\n", mark, (double)amdvi_timed_now(timed) / 1e6);
    for (unsigned i = 0; i < KINDS; i++) {
        uint64_t count;
        double mean;
        amdvi_timed_mean(timed, kinds[i].which, &count, &mean);
        if (count)
            printf("%s  %-10s %10" PRIu64 ": mean %.0f ns, p50 %.0f, p99 %.0f, max %.0f\n", mark,
                   kinds[i].name, count, mean / 1e3, share(timed, kinds[i].which, 500000),
                   share(timed, kinds[i].which, 990000), share(timed, kinds[i].which, 1000000));
    }
}

static struct json_object *kind_json(const struct amdvi_timed *timed, enum amdvi_timed_histogram which)
{
    struct json_object *object = json_object_new_object();
    uint64_t count;
    double mean;

    amdvi_timed_mean(timed, which, &count, &mean);
    json_put_count(object, "count", count);
    json_put_real(object, "mean_ns", mean / 1e3);
    for (unsigned i = 0; i < SHARES; i++)
        json_put_real(object, shares[i].name, share(timed, which, shares[i].ppm));
    return object;
}

struct json_object *time_json(const struct session *session)
{
    const struct amdvi_timed *timed = amdvi_replay_timed(session->player.replay);
    struct json_object *object;

    if (!timed)
        return NULL;
    object = json_object_new_object();
    json_put_real(object, "clock_us", (double)amdvi_timed_now(timed) / 1e6);
    for (unsigned i = 0; i < KINDS; i++)
        json_object_object_add(object, kinds[i].name, kind_json(timed, kinds[i].which));
    return object;
}
