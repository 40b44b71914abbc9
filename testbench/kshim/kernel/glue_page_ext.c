// SPDX-License-Identifier: GPL-2.0-only
/* What kernels keep about pages beside `struct page`: for the check that no page is freed while an IOMMU maps
 * it (iommu.debug_pagealloc=1, CONFIG_IOMMU_DEBUG_PAGEALLOC). */
#include <linux/io.h>
#include <linux/mm.h>

#include "glue.h"

#ifdef CONFIG_IOMMU_DEBUG_PAGEALLOC
#include <linux/iommu-debug-pagealloc.h>
#include <linux/page_ext.h>

static void *extensions;
static size_t bytes_each;

void kshim_page_ext_start(void)
{
    page_iommu_debug_ops.offset = sizeof(struct page_ext);
    bytes_each = ALIGN(sizeof(struct page_ext) + page_iommu_debug_ops.size, 8);
    extensions =
        kshim_ops->reserve(kshim_ops->context, PAGE_ALIGN((kshim_ops->ram_size >> PAGE_SHIFT) * bytes_each));
    if (!extensions)
        kshim_die(KSHIM_MEMORY, "no address space for page extensions");
}

/* Registers have none. */
struct page_ext *kshim_page_ext_of(phys_addr_t pa) KERNEL(page_ext_from_phys);
struct page_ext *kshim_page_ext_of(phys_addr_t pa)
{
    return pa < kshim_ops->ram_size ? extensions + (pa >> PAGE_SHIFT) * bytes_each : NULL;
}

struct page_ext *kshim_page_ext(const struct page *page) KERNEL(page_ext_get);
struct page_ext *kshim_page_ext(const struct page *page)
{
    return kshim_page_ext_of(page_to_phys(page));
}

void kshim_page_ext_put(struct page_ext *extension) KERNEL(page_ext_put);
void kshim_page_ext_put(struct page_ext *extension)
{
}
#else
void kshim_page_ext_start(void)
{
}
#endif
