// SPDX-License-Identifier: Apache-2.0
/*
 * The eight calls of the first public proposal for HW-vIOMMU, June 2023 (viommu 9.1): the VMM names IOMMU and
 * guest by number and hands register accesses to the hypervisor. Kept because both buffer modes and the
 * register translation are told best by it; new programs use iommufd.h.
 *
 * As in the proposal, a device must be in a host domain (hv_device_attach()) before it is given to a guest,
 * all devices of a guest share one stage 2, and the first device's own DeviceID serves as TransDevID. Guest
 * tables are set by hv_rfc_guest_table(), what the proposal did in its domain allocation.
 *
 * Each structure starts with its size: HV_ERR_ARGUMENT when it is not the one of this header.
 */
#ifndef AMDVI_HYPERVISOR_RFC2023_H
#define AMDVI_HYPERVISOR_RFC2023_H

#include "testbench/hypervisor/driver.h"

struct hv_rfc;

/* `drivers`: IOMMU number i is drivers[i]; copied. */
enum hv_status hv_rfc_create(struct hv_driver *const *drivers, unsigned count, struct hv_rfc **rfc);
void hv_rfc_destroy(struct hv_rfc *rfc); /* and every guest that is left */

struct hv_rfc_iommu_info {
    uint32_t size;
    uint32_t iommu_id;
    uint32_t gid; /* out of INIT, into DESTROY */
};

struct hv_rfc_dev_info {
    uint32_t size;
    uint32_t iommu_id, gid;
    uint16_t hdev_id, gdev_id, queue_id;
};

struct hv_rfc_dom_info {
    uint32_t size;
    uint32_t iommu_id, gid;
    uint16_t gdev_id, gdom_id;
};

struct hv_rfc_mmio_data {
    uint32_t size;
    uint32_t iommu_id, gid, offset;
    uint64_t value;     /* in, or out of a read */
    uint32_t mmio_size; /* 4 or 8 */
    uint8_t is_write;
};

struct hv_rfc_cmdbuf_data {
    uint32_t size;
    uint32_t iommu_id, gid;
    uint32_t cmdbuf_size; /* bytes, whole pages, at most 512 KiB */
    void *hva;            /* in system memory, page aligned */
};

/* Unknown iommu_id or gid: HV_ERR_NO_OBJECT, in every call. */
enum hv_status hv_rfc_iommu_init(struct hv_rfc *rfc, struct hv_rfc_iommu_info *info);
/* HV_ERR_BUSY while devices are attached. */
enum hv_status hv_rfc_iommu_destroy(struct hv_rfc *rfc, const struct hv_rfc_iommu_info *info);

/*
 * HV_ERR_ORDER: hdev_id is in no host domain. HV_ERR_FOREIGN: in another one than the guest's first device.
 * HV_ERR_BUSY: hdev_id belongs to a guest. HV_ERR_EXISTS: gdev_id is taken.
 */
enum hv_status hv_rfc_device_attach(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info);
/* HV_ERR_NO_OBJECT: not attached under these numbers. HV_ERR_BUSY: other devices still use its number as
 * TransDevID. */
enum hv_status hv_rfc_device_detach(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info);

/* gdom_id becomes the guest's name for the DomainID of gdev_id. HV_ERR_NO_OBJECT: no such device. */
enum hv_status hv_rfc_domain_attach(struct hv_rfc *rfc, const struct hv_rfc_dom_info *info);
enum hv_status hv_rfc_domain_detach(struct hv_rfc *rfc, const struct hv_rfc_dom_info *info);

/* One access of the guest to its register space, translated as 9.2 says. */
enum hv_status hv_rfc_mmio_access(struct hv_rfc *rfc, struct hv_rfc_mmio_data *data);

/* HV_ERR_MODE unless the driver runs with private_buffers. HV_ERR_UNMAPPED: not system memory. */
enum hv_status hv_rfc_cmdbuf_update(struct hv_rfc *rfc, const struct hv_rfc_cmdbuf_data *data);

/* The guest half of a device's entry, checked by hv_dte_check(); all zeros takes it away. Its DomainID
 * becomes known to the guest's commands, with a host domain of its own (viommu 7.6). HV_ERR_DTE. */
enum hv_status hv_rfc_guest_table(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info,
                                  const uint64_t guest_entry[4]);

#endif
