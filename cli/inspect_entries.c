// SPDX-License-Identifier: Apache-2.0
/* `amdvi inspect --dte` and `--irt`. */
#include "cli/inspect.h"

#include <inttypes.h>
#include <string.h>

enum { DEVICES = 65536 };

/* Neighbours with the same content. */
struct run {
    uint64_t first, count, address; /* address of the first */
    uint64_t words[4];
    bool cached;
};

static bool is_zero(const uint64_t words[4])
{
    return !(words[0] | words[1] | words[2] | words[3]);
}

/* Whether the entry joins the run. */
static bool joins(struct run *run, uint64_t index, const uint64_t words[4], bool cached)
{
    if (!run->count || run->first + run->count != index || run->cached != cached ||
        memcmp(run->words, words, sizeof(run->words)) != 0)
        return false;
    run->count++;
    return true;
}

static struct run run_of(uint64_t index, uint64_t address, const uint64_t words[4], bool cached)
{
    struct run run = {.first = index, .count = 1, .address = address, .cached = cached};

    memcpy(run.words, words, sizeof(run.words));
    return run;
}

static struct json_object *run_json(const struct run *run, const struct amdvi_layout *layout)
{
    struct json_object *object = json_object_new_object();

    json_put_hex(object, "first", run->first);
    json_put_hex(object, "last", run->first + run->count - 1);
    json_put_hex(object, "address", run->address);
    json_put_bool(object, "cached", run->cached);
    json_object_object_add(object, "words", words_json(run->words, layout->bits));
    json_object_object_add(object, "fields", fields_json(layout, run->words));
    return object;
}

/* ---------------------------------------------------------------- device table */

/* A listing under way. */
struct listing {
    const struct scene *scene;
    struct json_object *array; /* null: text */
    struct run run;
    uint64_t shown;
};

static void print_dtes(const struct run *run)
{
    char first[8], last[8];

    printf("  %s", device_text((uint16_t)run->first, first));
    if (run->count > 1)
        printf("-%s (%" PRIu64 " equal entries)", device_text((uint16_t)(run->first + run->count - 1), last),
               run->count);
    printf(" at 0x%" PRIx64 "%s: ", run->address, run->cached ? " (cached)" : "");
    fields_brief(stdout, amdvi_layout_find("dte"), run->words);
    putchar('\n');
}

static void end_run(struct listing *list)
{
    if (!list->run.count)
        return;
    if (list->shown++ < list->scene->max) {
        if (list->array)
            json_object_array_add(list->array, run_json(&list->run, amdvi_layout_find("dte")));
        else
            print_dtes(&list->run);
    }
    list->run.count = 0;
}

static void list_dtes(struct listing *list)
{
    struct amdvi_dte_view view;

    for (unsigned i = 0; i < DEVICES; i++) {
        if (!scene_dte(list->scene, (uint16_t)i, &view) || is_zero(view.words) ||
            joins(&list->run, i, view.words, view.cached))
            continue;
        end_run(list);
        list->run = run_of(i, view.address, view.words, view.cached);
    }
    end_run(list);
}

/* Of the lines of a listing, those that --max leaves off. */
static uint64_t left_off(const struct listing *list)
{
    return list->shown > list->scene->max ? list->shown - list->scene->max : 0;
}

void inspect_dtes(const struct scene *scene)
{
    struct listing list = {.scene = scene, .array = scene->json ? json_object_new_array() : NULL};

    if (!list.array)
        puts("device table entries that are not zero");
    list_dtes(&list);
    if (list.array) {
        json_object_object_add(scene->json, "device_table", list.array);
        json_put_count(scene->json, "device_table_left_off", left_off(&list));
    } else if (left_off(&list)) {
        printf("  %" PRIu64 " more, see --max\n", left_off(&list));
    } else if (!list.shown) {
        puts("  none");
    }
}

static void dte_json(const struct scene *scene, uint16_t device, const struct amdvi_dte_view *view)
{
    struct run run = run_of(device, view->address, view->words, view->cached);

    json_object_object_add(scene->json, "device_table_entry", run_json(&run, amdvi_layout_find("dte")));
}

void inspect_dte(const struct scene *scene, uint16_t device)
{
    struct amdvi_dte_view view;
    char name[8], words[128];
    bool there = scene_dte(scene, device, &view);

    if (scene->json && there)
        dte_json(scene, device, &view);
    else if (scene->json)
        json_object_object_add(scene->json, "device_table_entry", NULL);
    if (scene->json)
        return;
    printf("device table entry of %s (0x%x)\n", device_text(device, name), device);
    if (!there) {
        puts(view.beyond_table ? "  lies beyond the device table" : "  cannot be read");
        return;
    }
    words_text(view.words, 256, words, sizeof(words));
    printf("  at 0x%" PRIx64 "%s: %s\n", view.address, view.cached ? " (cached)" : "", words);
    fields_print(amdvi_layout_find("dte"), view.words, 0, 4);
}

/* ---------------------------------------------------------------- interrupt table */

static void end_irtes(struct listing *list, size_t size)
{
    const struct run *run = &list->run;

    if (!run->count)
        return;
    if (list->shown++ >= list->scene->max) {
        list->run.count = 0;
        return;
    }
    if (list->array) {
        json_object_array_add(list->array, run_json(run, irte_layout(run->words, size)));
    } else {
        printf("  %4" PRIu64, run->first);
        if (run->count > 1)
            printf("-%" PRIu64 " (%" PRIu64 " equal entries)", run->first + run->count - 1, run->count);
        printf(" at 0x%" PRIx64 ": ", run->address);
        fields_brief(stdout, irte_layout(run->words, size), run->words);
        putchar('\n');
    }
    list->run.count = 0;
}

/* Returns how many are not zero. */
static uint64_t list_irtes(struct listing *list, uint64_t root, unsigned entries, size_t size)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < entries; i++) {
        uint64_t words[4] = {0};
        if (!scene_read(list->scene, root + i * size, words, size)) {
            if (!list->array)
                printf("  entry %u lies outside memory\n", i);
            break;
        }
        count += !is_zero(words);
        if (is_zero(words) || joins(&list->run, i, words, false))
            continue;
        end_irtes(list, size);
        list->run = run_of(i, root + i * size, words, false);
    }
    end_irtes(list, size);
    return count;
}

/* What the entry of the device says about its fixed and arbitrated interrupts (3.4, 8.2); null: the table is
 * used. */
static const char *not_remapped(const uint64_t *dte)
{
    const struct amdvi_field *field = amdvi_layout_field(amdvi_layout_find("dte"), "IntCtl");
    const char *name = amdvi_field_value_name(field, amdvi_field_get(field, dte));

    if (name && !strcmp(name, "REMAP"))
        return NULL;
    if (name && !strcmp(name, "ABORT"))
        return "IntCtl is ABORT: fixed and arbitrated interrupts are refused, the table is not used";
    if (name && !strcmp(name, "FORWARD"))
        return "IntCtl is FORWARD: fixed and arbitrated interrupts pass unchanged, the table is not used";
    return "IntCtl is reserved: interrupts of this device are an ILLEGAL_DEV_TABLE_ENTRY";
}

static void show_irtes(const struct scene *scene, struct json_object *object, const uint64_t *dte)
{
    const struct amdvi_layout *layout = amdvi_layout_find("dte");
    struct listing list = {.scene = scene, .array = object ? json_object_new_array() : NULL};
    size_t size = scene_control(scene, "GAEn") ? 16 : 4;
    unsigned entries = 1u << (field_value(layout, "IntTabLen", dte) & 15);
    uint64_t count = list_irtes(&list, field_value(layout, "IntTable root", dte), entries, size);

    if (!object) {
        printf("  %" PRIu64 " of %u entries of %zu bytes are not zero%s\n", count, entries, size,
               left_off(&list) ? ", not all shown, see --max" : "");
        return;
    }
    json_put_count(object, "entries", entries);
    json_put_count(object, "entry_bytes", size);
    json_put_count(object, "not_zero", count);
    json_object_object_add(object, "runs", list.array);
    json_put_count(object, "left_off", left_off(&list));
}

static void irt_why(struct json_object *object, const char *why)
{
    if (object)
        json_put_text(object, "not_used", why);
    else if (why)
        printf("  %s\n", why);
}

void inspect_irt(const struct scene *scene, uint16_t device)
{
    struct json_object *object = scene->json ? json_object_new_object() : NULL;
    struct amdvi_dte_view view;
    const char *why = "none (IV is 0, or no device table entry)";
    char name[8];
    bool there = scene_dte(scene, device, &view) && field_value(amdvi_layout_find("dte"), "IV", view.words);

    if (object)
        json_object_object_add(scene->json, "interrupt_table", object);
    else
        printf("interrupt table of %s\n", device_text(device, name));
    if (there)
        why = not_remapped(view.words);
    irt_why(object, why);
    if (there && (!why || scene->all))
        show_irtes(scene, object, view.words);
}
