// SPDX-License-Identifier: GPL-2.0-only
/* All scenarios, in the order in which they run. */
#include "host/world.h"

/* clang-format off: one a line */
extern const struct scenario boot_scenarios[], mapping_scenarios[], mapping_dma_scenarios[],
    fault_scenarios[], interrupt_scenarios[], device_scenarios[], posted_scenarios[], shared_scenarios[],
    file_scenarios[], second_scenarios[], request_scenarios[], race_scenarios[], guest_scenarios[],
    guest_host_scenarios[], guest_two_scenarios[], cost_scenarios[], flush_scenarios[], nested_scenarios[],
    nested_life_scenarios[], nested_flaw_scenarios[], nested_cache_scenarios[], guest_sva_scenarios[],
    shared_illegal_scenarios[], firmware_scenarios[], timed_scenarios[], timed_guest_scenarios[],
    wire_scenarios[], coherent_scenarios[], memory_scenarios[], nested_random_scenarios[],
    hw_viommu_scenarios[], glue_scenarios[];

const struct scenario *const scenario_groups[] = {
    boot_scenarios,        mapping_scenarios,        mapping_dma_scenarios,
    flush_scenarios,       fault_scenarios,          interrupt_scenarios,
    device_scenarios,      posted_scenarios,         shared_scenarios,
    file_scenarios,        second_scenarios,         request_scenarios,
    race_scenarios,        guest_scenarios,          guest_host_scenarios,
    guest_two_scenarios,   cost_scenarios,           nested_scenarios,
    nested_life_scenarios, nested_flaw_scenarios,    nested_cache_scenarios,
    guest_sva_scenarios,   shared_illegal_scenarios, firmware_scenarios,
    timed_scenarios,       timed_guest_scenarios,    wire_scenarios,
    coherent_scenarios,    memory_scenarios,         nested_random_scenarios,
    hw_viommu_scenarios,   glue_scenarios,           NULL,
};
