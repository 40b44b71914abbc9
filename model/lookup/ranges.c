// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/ranges.h"

#include "model/lookup/marc.h"
#include "tables/layout.h"

enum { PAGE_BYTES = 4096 };

bool range_excluded(const struct amdvi_device *device, const struct translation *t)
{
    uint64_t base = device->reg[REG_EXCLUSION_BASE], limit = device->reg[REG_EXCLUSION_LIMIT];

    if (device->env.snp || !reg_exclusion_base_exen(base) || t->request->has_pasid)
        return false;
    if (!reg_exclusion_base_allow(base) && !t->dte->exclusion)
        return false;
    return t->address >= reg_exclusion_base_base(base) &&
           t->address <= (reg_exclusion_limit_limit(limit) | (PAGE_BYTES - 1));
}

enum reason range_interrupt_reason(const struct translation *t)
{
    const struct amdvi_request *rq = t->request;

    if (rq->at == AMDVI_TRANSLATION_REQUEST)
        return REASON_ATS_ADDRESS;
    if (rq->op != AMDVI_WRITE)
        return REASON_REQ_INT_READ;
    return rq->has_pasid && rq->length == 4 && t->address % 4 == 0 ? REASON_INT_PASID : REASON_REQ_INT_RANGE;
}

static enum range_action sysmgt_range(const struct dte *dte, enum reason *reason)
{
    *reason = REASON_REQ_SYSMGT;
    switch (dte->sysmgt) {
    case DTE_SYSMGT_FORWARD:
        return RANGE_FORWARD;
    case DTE_SYSMGT_TRANSLATE:
        return RANGE_TRANSLATE;
    default:
        return RANGE_FAIL; /* 10b forwards INTx messages only, and those are not memory requests */
    }
}

static enum range_action port_io_range(const struct dte *dte, enum reason *reason)
{
    *reason = REASON_REQ_PORT_IO;
    switch (dte->ioctl) {
    case DTE_IOCTL_FORWARD:
        return RANGE_FORWARD;
    case DTE_IOCTL_TRANSLATE:
        return RANGE_TRANSLATE;
    case DTE_IOCTL_ABORT:
        return RANGE_FAIL;
    default:
        *reason = REASON_DTE_IOCTL;
        return RANGE_FAIL;
    }
}

/* The parts of the HyperTransport hole that a field controls (8.1). The rest of it is ordinary space. */
enum range_action range_special(const struct amdvi_device *device, const struct translation *t,
                                enum reason *reason)
{
    uint64_t page = t->address >> 20;

    if (t->address >> 40 || t->address < 0xfd00000000 || !device->config.value[CONFIG_HT_RANGES] ||
        reg_efr2_htrangeignore(device->env.efr2) || t->request->has_pasid)
        return RANGE_TRANSLATE;
    *reason = t->request->at == AMDVI_TRANSLATION_REQUEST ? REASON_ATS_ADDRESS : REASON_REQ_RESERVED_INT;
    if (page < 0xfdf80)
        return RANGE_FAIL;
    if (page < 0xfdf90) {
        *reason = t->request->at == AMDVI_TRANSLATION_REQUEST ? REASON_ATS_ADDRESS : REASON_REQ_INT_RANGE;
        return RANGE_FAIL;
    }
    if (page == 0xfdf91)
        return sysmgt_range(t->dte, reason);
    if (page >= 0xfdfc0 && page < 0xfdfe0)
        return port_io_range(t->dte, reason);
    return RANGE_TRANSLATE;
}

/* ---------------------------------------------------------------- where they begin and end */

static void cut(uint64_t *last, uint64_t address, uint64_t first, uint64_t end)
{
    if (address < first && first <= *last)
        *last = first - 1;
    else if (address >= first && address <= end && end < *last)
        *last = end;
}

/* Where what range_special() says of the HyperTransport hole changes (8.1). */
static void cut_at_hole(uint64_t *last, uint64_t address)
{
    static const uint32_t pages[] = {0xfd000, 0xfdf80, 0xfdf90, 0xfdf91, 0xfdf92, 0xfdfc0, 0xfdfe0};

    for (size_t i = 0; i + 1 < sizeof(pages) / sizeof(pages[0]); i++)
        cut(last, address, (uint64_t)pages[i] << 20, ((uint64_t)pages[i + 1] << 20) - 1);
}

uint64_t range_alike_until(const struct amdvi_device *device, uint64_t address)
{
    uint64_t exclusion = device->reg[REG_EXCLUSION_BASE], last = UINT64_MAX, first, end;

    cut(&last, address, 0xfee00000, 0xfeefffff);
    cut_at_hole(&last, address);
    if (reg_exclusion_base_exen(exclusion))
        cut(&last, address, reg_exclusion_base_base(exclusion),
            reg_exclusion_limit_limit(device->reg[REG_EXCLUSION_LIMIT]) | (PAGE_BYTES - 1));
    for (unsigned i = 0; i < MARC_APERTURES; i++)
        if (marc_aperture(device, i, &first, &end))
            cut(&last, address, first, end);
    return last;
}
