// SPDX-License-Identifier: Apache-2.0
/*
 * What a device tells the tables room about itself: features, modes and behaviour switches. The device
 * fills it whenever its feature or control registers change; walkers and decoders only read it.
 */
#ifndef AMDVI_TABLES_ENV_H
#define AMDVI_TABLES_ENV_H

#include <stdbool.h>
#include <stdint.h>

/* What of a present host entry is looked at first (13 #36, 15 D8, D19). */
enum entry_order { ORDER_RESERVED, ORDER_LEVEL, ORDER_PERMISSION };

struct tables_env {
    /* Feature registers as the software reads them (2.5, 2.6) and the capability header (1.2). */
    uint64_t efr, efr2;
    uint32_t cap;

    /* Modes from the control register (2.4). */
    bool guest_enabled;    /* GTEn */
    bool gcr3_root_is_gpa; /* GCR3TRPMode */
    bool guest_a_disabled; /* GAUpdateDis */
    bool guest_d_disabled; /* GDUpdateDis */
    bool irte_128;         /* GAEn */
    bool guest_mode_legal; /* GAMEn=001b, with SNP only when SNPAVICEn says so */
    bool x2apic;           /* XTEn */
    bool int_2048;         /* NumIntRemapMode=01b */
    bool smi_filter;       /* SmiFEn */
    bool viommu_enabled;   /* vIommuEn: vImuEn of a DTE counts (viommu.md 11 #36) */

    /* Behaviour switches (docs/switches). */
    bool hardware_ad;       /* host and guest A/D updates happen at all */
    bool gv_needs_gten;     /* 13 #21: GV=1 while GTEn=0 makes the entry illegal */
    bool snp_mode0_illegal; /* 3.4: with SNP an identity mapping makes the entry illegal */
    bool marc;              /* MarcEn, and apertures do something */
    bool rights_kept;       /* 10.2, XSA-442: cached translations keep DTE.IR/IW of their time */

    bool level1_leaves;        /* 15 D9: an entry of level 1 is a leaf whatever its NextLevel */
    bool a_of_leaf_only;       /* 15 D13: HAD sets A in leaves, not in directories */
    bool gcr3_inner_is_spa;    /* 13 #22: the pointers between levels of a GCR3 table */
    bool privileged_may_write; /* 13 #24: WP=0 */
    bool guest_each_level;     /* 15 D17: guest permissions are checked at each level */
    uint8_t entry_order;       /* enum entry_order: 13 #36, 15 D19 */
    uint8_t leaf_step;         /* 13 #14: 9, or 0 if every leaf with NextLevel 0 is 4 KiB */
    uint8_t guest_table_need;  /* 13 #23: what the host must allow on guest tables */

    /* From the feature registers. */
    uint64_t dte_reserved[4];
    uint64_t v1_leaf_reserved, v1_dir_reserved;
    uint64_t v2_reserved;
    uint64_t gcr3_reserved;
    uint32_t pasid_limit; /* first PASID above PASmax */
    uint8_t host_levels;  /* deepest legal Mode; 0: host translation absent */
    uint8_t guest_levels; /* 4 or 5; 0: absent */
    uint8_t gcr3_levels;  /* 1..3 */
    bool host_a, host_d;  /* HASup, HDSup */
    bool snp;
    bool force_physical; /* ForcePhyDestSup */
};

#endif
