// SPDX-License-Identifier: Apache-2.0
/*
 * Page tables as ranges. This is a picture of what stands in memory, without faults and reserved-bit checks:
 * `amdvi explain` says what the device makes of one address.
 */
#include "cli/inspect.h"

#include <inttypes.h>

enum { PAGE_SHIFT = 12, INDEX_BITS = 9, ENTRIES = 512, TABLES_MAX = 1 << 18 };

/* Neighbouring entries with the same attributes. */
struct range {
    uint64_t address, target, bytes, page;
    unsigned perm;
    bool user, global;
};

struct picture {
    const struct scene *scene;
    uint64_t dte[4];
    const struct amdvi_layout *v1, *v2, *gcr3;
    bool has_host;
    struct range pending;
    uint64_t printed, tables, entries;
    bool cut, guest, extend;
    struct json_object *all, *ranges; /* null: text; all tables, and the ranges of the one being walked */
};

static uint64_t dte_field(const struct picture *p, const char *name)
{
    return field_value(amdvi_layout_find("dte"), name, p->dte);
}

/* ---------------------------------------------------------------- ranges */

static uint64_t shown_address(const struct picture *p, uint64_t address, unsigned levels)
{
    unsigned top = PAGE_SHIFT + INDEX_BITS * levels - 1;

    return p->extend && top < 64 && address >> top & 1 ? address | ~((UINT64_C(1) << top) - 1) : address;
}

static void add_json(const struct picture *p, const struct range *r, uint64_t from)
{
    struct json_object *object = json_object_new_object();
    char perm[4];

    json_put_hex(object, "first", from);
    json_put_hex(object, "last", from + (r->bytes - 1));
    json_put_hex(object, "target", r->target);
    json_put_text(object, "perm", perm_text(r->perm, perm));
    if (p->guest)
        json_put_bool(object, "user", r->user);
    json_put_bool(object, "global", r->global);
    json_put_count(object, "page_bytes", r->page);
    json_object_array_add(p->ranges, object);
}

static void flush(struct picture *p, unsigned levels)
{
    const struct range *r = &p->pending;
    char perm[4], page[24], bytes[24];
    uint64_t from = shown_address(p, r->address, levels);

    if (!r->bytes)
        return;
    if (p->printed++ >= p->scene->max)
        p->cut = true;
    else if (p->ranges)
        add_json(p, r, from);
    else
        printf("    0x%012" PRIx64 "-0x%012" PRIx64 " -> 0x%012" PRIx64 "  %-3s%s%s  %s in pages of %s\n",
               from, from + (r->bytes - 1), r->target, perm_text(r->perm, perm),
               p->guest && r->user ? " user" : "", r->global ? " global" : "",
               size_text(r->bytes, bytes, sizeof(bytes)), size_text(r->page, page, sizeof(page)));
    p->pending.bytes = 0;
}

static bool continues(const struct range *a, const struct range *b)
{
    return a->bytes && a->address + a->bytes == b->address && a->target + a->bytes == b->target &&
           a->page == b->page && a->perm == b->perm && a->user == b->user && a->global == b->global;
}

static void add(struct picture *p, const struct range *range, unsigned levels)
{
    p->entries++;
    if (continues(&p->pending, range)) {
        p->pending.bytes += range->bytes;
        return;
    }
    flush(p, levels);
    p->pending = *range;
}

static void note(struct picture *p, uint64_t address, unsigned level, const char *what)
{
    struct json_object *object;

    if (p->printed++ >= p->scene->max) {
        p->cut = true;
    } else if (p->ranges) {
        object = json_object_new_object();
        json_put_hex(object, "first", address);
        json_put_count(object, "level", level);
        json_put_text(object, "problem", what);
        json_object_array_add(p->ranges, object);
    } else {
        printf("    0x%012" PRIx64 " level %u: %s\n", address, level, what);
    }
}

/* A table begins: "GVA -> GPA" and where its root lies. */
static struct json_object *begin_json(struct picture *p, const char *maps, const char *root, uint64_t address,
                                      unsigned levels)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "maps", maps);
    json_put_hex(object, root, address);
    json_put_count(object, "levels", levels);
    p->ranges = json_object_new_array();
    json_object_object_add(object, "ranges", p->ranges);
    json_object_array_add(p->all, object);
    return object;
}

static bool read_table(struct picture *p, uint64_t spa, uint64_t entries[ENTRIES])
{
    if (p->cut || p->tables++ >= TABLES_MAX) {
        p->cut = true;
        return false;
    }
    return scene_read(p->scene, spa, entries, ENTRIES * sizeof(entries[0]));
}

/* ---------------------------------------------------------------- host tables */

static unsigned level_shift(unsigned level)
{
    return PAGE_SHIFT + INDEX_BITS * (level - 1);
}

static unsigned host_perm(const struct amdvi_layout *layout, const uint64_t *words)
{
    return (field_value(layout, "IR", words) ? AMDVI_RIGHT_READ : 0u) |
           (field_value(layout, "IW", words) ? AMDVI_RIGHT_WRITE : 0u);
}

/* 4.4: the lowest zero bit of the address says the size. 0: there is none. */
static uint64_t sized_page(uint64_t address)
{
    unsigned bit = PAGE_SHIFT;

    while (bit < 52 && address >> bit & 1)
        bit++;
    return bit < 51 ? UINT64_C(2) << bit : 0;
}

struct host_leaf {
    uint64_t target, page; /* of the place that the entry stands for */
};

static bool host_leaf(const struct picture *p, uint64_t entry, uint64_t address, unsigned level,
                      struct host_leaf *leaf)
{
    uint64_t next = field_value(p->v1, "NextLevel", &entry), target = field_value(p->v1, "Addr", &entry);

    leaf->page = next == 7 ? sized_page(target) : UINT64_C(1) << level_shift(level);
    if (!leaf->page)
        return false;
    leaf->target = (target & ~(leaf->page - 1)) | (address & (leaf->page - 1));
    return true;
}

static void walk_host(struct picture *p, uint64_t table, unsigned level, uint64_t base, unsigned perm);

static void host_entry(struct picture *p, uint64_t entry, unsigned level, uint64_t address, unsigned perm)
{
    unsigned next = (unsigned)field_value(p->v1, "NextLevel", &entry);
    unsigned granted = perm & host_perm(p->v1, &entry);
    struct host_leaf leaf;

    if (!field_value(p->v1, "PR", &entry))
        return;
    if (next != 0 && next != 7) {
        if (next < level)
            walk_host(p, field_value(p->v1, "Addr", &entry), next, address, granted);
        else
            note(p, address, level, "NextLevel is not below the level");
        return;
    }
    if (host_leaf(p, entry, address, level, &leaf))
        add(p,
            &(struct range){.address = address,
                            .target = leaf.target,
                            .bytes = UINT64_C(1) << level_shift(level),
                            .page = leaf.page,
                            .perm = granted},
            6);
    else
        note(p, address, level, "no size in the address of a sized leaf");
}

static void walk_host(struct picture *p, uint64_t table, unsigned level, uint64_t base, unsigned perm)
{
    uint64_t entries[ENTRIES];
    unsigned count = level == 6 ? 128 : ENTRIES;

    if (!read_table(p, table, entries)) {
        if (!p->cut)
            note(p, base, level, "table outside memory");
        return;
    }
    for (unsigned i = 0; i < count; i++)
        if (entries[i])
            host_entry(p, entries[i], level, base | (uint64_t)i << level_shift(level), perm);
}

/* One GPA through the host table; false when it is not mapped. */
static bool host_lookup(const struct picture *p, uint64_t gpa, uint64_t *spa)
{
    uint64_t table = dte_field(p, "Host root"), entry;
    unsigned level = (unsigned)dte_field(p, "Mode");
    struct host_leaf leaf;

    if (!p->has_host) {
        *spa = gpa;
        return true;
    }
    while (level >= 1 && level <= 6) {
        unsigned index = (unsigned)(gpa >> level_shift(level)) % ENTRIES, next;
        if (!scene_read(p->scene, table + UINT64_C(8) * index, &entry, sizeof(entry)) ||
            !field_value(p->v1, "PR", &entry))
            return false;
        next = (unsigned)field_value(p->v1, "NextLevel", &entry);
        if (next == 0 || next == 7) {
            if (!host_leaf(p, entry, gpa, level, &leaf))
                return false;
            *spa = leaf.target;
            return true;
        }
        if (next >= level)
            return false;
        table = field_value(p->v1, "Addr", &entry);
        level = next;
    }
    return false;
}

/* ---------------------------------------------------------------- guest tables */

static struct range guest_leaf(const struct picture *p, uint64_t entry, unsigned level, uint64_t address,
                               const struct range *above)
{
    uint64_t page = UINT64_C(1) << level_shift(level);
    bool writable = field_value(p->v2, "RW", &entry), executable = !field_value(p->v2, "NX", &entry);
    unsigned perm =
        AMDVI_RIGHT_READ | (writable ? AMDVI_RIGHT_WRITE : 0u) | (executable ? AMDVI_RIGHT_EXEC : 0u);

    return (struct range){.address = address,
                          .target = field_value(p->v2, "Addr", &entry) & ~(page - 1),
                          .bytes = page,
                          .page = page,
                          .perm = above->perm & perm,
                          .user = above->user && field_value(p->v2, "US", &entry),
                          .global = field_value(p->v2, "G", &entry)};
}

static void walk_guest(struct picture *p, uint64_t gpa, unsigned level, unsigned levels,
                       const struct range *above)
{
    uint64_t entries[ENTRIES], spa;

    if (!host_lookup(p, gpa, &spa) || !read_table(p, spa, entries)) {
        if (!p->cut)
            note(p, above->address, level, "table not in memory");
        return;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t address = above->address | (uint64_t)i << level_shift(level);
        struct range leaf = guest_leaf(p, entries[i], level, address, above);
        bool large = (level == 2 || level == 3) && field_value(p->v2, "PS", &entries[i]);
        if (!field_value(p->v2, "P", &entries[i]))
            continue;
        if (level == 1 || large)
            add(p, &leaf, levels);
        else
            walk_guest(p, field_value(p->v2, "Addr", &entries[i]), level - 1, levels, &leaf);
    }
}

static void show_pasid(struct picture *p, uint32_t pasid, uint64_t root)
{
    unsigned levels = 4 + (unsigned)(dte_field(p, "GuestPagingMode") & 1);
    struct range whole = {.perm = AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE | AMDVI_RIGHT_EXEC, .user = true};

    if (p->all)
        json_put_hex(begin_json(p, "GVA to GPA", "root_gpa", root, levels), "pasid", pasid);
    else
        printf("  PASID 0x%x: guest table at GPA 0x%" PRIx64 ", %u levels, GVA -> GPA\n", pasid, root,
               levels);
    p->guest = true;
    p->extend = pasid != 0 || !dte_field(p, "GIoV");
    walk_guest(p, root, levels, levels, &whole);
    flush(p, levels);
    p->guest = p->extend = false;
}

/* Inner levels hold GPAs; only the root may be an SPA. */
static void walk_gcr3(struct picture *p, uint64_t table, bool is_spa, unsigned level, uint32_t pasid)
{
    uint64_t entries[ENTRIES], spa = table;

    if ((!is_spa && !host_lookup(p, table, &spa)) || !read_table(p, spa, entries)) {
        if (!p->cut && !p->all)
            printf("  GCR3 table at 0x%" PRIx64 " is not in memory\n", table);
        return;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t next = field_value(p->gcr3, "Addr", &entries[i]);
        uint32_t number = pasid | i << INDEX_BITS * (level - 1);
        if (!field_value(p->gcr3, "V", &entries[i]))
            continue;
        if (level == 1)
            show_pasid(p, number, next);
        else
            walk_gcr3(p, next, false, level - 1, number);
    }
}

/* ---------------------------------------------------------------- both */

static void show_host(struct picture *p)
{
    unsigned mode = (unsigned)dte_field(p, "Mode");

    if (p->all)
        begin_json(p, dte_field(p, "GV") ? "GPA to SPA" : "IOVA to SPA", "root_spa",
                   dte_field(p, "Host root"), mode);
    else
        printf("  host table at SPA 0x%" PRIx64 ", %u levels, %s -> SPA\n", dte_field(p, "Host root"), mode,
               dte_field(p, "GV") ? "GPA" : "IOVA");
    walk_host(p, dte_field(p, "Host root"), mode, 0, host_perm(amdvi_layout_find("dte"), p->dte));
    flush(p, 6);
}

static void show(struct picture *p)
{
    unsigned mode = (unsigned)dte_field(p, "Mode");

    p->has_host = mode >= 1 && mode <= 6;
    if (p->has_host)
        show_host(p);
    else if (!p->all)
        printf("  no host table (Mode %u)\n", mode);
    if (dte_field(p, "GV"))
        walk_gcr3(p, dte_field(p, "GCR3 root"), !scene_control(p->scene, "GCR3TRPMode"),
                  (unsigned)dte_field(p, "GLX") + 1, 0);
    if (!p->all)
        printf("  %" PRIu64 " entries in %" PRIu64 " tables%s\n", p->entries, p->tables,
               p->cut ? "; the listing was cut, see --max" : "");
}

static void end_json(struct picture *p, const char *problem)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "problem", problem);
    json_put_count(object, "entries", p->entries);
    json_put_count(object, "tables_read", p->tables);
    json_put_bool(object, "cut", p->cut);
    json_object_object_add(object, "tables", p->all);
    json_object_object_add(p->scene->json, "page_tables", object);
}

/* Why there is nothing to walk; null when there is. */
static const char *no_tables(struct picture *p, uint16_t device)
{
    struct amdvi_dte_view view;

    if (!scene_dte(p->scene, device, &view))
        return "no device table entry can be read";
    for (unsigned i = 0; i < 4; i++)
        p->dte[i] = view.words[i];
    return dte_field(p, "V") && dte_field(p, "TV") ? NULL
                                                   : "V or TV is 0: the translation fields are not valid";
}

void inspect_tables(const struct scene *scene, uint16_t device)
{
    struct picture p = {.scene = scene,
                        .v1 = amdvi_layout_find("v1"),
                        .v2 = amdvi_layout_find("v2"),
                        .gcr3 = amdvi_layout_find("gcr3"),
                        .all = scene->json ? json_object_new_array() : NULL};
    const char *problem = no_tables(&p, device);
    char name[8];

    if (!p.all)
        printf("page tables of %s (0x%x)\n", device_text(device, name), device);
    if (!problem)
        show(&p);
    else if (!p.all)
        printf("  %s\n", problem);
    if (p.all)
        end_json(&p, problem);
}
