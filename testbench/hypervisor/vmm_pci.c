// SPDX-License-Identifier: Apache-2.0
/* The PCI function, the IVRS and the MSI of the guest's IOMMU (iommu 1.1 to 1.3, 8.7): those of a device with
 * the guest's features that nobody else uses. It also remaps the guest's interrupts (vmm_messages.c). */
#include "testbench/hypervisor/vmm_internal.h"

#include "amdvi/ivrs.h"
#include "model/layout.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    FIRST_CAPABILITY = 0x34,
    CAPABILITY_IOMMU = 0x0f,
    CAPABILITY_MSI = 0x05,
    BASE_LOW = 4,
    MSI_ADDRESS = 4,
    MSI_DATA = 12,
    CAPABILITIES_MAX = 48,
    DEFAULT_FUNCTION = 0x0002 /* 00:00.2, where IOMMUs are (iommu 1.1) */
};

static bool set(struct amdvi_config *config, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "0x%" PRIx64, value);
    return !amdvi_config_set(config, key, text);
}

static uint64_t get(const struct hv_vmm *vmm, unsigned offset, unsigned size)
{
    uint64_t value = 0;

    amdvi_pci_read(vmm->function, offset, size, &value);
    return value;
}

static unsigned find_capability(const struct hv_vmm *vmm, unsigned id)
{
    unsigned at = (unsigned)get(vmm, FIRST_CAPABILITY, 1);

    for (unsigned i = 0; at && i < CAPABILITIES_MAX; i++) {
        if (get(vmm, at, 1) == id)
            return at;
        at = (unsigned)get(vmm, at + 1, 1);
    }
    return 0;
}

/* What firmware does: the register space is where the block says (iommu 1.2). */
static void enable(struct hv_vmm *vmm)
{
    unsigned at = find_capability(vmm, CAPABILITY_IOMMU) + BASE_LOW;

    amdvi_pci_write(vmm->function, at, 4, get(vmm, at, 4) | 1);
}

uint16_t vmm_function(const struct hv_vmm *vmm)
{
    return vmm->options.iommu ? vmm->options.iommu : DEFAULT_FUNCTION;
}

/* Of the default's, NpCache changes: it tells drivers to flush what becomes present. */
static bool show_capability(struct hv_vmm *vmm)
{
    uint64_t header;

    if (!vmm->options.host_tables)
        return true;
    return !amdvi_config_number(vmm->shown, "cap_header", &header) &&
           set(vmm->shown, "cap_header", header | CAP_HEADER_NPCACHE_MASK);
}

static bool configure(struct hv_vmm *vmm)
{
    return set(vmm->shown, "efr", vmm->registers.efr) && set(vmm->shown, "efr2", 0) &&
           !amdvi_config_set(vmm->shown, "caches", "off") && set(vmm->shown, "devid", vmm_function(vmm)) &&
           show_capability(vmm) && (!vmm->options.mmio || set(vmm->shown, "mmio_base", vmm->options.mmio));
}

enum hv_status vmm_pci_create(struct hv_vmm *vmm)
{
    const struct amdvi_memory tables = vmm_tables_port(vmm);

    if (amdvi_config_create(&vmm->shown))
        return HV_ERR_NO_MEMORY;
    if (!configure(vmm))
        return HV_ERR_ARGUMENT;
    if (amdvi_create(vmm->shown, &tables, NULL, NULL, &vmm->function))
        return HV_ERR_NO_MEMORY;
    enable(vmm);
    return HV_OK;
}

void vmm_pci_destroy(struct hv_vmm *vmm)
{
    amdvi_destroy(vmm->function);
    amdvi_config_destroy(vmm->shown);
}

void vmm_pci_reset(struct hv_vmm *vmm)
{
    amdvi_reset(vmm->function);
    vmm->shown_table = vmm->shown_control = 0;
    enable(vmm);
}

enum hv_status hv_vmm_pci_read(struct hv_vmm *vmm, unsigned offset, unsigned size, uint64_t *value)
{
    if (!vmm || !value)
        return HV_ERR_ARGUMENT;
    return amdvi_pci_read(vmm->function, offset, size, value) ? HV_ERR_ARGUMENT : HV_OK;
}

enum hv_status hv_vmm_pci_write(struct hv_vmm *vmm, unsigned offset, unsigned size, uint64_t value)
{
    if (!vmm || amdvi_pci_write(vmm->function, offset, size, value))
        return HV_ERR_ARGUMENT;
    vmm_interrupts_changed(vmm);
    return HV_OK;
}

/* Address bits 19:12 are the destination, data bits 7:0 the vector (iommu 8.2). One message serves all
 * causes: MsiNum and MsiNumPPR are 0. */
static void msi(const struct hv_vmm *vmm, struct hv_interrupt *interrupt)
{
    unsigned at = find_capability(vmm, CAPABILITY_MSI);

    interrupt->valid = msi_header_msien(get(vmm, at, 4));
    interrupt->destination = (uint32_t)(get(vmm, at + MSI_ADDRESS, 4) >> 12 & 0xff);
    interrupt->vector = (uint8_t)get(vmm, at + MSI_DATA, 1);
}

/* A guest is not offered XTSup, but a VMM of its own may be: its registers count when they hold something. */
void vmm_interrupt_of(const struct hv_vmm *vmm, enum hv_interrupt_type type, struct hv_interrupt *interrupt)
{
    hv_registers_interrupt(type == HV_INTERRUPT_PPR ? vmm->registers.xt_ppr : vmm->registers.xt_event,
                           interrupt);
    if (!interrupt->valid)
        msi(vmm, interrupt);
}

/* Functions below the IOMMU's own, and a range for those above it: also those that are plugged in later.
 * Without an IOAPIC the guest's driver leaves interrupt remapping off. */
enum hv_status hv_vmm_ivrs(const struct hv_vmm *vmm, void *buffer, size_t room, size_t *bytes)
{
    uint16_t below[VMM_DEVICES];
    struct amdvi_ivrs_unit unit = {.functions = below};
    const struct amdvi_ivrs_special ioapic = {.handle = vmm ? vmm->ioapic.number : 0,
                                              .source = vmm ? vmm->ioapic.device : 0,
                                              .setting = AMDVI_IVRS_SOUTHBRIDGE};
    struct amdvi_ivrs_table table = {.units = &unit, .units_count = 1};

    if (!vmm || !bytes || (room && !buffer))
        return HV_ERR_ARGUMENT;
    unit.config = vmm->shown;
    unit.specials = &ioapic;
    unit.specials_count = vmm->remapping;
    unit.first = (uint16_t)(vmm_function(vmm) + 1);
    unit.last = vmm_function(vmm) == UINT16_MAX ? 0 : UINT16_MAX;
    for (unsigned i = 0; i < vmm->count; i++)
        if (vmm->devices[i].guest < vmm_function(vmm))
            below[unit.functions_count++] = vmm->devices[i].guest;
    return amdvi_ivrs_build(&table, buffer, room, bytes) ? HV_ERR_ARGUMENT : HV_OK;
}
