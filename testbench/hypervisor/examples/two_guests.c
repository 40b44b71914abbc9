// SPDX-License-Identifier: Apache-2.0
/*
 * Two guests on one IOMMU: the first is set up by the objects of iommufd.h and runs a whole guest driver, the
 * second by the calls of rfc2023.h and one command written by hand. Neither leaves its processor for a
 * command.
 */
#include "testbench/hypervisor/rfc2023.h"
#include "testbench/hypervisor/workload.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"

#include <stdio.h>
#include <stdlib.h>

enum { IOMMU = 0x0002, NIC = 0x0308, DISK = 0x0400 };

#define RAM_BASE UINT64_C(0x100000000)
#define RAM_SIZE (UINT64_C(96) << 20)
#define GUEST    UINT64_C(0x40000000) /* where both guests believe their memory to be */

static void need(int status, const char *what)
{
    if (!status)
        return;
    fprintf(stderr, "%s: %s\n", what, hv_status_text((enum hv_status)status));
    exit(EXIT_FAILURE);
}

/* Guest one: the VMM makes the objects, the guest's driver does the rest. */
static void first_guest(struct hv_driver *driver)
{
    struct hv_vmm_options options = {.mode = HV_VMM_HARDWARE,
                                     .gpa = GUEST,
                                     .memory = UINT64_C(32) << 20,
                                     .first = NIC,
                                     .first_guest = 0x10};
    struct hv_workload_options work = {
        .seed = 1, .devices = {0x10}, .device_count = 1, .gpa = GUEST, .bytes = UINT64_C(32) << 20};
    struct hv_workload *workload;
    struct hv_workload_counts counts;
    struct hv_vmm *vmm;

    need(hv_vmm_create(driver, &options, &vmm), "virtual machine");
    need(hv_workload_create(vmm, &work, &workload), "guest driver");
    need(hv_workload_run(workload, 1000), "guest");
    counts = hv_workload_counts(workload);
    printf("guest 1: %llu commands, %llu waits, %llu doorbells that left the guest\n",
           (unsigned long long)counts.commands, (unsigned long long)counts.waits,
           (unsigned long long)hv_vmm_exits(vmm, HV_EXIT_RING_TAIL));
    hv_workload_destroy(workload);
    hv_vmm_destroy(vmm);
}

static void set(struct hv_rfc *rfc, uint32_t gid, uint32_t offset, uint64_t value)
{
    struct hv_rfc_mmio_data data = {
        .size = sizeof(data), .gid = gid, .offset = offset, .value = value, .mmio_size = 8, .is_write = 1};

    need(hv_rfc_mmio_access(rfc, &data), "register");
}

/* One COMPLETION_WAIT at the start of the ring; it stores behind the ring. */
static void write_command(struct hv_memory *memory, uint64_t ring)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, GUEST + HV_PAGE);
    cmd_completion_wait_set_data(words, 2023);
    hv_memory_set(memory, ring, words[0]);
    hv_memory_set(memory, ring + sizeof(words[0]), words[1]);
}

static void run_by_calls(struct hv_driver *driver, struct hv_rfc *rfc, uint64_t ram)
{
    struct hv_rfc_iommu_info info = {.size = sizeof(info)};
    struct hv_rfc_dev_info device = {.size = sizeof(device), .hdev_id = DISK, .gdev_id = 0x18};

    need(hv_rfc_iommu_init(rfc, &info), "IOMMU_INIT");
    device.gid = info.gid;
    need(hv_rfc_device_attach(rfc, &device), "DEVICE_ATTACH");
    write_command(hv_driver_memory(driver), ram);
    set(rfc, info.gid, REG_CMD_BASE_OFFSET, reg_cmd_base_set_len(reg_cmd_base_set_base(0, GUEST), 8));
    set(rfc, info.gid, REG_CONTROL_OFFSET, reg_control_set_cmdbufen(reg_control_set_iommuen(0, 1), 1));
    set(rfc, info.gid, REG_CMD_TAIL_OFFSET, 16);
    printf("guest 2: GuestID %u, COMPLETION_WAIT stored %llu\n", (unsigned)info.gid,
           (unsigned long long)hv_memory_get(hv_driver_memory(driver), ram + HV_PAGE));
    need(hv_rfc_device_detach(rfc, &device), "DEVICE_DETACH");
    need(hv_rfc_iommu_destroy(rfc, &info), "IOMMU_DESTROY");
}

/* Guest two: its device is in a host domain first, as in 2023. */
static void second_guest(struct hv_driver *driver)
{
    struct hv_memory *memory = hv_driver_memory(driver);
    uint64_t ram = hv_memory_take(memory, 16 * HV_PAGE, HV_PAGE);
    struct hv_stage2 *stage2;
    struct hv_rfc *rfc;

    need(hv_stage2_create(driver, &stage2), "guest memory");
    need(hv_stage2_map(stage2, GUEST, ram, 16 * HV_PAGE, HV_READ | HV_WRITE, HV_PAGE), "guest memory");
    need(hv_device_attach(driver, DISK, stage2), "device");
    need(hv_rfc_create(&driver, 1, &rfc), "interface");
    run_by_calls(driver, rfc, ram);
    hv_rfc_destroy(rfc);
    hv_memory_give(memory, ram, 16 * HV_PAGE);
}

int main(void)
{
    struct hv_memory *memory = hv_memory_create(RAM_BASE, RAM_SIZE);
    struct hv_options options = {.devid = IOMMU};
    struct amdvi_memory port;
    struct amdvi_config *config;
    struct amdvi_device *device;
    struct hv_driver *driver;

    if (!memory || amdvi_config_create(&config))
        return EXIT_FAILURE;
    port = hv_memory_port(memory);
    if (amdvi_create(config, &port, NULL, NULL, &device))
        return EXIT_FAILURE;
    need(hv_driver_create(device, memory, &options, &driver), "driver");
    need(hv_device_add(driver, NIC, true), "NIC");
    need(hv_device_add(driver, DISK, false), "disk");
    first_guest(driver);
    second_guest(driver);
    hv_driver_destroy(driver);
    amdvi_destroy(device);
    amdvi_config_destroy(config);
    hv_memory_destroy(memory);
    return EXIT_SUCCESS;
}
