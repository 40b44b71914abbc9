// SPDX-License-Identifier: Apache-2.0
/* Whose log a fault goes to: that of the guest that owns the device, or the host's (viommu 8.1). */
#include "model/guests/guest.h"

/* What the guest's own tables did wrong; all else is the host's affair (viommu 8.1, E5). */
static bool made_by_guest(const struct amdvi_device *device, enum reason reason)
{
    switch (reason) {
    case REASON_GUEST_PASID_RANGE:
    case REASON_GUEST_GCR3_INVALID:
    case REASON_GUEST_GCR3_RESERVED:
        return !device->config.value[CONFIG_GCR3_FAULT];
    case REASON_GUEST_CANONICAL:
    case REASON_GUEST_NOT_PRESENT:
    case REASON_GUEST_RESERVED:
    case REASON_GUEST_PERMISSION:
    case REASON_GUEST_USER:
    case REASON_GUEST_NX:
        return true;
    default:
        return false;
    }
}

/* By choice the guest hears of what the host's table refuses its device (viommu 11 #20). */
static bool also_to_guest(const struct amdvi_device *device, enum reason reason)
{
    return device->config.value[CONFIG_HOST_FAULT] && reason >= REASON_HOST_WIDTH &&
           reason <= REASON_HOST_PERMISSION;
}

/* With the IDs the guest knows (viommu 8.2). */
static bool report_to_guest(struct amdvi_device *device, const struct event *event, const struct dte *dte)
{
    const struct guest *owner = guest_find(device, dte->guest_id);
    struct event guest = *event;

    guest.device = dte->guest_device;
    if (owner && !(event->flags & EVENT_GN))
        guest.domain = map_guest_domain(device, owner, event->domain);
    return guest_event(device, dte->guest_id, &guest);
}

/* To the guest that owns the device, or to the host. */
static bool report(struct amdvi_device *device, enum reason reason, const struct event *event,
                   const struct dte *dte)
{
    bool logged;

    if (!dte || !dte->vimu)
        return event_report(device, event);
    if (made_by_guest(device, reason) && (!device->config.value[CONFIG_GUEST_LOG_OFF] ||
                                          guest_logs_events(device, dte->guest_id))) /* 11 #37 */
        return report_to_guest(device, event, dte);
    logged = event_report(device, event);
    if (also_to_guest(device, reason))
        report_to_guest(device, event, dte);
    return logged;
}

void fault_raise(struct amdvi_device *device, enum reason reason, const struct fault_facts *facts,
                 const struct dte *dte, struct amdvi_fault *fault)
{
    struct event event;

    if (fault_make(device, reason, facts, dte, &event, fault))
        fault->logged = report(device, reason, &event, dte);
}
