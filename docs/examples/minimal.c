// SPDX-License-Identifier: Apache-2.0
/* The smallest complete user of amdvi: one device behind an IOMMU, one mapped page, two DMA writes. */
#include <amdvi/amdvi.h>

#include <inttypes.h>
#include <stdio.h>

/* The machine's memory: 16 MiB from physical address 0. */
static uint64_t memory[(16 << 20) / 8];

enum { DEVICE_TABLE = 0x200000, PAGE_TABLE = 0x300000, PAGE = 0x400000, DEVICE_ID = 0x0008 /* 00:01.0 */ };

/* A DMA write of 64 bytes by the device, as far as the IOMMU sees it. */
static void dma_write(struct amdvi_device *iommu, uint64_t iova)
{
    struct amdvi_request request = {.device = DEVICE_ID, .op = AMDVI_WRITE, .address = iova, .length = 64};
    struct amdvi_result result;

    amdvi_translate(iommu, &request, &result);
    if (result.ok)
        printf("IOVA 0x%" PRIx64 " -> physical 0x%" PRIx64 "\n", iova, result.pa);
    else
        printf("IOVA 0x%" PRIx64 " -> %s: %s\n", iova, amdvi_event_name(result.fault.event),
               amdvi_reason_text(result.fault.reason));
}

int main(void)
{
    struct amdvi_memory port = {.direct = memory, .direct_size = sizeof(memory)};
    struct amdvi_config *config;
    struct amdvi_device *iommu;

    /* Entry 5 of a one-level page table: present, last level, may be read and written (IR, IW). */
    memory[PAGE_TABLE / 8 + 5] = PAGE | 1 | 3ull << 61;
    /* Device table entry, 32 bytes: V, TV, Mode = 1 level, root, IR and IW; DomainID 7 in the second word. */
    memory[DEVICE_TABLE / 8 + DEVICE_ID * 4] = PAGE_TABLE | 3 | 1 << 9 | 3ull << 61;
    memory[DEVICE_TABLE / 8 + DEVICE_ID * 4 + 1] = 7;

    if (amdvi_config_create(&config) != AMDVI_OK ||
        amdvi_create(config, &port, NULL, NULL, &iommu) != AMDVI_OK)
        return 1;
    amdvi_mmio_write(iommu, 0x00, 8, DEVICE_TABLE); /* Device Table Base: size field 0, one page */
    amdvi_mmio_write(iommu, 0x18, 8, 1);            /* Control: IommuEn */
    amdvi_run(iommu);

    dma_write(iommu, 0x5040); /* mapped */
    dma_write(iommu, 0x6040); /* not mapped */

    amdvi_destroy(iommu);
    amdvi_config_destroy(config);
    return 0;
}
