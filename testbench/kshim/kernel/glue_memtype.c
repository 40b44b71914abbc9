// SPDX-License-Identifier: GPL-2.0-only
/* Memory types of RAM, as far as they can go wrong here: a page that a driver made uncached belongs to it
 * until it is write-back again. Caches of the processor are not modelled. */
#include <linux/mm.h>

#include "glue.h"

static unsigned long *uncached; /* a bit for each page */

void kshim_memtype_start(void)
{
    uncached =
        kshim_ops->reserve(kshim_ops->context, PAGE_ALIGN((kshim_ops->ram_size >> PAGE_SHIFT) / 8 + 8));
    if (!uncached)
        kshim_die(KSHIM_MEMORY, "no address space for memory types");
}

void kshim_memtype_given(u64 pfn, u64 pages)
{
    u64 each;

    for (each = pfn; each < pfn + pages; each++)
        if (__test_and_clear_bit(each, uncached))
            kshim_trouble(KSHIM_MEMORY, "page at pa %#llx was freed while it was uncached",
                          each << PAGE_SHIFT);
}

static int set_type(unsigned long address, int pages, bool is_uncached)
{
    u64 pfn = (address - page_offset_base) >> PAGE_SHIFT, each;

    if (!PAGE_ALIGNED(address) || pages <= 0 || address - page_offset_base >= kshim_ops->ram_size ||
        pages > (kshim_ops->ram_size >> PAGE_SHIFT) - pfn) {
        kshim_trouble(KSHIM_MEMORY, "memory type of %d pages at %#lx, which are not RAM", pages, address);
        return -EINVAL;
    }
    for (each = pfn; each < pfn + pages; each++)
        __assign_bit(each, uncached, is_uncached);
    return 0;
}

#define SETS(symbol, is_uncached)                                                                            \
    int kshim_##symbol(unsigned long address, int pages) KERNEL(symbol);                                     \
    int kshim_##symbol(unsigned long address, int pages)                                                     \
    {                                                                                                        \
        return set_type(address, pages, is_uncached);                                                        \
    }
SETS(set_memory_uc, true)
SETS(set_memory_wc, true)
SETS(set_memory_wb, false)
#undef SETS
