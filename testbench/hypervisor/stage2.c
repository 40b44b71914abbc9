// SPDX-License-Identifier: Apache-2.0
/* Guest memory as devices see it, and the DomainIDs that nest on it. */
#include "testbench/hypervisor/internal.h"

#include "tables/layout.h"

#include <stdlib.h>

static void list(struct hv_stage2 *stage2)
{
    stage2->next = stage2->driver->stages;
    stage2->driver->stages = stage2;
}

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
    if (!status && !hv_id_take(driver, HV_ID_DOMAIN, &made->domain))
        status = HV_ERR_NO_ID;
    if (status) {
        hv_table_destroy(&made->table);
        free(made);
        return status;
    }
    list(made);
    *stage2 = made;
    return HV_OK;
}

enum hv_status hv_stage2_adopt(struct hv_driver *driver, const struct hv_foreign_stage2 *foreign,
                               struct hv_stage2 **stage2)
{
    struct hv_stage2 *made;

    if (!driver || !foreign || !stage2 || foreign->root % HV_PAGE || foreign->mode < 1 ||
        foreign->mode > HV_TABLE_LEVELS)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    *made = (struct hv_stage2){.driver = driver, .foreign = true, .domain = foreign->domain};
    made->table = (struct hv_table){.memory = driver->memory, .root = foreign->root, .mode = foreign->mode};
    list(made);
    *stage2 = made;
    return HV_OK;
}

/* The table and its number go back to those who made them. */
static void give(struct hv_stage2 *stage2)
{
    if (stage2->foreign)
        return;
    hv_invalidate_domain(stage2->driver, stage2->domain);
    hv_wait(stage2->driver);
    hv_id_give(stage2->driver, HV_ID_DOMAIN, stage2->domain);
    hv_table_destroy(&stage2->table);
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
    give(stage2);
    free(stage2);
    return HV_OK;
}

uint16_t hv_stage2_domain(const struct hv_stage2 *stage2)
{
    return stage2->domain;
}

/* 7.6: the parent's DomainID, then every host domain that nests on it, then what devices have cached. */
static enum hv_status flush(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length)
{
    enum hv_status status = hv_invalidate(stage2->driver, stage2->domain, gpa, length);
    struct hv_host_domain *first = stage2->domains;

    if (hv_driver_mistakes(stage2->driver, HV_MISTAKE_NO_DOMAIN_FLUSH))
        first = NULL;
    for (struct hv_host_domain *d = first; d && !status; d = d->next)
        status = hv_invalidate(stage2->driver, d->id, gpa, length);
    if (!status)
        status = hv_stage2_caches(stage2);
    return status ? status : hv_wait(stage2->driver);
}

enum hv_status hv_stage2_map(struct hv_stage2 *stage2, uint64_t gpa, uint64_t spa, uint64_t length,
                             unsigned perm, uint64_t largest)
{
    enum hv_status status;

    if (!stage2)
        return HV_ERR_ARGUMENT;
    if (stage2->foreign)
        return HV_ERR_FOREIGN;
    status = hv_table_map(&stage2->table, gpa, spa, length, perm, largest);
    return status ? status : flush(stage2, gpa, length);
}

enum hv_status hv_stage2_unmap(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length)
{
    enum hv_status status;

    if (!stage2 || !length)
        return HV_ERR_ARGUMENT;
    if (stage2->foreign)
        return HV_ERR_FOREIGN;
    status = hv_table_unmap(&stage2->table, gpa, length);
    return status ? status : flush(stage2, gpa, length);
}

enum hv_status hv_stage2_changed(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length)
{
    if (!stage2 || (length && gpa + length - 1 < gpa))
        return HV_ERR_ARGUMENT;
    return length ? flush(stage2, gpa, length) : flush(stage2, 0, UINT64_C(1) << 63);
}

static void lead_to(uint64_t entry[4], const struct hv_stage2 *stage2)
{
    dte_set_mode(entry, stage2->table.mode);
    dte_set_host_root(entry, stage2->table.root);
}

/* What names the table: entries of devices, plain or nested. The owner may have written plain ones meanwhile,
 * and one that it gets back later leads to the new table, too. */
static enum hv_status renew_device(struct hv_stage2 *stage2, uint16_t device, uint64_t old_root)
{
    struct hv_device *d = &stage2->driver->devices[device];

    if (dte_mode(d->before) && dte_host_root(d->before) == old_root)
        lead_to(d->before, stage2);
    lead_to(d->entry, stage2);
    return hv_entry_write(stage2->driver, device, d->entry);
}

enum hv_status hv_stage2_moved(struct hv_stage2 *stage2, uint64_t root, unsigned mode)
{
    enum hv_status status = HV_OK;
    uint64_t old_root;

    if (!stage2 || root % HV_PAGE || mode < 1 || mode > HV_TABLE_LEVELS)
        return HV_ERR_ARGUMENT;
    if (!stage2->foreign)
        return HV_ERR_FOREIGN;
    old_root = stage2->table.root;
    stage2->table.root = root;
    stage2->table.mode = mode;
    for (unsigned i = 0; i <= UINT16_MAX && !status; i++)
        if (stage2->driver->devices[i].stage2 == stage2)
            status = renew_device(stage2, (uint16_t)i, old_root);
    for (struct hv_guest *g = stage2->driver->guests; g && !status; g = g->next)
        if (g->stage2 == stage2)
            status = hv_guest_trans_renew(g);
    return status ? status : hv_stage2_changed(stage2, 0, 0);
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
    if (!hv_id_take(stage2->driver, HV_ID_DOMAIN, &made->id)) {
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
    hv_id_give(stage2->driver, HV_ID_DOMAIN, host_domain);
}
