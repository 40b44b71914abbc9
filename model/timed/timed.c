// SPDX-License-Identifier: Apache-2.0
/* The life of a timed executor, and its loop. */
#include "model/timed/state.h"

#include "model/base/allocator.h"

#include <string.h>

enum { REGISTERS = 1024, PS_PER_NS = 1000 };

/* ---------------------------------------------------------------- what the device says */

static void issued(void *context, const struct amdvi_ask *ask)
{
    memory_issue(context, ask);
}

static void completed(void *context, const struct amdvi_completion *completion)
{
    struct amdvi_timed *t = context;

    if (!t->leaving)
        operation_completed(t, completion);
}

static void rested(void *context, enum amdvi_asker asker, const struct amdvi_work *work)
{
    struct amdvi_timed *t = context;

    ring_rests(t, asker, work);
    t->caps_look |= t->caps && asker == AMDVI_ASKER_GUEST_RINGS;
}

/* ---------------------------------------------------------------- life */

/* Places at the ports, prefetches, and accesses to registers; what amdvi_timed_check() lets pass is below
 * what the device takes. */
static uint32_t most_under_way(const struct amdvi_timed *t)
{
    return (uint32_t)(t->p[PARAMETER_L1_PORTS] * t->p[PARAMETER_L1_OUTSTANDING] + t->p[PARAMETER_WALK_SLOTS] +
                      REGISTERS);
}

static void set_arrays(struct amdvi_timed *t)
{
    t->l2a = (struct array){.cycle = cycles(t, 1),
                            .requests = cycles(t, t->p[PARAMETER_BURST_REQUESTS]),
                            .invalidates = cycles(t, t->p[PARAMETER_BURST_INVALIDATIONS])};
    t->l2b = t->l2a;
}

static void set_empty(struct amdvi_timed *t)
{
    t->free_operation = t->free_access = t->stopped = NOBODY;
    t->walk_queue = t->walks = EMPTY_LIST;
    for (unsigned i = 0; i < AMDVI_TIMED_CLASSES; i++)
        t->credit_queue[i] = EMPTY_LIST;
    for (unsigned i = 0; i < HASHES; i++)
        t->walking[i] = t->reading[i] = NOBODY;
    for (unsigned i = 0; i < AMDVI_ASKERS; i++)
        t->units[i].waits = NOBODY;
    t->turn_at = UINT64_MAX;
    t->random = t->p[PARAMETER_SEED] * 0x9e3779b97f4a7c15u | 1;
}

static bool make_parts(struct amdvi_timed *t)
{
    set_empty(t);
    set_arrays(t);
    t->maps = allocate_zeroed(&t->allocator, (t->p[PARAMETER_MAP_ENTRIES] + 1) * sizeof(*t->maps));
    t->histograms = allocate_zeroed(&t->allocator, AMDVI_TIMED_HISTOGRAMS * sizeof(*t->histograms));
    t->places = most_under_way(t) + AMDVI_ASKERS;
    t->by_place = allocate_zeroed(&t->allocator, t->places * sizeof(*t->by_place));
    return t->maps && t->histograms && t->by_place && wheel_create(&t->wheel, &t->allocator) &&
           pools_create(t) && l1_create(t);
}

static void free_all(struct amdvi_timed *t)
{
    struct amdvi_allocator allocator = t->allocator;

    pools_free(t);
    l1_free(t);
    atc_free(t);
    wheel_destroy(&t->wheel);
    release(&allocator, t->maps);
    release(&allocator, t->latencies);
    release(&allocator, t->by_place);
    release(&allocator, t->histograms);
    release(&allocator, t);
}

static enum amdvi_status attach(struct amdvi_timed *t)
{
    struct amdvi_external face = {
        .context = t, .issue = issued, .complete = completed, .most = most_under_way(t), .rested = rested};

    return amdvi_external_attach(t->device, &face);
}

static struct amdvi_timed *make(struct amdvi_device *device, const struct amdvi_timed_parameters *parameters,
                                const struct amdvi_timed_host *host, const struct amdvi_allocator *allocator)
{
    const struct amdvi_allocator none = {0};
    struct amdvi_timed *t = allocate_zeroed(allocator ? allocator : &none, sizeof(*t));

    if (!t)
        return NULL;
    t->device = device;
    t->allocator = allocator ? *allocator : none;
    if (host)
        t->host = *host;
    memcpy(t->p, parameters->value, sizeof(t->p)); /* the rest is not used */
    if (make_parts(t))
        return t;
    free_all(t);
    return NULL;
}

enum amdvi_status amdvi_timed_create(struct amdvi_device *device,
                                     const struct amdvi_timed_parameters *parameters,
                                     const struct amdvi_timed_host *host,
                                     const struct amdvi_allocator *allocator, struct amdvi_timed **timed)
{
    struct amdvi_timed_parameters generic;
    enum amdvi_status status;

    if (!device || !timed)
        return AMDVI_ERR_ARGUMENT;
    amdvi_timed_preset_parameters(&generic, NULL);
    status = parameters ? amdvi_timed_check(parameters, NULL) : AMDVI_OK;
    if (status)
        return status;
    *timed = make(device, parameters ? parameters : &generic, host, allocator);
    if (!*timed)
        return AMDVI_ERR_NO_MEMORY;
    status = attach(*timed);
    if (status) {
        free_all(*timed);
        *timed = NULL;
    }
    return status;
}

void amdvi_timed_destroy(struct amdvi_timed *t)
{
    if (!t || t->running)
        return;
    t->leaving = true;
    amdvi_external_cancel(t->device);
    amdvi_external_attach(t->device, NULL);
    free_all(t);
}

/* ---------------------------------------------------------------- submissions */

static uint32_t come(struct amdvi_timed *t, uint64_t when, unsigned port, enum amdvi_submission kind,
                     uint64_t tag)
{
    uint32_t index = operation_take(t);
    struct operation *o;

    if (index == NOBODY)
        return NOBODY;
    o = &t->operations[index];
    o->kind = (uint8_t)kind;
    o->port = (uint8_t)port;
    o->submitted = when;
    o->tag = tag;
    t->statistics.submitted++;
    return index;
}

static bool acceptable(const struct amdvi_timed *t, uint64_t when, unsigned port)
{
    return t && when >= t->now && when <= AMDVI_TIMED_LAST && port < t->p[PARAMETER_L1_PORTS];
}

static uint64_t pcie(const struct amdvi_timed *t, bool ats)
{
    return ats ? t->p[PARAMETER_PCIE_LATENCY] : 0;
}

enum amdvi_status amdvi_timed_request(struct amdvi_timed *t, uint64_t when, unsigned port,
                                      const struct amdvi_request *request, uint64_t tag)
{
    uint32_t index;

    if (!acceptable(t, when, port) || !amdvi_request_is_legal(request))
        return AMDVI_ERR_ARGUMENT;
    index = come(t, when, port, AMDVI_SUBMITTED_REQUEST, tag);
    if (index == NOBODY)
        return AMDVI_ERR_NO_MEMORY;
    t->operations[index].in.request = *request;
    wheel_put(&t->wheel, when + pcie(t, request->at == AMDVI_TRANSLATION_REQUEST), EVENT_ARRIVE, index);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_atc_request(struct amdvi_timed *t, uint64_t when, unsigned port,
                                          const struct amdvi_request *request, uint64_t tag)
{
    uint32_t index;

    if (!acceptable(t, when, port) || !amdvi_request_is_legal(request) || request->at != AMDVI_UNTRANSLATED)
        return AMDVI_ERR_ARGUMENT;
    index = come(t, when, port, AMDVI_SUBMITTED_REQUEST, tag);
    if (index == NOBODY)
        return AMDVI_ERR_NO_MEMORY;
    t->operations[index].in.request = *request;
    t->operations[index].via_atc = true;
    wheel_put(&t->wheel, when, EVENT_ARRIVE, index);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_interrupt(struct amdvi_timed *t, uint64_t when, unsigned port,
                                        uint16_t requester, uint64_t address, uint32_t data, uint64_t tag)
{
    uint32_t index;

    if (!acceptable(t, when, port))
        return AMDVI_ERR_ARGUMENT;
    index = come(t, when, port, AMDVI_SUBMITTED_INTERRUPT, tag);
    if (index == NOBODY)
        return AMDVI_ERR_NO_MEMORY;
    t->operations[index].in.interrupt.requester = requester;
    t->operations[index].in.interrupt.address = address;
    t->operations[index].in.interrupt.data = data;
    wheel_put(&t->wheel, when, EVENT_ARRIVE, index);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_page_request(struct amdvi_timed *t, uint64_t when, unsigned port,
                                           const struct amdvi_page_request *request, uint64_t tag)
{
    uint32_t index;

    if (!acceptable(t, when, port) || !request)
        return AMDVI_ERR_ARGUMENT;
    index = come(t, when, port, AMDVI_SUBMITTED_PAGE_REQUEST, tag);
    if (index == NOBODY)
        return AMDVI_ERR_NO_MEMORY;
    t->operations[index].in.page_request = *request;
    wheel_put(&t->wheel, when + pcie(t, true), EVENT_ARRIVE, index);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_register(struct amdvi_timed *t, uint64_t when,
                                       const struct amdvi_register_access *access, uint64_t tag)
{
    uint32_t index;

    if (!acceptable(t, when, 0) || !access)
        return AMDVI_ERR_ARGUMENT;
    index = come(t, when, 0, AMDVI_SUBMITTED_REGISTER, tag);
    if (index == NOBODY)
        return AMDVI_ERR_NO_MEMORY;
    t->operations[index].in.access = *access;
    wheel_put(&t->wheel, when + t->p[PARAMETER_COMMAND_DOORBELL], EVENT_ARRIVE, index);
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- the loop */

uint64_t amdvi_timed_now(const struct amdvi_timed *t)
{
    return t ? t->now : 0;
}

uint64_t amdvi_timed_next(const struct amdvi_timed *t)
{
    if (!t)
        return AMDVI_TIMED_NEVER;
    return t->stopped == NOBODY ? wheel_next(&t->wheel) : t->now;
}

/* Quiet are places, which do something only once their answer has come, and ends that the host has heard of,
 * which do something only for who waits for a place at the port. */
uint64_t amdvi_timed_wake(struct amdvi_timed *t)
{
    if (!t || t->stopped != NOBODY || t->at_ports || t->arrived)
        return amdvi_timed_next(t);
    return wheel_next_loud(&t->wheel);
}

enum amdvi_status amdvi_timed_hear_ahead(struct amdvi_timed *t,
                                         bool (*hear)(void *context,
                                                      const struct amdvi_timed_completion *completion))
{
    if (!t)
        return AMDVI_ERR_ARGUMENT;
    t->hear_ahead = hear;
    return AMDVI_OK;
}

uint32_t amdvi_timed_busy_walkers(const struct amdvi_timed *t)
{
    return t ? t->walkers : 0;
}

uint64_t amdvi_timed_pending(const struct amdvi_timed *t)
{
    return t ? t->pending : 0;
}

/* The device's own clock, for its time-outs, in whole nanoseconds. */
static void tell_time(struct amdvi_timed *t)
{
    uint64_t ns = t->now / PS_PER_NS;

    if (ns > t->told && !amdvi_advance(t->device, ns - t->told))
        t->told = ns;
}

enum amdvi_status amdvi_timed_guest_share(struct amdvi_timed *t, uint16_t guest_id,
                                          const struct amdvi_guest_share *share)
{
    enum amdvi_status status = t ? amdvi_set_guest_share(t->device, guest_id, share) : AMDVI_ERR_ARGUMENT;

    if (status == AMDVI_OK)
        t->caps |= share->commands != 0;
    return status;
}

/* The next period of a guest that is held back; what is due already comes with the next nanosecond. */
static void look_for_turns(struct amdvi_timed *t)
{
    uint64_t when = UINT64_MAX, at;

    t->caps_look = false;
    amdvi_guest_share_next(t->device, &when);
    when = later(when, t->told + 1);
    if (when > AMDVI_TIMED_LAST / PS_PER_NS)
        return;
    at = when * PS_PER_NS;
    if (at >= t->turn_at || !pool_has_room(t))
        return;
    t->turn_at = at;
    wheel_put(&t->wheel, later(at, t->now), EVENT_TURN, 0);
}

static void happen(struct amdvi_timed *t, const struct wheel_event *event)
{
    switch ((enum event_kind)event->what) {
    case EVENT_ARRIVE:
        operation_arrive(t, event->which);
        break;
    case EVENT_ASK:
        memory_go(t, event->which);
        break;
    case EVENT_MEMORY:
        memory_ask(t, event->which);
        break;
    case EVENT_ANSWER:
        memory_answered(t, event->which);
        break;
    case EVENT_PLACE:
        memory_place(t, event->which);
        break;
    case EVENT_END:
        operation_end(t, event->which);
        break;
    case EVENT_TURN:
        t->turn_at = UINT64_MAX;
        tell_time(t);
        amdvi_run(t->device);
        break;
    case EVENT_ATC:
        tell_time(t);
        atc_event(t, event->which);
        break;
    }
}

/* With the host's memory it may be the host that is waited for. */
static bool stuck(const struct amdvi_timed *t)
{
    return !t->host.issue && t->pending && t->wheel.count == 0;
}

enum amdvi_status amdvi_timed_run(struct amdvi_timed *t, uint64_t until)
{
    struct wheel_event event;

    if (!t || (until < t->now))
        return AMDVI_ERR_ARGUMENT;
    if (t->running)
        return AMDVI_ERR_BUSY;
    t->running = true;
    while (t->stopped == NOBODY && wheel_take(&t->wheel, until, &event)) {
        t->now = event.time;
        if (t->caps)
            tell_time(t);
        happen(t, &event);
        if (t->caps_look)
            look_for_turns(t);
    }
    if (until != AMDVI_TIMED_NEVER && t->stopped == NOBODY)
        t->now = wheel_moment(until);
    tell_time(t);
    t->running = false;
    return until == AMDVI_TIMED_NEVER && stuck(t) ? AMDVI_ERR_STUCK : AMDVI_OK;
}

/* ---------------------------------------------------------------- the host's memory */

enum amdvi_status amdvi_timed_memory_done(struct amdvi_timed *t, uint64_t id, enum amdvi_memory_result result,
                                          const void *data)
{
    if (!t || !t->host.issue)
        return AMDVI_ERR_ARGUMENT;
    return memory_done(t, id, result, data, false) ? AMDVI_OK : AMDVI_ERR_ARGUMENT;
}

enum amdvi_status amdvi_timed_memory_expect(struct amdvi_timed *t, uint64_t id, uint64_t when)
{
    return t && t->host.issue && memory_expect(t, id, when) ? AMDVI_OK : AMDVI_ERR_ARGUMENT;
}

bool amdvi_timed_awaits(const struct amdvi_timed *t)
{
    return t && t->stopped != NOBODY;
}

void amdvi_timed_late(struct amdvi_timed *t)
{
    if (!t || t->stopped == NOBODY)
        return;
    t->accesses[t->stopped].expected = 0;
    t->stopped = NOBODY;
}

enum amdvi_status amdvi_timed_memory_answer(struct amdvi_timed *t, uint64_t id)
{
    if (!t || !t->host.issue)
        return AMDVI_ERR_ARGUMENT;
    return memory_done(t, id, AMDVI_MEMORY_OK, NULL, true) ? AMDVI_OK : AMDVI_ERR_ARGUMENT;
}
