// SPDX-License-Identifier: Apache-2.0
/* What the files of the workload know of each other. */
#ifndef AMDVI_HYPERVISOR_WORKLOAD_INTERNAL_H
#define AMDVI_HYPERVISOR_WORKLOAD_INTERNAL_H

#include "testbench/hypervisor/guest_driver.h"
#include "testbench/hypervisor/workload.h"

enum { PASIDS = 6, SMALL = 96, LARGE_PAGES = 4, SLOTS = SMALL + LARGE_PAGES, POOL = 64, DOMAINS = 64 };

/* One address space: PASID of a device. Slots have fixed addresses; 0 in `gpa` is not mapped. */
struct workload_space {
    uint64_t root;
    uint64_t gpa[SLOTS];
    bool writable[SLOTS];
};

struct workload_device {
    uint16_t id, domain;
    unsigned glx;
    uint64_t gcr3;
    struct workload_space spaces[PASIDS];
};

struct hv_workload {
    struct hv_workload_options options;
    struct hv_guest_iommu iommu;
    struct workload_device devices[HV_WORKLOAD_DEVICES];
    uint64_t pool[POOL], large[LARGE_PAGES]; /* what gets mapped */
    uint64_t random;
    uint16_t next_domain;
    struct hv_workload_counts counts;
    enum hv_status status;
};

/* A number below `below`. */
uint32_t workload_any(struct hv_workload *w, uint32_t below);
void workload_see(struct hv_workload *w, enum hv_sight kind, uint64_t value, uint64_t extra);
/* COMPLETION_WAIT, and a sight of its word. */
void workload_wait(struct hv_workload *w);
struct workload_device *workload_pick(struct hv_workload *w);
/* Where slot `slot` of every address space is. */
uint64_t workload_address(unsigned slot);
void workload_read_events(struct hv_workload *w);
void workload_write_entry(struct hv_workload *w, const struct workload_device *device);
void workload_command_for(struct hv_workload *w, unsigned opcode, uint16_t device);

/* workload_trouble.c */
void workload_mistake(struct hv_workload *w);
void workload_overflow(struct hv_workload *w);
void workload_block(struct hv_workload *w);
void workload_stray(struct hv_workload *w);

#endif
