// SPDX-License-Identifier: GPL-2.0-only
/* Coherent memory of the DMA API: scattered pages that the kernel sees in a row at one address and the device
 * in a row at another; written and read by both. */
#include "scenarios.h"

#include <stdlib.h>

static const uint64_t sizes[] = {64, PAGE, 5 * PAGE, 64 << 10, (1 << 20) + PAGE};

/* `size` is a multiple of 8. */
static void fill(struct world *world, uint8_t *bytes, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 8) {
        uint64_t word = world_random(world);

        memcpy(bytes + at, &word, sizeof(word));
    }
}

/* In pieces, none of which crosses what one request may be. */
static bool transfer(struct dma_device *device, bool write, uint64_t iova, uint8_t *bytes, uint64_t size)
{
    bool good = true;

    for (uint64_t at = 0; at < size && good; at += PAGE) {
        uint64_t length = size - at < PAGE ? size - at : PAGE;

        good = (write ? dma_write(device, iova + at, bytes + at, length)
                      : dma_read(device, iova + at, bytes + at, length)) == DMA_DONE;
    }
    return good;
}

static void both_ways(struct world *world, struct dma_device *device, uint64_t iova, void *memory,
                      uint64_t size)
{
    uint8_t *bytes = malloc(size);

    if (!bytes) {
        FAIL(world, "no memory");
        return;
    }
    fill(world, memory, size);
    EXPECT(world, transfer(device, false, iova, bytes, size) && !memcmp(bytes, memory, size),
           "the device does not read what the kernel wrote (%" PRIu64 " bytes)", size);
    fill(world, bytes, size);
    EXPECT(world, transfer(device, true, iova, bytes, size) && !memcmp(bytes, memory, size),
           "the kernel does not see what the device wrote (%" PRIu64 " bytes)", size);
    free(bytes);
}

static void one_size(struct world *world, const char *name, struct dma_device *device, uint64_t size,
                     int atomic)
{
    int bits = strcmp(name, WORLD_USB) ? 64 : 32;
    void *memory;
    uint64_t iova = world->api->dma_alloc(name, size, atomic, &memory);

    EXPECT(world, iova != NO_IOVA, "%s: %" PRIu64 " coherent bytes are refused", name, size);
    if (iova == NO_IOVA)
        return;
    EXPECT(world, bits == 64 || iova + size <= 1ull << 32, "%s: %#" PRIx64 " for a device of 32 bits", name,
           iova);
    both_ways(world, device, iova, memory, size);
    world->api->dma_free(name, iova, memory, size);
    if (!strcmp(world->api->domain_type(name), "DMA"))
        expect_fault_told(world, device, iova, name);
}

static void coherent(struct world *world)
{
    static const char *const names[] = {WORLD_NIC, WORLD_USB, WORLD_GPU};
    struct kshim_leaks before = {0}, after;

    if (!boot_plain(world, world->scenario->about))
        return;
    EXPECT(world, !world->api->dma_mask(WORLD_USB, 32), "a mask of 32 bits is refused");
    EXPECT(world, !world->api->dma_mask(WORLD_NIC, 64), "a mask of 64 bits is refused");
    for (unsigned round = 0; round < 2; round++) {
        if (round)
            before = in_use(world);
        for (size_t device = 0; device < COUNT(names); device++)
            for (size_t size = 0; size < 2 * COUNT(sizes); size++)
                one_size(world, names[device],
                         device == 0   ? world->nic
                         : device == 1 ? world->usb
                                       : world->gpu,
                         sizes[size / 2], (int)(size % 2));
    }
    after = in_use(world);
    EXPECT(world, after.pages == before.pages && after.slabs == before.slabs,
           "coherent memory leaks: %llu pages, %llu objects", after.pages - before.pages,
           after.slabs - before.slabs);
}

const struct scenario coherent_scenarios[] = {
    {.name = "coherent/v1",
     .what = "coherent memory, scattered and in one piece, 32 and 64 bits",
     .run = coherent,
     .about = ""},
    {.name = "coherent/v2",
     .what = "the same with v2 tables",
     .run = coherent,
     .about = "amd_iommu=pgtbl_v2"},
    {.name = "coherent/pt", .what = "the same untranslated", .run = coherent, .about = "iommu=pt"},
    {.name = NULL},
};
