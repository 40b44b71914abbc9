// SPDX-License-Identifier: Apache-2.0
/* A machine with one IOMMU and its driver, for the tests of the hypervisor. */
#ifndef AMDVI_TEST_HYPERVISOR_BENCH_H
#define AMDVI_TEST_HYPERVISOR_BENCH_H

#include "testbench/hypervisor/driver.h"

enum { BENCH_RAM = 96 << 20, BENCH_DEVICE = 0x308, BENCH_OTHER = 0x310 };

#define BENCH_BASE UINT64_C(0x100000000)
#define BENCH_GPA  UINT64_C(0x40000000)

struct bench {
    struct amdvi_config *config;
    struct amdvi_device *device;
    struct hv_memory *memory;
    struct hv_options options;
    struct hv_driver *driver;
};

/* Without driver; `key` may be null. */
void bench_machine(struct bench *bench, const char *key, const char *value);
void bench_machine_with(struct bench *bench, const struct amdvi_callbacks *callbacks);
/* With driver and two devices, BENCH_DEVICE with ATS and BENCH_OTHER without. */
void bench_start(struct bench *bench);
void bench_free(struct bench *bench);

uint64_t bench_register(const struct bench *bench, uint64_t offset);
struct amdvi_result bench_read(const struct bench *bench, uint16_t device, uint64_t address);
/* A stage 2 with `bytes` of new memory at BENCH_GPA; its SPA comes back. */
struct hv_stage2 *bench_stage2(struct bench *bench, uint64_t bytes, uint64_t *spa);
/* Guest tables for one page, all in the guest's page of index `first` on: GCR3 table, four levels. The
 * guest's device table entry comes back in `entry`. */
void bench_guest_tables(struct bench *bench, uint64_t spa, unsigned first, uint64_t gva, uint64_t gpa,
                        uint16_t domain, uint64_t entry[4]);

#endif
