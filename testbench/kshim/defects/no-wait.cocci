// SPDX-License-Identifier: GPL-2.0-only
// An unmap does not wait for its flush (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/five-pages: lint kind missing-wait
// lint: ^missing-wait: 
@old@
@@
 amd_iommu_iotlb_sync(...)
 {
 <...
-amd_iommu_domain_flush_complete(...);
 ...>
 }
@new@
@@
 amd_iommu_domain_flush_pages(...)
 {
 <...
-domain_flush_complete(...);
 ...>
 }
