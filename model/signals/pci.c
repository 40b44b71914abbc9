// SPDX-License-Identifier: Apache-2.0
/*
 * Configuration space of the IOMMU's PCI function (1.1, 1.2, 15 D10): 40h IOMMU capability, 64h MSI,
 * 74h HyperTransport MSI mapping, C8h vendor-specific with the two guest apertures.
 */
#include "model/device.h"
#include "model/signals/signals.h"

enum {
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04,
    PCI_CLASS = 0x08,
    PCI_SUBSYSTEM = 0x2c,
    PCI_CAP_POINTER = 0x34,
    PCI_INTERRUPT = 0x3c,
    CAP_HEADER = 0x40,
    CAP_BASE_LO = 0x44,
    CAP_BASE_HI = 0x48,
    CAP_RANGE = 0x4c,
    CAP_MISC0 = 0x50,
    CAP_MISC1 = 0x54,
    MSI_HEADER = 0x64,
    MSI_ADDR_LO = 0x68,
    MSI_ADDR_HI = 0x6c,
    MSI_DATA = 0x70,
    MSI_MAP = 0x74,
    SUBSYSTEM_WRITE = 0x78,
    MISC_CONTROL = 0x7c,
    VSC_HEADER = 0xc8,
    DEBUG_INDEX = 0xf0,
    DEBUG_DATA = 0xf4,
};

static void put32(struct amdvi_device *device, unsigned offset, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        device->pci[offset + i] = (uint8_t)(value >> 8 * i);
}

uint32_t pci_read32(const struct amdvi_device *device, unsigned offset)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)device->pci[offset + i] << 8 * i;
    return value;
}

static void reset_vendor_capability(struct amdvi_device *device)
{
    const uint64_t *config = device->config.value;

    put32(device, VSC_HEADER, 0x00180009); /* length 18h, last capability */
    put32(device, VSC_HEADER + 4, (uint32_t)(config[CONFIG_VSC_REVISION] << 16 | config[CONFIG_VSC_ID]));
    put32(device, VSC_HEADER + 0x8, (uint32_t)(config[CONFIG_VF_BASE] & 0xf0000000) | 1);
    put32(device, VSC_HEADER + 0xc, (uint32_t)(config[CONFIG_VF_BASE] >> 32));
    put32(device, VSC_HEADER + 0x10, (uint32_t)(config[CONFIG_VFC_BASE] & 0xffc00000) | 1);
    put32(device, VSC_HEADER + 0x14, (uint32_t)(config[CONFIG_VFC_BASE] >> 32));
}

/* The window is 512 KiB with performance counters, else 16 KiB, and aligned to its size (1.2). */
static uint32_t base_mask(const struct amdvi_device *device)
{
    return reg_efr_pcsup(device->config.value[CONFIG_EFR]) ? 0xfff80000 : 0xffffc000;
}

void pci_reset(struct amdvi_device *device)
{
    const uint64_t *config = device->config.value;
    bool viommu = reg_efr_viommusup(config[CONFIG_EFR]);

    memset(device->pci, 0, sizeof(device->pci));
    put32(device, PCI_ID, (uint32_t)config[CONFIG_PCI_ID]);
    put32(device, PCI_COMMAND, 1u << 20); /* capabilities list */
    put32(device, PCI_CLASS, 0x08060000);
    put32(device, PCI_CAP_POINTER, CAP_HEADER);
    put32(device, CAP_HEADER, (uint32_t)config[CONFIG_CAP_HEADER]);
    put32(device, CAP_BASE_LO, (uint32_t)config[CONFIG_MMIO_BASE] & base_mask(device));
    put32(device, CAP_BASE_HI, (uint32_t)(config[CONFIG_MMIO_BASE] >> 32));
    put32(device, CAP_MISC0, (uint32_t)config[CONFIG_MISC0]);
    put32(device, CAP_MISC1, (uint32_t)config[CONFIG_MISC1]);
    put32(device, MSI_HEADER, 0x00840005 | MSI_MAP << 8); /* 64-bit, four messages */
    put32(device, MSI_MAP, 0xa8030008 | (viommu ? (uint32_t)VSC_HEADER << 8 : 0));
    if (viommu)
        reset_vendor_capability(device);
}

/* Writable bits of the aligned dword at `offset`. */
static uint32_t writable(const struct amdvi_device *device, unsigned offset)
{
    bool locked = device->pci[CAP_BASE_LO] & 1; /* write-once enable locks the block (1.2) */

    switch (offset) {
    case PCI_COMMAND:
        return 0x00000546;
    case PCI_INTERRUPT:
        return 0x000000ff;
    case CAP_BASE_LO:
        return locked ? 0 : base_mask(device) | 1;
    case CAP_BASE_HI:
    case CAP_RANGE:
        return locked ? 0 : 0xffffffff;
    case CAP_MISC1:
        return 0x0000001f;
    case MSI_HEADER:
        return 0x00710000;
    case MSI_ADDR_LO:
        return 0xfffffffc;
    case MSI_ADDR_HI:
    case SUBSYSTEM_WRITE:
    case MISC_CONTROL:
    case DEBUG_INDEX:
    case DEBUG_DATA:
        return 0xffffffff;
    case MSI_DATA:
        return 0x0000ffff;
    default:
        return 0;
    }
}

/* Status error bits are cleared by writing 1. */
static uint32_t write_one_clear(unsigned offset)
{
    return offset == PCI_COMMAND ? 0xf9000000 : 0;
}

void pci_write32(struct amdvi_device *device, unsigned offset, uint32_t value, uint32_t enable)
{
    uint32_t old = pci_read32(device, offset);
    uint32_t mask = writable(device, offset) & enable;
    uint32_t now = (old & ~mask) | (value & mask);

    put32(device, offset, now & ~(value & enable & write_one_clear(offset)));
    if (offset == SUBSYSTEM_WRITE)
        put32(device, PCI_SUBSYSTEM, pci_read32(device, SUBSYSTEM_WRITE));
}

/* From the end, so that the base is locked behind what its lock holds. */
void pci_restore(struct amdvi_device *device, const uint8_t bytes[PCI_CONFIG_BYTES])
{
    for (unsigned offset = PCI_CONFIG_BYTES; offset > 0;) {
        uint32_t changes, saved = 0;
        offset -= 4;
        changes = writable(device, offset) | write_one_clear(offset);
        for (unsigned i = 0; i < 4; i++)
            saved |= (uint32_t)bytes[offset + i] << 8 * i;
        put32(device, offset, (pci_read32(device, offset) & ~changes) | (saved & changes));
    }
    put32(device, PCI_SUBSYSTEM, pci_read32(device, SUBSYSTEM_WRITE));
}

void pci_signal_target_abort(struct amdvi_device *device)
{
    device->pci[PCI_COMMAND + 3] |= 1u << 3; /* status bit 11 */
}

bool pci_window(const struct amdvi_device *device, enum pci_window window, uint64_t *base)
{
    static const unsigned low[] = {[PCI_WINDOW_REGISTERS] = CAP_BASE_LO,
                                   [PCI_WINDOW_VF] = VSC_HEADER + VSC_VF_BASE_LO_OFFSET,
                                   [PCI_WINDOW_VFC] = VSC_HEADER + VSC_VFC_BASE_LO_OFFSET};
    uint64_t value = pci_read32(device, low[window]);
    uint64_t in_low = window == PCI_WINDOW_REGISTERS ? base_mask(device)
                      : window == PCI_WINDOW_VF      ? vsc_vf_base_lo_base(value)
                                                     : vsc_vfc_base_lo_base(value);

    *base = (value & in_low) | (uint64_t)pci_read32(device, low[window] + 4) << 32;
    return value & 1;
}

bool pci_msi_message(const struct amdvi_device *device, unsigned number, uint64_t *address, uint32_t *data)
{
    uint32_t header = pci_read32(device, MSI_HEADER);
    unsigned low = (1u << (header >> 20 & 7)) - 1; /* vectors that software allocated */

    *address = pci_read32(device, MSI_ADDR_LO) | (uint64_t)pci_read32(device, MSI_ADDR_HI) << 32;
    *data = (pci_read32(device, MSI_DATA) & ~low) | (number & low);
    return header >> 16 & 1;
}

/* The space has PCI_CONFIG_BYTES; bridges ask beyond, and an absent register reads all-ones (PCI). */
enum { PCI_EXTENDED_BYTES = 4096 };

static bool pci_access_legal(unsigned offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && offset % (size == 8 ? 4 : size) == 0 &&
           offset <= PCI_EXTENDED_BYTES - size;
}

static void pci_observe(const struct amdvi_device *device, bool write, unsigned offset, unsigned size,
                        uint64_t value)
{
    if (device->observed && device->observer.pci)
        device->observer.pci(device->observer.context, write, offset, size, value);
}

enum amdvi_status amdvi_pci_read(struct amdvi_device *device, unsigned offset, unsigned size, uint64_t *value)
{
    if (!device || !value)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    *value = 0;
    if (!pci_access_legal(offset, size))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    for (unsigned i = 0; i < size; i++)
        *value |= (uint64_t)(offset + i < PCI_CONFIG_BYTES ? device->pci[offset + i] : 0xff) << 8 * i;
    pci_observe(device, false, offset, size, *value);
    return AMDVI_OK;
}

static void pci_write_part(struct amdvi_device *device, unsigned offset, uint32_t value, uint32_t enable)
{
    if (offset < PCI_CONFIG_BYTES)
        pci_write32(device, offset, value, enable);
}

enum amdvi_status amdvi_pci_write(struct amdvi_device *device, unsigned offset, unsigned size, uint64_t value)
{
    unsigned shift = offset % 4 * 8;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (!pci_access_legal(offset, size))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    pci_observe(device, true, offset, size, value);
    if (size >= 4) {
        pci_write_part(device, offset, (uint32_t)value, UINT32_MAX);
        if (size == 8)
            pci_write_part(device, offset + 4, (uint32_t)(value >> 32), UINT32_MAX);
        return AMDVI_OK;
    }
    pci_write_part(device, offset & ~3u, (uint32_t)value << shift, (size == 1 ? 0xffu : 0xffffu) << shift);
    return AMDVI_OK;
}
