// SPDX-License-Identifier: Apache-2.0
/* Internal: the objects of an iommufd context, their handles and references. */
#ifndef AMDVI_HYPERVISOR_FD_OBJECTS_H
#define AMDVI_HYPERVISOR_FD_OBJECTS_H

#include "testbench/hypervisor/internal.h"
#include "testbench/hypervisor/iommufd.h"

enum fd_kind { FD_DEVICE, FD_PARENT, FD_VIOMMU, FD_VDEVICE, FD_QUEUE, FD_NESTED, FD_EVENTQ };

struct fd_object {
    enum fd_kind kind;
    unsigned refs;    /* of other objects, and one for the handle */
    unsigned handles; /* how often the user has to destroy it */
    hv_handle handle; /* 0: the user has none */
    struct hv_fd *fd;
    struct fd_object *next; /* all that live */
};

struct fd_parent {
    struct fd_object base;
    struct hv_driver *driver;
    struct hv_stage2 *stage2;
    bool shown; /* it stands for a table of the guest's, with this DomainID */
    uint16_t guest_domain;
};

/* A guest DomainID and its host domain. */
struct fd_domain {
    uint16_t guest, host;
    unsigned refs;
    bool mapped; /* the DomIDMap leads to it */
    struct fd_domain *next;
};

struct fd_vdevice;
struct fd_eventq;

struct fd_viommu {
    struct fd_object base;
    struct fd_parent *parent;
    struct hv_guest *guest; /* null: mediated */
    struct fd_domain *domains;
    struct fd_vdevice *vdevices;
    struct fd_eventq *events, *pprs;
    bool queue[HV_QUEUE_TYPES];
};

struct fd_device {
    struct fd_object base;
    struct hv_driver *driver;
    uint16_t id;
    struct fd_vdevice *vdevice;
    struct fd_object *table; /* attached to it: a parent or a nested table */
    struct fd_vdevice *held; /* its virtual device, while attached to a nested table */
};

struct fd_vdevice {
    struct fd_object base;
    struct fd_viommu *viommu;
    struct fd_device *device;
    uint16_t virt_id;
    struct fd_vdevice *next;
};

struct fd_queue {
    struct fd_object base;
    struct fd_viommu *viommu;
    struct hv_queue_alloc now;
};

struct fd_nested {
    struct fd_object base;
    struct fd_viommu *viommu;
    struct fd_domain *domain;
    uint64_t entry[4];
};

struct fd_eventq {
    struct fd_object base;
    struct fd_viommu *viommu;
    bool pprs;
    struct hv_event *events;
    unsigned depth, first, count;
    uint32_t sequence;     /* of the next event */
    struct hv_event after; /* lost ones that nothing has followed yet: the marker */
    uint64_t lost;
};

/* A new object of `bytes`, with one reference and a handle; null without memory. */
void *fd_new(struct hv_fd *fd, enum fd_kind kind, size_t bytes);
/* The object behind a handle, null when it is not of that kind. */
void *fd_get(struct hv_fd *fd, hv_handle handle, enum fd_kind kind);
struct fd_object *fd_any(struct hv_fd *fd, hv_handle handle);
struct fd_object *fd_first(struct hv_fd *fd);
void fd_hold(struct fd_object *object);
void fd_drop(struct fd_object *object);

/* What the last reference takes with it. */
void fd_device_end(struct fd_device *device);
void fd_device_unbind(struct fd_device *device);
void fd_viommu_end(struct fd_viommu *viommu);
void fd_vdevice_end(struct fd_vdevice *vdevice);
void fd_queue_end(struct fd_queue *queue);
void fd_nested_end(struct fd_nested *nested);
void fd_eventq_end(struct fd_eventq *queue);

/* Null queues take nothing. */
void fd_eventq_push(struct fd_eventq *queue, const struct fd_vdevice *vdevice, const uint64_t record[2]);
/* The host's log has lost records, and nobody knows whose. */
void fd_eventq_lose(struct fd_eventq *queue);

struct fd_vdevice *fd_find_vdevice(const struct fd_viommu *viommu, uint16_t virt_id);
const struct fd_domain *fd_find_domain(const struct fd_viommu *viommu, uint16_t guest_domain);

#endif
