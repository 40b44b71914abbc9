// SPDX-License-Identifier: Apache-2.0
/*
 * The list of observers. Whatever happens is told to `device->observer`, a hub that hands on to all of them;
 * while they run the device takes no calls that would change it. A device without observers pays nothing for
 * the list.
 */
#include "model/observe/observer.h"

#include "model/base/allocator.h"
#include "model/base/sized.h"
#include "model/device.h"

/* Calls one function of each observer that has it. */
#define HAND_ON(context_, function, ...)                                                                     \
    do {                                                                                                     \
        struct amdvi_device *device_ = (context_);                                                           \
        bool was_ = device_leave(device_);                                                                   \
        for (const struct amdvi_observation *o_ = device_->observations; o_; o_ = o_->next)                  \
            if (o_->observer.function)                                                                       \
                o_->observer.function(o_->observer.context, __VA_ARGS__);                                    \
        device_return(device_, was_);                                                                        \
    } while (0)

static void on_access(void *context, const struct amdvi_access_info *info)
{
    HAND_ON(context, access, info);
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    HAND_ON(context, request, request, result);
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    HAND_ON(context, interrupt, requester, address, data, result);
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    HAND_ON(context, command, info);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    HAND_ON(context, event, info);
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    HAND_ON(context, mmio, write, offset, size, value);
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    HAND_ON(context, hit, info);
}

static void on_guest_mmio(void *context, uint16_t guest_id, bool control, bool write, uint64_t offset,
                          unsigned size, uint64_t value)
{
    HAND_ON(context, guest_mmio, guest_id, control, write, offset, size, value);
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    HAND_ON(context, call, info);
}

static void on_pci(void *context, bool write, unsigned offset, unsigned size, uint64_t value)
{
    HAND_ON(context, pci, write, offset, size, value);
}

static void on_page_request(void *context, const struct amdvi_page_request *request,
                            const struct amdvi_page_request_result *result)
{
    HAND_ON(context, page_request, request, result);
}

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    HAND_ON(context, irq, irq);
}

static void on_atc_invalidate(void *context, const struct amdvi_atc_invalidation *invalidation,
                              enum amdvi_atc_answer answer)
{
    HAND_ON(context, atc_invalidate, invalidation, answer);
}

static void on_prg_response(void *context, const struct amdvi_prg_response *response)
{
    HAND_ON(context, prg_response, response);
}

/* Takes a function of the hub where any observer has it: what nobody wants is not even told to the hub. */
#define WANTED(hub, all, function) (hub)->function = (all)->function ? on_##function : (hub)->function

static void want(struct amdvi_observer *hub, const struct amdvi_observer *one)
{
    WANTED(hub, one, access);
    WANTED(hub, one, request);
    WANTED(hub, one, interrupt);
    WANTED(hub, one, command);
    WANTED(hub, one, event);
    WANTED(hub, one, mmio);
    WANTED(hub, one, hit);
    WANTED(hub, one, guest_mmio);
    WANTED(hub, one, call);
    WANTED(hub, one, pci);
    WANTED(hub, one, page_request);
    WANTED(hub, one, irq);
    WANTED(hub, one, atc_invalidate);
    WANTED(hub, one, prg_response);
}

/* The one who listens to what caches answer, if there is no other. */
static const struct amdvi_observation *find_voucher(const struct amdvi_device *device)
{
    const struct amdvi_observation *found = NULL;

    for (const struct amdvi_observation *o = device->observations; o; o = o->next) {
        if (!o->observer.hit && !o->observer.access)
            continue;
        if (found || !o->observer.vouch)
            return NULL;
        found = o;
    }
    return found;
}

static bool others_want_requests(const struct amdvi_device *device)
{
    for (const struct amdvi_observation *o = device->observations; o; o = o->next)
        if (o->observer.request && o != device->voucher)
            return true;
    return false;
}

void device_watch(struct amdvi_device *device)
{
    bool wanted = device->observed && (device->observer.hit || device->observer.access);
    bool looked_at = device->inject.active || wanted;

    device->watched = device->pmu.active || looked_at;
    device->voucher = device->pmu.active || device->inject.active ? NULL : find_voucher(device);
    device->hits_heard = others_want_requests(device);
    device->whole_way = looked_at && !device->voucher;
    device->hits_asked = device->voucher || device->pmu.active;
    device->long_way = device->away || device->whole_way;
}

static void choose(struct amdvi_device *device)
{
    const struct amdvi_observation *first = device->observations;

    device->observed = first != NULL;
    device->observer = (struct amdvi_observer){.context = device};
    for (const struct amdvi_observation *o = first; o; o = o->next)
        want(&device->observer, &o->observer);
    device->accesses_seen = device->observer.access != NULL;
    device_watch(device);
}

static void unlink_observation(struct amdvi_device *device, const struct amdvi_observation *gone)
{
    struct amdvi_observation **link = &device->observations;

    while (*link && *link != gone)
        link = &(*link)->next;
    if (*link)
        *link = gone->next;
}

enum amdvi_status amdvi_observe_sized(struct amdvi_device *device, const struct amdvi_observer *observer,
                                      size_t size)
{
    struct amdvi_observer known = {0};
    struct amdvi_observation *own;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (observer && sized_take(&known, sizeof(known), observer, size))
        return AMDVI_ERR_UNSUPPORTED;
    own = &device->own_observation;
    unlink_observation(device, own);
    if (observer) {
        *own = (struct amdvi_observation){.device = device, .next = device->observations, .observer = known};
        device->observations = own;
    }
    choose(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_observer_attach_sized(struct amdvi_device *device,
                                              const struct amdvi_observer *observer, size_t size,
                                              struct amdvi_observation **observation)
{
    struct amdvi_observation **link, *new;
    struct amdvi_observer known = {0};

    if (!device || !observer || !observation)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (sized_take(&known, sizeof(known), observer, size))
        return AMDVI_ERR_UNSUPPORTED;
    new = allocate_zeroed(&device->allocator, sizeof(*new));
    if (!new)
        return AMDVI_ERR_NO_MEMORY;
    *new = (struct amdvi_observation){.device = device, .observer = known};
    for (link = &device->observations; *link; link = &(*link)->next)
        ;
    *link = new;
    choose(device);
    *observation = new;
    return AMDVI_OK;
}

enum amdvi_status amdvi_observer_detach(struct amdvi_observation *observation)
{
    struct amdvi_device *device;

    if (!observation)
        return AMDVI_OK;
    device = observation->device;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    unlink_observation(device, observation);
    release(&device->allocator, observation);
    choose(device);
    return AMDVI_OK;
}

void observers_free(struct amdvi_device *device)
{
    while (device->observations) {
        struct amdvi_observation *first = device->observations;
        device->observations = first->next;
        if (first != &device->own_observation)
            release(&device->allocator, first);
    }
}
