// SPDX-License-Identifier: Apache-2.0
/* The surroundings of the device: questions, answers, completions. */
#include "tickets_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ENDLESS = 20000 };

void bench_fail(struct bench *b, const char *format, ...)
{
    va_list arguments;

    if (b->failure[0])
        return;
    va_start(arguments, format);
    vsnprintf(b->failure, sizeof(b->failure), format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- COMPLETION_WAIT */

static uint64_t store_of(unsigned ring)
{
    return ring == RING_HOST ? H_STORE : guest_spa(ring, G_STORE);
}

static void stored(struct bench *b, unsigned ring, uint64_t value)
{
    struct ring_state *r = &b->rings[ring];

    if (value <= r->stored)
        return;
    r->stored = value;
    while (r->first < r->count) {
        const struct given *g = &r->given[r->first++];
        if (!g->wait) {
            model_complete(&b->model, &g->fence);
            continue;
        }
        b->waits++;
        if (b->verbose)
            printf("      COMPLETION_WAIT %llu of ring %u has completed\n", (unsigned long long)g->value,
                   ring);
        if (g->value == value)
            return;
    }
}

void port_look(struct bench *b)
{
    for (unsigned ring = 0; ring < RINGS; ring++)
        stored(b, ring, get64(&b->world, store_of(ring)));
}

/* The store has left the device: it may be seen from now on. */
static void look_at_store(struct bench *b, const struct amdvi_ask *ask)
{
    uint64_t value;

    memcpy(&value, ask->data, sizeof(value));
    for (unsigned ring = 0; ring < RINGS; ring++)
        if (ask->kind == AMDVI_ASK_WRITE && ask->address == store_of(ring))
            stored(b, ring, value);
}

/* ---------------------------------------------------------------- questions and answers */

static void perform(struct bench *b, struct asked *a)
{
    const struct amdvi_ask *ask = &a->ask;
    uint8_t *at = b->world.bytes + ask->address;

    a->done = true;
    a->result = AMDVI_MEMORY_OK;
    if (ask->address >= WORLD_BYTES || ask->length > WORLD_BYTES - ask->address) {
        a->result = AMDVI_MEMORY_MASTER_ABORT;
        return;
    }
    memcpy(a->data, at, ask->length);
    if (ask->kind == AMDVI_ASK_WRITE)
        memcpy(at, ask->data, ask->length);
    else if (ask->kind == AMDVI_ASK_UPDATE && memcmp(at, &ask->expected, 8) == 0)
        memcpy(at, &ask->desired, 8);
    if (ask->kind != AMDVI_ASK_READ)
        b->world.touched[ask->address / PAGE_BYTES] = 1;
}

/* Pages of dirty bits (viommu 3.2), read with every turn of the guests' rings: they would hide the rest. */
static bool is_scan(const struct amdvi_ask *ask)
{
    return ask->access == AMDVI_ACCESS_MAP && ask->kind == AMDVI_ASK_READ && ask->length == AMDVI_ASK_BYTES;
}

static enum amdvi_status answer(struct bench *b, uint64_t id, enum amdvi_memory_result result,
                                const void *data)
{
    return b->timed ? amdvi_timed_memory_done(b->timed, id, result, data)
                    : amdvi_memory_done(b->world.device, id, result, data);
}

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    struct bench *b = context;
    struct asked *a = &b->open[b->opened];

    port_look(b);
    if (b->opened == OPEN) {
        bench_fail(b, "more than %d questions are open", OPEN);
        return;
    }
    if (is_scan(ask)) {
        struct asked at_once = {.ask = *ask};
        perform(b, &at_once);
        answer(b, ask->id, at_once.result, at_once.data);
        return;
    }
    a->ask = *ask;
    a->done = false;
    b->opened++;
    b->most_open = b->opened > b->most_open ? b->opened : b->most_open;
    b->draws = b->draws * 1664525 + 1013904223;
    if (b->draws >> 31)
        perform(b, a);
    look_at_store(b, ask);
}

/* Any of them, or the youngest, so that others get old. */
bool port_answer(struct bench *b, uint32_t draw)
{
    struct asked a;
    unsigned index;

    if (!b->opened)
        return false;
    index = draw >> 31 ? draw % b->opened : b->opened - 1;
    a = b->open[index];
    b->open[index] = b->open[--b->opened];
    if (!a.done)
        perform(b, &a);
    if (b->verbose)
        printf("      memory answers %s of %llx, value %llx%s\n",
               a.ask.kind == AMDVI_ASK_READ ? "a read" : "a write", (unsigned long long)a.ask.address,
               (unsigned long long)(a.data[0] | a.data[1] << 8 | a.data[2] << 16 | (uint64_t)a.data[3] << 24),
               "");
    if (answer(b, a.ask.id, a.result, a.data) != AMDVI_OK)
        bench_fail(b, "amdvi_memory_done() does not know its question");
    port_pass(b, draw >> 8 & 31);
    port_look(b);
    return true;
}

static void drain(struct bench *b)
{
    unsigned answers = 0;

    port_pass(b, 0);
    while (!b->failure[0] && port_answer(b, b->draws >> 3)) {
        port_pass(b, 0);
        if (++answers > ENDLESS)
            bench_fail(b, "questions without end");
    }
}

void port_settle(struct bench *b)
{
    drain(b);
    amdvi_run(b->world.device);
    port_look(b);
    drain(b);
}

void port_pass(struct bench *b, uint32_t ns)
{
    if (b->timed)
        amdvi_timed_run(b->timed, ns ? amdvi_timed_now(b->timed) + ns * UINT64_C(1000) : AMDVI_TIMED_NEVER);
}

uint64_t port_pending(const struct bench *b)
{
    uint32_t pending = 0;

    amdvi_external_pending(b->world.device, &pending);
    return b->timed ? amdvi_timed_pending(b->timed) : pending;
}

/* ---------------------------------------------------------------- answers of the device */

/* What the guest's own tables did wrong the guest hears of (viommu 8.1). */
static unsigned log_of(uint16_t device, unsigned reason)
{
    unsigned owner = owner_of_device(device);

    switch (reason) {
    case AMDVI_REASON_GUEST_GCR3_INVALID:
    case AMDVI_REASON_GUEST_NOT_PRESENT:
    case AMDVI_REASON_GUEST_PERMISSION:
        return owner == WORLD_GUESTS ? RING_HOST : owner;
    default:
        return RING_HOST;
    }
}

static void note_record(struct bench *b, uint16_t device, const struct amdvi_fault *fault, bool at_once)
{
    if (!fault->logged)
        return;
    b->faults++;
    if (b->record_count == RECORDS)
        bench_fail(b, "too many records for this test");
    else
        b->records[b->record_count++] =
            (struct expected_record){.device = device,
                                     .flags = (uint16_t)(fault->event << 12 | fault->flags),
                                     .address = fault->address,
                                     .log = log_of(device, fault->reason),
                                     .at_once = at_once};
}

void port_check(struct bench *b, const struct amdvi_request *request, const struct amdvi_result *result,
                bool at_once)
{
    b->answers++;
    if (b->verbose)
        printf("      device %x, address %llx: %s, pa %llx\n", request->device,
               (unsigned long long)request->address,
               result->ok ? "ok" : amdvi_reason_text(result->fault.reason), (unsigned long long)result->pa);
    if (!result->ok)
        note_record(b, request->device, &result->fault, at_once);
    if (!model_allows(&b->model, request, result))
        bench_fail(b, "device %x, pasid %u, %s at %llx: the answer is %s, pa %llx, size %llx, rights %u",
                   request->device, request->pasid, request->op == AMDVI_WRITE ? "write" : "read",
                   (unsigned long long)request->address,
                   result->ok ? "ok" : amdvi_reason_text(result->fault.reason),
                   (unsigned long long)result->pa, (unsigned long long)result->size, result->perm);
}

void port_check_interrupt(struct bench *b, uint16_t device, uint32_t index,
                          const struct amdvi_int_result *result)
{
    b->answers++;
    if (b->verbose)
        printf("      device %x, interrupt %u: ok=%d, vector %x\n", device, index, result->ok,
               result->vector);
    if (!result->ok)
        note_record(b, device, &result->fault, false);
    if (!model_allows_interrupt(&b->model, device, index, result))
        bench_fail(b, "device %x, interrupt %u: ok=%d, vector %x, destination %x", device, index, result->ok,
                   result->vector, result->destination);
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    struct bench *b = context;

    port_look(b);
    if (completion->status != AMDVI_OK)
        bench_fail(b, "a submission ends with status %d", completion->status);
    else if (completion->kind == AMDVI_SUBMITTED_REQUEST)
        port_check(b, completion->request, completion->result, false);
    else if (completion->kind == AMDVI_SUBMITTED_INTERRUPT)
        port_check_interrupt(b, (uint16_t)(completion->tag >> 16), completion->tag & 0xffff,
                             completion->interrupt);
}

static void on_timed_complete(void *context, const struct amdvi_timed_completion *completion)
{
    on_complete(context, completion->what);
}

void port_request(struct bench *b, const struct amdvi_request *request)
{
    if (b->timed)
        amdvi_timed_request(b->timed, amdvi_timed_now(b->timed), request->address >> 12 & 3, request, 0);
    else
        amdvi_submit_request(b->world.device, request, 0);
}

void port_interrupt(struct bench *b, uint16_t device, uint32_t index)
{
    uint64_t tag = (uint64_t)device << 16 | index;

    if (b->timed)
        amdvi_timed_interrupt(b->timed, amdvi_timed_now(b->timed), device & 3, device, 0xfee00000, index,
                              tag);
    else
        amdvi_submit_interrupt(b->world.device, device, 0xfee00000, index, tag);
}

/* Few of everything, so that much waits; nothing lies beyond the IOMMU. */
static bool make_time(struct bench *b)
{
    struct amdvi_timed_host host = {.context = b, .complete = on_timed_complete, .issue = on_issue};
    struct amdvi_timed_parameters p;

    amdvi_timed_preset_parameters(&p, NULL);
    amdvi_timed_set(&p, "walk.slots", "3");
    amdvi_timed_set(&p, "memory.credits", "4");
    amdvi_timed_set(&p, "l1.entries", "4");
    amdvi_timed_set(&p, "l1.outstanding", "8");
    amdvi_timed_set(&p, "interrupt.latency", "0ps");
    amdvi_timed_set(&p, "pcie.latency", "0ps");
    return amdvi_timed_create(b->world.device, &p, &host, NULL, &b->timed) == AMDVI_OK;
}

void port_attach(struct bench *b)
{
    struct amdvi_external face = {
        .context = b, .issue = on_issue, .complete = on_complete, .most = UNDER_WAY};

    if (b->with_time ? !make_time(b) : amdvi_external_attach(b->world.device, &face) != AMDVI_OK)
        bench_fail(b, "the surroundings cannot be attached");
}

void port_detach(struct bench *b)
{
    if (b->timed)
        amdvi_timed_destroy(b->timed);
    else
        amdvi_external_attach(b->world.device, NULL);
}
