// SPDX-License-Identifier: Apache-2.0
/* `amdvi inspect --rings` and `--events`: commands and log records. */
#include "cli/inspect.h"

#include <inttypes.h>

static void show_record(const struct amdvi_layout *layout, const uint64_t *words, unsigned bits)
{
    char text[64];

    words_text(words, bits, text, sizeof(text));
    printf("%s  %s: ", text, layout ? layout->title : "not known");
    if (layout)
        fields_brief(stdout, layout, words);
    putchar('\n');
}

static void put_record(struct json_object *object, const struct amdvi_layout *layout, const uint64_t *words,
                       unsigned bits)
{
    json_object_object_add(object, "words", words_json(words, bits));
    json_put_text(object, "layout", layout ? layout->name : NULL);
    if (layout)
        json_object_object_add(object, "fields", fields_json(layout, words));
}

/* ---------------------------------------------------------------- rings */

struct ring {
    const char *title, *enable, *base, *head, *tail;
    unsigned entry; /* bytes */
    int log;        /* enum amdvi_log, or -1 for commands */
};

static const struct ring rings[] = {
    {"command ring", "CmdBufEn", "cmd_base", "cmd_head", "cmd_tail", 16, -1},
    {"event log", "EventLogEn", "event_base", "event_head", "event_tail", 16, AMDVI_LOG_EVENT},
    {"PPR log", "PPRLogEn", "ppr_base", "ppr_head", "ppr_tail", 16, AMDVI_LOG_PPR},
    {"GA log", "GALogEn", "ga_base", "ga_head", "ga_tail", 8, AMDVI_LOG_GA},
};

/* Where a ring lies now. */
struct place {
    uint64_t base, bytes, head, tail;
    bool enabled, sane; /* head and tail are inside */
};

static struct place place_of(const struct scene *scene, const struct ring *ring)
{
    const struct amdvi_layout *layout = amdvi_register_find(ring->base)->layout;
    uint64_t base = scene_register(scene, ring->base);
    struct place place = {
        .base = field_value(layout, "Base", &base),
        /* All rings have 16 << length bytes; those with smaller entries have more of them (2.2). */
        .bytes = UINT64_C(16) << field_value(layout, "Len", &base),
        .head = scene_register(scene, ring->head),
        .tail = scene_register(scene, ring->tail),
        .enabled = scene_control(scene, ring->enable),
    };

    place.sane = place.head % ring->entry == 0 && place.tail % ring->entry == 0 && place.head < place.bytes &&
                 place.tail < place.bytes;
    return place;
}

static const struct amdvi_layout *entry_layout(const struct ring *ring, const uint64_t *words)
{
    return ring->log < 0 ? amdvi_layout_of_command((unsigned)(words[0] >> 60))
                         : record_layout((enum amdvi_log)ring->log, words);
}

static void show_entry(struct json_object *array, const struct ring *ring, uint64_t at, const uint64_t *words)
{
    struct json_object *object;

    if (!array) {
        printf("    +0x%05" PRIx64 " ", at);
        show_record(entry_layout(ring, words), words, ring->entry * 8);
        return;
    }
    object = json_object_new_object();
    json_put_hex(object, "offset", at);
    put_record(object, entry_layout(ring, words), words, ring->entry * 8);
    json_object_array_add(array, object);
}

static uint64_t entries_from(const struct place *place, const struct ring *ring, uint64_t at)
{
    return (place->tail + place->bytes - at) % place->bytes / ring->entry;
}

/* Returns how many it leaves off: those beyond --max, or from the first on that lies outside memory. */
static uint64_t show_entries(const struct scene *scene, struct json_object *array, const struct ring *ring,
                             const struct place *place)
{
    uint64_t shown = 0, at = place->head, left;

    for (; at != place->tail && shown < scene->max; at = (at + ring->entry) % place->bytes, shown++) {
        uint64_t words[2] = {0};
        if (!scene_read(scene, place->base + at, words, ring->entry)) {
            if (!array)
                printf("    +0x%" PRIx64 " lies outside memory\n", at);
            return entries_from(place, ring, at);
        }
        show_entry(array, ring, at, words);
    }
    left = entries_from(place, ring, at);
    if (!array && left)
        printf("    %" PRIu64 " more, see --max\n", left);
    return left;
}

static void ring_json(const struct scene *scene, struct json_object *rings_array, const struct ring *ring,
                      const struct place *place)
{
    struct json_object *object = json_object_new_object(), *entries = json_object_new_array();
    uint64_t left = 0;

    json_put_text(object, "name", ring->title);
    json_put_bool(object, "enabled", place->enabled);
    json_put_hex(object, "base", place->base);
    json_put_count(object, "entries", place->bytes / ring->entry);
    json_put_hex(object, "head", place->head);
    json_put_hex(object, "tail", place->tail);
    if (place->sane)
        left = show_entries(scene, entries, ring, place);
    json_object_object_add(object, "between_head_and_tail", entries);
    json_put_count(object, "left_off", left);
    json_object_array_add(rings_array, object);
}

static void show_ring(const struct scene *scene, const struct ring *ring, const struct place *place)
{
    printf("%s: %s, base 0x%" PRIx64 ", %" PRIu64 " entries, head 0x%" PRIx64 ", tail 0x%" PRIx64 "\n",
           ring->title, place->enabled ? "enabled" : "off", place->base, place->bytes / ring->entry,
           place->head, place->tail);
    if (place->sane)
        show_entries(scene, NULL, ring, place);
    else
        puts("    head or tail lies outside the ring");
}

void inspect_rings(const struct scene *scene)
{
    struct json_object *array = scene->json ? json_object_new_array() : NULL;

    for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
        struct place place = place_of(scene, &rings[i]);
        if (array)
            ring_json(scene, array, &rings[i], &place);
        else
            show_ring(scene, &rings[i], &place);
    }
    if (array)
        json_object_object_add(scene->json, "rings", array);
}

/* ---------------------------------------------------------------- records that were made */

static const char *log_name(enum amdvi_log log)
{
    return log == AMDVI_LOG_PPR ? "ppr" : log == AMDVI_LOG_GA ? "ga" : "event";
}

static void show_event(const struct made_event *made)
{
    const struct amdvi_event_info *info = &made->info;

    printf("  line %" PRIu64 ": ", made->line);
    if (info->guest)
        printf("guest %u ", info->guest_id);
    printf("%s ", log_name(info->log));
    if (info->logged)
        printf("index %" PRIu64 " ", info->index);
    else
        printf("not logged ");
    show_record(record_layout(info->log, info->record), info->record, info->log == AMDVI_LOG_GA ? 64 : 128);
}

static struct json_object *event_json(const struct made_event *made)
{
    struct json_object *object = json_object_new_object();
    const struct amdvi_event_info *info = &made->info;

    json_put_count(object, "line", made->line);
    json_put_text(object, "log", log_name(info->log));
    if (info->guest)
        json_put_count(object, "guest", info->guest_id);
    json_put_bool(object, "logged", info->logged);
    if (info->logged)
        json_put_count(object, "index", info->index);
    put_record(object, record_layout(info->log, info->record), info->record,
               info->log == AMDVI_LOG_GA ? 64 : 128);
    return object;
}

void inspect_events(const struct scene *scene, const struct made_event *made, uint64_t count)
{
    uint64_t first = count > scene->max ? count - scene->max : 0;
    struct json_object *array = scene->json ? json_object_new_array() : NULL;

    if (!array)
        printf("log records: %" PRIu64 "%s\n", count, first ? "; the last ones are" : "");
    for (uint64_t i = first; made && i < count; i++)
        if (array)
            json_object_array_add(array, event_json(&made[i % scene->max]));
        else
            show_event(&made[i % scene->max]);
    if (!array)
        return;
    json_put_count(scene->json, "events_made", count);
    json_object_object_add(scene->json, "events", array);
}
