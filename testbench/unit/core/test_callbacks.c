// SPDX-License-Identifier: Apache-2.0
/* What callbacks may call: they run in the middle of an operation, so nothing that changes their device. */
#include "machine.h"

#include <amdvi/external.h>
#include <amdvi/host.h>

static struct machine m;

/* The callback that is to call the device, and what it found. */
enum caller { BY_READ, BY_WRITE, BY_EXCHANGE, BY_INTERRUPT, BY_ATC, BY_PRG, BY_OBSERVER, CALLERS };

static enum caller caller;
static unsigned calls, tried;
static struct amdvi_observation *observation;
static struct amdvi_memory memory;
static struct amdvi_callbacks callbacks;

/* Every call that takes a device which is not const, and both that save it. */
enum { CALLS = 31 };

static int no_mapping(void *context, const struct amdvi_mapping *mapping)
{
    return 1;
}

static void not_told(void *context, const struct amdvi_invalidated *what)
{
}

static enum amdvi_status call_of_hosts(unsigned which)
{
    const struct amdvi_request request = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8};
    const struct amdvi_mappings mappings = {.device = DEV, .last = 0xfff, .mapping = no_mapping};
    const struct amdvi_window window = {.bytes = &m, .base = UINT64_C(1) << 50, .size = 8};
    struct amdvi_irq_queue *queue;
    struct amdvi_notifier *notifier;
    struct amdvi_result result;

    switch (which) {
    case 0:
        return amdvi_look(m.device, &request, &result);
    case 1:
        return amdvi_walk_mappings(m.device, &mappings);
    case 2:
        return amdvi_window_add(m.device, &window);
    case 3:
        return amdvi_window_remove(m.device, 0);
    case 4:
        return amdvi_irq_queue_create(m.device, 4, &queue);
    case 5:
        return amdvi_notifier_create(m.device, DEV, not_told, NULL, &notifier);
    default:
        return amdvi_external_attach(m.device, NULL);
    }
}

static enum amdvi_status call(unsigned which)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8};
    struct amdvi_page_request page = {.device = DEV};
    struct amdvi_page_request_result page_result;
    struct amdvi_int_result message;
    struct amdvi_dte_view view;
    struct amdvi_result result;
    uint8_t bytes[8] = {0};
    uint64_t value;
    size_t needed;

    switch (which) {
    case 0:
        return amdvi_reset(m.device);
    case 1:
        return amdvi_destroy(m.device);
    case 2:
        return amdvi_run(m.device);
    case 3:
        return amdvi_advance(m.device, 1);
    case 4:
        return amdvi_observe(m.device, NULL);
    case 5:
        return amdvi_mmio_read(m.device, R_STATUS, 8, &value);
    case 6:
        return amdvi_mmio_write(m.device, R_CONTROL, 8, 0);
    case 7:
        return amdvi_pci_read(m.device, 0, 4, &value);
    case 8:
        return amdvi_pci_write(m.device, 4, 2, 0);
    case 9:
        return amdvi_vf_read(m.device, 1, 0, 8, &value);
    case 10:
        return amdvi_vf_write(m.device, 1, 0, 8, 0);
    case 11:
        return amdvi_vfc_read(m.device, 1, 0, 8, &value);
    case 12:
        return amdvi_vfc_write(m.device, 1, 0, 8, 0);
    case 13:
        return amdvi_guest_map_fill(m.device, 1, AMDVI_MAP_DEVICES, 0, 1, 0, 0, false);
    case 14:
        return amdvi_translate(m.device, &request, &result);
    case 15:
        return amdvi_translate_batch(m.device, &request, &result, 1);
    case 16:
        return amdvi_dma(m.device, &request, bytes, &result);
    case 17:
        return amdvi_interrupt(m.device, DEV, 0xfee00000, 0, &message);
    case 18:
        return amdvi_page_request(m.device, &page, &page_result);
    case 19:
        return amdvi_atc_complete(m.device, 0);
    case 20:
        return amdvi_inspect_dte(m.device, DEV, &view);
    case 21:
        return amdvi_save(m.device, NULL, 0, &needed);
    case 22:
        return amdvi_observer_detach(observation);
    case 23:
        return amdvi_restore(m.device, bytes, sizeof(bytes));
    default:
        return call_of_hosts(which - 24);
    }
}

static void call_back(enum caller who)
{
    struct amdvi_statistics statistics;
    uint64_t count;

    if (who != caller)
        return;
    calls++;
    for (unsigned i = 0; i < CALLS; i++, tried++)
        ck_assert_msg(call(i) == AMDVI_ERR_BUSY, "call %u from callback %d", i, who);
    ck_assert_int_eq(amdvi_get_statistics(m.device, &statistics), AMDVI_OK);
    ck_assert_int_eq(amdvi_log_count(m.device, AMDVI_LOG_EVENT, &count), AMDVI_OK);
}

static enum amdvi_memory_result on_read(void *context, uint64_t spa, void *data, size_t length)
{
    call_back(BY_READ);
    return memory.read(context, spa, data, length);
}

static enum amdvi_memory_result on_write(void *context, uint64_t spa, const void *data, size_t length)
{
    call_back(BY_WRITE);
    return memory.write(context, spa, data, length);
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t spa, uint64_t expected, uint64_t desired,
                                            uint64_t *seen)
{
    call_back(BY_EXCHANGE);
    return memory.compare_exchange(context, spa, expected, desired, seen);
}

static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    call_back(BY_INTERRUPT);
    callbacks.interrupt(context, irq);
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    call_back(BY_ATC);
    return callbacks.atc_invalidate(context, invalidation);
}

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    call_back(BY_PRG);
    callbacks.prg_response(context, response);
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    (void)context;
    (void)info;
    call_back(BY_OBSERVER);
}

static void setup(void)
{
    struct amdvi_observer observer = {.command = on_command};

    struct amdvi_memory own = {
        .context = &m, .read = on_read, .write = on_write, .compare_exchange = on_exchange};
    struct amdvi_callbacks told = {
        .context = &m, .interrupt = on_interrupt, .atc_invalidate = on_atc, .prg_response = on_prg};

    machine_open_as(&m, "", false);
    memory = machine_memory(&m);
    callbacks = machine_callbacks(&m);
    ck_assert_int_eq(amdvi_destroy(m.device), AMDVI_OK);
    ck_assert_int_eq(amdvi_create(m.config, &own, &told, NULL, &m.device), AMDVI_OK);
    ck_assert_int_eq(amdvi_observer_attach(m.device, &observer, &observation), AMDVI_OK);
    calls = tried = 0;
}

static void teardown(void)
{
    machine_close(&m);
}

/* A walk with an accessed bit to set, a record with its interrupt, a command to a device's cache, a response.
 */
static void do_everything(void)
{
    map_host(&m, DEV, D_OK | 1 << 7, DOM);
    boot(&m, C_NORMAL | C_EVTINT | C_PPR | C_PPRLOG | C_GT);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert(!ask(&m, AMDVI_READ, IOVA + 0x5000).ok);
    command(&m, UINT64_C(4) << 60 | DEV, UINT64_C(0x7ffffffffffff001));
    command(&m, UINT64_C(7) << 60 | DEV, 0);
    command(&m, UINT64_C(1) << 60 | STORE | 1, 0x77);
}

START_TEST(callbacks_cannot_change_their_device)
{
    caller = (enum caller)_i;
    do_everything();
    ck_assert_uint_ge(calls, 1);
    ck_assert_uint_eq(tried, calls * CALLS);
    /* All went on as if nobody had called. */
    ck_assert_uint_eq(get64(&m, STORE), 0x77);
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert_uint_eq(m.prgs, 1);
    ck_assert_int_eq(amdvi_run(m.device), AMDVI_OK);
}
END_TEST

/* Another device is nobody's business but the caller's. */
static struct amdvi_device *other;
static unsigned answered;

static void ask_the_other(void *context, const struct amdvi_irq *irq)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8};
    struct amdvi_result result;

    (void)context;
    (void)irq;
    ck_assert_int_eq(amdvi_translate(other, &request, &result), AMDVI_OK);
    answered += result.ok;
}

START_TEST(callbacks_may_call_another_device)
{
    struct amdvi_callbacks told = {.interrupt = ask_the_other};

    caller = CALLERS;
    other = m.device;
    ck_assert_int_eq(amdvi_create(m.config, &memory, &told, NULL, &m.device), AMDVI_OK);
    boot(&m, C_NORMAL | C_EVTINT);
    dte(&m, DEV, D_V, DOM, 0);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(answered, 1);
    ck_assert_int_eq(amdvi_destroy(other), AMDVI_OK);
}
END_TEST

START_TEST(destroying_nothing_is_no_mistake)
{
    caller = CALLERS;
    ck_assert_int_eq(amdvi_destroy(NULL), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("callbacks");
    TCase *tests = tcase_create("callbacks");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, callbacks_cannot_change_their_device, 0, CALLERS);
    tcase_add_test(tests, callbacks_may_call_another_device);
    tcase_add_test(tests, destroying_nothing_is_no_mistake);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
