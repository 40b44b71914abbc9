/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver's debugfs.c (Linux from 6.17 on) asks of the kernel, enough of it for one program without a
 * kernel: its texts are the real ones then. Structures hold only the members that the file names; nothing of
 * the kernel's headers is in here.
 */
#ifndef KSHIM_DEBUGFS_DRIVER_H
#define KSHIM_DEBUGFS_DRIVER_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#define __user
#define BIT(n) (1UL << (n))

/* ---- memory, errors, locks */

#define IS_ERR(pointer)  ((uintptr_t)(pointer) > (uintptr_t)-4096)
#define PTR_ERR(pointer) ((long)(pointer))
static inline void kfree(void *memory)
{
    free(memory);
}
static inline void *memdup_user_nul(const char *text, size_t size)
{
    char *copy = calloc(1, size + 1);
    return copy ? memcpy(copy, text, size) : (void *)(intptr_t)-ENOMEM;
}
static inline int kstrtos32_from_user(const char *text, size_t size, unsigned base, int *value)
{
    char copy[32] = {0}, *end;
    memcpy(copy, text, size < sizeof(copy) - 1 ? size : sizeof(copy) - 1);
    *value = (int)strtol(copy, &end, (int)base);
    return *end && *end != '\n' ? -EINVAL : 0;
}
#define raw_spin_lock_irqsave(lock, flags)      ((void)(lock), (flags) = 0)
#define raw_spin_unlock_irqrestore(lock, flags) ((void)(lock), (void)(flags))

/* ---- files */

struct seq_file {
    void *private;
    FILE *out;
};
struct file {
    void *private_data;
};
struct dentry {
    const char *path;
};
struct file_operations {
    int (*show)(struct seq_file *m, void *unused);
    ssize_t (*write)(struct file *file, const char *text, size_t size, loff_t *place);
};
#define seq_printf(m, ...)          fprintf((m)->out, __VA_ARGS__)
#define seq_puts(m, text)           fputs(text, (m)->out)
#define DEFINE_SHOW_ATTRIBUTE(name) static const struct file_operations name##_fops = {name##_show, NULL}
#define DEFINE_SHOW_STORE_ATTRIBUTE(name)                                                                    \
    static const struct file_operations name##_fops = {name##_show, name##_write}
extern struct dentry *iommu_debugfs_dir;
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
void debugfs_create_file(const char *name, int mode, struct dentry *parent, void *data,
                         const struct file_operations *operations);

/* ---- PCI */

struct pci_dev {
    u32 config[64];
};
int pci_read_config_dword(const struct pci_dev *device, int place, u32 *value);
#define PCI_DEVID(bus, function)           ((u16)((bus) << 8 | (function)))
#define PCI_DEVFN(slot, function)          (((slot)&31) << 3 | ((function)&7))
#define PCI_BUS_NUM(id)                    ((id) >> 8 & 255)
#define PCI_SLOT(id)                       ((id) >> 3 & 31)
#define PCI_FUNC(id)                       ((id)&7)
#define PCI_SEG_DEVID_TO_SBDF(segment, id) ((int)((segment) << 16 | (id)))
#define PCI_SBDF_TO_DEVID(place)           ((place)&0xffff)
#define PCI_SBDF_TO_SEGID(place)           ((place) >> 16 & 0xffff)

/* ---- the driver's own */

struct dev_table_entry {
    u64 data[4];
};
struct iommu_cmd {
    u32 data[4];
};
union irte {
    u32 val;
    struct {
        u32 valid : 1, rest : 31;
    } fields;
};
struct irte_ga {
    union {
        u64 val;
        struct {
            u64 valid : 1, rest : 63;
        } fields_remap, fields_vapic;
    } lo;
    union {
        u64 val;
    } hi;
};
struct irq_remap_table {
    int lock;
    u32 *table;
};
struct amd_iommu {
    int index, lock, dbg_mmio_offset, dbg_cap_offset;
    u64 mmio_phys_end;
    u8 *mmio_base, *cmd_buf;
    struct pci_dev *dev;
    u16 cap_ptr;
    struct dentry *debugfs;
    struct dev_table_entry *dev_table;
};
struct amd_iommu_pci_seg {
    u16 id, last_bdf;
    struct amd_iommu **rlookup_table;
    struct irq_remap_table **irq_lookup_table;
};
enum {
    CMD_BUFFER_ENTRIES = 512,
    MMIO_CMD_HEAD_OFFSET = 0x2000,
    MMIO_CMD_TAIL_OFFSET = 0x2008,
    DTE_INTTABLEN_MASK = 0x1e,
    DTE_INTTABLEN_512 = 0x12,
    DTE_INTTABLEN_2K = 0x16
};
#define AMD_IOMMU_GUEST_IR_VAPIC(mode) ((mode) == 2)
#define AMD_IOMMU_GUEST_IR_GA(mode)    ((mode) == 1 || (mode) == 2)
extern struct amd_iommu the_iommu;
extern struct amd_iommu_pci_seg the_segment;
extern int amd_iommu_guest_ir, irq_remapping_enabled;
#define for_each_iommu(iommu)         for ((iommu) = &the_iommu; (iommu); (iommu) = NULL)
#define for_each_pci_segment(segment) for ((segment) = &the_segment; (segment); (segment) = NULL)
#define get_dev_table(iommu)          ((iommu)->dev_table)
static inline u64 readq(const void *place)
{
    u64 value;
    memcpy(&value, place, sizeof(value));
    return value;
}
static inline u32 readl(const void *place)
{
    return (u32)readq(place);
}
void amd_iommu_debugfs_setup(void);

#endif
