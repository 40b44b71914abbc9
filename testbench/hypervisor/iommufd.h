// SPDX-License-Identifier: Apache-2.0
/*
 * Virtual IOMMUs as objects (viommu 9.4): the interface that replaced rfc2023.h. A VMM
 *
 *   1. binds a device and makes a nest parent from it: the guest's memory;
 *   2. makes a virtual IOMMU over the parent, and gets the place of the guest's register page;
 *   3. makes a virtual device for each device: the number by which the guest knows it;
 *   4. makes a hardware queue for each ring that the guest places;
 *   5. makes a nested table from each guest device table entry, and attaches devices to it.
 *
 * Objects are named by handles. A handle is good from the call that made the object to
 * hv_fd_destroy_object(); after that, and for objects of another context or of a wrong kind, calls answer
 * HV_ERR_NO_OBJECT. Handles may go in any order: an object lives as long as another needs it. A call that
 * fails changes nothing.
 */
#ifndef AMDVI_HYPERVISOR_IOMMUFD_H
#define AMDVI_HYPERVISOR_IOMMUFD_H

#include "testbench/hypervisor/owner.h"

struct hv_fd;
typedef uint32_t hv_handle; /* 0 is none */

/* `tag`, below 64, is part of the handles: contexts with different tags never mistake each other's. */
enum hv_status hv_fd_create(unsigned tag, struct hv_fd **fd);
void hv_fd_close(struct hv_fd *fd); /* every handle goes */
enum hv_status hv_fd_destroy_object(struct hv_fd *fd, hv_handle handle);
unsigned hv_fd_objects(const struct hv_fd *fd); /* alive, with or without handle */

/* ------------------------------------------------------------------------------- devices */

/* HV_ERR_NO_OBJECT: no such device. HV_ERR_BUSY: bound already, by whomever. Destroying it blocks the device.
 */
enum hv_status hv_fd_bind(struct hv_fd *fd, struct hv_driver *driver, uint16_t device, hv_handle *handle);
enum hv_status hv_fd_hw_info(struct hv_fd *fd, hv_handle device, uint64_t *efr, uint64_t *efr2);

/* ------------------------------------------------------------------------------- the guest's memory */

/* A nest parent on the IOMMU of `device`. */
enum hv_status hv_fd_parent_alloc(struct hv_fd *fd, hv_handle device, hv_handle *parent);
/* The same over a table of another driver (hv_stage2_adopt() in owner.h). */
enum hv_status hv_fd_parent_adopt(struct hv_fd *fd, hv_handle device, const struct hv_foreign_stage2 *foreign,
                                  hv_handle *parent);
/* What is behind a nest parent, for hv_stage2_changed() and hv_stage2_moved(); null for other handles. */
struct hv_stage2 *hv_fd_stage2(struct hv_fd *fd, hv_handle parent);
/* It stands for a table of the guest's (shadow.h): faults of devices attached to it are the guest's, and come
 * through event queues with `guest_domain`. */
enum hv_status hv_fd_parent_show(struct hv_fd *fd, hv_handle parent, uint16_t guest_domain);
/* As hv_stage2_map() and hv_stage2_unmap(). */
enum hv_status hv_fd_map(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t spa, uint64_t length,
                         unsigned perm, uint64_t largest);
enum hv_status hv_fd_unmap(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t length);
bool hv_fd_lookup(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t *spa, unsigned *perm);

/* ------------------------------------------------------------------------------- virtual IOMMUs */

enum hv_viommu_type {
    HV_VIOMMU_MEDIATED = 0, /* the VMM runs the guest's rings; no GuestID */
    HV_VIOMMU_AMD = 3,      /* the hardware does */
};

struct hv_viommu_alloc {
    hv_handle device; /* whose IOMMU */
    hv_handle parent;
    enum hv_viommu_type type;
    hv_handle viommu;   /* out */
    uint64_t vf_offset; /* out: where the register page can be mapped; 0 for mediated ones */
};
/* HV_ERR_FOREIGN: device and parent are on different IOMMUs. */
enum hv_status hv_fd_viommu_alloc(struct hv_fd *fd, struct hv_viommu_alloc *alloc);

/* The guest's machine starts again: its register page is as new, devices and their numbers stay. HV_ERR_BUSY
 * while it has queues. Nothing to do for mediated ones. */
enum hv_status hv_fd_viommu_reset(struct hv_fd *fd, hv_handle viommu);

/* The register page: accesses go to amdvi_vf_read() and amdvi_vf_write() with these, without another call
 * here. */
struct hv_vf_page {
    struct amdvi_device *device;
    uint16_t guest_id;
};
/* HV_ERR_UNSUPPORTED for mediated ones, HV_ERR_ARGUMENT for an offset that is not this virtual IOMMU's. */
enum hv_status hv_fd_vf_page(struct hv_fd *fd, hv_handle viommu, uint64_t vf_offset, struct hv_vf_page *page);

/* HV_ERR_EXISTS: the device has a virtual device, or virt_id is taken. HV_ERR_FOREIGN: on another IOMMU.
 * HV_ERR_ARGUMENT: virt_id above FFFFh. */
enum hv_status hv_fd_vdevice_alloc(struct hv_fd *fd, hv_handle viommu, hv_handle device, uint64_t virt_id,
                                   hv_handle *vdevice);

enum hv_queue_type { HV_QUEUE_CMD, HV_QUEUE_EVT, HV_QUEUE_PPR, HV_QUEUE_TYPES };

/* Control bits that come with a queue (viommu 9.4 step 5). */
enum hv_queue_flag {
    HV_QUEUE_ENABLE = 1,           /* CmdBufEn, EventLogEn, PPRLogEn */
    HV_QUEUE_INTERRUPT = 2,        /* ComWaitIntEn, EventIntEn, PPRIntEn */
    HV_QUEUE_PPR_ENABLE = 4,       /* PPREn; these and the following only for HV_QUEUE_PPR */
    HV_QUEUE_PPR_AUTO = 8,         /* PprAutoRspEn */
    HV_QUEUE_PPR_STOP_MARKER = 16, /* BlkStopMrkEn */
    HV_QUEUE_PPR_ALWAYS = 32,      /* PprAutoRspAon */
};

struct hv_queue_alloc {
    hv_handle viommu;
    enum hv_queue_type type;
    unsigned index;  /* 0: logs B are not offered */
    uint64_t gpa;    /* of the ring, page aligned */
    unsigned length; /* encoded as in the base registers: 8 to 15 */
    unsigned flags;
    hv_handle queue; /* out */
};
/* HV_ERR_UNMAPPED: a part of the ring is not guest memory (not writable, for logs). HV_ERR_EXISTS: there is
 * one. HV_ERR_UNSUPPORTED for mediated ones and index 1, HV_ERR_MODE with private buffers. Destroying it
 * disables it. */
enum hv_status hv_fd_queue_alloc(struct hv_fd *fd, struct hv_queue_alloc *alloc);
/*
 * The queue `alloc->queue` gets another place, length or flags; `viommu`, `type` and `index` are its own. It
 * is not disabled in between, so what an error has stopped stays stopped; nothing is written when nothing
 * changes. Errors as above, HV_ERR_NO_OBJECT, HV_ERR_ARGUMENT for another type; then it stays what it was.
 */
enum hv_status hv_fd_queue_change(struct hv_fd *fd, const struct hv_queue_alloc *alloc);

/* Where the interrupts of a log go. HV_ERR_UNSUPPORTED for mediated ones. */
enum hv_status hv_fd_interrupt(struct hv_fd *fd, hv_handle viommu, enum hv_interrupt_type type,
                               const struct hv_interrupt *interrupt);

/* ------------------------------------------------------------------------------- nested tables */

/*
 * A nested table from a guest's device table entry, which also tells the guest's DomainID. Touches neither
 * device nor memory: the entry is checked (HV_ERR_DTE), and the guest domain gets a host domain of its own,
 * shared by all nested tables of that number.
 */
enum hv_status hv_fd_nested_alloc(struct hv_fd *fd, hv_handle viommu, const uint64_t entry[4],
                                  hv_handle *nested);
/* The same, but an equal table of this virtual IOMMU is used again: one more hv_fd_destroy_object() for it.
 */
enum hv_status hv_fd_nested_share(struct hv_fd *fd, hv_handle viommu, const uint64_t entry[4],
                                  hv_handle *nested);

/*
 * Attaches to a nest parent (addresses are guest physical), or to a nested table: the host's entry gets both
 * halves, the domain map leads to the host domain. A device that is attached changes over. HV_ERR_ORDER: no
 * virtual device. HV_ERR_FOREIGN: on another IOMMU, or of another virtual one.
 */
enum hv_status hv_fd_attach(struct hv_fd *fd, hv_handle device, hv_handle table);
/* HV_ERR_ORDER when it is not attached. */
enum hv_status hv_fd_detach(struct hv_fd *fd, hv_handle device);

/*
 * Invalidations in the form of guest commands, with guest IDs (16 bytes each), for VMMs that run the ring
 * themselves: opcodes 2 to 8. On a nested table only INVALIDATE_IOMMU_PAGES of its own domain. `done` tells
 * how many were carried out; the one after them is the reason of HV_ERR_COMMAND. All effects are there when
 * the call returns.
 */
enum hv_status hv_fd_invalidate(struct hv_fd *fd, hv_handle target, const uint64_t (*commands)[2],
                                unsigned count, unsigned *done);

/* ------------------------------------------------------------------------------- events */

/* HV_ERR_EXISTS: there is one for this log. `depth` records from 1 to 65536 are kept, more are counted as
 * lost. */
enum hv_status hv_fd_eventq_alloc(struct hv_fd *fd, hv_handle viommu, enum amdvi_log log, unsigned depth,
                                  hv_handle *queue);
/*
 * An event, as a VMM of a mediated guest relays it into the guest's log. Numbers count all events of the
 * queue, also those that are lost: a number left out says that a full queue, or a full log of the host, lost
 * what was between. When nothing has come since, a marker says the same.
 */
struct hv_event {
    uint32_t sequence; /* from 0; after 2^31 - 1 comes 0 */
    bool lost;         /* the marker: no record */
    uint64_t record[2];
};
/* The oldest event, with the guest's DeviceID; HV_ERR_EMPTY. Only what the guest's own tables caused is here.
 */
enum hv_status hv_fd_eventq_next(struct hv_fd *fd, hv_handle queue, struct hv_event *event);
/* The oldest record; markers are passed over. */
enum hv_status hv_fd_eventq_read(struct hv_fd *fd, hv_handle queue, uint64_t record[2]);
enum hv_status hv_fd_eventq_lost(struct hv_fd *fd, hv_handle queue, uint64_t *lost);

#endif
