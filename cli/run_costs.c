// SPDX-License-Identifier: Apache-2.0
/* `amdvi run --costs`: what single commands and translations take, as a page of the manual. */
#include "cli/run.h"

bool costs_print(const struct experiment *experiment)
{
    struct experiment_cost costs[EXPERIMENT_COSTS];
    unsigned count;

    if (!experiment_costs(experiment, costs, &count))
        return false;
    puts("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
         "<!-- Made by `amdvi run --costs`; do not edit. -->\n"
         "# What single things take\n\n"
         "Nanoseconds with nothing else under way: of a command from the write of the tail to the store of "
         "the COMPLETION_WAIT\n"
         "behind it, of a translation from the request to its answer. Cold: the first after reset; warm: the "
         "third. Figures are of\n"
         "this model with [these parameters](timing-parameters.md), many of them assumptions, and not of AMD "
         "hardware.\n\n"
         "| what | cold | warm |\n| --- | --- | --- |");
    for (unsigned i = 0; i < count; i++)
        printf("| %s | %.0f | %.0f |\n", costs[i].name, costs[i].cold, costs[i].warm);
    return true;
}
