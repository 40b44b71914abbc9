// SPDX-License-Identifier: Apache-2.0
/*
 * Translation caches of devices (ATS). What a device has been answered holds until it is told otherwise, and
 * it leads past every table, so a change of stage 2 or of an entry is over only when the device has heard of
 * it (iommu 9.3). The device has asked for guest addresses that nobody here knows, so it drops everything; an
 * invalidation names one PASID or none, so there is one for each that the guest's GCR3 table has.
 */
#include "testbench/hypervisor/internal.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"

enum { GCR3_BITS = 9, NO_PASID = -1 };

/* Everything of one PASID: S=1, and all address bits but the highest (iommu 6.3). */
static enum hv_status drop(struct hv_driver *driver, uint16_t device, int64_t pasid)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(words, device);
    cmd_inv_iotlb_set_s(words, 1);
    cmd_inv_iotlb_set_address(words, (UINT64_C(1) << 63) - HV_PAGE);
    cmd_inv_iotlb_set_gn(words, pasid != NO_PASID);
    if (pasid != NO_PASID)
        cmd_inv_iotlb_set_pasid(words, (uint64_t)pasid);
    return hv_command(driver, words);
}

/* A GCR3 table of the guest's, at a guest address. Whatever it holds, no PASID comes twice, and none beyond
 * what the device can send. */
static enum hv_status drop_table(const struct hv_stage2 *stage2, uint16_t device, uint64_t gpa,
                                 unsigned level, uint64_t first)
{
    uint64_t pasids = UINT64_C(2) << reg_efr_pasmax(stage2->driver->efr), spa;
    enum hv_status status = HV_OK;
    unsigned rights;

    if (!hv_stage2_lookup(stage2, gpa, &spa, &rights) || !hv_memory_at(stage2->driver->memory, spa, HV_PAGE))
        return HV_OK;
    for (unsigned i = 0; i < 1u << GCR3_BITS && !status; i++) {
        uint64_t entry = hv_memory_get(stage2->driver->memory, spa + i * sizeof(entry));
        uint64_t pasid = first | (uint64_t)i << (GCR3_BITS * level);
        if (pasid >= pasids)
            break;
        if (!gcr3_v(entry))
            continue;
        status = level ? drop_table(stage2, device, gcr3_addr(entry), level - 1, pasid)
                       : drop(stage2->driver, device, (int64_t)pasid);
    }
    return status;
}

static enum hv_status drop_all(struct hv_driver *driver, uint16_t device, const struct hv_device *as)
{
    enum hv_status status = HV_OK;

    if (!as->ats)
        return HV_OK;
    if (as->stage2 && dte_gv(as->entry))
        status = drop_table(as->stage2, device, dte_gcr3_root(as->entry), (unsigned)dte_glx(as->entry), 0);
    return status ? status : drop(driver, device, NO_PASID);
}

enum hv_status hv_device_forget(struct hv_driver *driver, uint16_t device, const struct hv_device *as)
{
    enum hv_status status = drop_all(driver, device, as);

    return status || !as->ats ? status : hv_wait(driver);
}

enum hv_status hv_stage2_caches(struct hv_stage2 *stage2)
{
    const struct hv_device *devices = stage2->driver->devices;
    enum hv_status status = HV_OK;

    for (unsigned i = 0; i <= UINT16_MAX && !status; i++)
        if (devices[i].stage2 == stage2)
            status = drop_all(stage2->driver, (uint16_t)i, &devices[i]);
    return status;
}
