// SPDX-License-Identifier: Apache-2.0
/* The IOMMU's private address space: a host table in the entry of its own DeviceID (viommu 2). */
#include "testbench/hypervisor/internal.h"

enum { LEVELS = 3 /* 39 bits reach the last region (viommu 2.1) */ };

#define LARGE UINT64_C(0x200000)

/* 2.2: after any change, the range in the private domain and COMPLETION_WAIT. */
static enum hv_status flush(struct hv_driver *driver, uint64_t ipa, uint64_t length)
{
    enum hv_status status = hv_invalidate(driver, driver->private_domain, ipa, length);

    return status ? status : hv_wait(driver);
}

enum hv_status hv_private_map(struct hv_driver *driver, uint64_t ipa, uint64_t spa, uint64_t length)
{
    enum hv_status status = hv_table_map(&driver->private_space, ipa, spa, length, HV_READ | HV_WRITE, LARGE);

    return status ? status : flush(driver, ipa, length);
}

enum hv_status hv_private_unmap(struct hv_driver *driver, uint64_t ipa, uint64_t length)
{
    enum hv_status status = hv_table_unmap(&driver->private_space, ipa, length);

    return status ? status : flush(driver, ipa, length);
}

/* The last number, so that those of guests begin at 1. */
static bool take_domain(struct hv_driver *driver)
{
    if (driver->shared)
        return hv_id_take(driver, HV_ID_DOMAIN, &driver->private_domain);
    return hv_ids_find(&driver->domain_ids, UINT16_MAX, 1, &driver->private_domain);
}

/* Table, domain and the zeroed first 8 MiB; the command ring runs already. */
enum hv_status hv_private_create(struct hv_driver *driver)
{
    enum hv_status status = hv_table_create(&driver->private_space, driver->memory, LEVELS);

    if (status)
        return status;
    if (!take_domain(driver))
        return HV_ERR_NO_ID;
    driver->low = hv_memory_take(driver->memory, HV_PRIVATE_LOW, LARGE);
    if (!driver->low)
        return HV_ERR_NO_MEMORY;
    return hv_private_map(driver, 0, driver->low, HV_PRIVATE_LOW);
}

void hv_private_destroy(struct hv_driver *driver)
{
    if (driver->private_domain)
        hv_id_give(driver, HV_ID_DOMAIN, driver->private_domain);
    hv_memory_give(driver->memory, driver->low, HV_PRIVATE_LOW);
    hv_table_destroy(&driver->private_space);
}
