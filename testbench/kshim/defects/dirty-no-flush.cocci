// SPDX-License-Identifier: GPL-2.0-only
// Dirty bits are read and cleared without a flush (ours, not upstream's).
// files: drivers/iommu/iommufd/io_pagetable.c
// kernels: 6.12
// found-by: iommufd/dirty-pages: lint kind stale-dirty
// lint: ^stale-dirty: 
@@
@@
 iommu_read_and_clear_dirty(...)
 {
 <...
-iommu_iotlb_sync(...);
 ...>
 }
