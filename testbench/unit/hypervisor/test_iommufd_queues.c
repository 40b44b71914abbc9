// SPDX-License-Identifier: Apache-2.0
/* Interface (b): queues of what a guest is to see of the host's logs, and what they lose (viommu 9.4). */
#include "run.h"
#include "user.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"

static struct bench b;
static struct user u;
static const uint64_t gva = USER_GVA;

static void setup(void)
{
    user_start(&u, &b, BENCH_OTHER, HV_VIOMMU_MEDIATED);
}

static void teardown(void)
{
    user_end(&u, &b);
}

/* The device runs on its guest's table, and the log's records go to a queue of `depth`. */
static hv_handle open_queue(enum amdvi_log log, unsigned depth)
{
    hv_handle queue, nested;

    ck_assert_int_eq(hv_fd_eventq_alloc(u.fd, u.viommu, log, depth, &queue), HV_OK);
    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, nested), HV_OK);
    return queue;
}

static void faults(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        ck_assert(!bench_read(&b, BENCH_OTHER, gva + i * HV_PAGE).ok);
    ck_assert_int_eq(hv_driver_poll(b.driver), HV_OK);
}

START_TEST(wrong_queues_are_refused)
{
    hv_handle again;

    open_queue(AMDVI_LOG_EVENT, 2);
    ck_assert_int_eq(hv_fd_eventq_alloc(u.fd, u.viommu, AMDVI_LOG_EVENT, 2, &again), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_fd_eventq_alloc(u.fd, u.viommu, AMDVI_LOG_PPR, 0, &again), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_eventq_alloc(u.fd, u.viommu, AMDVI_LOG_GA, 1, &again), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(queues_hold_what_the_guest_is_to_see)
{
    hv_handle queue = open_queue(AMDVI_LOG_EVENT, 2);
    uint64_t record[2], lost;

    ck_assert_int_eq(hv_fd_eventq_read(u.fd, queue, record), HV_ERR_EMPTY);
    for (unsigned i = 1; i <= 3; i++)
        ck_assert(!bench_read(&b, BENCH_OTHER, gva + i * HV_PAGE).ok);
    ck_assert_int_eq(hv_fd_eventq_read(u.fd, queue, record), HV_OK);
    ck_assert_uint_eq(evt_io_page_fault_deviceid(record), USER_GDEV);
    ck_assert_uint_eq(evt_io_page_fault_address(record), gva + HV_PAGE);
    ck_assert_int_eq(hv_fd_eventq_lost(u.fd, queue, &lost), HV_OK);
    ck_assert_uint_eq(lost, 1);
}
END_TEST

static void next_is(hv_handle queue, uint32_t sequence, bool lost, unsigned page)
{
    struct hv_event event;

    ck_assert_int_eq(hv_fd_eventq_next(u.fd, queue, &event), HV_OK);
    ck_assert_uint_eq(event.sequence, sequence);
    ck_assert(event.lost == lost);
    if (!lost)
        ck_assert_uint_eq(evt_io_page_fault_address(event.record), gva + page * HV_PAGE);
}

/* What is lost shows as a marker at the end, and as numbers left out when something follows. */
START_TEST(lost_events_are_marked)
{
    hv_handle queue = open_queue(AMDVI_LOG_EVENT, 2);
    struct hv_event event;

    faults(1, 5);
    next_is(queue, 0, false, 1);
    next_is(queue, 1, false, 2);
    next_is(queue, 4, true, 0);
    ck_assert_int_eq(hv_fd_eventq_next(u.fd, queue, &event), HV_ERR_EMPTY);
    faults(6, 3);
    next_is(queue, 5, false, 6);
    faults(9, 1);
    next_is(queue, 6, false, 7);
    next_is(queue, 8, false, 9);
    ck_assert_int_eq(hv_fd_eventq_next(u.fd, queue, &event), HV_ERR_EMPTY);
    ck_assert_int_eq(hv_driver_lost(b.driver, AMDVI_LOG_PPR), HV_OK);
    ck_assert_int_eq(hv_fd_eventq_next(u.fd, queue, &event), HV_ERR_EMPTY);
    ck_assert_int_eq(hv_driver_lost(b.driver, AMDVI_LOG_EVENT), HV_OK);
    next_is(queue, 9, true, 0);
    ck_assert_int_eq(hv_driver_lost(b.driver, AMDVI_LOG_GA), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_eventq_next(u.fd, queue, NULL), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_eventq_next(u.fd, 0, &event), HV_ERR_NO_OBJECT);
}
END_TEST

/* More than the host's log holds, at once: the queue says that some are gone. */
START_TEST(a_full_log_of_the_host_is_marked)
{
    hv_handle queue = open_queue(AMDVI_LOG_EVENT, 65536);
    struct hv_event event;
    unsigned records = 0;

    for (unsigned i = 0; i < 700; i++)
        ck_assert(!bench_read(&b, BENCH_OTHER, gva + HV_PAGE).ok);
    while (!hv_fd_eventq_next(u.fd, queue, &event) && !event.lost)
        records++;
    ck_assert_uint_eq(records, 511);
    ck_assert(event.lost && event.sequence == records);
    faults(2, 1);
    next_is(queue, records + 1, false, 2);
}
END_TEST

static unsigned answers;

static void on_response(void *context, const struct amdvi_prg_response *response)
{
    (void)context;
    answers += response->device == BENCH_OTHER;
}

/* Five page requests, the fourth not the last of its group, and room for two. */
START_TEST(page_requests_that_find_no_room_are_answered)
{
    const struct amdvi_observer observer = {.prg_response = on_response};
    struct amdvi_page_request wish = {
        .device = BENCH_OTHER, .has_pasid = true, .read = true, .last = true, .address = gva};
    struct amdvi_page_request_result result;
    uint64_t record[2], lost;
    hv_handle queue;

    answers = 0;
    dte_set_ppr(u.entry, 1);
    queue = open_queue(AMDVI_LOG_PPR, 2);
    ck_assert_int_eq(amdvi_observe(b.device, &observer), AMDVI_OK);
    for (unsigned i = 0; i < 5; i++) {
        wish.last = i != 3;
        ck_assert_int_eq(amdvi_page_request(b.device, &wish, &result), AMDVI_OK);
        ck_assert(result.ok);
    }
    ck_assert_int_eq(hv_fd_eventq_read(u.fd, queue, record), HV_OK);
    ck_assert_int_eq(hv_fd_eventq_lost(u.fd, queue, &lost), HV_OK);
    ck_assert_uint_eq(lost, 3);
    ck_assert_uint_eq(answers, 2);
    ck_assert_int_eq(hv_driver_page_lost(NULL, 0, record), HV_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("iommufd_queues");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, wrong_queues_are_refused);
    tcase_add_test(tcase, queues_hold_what_the_guest_is_to_see);
    tcase_add_test(tcase, lost_events_are_marked);
    tcase_add_test(tcase, a_full_log_of_the_host_is_marked);
    tcase_add_test(tcase, page_requests_that_find_no_room_are_answered);
    return run_tests(tcase);
}
