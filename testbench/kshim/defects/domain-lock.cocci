// SPDX-License-Identifier: GPL-2.0-only
// The lock of a virtual IOMMU's map of guest domains is taken with interrupts on, although an unmap takes it behind the
// lock of a domain, which interrupts take.
// files: drivers/iommu/amd/nested.c
// since: 7.0
// why: older drivers have no nested tables
// found-by: nested/locks: lock taken with interrupts on, although interrupts take it
@@
expression map, flags;
@@
-xa_lock_irqsave(map, flags);
+xa_lock(map);

@@
expression map, flags;
@@
-xa_unlock_irqrestore(map, flags);
+xa_unlock(map);
