// SPDX-License-Identifier: Apache-2.0
/* An explanation for machines. */
#include "cli/explain.h"

#include <stdlib.h>

static struct json_object *step_json(const struct amdvi_access_info *info)
{
    struct json_object *object = json_object_new_object();
    const struct amdvi_layout *layout = access_layout(info);
    unsigned bits = info->length * 8 > 256 ? 256 : info->length * 8;

    json_put_text(object, "access", access_text(info->access));
    json_put_bool(object, "write", info->write);
    json_put_bool(object, "cached", info->cached);
    json_put_count(object, "level", info->level);
    json_put_hex(object, "address", info->address);
    json_put_count(object, "length_bytes", info->length);
    json_object_object_add(object, "words", words_json(info->value, bits));
    json_put_bool(object, "memory_failed", info->result != AMDVI_MEMORY_OK);
    if (layout) {
        json_put_text(object, "layout", layout->name);
        json_object_object_add(object, "fields", fields_json(layout, info->value));
    }
    return object;
}

static void put_fault(struct json_object *object, const struct amdvi_fault *fault)
{
    char flags[128];

    explain_flags(fault, flags, sizeof(flags));
    json_put_text(object, "reason", amdvi_reason_text(fault->reason));
    json_put_text(object, "event", amdvi_event_name(fault->event));
    json_put_text(object, "flags", flags);
    json_put_hex(object, "fault_address", fault->address);
    json_put_text(object, "reply", reply_text(fault->reply));
    json_put_bool(object, "logged", fault->logged);
}

static struct json_object *outcome_json(const struct explanation *e)
{
    struct json_object *object = json_object_new_object();
    bool ok = e->interrupted ? e->message.ok : e->result.ok;
    char perm[4];

    json_put_bool(object, "ok", ok);
    if (!ok) {
        put_fault(object, e->interrupted ? &e->message.fault : &e->result.fault);
    } else if (e->interrupted) {
        json_put_bool(object, "posted", e->message.posted);
        json_put_hex(object, "vector", e->message.vector);
        json_put_hex(object, "destination", e->message.destination);
        json_put_bool(object, "logical", e->message.logical);
        json_put_hex(object, "message_address", e->message.address);
        json_put_hex(object, "message_data", e->message.data);
    } else {
        json_put_hex(object, "pa", e->result.pa);
        json_put_text(object, "perm", perm_text(e->result.perm, perm));
        json_put_bool(object, "identity", e->result.identity);
        json_put_count(object, "page_size_bytes", e->result.size);
        json_put_count(object, "covered_bytes", e->result.covered);
    }
    return object;
}

void explain_print_json(const struct explanation *e, const struct amdvi_trace_record *record)
{
    struct json_object *top = json_object_new_object(), *steps = json_object_new_array();
    struct json_object *hits = json_object_new_object();
    char *text = record_text(record);

    json_put_text(top, "schema", "amdvi-explain 1");
    json_put_text(top, "file", e->player.path);
    if (e->line_given)
        json_put_count(top, "line", record->line);
    else
        json_put_count(top, e->found ? "before_line" : "after_line", e->found ? e->at : e->player.line);
    json_put_text(top, "request", text ? text : "");
    free(text);
    for (unsigned i = 0; i < e->steps_count; i++)
        json_object_array_add(steps, step_json(&e->steps[i]));
    json_object_object_add(top, "steps", steps);
    for (unsigned i = 0; i < EXPLAIN_CACHES; i++)
        if (explain_hit(e, &explain_caches[i]) || explain_missed(e, &explain_caches[i]))
            json_put_text(hits, explain_caches[i].name, explain_hit(e, &explain_caches[i]) ? "hit" : "miss");
    json_object_object_add(top, "caches", hits);
    json_object_object_add(top, "outcome", outcome_json(e));
    json_print(stdout, top);
}
