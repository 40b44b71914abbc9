// SPDX-License-Identifier: Apache-2.0
/*
 * `amdvi inspect --tables`: what a device reaches, as ranges. The library walks the tables as they stand in
 * memory now (amdvi_walk_mappings()); the result is what a request would get if nothing were cached. Where an
 * address is missing, `amdvi explain` says why.
 */
#include "cli/inspect.h"

#include "amdvi/host.h"

#include <inttypes.h>
#include <stdlib.h>

/* Pages whose size is asked, for a listing: a bound on the time that a large table takes. */
enum { LOOKS_MAX = 1 << 22 };

/* Neighbouring pages of one size with the same attributes. */
struct range {
    uint64_t first, last, target, page;
    unsigned perm;
    bool user, global, identity;
};

struct picture {
    const struct scene *scene;
    uint16_t device;
    uint64_t dte[4];
    /* the space being shown */
    bool has_pasid;
    uint32_t pasid;
    struct amdvi_mapping *mappings;
    size_t count, room;
    /* all of them */
    uint64_t shown, looks;
    bool cut, failed;
    struct json_object *all, *ranges; /* null: text; all spaces, and the ranges of this one */
};

static uint64_t dte_field(const struct picture *p, const char *name)
{
    return field_value(amdvi_layout_find("dte"), name, p->dte);
}

/* ---------------------------------------------------------------- ranges */

static void range_json(const struct picture *p, const struct range *r)
{
    struct json_object *object = json_object_new_object();
    char perm[4];

    json_put_hex(object, "first", r->first);
    json_put_hex(object, "last", r->last);
    json_put_hex(object, "target", r->target);
    json_put_text(object, "perm", perm_text(r->perm, perm));
    json_put_bool(object, "translated", !r->identity);
    if (p->has_pasid)
        json_put_bool(object, "user", r->user);
    json_put_bool(object, "global", r->global);
    json_put_count(object, "page_bytes", r->page);
    json_object_array_add(p->ranges, object);
}

static void range_text(const struct picture *p, const struct range *r)
{
    char perm[4], page[24], bytes[24];

    printf("    0x%012" PRIx64 "-0x%012" PRIx64 " -> 0x%012" PRIx64 "  %-3s%s%s", r->first, r->last,
           r->target, perm_text(r->perm, perm), p->has_pasid && r->user ? " user" : "",
           r->global ? " global" : "");
    if (r->identity)
        puts("  not translated");
    else
        printf("  %s in pages of %s\n", size_text(r->last - r->first + 1, bytes, sizeof(bytes)),
               size_text(r->page, page, sizeof(page)));
}

static void show_range(struct picture *p, const struct range *r)
{
    if (p->shown++ >= p->scene->max)
        p->cut = true;
    else if (p->ranges)
        range_json(p, r);
    else
        range_text(p, r);
}

/* ---------------------------------------------------------------- pages of a mapping */

/* The page at an address, and how far it reaches inside the mapping. */
static bool look(struct picture *p, const struct amdvi_mapping *m, uint64_t address, struct range *range)
{
    struct amdvi_request request = {.device = p->device,
                                    .op = m->perm & AMDVI_RIGHT_READ ? AMDVI_READ : AMDVI_WRITE,
                                    .has_pasid = p->has_pasid,
                                    .pasid = p->pasid,
                                    .privileged = true,
                                    .address = address,
                                    .length = 1};
    struct amdvi_result result;

    if (p->looks++ >= LOOKS_MAX || amdvi_look(p->scene->device, &request, &result) != AMDVI_OK || !result.ok)
        return false;
    *range = (struct range){.first = address,
                            .last = m->last,
                            .target = result.pa,
                            .page = result.size,
                            .perm = m->perm,
                            .user = !result.privileged_page,
                            .global = result.global,
                            .identity = m->identity};
    if (!m->identity && result.covered && m->last - address >= result.covered)
        range->last = address + (result.covered - 1);
    return true;
}

static bool alike(const struct range *a, const struct range *b)
{
    return a->page == b->page && a->user == b->user && a->global == b->global;
}

static void show_mapping(struct picture *p, const struct amdvi_mapping *m)
{
    struct range open, next;

    if (!look(p, m, m->iova, &open)) {
        p->cut = true;
        return;
    }
    while (!p->cut && open.last < m->last) {
        if (!look(p, m, open.last + 1, &next)) {
            p->cut = true;
        } else if (alike(&open, &next)) {
            open.last = next.last;
        } else {
            show_range(p, &open);
            open = next;
        }
    }
    show_range(p, &open);
}

/* ---------------------------------------------------------------- spaces */

/* The library may not be called from here: mappings are kept. */
static int keep(void *context, const struct amdvi_mapping *mapping)
{
    struct picture *p = context;
    size_t room = p->room ? p->room * 2 : 256;
    struct amdvi_mapping *more;

    if (p->count >= p->scene->max) {
        p->cut = true;
        return 1;
    }
    if (p->count == p->room) {
        more = realloc(p->mappings, room * sizeof(*more));
        p->failed = !more;
        if (!more)
            return 1;
        p->mappings = more;
        p->room = room;
    }
    p->mappings[p->count++] = *mapping;
    return 0;
}

static bool walk(struct picture *p)
{
    struct amdvi_mappings all = {.device = p->device,
                                 .has_pasid = p->has_pasid,
                                 .pasid = p->pasid,
                                 .privileged = true,
                                 .last = UINT64_MAX,
                                 .context = p,
                                 .mapping = keep};

    p->count = 0;
    p->failed |= amdvi_walk_mappings(p->scene->device, &all) != AMDVI_OK;
    return p->count;
}

/* The mappings that were kept, also when there are more of them. */
static void show_mappings(struct picture *p)
{
    bool more = p->cut;

    p->cut = false;
    for (size_t i = 0; i < p->count && !p->cut; i++)
        show_mapping(p, &p->mappings[i]);
    p->cut |= more;
}

static struct json_object *begin_json(struct picture *p, const char *maps)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "maps", maps);
    p->ranges = json_object_new_array();
    json_object_object_add(object, "ranges", p->ranges);
    json_object_array_add(p->all, object);
    return object;
}

/* Requests without PASID. With GIoV they are those of PASID 0 (3.3). */
static void show_plain(struct picture *p)
{
    unsigned mode = (unsigned)dte_field(p, "Mode");
    bool host = mode >= 1 && mode <= 6, giov = dte_field(p, "GV") && dte_field(p, "GIoV");

    walk(p);
    if (p->all) {
        struct json_object *object = begin_json(p, "IOVA to SPA");
        if (host)
            json_put_hex(object, "root_spa", dte_field(p, "Host root"));
        json_put_count(object, "levels", host ? mode : 0);
    } else {
        if (host)
            printf("  host table at SPA 0x%" PRIx64 ", %u levels\n", dte_field(p, "Host root"), mode);
        else
            printf("  no host table (Mode %u)\n", mode);
        if (!scene_control(p->scene, "IommuEn"))
            puts("  the IOMMU is off at this point (IommuEn is 0), see --at");
        printf("  without PASID%s: IOVA -> SPA%s\n", giov ? ", through the tables of PASID 0" : "",
               p->count ? "" : ": nothing");
    }
    show_mappings(p);
}

/* The GCR3 table has 512 entries a level; GLX is the number of levels but one (5.1). */
static void show_pasids(struct picture *p)
{
    unsigned bits = 9 * ((unsigned)dte_field(p, "GLX") + 1), most = 1u << (bits < 20 ? bits : 20);

    p->has_pasid = true;
    for (p->pasid = 0; p->pasid < most && !p->cut && !p->failed; p->pasid++) {
        if (!walk(p))
            continue;
        if (p->all)
            json_put_hex(begin_json(p, "GVA to SPA"), "pasid", p->pasid);
        else
            printf("  PASID 0x%x: GVA -> SPA\n", p->pasid);
        show_mappings(p);
    }
}

/* ---------------------------------------------------------------- both */

/* Why there is nothing to walk; null when there is. */
static const char *no_tables(struct picture *p)
{
    struct amdvi_dte_view view;

    if (!scene_dte(p->scene, p->device, &view))
        return "no device table entry can be read";
    for (unsigned i = 0; i < 4; i++)
        p->dte[i] = view.words[i];
    return dte_field(p, "V") && dte_field(p, "TV") ? NULL
                                                   : "V or TV is 0: the translation fields are not valid";
}

static void end(struct picture *p, const char *problem)
{
    struct json_object *object;
    char text[COUNT_TEXT];

    if (!p->all) {
        if (!problem)
            printf("  %s%s\n", count_text(p->shown, "range", text), p->cut ? " and more, see --max" : "");
        return;
    }
    object = json_object_new_object();
    json_put_text(object, "problem", problem);
    json_put_bool(object, "cut", p->cut);
    json_object_object_add(object, "tables", p->all);
    json_object_object_add(p->scene->json, "page_tables", object);
}

void inspect_tables(const struct scene *scene, uint16_t device)
{
    struct picture p = {
        .scene = scene, .device = device, .all = scene->json ? json_object_new_array() : NULL};
    const char *problem = no_tables(&p);
    char name[8];

    if (!p.all)
        printf("page tables of %s (0x%x)\n", device_text(device, name), device);
    if (!problem)
        show_plain(&p);
    if (!problem && dte_field(&p, "GV"))
        show_pasids(&p);
    if (p.failed)
        problem = "out of memory";
    if (problem && !p.all)
        printf("  %s\n", problem);
    end(&p, problem);
    free(p.mappings);
}
