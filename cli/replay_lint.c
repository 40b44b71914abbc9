// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay --lint`: what a driver has forgotten. */
#include "cli/replay.h"

#include <inttypes.h>

static const char *severity_name(enum amdvi_lint_severity severity)
{
    switch (severity) {
    case AMDVI_LINT_MISTAKE:
        return "mistake";
    case AMDVI_LINT_WINDOW:
        return "window";
    default:
        return "note";
    }
}

static void put_mark(struct json_object *object, const char *key, const struct amdvi_lint_mark *mark)
{
    struct json_object *where;

    if (!mark->record)
        return;
    where = json_object_new_object();
    json_put_count(where, "line", mark->line);
    json_put_count(where, "time_ns", mark->ns);
    json_object_object_add(object, key, where);
}

static void put_change(struct json_object *object, const struct amdvi_lint_finding *f)
{
    if (!f->word)
        return;
    json_put_hex(object, "word_address", f->word);
    json_put_hex(object, "old_value", f->old_value);
    json_put_hex(object, "new_value", f->new_value);
    put_mark(object, "filled", &f->filled);
    put_mark(object, "changed", &f->changed);
    json_put_count(object, "danger_records", f->danger_records);
    json_put_count(object, "danger_ns", f->danger_ns);
}

static bool is_about_guest(enum amdvi_lint_kind kind)
{
    return (kind >= AMDVI_LINT_WIPED_ENABLES && kind <= AMDVI_LINT_GUEST_CONTROL) ||
           kind == AMDVI_LINT_GUEST_NOT_RESET || kind == AMDVI_LINT_MAP_TO_ZERO;
}

static void put_command(struct json_object *object, const char *key, const uint64_t words[2])
{
    struct json_object *array = json_object_new_array();
    char text[20];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), "0x%" PRIx64, words[i]);
        json_add_text(array, text);
    }
    json_object_object_add(object, key, array);
}

/* What was needed, and what came close. */
static void put_commands(struct json_object *object, const struct amdvi_lint_finding *f)
{
    static const char *const proofs[] = {"never", "waited", "not_waited", "reused", "overdue", "relied"};
    static const char *const lacks[] = {"", "domain", "pasid", "gn", "range", "pde", "device"};
    bool stale = f->kind == AMDVI_LINT_STALE_ENTRY || f->kind == AMDVI_LINT_STALE_DIRTY ||
                 f->kind == AMDVI_LINT_STALE_ATC;

    if (stale || f->kind == AMDVI_LINT_MISSING_WAIT)
        json_put_text(object, "proof", proofs[f->proof]);
    if (stale)
        put_command(object, "needed", f->needed);
    if (!f->near_at.record)
        return;
    put_command(object, "nearest", f->near);
    put_mark(object, "nearest_given", &f->near_at);
    if (f->lack)
        json_put_text(object, "nearest_lacks", lacks[f->lack]);
}

static struct json_object *finding_json(const struct amdvi_lint_finding *f, const char *text)
{
    struct json_object *object = json_object_new_object();
    char device[8];

    json_put_text(object, "kind", amdvi_lint_kind_name(f->kind));
    json_put_text(object, "severity", severity_name(f->severity));
    json_put_text(object, "text", text);
    put_mark(object, "at", &f->at);
    json_put_text(object, "device", device_text(f->request.device, device));
    json_put_hex(object, "address", f->request.address);
    json_put_hex(object, "domain", f->domain);
    if (f->has_pasid)
        json_put_hex(object, "pasid", f->pasid);
    put_change(object, f);
    if (f->has_guest || is_about_guest(f->kind))
        json_put_hex(object, "gid", f->guest);
    if (f->has_guest)
        json_put_text(object, "guest_device", device_text(f->guest_device, device));
    if (f->has_guest_domain)
        json_put_hex(object, "guest_domain", f->guest_domain);
    json_put_count(object, "times", f->times);
    json_put_count(object, "entries", f->entries);
    put_commands(object, f);
    return object;
}

static void on_finding(void *context, const struct amdvi_lint_finding *finding, const char *text)
{
    struct session *session = context;
    const char *reason = suppress_reason(session->options->suppressions, finding);

    if (session->options->sarif)
        sarif_add(session->options->sarif_results, session->lint_file, finding, reason);
    session->lint_suppressed += reason != NULL;
    if (reason)
        return;
    session->lint_mistakes += finding->severity == AMDVI_LINT_MISTAKE;
    if (session->lint_findings)
        json_object_array_add(session->lint_findings, finding_json(finding, text));
    else if (finding->severity == AMDVI_LINT_MISTAKE)
        printf("%s%s\n", session->options->check ? "# " : "", text);
    else
        printf("%s%s (%s)\n", session->options->check ? "# " : "", text, severity_name(finding->severity));
}

void lint_open(struct session *session, struct amdvi_replay_options *player)
{
    if (!session->options->lint)
        return;
    if (session->options->json)
        session->lint_findings = json_object_new_array();
    session->lint = (struct amdvi_lint_options){.windows = session->options->lint_windows,
                                                .costs = true,
                                                .regime = session->options->lint_regime,
                                                .processors = session->options->lint_processors};
    session->lint_file = player->name;
    player->lint = on_finding;
    player->lint_options = &session->lint;
}

void lint_print(const struct session *session, const char *mark)
{
    struct amdvi_lint_statistics s;

    if (amdvi_lint_statistics(amdvi_replay_lint(session->player.replay), &s) != AMDVI_OK)
        return;
    printf("%s  lint  %10" PRIu64 " cached answers compared with memory, %" PRIu64 " stale, %" PRIu64
           " of these entries invalidated later\n",
           mark, s.checked, s.stale, s.windows);
    for (unsigned kind = 0; kind < AMDVI_LINT_KINDS; kind++)
        if (s.findings[kind])
            printf("%s  lint  %10" PRIu64 " %s\n", mark, s.findings[kind],
                   amdvi_lint_kind_name((enum amdvi_lint_kind)kind));
    if (session->lint_suppressed)
        printf("%s  lint  %10" PRIu64 " suppressed\n", mark, session->lint_suppressed);
    printf("%s  lint  %10" PRIu64 " of %" PRIu64 " invalidations found nothing to drop\n", mark,
           s.superfluous_invalidations, s.invalidations);
    printf("%s  lint  %10" PRIu64 " had PDE=1 for leaf entries only, which dropped %" PRIu64 " directories\n",
           mark, s.superfluous_pde, s.directories_lost);
}

struct json_object *lint_json(struct session *session)
{
    struct json_object *object = json_object_new_object();
    struct amdvi_lint_statistics s;

    json_object_object_add(object, "findings", session->lint_findings);
    session->lint_findings = NULL;
    if (amdvi_lint_statistics(amdvi_replay_lint(session->player.replay), &s) != AMDVI_OK)
        return object;
    json_put_count(object, "answers_checked", s.checked);
    json_put_count(object, "answers_stale", s.stale);
    json_put_count(object, "entries_invalidated_later", s.windows);
    json_put_count(object, "entries_not_followed", s.lost);
    json_put_count(object, "table_words_written", s.writes);
    json_put_count(object, "table_words_forgotten", s.words_lost);
    json_put_count(object, "invalidations", s.invalidations);
    json_put_count(object, "invalidations_superfluous", s.superfluous_invalidations);
    json_put_count(object, "invalidations_superfluous_pde", s.superfluous_pde);
    json_put_count(object, "directories_dropped_by_these", s.directories_lost);
    json_put_count(object, "findings_grouped", s.grouped);
    json_put_count(object, "findings_suppressed", session->lint_suppressed);
    json_put_count(object, "completion_stores", s.stores);
    json_put_count(object, "completion_places_unread", s.stores_unread);
    return object;
}
