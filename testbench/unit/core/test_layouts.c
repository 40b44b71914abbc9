// SPDX-License-Identifier: Apache-2.0
/* Looking things up in the layout tables: what is there is found, and what is not is null. */
#include "amdvi/layout.h"
#include "machine.h"

START_TEST(every_layout_is_found_by_its_name)
{
    for (size_t i = 0; i < amdvi_layout_count(); i++)
        ck_assert_ptr_eq(amdvi_layout_find(amdvi_layout_at(i)->name), amdvi_layout_at(i));
    ck_assert_ptr_null(amdvi_layout_at(amdvi_layout_count()));
    ck_assert_ptr_null(amdvi_layout_find("no such layout"));
}
END_TEST

/* 6.4 and viommu 7.5: opcodes 1 to 8; the hypervisor's 9 and Ah. */
START_TEST(commands_are_found_by_their_opcode)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        const struct amdvi_layout *layout = amdvi_layout_of_command(opcode);
        ck_assert_msg((layout != NULL) == (opcode >= 1 && opcode <= 10), "opcode %u", opcode);
        if (layout)
            ck_assert_uint_eq(layout->opcode, opcode);
    }
    ck_assert_str_eq(amdvi_layout_of_command(3)->title, "INVALIDATE_IOMMU_PAGES");
}
END_TEST

/* 7.3: codes 1 to Eh. */
START_TEST(records_are_found_by_their_code)
{
    for (unsigned code = 0; code < 256; code++) {
        const struct amdvi_layout *layout = amdvi_layout_of_event(code);
        ck_assert_msg((layout != NULL) == (code >= 1 && code <= 14), "code %u", code);
        if (layout)
            ck_assert_uint_eq(layout->code, code);
    }
    ck_assert_str_eq(amdvi_layout_of_event(2)->title, "IO_PAGE_FAULT");
}
END_TEST

START_TEST(fields_are_found_by_their_name)
{
    const struct amdvi_layout *layout = amdvi_layout_find("dte");
    const struct amdvi_field *mode = amdvi_layout_field(layout, "Mode");
    uint64_t words[4] = {3 << 9, 0, 0, 0};

    ck_assert_uint_eq(amdvi_field_get(mode, words), 3);
    amdvi_field_set(mode, words, 4);
    ck_assert_uint_eq(words[0], 4 << 9);
    ck_assert_ptr_null(amdvi_layout_field(layout, "NoSuchField"));
    ck_assert_ptr_null(amdvi_layout_field(NULL, "Mode"));
}
END_TEST

START_TEST(values_have_names_where_they_are_given)
{
    const struct amdvi_layout *layout = amdvi_layout_find("dte");
    const struct amdvi_field *control = amdvi_layout_field(layout, "IntCtl");

    ck_assert_str_eq(amdvi_field_value_name(control, 2), "REMAP");
    ck_assert_ptr_null(amdvi_field_value_name(control, 99));
    ck_assert_ptr_null(amdvi_field_value_name(amdvi_layout_field(layout, "DomainID"), 2));
}
END_TEST

START_TEST(registers_are_found_by_any_of_their_bytes)
{
    ck_assert_str_eq(amdvi_register_at(0x18)->name, "control");
    ck_assert_ptr_eq(amdvi_register_at(0x1f), amdvi_register_at(0x18));
    ck_assert_ptr_ne(amdvi_register_at(0x20), amdvi_register_at(0x18));
    ck_assert_ptr_eq(amdvi_register_find("control"), amdvi_register_at(0x18));
    ck_assert_ptr_null(amdvi_register_find("no such register"));
    ck_assert_ptr_null(amdvi_register_at(0x3ff8));
    ck_assert_ptr_nonnull(amdvi_register_at(0x41308)); /* bank 1, counter 3: source (2.9) */
    ck_assert_ptr_eq(amdvi_register_at(0x41308), amdvi_register_at(0x40008));
    ck_assert_ptr_null(amdvi_register_at(0x40030));
    ck_assert_ptr_eq(amdvi_vf_register_at(0xf), amdvi_vf_register_at(0x8));
    ck_assert_ptr_null(amdvi_vf_register_at(0xff8));
    ck_assert_ptr_eq(amdvi_vfc_register_at(0x27), amdvi_vfc_register_at(0x20));
    ck_assert_ptr_null(amdvi_vfc_register_at(0x78));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layouts");
    TCase *tests = tcase_create("layouts");

    tcase_add_test(tests, every_layout_is_found_by_its_name);
    tcase_add_test(tests, commands_are_found_by_their_opcode);
    tcase_add_test(tests, records_are_found_by_their_code);
    tcase_add_test(tests, fields_are_found_by_their_name);
    tcase_add_test(tests, values_have_names_where_they_are_given);
    tcase_add_test(tests, registers_are_found_by_any_of_their_bytes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
