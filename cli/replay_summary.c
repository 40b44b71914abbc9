// SPDX-License-Identifier: Apache-2.0
/* The summary of a replay for people. */
#include "cli/replay.h"

#include <inttypes.h>

const char *what_was_recorded(const struct amdvi_trace_info *info)
{
    switch (info->source) {
    case AMDVI_TRACE_SOURCE_CAPTURE:
    case AMDVI_TRACE_SOURCE_QEMU_LOG:
        return "recorded on an emulated machine (QEMU) that a real kernel drove; one record is one question "
               "to "
               "the IOMMU, not one transfer on a bus";
    default:
        return NULL;
    }
}

void cannot_check(const struct amdvi_trace_info *info, void (*say)(void *context, const char *what),
                  void *context)
{
    if (!info->has_memory)
        say(context, "memory is not in this source: tables and rings are missing");
    if (!info->can_check_translations)
        say(context, "results of translations are not in this source");
    if (!info->can_check_interrupts)
        say(context, "results of interrupts are not in this source");
    if (!info->can_check_stores)
        say(context, "stores by the IOMMU are not in this source");
}

/* With --check the output is trace text: everything else is comment. */
static const char *mark(const struct session *session)
{
    return session->options->check ? "# " : "";
}

static void print_class(const struct session *session, const char *name, uint64_t performed, uint64_t checked,
                        uint64_t failed)
{
    printf("%s  %-13s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", mark(session), name,
           performed, checked, checked - failed, failed);
}

static void print_checks(const struct session *session)
{
    const struct amdvi_replay_counts *c = amdvi_replay_counts(session->player.replay);

    printf("%s  %-13s %10s %10s %10s %10s\n", mark(session), "", "done", "checked", "held", "failed");
    print_class(session, "translations", c->translations, c->translations_checked, c->translations_failed);
    print_class(session, "interrupts", c->interrupts, c->interrupts_checked, c->interrupts_failed);
    print_class(session, "stores", c->stores_checked, c->stores_checked, c->stores_failed);
    print_class(session, "registers", c->registers_checked, c->registers_checked, c->registers_failed);
    print_class(session, "others", c->others_checked, c->others_checked, c->others_failed);
}

static void print_rate(const struct session *session, const char *name, uint64_t hits, uint64_t misses)
{
    if (hits + misses)
        printf("%s  %-5s %10" PRIu64 " hits %10" PRIu64 " misses (%.1f %% hits)\n", mark(session), name, hits,
               misses, 100.0 * (double)hits / (double)(hits + misses));
}

static void print_caches(const struct session *session, const struct amdvi_statistics *s)
{
    print_rate(session, "DTC", s->dtc_hits, s->dtc_misses);
    print_rate(session, "PTC", s->ptc_hits, s->ptc_misses);
    print_rate(session, "PDC", s->pdc_hits, s->pdc_misses);
    print_rate(session, "GCR3", s->gcr3_hits, s->gcr3_misses);
    print_rate(session, "ITC", s->itc_hits, s->itc_misses);
    printf("%s  commands %" PRIu64 ", invalidations %" PRIu64 ", events %" PRIu64 " (%" PRIu64
           " lost), faults %" PRIu64 "\n",
           mark(session), s->commands, s->invalidations, s->events, s->events_lost,
           s->faulted + s->interrupts_faulted);
}

static void print_counters(const struct session *session, const struct amdvi_statistics *s)
{
    const struct counter *counter;

    for (size_t i = 0; (counter = stats_counter(i)); i++)
        printf("%s  %-22s %12" PRIu64 "\n", mark(session), counter->name, stats_counter_value(s, counter));
    for (unsigned i = 0; i < 16; i++)
        if (s->commands_by_opcode[i])
            printf("%s  command %-26s %12" PRIu64 "\n", mark(session), command_name(i),
                   s->commands_by_opcode[i]);
    for (unsigned i = 0; i < 16; i++)
        if (s->events_by_code[i])
            printf("%s  event %-28s %12" PRIu64 "\n", mark(session),
                   amdvi_event_name(i) ? amdvi_event_name(i) : "?", s->events_by_code[i]);
}

void print_start(struct session *session)
{
    const struct amdvi_config *config = amdvi_replay_config(session->player.replay);
    const struct amdvi_stored_feature *feature;

    if (session->started || !amdvi_replay_device(session->player.replay))
        return;
    session->started = true;
    if (session->options->json || session->options->quiet || !amdvi_stored_feature_at(config, 0))
        return;
    printf("%sadvertised, but only stored:", mark(session));
    for (size_t i = 0; (feature = amdvi_stored_feature_at(config, i)); i++)
        printf("%s %s", i ? "," : "", feature->name);
    puts(" (amdvi config --explain)");
}

static void say_gap(void *context, const char *what)
{
    printf("%s  note: %s\n", mark(context), what);
}

static bool lacks_something(const struct amdvi_trace_info *info)
{
    return !info->has_memory || !info->can_check_translations || !info->can_check_interrupts ||
           !info->can_check_stores;
}

bool nothing_checked(const struct session *session)
{
    return !amdvi_replay_counts(session->player.replay)->checks &&
           lacks_something(amdvi_trace_info(session->player.reader));
}

static void print_headline(const struct session *session)
{
    const struct amdvi_replay_counts *counts = amdvi_replay_counts(session->player.replay);
    const struct amdvi_trace_info *info = amdvi_trace_info(session->player.reader);
    char records[COUNT_TEXT], checks[COUNT_TEXT];

    printf("%s%s: %s%s, %s, ", mark(session), session->player.path, info->source_name,
           info->compressed ? " (zstd)" : "", count_text(session->player.records, "record", records));
    if (counts->checks)
        printf("%s: %" PRIu64 " held, %" PRIu64 " failed\n", count_text(counts->checks, "check", checks),
               counts->checks - counts->failed, counts->failed);
    else
        printf("nothing was checked: %s\n", lacks_something(info) ? "the source does not have what is needed"
                                                                  : "the trace states no expectation");
}

void print_summary(struct session *session)
{
    const struct amdvi_trace_info *info = amdvi_trace_info(session->player.reader);
    struct amdvi_device *device = amdvi_replay_device(session->player.replay);
    struct amdvi_statistics statistics = {0};
    char written[COUNT_TEXT];
    double seconds = session->seconds;

    print_headline(session);
    print_checks(session);
    if (device && amdvi_get_statistics(device, &statistics) == AMDVI_OK) {
        print_caches(session, &statistics);
        if (session->options->stats)
            print_counters(session, &statistics);
    }
    time_print(session, mark(session));
    lint_print(session, mark(session));
    cannot_check(info, say_gap, session);
    if (what_was_recorded(info))
        say_gap(session, what_was_recorded(info));
    if (session->golden.writer)
        printf("%s  %s written to %s\n", mark(session),
               count_text(session->golden.written, "expectation", written), session->options->output);
    printf("%s  %.3f s, %.0f records/s\n", mark(session), seconds,
           seconds > 0 ? (double)session->player.records / seconds : 0);
}
