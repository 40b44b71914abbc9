// SPDX-License-Identifier: Apache-2.0
#include "model/timed/histogram.h"

static uint64_t last_of(unsigned bucket)
{
    unsigned shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : (bucket >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t step = bucket - ((uint64_t)shift << HISTOGRAM_STEP_BITS);

    return ((step + 1) << shift) - 1;
}

uint64_t histogram_at(const struct histogram *h, uint32_t ppm)
{
    uint64_t wanted = (uint64_t)((double)h->count * ppm / 1e6), seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen > wanted || (seen == h->count && seen))
            return last_of(i) < h->greatest ? last_of(i) : h->greatest;
    }
    return 0;
}
