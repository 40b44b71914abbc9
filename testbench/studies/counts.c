// SPDX-License-Identifier: Apache-2.0
/* V1: how many entries a translation reads (performance d), every cell of the matrix, cold and with caches
 * warmed one after the other. */
#include "testbench/studies/rows.h"

enum { DEVICE = 0x10, DOMAIN = 5, COLD_PASID = 1, WARM_PASID = 2 };
#define GVA  UINT64_C(0x12340000000)
#define DATA (WORLD_GPA_BASE + 0x3000000)

struct cell {
    unsigned host, guest, glx, host_shift, guest_shift;
};

struct tally {
    unsigned cells, wrong;
    char first[96]; /* the first wrong one */
};

static void check(struct tally *tally, const struct cell *c, const char *what, unsigned seen,
                  unsigned expected)
{
    tally->cells++;
    if (seen == expected)
        return;
    if (!tally->wrong++)
        snprintf(tally->first, sizeof(tally->first), "first: H=%u G=%u GLX=%u 2^%u/2^%u %s: %u, not %u",
                 c->host, c->guest, c->glx, c->host_shift, c->guest_shift, what, seen, expected);
}

/* The preset's features with six host levels, five guest levels, three GCR3 levels: HATS, GATS, GLXSup
 * (iommu 2.5). */
static void deep_features(char text[24])
{
    enum { SIX_LEVELS = 2, FIVE_LEVELS = 1, THREE_LEVELS = 2 };
    struct amdvi_config *config;
    struct places places;
    uint64_t efr = 0;

    if (amdvi_config_create(&config) == AMDVI_OK)
        amdvi_config_number(config, "efr", &efr);
    amdvi_config_destroy(config);
    if (places_find(&places)) {
        place_set(&places, PLACE_FEATURES_HATS, &efr, SIX_LEVELS);
        place_set(&places, PLACE_FEATURES_GATS, &efr, FIVE_LEVELS);
        place_set(&places, PLACE_FEATURES_GLX, &efr, THREE_LEVELS);
    }
    snprintf(text, 24, "0x%llx", (unsigned long long)efr);
}

static bool open_cell(struct world *w, struct nested *n, const struct cell *c, const char *caches)
{
    char efr[24];
    const char *const keys[] = {"efr", efr, "caches", caches, NULL};

    deep_features(efr);
    if (!world_open(w, keys, NULL, NULL))
        return false;
    *n = (struct nested){
        .host_levels = c->host, .guest_levels = c->guest, .glx = c->glx, .host_shift = c->host_shift};
    world_nested(w, n);
    world_dte_nested(w, DEVICE, DOMAIN, n);
    return true;
}

static void map(struct world *w, const struct nested *n, uint32_t pasid, uint64_t gva, uint64_t gpa,
                unsigned shift)
{
    world_guest_map(w, n, world_pasid(w, n, pasid), gva, gpa, shift);
    world_back(w, n, gpa >> shift << shift | (gva & ((UINT64_C(1) << shift) - 1)));
}

/* 1 + (X+1)(H+1) + G(H+1) + H, with H and G less what large pages save */
static unsigned cold(const struct cell *c)
{
    unsigned h = c->host - (c->host_shift - 12) / 9, g = c->guest - (c->guest_shift - 12) / 9;

    return 1 + (c->glx + 1) * (h + 1) + g * (h + 1) + h;
}

static bool count_cold(struct tally *tally, const struct cell *c)
{
    struct world w;
    struct nested n;

    if (open_cell(&w, &n, c, "off")) {
        map(&w, &n, COLD_PASID, GVA, DATA, c->guest_shift);
        check(tally, c, "cold", world_read_pasid(&w, DEVICE, COLD_PASID, GVA), cold(c));
    }
    w.failed |= w.faults != 0;
    world_close(&w);
    return !w.failed;
}

/*
 * Warmed: device table entry alone; then what another PASID with tables of its own leaves: the directories of
 * the host; then its GCR3 entry; then its neighbour, of which only the two leaves are missing; then itself.
 */
static bool count_warm(struct tally *tally, const struct cell *c)
{
    unsigned x = c->glx + 1, g = c->guest;
    uint64_t far = GVA + (UINT64_C(1) << (12 + 9 * (g - 1))); /* another entry of the top level */
    struct world w;
    struct nested n;

    if (open_cell(&w, &n, c, "on")) {
        map(&w, &n, COLD_PASID, GVA, DATA, SHIFT_4K);
        map(&w, &n, WARM_PASID, GVA, DATA, SHIFT_4K);
        map(&w, &n, WARM_PASID, GVA + 4096, DATA + 4096, SHIFT_4K);
        map(&w, &n, WARM_PASID, far, DATA + 8192, SHIFT_4K);
        check(tally, c, "cold", world_read_pasid(&w, DEVICE, COLD_PASID, GVA), cold(c));
        world_invalidate_domain(&w, DOMAIN);
        world_ring(&w);
        check(tally, c, "DTC warm", world_read_pasid(&w, DEVICE, COLD_PASID, GVA), cold(c) - 1);
        check(tally, c, "host directories warm", world_read_pasid(&w, DEVICE, WARM_PASID, far),
              2 * x + 2 * g + 1);
        check(tally, c, "GCR3 warm", world_read_pasid(&w, DEVICE, WARM_PASID, GVA), 2 * g + 1);
        check(tally, c, "guest directories warm", world_read_pasid(&w, DEVICE, WARM_PASID, GVA + 4096), 2);
        check(tally, c, "PTC warm", world_read_pasid(&w, DEVICE, WARM_PASID, GVA + 4096), 0);
    }
    w.failed |= w.faults != 0;
    world_close(&w);
    return !w.failed;
}

static bool count_pages(struct tally *tally, struct cell c)
{
    static const unsigned shifts[] = {SHIFT_4K, SHIFT_2M, SHIFT_1G};
    bool good = true;

    for (unsigned i = 0; i < 9; i++) {
        c.host_shift = shifts[i / 3];
        c.guest_shift = shifts[i % 3];
        good &= count_cold(tally, &c);
    }
    c.host_shift = c.guest_shift = SHIFT_4K;
    return good && count_warm(tally, &c);
}

/* One or the other table alone: 1 + H. */
static bool count_host_only(struct tally *tally)
{
    bool good = true;

    for (unsigned h = 1; h <= 6; h++) {
        struct cell c = {.host = h, .host_shift = SHIFT_4K, .guest_shift = SHIFT_4K};
        struct world w;
        if (world_open(&w, NULL, NULL, NULL)) {
            world_dte_host(&w, DEVICE, DOMAIN, h, world_host_everything(&w, h, DATA));
            check(tally, &c, "host only", world_read(&w, DEVICE, 0x5000), 1 + h);
        }
        good &= !w.failed && !w.faults;
        world_close(&w);
    }
    return good;
}

void row_counts(struct validation_outcome *o)
{
    struct tally tally = {0};

    o->ran = count_host_only(&tally);
    for (unsigned host = 3; host <= 6; host++)
        for (unsigned guest = 4; guest <= 5; guest++)
            for (unsigned glx = 0; glx <= 2; glx++)
                o->ran &= count_pages(&tally, (struct cell){host, guest, glx, SHIFT_4K, SHIFT_4K});
    row_metric(o, "cells", tally.cells);
    row_metric(o, "cells_exact", tally.cells - tally.wrong);
    SAY(o, "%u of %u cells exact", tally.cells - tally.wrong, tally.cells);
    if (tally.wrong)
        REMARK(o, "%s", tally.first);
}
