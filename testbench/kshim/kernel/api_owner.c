// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hypervisor's driver inside the kernel, for its half of the agreement in kshim_owner.h: commands and
 * device table entries.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iommu.h>

#include "amd_iommu_types.h"
#include "api_owner.h"

/* Registers and commands as the driver's own header numbers them (iommu 2.1, 6.4). */
enum {
    COMMAND_BYTES = 16,
    KEPT_FREE = 2 * COMMAND_BYTES, /* the driver, too, never fills the ring */
    MICROSECONDS = 100000,         /* that a command may take, as the driver has it */
    DTE_WORDS = 4,
    V_AND_TV = 3,
};

static struct amd_iommu *iommu_for(const char *name)
{
    struct device *device = api_get(name);
    struct amd_iommu *iommu = NULL;

    if (device && device->iommu && device->iommu->iommu_dev)
        iommu = container_of(device->iommu->iommu_dev, struct amd_iommu, iommu);
    api_put(device);
    return iommu;
}

/* --- commands */

static u32 ring_bytes(struct amd_iommu *iommu)
{
    return COMMAND_BYTES << (readq(iommu->mmio_base + MMIO_CMD_BUF_OFFSET) >> 56 & 0xf);
}

static bool has_room(struct amd_iommu *iommu, u32 bytes)
{
    u32 head = readl(iommu->mmio_base + MMIO_CMD_HEAD_OFFSET);

    return ((head - iommu->cmd_buf_tail - COMMAND_BYTES) & (bytes - 1)) > KEPT_FREE;
}

/* The tail is the driver's own: it goes on behind what was put here. */
static void put(struct amd_iommu *iommu, const u64 words[2], u32 bytes)
{
    memcpy(iommu->cmd_buf + iommu->cmd_buf_tail, words, COMMAND_BYTES);
    iommu->cmd_buf_tail = (iommu->cmd_buf_tail + COMMAND_BYTES) & (bytes - 1);
    writel(iommu->cmd_buf_tail, iommu->mmio_base + MMIO_CMD_TAIL_OFFSET);
}

static int command(struct amd_iommu *iommu, const u64 words[2])
{
    u32 bytes = ring_bytes(iommu), waited;
    unsigned long flags;
    bool done = false;

    for (waited = 0; !done && waited < MICROSECONDS; waited++) {
        raw_spin_lock_irqsave(&iommu->lock, flags);
        done = has_room(iommu, bytes);
        if (done)
            put(iommu, words, bytes);
        raw_spin_unlock_irqrestore(&iommu->lock, flags);
        if (!done)
            udelay(1);
    }
    return done ? 0 : -EBUSY;
}

/* A word of our own: the driver's is under the driver's numbers. */
static int wait(struct amd_iommu *iommu)
{
    static volatile u64 *word;
    static u64 number;
    u64 words[2], waited;
    int result;

    if (!word)
        word = kzalloc(sizeof(*word), GFP_ATOMIC);
    if (!word)
        return -ENOMEM;
    words[0] = virt_to_phys((void *)word) | CMD_COMPL_WAIT_STORE_MASK | (u64)CMD_COMPL_WAIT << 60;
    words[1] = ++number;
    result = command(iommu, words);
    for (waited = 0; !result && *word != number && waited < MICROSECONDS; waited++)
        udelay(1);
    return result ? result : *word == number ? 0 : -ETIMEDOUT;
}

int api_owner_command(const char *name, const unsigned long long words[2])
{
    struct amd_iommu *iommu = iommu_for(name);

    return iommu ? command(iommu, (const u64 *)words) : -ENODEV;
}

int api_owner_wait(const char *name)
{
    struct amd_iommu *iommu = iommu_for(name);

    return iommu ? wait(iommu) : -ENODEV;
}

/* --- device table entries */

static u64 *entry_of(struct amd_iommu *iommu, u16 id)
{
    if ((id + 1u) * DTE_WORDS * sizeof(u64) > iommu->pci_seg->dev_table_size)
        return NULL;
    return (u64 *)iommu->pci_seg->dev_table + id * DTE_WORDS;
}

/* 16 bytes that hardware never sees in parts. */
static void store_half(u64 *at, u64 low, u64 high)
{
    u64 old_low = at[0], old_high = at[1];
    bool done;

    do {
        asm volatile("lock cmpxchg16b %1; sete %0"
                     : "=q"(done), "+m"(*(u64(*)[2])at), "+a"(old_low), "+d"(old_high)
                     : "b"(low), "c"(high)
                     : "memory", "cc");
    } while (!done);
}

static int flush_entry(struct amd_iommu *iommu, u16 id)
{
    const u64 words[2] = {id | (u64)CMD_INV_DEV_ENTRY << 60, 0};
    int result = command(iommu, words);

    return result ? result : wait(iommu);
}

int api_owner_entry_read(const char *name, unsigned short id, unsigned long long entry[4])
{
    struct amd_iommu *iommu = iommu_for(name);
    u64 *at = iommu ? entry_of(iommu, id) : NULL;

    if (!at)
        return iommu ? -ERANGE : -ENODEV;
    memcpy(entry, at, DTE_WORDS * sizeof(u64));
    return 0;
}

int api_owner_entry_write(const char *name, unsigned short id, const unsigned long long entry[4])
{
    struct amd_iommu *iommu = iommu_for(name);
    u64 *at = iommu ? entry_of(iommu, id) : NULL;

    if (!at)
        return iommu ? -ERANGE : -ENODEV;
    store_half(at, V_AND_TV, 0);
    store_half(at + 2, entry[2], entry[3]);
    store_half(at, entry[0], entry[1]);
    return flush_entry(iommu, id);
}

const struct kshim_owner kshim_owner = {
    .command = api_owner_command,
    .wait = api_owner_wait,
    .entry_read = api_owner_entry_read,
    .entry_write = api_owner_entry_write,
    .follow = api_owner_follow,
    .leave = api_owner_leave,
};
