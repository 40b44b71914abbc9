// SPDX-License-Identifier: GPL-2.0-only
/* The DMA API, as a driver of a device uses it, and pages. */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "api.h"

enum { SCATTER_MOST = 256 };

int api_dma_mask(const char *name, int bits)
{
    struct device *device = api_get(name);
    int result = device ? dma_set_mask_and_coherent(device, DMA_BIT_MASK(bits)) : -ENODEV;

    api_put(device);
    return result;
}

kshim_u64 api_dma_map(const char *name, kshim_u64 pa, kshim_u64 bytes, int direction)
{
    struct device *device = api_get(name);
    dma_addr_t address = DMA_MAPPING_ERROR;

    if (device)
        address = dma_map_page(device, pfn_to_page(pa >> PAGE_SHIFT), offset_in_page(pa), bytes, direction);
    api_put(device);
    return address;
}

void api_dma_unmap(const char *name, kshim_u64 iova, kshim_u64 bytes, int direction)
{
    struct device *device = api_get(name);

    if (device)
        dma_unmap_page(device, iova, bytes, direction);
    api_put(device);
}

/* The kernel's list, kept until the unmapping wants it again. */
static struct scatterlist *scatter_of(const struct kshim_scatter *list, int count)
{
    struct scatterlist *table = kmalloc_array(count, sizeof(*table), GFP_KERNEL);
    int each;

    if (!table)
        return NULL;
    sg_init_table(table, count);
    for (each = 0; each < count; each++) {
        sg_set_page(&table[each], pfn_to_page(list[each].pa >> PAGE_SHIFT), list[each].bytes,
                    offset_in_page(list[each].pa));
        sg_dma_address(&table[each]) = list[each].iova;
        sg_dma_len(&table[each]) = list[each].iova_bytes;
    }
    return table;
}

int api_dma_map_sg(const char *name, struct kshim_scatter *list, int count, int direction)
{
    struct device *device = api_get(name);
    struct scatterlist *table = count > 0 && count <= SCATTER_MOST ? scatter_of(list, count) : NULL;
    int each, mapped = -EINVAL;

    if (device && table) {
        mapped = dma_map_sg(device, table, count, direction);
        for (each = 0; each < count; each++) {
            list[each].iova = each < mapped ? sg_dma_address(&table[each]) : 0;
            list[each].iova_bytes = each < mapped ? sg_dma_len(&table[each]) : 0;
        }
    }
    kfree(table);
    api_put(device);
    return mapped;
}

void api_dma_unmap_sg(const char *name, struct kshim_scatter *list, int count, int direction)
{
    struct device *device = api_get(name);
    struct scatterlist *table = count > 0 && count <= SCATTER_MOST ? scatter_of(list, count) : NULL;

    if (device && table)
        dma_unmap_sg(device, table, count, direction);
    kfree(table);
    api_put(device);
}

kshim_u64 api_dma_alloc(const char *name, kshim_u64 bytes, int atomic, void **memory)
{
    struct device *device = api_get(name);
    dma_addr_t address = DMA_MAPPING_ERROR;

    *memory = device ? dma_alloc_coherent(device, bytes, &address, atomic ? GFP_ATOMIC : GFP_KERNEL) : NULL;
    api_put(device);
    return *memory ? address : DMA_MAPPING_ERROR;
}

void api_dma_free(const char *name, kshim_u64 iova, void *memory, kshim_u64 bytes)
{
    struct device *device = api_get(name);

    if (device)
        dma_free_coherent(device, bytes, memory, iova);
    api_put(device);
}

kshim_u64 api_page_alloc(int order)
{
    unsigned long address = __get_free_pages(GFP_KERNEL | __GFP_ZERO, order);

    return address ? __pa(address) : 0;
}

void api_page_free(kshim_u64 pa, int order)
{
    free_pages((unsigned long)__va(pa), order);
}
