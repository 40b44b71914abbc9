// SPDX-License-Identifier: Apache-2.0
/* `amdvi inspect --caches`. Rights are those of results, as `amdvi explain` shows them: x stands there only
 * when execution was asked for, so that here only its absence is worth a word. A translation cache line
 * belongs to a domain; what a device gets of it is cut by its own entry. */
#include "cli/inspect.h"

#include <inttypes.h>

static unsigned line_rights(const struct amdvi_cache_line *line)
{
    return line->perm & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
}

/* Entries of host tables say nothing about execution; NX of a guest table forbids it (5.3). */
static bool no_execution(const struct amdvi_cache_line *line)
{
    return line->perm & AMDVI_RIGHT_READ && !(line->perm & AMDVI_RIGHT_EXEC);
}

/* IR and IW of a device table entry, from its first word. */
static unsigned entry_rights(uint64_t first_word)
{
    const struct amdvi_layout *layout = amdvi_layout_find("dte");
    uint64_t words[4] = {first_word};

    return (field_value(layout, "IR", words) ? AMDVI_RIGHT_READ : 0u) |
           (field_value(layout, "IW", words) ? AMDVI_RIGHT_WRITE : 0u);
}

/* The next device whose cached entry names the domain and grants less than the line. */
static bool next_cut(const struct scene *scene, const struct amdvi_cache_line *line, uint32_t *cursor,
                     uint16_t *device, unsigned *rights)
{
    struct amdvi_cache_line entry;

    while (amdvi_inspect_cache(scene->device, AMDVI_CACHE_DTC, cursor, &entry) == AMDVI_OK) {
        *rights = line_rights(line) & entry_rights(entry.target);
        *device = entry.device;
        if (entry.domain == line->domain && *rights != line_rights(line))
            return true;
    }
    return false;
}

static bool has_rights(enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    /* Guest directories and GCR3 entries grant nothing by themselves. */
    return cache == AMDVI_CACHE_PTC || (cache == AMDVI_CACHE_PDC && line->kind == 0);
}

static bool of_device(enum amdvi_cache cache)
{
    return cache == AMDVI_CACHE_DTC || cache == AMDVI_CACHE_ITC;
}

/* ---------------------------------------------------------------- text */

static void print_device_line(enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    char name[8];

    printf("device %s", device_text(line->device, name));
    if (cache == AMDVI_CACHE_ITC)
        printf(" index %u", line->index);
    else
        printf(" domain 0x%x", line->domain);
    printf(" first word 0x%016" PRIx64 "\n", line->target);
}

static void print_rights(const struct scene *scene, enum amdvi_cache cache,
                         const struct amdvi_cache_line *line)
{
    char perm[4], name[8];
    uint32_t cursor = 0;
    uint16_t device;
    unsigned rights;

    printf(" %s%s", perm_text(line_rights(line), perm),
           cache == AMDVI_CACHE_PTC && no_execution(line) ? " no execution" : "");
    while (cache == AMDVI_CACHE_PTC && next_cut(scene, line, &cursor, &device, &rights))
        printf(", %s gets %s", device_text(device, name), perm_text(rights, perm));
}

static void print_line(const struct scene *scene, enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    char size[24];

    printf("  %6u ", line->slot);
    if (of_device(cache)) {
        print_device_line(cache, line);
        return;
    }
    printf("domain 0x%x", line->domain);
    if (line->has_pasid)
        printf(" PASID 0x%x", line->pasid);
    if (cache == AMDVI_CACHE_PDC)
        printf(" %s level %u", line->kind ? "guest" : "host", line->level);
    printf(" 0x%012" PRIx64 " -> 0x%012" PRIx64, line->address, line->target);
    if (line->size)
        printf(" %s", size_text(line->size, size, sizeof(size)));
    if (has_rights(cache, line))
        print_rights(scene, cache, line);
    putchar('\n');
}

/* ---------------------------------------------------------------- JSON */

static struct json_object *cuts_json(const struct scene *scene, const struct amdvi_cache_line *line)
{
    struct json_object *array = json_object_new_array(), *object;
    uint32_t cursor = 0;
    uint16_t device;
    unsigned rights;
    char name[8], perm[4];

    while (next_cut(scene, line, &cursor, &device, &rights)) {
        object = json_object_new_object();
        json_put_text(object, "device", device_text(device, name));
        json_put_text(object, "perm", perm_text(rights, perm));
        json_object_array_add(array, object);
    }
    return array;
}

static void put_translation(const struct scene *scene, struct json_object *object, enum amdvi_cache cache,
                            const struct amdvi_cache_line *line)
{
    char perm[4];

    if (line->has_pasid)
        json_put_hex(object, "pasid", line->pasid);
    if (cache == AMDVI_CACHE_PDC) {
        json_put_text(object, "tables", line->kind ? "guest" : "host");
        json_put_count(object, "level", line->level);
    }
    json_put_hex(object, "address", line->address);
    json_put_count(object, "size_bytes", line->size);
    if (has_rights(cache, line))
        json_put_text(object, "perm", perm_text(line_rights(line), perm));
    if (cache != AMDVI_CACHE_PTC)
        return;
    json_put_bool(object, "no_execution", no_execution(line));
    json_object_object_add(object, "devices_with_less", cuts_json(scene, line));
}

static struct json_object *line_json(const struct scene *scene, enum amdvi_cache cache,
                                     const struct amdvi_cache_line *line)
{
    struct json_object *object = json_object_new_object();
    char name[8];

    json_put_count(object, "slot", line->slot);
    if (of_device(cache))
        json_put_text(object, "device", device_text(line->device, name));
    if (cache == AMDVI_CACHE_ITC)
        json_put_count(object, "index", line->index);
    else
        json_put_hex(object, "domain", line->domain);
    if (!of_device(cache))
        put_translation(scene, object, cache, line);
    json_put_hex(object, of_device(cache) ? "first_word" : "target", line->target);
    return object;
}

/* ---------------------------------------------------------------- both */

static uint64_t show_lines(const struct scene *scene, enum amdvi_cache cache, struct json_object *array)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;
    uint64_t live = 0;

    while (amdvi_inspect_cache(scene->device, cache, &cursor, &line) == AMDVI_OK) {
        if (live++ >= scene->max)
            continue;
        if (array)
            json_object_array_add(array, line_json(scene, cache, &line));
        else
            print_line(scene, cache, &line);
    }
    return live;
}

static void show_cache(const struct scene *scene, struct json_object *caches, enum amdvi_cache cache)
{
    struct json_object *object = caches ? json_object_new_object() : NULL;
    struct json_object *array = caches ? json_object_new_array() : NULL;
    uint32_t entries = 0, ways = 0;
    uint64_t live;
    char text[COUNT_TEXT];

    amdvi_cache_geometry(scene->device, cache, &entries, &ways);
    if (!caches)
        printf("%s: %u entries, %u ways\n", cache_text(cache), entries, ways);
    live = show_lines(scene, cache, array);
    if (!caches) {
        printf("  %s%s\n", count_text(live, "live line", text),
               live > scene->max ? ", not all shown, see --max" : "");
        return;
    }
    json_put_count(object, "entries", entries);
    json_put_count(object, "ways", ways);
    json_put_count(object, "live", live);
    json_object_object_add(object, "lines", array);
    json_object_object_add(caches, cache_text(cache), object);
}

void inspect_caches(const struct scene *scene)
{
    struct json_object *caches = scene->json ? json_object_new_object() : NULL;

    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++)
        show_cache(scene, caches, (enum amdvi_cache)cache);
    if (caches)
        json_object_object_add(scene->json, "caches", caches);
}
