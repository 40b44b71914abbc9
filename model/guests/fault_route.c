// SPDX-License-Identifier: Apache-2.0
/* Whose log a fault goes to: that of the guest that owns the device, or the host's (viommu 8.1). */
#include "model/guests/guest.h"

#include "model/guests/fault_route.h"
#include "model/logs/record.h"

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
static bool report_to_guest(struct amdvi_device *device, struct job *job, const struct event *event,
                            const struct dte *dte, bool *logged)
{
    struct record record = {
        .log = AMDVI_LOG_EVENT, .of_guest = true, .guest_id = dte->guest_id, .host_domain = event->domain};
    struct event guest = *event;

    guest.device = dte->guest_device;
    record.find_domain = !(event->flags & EVENT_GN);
    event_encode(&guest, record.words);
    return record_write(device, job, &record, logged);
}

/* Whether the guest that owns the device hears of it instead of the host (11 #37). */
static bool guests_affair(const struct amdvi_device *device, enum reason reason, const struct dte *dte)
{
    return made_by_guest(device, reason) &&
           (!device->config.value[CONFIG_GUEST_LOG_OFF] || guest_logs_events(device, dte->guest_id));
}

/* To the guest that owns the device, or to the host. */
static bool report(struct amdvi_device *device, struct job *job, enum reason reason, const struct dte *dte,
                   bool *logged, struct fault_report *r)
{
    if (!dte || !dte->vimu)
        return event_report(device, job, &r->event, logged);
    if (guests_affair(device, reason, dte))
        return report_to_guest(device, job, &r->event, dte, logged);
    STEPS_BEGIN(&r->both);
    STEPS_WAIT(&r->both, event_report(device, job, &r->event, logged));
    if (also_to_guest(device, reason))
        STEPS_WAIT(&r->both, report_to_guest(device, job, &r->event, dte, NULL));
    STEPS_END(&r->both);
}

bool fault_raise(struct amdvi_device *device, struct job *job, enum reason reason,
                 const struct fault_facts *facts, const struct dte *dte, struct amdvi_fault *fault,
                 struct fault_report *r)
{
    STEPS_BEGIN(&r->steps);
    r->both.at = 0;
    if (fault_make(device, reason, facts, dte, &r->event, fault))
        STEPS_WAIT(&r->steps, report(device, job, reason, dte, &fault->logged, r));
    STEPS_END(&r->steps);
}
