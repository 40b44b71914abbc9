// SPDX-License-Identifier: Apache-2.0
// An unmap that frees no table flushes leaves only (PDE=0), and directories stay cached, as Linux 7.2 does.
//     scripts/kernel check --plant testbench/studies/recipes/driver-patch/leaves-only.cocci --scenario 'mapping/*'
// files: drivers/iommu/amd/iommu.c drivers/iommu/amd/amd_iommu_types.h
// kernels: 6.12
@@
@@
 struct protection_domain {
 ...
+bool leaves_only; /* under lock: no table went with what is flushed */
 };

@@
identifier own, gather;
@@
 amd_iommu_iotlb_sync(..., struct iommu_iotlb_gather *gather)
 {
 ... when any
+own->leaves_only = list_empty(&gather->freelist);
 amd_iommu_domain_flush_pages(own, ...);
+own->leaves_only = false;
 ... when any
 }

@@
identifier own, command;
@@
 domain_flush_pages_v1(struct protection_domain *own, ...)
 {
 <...
 build_inv_iommu_pages(&command, ...);
+if (own->leaves_only)
+	command.data[2] &= ~CMD_INV_IOMMU_PAGES_PDE_MASK;
 ...>
 }
