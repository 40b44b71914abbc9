// SPDX-License-Identifier: GPL-2.0-only
/* What the glue promises to kernels, beyond what their drivers ask of it. */
#include "scenarios.h"

/* The promises of testbench/kshim/added/glue_check, with how often each is tried. */
static const struct promise {
    const char *text;
    size_t times;
} promises[] = {
    {"glue: callbacks of SRCU wait for its last reader", 2},
    {"glue: callbacks of SRCU without a reader run", 2},
    {"glue: a file that is not opened leaves nothing", 1},
    {"glue: memory ends", 1},
    {"glue: a file without memory leaves nothing", 1},
};

static void check(struct world *world)
{
    if (!boot_plain(world, ""))
        return;
    for (size_t each = 0; each < COUNT(promises); each++) {
        size_t held = instance_log_count(world->kernel, promises[each].text);
        EXPECT(world, held == promises[each].times, "%zu of %zu times: %s", held, promises[each].times,
               promises[each].text);
    }
}

/* The last word of a line longer than any buffer counts. */
static void long_line(struct world *world)
{
    enum { WORDS = 600 };
    static const char word[] = "iommu.strict=1 ", last[] = "iommu.passthrough=1";
    static char line[WORDS * (sizeof(word) - 1) + sizeof(last)];
    const char *type;

    for (size_t each = 0; each < WORDS; each++)
        memcpy(line + each * (sizeof(word) - 1), word, sizeof(word) - 1);
    memcpy(line + WORDS * (sizeof(word) - 1), last, sizeof(last));
    if (!boot_plain(world, line))
        return;
    type = world->api->domain_type(WORLD_NIC);
    EXPECT(world, !strcmp(type, "identity"), "the last word was lost: the default domain is %s", type);
}

const struct scenario glue_scenarios[] = {
    {.name = "glue/long-line", .what = "a kernel's command line of 9 KB counts whole", .run = long_line},
    {.name = "glue/check",
     .what = "what no driver asks of the glue: callbacks of SRCU, files that do not open",
     .run = check,
     .added = "glue_check"},
    {.name = NULL},
};
