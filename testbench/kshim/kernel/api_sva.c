// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared address spaces: a PASID of a device over page tables that the test has made. The driver's own
 * operations are called, so that its way of doing it is tested and no process is needed.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "api.h"

#if SINCE(6, 12)

struct shared {
    struct mm_struct memory;
    struct iommu_attach_handle handle;
    struct iommu_domain *domain;
    struct device *device;
    struct mmu_notifier *notifier;
    u32 pasid;
    u64 answered[3];
};

static struct shared *registering;

int kshim_notifier_register(struct mmu_notifier *notifier, struct mm_struct *memory)
    KERNEL(mmu_notifier_register);
int kshim_notifier_register(struct mmu_notifier *notifier, struct mm_struct *memory)
{
    notifier->mm = memory;
    if (registering)
        registering->notifier = notifier;
    return 0;
}

static bool is_present(struct shared *shared, u64 address)
{
    u64 *table = (u64 *)shared->memory.pgd;
    int shift = boot_cpu_has(X86_FEATURE_LA57) ? 48 : 39;

    for (; shift >= PAGE_SHIFT; shift -= 9) {
        u64 entry = table[address >> shift & 511];

        if (!(entry & _PAGE_PRESENT))
            return false;
        if (shift == PAGE_SHIFT || entry & _PAGE_PSE)
            return true;
        table = __va(entry & PHYSICAL_PAGE_MASK);
    }
    return false;
}

/* What is mapped meanwhile succeeds; what is not there is refused. */
static int answer_group(struct iopf_group *group)
{
    struct shared *shared = container_of(group->attach_handle, struct shared, handle);
    u64 address = group->last_fault.fault.prm.addr;
    int code = is_present(shared, address) ? IOMMU_PAGE_RESP_SUCCESS : IOMMU_PAGE_RESP_INVALID;

    shared->answered[code]++;
    iopf_group_response(group, code);
    iopf_free_group(group);
    return 0;
}

static struct iommu_domain *domain_of(struct shared *shared)
{
    const struct iommu_ops *ops = shared->device->iommu->iommu_dev->ops;
    struct iommu_domain *domain;

    if (!ops->domain_alloc_sva)
        return NULL;
    registering = shared;
    domain = ops->domain_alloc_sva(shared->device, &shared->memory);
    registering = NULL;
    if (IS_ERR_OR_NULL(domain))
        return NULL;
    domain->type = IOMMU_DOMAIN_SVA;
    domain->owner = ops;
    domain->mm = &shared->memory;
    domain->iopf_handler = answer_group;
    return domain;
}

static void shared_free(struct shared *shared)
{
    api_put(shared->device);
    kfree(shared);
}

void *api_sva_attach(const char *name, kshim_u32 pasid, kshim_u64 pgd)
{
    struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);

    if (!shared)
        return NULL;
    shared->device = api_get(name);
    shared->pasid = pasid;
    shared->memory.pgd = __va(pgd);
    shared->domain = shared->device ? domain_of(shared) : NULL;
    shared->handle.domain = shared->domain;
    if (shared->domain && !iommu_attach_device_pasid(shared->domain, shared->device, pasid, &shared->handle))
        return shared;
    if (shared->domain)
        shared->domain->ops->free(shared->domain);
    shared_free(shared);
    return NULL;
}

void api_sva_detach(void *handle)
{
    struct shared *shared = handle;

    iommu_detach_device_pasid(shared->domain, shared->device, shared->pasid);
    shared->domain->ops->free(shared->domain);
    kshim_rcu_run();
    shared_free(shared);
}

void api_sva_changed(void *handle, kshim_u64 first, kshim_u64 end)
{
    struct shared *shared = handle;
    struct mmu_notifier *notifier = shared->notifier;

    if (notifier && notifier->ops->arch_invalidate_secondary_tlbs)
        notifier->ops->arch_invalidate_secondary_tlbs(notifier, &shared->memory, first, end);
}

kshim_u64 api_sva_requests(void *handle, int answer)
{
    return answer >= 0 && answer < 3 ? ((struct shared *)handle)->answered[answer] : 0;
}

#if BEFORE(6, 16)
int api_feature(const char *name, const char *feature, int on)
{
    struct device *device = api_get(name);
    enum iommu_dev_features which = strcmp(feature, "iopf") ? IOMMU_DEV_FEAT_SVA : IOMMU_DEV_FEAT_IOPF;
    int result;

    if (!device)
        return -ENODEV;
    result = on ? iommu_dev_enable_feature(device, which) : iommu_dev_disable_feature(device, which);
    api_put(device);
    return result;
}
#else
int api_feature(const char *name, const char *feature, int on)
{
    return 0; /* follows from what is attached */
}
#endif

#else /* the driver has no address spaces of processes of its own */

void *api_sva_attach(const char *name, kshim_u32 pasid, kshim_u64 pgd)
{
    return NULL;
}

void api_sva_detach(void *shared)
{
}

void api_sva_changed(void *shared, kshim_u64 first, kshim_u64 end)
{
}

kshim_u64 api_sva_requests(void *shared, int answer)
{
    return 0;
}

int api_feature(const char *name, const char *feature, int on)
{
    return -EOPNOTSUPP;
}

#endif
