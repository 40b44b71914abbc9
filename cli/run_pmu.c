// SPDX-License-Identifier: Apache-2.0
/* Performance counters as views: who knows one vendor's names can read an experiment by them (performance
 * a.2). */
#include "cli/run.h"

/* Linux's amd_iommu events, in the order of their numbers from 1 on. */
static const char *const linux_names[EXPERIMENT_EVENTS] = {"mem_pass_untrans",
                                                           "mem_pass_pretrans",
                                                           "mem_pass_excl",
                                                           "mem_target_abort",
                                                           "mem_trans_total",
                                                           "mem_iommu_tlb_pte_hit",
                                                           "mem_iommu_tlb_pte_mis",
                                                           "mem_iommu_tlb_pde_hit",
                                                           "mem_iommu_tlb_pde_mis",
                                                           "mem_dte_hit",
                                                           "mem_dte_mis",
                                                           "page_tbl_read_tot",
                                                           "page_tbl_read_nst",
                                                           "page_tbl_read_gst",
                                                           "int_dte_hit",
                                                           "int_dte_mis",
                                                           "cmd_processed",
                                                           "cmd_processed_inv",
                                                           "tlb_inv",
                                                           "ign_rd_wr_mmio_1ff8h",
                                                           "vapic_int_non_guest",
                                                           "vapic_int_guest",
                                                           "smi_recv",
                                                           "smi_blk"};

enum {
    UNTRANSLATED = 1,
    TRANSLATIONS = 5,
    PTE_MISS = 7,
    PDE_HIT,
    PDE_MISS,
    DTE_HIT,
    DTE_MISS,
    READS,
    TLB_INV = 19
};

/* Of other names what one or two of the counters say. */
static const struct view {
    const char *name;
    unsigned first, second; /* numbers of events; 0: none */
} intel[] = {{"iotlb_lookup", TRANSLATIONS, 0},  {"iotlb_miss", PTE_MISS, 0},
             {"context_cache_hit", DTE_HIT, 0},  {"paging_cache_lookup", PDE_HIT, PDE_MISS},
             {"paging_cache_miss", PDE_MISS, 0}, {"iommu_memory_access", READS, DTE_MISS},
             {"iotlb_invalidation", TLB_INV, 0}},
  riscv[] = {{"untranslated_requests", UNTRANSLATED, 0},
             {"translated_requests", TRANSLATIONS, 0},
             {"tlb_miss", PTE_MISS, 0},
             {"device_directory_walks", DTE_MISS, 0}};

static struct json_object *view_json(const struct view *views, size_t count, const uint64_t *events)
{
    struct json_object *object = json_object_new_object();

    for (size_t i = 0; i < count; i++) {
        uint64_t value = events[views[i].first - 1] + (views[i].second ? events[views[i].second - 1] : 0);
        json_put_count(object, views[i].name, value);
    }
    return object;
}

struct json_object *pmu_json(const uint64_t events[EXPERIMENT_EVENTS])
{
    struct json_object *object = json_object_new_object(), *linux_view = json_object_new_object();

    for (unsigned i = 0; i < EXPERIMENT_EVENTS; i++)
        json_put_count(linux_view, linux_names[i], events[i]);
    json_object_object_add(object, "linux", linux_view);
    json_object_object_add(object, "intel", view_json(intel, sizeof(intel) / sizeof(intel[0]), events));
    json_object_object_add(object, "riscv", view_json(riscv, sizeof(riscv) / sizeof(riscv[0]), events));
    return object;
}
