// SPDX-License-Identifier: GPL-2.0-only
/* What firmware tells the driver beside the devices' ranges (memory that devices use anyway, functions with
 * another DeviceID), conventional buses, and what the driver shows: counters and debugfs. */
#include "scenarios.h"

#include "testbench/platform/pcie.h"

/* ------------------------------------------------------------------------------ memory of devices */

#define UNITY 0x18000000ull /* beyond the kernel's RAM */
enum { UNITY_BYTES = 16 * PAGE, NIC_ID = 1 << 3 };

static const struct amdvi_ivrs_memory unity = {.first = NIC_ID,
                                               .last = NIC_ID,
                                               .unity = true,
                                               .read = true,
                                               .write = true,
                                               .start = UNITY,
                                               .bytes = UNITY_BYTES};

static void expect_unity(struct world *world, const char *when)
{
    for (uint64_t at = 0; at < UNITY_BYTES; at += 5 * PAGE)
        expect_reaches(world, world->nic, UNITY + at, UNITY + at, when);
}

/* The device of the IVMD block reaches its memory whatever is mapped, and others do not. */
static void unity_memory(struct world *world)
{
    struct world_setup setup = {.command_line = world->scenario->about, .memory = &unity, .memory_count = 1};
    uint64_t page, iova;

    if (!world_boot(world, &setup))
        return;
    expect_unity(world, "booted");
    expect_fault_told(world, world->usb, UNITY, "another device");
    expect_fault_told(world, world->nic, UNITY + UNITY_BYTES, "behind the block");
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    EXPECT(world, iova - UNITY >= UNITY_BYTES, "the DMA API gives the block's addresses away");
    expect_reaches(world, world->nic, iova, page, "mapped");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    expect_unity(world, "after an unmap");
    world->api->page_free(page, 0);
}

/* ------------------------------------------------------------------------------ aliases */

enum { USB_ID = 3 << 3, ALIAS_ID = USB_ID | 2 };
static const struct amdvi_ivrs_alias alias = {.device = USB_ID, .alias = ALIAS_ID};

/* A write of 8 bytes under another DeviceID than the device's own; where it leads, or ~0. */
static uint64_t goes_to(struct world *world, uint16_t id, uint64_t iova)
{
    struct amdvi_request request = {.device = id, .op = AMDVI_WRITE, .address = iova, .length = 8};
    struct amdvi_result result = {0};
    enum amdvi_status status = amdvi_translate(iommu_of(world, world->usb), &request, &result);

    EXPECT(world, status == AMDVI_OK, "a request of %04x gives status %d", id, status);
    return result.ok ? result.pa : UINT64_MAX;
}

/* The driver gives the alias the entry of the device, and invalidates both. */
static void told_alias(struct world *world)
{
    uint64_t page, iova;

    if (!world_boot(world, &(struct world_setup){.aliases = &alias, .aliases_count = 1}))
        return;
    page = world->api->page_alloc(0);
    for (unsigned round = 0; round < 8; round++) {
        iova = world->api->dma_map(WORLD_USB, page, PAGE, 0);
        expect_reaches(world, world->usb, iova, page, "the device itself");
        EXPECT(world, goes_to(world, ALIAS_ID, iova) == page, "the alias does not reach the page");
        world->api->dma_unmap(WORLD_USB, iova, PAGE, 0);
        world_unmapped(world);
        instance_excuse(world->kernel, SAYS_FAULT);
        EXPECT(world, goes_to(world, ALIAS_ID, iova) == UINT64_MAX, "the alias reaches an unmapped page");
        world_run(world);
    }
    world->api->page_free(page, 0);
}

static void plug_conventional(struct world *world)
{
    struct pcie_description port = {.kind = PCIE_ROOT_PORT, .devfn = 5 << 3}, bridge = {.kind = PCIE_TO_PCI},
                            card = {.kind = PCIE_CONVENTIONAL, .devfn = 2 << 3, .bar = {{.bytes = 0x1000}}};
    struct pcie_topology *pci = machine_pci(world->machine);

    if (pcie_add(pci, &port, &bridge.bridge) != AMDVI_OK || pcie_add(pci, &bridge, &card.bridge) != AMDVI_OK)
        FAIL(world, "no bridge to a conventional bus");
    else
        world->own = dma_device_create(world->machine, &card, NULL);
    EXPECT(world, world->own, "no conventional device");
}

/* Its requests are the bridge's, of function 0 of device 0 on the bus behind it. */
static void conventional_bus(struct world *world)
{
    struct dma_device *card;
    uint64_t page, iova;
    char name[16];
    uint16_t id;

    if (!world_boot(world, &(struct world_setup){.plug = plug_conventional}))
        return;
    card = world->own;
    id = pcie_device_id(dma_device_function(card));
    EXPECT(world, dma_device_id(card) == (id & 0xff00), "requests come as %04x", dma_device_id(card));
    snprintf(name, sizeof(name), "0000:%02x:02.0", id >> 8);
    EXPECT(world, !world->api->device_enable(name), "%s cannot be enabled", name);
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(name, page, PAGE, 0);
    EXPECT(world, iova != NO_IOVA, "%s: the DMA API refuses a page", name);
    expect_reaches(world, card, iova, page, "from a conventional bus");
    world->api->dma_unmap(name, iova, PAGE, 0);
    world_unmapped(world);
    instance_excuse(world->kernel, SAYS_FAULT);
    expect_refused(world, card, iova, "unmapped");
    world_run(world);
    world->api->page_free(page, 0);
}

/* ------------------------------------------------------------------------------ caches, counters, debugfs */

/* Interrupt entries that are not cached need no invalidation [8.5], and 6.12 and 7.3 send none; 6.1 does. */
static void no_interrupt_cache(struct world *world)
{
    struct world_setup setup = {.command_line = "amd_iommu=irtcachedis"};
    struct amdvi_device *iommu;
    uint64_t before;

    if (!world_boot(world, &setup))
        return;
    iommu = iommu_of(world, world->nic);
    EXPECT_LOG(world, "IRT cache is disabled");
    EXPECT(world, reg_control_irtcachedis(register_of(iommu, REG_CONTROL_OFFSET)), "IRTCacheDis is off");
    before = statistics_of(iommu).commands_by_opcode[CMD_INVALIDATE_INTERRUPT_TABLE];
    for (unsigned each = 0; each < 4; each++)
        use_interrupt(world, WORLD_NIC, world->nic, 0);
    EXPECT(world,
           (statistics_of(iommu).commands_by_opcode[CMD_INVALIDATE_INTERRUPT_TABLE] == before) ==
               KERNEL_AT_LEAST(world, 6, 12),
           "interrupt tables are invalidated, or are not");
}

enum { COUNT_AT = 0, SOURCE_AT = 8, DEVICE_AT = 0x20, TRANSLATIONS = 5, FILTER = 1u << 31 };

/* A counter of translations, of one device [2.9]. */
static void counters(struct world *world)
{
    kshim_u64 source = TRANSLATIONS, zero = 0, filter = FILTER | NIC_ID | 0xffffull << 32, count = 0;
    uint64_t page, iova, word;

    if (!world_boot(world, &(struct world_setup){0}))
        return;
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    EXPECT(world,
           !world->api->counter(0, 0, 1, DEVICE_AT, 1, &filter) &&
               !world->api->counter(0, 0, 1, COUNT_AT, 1, &zero) &&
               !world->api->counter(0, 0, 1, SOURCE_AT, 1, &source),
           "a counter cannot be set");
    for (unsigned each = 0; each < 10; each++)
        dma_read(world->nic, iova, &word, 8);
    instance_excuse(world->kernel, SAYS_FAULT);
    try_read(world->usb, iova);
    EXPECT(world, !world->api->counter(0, 0, 1, COUNT_AT, 0, &count) && count == 10,
           "the counter says %llu for 10 translations", count);
    EXPECT(world, world->api->counter(0, 60, 0, COUNT_AT, 0, &count), "bank 60 is there");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    world->api->page_free(page, 0);
}

static void expect_text(struct world *world, const char *path, const char *wanted)
{
    char text[2048] = "";
    long bytes = world->api->debugfs_read(path, text, sizeof(text) - 1);

    EXPECT(world, bytes > 0, "%s gives %ld", path, bytes);
    EXPECT(world, strstr(text, wanted), "%s says \"%.80s\", not \"%s\"", path, text, wanted);
}

/* Registers, ring and tables as the driver shows them are those of the model. */
static void debugfs(struct world *world)
{
    char wanted[64];

    if (!world_boot(world, &(struct world_setup){0}))
        return;
    EXPECT(world, world->api->debugfs_write("iommu/amd/iommu00/mmio", "0x30") > 0, "no offset is taken");
    snprintf(wanted, sizeof(wanted), "Offset:0x30 Value:0x%016" PRIx64,
             register_of(iommu_of(world, world->nic), REG_EFR_OFFSET));
    expect_text(world, "iommu/amd/iommu00/mmio", wanted);
    snprintf(wanted, sizeof(wanted), "CMD Buffer Head Offset:%" PRIu64,
             register_of(iommu_of(world, world->nic), REG_CMD_HEAD_OFFSET) / 16);
    expect_text(world, "iommu/amd/iommu00/cmdbuf", wanted);
    EXPECT(world, world->api->debugfs_write("iommu/amd/devid", "0000:00:01.0") > 0, "no device is taken");
    snprintf(wanted, sizeof(wanted), "%016" PRIx64, entry_of(world, world->nic).words[0]);
    expect_text(world, "iommu/amd/devtbl", wanted);
}

const struct scenario firmware_scenarios[] = {
    {.name = "firmware/unity",
     .what = "memory of an IVMD block, v1 tables",
     .run = unity_memory,
     .about = ""},
    {.name = "firmware/unity-v2",
     .what = "the same with v2 tables",
     .run = unity_memory,
     .about = "amd_iommu=pgtbl_v2"},
    {.name = "firmware/alias", .what = "a function with another DeviceID, told by IVRS", .run = told_alias},
    {.name = "firmware/conventional", .what = "a device on a conventional bus", .run = conventional_bus},
    {.name = "firmware/irt-cache-off",
     .what = "interrupt entries are not cached; 6.12 and later do not invalidate them",
     .run = no_interrupt_cache},
    {.name = "firmware/counters", .what = "performance counters by the driver's functions", .run = counters},
    {.name = "firmware/debugfs",
     .what = "registers, ring and entries in debugfs are the model's",
     .run = debugfs,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
