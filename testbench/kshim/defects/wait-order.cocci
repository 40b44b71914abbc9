// SPDX-License-Identifier: GPL-2.0-only
// The sequence number of COMPLETION_WAIT is taken before the lock of the ring, and whether one is needed is looked at
// there, too: two threads queue theirs out of order, and the semaphore goes backwards.
// files: drivers/iommu/amd/iommu.c
// found-by: race/flush: COMPLETION_WAIT goes backwards
@queued@
identifier number, unit, command;
expression next;
@@
 number = next;
 build_completion_wait(&command, unit, number);

@@
identifier queued.unit;
@@
 iommu_completion_wait(...)
 {
 <...
-if (!unit->need_sync) {
-	...
-}
 ...>
 }

@@
identifier flags, queued.number, queued.unit;
expression queued.next;
@@
 iommu_completion_wait(...)
 {
 <...
+if (!unit->need_sync)
+	return 0;
+number = next;
 raw_spin_lock_irqsave(&unit->lock, flags);
 ...>
 }

@@
identifier queued.number, queued.unit, queued.command;
expression queued.next;
@@
 iommu_completion_wait(...)
 {
 <...
-number = next;
 build_completion_wait(&command, unit, number);
 ...>
 }
