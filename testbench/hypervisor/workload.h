// SPDX-License-Identifier: Apache-2.0
/*
 * What a busy guest does to its IOMMU: seeded random maps, unmaps, flushes, address spaces that come and go,
 * page requests, moves of devices between domains, mistakes, logs that overflow, devices that are blocked;
 * DMA in between. A guest that keeps the rules: it
 * looks only at translations that are flushed, so two correct IOMMUs must answer alike.
 */
#ifndef AMDVI_HYPERVISOR_WORKLOAD_H
#define AMDVI_HYPERVISOR_WORKLOAD_H

#include "testbench/hypervisor/vmm.h"

enum { HV_WORKLOAD_DEVICES = 4 };

/* Everything that the guest or its devices see, in the order they see it. */
enum hv_sight {
    HV_SIGHT_TRANSLATION, /* value: address, or reason of a fault; extra: permissions or flags */
    HV_SIGHT_STORED,      /* COMPLETION_WAIT's word, as found in memory */
    HV_SIGHT_EVENT,       /* records of the guest's logs */
    HV_SIGHT_PPR,
    HV_SIGHT_ENTRY,  /* a leaf of a guest table with its A and D bits */
    HV_SIGHT_STATUS, /* the status register */
};

struct hv_workload_options {
    uint64_t seed;
    uint16_t devices[HV_WORKLOAD_DEVICES]; /* as the guest knows them */
    unsigned device_count;
    uint64_t gpa, bytes; /* the guest's memory */
    void *context;
    void (*sight)(void *context, enum hv_sight kind, uint64_t value, uint64_t extra); /* may be null */
};

struct hv_workload_counts {
    uint64_t operations, maps, unmaps, flushes, requests, faults, events, page_requests, spaces, moves,
        mistakes, overflows, blocks, strays;
    uint64_t commands, waits;
};

struct hv_workload;

enum hv_status hv_workload_create(struct hv_vmm *vmm, const struct hv_workload_options *options,
                                  struct hv_workload **workload);
void hv_workload_destroy(struct hv_workload *workload);
/* HV_ERR_DEVICE when a COMPLETION_WAIT was not answered. */
enum hv_status hv_workload_run(struct hv_workload *workload, uint64_t operations);
struct hv_workload_counts hv_workload_counts(const struct hv_workload *workload);

#endif
