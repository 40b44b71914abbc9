// SPDX-License-Identifier: GPL-2.0-only
// PDE is 0 in all flushes, also where a table was freed (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/freed-table: lint kind stale-entry, of a directory; the command has PDE=0
// lint: stale-entry: .*has PDE=0
@@
expression command;
@@
 build_inv_iommu_pages(...)
 {
 <...
-command->data[2] |= CMD_INV_IOMMU_PAGES_PDE_MASK;
 ...>
 }
