// SPDX-License-Identifier: GPL-2.0-only
// An unmap flushes all of its pages but the first (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/five-pages: lint kind stale-entry, the range begins one page late
// lint: stale-entry: .*begins 1 pages late
@@
identifier gather;
expression domain;
@@
 amd_iommu_iotlb_sync(...)
 {
 <...
(
-amd_iommu_domain_flush_pages(domain, gather->start,
+amd_iommu_domain_flush_pages(domain, gather->start + (gather->end - gather->start > PAGE_SIZE ? PAGE_SIZE : 0),
 gather->end - gather->start + 1
+ - (gather->end - gather->start > PAGE_SIZE ? PAGE_SIZE : 0)
 )
|
-domain_flush_pages(domain, gather->start,
+domain_flush_pages(domain, gather->start + (gather->end - gather->start > PAGE_SIZE ? PAGE_SIZE : 0),
 gather->end - gather->start + 1
+ - (gather->end - gather->start > PAGE_SIZE ? PAGE_SIZE : 0)
 , 1)
)
 ...>
 }
