// SPDX-License-Identifier: Apache-2.0
/* One step after the other; what must hold when everything has settled. */
#include "tickets_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_HEAD = 0x2010 };

void bench_open(struct bench *b, const char *settings, bool with_time)
{
    memset(b, 0, sizeof(*b));
    b->with_time = with_time;
    world_open(&b->world, settings, true);
    b->model.world = &b->world;
    places_make(&b->places, &b->world, &b->model);
    model_forget(&b->model);
    b->start = malloc(WORLD_BYTES);
    if (!b->start)
        abort();
    memcpy(b->start, b->world.bytes, WORLD_BYTES);
    world_mark(&b->world);
    port_attach(b);
}

void bench_close(struct bench *b)
{
    port_detach(b);
    world_close(&b->world);
    free(b->start);
}

/* ---------------------------------------------------------------- steps */

static struct amdvi_request request_of(const struct bench *b, const struct step *step)
{
    const struct target *t = &b->places.target[step->a % b->places.targets];
    bool two_pages = (step->b >> 6 & 3) == 3;

    return (struct amdvi_request){.device = t->device,
                                  .op = step->b & 1 ? AMDVI_WRITE : AMDVI_READ,
                                  .at = (step->b >> 9 & 7) == 7 ? AMDVI_TRANSLATION_REQUEST
                                                                : AMDVI_UNTRANSLATED,
                                  .has_pasid = t->has_pasid,
                                  .pasid = t->pasid,
                                  .address = t->address,
                                  .length = two_pages ? PAGE_BYTES : 8};
}

/* Once in a while at once, as callers do that do not wait. */
static void request(struct bench *b, const struct step *step)
{
    struct amdvi_request rq = request_of(b, step);
    struct amdvi_result result = {0};

    if (b->verbose)
        printf("      %s of device %x, pasid %u, at %llx\n", rq.op == AMDVI_WRITE ? "write" : "read",
               rq.device, rq.pasid, (unsigned long long)rq.address);
    if (step->b & 62) {
        port_request(b, &rq);
        return;
    }
    rq.address += 0x400; /* so that its record is told from others */
    rq.length = 8;
    if (amdvi_translate(b->world.device, &rq, &result) != AMDVI_OK)
        bench_fail(b, "amdvi_translate()");
    port_look(b);
    port_check(b, &rq, &result, true);
}

static void interrupt(struct bench *b, const struct step *step)
{
    uint16_t device = (uint16_t)(HOST_A + step->a % 3);
    uint32_t index = step->b % INDICES;

    port_interrupt(b, device, index);
}

static bool shares_tables(uint16_t device, uint16_t other)
{
    unsigned owner = owner_of_device(device);

    return device == other || (device == HOST_A && other == HOST_B) ||
           (owner != WORLD_GUESTS && owner == owner_of_device(other));
}

/* Often one that requests to the target or interrupts meet. */
static const struct place *drawn_place(const struct bench *b, const struct step *step)
{
    const struct target *t = &b->places.target[step->a % b->places.targets];

    for (unsigned i = 0; i < b->places.places && step->b & 7; i++) {
        const struct place *place = &b->places.place[(step->c + i) % b->places.places];
        if ((step->b & 7) == 2 && place->interrupts[0])
            return place;
        if (step->b & 1 && shares_tables(place->device, t->device) &&
            place->address >> 12 == t->address >> 12)
            return place;
    }
    return &b->places.place[step->a % b->places.places];
}

static void edit(struct bench *b, const struct step *step)
{
    b->last_edit = drawn_place(b, step);
    places_edit(b->last_edit, &b->model, step->c);
    if (b->verbose)
        printf("      %s at %llx becomes %llx\n", places_name(b->last_edit->kind),
               (unsigned long long)b->last_edit->spa,
               (unsigned long long)get64(&b->world, b->last_edit->spa));
}

/* ---------------------------------------------------------------- logs */

/* The first of the device's records like this one that is still to be found; -1: there is none. */
static int find_record(const struct bench *b, unsigned log, uint16_t device, const uint64_t record[2])
{
    for (unsigned i = 0; i < b->record_count; i++) {
        const struct expected_record *e = &b->records[i];
        if (!e->found && e->log == log && e->device == device && e->flags == record[0] >> 48 &&
            e->address == record[1])
            return (int)i;
    }
    return -1;
}

/* A record of the same device that ended later was found in this log before. Under time answers that were
 * given one after the other may arrive in another order. */
static bool overtaken(const struct bench *b, unsigned index, unsigned log)
{
    for (unsigned i = index + 1; i < b->record_count && !b->records[index].at_once; i++)
        if (!b->records[i].at_once && b->records[i].found && b->records[i].log == log &&
            b->records[i].device == b->records[index].device)
            return true;
    return false;
}

static void check_record(struct bench *b, unsigned log, uint16_t device, const uint64_t record[2])
{
    int index = find_record(b, log, device, record);

    if (index < 0) {
        bench_fail(b, "a record of device %x, address %llx, in log %u that no request has made", device,
                   (unsigned long long)record[1], log);
        return;
    }
    if (!b->timed && overtaken(b, (unsigned)index, log))
        bench_fail(b, "a record of device %x, address %llx, in log %u comes too late", device,
                   (unsigned long long)record[1], log);
    b->records[index].found = true;
}

static void check_log(struct bench *b, uint64_t base, uint64_t head, uint64_t tail, unsigned log)
{
    for (; head != tail; head = (head + 16) % PAGE_BYTES) {
        uint64_t record[2] = {get64(&b->world, base + head), get64(&b->world, base + head + 8)};
        uint16_t device = (uint16_t)record[0];

        check_record(b, log, log == RING_HOST ? device : host_device(log, device - guest_device(0)), record);
    }
}

/* As often as requests were told that their fault was logged, and no more, and of each device in the order in
 * which they ended. */
static void check_logs(struct bench *b)
{
    uint64_t tail = reg_read(&b->world, R_EVT_TAIL);

    check_log(b, H_EVT, reg_read(&b->world, EVENT_HEAD), tail, RING_HOST);
    reg_write(&b->world, EVENT_HEAD, tail);
    for (unsigned g = 0; g < 2; g++) {
        tail = vf_read(&b->world, g, VF_EVT_TAIL);
        check_log(b, guest_spa(g, G_EVT), vf_read(&b->world, g, VF_EVT_HEAD), tail, g);
        vf_write(&b->world, g, VF_EVT_HEAD, tail);
    }
    for (unsigned i = 0; i < b->record_count; i++)
        if (!b->records[i].found)
            bench_fail(b, "a record of device %x, address %llx, is not in a log", b->records[i].device,
                       (unsigned long long)b->records[i].address);
    b->record_count = 0;
}

/* ---------------------------------------------------------------- when all has settled */

static bool ours(const struct bench *b, uint16_t domain)
{
    for (unsigned i = 0; i < b->places.places; i++)
        if (b->places.place[i].domains[0] == domain || b->places.place[i].domains[1] == domain)
            return true;
    return false;
}

static void check_lines(struct bench *b)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;

    while (amdvi_inspect_cache(b->world.device, AMDVI_CACHE_PTC, &cursor, &line) == AMDVI_OK)
        if (ours(b, line.domain) && !model_allows_line(&b->model, &line))
            bench_fail(b, "a line of domain %x, pasid %u, address %llx says %llx", line.domain, line.pasid,
                       (unsigned long long)line.address, (unsigned long long)line.target);
}

static void ask_all(struct bench *b)
{
    b->verbose = false;
    for (uint32_t i = 0; i < b->places.targets; i++)
        request(b, &(struct step){.kind = STEP_REQUEST, .a = i});
    for (uint16_t device = HOST_A; device <= HOST_OWN; device++)
        for (uint32_t index = 0; index < INDICES; index++) {
            struct amdvi_int_result result = {0};
            amdvi_interrupt(b->world.device, device, 0xfee00000, index, &result);
            port_check_interrupt(b, device, index, &result);
        }
}

static void check_settled(struct bench *b, const char *when)
{
    port_settle(b);
    if (port_pending(b))
        bench_fail(b, "%s: %llu submissions never end", when, (unsigned long long)port_pending(b));
    if (commands_pending(b))
        bench_fail(b, "%s: a COMPLETION_WAIT never completes", when);
}

static void go_back(struct bench *b)
{
    commands_all(b);
    check_settled(b, "at the end");
    world_back(&b->world, b->start);
    for (unsigned ring = 0; ring < RINGS; ring++) {
        b->rings[ring].count = b->rings[ring].first = 0;
        put64(&b->world, ring == RING_HOST ? H_STORE : guest_spa(ring, G_STORE), b->rings[ring].stored);
    }
    model_forget(&b->model);
    b->last_edit = NULL;
    commands_all(b);
    check_settled(b, "back");
    model_forget(&b->model);
}

static void settle(struct bench *b)
{
    check_settled(b, "settling");
    if (!b->failure[0])
        check_lines(b);
    if (!b->failure[0])
        ask_all(b);
    if (!b->failure[0])
        check_logs(b);
    if (!b->failure[0])
        go_back(b);
}

void bench_step(struct bench *b, const struct step *step)
{
    b->draws = step->c ^ step->b << 7;
    switch (step->kind) {
    case STEP_REQUEST:
        request(b, step);
        break;
    case STEP_INTERRUPT:
        interrupt(b, step);
        break;
    case STEP_EDIT:
        edit(b, step);
        break;
    case STEP_COMMAND:
        commands_give(b, RING_HOST, step);
        break;
    case STEP_GUEST_COMMAND:
        commands_give(b, step->c >> 16 & 1, step);
        break;
    case STEP_WAIT:
        commands_wait(b, RING_HOST);
        break;
    case STEP_GUEST_WAIT:
        commands_wait(b, step->c & 1);
        break;
    case STEP_ANSWER:
        for (uint32_t i = 0; i <= step->b % 6; i++)
            port_answer(b, i ? step->a * 2654435761u + i * 2246822519u : step->a);
        break;
    case STEP_MEND:
        commands_mend(b, step);
        break;
    default:
        settle(b);
        break;
    }
    port_pass(b, 1 + (step->c >> 3) % 40);
    port_look(b);
}
