// SPDX-License-Identifier: Apache-2.0
/* Operations from their arrival to their end: port, L1, link, L2, perhaps a walk, and back. */
#include "model/timed/state.h"

static bool is_ats(const struct operation *o)
{
    return o->kind == AMDVI_SUBMITTED_PAGE_REQUEST ||
           (o->kind == AMDVI_SUBMITTED_REQUEST && o->in.request.at == AMDVI_TRANSLATION_REQUEST);
}

static uint64_t way_back(const struct amdvi_timed *t, const struct operation *o)
{
    uint64_t way = o->kind == AMDVI_SUBMITTED_REGISTER ? 0 : cycles(t, t->p[PARAMETER_LINK_LATENCY]);

    if (o->kind == AMDVI_SUBMITTED_INTERRUPT)
        way = t->p[PARAMETER_INTERRUPT_LATENCY];
    return way + (is_ats(o) ? t->p[PARAMETER_PCIE_LATENCY] : 0);
}

/* What lies beyond the IOMMU on the way back: a COMPLETION_WAIT does not wait for it. */
static uint64_t way_outside(const struct amdvi_timed *t, const struct operation *o)
{
    if (o->kind == AMDVI_SUBMITTED_INTERRUPT)
        return t->p[PARAMETER_INTERRUPT_LATENCY];
    return is_ats(o) ? t->p[PARAMETER_PCIE_LATENCY] : 0;
}

static void describe(const struct operation *o, struct amdvi_completion *what)
{
    what->kind = (enum amdvi_submission)o->kind;
    what->tag = o->tag;
    what->status = o->status;
    if (o->kind == AMDVI_SUBMITTED_REQUEST)
        what->request = &o->in.request, what->result = &o->out.result;
    else if (o->kind == AMDVI_SUBMITTED_INTERRUPT)
        what->interrupt = &o->out.interrupt;
    else if (o->kind == AMDVI_SUBMITTED_PAGE_REQUEST)
        what->page_request = &o->out.page_request;
    else
        what->value = o->out.value;
}

static struct amdvi_timed_completion completion_of(const struct operation *o,
                                                   const struct amdvi_completion *what, uint64_t done)
{
    return (struct amdvi_timed_completion){.what = what,
                                           .submitted = o->submitted,
                                           .done = done,
                                           .place = (enum amdvi_timed_place)o->place,
                                           .reads = o->reads,
                                           .waited_port = o->waited_port,
                                           .waited_walker = o->waited_walker};
}

/* Nothing changes it any more, from here to its end. */
static bool tell_ahead(struct amdvi_timed *t, const struct operation *o, uint64_t done)
{
    struct amdvi_completion what = {0};
    struct amdvi_timed_completion completion = completion_of(o, &what, done);

    describe(o, &what);
    return t->hear_ahead(t->host.context, &completion);
}

static void end_at(struct amdvi_timed *t, uint32_t index, uint64_t when)
{
    if (t->operations[index].state == OPERATION_UNDER_WAY ||
        t->operations[index].kind == AMDVI_SUBMITTED_REQUEST)
        t->last_answer = later(t->last_answer, when - way_outside(t, &t->operations[index]));
    when = wheel_moment(when);
    t->operations[index].state = OPERATION_ENDING;
    if (t->hear_ahead && !t->operations[index].via_atc)
        t->operations[index].told = tell_ahead(t, &t->operations[index], when);
    if (t->operations[index].told)
        wheel_put_quiet(&t->wheel, when, EVENT_END, index);
    else
        wheel_put(&t->wheel, when, EVENT_END, index);
}

/* ---------------------------------------------------------------- into the device */

static void submit(struct amdvi_timed *t, uint32_t index)
{
    struct operation *o = &t->operations[index];
    enum amdvi_status status;

    o->state = OPERATION_UNDER_WAY;
    switch (o->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        status = amdvi_submit_request(t->device, &o->in.request, index);
        break;
    case AMDVI_SUBMITTED_INTERRUPT:
        status = amdvi_submit_interrupt(t->device, o->in.interrupt.requester, o->in.interrupt.address,
                                        o->in.interrupt.data, index);
        break;
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        status = amdvi_submit_page_request(t->device, &o->in.page_request, index);
        break;
    default:
        status = amdvi_submit_register(t->device, &o->in.access, index);
    }
    if (!status)
        return;
    t->operations[index].status = status;
    end_at(t, index, t->now);
}

/* The device's caches have the answer: `*work` is what it took. */
static bool answered(struct amdvi_timed *t, struct operation *o, struct amdvi_work *work)
{
    bool cached = false;

    amdvi_answer_cached(t->device, &o->in.request, &o->out.result, work, &cached);
    return cached;
}

static bool in_l1(struct amdvi_timed *t, const struct operation *o)
{
    return !o->again && t->p[PARAMETER_L1_ENTRIES] && l1_find(t, o);
}

static void request(struct amdvi_timed *t, uint32_t index)
{
    struct operation *o = &t->operations[index];
    struct amdvi_work work = {0};
    uint64_t at_l1 = t->now + cycles(t, t->p[PARAMETER_L1_LATENCY]);
    uint64_t at_l2 = o->again ? t->now : at_l1 + cycles(t, t->p[PARAMETER_LINK_LATENCY]);

    o->place = AMDVI_TIMED_L2;
    o->in_l1 = in_l1(t, o);
    if (!answered(t, o, &work)) {
        o->ready = at_l2;
        if (!walk_join(t, index))
            submit(t, index);
        return;
    }
    if (o->in_l1) {
        o->place = AMDVI_TIMED_L1;
        end_at(t, index, at_l1 + way_outside(t, o));
        return;
    }
    l1_keep(t, o);
    end_at(t, index, work_of_lookup(t, at_l2, &work) + way_back(t, o));
}

static void enter(struct amdvi_timed *t, uint32_t index)
{
    struct operation *o = &t->operations[index];

    o->waited_port = t->now - o->arrived;
    t->statistics.port_wait_ps += o->waited_port;
    t->ports[o->port].under_way++;
    o->at_port = true;
    if (o->kind == AMDVI_SUBMITTED_REQUEST) {
        request(t, index);
        return;
    }
    o->ready = t->now + cycles(t, t->p[PARAMETER_LINK_LATENCY]);
    submit(t, index);
}

static void refuse(struct amdvi_timed *t, uint32_t index)
{
    t->operations[index].place = AMDVI_TIMED_DROPPED;
    t->operations[index].status = AMDVI_ERR_BUSY;
    t->statistics.dropped++;
    end_at(t, index, t->now);
}

/* At the device's own cache: answered there, or on the way to the port as a translation request. */
static void at_atc(struct amdvi_timed *t, uint32_t index)
{
    struct operation *o = &t->operations[index];
    uint64_t looked = t->now + cycles(t, t->p[PARAMETER_ATC_LATENCY]);

    if (atc_answers(t, o)) {
        o->place = AMDVI_TIMED_ATC;
        o->state = OPERATION_ENDING;
        wheel_put(&t->wheel, looked, EVENT_END, index);
        return;
    }
    o->asked = true;
    o->in.request.at = AMDVI_TRANSLATION_REQUEST;
    wheel_put(&t->wheel, looked + t->p[PARAMETER_PCIE_LATENCY], EVENT_ARRIVE, index);
}

void operation_arrive(struct amdvi_timed *t, uint32_t index)
{
    struct operation *o = &t->operations[index];
    struct port *port = &t->ports[o->port];

    if (o->kind == AMDVI_SUBMITTED_REGISTER) {
        submit(t, index);
    } else if (o->via_atc && !o->asked) {
        at_atc(t, index);
    } else if (o->again) {
        request(t, index);
    } else if (port->under_way < t->p[PARAMETER_L1_OUTSTANDING]) {
        o->arrived = t->now;
        enter(t, index);
    } else if (t->p[PARAMETER_L1_FULL]) {
        refuse(t, index);
    } else {
        o->arrived = t->now;
        o->state = OPERATION_AT_PORT;
        operation_append(t, &port->waiting, index);
        t->at_ports++;
    }
}

/* ---------------------------------------------------------------- out of it */

static void copy_result(struct operation *o, const struct amdvi_completion *c)
{
    o->status = c->status;
    if (c->status && o->kind != AMDVI_SUBMITTED_REGISTER)
        return;
    switch (o->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        o->out.result = *c->result;
        break;
    case AMDVI_SUBMITTED_INTERRUPT:
        o->out.interrupt = *c->interrupt;
        break;
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        o->out.page_request = *c->page_request;
        break;
    case AMDVI_SUBMITTED_REGISTER:
        o->out.value = c->value;
        break;
    default:
        break;
    }
}

/* The walker's own prefetch: nobody hears of it. */
static void end_quietly(struct amdvi_timed *t, uint32_t index, const struct amdvi_work *work)
{
    work_of_lookup(t, later(t->now, t->operations[index].ready), work);
    walk_end(t, index);
    operation_give(t, index);
    t->prefetching--;
    ring_recheck(t);
}

/* The device is done with it; the answer is on its way. */
void operation_completed(struct amdvi_timed *t, const struct amdvi_completion *c)
{
    uint32_t index = (uint32_t)c->tag;
    struct operation *o = &t->operations[index];
    uint64_t ready;

    copy_result(o, c);
    if (o->open != NOBODY) /* taken back in the middle: nobody waits for the answer */
        t->accesses[o->open].operation = NOBODY;
    if (o->quiet) {
        end_quietly(t, index, c->work);
        return;
    }
    if (o->reads || o->walking)
        o->place = AMDVI_TIMED_WALK;
    else if (o->in_l1) {
        o->place = AMDVI_TIMED_L1;
        end_at(t, index, t->now + cycles(t, t->p[PARAMETER_L1_LATENCY]) + way_outside(t, o));
        return;
    }
    ready = work_of_lookup(t, later(t->now, o->ready), c->work);
    if (o->kind == AMDVI_SUBMITTED_REQUEST && !o->status && o->out.result.ok)
        l1_keep(t, o);
    o->ready = ready;
    end_at(t, index, ready + way_back(t, o));
    walk_end(t, index);
    ring_recheck(t);
    prefetch_behind(t, &t->operations[index]);
}

static void leave_port(struct amdvi_timed *t, const struct operation *o)
{
    struct port *port = &t->ports[o->port];
    uint32_t next;

    if (!o->at_port)
        return;
    port->under_way--;
    next = operation_shift(t, &port->waiting);
    if (next == NOBODY)
        return;
    t->at_ports--;
    enter(t, next);
}

static void count(struct amdvi_timed *t, const struct operation *o)
{
    static const uint8_t histograms[] = {
        [AMDVI_SUBMITTED_REQUEST] = AMDVI_TIMED_ALL_REQUESTS,
        [AMDVI_SUBMITTED_INTERRUPT] = AMDVI_TIMED_INTERRUPTS,
        [AMDVI_SUBMITTED_PAGE_REQUEST] = AMDVI_TIMED_INTERRUPTS,
        [AMDVI_SUBMITTED_REGISTER] = AMDVI_TIMED_REGISTERS,
    };
    uint64_t took = t->now - o->submitted;

    t->statistics.completed++;
    if (o->kind == AMDVI_SUBMITTED_REQUEST)
        t->statistics.requests[o->place]++;
    if (o->place == AMDVI_TIMED_DROPPED)
        return;
    histogram_add(&t->histograms[histograms[o->kind]], took);
    if (o->kind == AMDVI_SUBMITTED_REQUEST && o->place == AMDVI_TIMED_WALK)
        histogram_add(&t->histograms[AMDVI_TIMED_WALKED_REQUESTS], took);
}

static void tell(struct amdvi_timed *t, const struct operation *o)
{
    struct amdvi_completion what = {0};
    struct amdvi_timed_completion completion = completion_of(o, &what, t->now);

    describe(o, &what);
    t->host.complete(t->host.context, &completion);
}

/* The host may submit the next one from inside, so the operation is a copy by then. */
void operation_end(struct amdvi_timed *t, uint32_t index)
{
    struct operation o = t->operations[index];

    count(t, &o);
    operation_give(t, index);
    leave_port(t, &o);
    if (o.asked) {
        if (!o.status && !o.overtaken)
            atc_keep(t, &o);
        o.in.request.at = AMDVI_UNTRANSLATED;
    }
    if (t->host.complete && !o.told)
        tell(t, &o);
}
