// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of a domain, told to a hypervisor's driver: the operations of the domain are a copy of the
 * driver's, with ours before the ones that end a map or an unmap. A nested translation carries a DomainID
 * that the driver does not know, so its own flush does not reach it (viommu 7.6); by the time of these
 * operations the tables are changed, and what they no longer need is not freed yet.
 */
#include <linux/iommu.h>

#include "api_owner.h"

enum { FOLLOWED = 8 };

struct followed {
    struct iommu_domain *domain; /* null: this place is free */
    const struct iommu_domain_ops *before;
    struct iommu_domain_ops operations;
    kshim_domain_changed *changed;
    void *context;
};

static struct followed all[FOLLOWED];

static struct followed *followed_of(const struct iommu_domain *domain)
{
    unsigned int at;

    for (at = 0; at < FOLLOWED; at++)
        if (all[at].domain == domain)
            return &all[at];
    return NULL;
}

static void sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
    struct followed *self = followed_of(domain);

    if (gather->end >= gather->start)
        self->changed(self->context, gather->start, gather->end - gather->start + 1, 1);
    self->before->iotlb_sync(domain, gather);
}

static void flush_all(struct iommu_domain *domain)
{
    struct followed *self = followed_of(domain);

    self->changed(self->context, 0, 0, 1);
    self->before->flush_iotlb_all(domain);
}

/* The table may have grown, and the driver has written the entries of its devices anew then. */
#if BEFORE(6, 8)
static void sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
    struct followed *self = followed_of(domain);

    self->before->iotlb_sync_map(domain, iova, size);
    self->changed(self->context, iova, size, 0);
}
#else
static int sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
    struct followed *self = followed_of(domain);
    int result = self->before->iotlb_sync_map(domain, iova, size);

    self->changed(self->context, iova, size, 0);
    return result;
}
#endif

static struct iommu_domain *domain_of(const char *name)
{
    struct device *device = api_get(name);
    struct iommu_domain *domain = device ? iommu_get_domain_for_dev(device) : NULL;

    api_put(device);
    return domain;
}

int api_owner_follow(const char *name, kshim_domain_changed *changed, void *context)
{
    struct iommu_domain *domain = domain_of(name);
    struct followed *self = followed_of(NULL);

    if (!domain)
        return -ENODEV;
    if (!self || followed_of(domain))
        return -EBUSY;
    *self = (struct followed){.domain = domain,
                              .before = domain->ops,
                              .operations = *domain->ops,
                              .changed = changed,
                              .context = context};
    self->operations.iotlb_sync = sync;
    self->operations.flush_iotlb_all = flush_all;
    self->operations.iotlb_sync_map = sync_map;
    domain->ops = &self->operations;
    return 0;
}

void api_owner_leave(const char *name)
{
    struct iommu_domain *domain = domain_of(name);
    struct followed *self = domain ? followed_of(domain) : NULL;

    if (!self)
        return;
    domain->ops = self->before;
    self->domain = NULL;
}
