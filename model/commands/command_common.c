// SPDX-License-Identifier: Apache-2.0
/* Commands that host and guests share, with host IDs (6.4; viommu 7.1). */
#include "model/commands/command.h"

#include "model/commands/ats.h"
#include "model/guests/guest.h"
#include "model/lookup/invalidate.h"

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

static void drop_pages(struct amdvi_device *device, struct job *job, const struct command *c,
                       const struct guest *guest)
{
    struct tlb_space space = {.domain = (uint16_t)cmd_inv_pages_domainid(c->words),
                              .guest = cmd_inv_pages_gn(c->words)};
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(c->words), cmd_inv_pages_s(c->words));

    if (space.guest)
        space.pasid = (uint32_t)cmd_inv_pages_pasid(c->words);
    /* A guest knows nothing of host tables: its GN=0 drops what is nested in the domain (viommu 11 #16). */
    if (guest && !space.guest && !device->config.value[CONFIG_GUEST_GN0])
        invalidate_combined(device, space.domain);
    else
        job->counts->entries_invalidated +=
            invalidate_pages(device, &space, &range, cmd_inv_pages_pde(c->words));
}

/* A response carries a PASID only where the device table says so, or by choice always (9.4). */
static enum command_progress complete_ppr(struct amdvi_device *device, struct job *job,
                                          const struct command *c)
{
    uint16_t id = (uint16_t)cmd_complete_ppr_deviceid(c->words);
    struct dte_fetch fetch = {.asked = false};
    struct amdvi_prg_response response = {.device = id,
                                          .index = (uint16_t)cmd_complete_ppr_prgindex(c->words),
                                          .code = (uint8_t)cmd_complete_ppr_response(c->words)};

    dtc_fetch(device, job, id, &fetch);
    response.has_pasid =
        cmd_complete_ppr_gn(c->words) && prg_carries_pasid(device, fetch.reason ? NULL : fetch.dte);
    response.pasid = response.has_pasid ? (uint32_t)cmd_complete_ppr_pasid(c->words) : 0;
    prg_respond(device, &response);
    return COMMAND_DONE;
}

enum command_progress command_common(struct amdvi_device *device, struct job *job, const struct command *c,
                                     struct guest *guest)
{
    switch (cmd_opcode(c->words)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        dtc_invalidate(device, (uint16_t)cmd_inv_devtab_deviceid(c->words));
        break;
    case CMD_INVALIDATE_IOMMU_PAGES:
        drop_pages(device, job, c, guest);
        break;
    case CMD_INVALIDATE_IOTLB_PAGES:
        if (!atc_invalidate(device, c->words, c->address, guest ? &guest->ats : &device->atc.host))
            return COMMAND_BLOCKED;
        break;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        itc_invalidate(device, (uint16_t)cmd_inv_intr_deviceid(c->words));
        break;
    case CMD_PREFETCH_IOMMU_PAGES:
        prefetch(device, job, c->words);
        return COMMAND_DONE;
    case CMD_COMPLETE_PPR_REQUEST:
        return complete_ppr(device, job, c);
    default:
        return COMMAND_DONE;
    }
    job->counts->invalidations++;
    return COMMAND_DONE;
}
