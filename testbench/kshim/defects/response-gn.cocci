// SPDX-License-Identifier: GPL-2.0-only
// GN of COMPLETE_PPR_REQUEST says the opposite of what the device needs.
// files: drivers/iommu/amd/iommu.c
// kernels: 7.3; the driver of 6.12 has it by itself
// found-by: requests/invalid-gn: GN of the response
@@
expression command, device, pasid, status, tag, flag;
@@
 build_complete_ppr(command, device, pasid, status, tag,
-flag
+!(flag)
 )
