// SPDX-License-Identifier: GPL-2.0-only
// A changed interrupt entry is not invalidated (ours, not upstream's).
// files: drivers/iommu/amd/iommu.c
// kernels: 6.1 6.12
// found-by: interrupts/narrow, interrupts/wide, interrupts/vapic, interrupts/x2apic: lint kind stale-entry, of the interrupt entry
// lint: stale-entry: .*interrupt entry.*needed INVALIDATE_INTERRUPT_TABLE
@old@
identifier f =~ "^(modify_irte|modify_irte_ga|free_irte)$";
@@
 f(...)
 {
 <...
-iommu_flush_irt(...);
 ...>
 }
@new@
expression unit, command;
@@
 iommu_flush_irt_and_complete(...)
 {
 <...
-__iommu_queue_command_sync(unit, command, true)
+0
 ...>
 }
