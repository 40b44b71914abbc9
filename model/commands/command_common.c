// SPDX-License-Identifier: Apache-2.0
/* Commands that host and guests share, with host IDs (6.4; viommu 7.1). */
#include "model/commands/command.h"

#include "model/commands/ats.h"
#include "model/guests/guest.h"
#include "model/lookup/invalidate.h"
#include "model/lookup/itc.h"
#include "model/signals/signals.h"

static bool stray_pasid(const uint64_t words[2])
{
    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_IOMMU_PAGES:
        return !cmd_inv_pages_gn(words) && cmd_inv_pages_pasid(words);
    case CMD_INVALIDATE_IOTLB_PAGES: /* the same bits in either layout */
        return !cmd_inv_iotlb_gn(words) && cmd_inv_iotlb_pasid(words);
    default:
        return false;
    }
}

bool command_legal(const struct amdvi_device *device, const uint64_t words[2])
{
    return cmd_legal(&device->rules, words) &&
           !(device->config.value[CONFIG_CMD_STRAY_PASID] && stray_pasid(words));
}

unsigned command_drop_pages(struct amdvi_device *device, struct job *job, const struct guest *guest,
                            const uint64_t words[2])
{
    struct tlb_space space = {.domain = (uint16_t)cmd_inv_pages_domainid(words),
                              .guest = cmd_inv_pages_gn(words)};
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    unsigned dropped = 0;

    if (space.guest)
        space.pasid = (uint32_t)cmd_inv_pages_pasid(words);
    /* A guest knows nothing of host tables: its GN=0 drops what is nested in the domain (viommu 11 #16). */
    if (guest && !space.guest && !device->config.value[CONFIG_GUEST_GN0])
        invalidate_combined(device, space.domain);
    else
        dropped = invalidate_pages(device, &space, &range, cmd_inv_pages_pde(words));
    job->counts->entries_invalidated += dropped;
    return dropped;
}

/* A response carries a PASID only where the device table says so, or by choice always (9.4). */
static bool complete_ppr(struct amdvi_device *device, struct command_job *c)
{
    const uint64_t *words = c->at.host;
    uint16_t id = (uint16_t)cmd_complete_ppr_deviceid(words);
    struct amdvi_prg_response response = {.device = id,
                                          .index = (uint16_t)cmd_complete_ppr_prgindex(words),
                                          .code = (uint8_t)cmd_complete_ppr_response(words)};

    if (!dtc_fetch(device, &c->job, id, &c->entry))
        return false;
    response.has_pasid =
        cmd_complete_ppr_gn(words) && prg_carries_pasid(device, c->entry.reason ? NULL : c->entry.dte);
    response.pasid = response.has_pasid ? (uint32_t)cmd_complete_ppr_pasid(words) : 0;
    prg_respond(device, &response);
    return true;
}

static void invalidate_devices_own(struct amdvi_device *device, struct command_job *c)
{
    struct atc_issuer *issuer = c->guest ? &c->guest->ats : &device->atc.host;

    if (!atc_invalidate(device, c->at.host, c->at.address, issuer))
        c->progress = COMMAND_BLOCKED;
}

/* The rest is invalidation. */
static void invalidate(struct amdvi_device *device, struct command_job *c)
{
    const uint64_t *words = c->at.host;

    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        dtc_invalidate(device, (uint16_t)cmd_inv_devtab_deviceid(words));
        break;
    case CMD_INVALIDATE_IOMMU_PAGES:
        c->entries += command_drop_pages(device, &c->job, c->guest, words);
        break;
    case CMD_INVALIDATE_IOTLB_PAGES:
        invalidate_devices_own(device, c);
        break;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        itc_invalidate(device, (uint16_t)cmd_inv_intr_deviceid(words));
        break;
    default:
        return;
    }
    if (c->progress == COMMAND_DONE)
        command_invalidated(c);
}

bool command_common(struct amdvi_device *device, struct command_job *c)
{
    switch (cmd_opcode(c->at.host)) {
    case CMD_PREFETCH_IOMMU_PAGES:
        return prefetch_step(device, &c->job, c->at.host, &c->entry, &c->prefetch);
    case CMD_COMPLETE_PPR_REQUEST:
        return complete_ppr(device, c);
    default:
        invalidate(device, c);
        return true;
    }
}
