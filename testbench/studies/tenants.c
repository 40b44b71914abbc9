// SPDX-License-Identifier: Apache-2.0
/* V7: what is not reproduced, and why. */
#include "testbench/studies/rows.h"

void row_tenants(struct validation_outcome *o)
{
    o->ran = false;
    SAY(o, "not reproduced");
    REMARK(o, "HyperSIO's IOTLB is indexed by address bits alone, so tenants with equal addresses share a "
              "set; the model's "
              "arrays are indexed by a hash, and indexing by chosen bits is not there yet");
}
