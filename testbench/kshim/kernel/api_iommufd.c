// SPDX-License-Identifier: GPL-2.0-only
/* iommufd: what VFIO would do between a device and the user's file. */
#include "api.h"

#if IS_ENABLED(CONFIG_IOMMUFD)
#include <linux/iommu.h>
#include <linux/iommufd.h>

void *api_fd_bind(void *file, const char *name, kshim_u32 *id)
{
    struct iommufd_ctx *context = iommufd_ctx_from_file(file);
    struct device *device = api_get(name);
    struct iommufd_device *bound = NULL;

    if (!IS_ERR(context) && device)
        bound = iommufd_device_bind(context, device, id);
    if (!IS_ERR(context))
        iommufd_ctx_put(context);
    api_put(device);
    return IS_ERR(bound) ? NULL : bound;
}

#if BEFORE(6, 15)
#define OF_DEVICE(bound) (bound)
#else
#define OF_DEVICE(bound) (bound), IOMMU_NO_PASID
#endif

/* The first table of a device is attached, a later one replaces it. */
int api_fd_attach(void *bound, kshim_u32 *pt_id)
{
    kshim_u32 wanted = *pt_id;
    int result = iommufd_device_attach(OF_DEVICE(bound), pt_id);

    if (result != -EBUSY)
        return result;
    *pt_id = wanted;
    return iommufd_device_replace(OF_DEVICE(bound), pt_id);
}

int api_fd_detach(void *bound)
{
    iommufd_device_detach(OF_DEVICE(bound));
    return 0;
}

void api_fd_unbind(void *bound)
{
    iommufd_device_unbind(bound);
}

#else

void *api_fd_bind(void *file, const char *name, kshim_u32 *id)
{
    return NULL;
}

int api_fd_attach(void *bound, kshim_u32 *pt_id)
{
    return -EOPNOTSUPP;
}

int api_fd_detach(void *bound)
{
    return -EOPNOTSUPP;
}

void api_fd_unbind(void *bound)
{
}

#endif
