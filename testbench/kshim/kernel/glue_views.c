// SPDX-License-Identifier: GPL-2.0-only
/* Pages of RAM in a row at addresses of their own (vmap): what coherent memory of the DMA API is seen by. The
 * same bytes as in RAM, not a copy. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "glue.h"

enum { VIEWS = 1024 };

static struct vm_struct *views[VIEWS];

static struct vm_struct **view_of(const void *address)
{
    unsigned int each;

    for (each = 0; each < VIEWS; each++)
        if (views[each] && (u64)address - (u64)views[each]->addr < views[each]->size)
            return &views[each];
    return NULL;
}

static struct vm_struct **free_view(void)
{
    unsigned int each;

    for (each = 0; each < VIEWS; each++)
        if (!views[each])
            return &views[each];
    return NULL;
}

static u64 *addresses_of(struct page **pages, unsigned int count)
{
    u64 *list = kshim_take(count * sizeof(*list), 0);
    unsigned int each;

    for (each = 0; list && each < count; each++)
        list[each] = page_to_phys(pages[each]);
    return list;
}

void *kshim_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t protection)
    KERNEL(vmap);
void *kshim_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t protection)
{
    struct vm_struct **slot = free_view(), *view;
    u64 *list;

    if (!slot || !count)
        return NULL;
    view = kshim_take(sizeof(*view), __GFP_ZERO);
    list = addresses_of(pages, count);
    if (view && list)
        view->addr = kshim_ops->view(kshim_ops->context, list, count);
    kshim_give(list);
    if (!view || !view->addr) {
        kshim_give(view);
        return NULL;
    }
    view->size = (u64)count << PAGE_SHIFT;
    view->flags = flags;
    view->nr_pages = count;
    view->pages = pages;
    *slot = view;
    return view->addr;
}

void kshim_vunmap(const void *address) KERNEL(vunmap);
void kshim_vunmap(const void *address)
{
    struct vm_struct **view = view_of(address);

    if (!address)
        return;
    if (!view || (*view)->addr != address) {
        kshim_trouble(KSHIM_MEMORY, "vunmap() of an address that vmap() did not give");
        return;
    }
    kshim_ops->unview(kshim_ops->context, (*view)->addr, (*view)->size);
    kshim_give(*view);
    *view = NULL;
}

struct vm_struct *kshim_find_area(const void *address) KERNEL(find_vm_area);
struct vm_struct *kshim_find_area(const void *address)
{
    struct vm_struct **view = view_of(address);

    return view ? *view : NULL;
}

bool kshim_is_vmalloc(const void *address) KERNEL(is_vmalloc_addr);
bool kshim_is_vmalloc(const void *address)
{
    return view_of(address) != NULL;
}

struct page *kshim_vmalloc_page(const void *address) KERNEL(vmalloc_to_page);
struct page *kshim_vmalloc_page(const void *address)
{
    struct vm_struct **view = view_of(address);

    return view ? (*view)->pages[((u64)address - (u64)(*view)->addr) >> PAGE_SHIFT] : virt_to_page(address);
}

unsigned long kshim_vmalloc_pfn(const void *address) KERNEL(vmalloc_to_pfn);
unsigned long kshim_vmalloc_pfn(const void *address)
{
    return page_to_pfn(kshim_vmalloc_page(address));
}
