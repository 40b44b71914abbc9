// SPDX-License-Identifier: Apache-2.0
/* What was found out about caches, for machines. */
#include "cli/replay_caches.h"

#include "cli/cli.h"

static const char *const names[AMDVI_CACHES] = {"DTC", "ITC", "PTC", "PDC", "GCR3"};
static const int followed_by[AMDVI_CACHES] = {FOLLOW_DTC, FOLLOW_ITC, FOLLOW_PTC, -1, -1};

static struct json_object *classes_json(const struct cache_counts *counts)
{
    static const char *const classes[MISS_CLASSES] = {"cold", "invalidated", "capacity", "conflict", "fault"};
    struct json_object *object = json_object_new_object();

    for (unsigned i = 0; i < MISS_CLASSES; i++)
        json_put_count(object, classes[i], counts->classes[i]);
    return object;
}

static struct json_object *counts_json(enum amdvi_cache cache, const struct cache_counts *counts)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "cache", names[cache]);
    json_put_count(object, "hits", counts->hits);
    json_put_count(object, "misses", counts->misses);
    if (followed_by[cache] >= 0)
        json_object_object_add(object, "misses_by_class", classes_json(counts));
    return object;
}

/* Up to the size from which on nothing is gained. */
static struct json_object *curve_json(const struct reuse *reuse)
{
    struct json_object *points = json_object_new_array();
    uint64_t most = reuse_hits(reuse, REUSE_SIZES - 1);

    for (unsigned log2 = 0; log2 < REUSE_SIZES; log2++) {
        struct json_object *point = json_object_new_object();
        json_put_count(point, "lines", UINT64_C(1) << log2);
        json_put_count(point, "hits", reuse_hits(reuse, log2));
        json_object_array_add(points, point);
        if (reuse_hits(reuse, log2) == most)
            break;
    }
    return points;
}

struct json_object *caches_json(const struct replay_caches *caches)
{
    struct json_object *array = json_object_new_array();

    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++) {
        const struct cache_counts *counts = &caches->all[cache];
        struct json_object *object;
        int followed = followed_by[cache];
        if (!(counts->hits | counts->misses))
            continue;
        object = counts_json(cache, counts);
        json_put_count(object, "lines", caches->lines[cache]);
        json_put_count(object, "ways", caches->ways[cache]);
        if (followed >= 0 && !caches->followed[followed].failed) {
            json_put_count(object, "lookups_followed", caches->followed[followed].lookups);
            json_object_object_add(object, "lru_curve", curve_json(&caches->followed[followed]));
        }
        json_object_array_add(array, object);
    }
    return array;
}

struct json_object *caches_device_json(const struct replay_caches *caches, uint16_t device)
{
    struct json_object *array = NULL;

    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++) {
        const struct cache_counts *counts = &caches->devices[device][cache];
        if (!(counts->hits | counts->misses))
            continue;
        if (!array)
            array = json_object_new_array();
        json_object_array_add(array, counts_json(cache, counts));
    }
    return array;
}
