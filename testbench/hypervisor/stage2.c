// SPDX-License-Identifier: Apache-2.0
/* Guest memory as devices see it, and the DomainIDs that nest on it. */
#include "testbench/hypervisor/internal.h"

#include <stdlib.h>

enum hv_status hv_stage2_create(struct hv_driver *driver, struct hv_stage2 **stage2)
{
    struct hv_stage2 *made;
    enum hv_status status;

    if (!driver || !stage2)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->driver = driver;
    status = hv_table_create(&made->table, driver->memory, HV_STAGE2_LEVELS);
    if (!status && !hv_ids_find(&driver->domain_ids, 1, UINT16_MAX, &made->domain))
        status = HV_ERR_NO_ID;
    if (status) {
        hv_table_destroy(&made->table);
        free(made);
        return status;
    }
    made->next = driver->stages;
    driver->stages = made;
    *stage2 = made;
    return HV_OK;
}

enum hv_status hv_stage2_destroy(struct hv_stage2 *stage2)
{
    struct hv_stage2 **link;

    if (!stage2)
        return HV_ERR_ARGUMENT;
    if (stage2->users || stage2->domains)
        return HV_ERR_BUSY;
    for (link = &stage2->driver->stages; *link != stage2; link = &(*link)->next)
        ;
    *link = stage2->next;
    hv_invalidate_domain(stage2->driver, stage2->domain);
    hv_wait(stage2->driver);
    hv_ids_give(&stage2->driver->domain_ids, stage2->domain);
    hv_table_destroy(&stage2->table);
    free(stage2);
    return HV_OK;
}

uint16_t hv_stage2_domain(const struct hv_stage2 *stage2)
{
    return stage2->domain;
}

/* 7.6: the parent's DomainID, then every host domain that nests on it. */
static enum hv_status flush(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length)
{
    enum hv_status status = hv_invalidate(stage2->driver, stage2->domain, gpa, length);
    struct hv_host_domain *first = stage2->domains;

    if (hv_driver_mistakes(stage2->driver, HV_MISTAKE_NO_DOMAIN_FLUSH))
        first = NULL;
    for (struct hv_host_domain *d = first; d && !status; d = d->next)
        status = hv_invalidate(stage2->driver, d->id, gpa, length);
    return status ? status : hv_wait(stage2->driver);
}

enum hv_status hv_stage2_map(struct hv_stage2 *stage2, uint64_t gpa, uint64_t spa, uint64_t length,
                             unsigned perm, uint64_t largest)
{
    enum hv_status status;

    if (!stage2)
        return HV_ERR_ARGUMENT;
    status = hv_table_map(&stage2->table, gpa, spa, length, perm, largest);
    return status ? status : flush(stage2, gpa, length);
}

enum hv_status hv_stage2_unmap(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length)
{
    enum hv_status status;

    if (!stage2 || !length)
        return HV_ERR_ARGUMENT;
    status = hv_table_unmap(&stage2->table, gpa, length);
    return status ? status : flush(stage2, gpa, length);
}

bool hv_stage2_lookup(const struct hv_stage2 *stage2, uint64_t gpa, uint64_t *spa, unsigned *perm)
{
    return hv_table_lookup(&stage2->table, gpa, spa, perm);
}

enum hv_status hv_domain_take(struct hv_stage2 *stage2, uint16_t *host_domain)
{
    struct hv_host_domain *made;

    if (!stage2 || !host_domain)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    if (!hv_ids_find(&stage2->driver->domain_ids, 1, UINT16_MAX, &made->id)) {
        free(made);
        return HV_ERR_NO_ID;
    }
    made->next = stage2->domains;
    stage2->domains = made;
    *host_domain = made->id;
    return HV_OK;
}

void hv_domain_give(struct hv_stage2 *stage2, uint16_t host_domain)
{
    struct hv_host_domain **link = &stage2->domains, *gone;

    while (*link && (*link)->id != host_domain)
        link = &(*link)->next;
    gone = *link;
    if (!gone)
        return;
    *link = gone->next;
    free(gone);
    hv_invalidate_domain(stage2->driver, host_domain);
    hv_wait(stage2->driver);
    hv_ids_give(&stage2->driver->domain_ids, host_domain);
}
