// SPDX-License-Identifier: GPL-2.0-only
// The walk over the entries of an IVHD block ends at the first range: what stands behind it is skipped.
// files: drivers/iommu/amd/init.c
// found-by: boot/genoa/default/1: the IOAPIC's entry is not seen, and interrupt remapping is off
@@
expression position;
@@
 init_iommu_from_acpi(...)
 {
 <...
+if (((struct ivhd_entry *)position)->type == IVHD_DEV_RANGE_END)
+	break;
 position += ivhd_entry_length(position);
 ...>
 }
