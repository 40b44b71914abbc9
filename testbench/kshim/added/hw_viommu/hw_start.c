// SPDX-License-Identifier: GPL-2.0-only
/* What the host does once for each IOMMU [viommu 9.3]: capability, apertures, private space, own entry,
 * enabling. */
#include <linux/io.h>
#include <linux/ioport.h>

#include "hw_viommu.h"

enum { VF_LOW = 0x08, VF_HIGH = 0x0c, CONTROL_LOW = 0x10, CONTROL_HIGH = 0x14 };
enum { VF_BYTES = 256 << 20, CONTROL_BYTES = 4 << 20, INTERRUPTS_ORDER = 1, INTERRUPTS_CODE = 10 };
enum { GUEST_BUFFERS_BIT = 60, COMMANDS_BIT = 52, ENABLE_BIT = 53 };
#define VIOMMU_SUPPORTED BIT_ULL(55)
#define ENTRY_IV         1ull
#define ENTRY_REMAPS     (2ull << 60)

static struct hw_iommu known[HW_IOMMUS];

struct hw_iommu *hw_iommu_of(struct amd_iommu *iommu)
{
    int each;

    for (each = 0; each < HW_IOMMUS; each++)
        if (known[each].iommu == iommu)
            return &known[each];
    return NULL;
}

static u8 __iomem *aperture(struct pci_dev *device, int low, int high, u64 bytes, u64 *pa)
{
    int capability = pci_find_capability(device, PCI_CAP_ID_VNDR);
    u32 halves[2];

    if (!capability)
        return NULL;
    pci_read_config_dword(device, capability + low, &halves[0]);
    pci_read_config_dword(device, capability + high, &halves[1]);
    *pa = (u64)halves[1] << 32 | (halves[0] & ~1u);
    if (!(halves[0] & 1) || !*pa || !request_mem_region(*pa, bytes, "amd_viommu"))
        return NULL;
    return ioremap(*pa, bytes);
}

/* A bit that does not stay is one that the hardware does not have. */
static bool set_control(struct amd_iommu *iommu, int bit)
{
    u64 value = readq(iommu->mmio_base + MMIO_CONTROL_OFFSET) | BIT_ULL(bit);

    writeq(value, iommu->mmio_base + MMIO_CONTROL_OFFSET);
    return readq(iommu->mmio_base + MMIO_CONTROL_OFFSET) & BIT_ULL(bit);
}

static int write_own_entry(struct hw_iommu *hw)
{
    u64 words[4];

    hw_v1_words(hw->space, words);
    words[2] = ENTRY_IV | INTERRUPTS_CODE << 1 | ENTRY_REMAPS | __pa(hw->interrupts);
    return hw_write_entry(hw, hw->iommu->devid, words);
}

static int start_one(struct hw_iommu *hw, struct amd_iommu *iommu)
{
    u64 control_pa;

    hw->iommu = iommu;
    hw->vf = aperture(iommu->dev, VF_LOW, VF_HIGH, VF_BYTES, &hw->vf_pa);
    hw->control = aperture(iommu->dev, CONTROL_LOW, CONTROL_HIGH, CONTROL_BYTES, &control_pa);
    if (!hw->vf || !hw->control)
        return -ENODEV;
    ida_init(&hw->guests);
    hw->semaphore = (u64 *)get_zeroed_page(GFP_KERNEL);
    hw->interrupts = (u64 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, INTERRUPTS_ORDER);
    if (!hw->semaphore || !hw->interrupts || hw_private_start(hw) || write_own_entry(hw))
        return -ENOMEM;
    if (!set_control(iommu, GUEST_BUFFERS_BIT) || !set_control(iommu, COMMANDS_BIT) ||
        !set_control(iommu, ENABLE_BIT))
        return -EINVAL;
    pr_info("AMD-Vi: HW-vIOMMU at %#llx and %#llx\n", hw->vf_pa, control_pa);
    return 0;
}

static int __init hw_start(void)
{
    struct amd_iommu *iommu;
    int count = 0, result = 0;

    if (!(amd_iommu_efr & VIOMMU_SUPPORTED))
        return 0;
    for_each_iommu(iommu)
    {
        if (count < HW_IOMMUS && !result)
            result = start_one(&known[count++], iommu);
        if (result)
            pr_err("AMD-Vi: no HW-vIOMMU: %d\n", result);
    }
    return 0;
}
late_initcall(hw_start);
