// SPDX-License-Identifier: GPL-2.0-only
// GN of COMPLETE_PPR_REQUEST says the opposite of what the device needs.
// files: drivers/iommu/amd/iommu.c
// since: 7.0
// why: the driver of 6.12 has it by itself (requests/invalid-gn), that of 6.1 answers no page requests by itself
// found-by: requests/invalid-gn: GN of the response
@@
expression command, device, pasid, status, tag, flag;
@@
 build_complete_ppr(command, device, pasid, status, tag,
-flag
+!(flag)
 )
