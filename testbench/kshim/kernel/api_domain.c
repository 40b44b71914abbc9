// SPDX-License-Identifier: GPL-2.0-only
/* Domains of the IOMMU API: made, attached, mapped. */
#include <linux/iommu.h>

#include "api.h"

static struct iommu_domain *domain_for(struct device *device)
{
#if BEFORE(6, 11)
    return iommu_domain_alloc(&pci_bus_type);
#else
    struct iommu_domain *domain = iommu_paging_domain_alloc(device);

    return IS_ERR(domain) ? NULL : domain;
#endif
}

void *api_domain_alloc(const char *name)
{
    struct device *device = api_get(name);
    struct iommu_domain *domain = device ? domain_for(device) : NULL;

    api_put(device);
    return domain;
}

void api_domain_free(void *domain)
{
    iommu_domain_free(domain);
}

int api_attach(void *domain, const char *name)
{
    struct device *device = api_get(name);
    int result = device ? iommu_attach_device(domain, device) : -ENODEV;

    api_put(device);
    return result;
}

int api_detach(void *domain, const char *name)
{
    struct device *device = api_get(name);

    if (!device)
        return -ENODEV;
    iommu_detach_device(domain, device);
    api_put(device);
    return 0;
}

int api_map(void *domain, kshim_u64 iova, kshim_u64 pa, kshim_u64 bytes, int prot)
{
    int flags = (prot & 1 ? IOMMU_READ : 0) | (prot & 2 ? IOMMU_WRITE : 0);

#if BEFORE(6, 3)
    return iommu_map(domain, iova, pa, bytes, flags);
#else
    return iommu_map(domain, iova, pa, bytes, flags, GFP_KERNEL);
#endif
}

kshim_u64 api_unmap(void *domain, kshim_u64 iova, kshim_u64 bytes)
{
    return iommu_unmap(domain, iova, bytes);
}

kshim_u64 api_iova_to_phys(void *domain, kshim_u64 iova)
{
    return iommu_iova_to_phys(domain, iova);
}

kshim_u64 api_page_sizes(void *domain)
{
    return ((struct iommu_domain *)domain)->pgsize_bitmap;
}

const char *api_domain_type(const char *name)
{
    struct device *device = api_get(name);
    struct iommu_domain *domain = device ? iommu_get_domain_for_dev(device) : NULL;

    api_put(device);
    if (!domain)
        return "none";
    switch (domain->type) {
    case IOMMU_DOMAIN_IDENTITY:
        return "identity";
    case IOMMU_DOMAIN_DMA:
        return "DMA";
    case IOMMU_DOMAIN_DMA_FQ:
        return "DMA-FQ";
    case IOMMU_DOMAIN_BLOCKED:
        return "blocked";
    case IOMMU_DOMAIN_UNMANAGED:
        return "unmanaged";
    default:
        return "other";
    }
}
