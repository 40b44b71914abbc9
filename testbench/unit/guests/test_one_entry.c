// SPDX-License-Identifier: Apache-2.0
/*
 * A device table cache of one entry: a record on its way to a guest looks up the entry of TransDevID, which
 * takes the place of the device's own. What is said of the device is still what its entry says.
 */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>

enum {
    A,
    AUTO_RESPONSE = 1 << 15 /* PprAutoRspAon of VF Control 30h (3) */,
    FAULTING = G_IOVA + 9 * PAGE_BYTES
};

static struct world w;
static struct amdvi_prg_response response;
static unsigned responses, hits;
static struct amdvi_hit_info last_hit;

static void on_prg(void *context, const struct amdvi_prg_response *told)
{
    response = *told;
    responses++;
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    hits += !info->own;
    if (!info->own)
        last_hit = *info;
}

static void setup(void)
{
    world_open(&w, "dtc.log2_entries=0 dtc.ways=1", true);
    w.notes.prg = on_prg;
    responses = hits = 0;
}

static void teardown(void)
{
    world_close(&w);
}

/* The device's entry has GPRP=1, that of TransDevID has not (iommu 9.4). */
START_TEST(an_answer_carries_the_pasid_that_the_devices_entry_allows)
{
    vfc_write(&w, A, VFC_PPR, ppr_control() | AUTO_RESPONSE);
    ck_assert(guest_page_request(&w, A, 0, G_IOVA));
    ck_assert_uint_eq(responses, 1);
    ck_assert(response.has_pasid);
    ck_assert_uint_eq(response.pasid, G_PASID);
    ck_assert_uint_eq(response.device, host_device(A, 0));
}
END_TEST

START_TEST(observers_hear_the_domain_of_the_device_that_faulted)
{
    const struct amdvi_observer observer = {.hit = on_hit};

    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    ck_assert(guest_ask(&w, A, 0, AMDVI_READ, G_IOVA).ok);
    hits = 0;
    ck_assert(!guest_ask(&w, A, 0, AMDVI_READ, FAULTING).ok); /* its directories are cached */
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_ge(hits, 1);
    ck_assert_uint_eq(last_hit.device, host_device(A, 0));
    ck_assert_uint_eq(last_hit.domain, host_domain(A, 0));
    ck_assert(last_hit.guest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: one entry");
    TCase *tests = tcase_create("one entry");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_answer_carries_the_pasid_that_the_devices_entry_allows);
    tcase_add_test(tests, observers_hear_the_domain_of_the_device_that_faulted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
