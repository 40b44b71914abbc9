// SPDX-License-Identifier: GPL-2.0-only
// GN of COMPLETE_PPR_REQUEST says the opposite of what the device needs.
// files: drivers/iommu/amd/iommu.c
// kernels: 6.12 7.3
// found-by: requests/invalid: GN of the response
@@
expression command, device, pasid, status, tag, flag;
@@
 build_complete_ppr(command, device, pasid, status, tag,
-flag
+!(flag)
 )
