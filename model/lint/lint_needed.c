// SPDX-License-Identifier: Apache-2.0
/* The command that would have helped: one for the smallest coded range that holds all pages (6.3). */
#include "model/lint/lint.h"

enum { SMALLEST_SHIFT = 12 };

void lint_need_range(struct amdvi_lint_finding *f, bool gn, bool pde)
{
    unsigned shift = SMALLEST_SHIFT;
    uint64_t address;

    while (shift < CMD_RANGE_ALL && f->first >> shift != f->last >> shift)
        shift++;
    address = shift >= CMD_RANGE_ALL ? INT64_MAX
                                     : (f->first >> shift << shift) | (((uint64_t)1 << (shift - 1)) - 1);
    f->needed[0] = f->needed[1] = 0;
    cmd_inv_pages_set_opcode(f->needed, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(f->needed, f->domain);
    cmd_inv_pages_set_gn(f->needed, gn);
    cmd_inv_pages_set_pasid(f->needed, gn ? f->pasid : 0);
    cmd_inv_pages_set_s(f->needed, shift > SMALLEST_SHIFT);
    cmd_inv_pages_set_pde(f->needed, pde);
    if (shift == SMALLEST_SHIFT)
        address = f->first;
    cmd_inv_pages_set_address(f->needed, address & ~(uint64_t)0xfff);
}
