// SPDX-License-Identifier: GPL-2.0-only
/* Memory of the IOMMU's own, at private addresses [viommu 2]: uncached, zeroed, behind a v1 table. */
#include <asm/set_memory.h>

#include "hw_viommu.h"

enum { REGION_BYTES = 2 << 20 };
#define INVALIDATE_PAGES (3ull << 60)
#define SIZE_BIT         1ull
#define PDE_BIT          2ull

/* Addresses of a power of two: its bits below say how many [iommu, INVALIDATE_IOMMU_PAGES]. */
static int flush(struct hw_iommu *hw, u64 address, size_t bytes)
{
    struct protection_domain *domain = container_of(hw->space, struct protection_domain, domain);
    u64 range = (address | ((bytes >> 1) - 1)) & PAGE_MASK;

    hw_command(hw, INVALIDATE_PAGES | (u64)domain->id << 32, range | SIZE_BIT | PDE_BIT);
    return hw_wait(hw);
}

void *hw_private_add(struct hw_iommu *hw, u64 address, size_t bytes)
{
    unsigned int order = get_order(bytes), pages = bytes >> PAGE_SHIFT;
    unsigned long memory = __get_free_pages(GFP_KERNEL | __GFP_ZERO, order);

    if (!memory)
        return NULL;
    if (!set_memory_uc(memory, pages) &&
        !iommu_map(hw->space, address, __pa(memory), bytes, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL) &&
        !flush(hw, address, bytes))
        return (void *)memory;
    set_memory_wb(memory, pages);
    free_pages(memory, order);
    return NULL;
}

int hw_private_remove(struct hw_iommu *hw, u64 address, size_t bytes, void *memory)
{
    int result = iommu_unmap(hw->space, address, bytes) == bytes ? flush(hw, address, bytes) : -EIO;

    set_memory_wb((unsigned long)memory, bytes >> PAGE_SHIFT);
    free_pages((unsigned long)memory, get_order(bytes));
    return result;
}

/* Any device behind the IOMMU: tables do not care whose they are. */
static struct pci_dev *device_behind(struct amd_iommu *iommu)
{
    struct pci_dev *device = NULL;

    for_each_pci_dev(device) if (device_iommu_mapped(&device->dev) &&
                                 get_amd_iommu_from_dev(&device->dev) == iommu) return device;
    return NULL;
}

int hw_private_start(struct hw_iommu *hw)
{
    struct pci_dev *device = device_behind(hw->iommu);
    int each;

    if (!device)
        return -ENODEV;
    hw->space = iommu_paging_domain_alloc_flags(&device->dev, IOMMU_HWPT_ALLOC_NEST_PARENT); /* v1 */
    pci_dev_put(device);
    if (IS_ERR(hw->space))
        return PTR_ERR(hw->space);
    for (each = 0; each < HW_REGIONS; each++) {
        hw->regions[each] = hw_private_add(hw, (u64)each * REGION_BYTES, REGION_BYTES);
        if (!hw->regions[each])
            return -ENOMEM;
    }
    return 0;
}
