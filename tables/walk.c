// SPDX-License-Identifier: Apache-2.0
#include "tables/walk_steps.h"

enum walk_ask walk_start(struct walk *w, const struct walk_request *request)
{
    return walk_start_inline(w, request);
}

enum walk_ask walk_step(struct walk *w)
{
    return walk_step_inline(w);
}

unsigned host_size7_shift(uint64_t entry)
{
    return size7_shift(entry);
}
