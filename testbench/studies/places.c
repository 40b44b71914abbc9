// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/places.h"

#include <string.h>

static const char *const names[PLACES][2] = {
#define PLACE(name, layout, field) [PLACE_##name] = {layout, field},
    STUDIES_PLACES(PLACE)
#undef PLACE
};

bool places_find(struct places *places)
{
    bool all = true;

    for (unsigned i = 0; i < PLACES; i++) {
        places->layout[i] = amdvi_layout_find(names[i][0]);
        places->field[i] = amdvi_layout_field(places->layout[i], names[i][1]);
        all &= places->field[i] != NULL;
    }
    return all;
}

uint64_t place_bits(const struct places *places, const enum place *list)
{
    uint64_t word = 0;

    for (; *list != PLACES; list++)
        place_set(places, *list, &word, UINT64_MAX);
    return word;
}

uint64_t place_register(const char *name)
{
    const struct amdvi_register *found = amdvi_register_find(name);

    return found ? found->offset : UINT64_MAX;
}

/* A guest's registers are found by offset only, in their page. */
static uint64_t in_page(const struct amdvi_register *(*at)(uint32_t offset), const char *name)
{
    enum { PAGE = 4096, WORD = 8 };

    for (uint32_t offset = 0; offset < PAGE; offset += WORD)
        if (at(offset) && !strcmp(at(offset)->name, name))
            return offset;
    return UINT64_MAX;
}

uint64_t place_vf_register(const char *name)
{
    return in_page(amdvi_vf_register_at, name);
}

uint64_t place_vfc_register(const char *name)
{
    return in_page(amdvi_vfc_register_at, name);
}
