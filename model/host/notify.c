// SPDX-License-Identifier: Apache-2.0
/* Invalidations as a host that keeps translations of one device wants to hear of them. */
#include "amdvi/host.h"

#include "model/base/allocator.h"
#include "model/lint/shadow.h"
#include "model/lookup/dtc.h"

struct amdvi_notifier {
    struct amdvi_device *device;
    struct amdvi_observation *observation;
    uint16_t requester;
    void (*invalidated)(void *context, const struct amdvi_invalidated *what);
    void *context;
};

static struct amdvi_invalidated everything(const struct amdvi_notifier *n)
{
    return (struct amdvi_invalidated){.device = n->requester, .last = UINT64_MAX, .entry = true};
}

static void tell(const struct amdvi_notifier *n, const struct amdvi_invalidated *what)
{
    n->invalidated(n->context, what);
}

/* Whether a command for this domain may be meant for the device: by the entry that is cached, or by the one
 * in memory. `nested`: its IOVAs are not what host tables translate. */
static bool in_domain(const struct amdvi_notifier *n, uint16_t domain, bool *nested)
{
    const struct dte *cached = dtc_peek(n->device, n->requester);
    struct shadow shadow;

    shadow_dte(n->device, n->requester, &shadow);
    *nested = (cached && cached->guest) || (shadow.dte_known && shadow.dte.guest);
    if (cached && cached->domain == domain)
        return true;
    return shadow.dte_known ? shadow.dte.domain == domain : !cached;
}

/* GN=0 speaks of GPAs where guest tables lie above: any IOVA may lead there [6.4]. */
static void pages(const struct amdvi_notifier *n, const uint64_t words[2])
{
    struct amdvi_invalidated what = {.device = n->requester, .last = UINT64_MAX};
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    bool nested;

    if (!in_domain(n, (uint16_t)cmd_inv_pages_domainid(words), &nested))
        return;
    what.has_pasid = cmd_inv_pages_gn(words);
    what.pasid = what.has_pasid ? (uint32_t)cmd_inv_pages_pasid(words) : 0;
    if (range.shift < CMD_RANGE_ALL && (what.has_pasid || !nested)) {
        what.first = range.base;
        what.last = range.base + (((uint64_t)1 << range.shift) - 1);
    }
    tell(n, &what);
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    const struct amdvi_notifier *n = context;
    struct amdvi_invalidated what = everything(n);

    if (!info->legal)
        return;
    switch (cmd_opcode(info->executed)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        if (cmd_inv_devtab_deviceid(info->executed) == n->requester)
            tell(n, &what);
        break;
    case CMD_INVALIDATE_IOMMU_PAGES:
        pages(n, info->executed);
        break;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        what.entry = false;
        what.interrupts = true;
        if (cmd_inv_intr_deviceid(info->executed) == n->requester)
            tell(n, &what);
        break;
    case CMD_INVALIDATE_IOMMU_ALL:
        tell(n, &what);
        break;
    default:
        break;
    }
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    const struct amdvi_notifier *n = context;
    struct amdvi_invalidated what = everything(n);

    if (info->call == AMDVI_CALL_RESET || info->call == AMDVI_CALL_RESTORE)
        tell(n, &what);
}

enum amdvi_status amdvi_notifier_create(struct amdvi_device *device, uint16_t requester,
                                        void (*invalidated)(void *context,
                                                            const struct amdvi_invalidated *what),
                                        void *context, struct amdvi_notifier **notifier)
{
    struct amdvi_observer observer = {.command = on_command, .call = on_call};
    struct amdvi_notifier *new;

    if (!device || !invalidated || !notifier)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    new = allocate_zeroed(&device->allocator, sizeof(*new));
    if (!new)
        return AMDVI_ERR_NO_MEMORY;
    *new = (struct amdvi_notifier){
        .device = device, .requester = requester, .invalidated = invalidated, .context = context};
    observer.context = new;
    if (amdvi_observer_attach(device, &observer, &new->observation) != AMDVI_OK) {
        release(&device->allocator, new);
        return AMDVI_ERR_NO_MEMORY;
    }
    *notifier = new;
    return AMDVI_OK;
}

void amdvi_notifier_destroy(struct amdvi_notifier *notifier)
{
    struct amdvi_allocator allocator;

    if (!notifier)
        return;
    allocator = notifier->device->allocator;
    amdvi_observer_detach(notifier->observation);
    release(&allocator, notifier);
}
