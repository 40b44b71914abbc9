// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/apertures.h"

#include "model/layout.h"

enum { PCI_CAP_SECURE = 0x0f, PCI_CAP_VENDOR = 0x09, PCI_CAPABILITIES = 48 /* more do not fit */ };

static uint64_t read32(struct amdvi_device *device, unsigned offset)
{
    uint64_t value = 0;

    return amdvi_pci_read(device, offset, 4, &value) ? 0 : value;
}

static unsigned find(struct amdvi_device *device, unsigned id)
{
    unsigned at = (unsigned)pci_cap_ptr_capptr(read32(device, PCI_CAP_PTR_OFFSET));

    for (unsigned i = 0; at && i < PCI_CAPABILITIES; i++) {
        uint64_t header = read32(device, at & ~3u);
        if (vsc_header_capid(header) == id)
            return at & ~3u;
        at = (unsigned)vsc_header_capptr(header);
    }
    return 0;
}

bool hv_apertures_find(struct amdvi_device *device, struct hv_apertures *apertures)
{
    unsigned at = find(device, PCI_CAP_VENDOR), own = find(device, PCI_CAP_SECURE);
    uint64_t vf, vfc;

    if (!at || !own)
        return false;
    apertures->capability = (uint32_t)read32(device, own + CAP_HEADER_OFFSET);
    vf = read32(device, at + VSC_VF_BASE_LO_OFFSET);
    vfc = read32(device, at + VSC_VFC_BASE_LO_OFFSET);
    apertures->vf = vsc_vf_base_lo_base(vf) | read32(device, at + VSC_VF_BASE_HI_OFFSET) << 32;
    apertures->vfc = vsc_vfc_base_lo_base(vfc) | read32(device, at + VSC_VFC_BASE_HI_OFFSET) << 32;
    return vsc_vf_base_lo_enable(vf) && vsc_vfc_base_lo_enable(vfc) && apertures->vf && apertures->vfc;
}
