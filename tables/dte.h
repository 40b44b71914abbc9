// SPDX-License-Identifier: Apache-2.0
/*
 * The device table: where an entry lies, what it says, and whether it is legal (reference/iommu.md 3).
 */
#ifndef AMDVI_TABLES_DTE_H
#define AMDVI_TABLES_DTE_H

#include "tables/env.h"
#include "tables/reason.h"

#include <stdbool.h>
#include <stdint.h>

enum { DTE_BYTES = 32, DTE_SEGMENTS = 8 };

enum { PERM_READ = 1, PERM_WRITE = 2, PERM_EXEC = 4 };

/* An entry in the form the translation wants it: decoded once, when it is fetched. */
struct dte {
    uint64_t raw[4];
    uint64_t host_root;
    uint64_t gcr3_root;
    uint64_t int_root;
    uint16_t domain;
    uint8_t mode;
    uint8_t perm;         /* IR/IW as PERM_READ/PERM_WRITE */
    uint8_t had;          /* HAD after feature gating: 0, 1 or 3 */
    uint8_t gcr3_levels;  /* GLX + 1 */
    uint8_t guest_levels; /* 4 or 5 */
    uint8_t int_log2;     /* IntTabLen */
    uint8_t int_control;  /* IntCtl */
    uint8_t sysmgt, ioctl;
    bool valid, tv, iv;
    bool guest, giov; /* GV and GIoV, false while GTEn=0 (13 #21) */
    bool exclusion, iotlb, ats_no_cache;
    bool suppress_all, suppress_repeat, ignore_int;
    bool ppr, prg_pasid;
    bool pass_init, pass_extint, pass_nmi;
    bool vimu;         /* vImuEn and vIommuEn */
    bool guest_tables; /* IR, by choice IR and IW: guest tables can be reached (13 #23) */
    bool mode0_fc;
    uint16_t guest_id, guest_device;
    bool plain;           /* valid, legal, TV=1, and a cached line decides like the whole way */
    uint8_t verdict;      /* enum reason: legality for memory requests */
    uint8_t mode_verdict; /* enum reason: Mode against HATS, checked after TV and exclusion (15 D8) */
    uint8_t int_verdict;  /* enum reason: legality of the interrupt part, before the message class counts */
};

/* The table bases as the lookup needs them (2.2). */
struct dte_segments {
    uint64_t base[DTE_SEGMENTS]; /* SPA of the first entry */
    uint32_t entries[DTE_SEGMENTS];
    uint8_t log2; /* DevTblSegEn: 0..3 */
};

/* IR/IW; v1 has no execute bit: what can be read can be executed (5.4). */
static inline uint8_t dte_rights(const struct dte *dte)
{
    return dte->perm | (dte->perm & PERM_READ ? PERM_EXEC : 0);
}

/* What a cached translation that is made with this entry is not to grant, ever (10.2, XSA-442). */
static inline uint8_t dte_withheld(const struct dte *dte, const struct tables_env *env)
{
    return env->rights_kept ? (PERM_READ | PERM_WRITE | PERM_EXEC) & ~dte_rights(dte) : 0;
}

/* SPA of the entry of `device`, or REASON_DTE_BEYOND_TABLE (3.1). */
enum reason dte_address(const struct dte_segments *segments, uint16_t device, uint64_t *spa);

/* Decodes and judges `raw` (3.2, 3.4). Cannot fail: illegality is part of the result. */
void dte_decode(const uint64_t raw[4], const struct tables_env *env, struct dte *dte);

#endif
