// SPDX-License-Identifier: Apache-2.0
/* What is to be told of a fault. */
#ifndef AMDVI_MODEL_FAULT_FACTS_H
#define AMDVI_MODEL_FAULT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* The one place that makes a fault of it is logs/fault.c (house idea IV). */
struct fault_facts {
    uint16_t device;
    uint16_t domain;
    uint32_t pasid;
    uint64_t address;
    bool guest; /* GN */
    bool giov;  /* GN without a PASID of its own */
    bool user, exec;
    bool write;       /* of a translation request: it asks for write permission */
    bool translation; /* TR: ATS translation request */
    bool interrupt;   /* I */
    bool posted;      /* a write: nobody waits for its completion */
    bool suppressed;  /* IRTE.SupIOPF */
    uint8_t vflags;   /* accesses for a guest's virtual IOMMU (viommu 8.3) */
    uint8_t error;    /* enum walk_error of read errors */
};

#endif
