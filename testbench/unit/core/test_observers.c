// SPDX-License-Identifier: Apache-2.0
/* The list of observers: who hears what, in which order, and what stays when one goes. */
#include "machine.h"

#include "amdvi/inject.h"
#include "amdvi/lint.h"

static struct machine m;

struct ear {
    unsigned requests, events, calls, irqs, atcs, prgs, pages, pcis, hits, accesses;
    struct amdvi_call_info call;
    uint64_t sequence;
    bool pci_write;
    uint64_t pci_value;
    uint8_t bytes[64];
    uint32_t bytes_length;
};

static uint64_t sequence;

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct ear *ear = context;

    ear->requests++;
    ear->sequence = ++sequence;
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    ((struct ear *)context)->events++;
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    ((struct ear *)context)->calls++;
    ((struct ear *)context)->call = *info;
}

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    ((struct ear *)context)->irqs++;
}

static void on_atc(void *context, const struct amdvi_atc_invalidation *invalidation,
                   enum amdvi_atc_answer answer)
{
    ((struct ear *)context)->atcs += answer == AMDVI_ATC_PENDING ? 100 : 1;
}

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    ((struct ear *)context)->prgs++;
}

static void on_page(void *context, const struct amdvi_page_request *request,
                    const struct amdvi_page_request_result *result)
{
    ((struct ear *)context)->pages += result->ok ? 100 : 1;
}

static void on_pci(void *context, bool write, unsigned offset, unsigned size, uint64_t value)
{
    struct ear *ear = context;

    ear->pcis++;
    ear->pci_write = write;
    ear->pci_value = value;
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    ((struct ear *)context)->hits++;
}

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct ear *ear = context;

    ear->accesses++;
    ear->bytes_length = info->length;
    if (info->access == AMDVI_ACCESS_DATA && info->length <= sizeof(ear->bytes))
        memcpy(ear->bytes, info->data, info->length);
}

static struct amdvi_observation *attach(const struct amdvi_observer *observer)
{
    struct amdvi_observation *observation = NULL;

    ck_assert_int_eq(amdvi_observer_attach(m.device, observer, &observation), AMDVI_OK);
    ck_assert_ptr_nonnull(observation);
    return observation;
}

static void setup(void)
{
    sequence = 0;
    machine_open(&m, "");
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
}

static void teardown(void)
{
    machine_close(&m);
}

START_TEST(each_hears_what_it_asked_for_in_order)
{
    struct ear first = {0}, second = {0}, own = {0};
    struct amdvi_observation *a = attach(&(struct amdvi_observer){.context = &first, .request = on_request});
    struct amdvi_observation *b =
        attach(&(struct amdvi_observer){.context = &second, .request = on_request, .event = on_event});

    ask(&m, AMDVI_READ, 0x9000);
    ck_assert_uint_eq(first.requests, 1);
    ck_assert_uint_eq(second.requests, 1);
    ck_assert_uint_eq(second.events, 1);
    ck_assert_uint_eq(first.events, 0);
    ck_assert(first.sequence < second.sequence);
    ck_assert_int_eq(
        amdvi_observe(m.device, &(struct amdvi_observer){.context = &own, .request = on_request}), AMDVI_OK);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert(own.sequence < first.sequence && first.sequence < second.sequence);
    amdvi_observer_detach(a);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(first.requests, 2);
    ck_assert_uint_eq(second.requests, 3);
    ck_assert_int_eq(amdvi_observe(m.device, NULL), AMDVI_OK);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(own.requests, 2);
    ck_assert_uint_eq(second.requests, 4);
    amdvi_observer_detach(b);
    amdvi_observer_detach(NULL);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(second.requests, 4);
}
END_TEST

static unsigned found;

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    found++;
}

/* amdvi_observe() after amdvi_lint_create() must not take the lint off. */
START_TEST(a_lint_stays_when_the_host_observes)
{
    struct amdvi_lint_options options = {.finding = on_finding};
    struct ear ear = {0};
    struct amdvi_lint *lint;
    uint64_t leaf = map_host(&m, DEV, D_OK, 0), none = 0;

    found = 0;
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_lint_create(m.device, &options, &lint), AMDVI_OK);
    ck_assert_int_eq(amdvi_observe(m.device, &(struct amdvi_observer){.context = &ear, .hit = on_hit}),
                     AMDVI_OK);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    leaf += 8 * (IOVA >> 12 & 511);
    amdvi_lint_write(lint, leaf, &none, 8);
    put64(&m, leaf, 0);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(ear.hits, 1);
    ck_assert_int_eq(amdvi_observe(m.device, NULL), AMDVI_OK);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(found, 1);
    amdvi_lint_destroy(lint);
}
END_TEST

/* A reset drops what is cached: the stale answer before it was a window, not a mistake. */
START_TEST(a_lint_lets_a_reset_count_as_an_invalidation)
{
    struct amdvi_lint_options options = {.finding = on_finding};
    struct amdvi_lint_statistics statistics;
    struct amdvi_lint *lint;
    uint64_t leaf = map_host(&m, DEV, D_OK, 0) + 8 * (IOVA >> 12 & 511), none = 0;

    found = 0;
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_lint_create(m.device, &options, &lint), AMDVI_OK);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    amdvi_lint_write(lint, leaf, &none, 8);
    put64(&m, leaf, 0);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(found, 0);
    ck_assert_int_eq(amdvi_lint_statistics(lint, &statistics), AMDVI_OK);
    ck_assert_uint_eq(statistics.stale, 1);
    ck_assert_uint_eq(statistics.windows, 1);
    amdvi_lint_destroy(lint);
}
END_TEST

START_TEST(calls_are_told_before_they_act)
{
    struct ear ear = {0}, other = {0};
    struct amdvi_observer all = {.context = &ear, .call = on_call};
    uint64_t value;

    attach(&all);
    all.context = &other;
    attach(&all);
    amdvi_run(m.device);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_RUN);
    amdvi_advance(m.device, 70);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_ADVANCE);
    ck_assert_uint_eq(ear.call.value, 70);
    amdvi_mmio_read(m.device, R_CONTROL, 8, &value);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_REGISTERS);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_REQUEST);
    interrupt(&m, 0x41);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_INTERRUPT);
    m.atc_answer = AMDVI_ATC_PENDING;
    command(&m, UINT64_C(4) << 60 | DEV, 0x1000);
    ear.calls = other.calls = 5;
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag + 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_RUN);
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag), AMDVI_OK);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_ATC_COMPLETE);
    ck_assert_uint_eq(ear.call.value, m.atc[0].tag);
    amdvi_reset(m.device);
    ck_assert_int_eq(ear.call.call, AMDVI_CALL_RESET);
    ck_assert_uint_eq(ear.calls, 7);
    ck_assert_uint_eq(other.calls, 7);
}
END_TEST

START_TEST(what_callbacks_hear_observers_hear_too)
{
    struct ear ear = {0};
    struct amdvi_observer all = {
        .context = &ear, .irq = on_irq, .atc_invalidate = on_atc, .prg_response = on_prg};

    attach(&all);
    m.atc_answer = AMDVI_ATC_PENDING;
    boot(&m, C_NORMAL | C_EVTINT | C_PPR);
    command(&m, UINT64_C(4) << 60 | DEV, 0x1000);
    command(&m, UINT64_C(7) << 60 | DEV, 0);
    ask(&m, AMDVI_READ, 0x9000);
    ck_assert_uint_eq(ear.atcs, 100);
    ck_assert_uint_eq(ear.prgs, m.prgs);
    ck_assert_uint_eq(ear.irqs, m.irqs);
    ck_assert_uint_eq(ear.irqs, 1);
}
END_TEST

START_TEST(page_requests_and_configuration_space_are_told)
{
    struct amdvi_page_request rq = {.device = DEV, .address = IOVA, .read = true};
    struct amdvi_page_request_result result;
    struct ear ear = {0};
    struct amdvi_observer all = {.context = &ear, .page_request = on_page, .pci = on_pci};
    uint64_t value;

    attach(&all);
    ck_assert_int_eq(amdvi_page_request(m.device, &rq, &result), AMDVI_OK);
    ck_assert_uint_eq(ear.pages, 1);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0, 4, &value), AMDVI_OK);
    ck_assert(!ear.pci_write);
    ck_assert_uint_eq(ear.pci_value, value);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x3c, 1, 0x5a), AMDVI_OK);
    ck_assert(ear.pci_write);
    ck_assert_uint_eq(ear.pci_value, 0x5a);
    ck_assert_uint_eq(ear.pcis, 2);
}
END_TEST

/* Bridges and drivers probe the extended space: an absent register reads all-ones. */
START_TEST(configuration_space_beyond_256_reads_all_ones)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_pci_read(m.device, 0x100, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0xffffffff);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0xffe, 2, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0xffff);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0xfc, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value >> 32, 0xffffffff);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x100, 4, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x102, 1, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0x100, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0xffffffff);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0x1000, 1, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x1000, 4, 0), AMDVI_ERR_ACCESS);
}
END_TEST

/* An access shows all its bytes, not only the first four words. */
START_TEST(an_access_shows_all_its_bytes)
{
    struct ear ear = {0};
    struct amdvi_observer all = {.context = &ear, .access = on_access};
    struct amdvi_request rq = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA, .length = 64};
    struct amdvi_result result;
    uint8_t data[64];

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 3);
    attach(&all);
    ck_assert_int_eq(amdvi_dma(m.device, &rq, data, &result), AMDVI_OK);
    ck_assert_uint_eq(ear.bytes_length, 64);
    ck_assert_mem_eq(ear.bytes, data, 64);
}
END_TEST

static struct amdvi_access_info cached[AMDVI_CACHES];
static unsigned memory_reads;

static void on_cached(void *context, const struct amdvi_access_info *info)
{
    if (info->cached)
        cached[info->cache] = *info;
    else
        memory_reads += info->access != AMDVI_ACCESS_DATA;
}

/* What a cache answers is told as an access, and says which cache. */
START_TEST(cached_answers_are_told)
{
    uint64_t q2 =
        1 | INT_TABLE | UINT64_C(8) << 1 | UINT64_C(2) << 60; /* IV, 2^8 entries, IntCtl=10b (3.2) */
    uint64_t q[4];

    map_host(&m, DEV, D_OK, 0);
    put64(&m, DEV_TABLE + 32 * DEV + 16, q2);
    put64(&m, INT_TABLE + 0x40 * 4, 1 | 0x61 << 16); /* 32-bit entry 40h (8.3) */
    command(&m, UINT64_C(8) << 60, 0);
    attach(&(struct amdvi_observer){.access = on_cached});
    memset(cached, 0, sizeof(cached));
    ask(&m, AMDVI_READ, IOVA);
    interrupt(&m, 0x40);
    memory_reads = 0;
    ck_assert(!cached[AMDVI_CACHE_PTC].cached && !cached[AMDVI_CACHE_ITC].cached);
    memset(cached, 0, sizeof(cached));
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    interrupt(&m, 0x40);
    ck_assert_uint_eq(memory_reads, 0);
    for (unsigned i = 0; i < 4; i++)
        q[i] = get64(&m, DEV_TABLE + 32 * DEV + 8 * i);
    ck_assert_int_eq(cached[AMDVI_CACHE_DTC].access, AMDVI_ACCESS_DTE);
    ck_assert_uint_eq(cached[AMDVI_CACHE_DTC].address, DEV_TABLE + 32 * DEV);
    ck_assert_mem_eq(cached[AMDVI_CACHE_DTC].value, q, sizeof(q));
    ck_assert_int_eq(cached[AMDVI_CACHE_PTC].access, AMDVI_ACCESS_HOST_ENTRY);
    ck_assert_uint_eq(cached[AMDVI_CACHE_PTC].address, PAGE);
    ck_assert_uint_eq(cached[AMDVI_CACHE_PTC].level, 1);
    ck_assert_uint_eq(cached[AMDVI_CACHE_PTC].length, 0);
    ck_assert_int_eq(cached[AMDVI_CACHE_ITC].access, AMDVI_ACCESS_IRTE);
    ck_assert_uint_eq(cached[AMDVI_CACHE_ITC].address, INT_TABLE + 0x40 * 4);
    ck_assert_uint_eq(cached[AMDVI_CACHE_ITC].value[0], 1 | 0x61 << 16);
    ask(&m, AMDVI_READ, IOVA + 0x1000); /* not mapped: the walk begins at a directory that is cached */
    ck_assert(cached[AMDVI_CACHE_PDC].cached);
    ck_assert_int_eq(cached[AMDVI_CACHE_PDC].access, AMDVI_ACCESS_HOST_ENTRY);
}
END_TEST

START_TEST(arguments_and_memory)
{
    struct amdvi_observer nothing = {0};
    struct amdvi_observation *observation;

    ck_assert_int_eq(amdvi_observer_attach(NULL, &nothing, &observation), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_observer_attach(m.device, NULL, &observation), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_observer_attach(m.device, &nothing, NULL), AMDVI_ERR_ARGUMENT);
    m.allocate_fail_at = m.allocations + 1;
    ck_assert_int_eq(amdvi_observer_attach(m.device, &nothing, &observation), AMDVI_ERR_NO_MEMORY);
    attach(&nothing); /* goes with the device: machine_close() counts what is left */
}
END_TEST

/* A plan of faults makes requests go the whole way, where hits are told: to those that listen to them. */
START_TEST(who_does_not_listen_to_hits_hears_none)
{
    struct ear ear = {0};
    struct amdvi_inject_rule never = {
        .what = AMDVI_INJECT_PRG, .action = AMDVI_INJECT_DROP, .by_device = true, .device = 0xffff};

    ck_assert_int_eq(amdvi_inject(m.device, &never, 1), AMDVI_OK);
    attach(&(struct amdvi_observer){.context = &ear, .request = on_request});
    for (unsigned i = 0; i < 3; i++)
        ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(ear.requests, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("observers");
    TCase *tests = tcase_create("observers");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_hears_what_it_asked_for_in_order);
    tcase_add_test(tests, a_lint_stays_when_the_host_observes);
    tcase_add_test(tests, a_lint_lets_a_reset_count_as_an_invalidation);
    tcase_add_test(tests, calls_are_told_before_they_act);
    tcase_add_test(tests, what_callbacks_hear_observers_hear_too);
    tcase_add_test(tests, page_requests_and_configuration_space_are_told);
    tcase_add_test(tests, configuration_space_beyond_256_reads_all_ones);
    tcase_add_test(tests, an_access_shows_all_its_bytes);
    tcase_add_test(tests, who_does_not_listen_to_hits_hears_none);
    tcase_add_test(tests, cached_answers_are_told);
    tcase_add_test(tests, arguments_and_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
