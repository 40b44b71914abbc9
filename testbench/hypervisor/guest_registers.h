// SPDX-License-Identifier: Apache-2.0
/*
 * The register space that a guest sees (viommu 4.2, 4.3, 9.2): base and control registers are kept here and
 * carried to VF Control; the page at 2000h is the guest's VF page. VF Control tells bases and lengths no
 * more, so what the guest reads comes from this copy.
 */
#ifndef AMDVI_HYPERVISOR_GUEST_REGISTERS_H
#define AMDVI_HYPERVISOR_GUEST_REGISTERS_H

#include "testbench/hypervisor/driver.h"

enum { HV_REGISTERS_BYTES = 0x4000, HV_VF_PAGE = 0x2000, HV_VF_PAGE_END = 0x3000 };

struct hv_registers {
    uint64_t devtab_base, cmd_base, event_base, event_b_base, ppr_base, ppr_b_base;
    uint64_t control, xt_event, xt_ppr;
    uint64_t efr; /* what the guest is told; EFR2 is 0 */
};

/* The register behind an offset below 2000h; null for offsets without one. EFR is not written. */
uint64_t *hv_registers_at(struct hv_registers *registers, uint64_t offset);

/* An aligned access of 4 or 8 bytes to what the VMM keeps; offsets without a register read 0. */
enum hv_status hv_registers_read(const struct hv_registers *registers, uint64_t offset, unsigned size,
                                 uint64_t *value);
enum hv_status hv_registers_write(struct hv_registers *registers, uint64_t offset, unsigned size,
                                  uint64_t value);

/* VF Control as the table of 9.2 makes it from these registers. */
uint64_t hv_command_control(const struct hv_registers *registers);
uint64_t hv_event_control(const struct hv_registers *registers);
uint64_t hv_ppr_control(const struct hv_registers *registers);
/* All of them, log B and the enable bits included. */
enum hv_status hv_registers_apply(const struct hv_registers *registers, struct hv_guest *guest);

/* The XT interrupt control registers 170h and 178h as an interrupt of a virtual processor (viommu 8.5). */
void hv_registers_interrupt(uint64_t xt, struct hv_interrupt *interrupt);

#endif
