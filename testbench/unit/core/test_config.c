// SPDX-License-Identifier: Apache-2.0
/* Configuration keys: every key, what it takes and what it refuses. */
#include "machine.h"

#include <stdio.h>

static struct amdvi_config *config;

static void setup(void)
{
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
}

static void teardown(void)
{
    amdvi_config_destroy(config);
}

static void refuses(const char *key, const char *value)
{
    char before[64], after[64];

    ck_assert_int_eq(amdvi_config_get(config, key, before, sizeof(before)), AMDVI_OK);
    ck_assert_msg(amdvi_config_set(config, key, value) == AMDVI_ERR_BAD_VALUE, "%s=%s", key, value);
    amdvi_config_get(config, key, after, sizeof(after));
    ck_assert_str_eq(after, before);
}

static void takes(const char *key, const char *value, const char *reads)
{
    char text[64];

    ck_assert_msg(amdvi_config_set(config, key, value) == AMDVI_OK, "%s=%s", key, value);
    ck_assert_int_eq(amdvi_config_get(config, key, text, sizeof(text)), AMDVI_OK);
    ck_assert_str_eq(text, reads);
}

static uint64_t number(const char *key)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_config_number(config, key, &value), AMDVI_OK);
    return value;
}

START_TEST(every_key_documents_itself)
{
    const struct amdvi_config_key *key;
    size_t count = 0;

    while ((key = amdvi_config_key_at(count))) {
        ck_assert(*key->name && *key->fallback && *key->values && *key->meaning && *key->source);
        for (size_t other = 0; other < count; other++)
            ck_assert_str_ne(key->name, amdvi_config_key_at(other)->name);
        count++;
    }
    ck_assert_uint_gt(count, 30);
}
END_TEST

START_TEST(every_value_goes_round)
{
    const struct amdvi_config_key *key;
    char text[64], again[64];

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++) {
        ck_assert_int_eq(amdvi_config_get(config, key->name, text, sizeof(text)), AMDVI_OK);
        ck_assert_msg(amdvi_config_set(config, key->name, text) == AMDVI_OK, "%s=%s", key->name, text);
        amdvi_config_get(config, key->name, again, sizeof(again));
        ck_assert_str_eq(again, text);
    }
}
END_TEST

START_TEST(no_key_takes_nonsense)
{
    static const char *const nonsense[] = {
        "",      "x", "-1", "1x", "0x", "0xg", " 1", "1 ", "0x10000000000000000", "18446744073709551616",
        "genoa|"};
    const struct amdvi_config_key *key;

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++)
        for (unsigned n = strcmp(key->name, "inject.plan") ? 0 : 1;
             n < sizeof(nonsense) / sizeof(nonsense[0]); n++)
            refuses(key->name, nonsense[n]); /* an empty plan is a plan */
}
END_TEST

START_TEST(defaults_are_those_of_the_trace_format)
{
    char text[64];

    amdvi_config_get(config, "preset", text, sizeof(text));
    ck_assert_str_eq(text, "genoa");
    ck_assert_uint_eq(number("efr"), UINT64_C(0x25bf732fa2295afe));
    ck_assert_uint_eq(number("efr2"), 0x1d);
    ck_assert_uint_eq(number("ram"), UINT64_C(0x100000000));
    ck_assert_uint_eq(number("devid"), 2);
    ck_assert_uint_eq(number("vf_base"), UINT64_C(0xe000000000));
    ck_assert_uint_eq(number("vfc_base"), UINT64_C(0xe010000000));
    ck_assert_uint_eq(number("caches"), 1);
    ck_assert_uint_eq(number("autorun"), 1);
}
END_TEST

START_TEST(presets_set_the_features)
{
    static const struct {
        const char *name;
        uint64_t efr, efr2;
    } presets[] = {{"rome", UINT64_C(0x058f77ef22294ade), 0},
                   {"milan", UINT64_C(0x059f77ef22294ade), 0},
                   {"turin", UINT64_C(0x25bf732fa2295afe), 0x53d},
                   {"raphael", UINT64_C(0x246577efa2254afa), 0}};

    for (unsigned i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        takes("preset", presets[i].name, presets[i].name);
        ck_assert_uint_eq(number("efr"), presets[i].efr);
        ck_assert_uint_eq(number("efr2"), presets[i].efr2);
    }
    for (size_t i = 0; amdvi_preset_at(i); i++)
        takes("preset", amdvi_preset_at(i), amdvi_preset_at(i));
    refuses("preset", "gen");
    refuses("preset", "genoa2");
}
END_TEST

/* Of all bits of the feature registers, those that the revision names (17.1). */
START_TEST(revisions_have_their_features)
{
    static const struct {
        const char *name;
        uint64_t efr, efr2;
    } revisions[] = {{"2.62", UINT64_C(0x0000001f00e0ffdf), 0},
                     {"3.05", UINT64_C(0x605f7fff33ffffdf), 0},
                     {"3.10", UINT64_C(0xe0ff7fffb3ffffdf), 0xbfc},
                     {"3.11", UINT64_C(0xe1ff7fffb3ffffff), 0xbff}};
    uint64_t efr, efr2;

    for (unsigned i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        takes("spec", revisions[i].name, revisions[i].name);
        for (size_t p = 0; amdvi_preset_at(p); p++) {
            takes("preset", amdvi_preset_at(p), amdvi_preset_at(p));
            efr = number("efr"), efr2 = number("efr2");
            ck_assert_uint_eq(efr & ~revisions[i].efr, 0);
            ck_assert_uint_eq(efr2 & ~revisions[i].efr2, 0);
            takes("spec", "any", "any");
            ck_assert_uint_eq(number("efr") & revisions[i].efr, efr);
            ck_assert_uint_eq(number("efr2") & revisions[i].efr2, efr2);
            takes("spec", revisions[i].name, revisions[i].name);
        }
        takes("dte.reserved", revisions[i].name, revisions[i].name);
    }
}
END_TEST

START_TEST(a_revision_comes_before_what_refines_it)
{
    takes("spec", "3.05", "3.05");
    ck_assert_uint_eq(number("dte.reserved"), number("spec"));
    takes("efr", "0x25bf732fa2295afe", "0x25bf732fa2295afe");
    takes("dte.reserved", "features", "features");
    takes("spec", "any", "any");
    ck_assert_uint_eq(number("efr"), UINT64_C(0x25bf732fa2295afe));
    refuses("spec", "3.0");
    refuses("spec", "3.12");
}
END_TEST

/* Bits of the quad-words that differ (17.2). */
START_TEST(reserved_bits_of_an_entry_are_those_of_the_revision)
{
    static const struct {
        const char *name;
        uint64_t words[4];
    } revisions[] = {{"2.62", {0x80300000000000fc, 0x40000000000, 0x8f0000000000000, 0x3fffffffffffff}},
                     {"3.05", {0x800000000000007c, 0x40000000000, 0xf0000000000000, 0x3fffffffffffff}},
                     {"3.10", {0x800000000000007c, 0, 0x30000000000000, 0x3f000000007fff}},
                     {"3.11", {0x800000000000000c, 0, 0x30000000000000, 0}}};
    uint64_t words[4];

    takes("efr", "0xffffffffffffffff", "0xffffffffffffffff");
    takes("efr2", "0xffffffffffffffff", "0xffffffffffffffff");
    for (unsigned i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        takes("dte.reserved", revisions[i].name, revisions[i].name);
        ck_assert_int_eq(amdvi_config_dte_reserved(config, words), AMDVI_OK);
        for (unsigned w = 0; w < 4; w++)
            ck_assert_msg(words[w] == revisions[i].words[w], "%s word %u: 0x%llx", revisions[i].name, w,
                          (unsigned long long)words[w]);
    }
    ck_assert_int_eq(amdvi_config_dte_reserved(NULL, words), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_dte_reserved(config, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(numbers_are_decimal_or_hexadecimal)
{
    takes("devid", "65535", "0xffff");
    takes("devid", "0x12", "0x12");
    takes("devid", "0X1f", "0x1f");
    takes("devid", "7", "7");
    refuses("devid", "65536");
    takes("ram", "0x10000000000000", "0x10000000000000");
    refuses("ram", "0x10000000000001");
    refuses("cap_header", "0x100000000");
}
END_TEST

START_TEST(devices_are_numbers_or_bus_device_and_function)
{
    takes("devid", "00:00.2", "2");
    takes("devid", "40:1F.7", "0x40ff");
    takes("devid", "ff:1f.7", "0xffff");
    refuses("devid", "00:20.0");
    refuses("devid", "00:00.8");
    refuses("devid", "100:00.0");
    refuses("devid", "00:00");
    refuses("devid", "00:00.");
    refuses("devid", ":00.0");
    refuses("devid", "00:00.00");
    refuses("devid", "00:00.2 ");
    refuses("devid", "00:-1.2");
    refuses("ram", "00:00.2");
}
END_TEST

START_TEST(switches)
{
    takes("caches", "off", "off");
    takes("caches", "1", "on");
    takes("caches", "0", "off");
    takes("caches", "on", "on");
    refuses("caches", "2");
    refuses("caches", "ON");
}
END_TEST

START_TEST(cache_geometry_is_limited)
{
    static const char *const caches[] = {"dtc", "itc", "ptc", "pdc", "gcr3"};
    char key[32];

    for (unsigned i = 0; i < 5; i++) {
        snprintf(key, sizeof(key), "%s.ways", caches[i]);
        takes(key, "16", "0x10");
        takes(key, "1", "1");
        refuses(key, "0");
        refuses(key, "3");
        refuses(key, "32");
        snprintf(key, sizeof(key), "%s.log2_entries", caches[i]);
        takes(key, "0", "0");
        takes(key, "16", "0x10");
        refuses(key, "17");
    }
}
END_TEST

START_TEST(choices)
{
    static const char *const policies[] = {"plru", "lru", "fifo", "random"};

    for (unsigned i = 0; i < 4; i++)
        takes("cache.policy", policies[i], policies[i]);
    refuses("cache.policy", "rand");
    takes("dte.mode_fault", "illegal_entry", "illegal_entry");
    takes("dte.beyond_table", "illegal_entry", "illegal_entry");
    takes("dte.bit245", "ignored", "ignored");
    refuses("ptc.page_sizes", "0x80");
    refuses("pmu.banks", "0");
    refuses("pmu.counters", "16");
}
END_TEST

START_TEST(unknown_keys)
{
    uint64_t value;
    char text[8];

    ck_assert_int_eq(amdvi_config_set(config, "nothing", "1"), AMDVI_ERR_UNKNOWN_KEY);
    ck_assert_int_eq(amdvi_config_get(config, "nothing", text, sizeof(text)), AMDVI_ERR_UNKNOWN_KEY);
    ck_assert_int_eq(amdvi_config_number(config, "", &value), AMDVI_ERR_UNKNOWN_KEY);
}
END_TEST

START_TEST(every_key_has_a_number)
{
    const struct amdvi_config_key *key;
    uint64_t value;

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++)
        ck_assert_msg(amdvi_config_number(config, key->name, &value) == AMDVI_OK, "%s", key->name);
}
END_TEST

START_TEST(null_arguments)
{
    uint64_t value;
    char text[8];

    ck_assert_int_eq(amdvi_config_create(NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_set(NULL, "efr", "1"), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_set(config, NULL, "1"), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_set(config, "efr", NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_get(NULL, "efr", text, 8), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_get(config, NULL, text, 8), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_get(config, "efr", NULL, 8), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_get(config, "efr", text, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_number(NULL, "efr", &value), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_number(config, NULL, &value), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_number(config, "efr", NULL), AMDVI_ERR_ARGUMENT);
    amdvi_config_destroy(NULL);
}
END_TEST

START_TEST(values_are_cut_to_the_buffer)
{
    char text[4];

    ck_assert_int_eq(amdvi_config_get(config, "preset", text, sizeof(text)), AMDVI_OK);
    ck_assert_str_eq(text, "gen");
}
END_TEST

START_TEST(texts_are_never_null)
{
    for (unsigned i = 0; i < 300; i++) {
        ck_assert(*amdvi_status_text((enum amdvi_status)i));
        ck_assert(*amdvi_reason_text(i));
        ck_assert(i < 16 || !amdvi_event_name(i));
    }
    ck_assert_str_eq(amdvi_event_name(2), "IO_PAGE_FAULT");
    ck_assert_ptr_null(amdvi_event_name(0));
    ck_assert_str_eq(amdvi_version(), "0.2.0");
}
END_TEST

static bool stored(const char *name)
{
    const struct amdvi_stored_feature *feature;

    for (size_t i = 0; (feature = amdvi_stored_feature_at(config, i)); i++)
        if (!strcmp(feature->name, name)) {
            ck_assert(*feature->where && *feature->lacks && *feature->source);
            return true;
        }
    return false;
}

/* Feature bits of the presets as the reference decodes them (11.2). */
START_TEST(what_is_only_stored_follows_the_features)
{
    takes("preset", "genoa", "genoa");
    ck_assert(stored("SATS") && stored("CXLMemAttr") && stored("TMPM"));
    ck_assert(!stored("MARC") && !stored("InvIotlbType") && !stored("RMP"));
    takes("preset", "raphael", "raphael");
    ck_assert(stored("SATS") && stored("InvIotlbType"));
    ck_assert(!stored("CXLMemAttr") && !stored("SnoopAttribute") && !stored("HADUpdate"));
    takes("preset", "rome", "rome");
    ck_assert(!stored("SATS") && !stored("MARC"));
    takes("marc.match", "none", "none");
    ck_assert(stored("MARC"));
    takes("efr", "0x4000000000000000", "0x4000000000000000");
    ck_assert(stored("ForcePhyDest"));
    takes("int.force_physical", "on", "on");
    ck_assert(!stored("ForcePhyDest"));
    ck_assert_ptr_null(amdvi_stored_feature_at(NULL, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_key_documents_itself);
    tcase_add_test(tests, every_value_goes_round);
    tcase_add_test(tests, no_key_takes_nonsense);
    tcase_add_test(tests, defaults_are_those_of_the_trace_format);
    tcase_add_test(tests, presets_set_the_features);
    tcase_add_test(tests, revisions_have_their_features);
    tcase_add_test(tests, a_revision_comes_before_what_refines_it);
    tcase_add_test(tests, reserved_bits_of_an_entry_are_those_of_the_revision);
    tcase_add_test(tests, numbers_are_decimal_or_hexadecimal);
    tcase_add_test(tests, devices_are_numbers_or_bus_device_and_function);
    tcase_add_test(tests, switches);
    tcase_add_test(tests, cache_geometry_is_limited);
    tcase_add_test(tests, choices);
    tcase_add_test(tests, unknown_keys);
    tcase_add_test(tests, every_key_has_a_number);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, values_are_cut_to_the_buffer);
    tcase_add_test(tests, texts_are_never_null);
    tcase_add_test(tests, what_is_only_stored_follows_the_features);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
