// SPDX-License-Identifier: Apache-2.0
/* Groups of page requests, right ones and such as no device should send. */
#include "testbench/platform/dma_internal.h"

enum { PAGES_MAX = 32 };

struct group {
    struct dma_page_request page[PAGES_MAX];
    unsigned count;
};

/* The next number out of a seed: splitmix64. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t value = *seed += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static void lay_out(struct group *group, const struct dma_page_request *request, unsigned pages)
{
    group->count = pages;
    for (unsigned i = 0; i < pages; i++) {
        group->page[i] = *request;
        group->page[i].address += (uint64_t)i * RAM_PAGE;
        group->page[i].last = i + 1 == pages;
    }
}

/* Having a PASID or not, the other way round. */
static void turn(struct dma_page_request *page)
{
    page->has_pasid = !page->has_pasid;
    page->pasid = page->has_pasid ? 1 : 0;
}

static void strip(struct dma_page_request *page)
{
    page->read = page->write = page->execute = false;
}

static void spoil(struct group *group, enum dma_page_mishap mishap, uint64_t seed)
{
    unsigned hit = (unsigned)(draw(&seed) % group->count), bit = (unsigned)(draw(&seed) % 20);

    if (mishap == DMA_PAGE_GN_MISMATCH)
        turn(&group->page[hit]);
    for (unsigned i = 0; i < group->count; i++) {
        if (mishap == DMA_PAGE_PASID_OFF)
            turn(&group->page[i]);
        if (mishap == DMA_PAGE_UNKNOWN_PASID)
            group->page[i].pasid ^= 1u << bit;
        if (mishap == DMA_PAGE_NO_RIGHTS)
            strip(&group->page[i]);
    }
    if (mishap == DMA_PAGE_NO_LAST)
        group->page[group->count - 1].last = false;
}

unsigned dma_page_group(struct dma_device *device, const struct dma_page_request *request, unsigned pages,
                        enum dma_page_mishap mishap, uint64_t seed)
{
    struct group group;
    unsigned logged = 0;

    if (pages < 1 || pages > PAGES_MAX)
        return 0;
    lay_out(&group, request, pages);
    spoil(&group, mishap, seed);
    for (unsigned i = 0; i < pages; i++) {
        enum dma_page_outcome outcome = mishap == DMA_PAGE_LEGAL
                                            ? dma_page_request(device, &group.page[i], NULL)
                                            : dma_page_request_forced(device, &group.page[i], NULL);
        logged += outcome == DMA_PAGE_LOGGED;
    }
    return logged;
}
