// SPDX-License-Identifier: Apache-2.0
/* What a machine's IOMMU has done, and what its driver has forgotten. */
#include "cli/vm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what the run left behind */

char *vm_file_name(const char *file, unsigned index)
{
    size_t size = strlen(file) + 16;
    char *name = malloc(size);

    if (name)
        snprintf(name, size, index ? "%s.%u" : "%s", file, index);
    return name;
}

static bool read_view(const char *path, struct amdvi_live_view *view)
{
    struct amdvi_live_page page;
    FILE *file = fopen(path, "rb");
    bool ok;

    if (!file)
        return false;
    ok = fread(&page, sizeof(page), 1, file) == 1 && amdvi_live_read(&page, view) == AMDVI_OK;
    fclose(file);
    return ok;
}

/* "SEVERITY\tKIND\tNS\tTEXT\n" */
static bool parse_finding(char *line, struct vm_finding *finding)
{
    char *kind = strchr(line, '\t'), *ns = kind ? strchr(kind + 1, '\t') : NULL;
    char *text = ns ? strchr(ns + 1, '\t') : NULL;

    if (!text)
        return false;
    *kind = *ns = *text = 0;
    text[1 + strcspn(text + 1, "\n")] = 0;
    *finding = (struct vm_finding){.severity = strdup(line),
                                   .kind = strdup(kind + 1),
                                   .text = strdup(text + 1),
                                   .ns = strtoull(ns + 1, NULL, 10)};
    return finding->severity && finding->kind && finding->text;
}

static void free_finding(const struct vm_finding *finding)
{
    free(finding->severity);
    free(finding->kind);
    free(finding->text);
}

static bool add_finding(struct vm_unit *unit, char *line)
{
    struct vm_finding *more = realloc(unit->findings, (unit->count + 1) * sizeof(*more));

    if (!more)
        return false;
    unit->findings = more;
    if (!parse_finding(line, &more[unit->count]))
        return false;
    unit->mistakes += !strcmp(more[unit->count].severity, "mistake");
    unit->count++;
    return true;
}

static void read_findings(const char *path, struct vm_unit *unit)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    while (file && getline(&line, &room, file) > 0 && add_finding(unit, line))
        ;
    free(line);
    if (file)
        fclose(file);
}

bool vm_unit_read(const struct vm_files *files, unsigned index, struct vm_unit *unit)
{
    char *live = vm_file_name(files->live, index), *findings = vm_file_name(files->findings, index);
    bool ok;

    *unit = (struct vm_unit){0};
    ok = live && findings && read_view(live, &unit->view);
    if (ok)
        read_findings(findings, unit);
    free(live);
    free(findings);
    return ok;
}

void vm_unit_free(struct vm_unit *unit)
{
    for (size_t i = 0; i < unit->count; i++)
        free_finding(&unit->findings[i]);
    free(unit->findings);
    *unit = (struct vm_unit){0};
}

/* ------------------------------------------------------------------ text */

static void print_hits(const char *cache, uint64_t hits, uint64_t misses)
{
    if (hits + misses)
        printf("  %-10s %12" PRIu64 " lookups, %.1f %% hits\n", cache, hits + misses,
               100.0 * (double)hits / (double)(hits + misses));
}

static void print_requests(const struct amdvi_statistics *s)
{
    printf("  requests   %12" PRIu64 " of them %" PRIu64 " translated, %" PRIu64 " passed, %" PRIu64
           " refused\n",
           s->requests, s->translated, s->passed, s->faulted);
    printf("  interrupts %12" PRIu64 " of them %" PRIu64 " remapped, %" PRIu64 " refused\n", s->interrupts,
           s->interrupts_remapped, s->interrupts_faulted);
    printf("  walks      %12" PRIu64 " with %" PRIu64 " reads of host tables, %" PRIu64 " of guest tables\n",
           s->walks, s->reads_host, s->reads_guest);
    print_hits("DTC", s->dtc_hits, s->dtc_misses);
    print_hits("PTC", s->ptc_hits, s->ptc_misses);
    print_hits("PDC", s->pdc_hits, s->pdc_misses);
    print_hits("ITC", s->itc_hits, s->itc_misses);
}

static void print_commands(const struct amdvi_statistics *s)
{
    printf("  commands   %12" PRIu64 "\n", s->commands);
    for (unsigned opcode = 0; opcode < 16; opcode++)
        if (s->commands_by_opcode[opcode])
            printf("    %-28s %10" PRIu64 "\n", command_name(opcode), s->commands_by_opcode[opcode]);
    printf("  events     %12" PRIu64 " records, %" PRIu64 " lost\n", s->events, s->events_lost);
    for (unsigned code = 0; code < 16; code++) {
        const char *name = amdvi_event_name(code);
        if (s->events_by_code[code])
            printf("    %-28s %10" PRIu64 "\n", name ? name : "not known", s->events_by_code[code]);
    }
}

static void print_lint(const struct vm_unit *unit)
{
    const struct amdvi_lint_statistics *s = &unit->view.lint;

    printf("  lint       %12" PRIu64 " cached answers compared with memory, %" PRIu64 " stale\n", s->checked,
           s->stale);
    printf("    of %" PRIu64 " invalidations %" PRIu64 " found nothing to drop; %" PRIu64
           " had PDE=1 for leaf entries only, which dropped %" PRIu64 " directories\n",
           s->invalidations, s->superfluous_invalidations, s->superfluous_pde, s->directories_lost);
    for (size_t i = 0; i < unit->count; i++)
        printf("    %s at %.6f s: %s\n", unit->findings[i].severity, (double)unit->findings[i].ns / 1e9,
               unit->findings[i].text);
    if (!unit->mistakes)
        puts("    no mistake of the driver was seen");
}

void vm_report_print(const struct vm_unit *unit, unsigned index)
{
    printf("amdvi vm: IOMMU %u%s\n", index,
           unit->view.ended ? "" : " (QEMU did not end by itself; the figures are the last that it showed)");
    print_requests(&unit->view.statistics);
    print_commands(&unit->view.statistics);
    if (unit->view.linted)
        print_lint(unit);
}

/* ------------------------------------------------------------------ JSON */

static struct json_object *commands_json(const struct amdvi_statistics *s)
{
    struct json_object *object = json_object_new_object();

    for (unsigned opcode = 0; opcode < 16; opcode++) {
        const struct amdvi_layout *layout = amdvi_layout_of_command(opcode);
        if (layout)
            json_put_count(object, layout->title, s->commands_by_opcode[opcode]);
    }
    return object;
}

static struct json_object *events_json(const struct amdvi_statistics *s)
{
    struct json_object *object = json_object_new_object();

    for (unsigned code = 0; code < 16; code++)
        if (amdvi_event_name(code))
            json_put_count(object, amdvi_event_name(code), s->events_by_code[code]);
    return object;
}

static struct json_object *statistics_json(const struct amdvi_statistics *s)
{
    struct json_object *object = json_object_new_object();

    json_put_count(object, "requests", s->requests);
    json_put_count(object, "translated", s->translated);
    json_put_count(object, "passed", s->passed);
    json_put_count(object, "refused", s->faulted);
    json_put_count(object, "interrupts", s->interrupts);
    json_put_count(object, "interrupts_remapped", s->interrupts_remapped);
    json_put_count(object, "interrupts_refused", s->interrupts_faulted);
    json_put_count(object, "ats_requests", s->ats_requests);
    json_put_count(object, "page_requests", s->page_requests);
    json_put_count(object, "walks", s->walks);
    json_put_count(object, "reads_host", s->reads_host);
    json_put_count(object, "reads_guest", s->reads_guest);
    json_put_count(object, "ptc_hits", s->ptc_hits);
    json_put_count(object, "ptc_misses", s->ptc_misses);
    json_put_count(object, "dtc_hits", s->dtc_hits);
    json_put_count(object, "dtc_misses", s->dtc_misses);
    json_put_count(object, "itc_hits", s->itc_hits);
    json_put_count(object, "itc_misses", s->itc_misses);
    json_put_count(object, "commands", s->commands);
    json_object_object_add(object, "commands_by_name", commands_json(s));
    json_put_count(object, "events", s->events);
    json_put_count(object, "events_lost", s->events_lost);
    json_object_object_add(object, "events_by_name", events_json(s));
    return object;
}

static struct json_object *findings_json(const struct vm_unit *unit)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < unit->count; i++) {
        struct json_object *object = json_object_new_object();
        json_put_text(object, "severity", unit->findings[i].severity);
        json_put_text(object, "kind", unit->findings[i].kind);
        json_put_count(object, "time_ns", unit->findings[i].ns);
        json_put_text(object, "text", unit->findings[i].text);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *lint_json(const struct vm_unit *unit)
{
    const struct amdvi_lint_statistics *s = &unit->view.lint;
    struct json_object *object = json_object_new_object();

    json_put_count(object, "answers_checked", s->checked);
    json_put_count(object, "answers_stale", s->stale);
    json_put_count(object, "entries_invalidated_later", s->windows);
    json_put_count(object, "table_words_written", s->writes);
    json_put_count(object, "table_words_forgotten", s->words_lost);
    json_put_count(object, "invalidations", s->invalidations);
    json_put_count(object, "invalidations_superfluous", s->superfluous_invalidations);
    json_put_count(object, "invalidations_superfluous_pde", s->superfluous_pde);
    json_put_count(object, "directories_dropped_by_these", s->directories_lost);
    json_put_count(object, "mistakes", unit->mistakes);
    json_object_object_add(object, "findings", findings_json(unit));
    return object;
}

struct json_object *vm_report_json(const struct vm_unit *unit)
{
    struct json_object *object = json_object_new_object();

    json_put_bool(object, "ended", unit->view.ended);
    json_put_count(object, "time_ns", unit->view.ns);
    json_object_object_add(object, "statistics", statistics_json(&unit->view.statistics));
    if (unit->view.linted)
        json_object_object_add(object, "lint", lint_json(unit));
    return object;
}
