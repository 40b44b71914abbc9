// SPDX-License-Identifier: Apache-2.0
/* Random tables, random software, random devices: recorded in either form, replayed without a difference. */
#include "recording.h"

#include "testbench/unit/core/machine.h"
#include "testbench/unit/core/random_world.h"

enum { ROUNDS = 24, STEPS = 1500, RING = 250 * 4096, RING_BYTES = 4096 };

struct host {
    uint8_t bytes[WORLD_BYTES];
    struct amdvi_device *device;
    struct amdvi_config *config;
    struct chance chance;
    uint32_t tail;
};

static enum amdvi_memory_result on_read(void *context, uint64_t spa, void *data, size_t length)
{
    struct host *host = context;

    if (spa >= WORLD_BYTES || length > WORLD_BYTES - spa)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, host->bytes + spa, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_write(void *context, uint64_t spa, const void *data, size_t length)
{
    struct host *host = context;

    if (spa >= WORLD_BYTES || length > WORLD_BYTES - spa)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(host->bytes + spa, data, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t spa, uint64_t expected, uint64_t desired,
                                            uint64_t *seen)
{
    enum amdvi_memory_result result = on_read(context, spa, seen, 8);

    if (result == AMDVI_MEMORY_OK && *seen == expected)
        result = on_write(context, spa, &desired, 8);
    return result;
}

static unsigned below(struct host *host, unsigned limit)
{
    return chance_below(&host->chance, limit);
}

/* ---------------------------------------------------------------- what software does */

/* A table entry takes the place of another one, or a bit changes: no invalidation follows by itself. */
static void change_memory(struct host *host)
{
    unsigned page = below(host, 28), slot = below(host, 32);
    uint64_t value;

    if (below(host, 2)) {
        memcpy(&value, host->bytes + page * 4096 + 8 * below(host, 32), 8);
    } else {
        memcpy(&value, host->bytes + page * 4096 + 8 * slot, 8);
        value ^= (uint64_t)1 << below(host, 64);
    }
    memcpy(host->bytes + page * 4096 + 8 * slot, &value, 8);
}

static void put_command(struct host *host, uint64_t low, uint64_t high)
{
    memcpy(host->bytes + RING + host->tail, &low, 8);
    memcpy(host->bytes + RING + host->tail + 8, &high, 8);
    host->tail = (host->tail + 16) % RING_BYTES;
    amdvi_mmio_write(host->device, R_CMD_TAIL, below(host, 2) ? 8 : 4, host->tail);
}

static void give_command(struct host *host)
{
    uint64_t device = below(host, WORLD_DEVICES), opcode = 1 + below(host, 8);
    uint64_t page = (uint64_t)below(host, 4) << 12 | below(host, 2);

    switch (opcode) {
    case 1:
        put_command(host, opcode << 60 | (0x90000 + below(host, 64) * 8) | 1 | (below(host, 2) ? 2 : 0),
                    chance_word(&host->chance));
        break;
    case 3:
        put_command(host, opcode << 60 | device << 32, page | (uint64_t)below(host, 2) << 1);
        break;
    case 7:
        put_command(host, opcode << 60 | device, below(host, 512));
        break;
    default:
        put_command(host, opcode << 60 | device, below(host, 20) ? page : chance_word(&host->chance));
        break;
    }
    if (below(host, 3))
        amdvi_run(host->device);
}

static void use_registers(struct host *host)
{
    static const uint16_t offsets[] = {R_CONTROL,  R_CMD_HEAD, R_EVT_HEAD, R_EVT_TAIL, R_STATUS,
                                       R_PPR_TAIL, R_GA_TAIL,  0x30,       0x0};
    uint64_t value;

    amdvi_mmio_read(host->device, offsets[below(host, 9)], below(host, 2) ? 8 : 4, &value);
    switch (below(host, 8)) {
    case 0: /* the log is read, and its overflow acknowledged */
        amdvi_mmio_read(host->device, R_EVT_TAIL, 8, &value);
        amdvi_mmio_write(host->device, R_EVT_HEAD, 8, value);
        amdvi_mmio_write(host->device, R_STATUS, 8, 0x1f7);
        break;
    case 1:
        amdvi_pci_write(host->device, 0x54 + 4 * below(host, 12), 4, chance_word(&host->chance));
        break;
    case 2:
        amdvi_pci_read(host->device, 8 * below(host, 40), 8, &value);
        break;
    case 3: /* rings start again */
        amdvi_mmio_read(host->device, R_CONTROL, 8, &value);
        amdvi_mmio_write(host->device, R_CONTROL, 8, value & ~(C_CMD | C_EVENTS));
        amdvi_mmio_write(host->device, R_CONTROL, 8, value | C_CMD | C_EVENTS);
        break;
    default:
        break;
    }
}

/* ---------------------------------------------------------------- what devices do */

/* Flags that only translation requests have; a translation request has no other operation. */
static void draw_request(struct host *host, struct amdvi_request *request)
{
    world_request(&host->chance, request);
    if (request->at == AMDVI_TRANSLATION_REQUEST)
        request->op = AMDVI_READ;
    else
        request->execute = request->no_write = false;
}

static void move_data(struct host *host)
{
    struct amdvi_request request;
    struct amdvi_result result;
    uint8_t data[9000];

    do
        draw_request(host, &request);
    while (request.at == AMDVI_TRANSLATION_REQUEST || (request.op != AMDVI_WRITE && request.length > 4096));
    if (request.op != AMDVI_WRITE) /* a read of several pages is not recorded exactly (recorder.h) */
        request.length = 1;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i ^ request.address);
    amdvi_dma(host->device, &request, data, &result);
}

static void translate(struct host *host)
{
    struct amdvi_request requests[20];
    struct amdvi_result results[20];
    unsigned count = below(host, 4) ? 1 : 20;

    for (unsigned i = 0; i < count; i++)
        draw_request(host, &requests[i]);
    if (count == 1)
        amdvi_translate(host->device, &requests[0], &results[0]);
    else
        amdvi_translate_batch(host->device, requests, results, count);
}

static void signal_or_page(struct host *host)
{
    struct amdvi_page_request page = {.device = (uint16_t)below(host, WORLD_DEVICES),
                                      .address = (uint64_t)below(host, 16) << 12,
                                      .prg_index = (uint16_t)below(host, 512),
                                      .has_pasid = below(host, 2),
                                      .read = below(host, 2),
                                      .write = below(host, 2),
                                      .last = below(host, 2)};
    struct amdvi_page_request_result answer;
    struct amdvi_int_result message;

    if (below(host, 2))
        amdvi_page_request(host->device, &page, &answer);
    else
        amdvi_interrupt(host->device, page.device, 0xfee00000 | below(host, 256) << 12, below(host, 1024),
                        &message);
}

static void step(struct host *host)
{
    switch (below(host, 12)) {
    case 0:
    case 1:
        change_memory(host);
        break;
    case 2:
    case 3:
        give_command(host);
        break;
    case 4:
        use_registers(host);
        break;
    case 5:
        signal_or_page(host);
        break;
    case 6:
        move_data(host);
        break;
    case 7:
        amdvi_run(host->device);
        break;
    default:
        translate(host);
        break;
    }
    if (below(host, 700) == 0) {
        amdvi_reset(host->device);
        world_boot(&host->chance, host->device);
        host->tail = 0;
    }
}

/* ---------------------------------------------------------------- the property */

static struct host *host_open(uint64_t seed, bool direct)
{
    static const char *const settings[] = {
        "", "ptc.log2_entries=4 pdc.log2_entries=2", "caches=off",
        "preset=milan spec=3.05 efr=0x059f77ef22294ade cache.policy=random"};
    struct host *host = calloc(1, sizeof(*host));
    struct amdvi_memory memory = {
        .context = host, .read = on_read, .write = on_write, .compare_exchange = on_exchange};

    ck_assert_ptr_nonnull(host);
    if (direct) {
        memory.direct = host->bytes;
        memory.direct_size = WORLD_BYTES;
    }
    host->chance.state = seed;
    host->config = config_of(settings[seed % 4]);
    ck_assert_int_eq(amdvi_create(host->config, &memory, NULL, NULL, &host->device), AMDVI_OK);
    world_fill(&host->chance, host->bytes);
    return host;
}

static void host_close(struct host *host)
{
    amdvi_destroy(host->device);
    amdvi_config_destroy(host->config);
    free(host);
}

static void record(struct recording *recording, struct host *host, enum amdvi_trace_form form)
{
    recording_start(recording, host->device, host->config, form, WORLD_BYTES);
    world_boot(&host->chance, host->device);
    for (unsigned i = 0; i < STEPS; i++)
        step(host);
}

START_TEST(random_activity_replays_without_a_difference)
{
    struct host *host = host_open(test_seed() + (uint64_t)_i, _i / 4 % 2);
    struct recording recording;

    record(&recording, host, _i % 2 ? AMDVI_TRACE_FORM_TEXT : AMDVI_TRACE_FORM_BINARY);
    recording_must_replay_exactly(&recording, host->device);
    recording_free(&recording);
    host_close(host);
}
END_TEST

/* The other way round: the test above can fail. What the device read is needed. */
START_TEST(without_its_memory_a_recording_does_not_replay)
{
    struct host *host = host_open(test_seed(), false);
    struct recording recording;
    struct played played;

    record(&recording, host, AMDVI_TRACE_FORM_TEXT);
    ck_assert_int_eq(amdvi_recorder_finish(recording.recorder), AMDVI_TRACE_OK);
    recording_play(&recording, AMDVI_TRACE_KIND_MEM, &played);
    ck_assert_uint_gt(played.counts.failed, 0);
    recording_play(&recording, AMDVI_TRACE_KIND_RESET, &played);
    recording_free(&recording);
    host_close(host);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder, host");
    TCase *tests = tcase_create("host");

    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, random_activity_replays_without_a_difference, 0, ROUNDS);
    tcase_add_test(tests, without_its_memory_a_recording_does_not_replay);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
