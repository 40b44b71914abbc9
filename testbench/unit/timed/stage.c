// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/timed/stage.h"

#include <stdio.h>
#include <string.h>

static void on_complete(void *context, const struct amdvi_timed_completion *c)
{
    struct stage *s = context;
    struct stage_end *end = &s->ends[c->what->tag];

    ck_assert(!end->ended);
    *end = (struct stage_end){
        .ended = true, .at = c->done, .status = c->what->status, .place = c->place, .reads = c->reads};
    ck_assert_uint_eq(c->done, amdvi_timed_now(s->timed));
    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && c->what->status == AMDVI_OK) {
        end->ok = c->what->result->ok;
        end->pa = c->what->result->pa;
    }
}

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    struct stage *s = context;

    ck_assert_uint_lt(s->asked, sizeof(s->asks) / sizeof(s->asks[0]));
    s->asks[s->asked++] = *ask;
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    return amdvi_timed_atc_invalidate(((struct stage *)context)->timed, invalidation);
}

static void apply(struct amdvi_timed_parameters *parameters, const char *settings)
{
    char copy[512], *word;

    amdvi_timed_preset_parameters(parameters, NULL);
    snprintf(copy, sizeof(copy), "%s", settings);
    for (word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
        char *value = strchr(word, '=');
        *value++ = 0;
        ck_assert_msg(amdvi_timed_set(parameters, word, value) == AMDVI_OK, "%s=%s", word, value);
    }
}

static void build(struct stage *s, const char *const *keys)
{
    memset(s, 0, sizeof(*s));
    machine_init(&s->machine);
    for (; keys && *keys; keys += 2)
        machine_set(&s->machine, keys[0], keys[1]);
    s->machine.callbacks = (struct amdvi_callbacks){.context = s, .atc_invalidate = on_atc};
    machine_start(&s->machine);
    s->root = machine_page(&s->machine);
    machine_dte(&s->machine, DEVICE, DOMAIN, 4, s->root);
    machine_dte(&s->machine, OTHER, DOMAIN, 4, s->root);
    for (unsigned i = 0; i < PAGES; i++)
        machine_map(&s->machine, s->root, 4, page_at(i), MACHINE_DATA + 4096 * i, MACHINE_READ_WRITE);
}

static void create_with(struct stage *s, const struct amdvi_timed_parameters *parameters, bool host_memory)
{
    struct amdvi_timed_host host = {
        .context = s, .complete = on_complete, .issue = host_memory ? on_issue : NULL};

    ck_assert_int_eq(amdvi_timed_create(s->machine.device, parameters, &host, NULL, &s->timed), AMDVI_OK);
}

static void create(struct stage *s, const char *settings, bool host_memory)
{
    struct amdvi_timed_parameters parameters;

    apply(&parameters, settings);
    create_with(s, &parameters, host_memory);
}

void stage_open(struct stage *s, const char *settings, const char *const *keys)
{
    build(s, keys);
    create(s, settings, false);
}

void stage_open_with(struct stage *s, const struct amdvi_timed_parameters *parameters)
{
    build(s, NULL);
    create_with(s, parameters, false);
}

void stage_open_host_memory(struct stage *s, const char *settings)
{
    build(s, NULL);
    create(s, settings, true);
}

void stage_close(struct stage *s)
{
    amdvi_timed_destroy(s->timed);
    machine_free(&s->machine);
}

uint64_t page_at(unsigned page)
{
    return IOVA + (uint64_t)4096 * page;
}

void stage_read(struct stage *s, uint64_t at_ns, unsigned port, uint16_t device, uint64_t iova, uint64_t tag)
{
    struct amdvi_request request = {.device = device, .op = AMDVI_READ, .address = iova, .length = 64};

    ck_assert_int_eq(amdvi_timed_request(s->timed, at_ns * NS, port, &request, tag), AMDVI_OK);
}

/* DTE.I (bit 96): translation requests are answered (iommu 3.1). */
void stage_allow_ats(struct stage *s)
{
    uint64_t at = machine_dte_address(DEVICE) + 8;

    machine_poke(&s->machine, at, machine_peek(&s->machine, at) | UINT64_C(1) << 32);
}

/* DTE.PPR (bit 52): page requests are taken (iommu 3.1). */
void stage_allow_page_requests(struct stage *s)
{
    uint64_t at = machine_dte_address(DEVICE);

    machine_poke(&s->machine, at, machine_peek(&s->machine, at) | UINT64_C(1) << 52);
}

void stage_read_by_atc(struct stage *s, uint64_t at_ns, uint64_t iova, uint64_t tag)
{
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_READ, .address = iova, .length = 64};

    ck_assert_int_eq(amdvi_timed_atc_request(s->timed, at_ns * NS, 0, &request, tag), AMDVI_OK);
}

void stage_ends_at(struct stage *s, uint64_t tag, uint64_t at_ns)
{
    if (at_ns)
        ck_assert_int_eq(amdvi_timed_run(s->timed, at_ns * NS - 1), AMDVI_OK);
    ck_assert_msg(!s->ends[tag].ended || !at_ns, "ended at %.3f ns, not at %llu", s->ends[tag].at / 1e3,
                  (unsigned long long)at_ns);
    ck_assert_int_eq(amdvi_timed_run(s->timed, at_ns * NS), AMDVI_OK);
    if (!s->ends[tag].ended)
        stage_finish(s);
    ck_assert_msg(s->ends[tag].ended && s->ends[tag].at == at_ns * NS, "ended at %.3f ns, not at %llu",
                  s->ends[tag].at / 1e3, (unsigned long long)at_ns);
}

void stage_finish(struct stage *s)
{
    ck_assert_int_eq(amdvi_timed_run(s->timed, AMDVI_TIMED_NEVER), AMDVI_OK);
}

void stage_command(struct stage *s, uint64_t low, uint64_t high)
{
    machine_poke(&s->machine, MACHINE_COMMANDS + s->tail, low);
    machine_poke(&s->machine, MACHINE_COMMANDS + s->tail + 8, high);
    s->tail += 16;
}

/* INVALIDATE_IOMMU_PAGES is opcode 3, the domain in bits 47:32 (6.4). */
void stage_invalidate_page(struct stage *s, uint64_t iova)
{
    stage_command(s, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, iova);
}

/* INVALIDATE_IOTLB_PAGES is opcode 4, the DeviceID in bits 15:0 (6.4). */
void stage_invalidate_atc(struct stage *s, uint64_t iova)
{
    stage_command(s, UINT64_C(4) << 60 | DEVICE, iova);
}

/* COMPLETION_WAIT is opcode 1, bit 0 stores (6.4). */
void stage_wait(struct stage *s, uint64_t value)
{
    stage_command(s, UINT64_C(1) << 60 | MACHINE_STORE | 1, value);
}

void stage_doorbell(struct stage *s, uint64_t at_ns, uint64_t tag)
{
    const struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = 0x2008, .value = s->tail};

    ck_assert_int_eq(amdvi_timed_register(s->timed, at_ns * NS, &access, tag), AMDVI_OK);
}

void stage_stored_at(struct stage *s, uint64_t value, uint64_t at_ns)
{
    uint64_t next;

    while (machine_peek(&s->machine, MACHINE_STORE) != value &&
           (next = amdvi_timed_next(s->timed)) != AMDVI_TIMED_NEVER)
        ck_assert_int_eq(amdvi_timed_run(s->timed, next), AMDVI_OK);
    ck_assert_uint_eq(machine_peek(&s->machine, MACHINE_STORE), value);
    ck_assert_msg(amdvi_timed_now(s->timed) == at_ns * NS, "stored at %.3f ns, not at %llu",
                  amdvi_timed_now(s->timed) / 1e3, (unsigned long long)at_ns);
}
