// SPDX-License-Identifier: Apache-2.0
/* Device table entries that the hypervisor writes (viommu 5.3). No entry here touches memory or the device.
 */
#ifndef AMDVI_HYPERVISOR_DTE_H
#define AMDVI_HYPERVISOR_DTE_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong with a guest's entry. */
enum hv_dte_fault {
    HV_DTE_GOOD = 0,
    HV_DTE_NOT_VALID,    /* V, TV or GV is 0: there is nothing to nest */
    HV_DTE_UNKNOWN_BITS, /* a bit that would not be honoured */
    HV_DTE_MODE,         /* Mode is not 0: the host's part */
    HV_DTE_HOST_ROOT,    /* the host root is not 0 */
    HV_DTE_NO_ROOT,      /* GCR3 root is 0 */
    HV_DTE_PAGING_MODE,  /* GuestPagingMode 2 or 3 */
    HV_DTE_FIVE_LEVELS,  /* five levels, and the device walks four */
    HV_DTE_GLX,          /* GLX 3 */
    HV_DTE_GLX_LEVELS,   /* more GCR3 levels than the device has */
    HV_DTE_PERMISSION,   /* IR or IW is 0: the nested entry has them from the host */
};

enum hv_dte_fault hv_dte_check(const uint64_t entry[4], uint64_t efr);
/* A short English text, never null. */
const char *hv_dte_fault_text(enum hv_dte_fault fault);

/* The guest's bits that hv_dte_check() knows; a VMM clears the others that it emulates itself. */
void hv_dte_known(uint64_t mask[4]);

/* Whether two entries ask for the same translation, so that their devices can share one domain object. */
bool hv_dte_same(const uint64_t a[4], const uint64_t b[4]);

void hv_dte_blocked(uint64_t entry[4]);
void hv_dte_host(uint64_t entry[4], uint64_t root, unsigned mode, uint16_t domain);
/* Adds the guest's half to an entry of hv_dte_host(). */
void hv_dte_nest(uint64_t entry[4], const uint64_t guest_entry[4]);
/* Names the owner: faults and page requests go to it (viommu 5.3). */
void hv_dte_own(uint64_t entry[4], uint16_t guest_id, uint16_t guest_device);

#endif
