// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>

#include "hw_viommu.h"

enum { COMMAND_BYTES = 16, PATIENCE_US = 100000 };
#define OPCODE(number)   ((u64)(number) << 60)
#define WAIT_STORE       1ull
#define WAIT             OPCODE(1)
#define INVALIDATE_ENTRY OPCODE(2)

static bool has_room(struct amd_iommu *iommu, u32 next)
{
    return readl(iommu->mmio_base + MMIO_CMD_HEAD_OFFSET) != next;
}

void hw_command(struct hw_iommu *hw, u64 low, u64 high)
{
    struct amd_iommu *iommu = hw->iommu;
    unsigned long flags;
    u64 *slot;
    u32 next;

    raw_spin_lock_irqsave(&iommu->lock, flags);
    next = (iommu->cmd_buf_tail + COMMAND_BYTES) % CMD_BUFFER_SIZE;
    while (!has_room(iommu, next))
        udelay(1);
    slot = (u64 *)(iommu->cmd_buf + iommu->cmd_buf_tail);
    slot[0] = low;
    slot[1] = high;
    iommu->cmd_buf_tail = next;
    writel(next, iommu->mmio_base + MMIO_CMD_TAIL_OFFSET);
    raw_spin_unlock_irqrestore(&iommu->lock, flags);
}

int hw_wait(struct hw_iommu *hw)
{
    u64 number = ++hw->waits;
    int patience;

    hw_command(hw, WAIT | WAIT_STORE | iommu_virt_to_phys(hw->semaphore), number);
    for (patience = 0; READ_ONCE(*hw->semaphore) < number && patience < PATIENCE_US; patience++)
        udelay(1);
    return patience < PATIENCE_US ? 0 : -ETIMEDOUT;
}

/* The half with V last when it begins, first when it ends. */
int hw_write_entry(struct hw_iommu *hw, u16 device, const u64 words[4])
{
    struct dev_table_entry *entry = &get_dev_table(hw->iommu)[device];
    bool ends = !(words[0] & DTE_FLAG_V);
    int half, word;

    for (half = 0; half < 2; half++)
        for (word = 1; word >= 0; word--) {
            int at = (half ^ !ends) * 2 + word;

            WRITE_ONCE(entry->data[at], words[at]);
        }
    hw_command(hw, INVALIDATE_ENTRY | device, 0);
    return hw_wait(hw);
}

void hw_v1_words(struct iommu_domain *domain, u64 words[4])
{
    struct protection_domain *v1 = container_of(domain, struct protection_domain, domain);
    struct pt_iommu_amdv1_hw_info table;

    pt_iommu_amdv1_hw_info(&v1->amdv1, &table);
    memset(words, 0, 4 * sizeof(*words));
    words[0] = DTE_FLAG_V | DTE_FLAG_TV | DTE_FLAG_IR | DTE_FLAG_IW | FIELD_PREP(DTE_MODE_MASK, table.mode) |
               FIELD_PREP(DTE_HOST_TRP, table.host_pt_root >> 12);
    words[1] = v1->id;
}
