// SPDX-License-Identifier: GPL-2.0-only
/* Files: misc devices, file descriptors of the one process that there is, and memory that it hands to the
 * kernel (what the kernel maps for it: glue_mmap.c). */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "glue.h"

enum { MISC_DEVICES = 8, DESCRIPTORS = 64 };

static struct miscdevice *misc_devices[MISC_DEVICES];
static struct file *descriptors[DESCRIPTORS];
static bool reserved[DESCRIPTORS];

int kshim_misc_register(struct miscdevice *device) KERNEL(misc_register);
int kshim_misc_register(struct miscdevice *device)
{
    unsigned int at;

    for (at = 0; at < MISC_DEVICES; at++) {
        if (misc_devices[at])
            continue;
        misc_devices[at] = device;
        return 0;
    }
    return -ENOSPC;
}

void kshim_misc_deregister(struct miscdevice *device) KERNEL(misc_deregister);
void kshim_misc_deregister(struct miscdevice *device)
{
    unsigned int at;

    for (at = 0; at < MISC_DEVICES; at++)
        if (misc_devices[at] == device)
            misc_devices[at] = NULL;
}

static void file_forget(struct file *file, struct inode *inode, struct address_space *mapping)
{
    kshim_give(mapping);
    kshim_give(inode);
    kshim_give(file);
}

static struct file *file_new(const struct file_operations *operations, void *data)
{
    struct file *file = kshim_take(sizeof(*file), __GFP_ZERO);
    struct inode *inode = kshim_take(sizeof(*inode), __GFP_ZERO);
    struct address_space *mapping = kshim_take(sizeof(*mapping), __GFP_ZERO);

    if (!file || !inode || !mapping) {
        file_forget(file, inode, mapping);
        return NULL;
    }
    inode->i_mapping = mapping;
    file->f_op = operations;
    file->private_data = data;
    file->f_inode = inode;
    file->f_mapping = mapping;
    file->f_mode = FMODE_READ | FMODE_WRITE;
#if BEFORE(6, 13)
    atomic_long_set(&file->f_count, 1);
#else
    file_ref_init(&file->f_ref, 1);
#endif
    return file;
}

static void file_free(struct file *file)
{
    if (file->f_op->release)
        file->f_op->release(file->f_inode, file);
    file_forget(file, file->f_inode, file->f_mapping);
}

void *kshim_file_open(const char *name)
{
    struct file *file;
    unsigned int at;
    int result;

    for (at = 0; at < MISC_DEVICES; at++)
        if (misc_devices[at] && !strcmp(misc_devices[at]->name, name))
            break;
    if (at == MISC_DEVICES)
        return NULL;
    file = file_new(misc_devices[at]->fops, misc_devices[at]);
    if (!file)
        return NULL;
    result = file->f_op->open ? file->f_op->open(file->f_inode, file) : 0;
    if (!result)
        return file;
    file_forget(file, file->f_inode, file->f_mapping); /* what was never open is not released */
    return NULL;
}

long kshim_file_ioctl(void *file, kshim_u32 command, void *argument)
{
    return ((struct file *)file)->f_op->unlocked_ioctl(file, command, (unsigned long)argument);
}

#if SINCE(6, 13)
/* The count went below 0: by the last one, unless somebody got a new one meanwhile. */
bool kshim_file_ref_put(file_ref_t *references, unsigned long count) KERNEL(__file_ref_put);
bool kshim_file_ref_put(file_ref_t *references, unsigned long count)
{
    return count == FILE_REF_NOREF;
}
#endif

/* The last reference. */
void kshim_fput(struct file *file) KERNEL(fput);
void kshim_fput(struct file *file)
{
#if BEFORE(6, 13)
    if (atomic_long_dec_and_test(&file->f_count))
#else
    if (file_ref_put(&file->f_ref))
#endif
        file_free(file);
}

void kshim_fput_sync(struct file *file) KERNEL(__fput_sync);
void kshim_fput_sync(struct file *file)
{
    kshim_fput(file);
}

void kshim_file_close(void *file)
{
    kshim_fput(file);
}

/* --- descriptors */

struct file *kshim_anon_file(const char *name, const struct file_operations *operations, void *data,
                             int flags) KERNEL(anon_inode_getfile);
struct file *kshim_anon_file(const char *name, const struct file_operations *operations, void *data,
                             int flags)
{
    struct file *file = file_new(operations, data);

    return file ? file : ERR_PTR(-ENOMEM);
}

int kshim_unused_fd(unsigned int flags) KERNEL(get_unused_fd_flags);
int kshim_unused_fd(unsigned int flags)
{
    int fd;

    for (fd = 3; fd < DESCRIPTORS; fd++) {
        if (descriptors[fd] || reserved[fd])
            continue;
        reserved[fd] = true;
        return fd;
    }
    return -EMFILE;
}

void kshim_put_unused_fd(unsigned int fd) KERNEL(put_unused_fd);
void kshim_put_unused_fd(unsigned int fd)
{
    if (fd < DESCRIPTORS)
        reserved[fd] = false;
}

void kshim_fd_install(unsigned int fd, struct file *file) KERNEL(fd_install);
void kshim_fd_install(unsigned int fd, struct file *file)
{
    if (fd < DESCRIPTORS)
        descriptors[fd] = file;
}

struct file *kshim_fget(unsigned int fd) KERNEL(fget);
struct file *kshim_fget(unsigned int fd)
{
    struct file *file = fd < DESCRIPTORS ? descriptors[fd] : NULL;

    if (file)
        get_file(file);
    return file;
}

/* A file with its reference in the lowest bit, as `struct fd` has it. */
unsigned long kshim_fdget(unsigned int fd) KERNEL(fdget);
unsigned long kshim_fdget(unsigned int fd)
{
    struct file *file = kshim_fget(fd);

    return file ? (unsigned long)file | FDPUT_FPUT : 0;
}

unsigned long kshim_fdget_old(unsigned int fd) KERNEL(__fdget);
unsigned long kshim_fdget_old(unsigned int fd)
{
    return kshim_fdget(fd);
}

/* --- the user's memory is the test's: any address of RAM, and plain memory for what is copied */

unsigned long kshim_copy_from(void *to, const void *from, unsigned long bytes) KERNEL(_copy_from_user);
unsigned long kshim_copy_from(void *to, const void *from, unsigned long bytes)
{
    memcpy(to, from, bytes);
    return 0;
}

unsigned long kshim_copy_to(void *to, const void *from, unsigned long bytes) KERNEL(_copy_to_user);
unsigned long kshim_copy_to(void *to, const void *from, unsigned long bytes)
{
    memcpy(to, from, bytes);
    return 0;
}

int kshim_check_zeroed(const void *from, size_t bytes) KERNEL(check_zeroed_user);
int kshim_check_zeroed(const void *from, size_t bytes)
{
    return !memchr_inv(from, 0, bytes);
}

static long pin(unsigned long address, unsigned long count, struct page **pages)
{
    unsigned long each;

    for (each = 0; each < count; each++) {
        unsigned long at = address + each * PAGE_SIZE;

        if (at - page_offset_base >= kshim_ops->ram_size)
            return each ? each : -EFAULT;
        pages[each] = virt_to_page((void *)at);
    }
    return count;
}

long kshim_pin_fast(unsigned long address, unsigned long count, unsigned int flags, struct page **pages)
    KERNEL(pin_user_pages_fast);
long kshim_pin_fast(unsigned long address, unsigned long count, unsigned int flags, struct page **pages)
{
    return pin(address, count, pages);
}

long kshim_pin_remote(struct mm_struct *memory, unsigned long address, unsigned long count,
                      unsigned int flags, struct page **pages, int *locked) KERNEL(pin_user_pages_remote);
long kshim_pin_remote(struct mm_struct *memory, unsigned long address, unsigned long count,
                      unsigned int flags, struct page **pages, int *locked)
{
    return pin(address, count, pages);
}
