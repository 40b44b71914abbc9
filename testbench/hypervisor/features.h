// SPDX-License-Identifier: Apache-2.0
/* Which features of the host's IOMMU a VMM may show its guest (viommu 4.3, 13). */
#ifndef AMDVI_HYPERVISOR_FEATURES_H
#define AMDVI_HYPERVISOR_FEATURES_H

#include "testbench/hypervisor/status.h"

#include <stdint.h>

/*
 * The most that a guest may be shown in its EFR; its EFR2 is 0. Everything that it leaves out does not work
 * for a guest: second logs, GA log, SNP, HW-vIOMMU, host A and D bits, x2APIC interrupts, and host page
 * tables, which HATS=3 says. Interrupt remapping and shadowed tables are the VMM's to add (hv_vmm_options).
 */
uint64_t hv_guest_features(uint64_t host_efr);

/* What is wrong with a feature word that a VMM has put together. */
enum hv_feature_fault {
    HV_FEATURE_GOOD = 0,
    HV_FEATURE_NOT_FOR_GUESTS, /* a bit or field that no guest may be shown */
    HV_FEATURE_NOT_THERE,      /* the host does not have it */
    HV_FEATURE_TOO_MANY,       /* more levels or PASID bits than the host has or a guest may use */
    HV_FEATURE_RESERVED,       /* a value that is none */
    HV_FEATURE_HOST_TABLES,    /* HATS is not 3: guests have no host page tables */
    HV_FEATURE_NEEDED,         /* GTSup or GioSup is 0: nothing is left by which a guest could translate */
};
/* The first fault; `bits` (may be null) gets the bits of the field that is wrong, 0 for a good word. */
enum hv_feature_fault hv_guest_features_check(uint64_t host_efr, uint64_t efr, uint64_t efr2, uint64_t *bits);
/* A short English text, never null. */
const char *hv_feature_fault_text(enum hv_feature_fault fault);

#endif
