// SPDX-License-Identifier: GPL-2.0-only
// Pages are flushed under the DomainID beside the right one (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/five-pages: lint kind stale-entry, the command is for another domain
// lint: stale-entry: .*is for domain
@old@
expression command, address, size, pde;
identifier domain;
@@
-build_inv_iommu_pages(command, address, size, domain->id, pde)
+build_inv_iommu_pages(command, address, size, domain->id + 1, pde)
@new@
expression command, address, size, pasid, gn;
identifier domain;
@@
-build_inv_iommu_pages(command, address, size, domain->id, pasid, gn)
+build_inv_iommu_pages(command, address, size, domain->id + 1, pasid, gn)
