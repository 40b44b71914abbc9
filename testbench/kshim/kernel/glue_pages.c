// SPDX-License-Identifier: GPL-2.0-only
/* The page allocator: free lists by order over the machine's RAM, poisoned on both ways. */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "glue.h"

enum { ORDERS = 14, FIRST_PFN = 0x100, POISON_TAKEN = 0xa5, POISON_GIVEN = 0x6b };

unsigned long page_offset_base, vmalloc_base, vmemmap_base, phys_base;
unsigned long kshim_pages_used;

static struct list_head free_pages_of[ORDERS];
static unsigned long next_pfn, end_pfn;

void kshim_pages_start(void)
{
    int order;

    page_offset_base = (unsigned long)kshim_ops->ram;
    next_pfn = max_t(unsigned long, FIRST_PFN, kshim_ops->ram_first >> PAGE_SHIFT);
    end_pfn = kshim_ops->ram_size >> PAGE_SHIFT;
    vmemmap_base = (unsigned long)kshim_ops->reserve(kshim_ops->context, end_pfn * sizeof(struct page));
    if (!vmemmap_base)
        kshim_die(KSHIM_MEMORY, "no address space for struct page");
    for (order = 0; order < ORDERS; order++)
        INIT_LIST_HEAD(&free_pages_of[order]);
    kshim_memtype_start();
    kshim_page_ext_start();
}

/* Behind all that was ever used. */
static struct page *take_fresh(unsigned int order)
{
    struct page *page;

    next_pfn = ALIGN(next_pfn, 1ul << order);
    if (next_pfn + (1ul << order) > end_pfn)
        return NULL;
    page = pfn_to_page(next_pfn);
    next_pfn += 1ul << order;
    return page;
}

/* What lies free must be as it was left: a driver that goes on writing, or a device that is still let in. */
static void check_poison(struct page *page, unsigned int order)
{
    const void *bytes = page_address(page);
    const void *changed = memchr_inv(bytes, POISON_GIVEN, PAGE_SIZE << order);

    if (changed)
        kshim_trouble(KSHIM_MEMORY, "memory at pa %#llx was written after its page was freed",
                      (u64)__pa(changed));
}

/* From a list, splitting a larger block; or from what was never used. */
static struct page *find(unsigned int order)
{
    unsigned int have = order;
    struct page *page;

    while (have < ORDERS && list_empty(&free_pages_of[have]))
        have++;
    if (have == ORDERS)
        return take_fresh(order);
    page = list_first_entry(&free_pages_of[have], struct page, lru);
    list_del(&page->lru);
    while (have > order) {
        have--;
        list_add(&(page + (1ul << have))->lru, &free_pages_of[have]);
    }
    check_poison(page, order);
    return page;
}

#ifdef KSHIM_COMPOUND_INFO
#define SET_COMPOUND_HEAD(tail, head, order) set_compound_head(tail, head, order)
#else
#define SET_COMPOUND_HEAD(tail, head, order) set_compound_head(tail, head)
#endif

/* A block that is freed and counted as one [what GFP_COMP asks for]. */
static void make_compound(struct page *page, unsigned int order)
{
    unsigned int tail;

    __SetPageHead(page);
#if BEFORE(6, 6)
    page[1].compound_order = order;
#else
    ((struct folio *)page)->_flags_1 = order;
#endif
    for (tail = 1; tail < 1u << order; tail++)
        SET_COMPOUND_HEAD(page + tail, page, order);
}

struct page *kshim_pages_take(unsigned int order, gfp_t flags)
{
    struct page *page = order < ORDERS ? find(order) : NULL;

    if (!page)
        return NULL;
    memset(page, 0, sizeof(*page) << order);
    set_page_count(page, 1);
    memset(page_address(page), flags & __GFP_ZERO ? 0 : POISON_TAKEN, PAGE_SIZE << order);
    if (order && flags & __GFP_COMP)
        make_compound(page, order);
    kshim_pages_used += 1ul << order;
    return page;
}

void kshim_pages_give(struct page *page, unsigned int order)
{
    debug_pagealloc_unmap_pages(page, 1 << order);
    kshim_memtype_given(page_to_pfn(page), 1ul << order);
    memset(page_address(page), POISON_GIVEN, PAGE_SIZE << order);
    memset(page, 0, sizeof(*page) << order);
    list_add(&page->lru, &free_pages_of[order]);
    kshim_pages_used -= 1ul << order;
}

void kshim_free_pages_block(struct page *page, unsigned int order) KERNEL(__free_pages);
void kshim_free_pages_block(struct page *page, unsigned int order)
{
    if (!page_count(page)) {
        kshim_trouble(KSHIM_MEMORY, "page at pa %#llx freed twice", (u64)page_to_phys(page));
        return;
    }
    if (put_page_testzero(page))
        kshim_pages_give(page, order);
}

void kshim_free_pages(unsigned long address, unsigned int order) KERNEL(free_pages);
void kshim_free_pages(unsigned long address, unsigned int order)
{
    if (address)
        kshim_free_pages_block(virt_to_page((void *)address), order);
}

void kshim_put_pages_list(struct list_head *pages) KERNEL(put_pages_list);
void kshim_put_pages_list(struct list_head *pages)
{
    struct page *page, *next;

    list_for_each_entry_safe(page, next, pages, lru)
    {
        list_del(&page->lru);
        kshim_free_pages_block(page, compound_order(page));
    }
}

/* Called with a reference count of 0. */
void kshim_folio_put(struct page *page) KERNEL(__folio_put);
void kshim_folio_put(struct page *page)
{
    kshim_pages_give(page, compound_order(page));
}

void kshim_split_page(struct page *page, unsigned int order) KERNEL(split_page);
void kshim_split_page(struct page *page, unsigned int order)
{
    unsigned int each;

    for (each = 1; each < 1u << order; each++)
        set_page_count(page + each, 1);
}

static unsigned long address_of(struct page *page)
{
    return page ? (unsigned long)page_address(page) : 0;
}

/* The names carry a suffix where allocations are profiled. */
#if BEFORE(6, 10)
#define ALLOCATOR(symbol) KERNEL(symbol)
#else
#define ALLOCATOR(symbol) __asm__(#symbol "_noprof")
#endif

struct page *kshim_alloc_pages(gfp_t flags, unsigned int order, int node, void *nodes)
    ALLOCATOR(__alloc_pages);
struct page *kshim_alloc_pages(gfp_t flags, unsigned int order, int node, void *nodes)
{
    return kshim_pages_take(order, flags);
}

struct page *kshim_alloc_folio(gfp_t flags, unsigned int order, int node, void *nodes)
    ALLOCATOR(__folio_alloc);
struct page *kshim_alloc_folio(gfp_t flags, unsigned int order, int node, void *nodes)
{
    return kshim_pages_take(order, flags | __GFP_COMP);
}

struct page *kshim_alloc_pages_node(int node, gfp_t flags, unsigned int order)
    KERNEL(alloc_pages_node_noprof);
struct page *kshim_alloc_pages_node(int node, gfp_t flags, unsigned int order)
{
    return kshim_pages_take(order, flags);
}

struct page *kshim_alloc_pages_any(gfp_t flags, unsigned int order) KERNEL(alloc_pages_noprof);
struct page *kshim_alloc_pages_any(gfp_t flags, unsigned int order)
{
    return kshim_pages_take(order, flags);
}

#if BEFORE(6, 10)
unsigned long kshim_get_free_pages(gfp_t flags, unsigned int order) KERNEL(__get_free_pages);
#else
unsigned long kshim_get_free_pages(gfp_t flags, unsigned int order) KERNEL(get_free_pages_noprof);
#endif
unsigned long kshim_get_free_pages(gfp_t flags, unsigned int order)
{
    return address_of(kshim_pages_take(order, flags));
}

unsigned long kshim_get_zeroed_page(gfp_t flags) ALLOCATOR(get_zeroed_page);
unsigned long kshim_get_zeroed_page(gfp_t flags)
{
    return address_of(kshim_pages_take(0, flags | __GFP_ZERO));
}

bool kshim_virt_addr_valid(unsigned long address) KERNEL(__virt_addr_valid);
bool kshim_virt_addr_valid(unsigned long address)
{
    return address - page_offset_base < kshim_ops->ram_size;
}
