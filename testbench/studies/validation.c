// SPDX-License-Identifier: Apache-2.0
/* Runs the rows of the validation (performance 2), and judges what comes out by their checks. */
#include "testbench/studies/rows.h"

#include <string.h>

const struct validation *validation_at(size_t index)
{
    size_t count = 0;

    while (row_cases[count].public.id)
        count++;
    return index < count ? &row_cases[index].public : NULL;
}

void row_metric(struct validation_outcome *o, const char *name, double value)
{
    if (o->metric_count < VALIDATION_METRICS) {
        o->metrics[o->metric_count++] = (struct validation_metric){name, value};
        return;
    }
    o->ran = false;
    REMARK(o, "metric '%s' has no place: at most %d", name, VALIDATION_METRICS);
}

void row_share(const struct validation_outcome *o, double share)
{
    if (o->watch)
        o->watch->tell(o->watch->context, share);
}

double row_setting(struct validation_outcome *o, const char *name)
{
    for (const struct validation_setting *s = o->row->settings; s->name; s++)
        if (!strcmp(s->name, name))
            return s->value;
    o->ran = false;
    REMARK(o, "the row has no setting '%s'", name);
    return 0;
}

static const struct validation_metric *metric_of(const struct validation_outcome *o, const char *name)
{
    for (unsigned i = 0; i < o->metric_count; i++)
        if (!strcmp(o->metrics[i].name, name))
            return &o->metrics[i];
    return NULL;
}

static bool passes(struct validation_outcome *o, const struct validation_check *check)
{
    const struct validation_metric *metric = metric_of(o, check->metric);

    if (!metric) {
        o->ran = false;
        REMARK(o, "nothing measures '%s'", check->metric);
        return false;
    }
    if (metric->value >= check->least && metric->value <= check->most)
        return true;
    REMARK(o, "%s is %g, not %g to %g", check->metric, metric->value, check->least, check->most);
    return false;
}

void validation_run(size_t index, const struct validation_watch *watch, struct validation_outcome *outcome)
{
    *outcome =
        (struct validation_outcome){.row = validation_at(index), .ran = true, .holds = true, .watch = watch};
    if (!outcome->row) {
        outcome->ran = outcome->holds = false;
        return;
    }
    row_cases[index].run(outcome);
    outcome->watch = NULL;
    for (const struct validation_check *c = outcome->row->checks; outcome->ran && c->metric; c++)
        outcome->holds &= passes(outcome, c);
    outcome->holds &= outcome->ran;
    if (!outcome->ran && !outcome->value[0])
        SAY(outcome, "it could not be run: no memory, or a request failed");
    if (!outcome->remark[0])
        REMARK(outcome, "%s", outcome->row->remark);
}
