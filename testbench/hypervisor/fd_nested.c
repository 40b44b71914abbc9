// SPDX-License-Identifier: Apache-2.0
/* Nested tables, and the host domains of guest DomainIDs (viommu 9.4 steps 6 and 7). */
#include "testbench/hypervisor/fd_objects.h"

#include "tables/layout.h"

#include <stdlib.h>

static struct fd_domain **domain_link(struct fd_viommu *viommu, uint16_t guest_domain)
{
    struct fd_domain **link = &viommu->domains;

    while (*link && (*link)->guest != guest_domain)
        link = &(*link)->next;
    return link;
}

const struct fd_domain *fd_find_domain(const struct fd_viommu *viommu, uint16_t guest_domain)
{
    const struct fd_domain *d = viommu->domains;

    while (d && d->guest != guest_domain)
        d = d->next;
    return d;
}

static enum hv_status take_domain(struct fd_viommu *viommu, uint16_t guest_domain, struct fd_domain **domain)
{
    struct fd_domain **link = domain_link(viommu, guest_domain), *made;
    enum hv_status status;

    if (!*link) {
        made = calloc(1, sizeof(*made));
        if (!made)
            return HV_ERR_NO_MEMORY;
        made->guest = guest_domain;
        status = hv_domain_take(viommu->parent->stage2, &made->host);
        if (status) {
            free(made);
            return status;
        }
        *link = made;
    }
    (*link)->refs++;
    *domain = *link;
    return HV_OK;
}

/* The map first, so that no command finds the number when it goes. */
static void give_domain(struct fd_viommu *viommu, struct fd_domain *domain)
{
    struct fd_domain **link = domain_link(viommu, domain->guest);

    if (--domain->refs > 0)
        return;
    *link = domain->next;
    if (viommu->guest && domain->mapped)
        hv_guest_unmap_domain(viommu->guest, domain->guest);
    hv_domain_give(viommu->parent->stage2, domain->host);
    free(domain);
}

static struct fd_nested *find_equal(struct hv_fd *fd, const struct fd_viommu *viommu, const uint64_t entry[4])
{
    for (struct fd_object *o = fd_first(fd); o; o = o->next) {
        struct fd_nested *nested = (struct fd_nested *)o;
        if (o->kind == FD_NESTED && o->handle && nested->viommu == viommu &&
            hv_dte_same(nested->entry, entry))
            return nested;
    }
    return NULL;
}

static enum hv_status make_nested(struct hv_fd *fd, struct fd_viommu *viommu, const uint64_t entry[4],
                                  hv_handle *nested)
{
    struct fd_domain *domain;
    struct fd_nested *made;
    enum hv_status status = take_domain(viommu, (uint16_t)dte_domainid(entry), &domain);

    if (status)
        return status;
    made = fd_new(fd, FD_NESTED, sizeof(*made));
    if (!made) {
        give_domain(viommu, domain);
        return HV_ERR_NO_MEMORY;
    }
    made->viommu = viommu;
    made->domain = domain;
    for (unsigned i = 0; i < 4; i++)
        made->entry[i] = entry[i];
    fd_hold(&viommu->base);
    *nested = made->base.handle;
    return HV_OK;
}

static enum hv_status allocate(struct hv_fd *fd, hv_handle viommu, const uint64_t entry[4], bool share,
                               hv_handle *nested)
{
    struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);
    struct fd_nested *equal;

    if (!v)
        return HV_ERR_NO_OBJECT;
    if (!entry || !nested)
        return HV_ERR_ARGUMENT;
    if (hv_dte_check(entry, v->parent->driver->efr))
        return HV_ERR_DTE;
    equal = share ? find_equal(fd, v, entry) : NULL;
    if (!equal)
        return make_nested(fd, v, entry, nested);
    equal->base.handles++;
    *nested = equal->base.handle;
    return HV_OK;
}

enum hv_status hv_fd_nested_alloc(struct hv_fd *fd, hv_handle viommu, const uint64_t entry[4],
                                  hv_handle *nested)
{
    return allocate(fd, viommu, entry, false, nested);
}

enum hv_status hv_fd_nested_share(struct hv_fd *fd, hv_handle viommu, const uint64_t entry[4],
                                  hv_handle *nested)
{
    return allocate(fd, viommu, entry, true, nested);
}

void fd_nested_end(struct fd_nested *nested)
{
    give_domain(nested->viommu, nested->domain);
    fd_drop(&nested->viommu->base);
}
