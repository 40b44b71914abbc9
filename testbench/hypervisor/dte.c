// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/dte.h"

#include "model/layout.h"
#include "tables/layout.h"

#include <string.h>

static void set_root(uint64_t mask[4])
{
    dte_set_gcr3_root(mask, UINT64_MAX);
}

void hv_dte_known(uint64_t mask[4])
{
    memset(mask, 0, 4 * sizeof(mask[0]));
    set_root(mask);
    mask[DTE_V_WORD] |= DTE_V_MASK | DTE_TV_MASK | DTE_PPR_MASK | DTE_GIOV_MASK | DTE_GV_MASK | DTE_GLX_MASK;
    mask[DTE_IR_WORD] |= DTE_IR_MASK | DTE_IW_MASK;
    mask[DTE_MODE_WORD] |= DTE_MODE_MASK | DTE_HOST_ROOT_MASK; /* known, and then refused by name */
    mask[DTE_DOMAINID_WORD] |= DTE_DOMAINID_MASK;
    mask[DTE_GUESTPAGINGMODE_WORD] |= DTE_GUESTPAGINGMODE_MASK;
}

static bool unknown_bits(const uint64_t entry[4], uint64_t efr)
{
    uint64_t mask[4];

    hv_dte_known(mask);
    for (unsigned i = 0; i < 4; i++)
        if (entry[i] & ~mask[i])
            return true;
    return (dte_giov(entry) && !reg_efr_giosup(efr)) || (dte_ppr(entry) && !reg_efr_ephsup(efr));
}

static enum hv_dte_fault check_guest_half(const uint64_t entry[4], uint64_t efr)
{
    if (dte_gcr3_root(entry) == 0)
        return HV_DTE_NO_ROOT;
    if (dte_guestpagingmode(entry) > DTE_GUESTPAGINGMODE_LEVEL5)
        return HV_DTE_PAGING_MODE;
    if (dte_guestpagingmode(entry) == DTE_GUESTPAGINGMODE_LEVEL5 && reg_efr_gats(efr) == 0)
        return HV_DTE_FIVE_LEVELS;
    if (dte_glx(entry) > DTE_GLX_LEVEL3)
        return HV_DTE_GLX;
    if (dte_glx(entry) > reg_efr_glxsup(efr))
        return HV_DTE_GLX_LEVELS;
    return HV_DTE_GOOD;
}

enum hv_dte_fault hv_dte_check(const uint64_t entry[4], uint64_t efr)
{
    if (!dte_v(entry) || !dte_tv(entry) || !dte_gv(entry))
        return HV_DTE_NOT_VALID;
    if (unknown_bits(entry, efr))
        return HV_DTE_UNKNOWN_BITS;
    if (dte_mode(entry) != DTE_MODE_NONE)
        return HV_DTE_MODE;
    if (dte_host_root(entry))
        return HV_DTE_HOST_ROOT;
    if (!dte_ir(entry) || !dte_iw(entry))
        return HV_DTE_PERMISSION;
    return check_guest_half(entry, efr);
}

const char *hv_dte_fault_text(enum hv_dte_fault fault)
{
    static const char *const texts[] = {
        [HV_DTE_GOOD] = "good",
        [HV_DTE_NOT_VALID] = "V, TV or GV is 0",
        [HV_DTE_UNKNOWN_BITS] = "bits that are not known",
        [HV_DTE_MODE] = "Mode is not 0",
        [HV_DTE_HOST_ROOT] = "host root is not 0",
        [HV_DTE_NO_ROOT] = "GCR3 root is 0",
        [HV_DTE_PAGING_MODE] = "GuestPagingMode is reserved",
        [HV_DTE_FIVE_LEVELS] = "five levels are not supported",
        [HV_DTE_GLX] = "GLX is reserved",
        [HV_DTE_GLX_LEVELS] = "more GCR3 levels than supported",
        [HV_DTE_PERMISSION] = "IR or IW is 0",
    };

    return (unsigned)fault < sizeof(texts) / sizeof(texts[0]) ? texts[fault] : "unknown";
}

bool hv_dte_same(const uint64_t a[4], const uint64_t b[4])
{
    return memcmp(a, b, 4 * sizeof(a[0])) == 0;
}

/* V=1, TV=0: requests are refused (iommu 3.3). An entry of zeros would let them pass. */
void hv_dte_blocked(uint64_t entry[4])
{
    memset(entry, 0, 4 * sizeof(entry[0]));
    dte_set_v(entry, 1);
}

void hv_dte_host(uint64_t entry[4], uint64_t root, unsigned mode, uint16_t domain)
{
    hv_dte_blocked(entry);
    dte_set_tv(entry, 1);
    dte_set_mode(entry, mode);
    dte_set_host_root(entry, root);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, domain);
}

void hv_dte_nest(uint64_t entry[4], const uint64_t guest_entry[4])
{
    dte_set_gv(entry, 1);
    dte_set_ppr(entry, dte_ppr(guest_entry));
    dte_set_glx(entry, dte_glx(guest_entry));
    dte_set_giov(entry, dte_giov(guest_entry));
    dte_set_gcr3_root(entry, dte_gcr3_root(guest_entry));
    dte_set_guestpagingmode(entry, dte_guestpagingmode(guest_entry));
}

void hv_dte_own(uint64_t entry[4], uint16_t guest_id, uint16_t guest_device)
{
    dte_set_vimuen(entry, 1);
    dte_set_gdeviceid(entry, guest_device);
    dte_set_guestid(entry, guest_id);
}
