// SPDX-License-Identifier: Apache-2.0
/* The lint: page requests and their answers (9.4). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

static void let_request(uint64_t *raw)
{
    dte_set_ppr(raw, 1);
    dte_set_gprp(raw, 1);
}

static void withhold_pasid(uint64_t *raw)
{
    dte_set_gprp(raw, 0);
}

static void request_page(void)
{
    struct amdvi_page_request request = {.device = OTHER,
                                         .has_pasid = true,
                                         .pasid = PASID,
                                         .prg_index = 9,
                                         .read = true,
                                         .last = true,
                                         .address = GVA};
    struct amdvi_page_request_result result;

    edit_entry(OTHER, let_request);
    machine_invalidate_device(&m, OTHER);
    step();
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert(result.ok);
}

static void answer(uint32_t pasid)
{
    uint64_t words[2] = {0};

    cmd_complete_ppr_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, OTHER);
    cmd_complete_ppr_set_pasid(words, pasid);
    cmd_complete_ppr_set_gn(words, 1);
    cmd_complete_ppr_set_prgindex(words, 9);
    machine_command(&m, words[0], words[1]);
}

/* 0: never, 1: twice, 2: another PASID, 3: as it should be. */
START_TEST(a_group_is_answered_once_with_its_pasid)
{
    request_page();
    if (_i)
        answer(_i == 2 ? PASID + 1 : PASID);
    if (_i == 1)
        answer(PASID);
    amdvi_lint_finish(lint);
    if (_i == 3) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.index, 9);
    ck_assert_uint_eq(found.request.device, OTHER);
}
END_TEST

/* 0, 1 and Fh mean something (6.4). */
START_TEST(a_response_code_that_means_nothing_is_noted)
{
    static const uint64_t codes[] = {0, 1, 0xf, 2, 0xe};
    uint64_t words[2] = {0};

    request_page();
    cmd_complete_ppr_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, OTHER);
    cmd_complete_ppr_set_pasid(words, PASID);
    cmd_complete_ppr_set_gn(words, 1);
    cmd_complete_ppr_set_prgindex(words, 9);
    cmd_complete_ppr_set_response(words, codes[_i]);
    machine_command(&m, words[0], words[1]);
    if (_i < 3) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_NOTE);
    ck_assert_msg(strstr(text, "which means nothing") != NULL, "%s", text);
}
END_TEST

/* Linux sends GN=1 and never sets GPRP: the device gets no PASID. */
START_TEST(a_pasid_that_is_asked_for_and_withheld_is_noted)
{
    request_page();
    edit_entry(OTHER, withhold_pasid);
    machine_invalidate_device(&m, OTHER);
    ask_guest(PASID, GVA);
    answer(PASID);
    expect_one(AMDVI_LINT_PPR_ANSWER, AMDVI_LINT_NOTE);
    ck_assert_msg(strstr(text, "withholds"), "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page requests");
    TCase *tests = tcase_create("page requests");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_group_is_answered_once_with_its_pasid, 0, 4);
    tcase_add_loop_test(tests, a_response_code_that_means_nothing_is_noted, 0, 5);
    tcase_add_test(tests, a_pasid_that_is_asked_for_and_withheld_is_noted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
