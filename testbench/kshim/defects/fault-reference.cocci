// SPDX-License-Identifier: GPL-2.0-only
// The reference on the PCI device that the handler of a page fault takes is not given back.
// files: drivers/iommu/amd/iommu.c
// found-by: requests/fault: references of the device
@@
identifier device;
@@
 amd_iommu_report_page_fault(...)
 {
 <...
-pci_dev_put(device);
+(void)device;
 ...>
 }
