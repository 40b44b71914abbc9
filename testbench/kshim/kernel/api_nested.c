// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested tables. The driver of 7.x makes domains out of guests' entries, but its virtual IOMMU does not offer
 * them to iommufd yet. Its own function is put into the operations, once a test asks for it; a driver that
 * offers them by itself is left alone. amd_iommufd_viommu_init() is intercepted by the linker for this.
 */
#include "api.h"

#if IS_ENABLED(CONFIG_AMD_IOMMU_IOMMUFD) && SINCE(7, 0)
#include <linux/iommufd.h>

struct iommu_domain *amd_iommu_alloc_domain_nested(struct iommufd_viommu *iommu, u32 flags,
                                                   const struct iommu_user_data *data);
int __real_amd_iommufd_viommu_init(struct iommufd_viommu *iommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *data);
int __wrap_amd_iommufd_viommu_init(struct iommufd_viommu *iommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *data);

/* The structure has constant members; its bytes have none. */
static u8 offering[sizeof(struct iommufd_viommu_ops)] __aligned(__alignof__(struct iommufd_viommu_ops));
static bool wanted;

int __wrap_amd_iommufd_viommu_init(struct iommufd_viommu *iommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *data)
{
    int result = __real_amd_iommufd_viommu_init(iommu, parent, data);
    struct iommufd_viommu_ops *ops = (struct iommufd_viommu_ops *)offering;

    if (result || !wanted || iommu->ops->alloc_domain_nested)
        return result;
    memcpy(offering, iommu->ops, sizeof(offering));
    ops->alloc_domain_nested = amd_iommu_alloc_domain_nested;
    iommu->ops = ops;
    return 0;
}

int api_fd_nests(void)
{
    wanted = true;
    return 0;
}

#else

int api_fd_nests(void)
{
    return -EOPNOTSUPP;
}

#endif
