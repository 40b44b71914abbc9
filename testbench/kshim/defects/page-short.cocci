// SPDX-License-Identifier: GPL-2.0-only
// An unmap flushes all of its pages but the last (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/five-pages: lint kind stale-entry, the range ends one page short
// lint: stale-entry: .*ends 1 pages short
@@
identifier gather;
@@
 amd_iommu_iotlb_sync(...)
 {
 <...
-gather->end - gather->start + 1
+(gather->end - gather->start > PAGE_SIZE ? gather->end - gather->start + 1 - PAGE_SIZE : PAGE_SIZE)
 ...>
 }
