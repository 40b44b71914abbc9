// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios.h"

#include "amdvi/host.h"

bool boot_plain(struct world *world, const char *command_line)
{
    return world_boot(world, &(struct world_setup){.command_line = command_line});
}

/* ------------------------------------------------------------------------------ DMA */

void expect_reaches(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                    const char *when)
{
    uint64_t pattern = world_random(world), back = 0;
    struct ram *ram = machine_ram(world->machine);
    enum dma_outcome outcome = dma_write(device, iova, &pattern, sizeof(pattern));

    EXPECT(world, outcome == DMA_DONE, "%s: a write to %#" PRIx64 " gives outcome %d", when, iova, outcome);
    if (outcome != DMA_DONE)
        return;
    EXPECT(world, ram_get(ram, pa) == pattern, "%s: a write to %#" PRIx64 " did not arrive at %#" PRIx64,
           when, iova, pa);
    outcome = dma_read(device, iova, &back, sizeof(back));
    EXPECT(world, outcome == DMA_DONE && back == pattern,
           "%s: a read of %#" PRIx64 " gives outcome %d, %#" PRIx64, when, iova, outcome, back);
}

enum dma_outcome try_read(struct dma_device *device, uint64_t iova)
{
    uint64_t word;

    return dma_read(device, iova, &word, sizeof(word));
}

enum dma_outcome try_write(struct dma_device *device, uint64_t iova)
{
    uint64_t word = 0;

    return dma_write(device, iova, &word, sizeof(word));
}

void expect_refused(struct world *world, struct dma_device *device, uint64_t iova, const char *when)
{
    enum dma_outcome outcome = try_write(device, iova);

    EXPECT(world, outcome == DMA_FAULT, "%s: a write to %#" PRIx64 " gives outcome %d, a fault was expected",
           when, iova, outcome);
}

void expect_refused_quietly(struct world *world, struct dma_device *device, uint64_t iova, const char *when)
{
    instance_excuse(world->kernel, "Event logged [");
    instance_excuse(world->kernel, "  device=");
    expect_refused(world, device, iova, when);
    world_run(world);
}

void expect_fault_told(struct world *world, struct dma_device *device, uint64_t iova, const char *when)
{
    size_t mark = log_mark(world);
    char address[40];

    snprintf(address, sizeof(address), "address=0x%" PRIx64, iova);
    instance_excuse(world->kernel, SAYS_FAULT);
    expect_refused(world, device, iova, when);
    world_run(world);
    EXPECT(world, logged_since(world, mark, SAYS_FAULT), "%s: the driver tells no page fault", when);
    EXPECT(world, logged_since(world, mark, address), "%s: the driver does not tell %s", when, address);
}

/* ------------------------------------------------------------------------------ tables */

static bool look(struct world *world, struct dma_device *device, uint64_t iova, struct amdvi_result *result)
{
    struct amdvi_request request = {
        .device = dma_device_id(device), .op = AMDVI_READ, .address = iova, .length = 8};

    return amdvi_look(iommu_of(world, device), &request, result) == AMDVI_OK;
}

void expect_table(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                  const char *when)
{
    struct amdvi_result result = {0};

    EXPECT(world, look(world, device, iova, &result) && result.ok, "%s: the tables have nothing at %#" PRIx64,
           when, iova);
    EXPECT(world, !result.ok || result.pa == pa, "%s: the tables lead %#" PRIx64 " to %#" PRIx64, when, iova,
           result.pa);
}

void expect_no_table(struct world *world, struct dma_device *device, uint64_t iova, const char *when)
{
    struct amdvi_result result = {0};

    EXPECT(world, look(world, device, iova, &result) && !result.ok,
           "%s: the tables still lead %#" PRIx64 " to %#" PRIx64, when, iova, result.pa);
}

/* ------------------------------------------------------------------------------ log */

size_t log_mark(struct world *world)
{
    return instance_log_lines(world->kernel);
}

bool logged_since(struct world *world, size_t mark, const char *text)
{
    return instance_log_find(world->kernel, text, &mark) != NULL;
}

/* ------------------------------------------------------------------------------ the model */

struct amdvi_device *iommu_of(struct world *world, const struct dma_device *device)
{
    return machine_iommu_of(world->machine, 0, dma_device_id(device));
}

struct amdvi_dte_view entry_of(struct world *world, const struct dma_device *device)
{
    struct amdvi_dte_view view = {.cached = false};

    if (amdvi_inspect_dte(iommu_of(world, device), dma_device_id(device), &view) != AMDVI_OK)
        FAIL(world, "the device table entry of %04x cannot be read", dma_device_id(device));
    return view;
}

uint64_t register_of(struct amdvi_device *iommu, uint64_t offset)
{
    uint64_t value = 0;

    amdvi_mmio_read(iommu, offset, 8, &value);
    return value;
}

struct amdvi_statistics statistics_of(struct amdvi_device *iommu)
{
    struct amdvi_statistics statistics = {0};

    amdvi_get_statistics(iommu, &statistics);
    return statistics;
}

/* ------------------------------------------------------------------------------ rounds of everything */

void use_dma(struct world *world, const char *name, struct dma_device *device)
{
    bool translated = strcmp(world->api->domain_type(name), "identity") != 0;
    bool queued = !strcmp(world->api->domain_type(name), "DMA-FQ");
    uint64_t page = world->api->page_alloc(0);
    uint64_t iova = world->api->dma_map(name, page + 0x40, 0x100, 0);

    EXPECT(world, iova != NO_IOVA, "%s: the DMA API refuses a page", name);
    EXPECT(world, translated || iova == page + 0x40, "%s: %#" PRIx64 " in an identity domain", name, iova);
    expect_reaches(world, device, iova, page + 0x40, name);
    expect_table(world, device, iova, page + 0x40, name);
    world->api->dma_unmap(name, iova, 0x100, 0);
    if (queued)
        world_pass(world, 20000000);
    if (translated) {
        expect_no_table(world, device, iova, name);
        expect_fault_told(world, device, iova, name);
    }
    world->api->page_free(page, 0);
}

void use_interrupt(struct world *world, const char *name, struct dma_device *device, int msix)
{
    int vectors = world->api->irq_request(name, 1, msix);

    EXPECT(world, vectors == 1, "%s: a message interrupt is refused with %d", name, vectors);
    if (vectors != 1)
        return;
    EXPECT(world, dma_interrupt(device, 0) == PCIE_INTERRUPT_SENT, "%s sends no interrupt", name);
    world_run(world);
    EXPECT(world, world->api->irq_count(name, 0) == 1, "%s: its interrupt arrived %llu times", name,
           world->api->irq_count(name, 0));
    world->api->irq_release(name);
}

struct kshim_leaks in_use(struct world *world)
{
    struct kshim_leaks now;

    world_run(world);
    instance_entry(world->kernel)->leaks(&now);
    return now;
}
