// SPDX-License-Identifier: GPL-2.0-only
// An unmap ends without its flush.
// files: drivers/iommu/amd/iommu.c
// found-by: flush/five-pages, mapping/random, mapping/dma-strict: the device reaches what was unmapped; lint kind stale-entry
// lint: stale-entry: .*met a stale translation: .*needed INVALIDATE_IOMMU_PAGES
@@
@@
 amd_iommu_iotlb_sync(...)
 {
 <...
(
-amd_iommu_domain_flush_pages(...);
|
-domain_flush_pages(...);
)
 ...>
 }
