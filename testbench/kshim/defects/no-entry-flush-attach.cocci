// SPDX-License-Identifier: GPL-2.0-only
// The device table entry of a device that is attached is not invalidated (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: flush/removed: lint kind stale-entry, of the device table entry
// lint: stale-entry: .*device table entry.*needed INVALIDATE_DEVTAB_ENTRY
@attach@
@@
 do_attach(...)
 {
 <...
-device_flush_dte(...);
 ...>
 }
@update@
identifier data, set;
@@
 dev_update_dte(struct iommu_dev_data *data, bool set)
 {
 <...
+if (!set)
 device_flush_dte(data);
 ...>
 }
