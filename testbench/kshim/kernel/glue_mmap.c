// SPDX-License-Identifier: GPL-2.0-only
/* Pages of devices in the user's address space: what mmap() and munmap() of an open file do. The user is the
 * test, so an address is a number that it chose, and the machine is told what lies there. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "glue.h"

enum { AREAS = 64 };

static struct vm_area_struct *areas[AREAS];

static void set_flags(struct vm_area_struct *area)
{
    unsigned long flags = VM_READ | VM_WRITE | VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYSHARE;

#if BEFORE(6, 3)
    area->vm_flags = flags;
#else
    vm_flags_init(area, flags);
#endif
    area->vm_page_prot = PAGE_SHARED;
}

static struct vm_area_struct *area_new(struct file *file, u64 address, u64 bytes, u64 offset)
{
    struct vm_area_struct *area = kshim_take(sizeof(*area), __GFP_ZERO);

    if (!area)
        return NULL;
    area->vm_start = address;
    area->vm_end = address + bytes;
    area->vm_pgoff = offset >> PAGE_SHIFT;
    area->vm_file = file;
    get_file(file);
    set_flags(area);
    return area;
}

static void area_free(struct vm_area_struct *area)
{
    fput(area->vm_file);
    kshim_give(area);
}

/* The areas that begin at an address, or a free place for one; AREAS: none. */
static unsigned int slot_of(u64 address)
{
    unsigned int slot;

    for (slot = 0; slot < AREAS; slot++)
        if (areas[slot] && areas[slot]->vm_start == address)
            return slot;
    return AREAS;
}

static unsigned int free_slot(void)
{
    unsigned int slot = 0;

    while (slot < AREAS && areas[slot])
        slot++;
    return slot;
}

static bool is_range(u64 address, u64 bytes, u64 offset)
{
    return bytes && PAGE_ALIGNED(address | bytes | offset) && address + bytes > address;
}

int kshim_file_mmap(void *opened, kshim_u64 address, kshim_u64 bytes, kshim_u64 offset)
{
    struct file *file = opened;
    unsigned int slot = free_slot();
    int result;

    if (!file->f_op->mmap)
        return -ENODEV;
    if (!is_range(address, bytes, offset) || slot_of(address) != AREAS)
        return -EINVAL;
    if (slot == AREAS)
        return -ENOMEM;
    areas[slot] = area_new(file, address, bytes, offset);
    if (!areas[slot])
        return -ENOMEM;
    result = file->f_op->mmap(file, areas[slot]);
    if (result) {
        area_free(areas[slot]);
        areas[slot] = NULL;
    }
    return result;
}

int kshim_file_munmap(kshim_u64 address)
{
    unsigned int slot = slot_of(address);
    struct vm_area_struct *area;

    if (slot == AREAS)
        return -EINVAL;
    area = areas[slot];
    areas[slot] = NULL;
    if (area->vm_ops && area->vm_ops->close)
        area->vm_ops->close(area);
    if (kshim_ops->mapped)
        kshim_ops->mapped(kshim_ops->context, address, 0, 0);
    area_free(area);
    return 0;
}

static bool is_inside(const struct vm_area_struct *area, u64 address, u64 bytes)
{
    return PAGE_ALIGNED(address | bytes) && address >= area->vm_start && address < area->vm_end &&
           bytes <= area->vm_end - address;
}

/* Versions give it as a function, as two, or as one of them in terms of the other. */
static int remap(struct vm_area_struct *area, unsigned long address, unsigned long pfn, unsigned long bytes)
{
    if (!is_inside(area, address, bytes))
        return -EINVAL;
    if (!kshim_ops->mapped)
        return -EOPNOTSUPP;
    kshim_ops->mapped(kshim_ops->context, address, (u64)pfn << PAGE_SHIFT, bytes);
    return 0;
}

int kshim_remap_pfn(struct vm_area_struct *area, unsigned long address, unsigned long pfn,
                    unsigned long bytes, pgprot_t protection) KERNEL(remap_pfn_range);
int kshim_remap_pfn(struct vm_area_struct *area, unsigned long address, unsigned long pfn,
                    unsigned long bytes, pgprot_t protection)
{
    return remap(area, address, pfn, bytes);
}

int kshim_io_remap_pfn(struct vm_area_struct *area, unsigned long address, unsigned long pfn,
                       unsigned long bytes, pgprot_t protection) KERNEL(io_remap_pfn_range);
int kshim_io_remap_pfn(struct vm_area_struct *area, unsigned long address, unsigned long pfn,
                       unsigned long bytes, pgprot_t protection)
{
    return remap(area, address, pfn, bytes);
}

/* All of an area by the physical address of a device's registers. */
int kshim_vm_iomap(struct vm_area_struct *area, u64 pa, unsigned long bytes) KERNEL(vm_iomap_memory);
int kshim_vm_iomap(struct vm_area_struct *area, u64 pa, unsigned long bytes)
{
    u64 first = pa + ((u64)area->vm_pgoff << PAGE_SHIFT), length = area->vm_end - area->vm_start;

    if (!PAGE_ALIGNED(pa) || first < pa || length > bytes || first - pa > bytes - length)
        return -EINVAL;
    return remap(area, area->vm_start, first >> PAGE_SHIFT, length);
}
