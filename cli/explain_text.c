// SPDX-License-Identifier: Apache-2.0
/* An explanation for people. */
#include "cli/explain.h"

#include <inttypes.h>
#include <stdlib.h>

static void print_words(const struct amdvi_access_info *info)
{
    for (unsigned i = 0; i < 4 && i * 8 < info->length; i++)
        printf(" 0x%0*" PRIx64, info->length < 8 ? (int)info->length * 2 : 16, info->value[i]);
}

static void print_step(unsigned number, const struct amdvi_access_info *info)
{
    const struct amdvi_layout *layout = access_layout(info);

    printf("%3u. %s", number, access_text(info->access));
    if (info->level)
        printf(", level %u", info->level);
    printf(": %s 0x%" PRIx64 " =", info->write ? "write" : "read", info->address);
    print_words(info);
    printf("%s\n", info->result ? " (memory failed)" : "");
    if (!layout || info->result)
        return;
    fputs("       ", stdout);
    fields_brief(stdout, layout, info->value);
    putchar('\n');
}

static void print_caches(const struct explanation *e)
{
    for (unsigned i = 0; i < EXPLAIN_CACHES; i++)
        if (explain_hit(e, &explain_caches[i]))
            printf("   %s hit: %s\n", explain_caches[i].name, explain_caches[i].hit);
        else if (explain_missed(e, &explain_caches[i]))
            printf("   %s miss\n", explain_caches[i].name);
}

static void print_fault(const struct amdvi_fault *fault)
{
    const char *event = amdvi_event_name(fault->event);
    char flags[128];

    explain_flags(fault, flags, sizeof(flags));
    printf("result: fault: %s\n", amdvi_reason_text(fault->reason));
    printf("   event %s, flags %s, address 0x%" PRIx64 ", reply %s, %s\n", event ? event : "none", flags,
           fault->address, reply_text(fault->reply), fault->logged ? "logged" : "not logged");
}

static void print_success(const struct amdvi_result *r)
{
    char perm[4], size[24];

    printf("result: ok, pa 0x%" PRIx64 ", perm %s", r->pa, perm_text(r->perm, perm));
    if (r->identity)
        puts(", not translated");
    else
        printf(", page size %s, %" PRIu64 " bytes from pa on\n", size_text(r->size, size, sizeof(size)),
               r->covered);
}

static void print_message(const struct amdvi_int_result *m)
{
    if (m->posted)
        printf("result: ok, posted to a guest's vAPIC page, vector 0x%02x\n", m->vector);
    else
        printf("result: ok, vector 0x%02x, destination 0x%x (%s), type %u, message 0x%" PRIx64 " 0x%x\n",
               m->vector, m->destination, m->logical ? "logical" : "physical", m->type, m->address, m->data);
}

static void print_events(const struct explanation *e)
{
    for (unsigned i = 0; i < e->events_count; i++) {
        const struct amdvi_event_info *event = &e->events[i];
        const struct amdvi_layout *layout = record_layout(event->log, event->record);
        printf("   log record %s0x%016" PRIx64 " 0x%016" PRIx64 "\n", event->logged ? "" : "(lost) ",
               event->record[0], event->record[1]);
        if (!layout)
            continue;
        fputs("       ", stdout);
        fields_brief(stdout, layout, event->record);
        putchar('\n');
    }
}

/* Every line that stands here is one that --line and --at take. */
static void print_place(const struct explanation *e, const struct amdvi_trace_record *record)
{
    if (e->line_given)
        printf("%s:%" PRIu64, e->player.path, record->line);
    else if (e->found)
        printf("%s, before line %" PRIu64, e->player.path, e->at);
    else
        printf("%s, at the end, after line %" PRIu64, e->player.path, e->player.line);
}

void explain_print(const struct explanation *e, const struct amdvi_trace_record *record)
{
    char *text = record_text(record);

    print_place(e, record);
    printf(": %s\n", text ? text : "");
    free(text);
    if (!e->steps_count)
        puts("   no access to memory");
    for (unsigned i = 0; i < e->steps_count; i++)
        print_step(i + 1, &e->steps[i]);
    print_caches(e);
    if (e->interrupted && e->message.ok)
        print_message(&e->message);
    else if (e->interrupted)
        print_fault(&e->message.fault);
    else if (e->result.ok)
        print_success(&e->result);
    else
        print_fault(&e->result.fault);
    print_events(e);
}
