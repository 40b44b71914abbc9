// SPDX-License-Identifier: GPL-2.0-only
// An invalid page request, of which the IOMMU tells by an event, gets no response.
// files: drivers/iommu/amd/iommu.c
// since: 6.12
// why: older drivers answer no page requests by themselves
// found-by: requests/invalid: responses
@@
@@
 amd_iommu_report_ppr_err(...)
 {
 <...
(
-amd_iommu_complete_ppr(...);
|
-__amd_iommu_complete_ppr(...);
)
 ...>
 }
