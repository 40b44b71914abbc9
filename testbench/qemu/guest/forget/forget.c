// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that takes a page away from its device wrongly. Its device is QEMU's `edu`, which copies to any
 * address.
 *
 * mistake=forget: no invalidation: iommu_unmap_fast() without the iommu_iotlb_sync() that has to follow.
 * mistake=short:  the invalidation is of the next page.
 * mistake=late:   all is invalidated, but the device still uses the address.
 *
 * So that it is clear that nothing more comes, the driver takes another page away afterwards, as it should.
 */
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/version.h>

enum { IOVA = 0x5000000, OTHER_IOVA = 0x6000000, ACCESS = 256, BUFFER = 0x40000 };
enum { SOURCE = 0x80, TARGET = 0x88, COUNT = 0x90, COMMAND = 0x98, START = 1, FROM_DEVICE = 2 };

static char *mistake = "forget";
module_param(mistake, charp, 0444);

static int map_page(struct iommu_domain *domain, unsigned long iova, struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
    return iommu_map(domain, iova, page_to_phys(page), PAGE_SIZE, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
#else
    return iommu_map(domain, iova, page_to_phys(page), PAGE_SIZE, IOMMU_READ | IOMMU_WRITE);
#endif
}

static void let_device_write(void __iomem *registers)
{
    writeq(BUFFER, registers + SOURCE);
    writeq(IOVA, registers + TARGET);
    writeq(ACCESS, registers + COUNT);
    writeq(START | FROM_DEVICE, registers + COMMAND);
    while (readq(registers + COMMAND) & START)
        msleep(10);
}

static void take_away(struct iommu_domain *domain)
{
    struct iommu_iotlb_gather gather;

    if (!strcmp(mistake, "late")) {
        iommu_unmap(domain, IOVA, PAGE_SIZE);
        return;
    }
    iommu_iotlb_gather_init(&gather);
    iommu_unmap_fast(domain, IOVA, PAGE_SIZE, &gather);
    if (!strcmp(mistake, "short")) {
        gather.start = IOVA + PAGE_SIZE;
        gather.end = IOVA + 2 * PAGE_SIZE - 1;
        iommu_iotlb_sync(domain, &gather);
    }
}

static void forget(struct iommu_domain *domain, void __iomem *registers, struct page *page,
                   struct page *other)
{
    u8 *bytes = page_address(page);

    let_device_write(registers);
    take_away(domain);
    if (!map_page(domain, OTHER_IOVA, other))
        iommu_unmap(domain, OTHER_IOVA, PAGE_SIZE);
    memset(bytes, 0xa5, PAGE_SIZE);
    let_device_write(registers);
    pr_info("forget: took the page at %#x away; the device %s\n", IOVA,
            bytes[0] == 0xa5 ? "could not write it any more" : "still wrote it");
}

static int use_device(struct pci_dev *device, void __iomem *registers)
{
    struct iommu_domain *domain = iommu_get_domain_for_dev(&device->dev);
    struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO), *other = alloc_page(GFP_KERNEL);
    int error = domain && page && other ? map_page(domain, IOVA, page) : -ENODEV;

    pci_set_master(device);
    if (!error)
        forget(domain, registers, page, other);
    pci_clear_master(device);
    if (page)
        __free_page(page);
    if (other)
        __free_page(other);
    return error;
}

static int __init forget_init(void)
{
    struct pci_dev *device = pci_get_device(0x1234, 0x11e8, NULL);
    void __iomem *registers;
    int error = device ? pci_enable_device(device) : -ENODEV;

    if (error)
        return error;
    registers = pci_iomap(device, 0, 0);
    error = registers ? use_device(device, registers) : -ENOMEM;
    if (registers)
        pci_iounmap(device, registers);
    pci_dev_put(device);
    return error;
}

static void __exit forget_exit(void)
{
}

module_init(forget_init);
module_exit(forget_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Forgets an invalidation");
