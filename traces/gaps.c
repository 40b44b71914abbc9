// SPDX-License-Identifier: Apache-2.0
/* What a source cannot tell. An importer writes it as a comment, a reader of our own forms takes it from
 * there, so that a trace made of a poor source does not look like a rich one. */
#include "internal.h"

#include <stddef.h>

#define LEAD " not in the source: "

static const struct gap {
    const char *name;
    size_t flag; /* in struct amdvi_trace_info; false: it is missing */
} gaps[] = {
    {"memory", offsetof(struct amdvi_trace_info, has_memory)},
    {"results of translations", offsetof(struct amdvi_trace_info, can_check_translations)},
    {"results of interrupts", offsetof(struct amdvi_trace_info, can_check_interrupts)},
    {"stores by the IOMMU", offsetof(struct amdvi_trace_info, can_check_stores)},
};

enum { GAPS = sizeof(gaps) / sizeof(gaps[0]) };

/* Empty when nothing is missing. */
void trace_gaps_print(const struct amdvi_trace_info *info, char *text, size_t size)
{
    size_t used = 0;

    text[0] = 0;
    for (unsigned i = 0; i < GAPS; i++)
        if (!*(const bool *)((const char *)info + gaps[i].flag) && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : &LEAD[1], gaps[i].name);
}

void trace_gaps_take(const char *comment, struct amdvi_trace_info *info)
{
    const char *at = comment + sizeof(LEAD) - 1;

    if (strncmp(comment, LEAD, sizeof(LEAD) - 1) != 0)
        return;
    while (*at) {
        size_t length = strcspn(at, ",");
        for (unsigned i = 0; i < GAPS; i++)
            if (strlen(gaps[i].name) == length && !memcmp(at, gaps[i].name, length))
                *(bool *)((char *)info + gaps[i].flag) = false;
        at += length;
        at += strspn(at, ", ");
    }
}
