// SPDX-License-Identifier: Apache-2.0
/* What devices of guests cause where the guest has no log for it (viommu 8.1, 8.2, 11 #37). */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { A, FAULTING = G_IOVA + 9 * PAGE_BYTES, UNTOUCHED = 0x55, LONELY_DEVICE = 0x200 };
enum { V_AUTO_ALWAYS = 1 << 15, EVENT_LOG_EN = 0x100, VF_AUTO_RESPONSE = 0x80 };

static struct world w;
static struct amdvi_prg_response response;
static unsigned responses;

static void on_prg(void *context, const struct amdvi_prg_response *prg)
{
    response = *prg;
    responses++;
}

static void start(const char *settings)
{
    world_open(&w, settings, true);
    w.notes.prg = on_prg;
    responses = 0;
}

static void teardown(void)
{
    world_close(&w);
}

START_TEST(item_37_without_a_log_the_record_may_be_the_hosts)
{
    uint64_t tail;

    start(_i ? "viommu.guest_log_off=host" : "viommu.guest_log_off=drop");
    tail = reg_read(&w, R_EVT_TAIL);
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING); /* its log is on: its own affair */
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    vfc_write(&w, A, VFC_EVT, event_control() & ~(uint64_t)EVENT_LOG_EN);
    ck_assert_int_eq(guest_ask(&w, A, 0, AMDVI_READ, FAULTING).fault.logged, _i);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), tail + (_i ? 16 : 0));
    if (_i) /* the host knows the device by its own ID */
        ck_assert_uint_eq(get64(&w, H_EVT + tail) & 0xffff, host_device(A, 0));
}
END_TEST

/* A device that is given to a guest whose registers nobody has touched: both its logs are off. */
START_TEST(page_requests_of_an_untouched_guest_are_dropped)
{
    uint64_t words[4], at = H_DEVTAB + 32 * host_device(A, 0);
    struct amdvi_page_request request = {
        .device = LONELY_DEVICE, .has_pasid = true, .read = true, .last = true, .pasid = G_PASID};
    struct amdvi_page_request_result result;

    start(NULL);
    for (unsigned i = 0; i < 4; i++)
        words[i] = get64(&w, at + 8 * i);
    words[3] = (words[3] & UINT32_MAX) | (uint64_t)UNTOUCHED << 32;
    world_dte(&w, LONELY_DEVICE, words);
    ck_assert_int_eq(amdvi_page_request(w.device, &request, &result), AMDVI_OK);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.event, 0);
    ck_assert_uint_eq(responses, 0);
    ck_assert_uint_eq(reg_read(&w, R_PPR_TAIL), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_PPR_TAIL), 0);
}
END_TEST

/* The guest's PprAutoRspAon answers each group once, with the guest's code. */
START_TEST(a_guest_may_have_its_groups_answered)
{
    struct amdvi_page_request request = {
        .device = host_device(A, 0), .has_pasid = true, .read = true, .pasid = G_PASID, .prg_index = 3};
    struct amdvi_page_request_result result;

    start(NULL);
    vf_write(&w, A, VF_AUTO_RESPONSE, 0xf);
    vfc_write(&w, A, VFC_PPR, ppr_control() | V_AUTO_ALWAYS);
    ck_assert_int_eq(amdvi_page_request(w.device, &request, &result), AMDVI_OK);
    ck_assert(result.ok);
    ck_assert_uint_eq(responses, 0);
    request.last = true;
    ck_assert_int_eq(amdvi_page_request(w.device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(responses, 1);
    ck_assert_uint_eq(response.code, 0xf);
    ck_assert_uint_eq(response.index, 3);
    ck_assert_uint_eq(response.device, host_device(A, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("owned devices");
    TCase *tests = tcase_create("owned devices");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, item_37_without_a_log_the_record_may_be_the_hosts, 0, 2);
    tcase_add_test(tests, page_requests_of_an_untouched_guest_are_dropped);
    tcase_add_test(tests, a_guest_may_have_its_groups_answered);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
