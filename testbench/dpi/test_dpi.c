// SPDX-License-Identifier: Apache-2.0
/* The functions of DPI-C as a bench calls them: handles, ranges, effects. */
#include "testbench/dpi/scene.h"
#include "testbench/unit/run.h"

#include <amdvi/amdvi.h>
#include <amdvi/dpi.h>

#include <limits.h>
#include <stdbool.h>
#include <string.h>

START_TEST(requests_are_answered)
{
    int handle = scene(), ok, perm, reason;
    long long pa;

    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 1, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(ok && pa == PAGE + 0x40 && perm == 3 && reason == 0);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x6040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(!ok && pa == 0 && reason == 14);
    amdvi_dpi_poke(handle, TABLE + 5 * 8, 0);
    amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason);
    ck_assert(ok); /* cached */
    ck_assert_int_eq(amdvi_dpi_look(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(!ok);
    ck_assert_ptr_nonnull(strstr(amdvi_dpi_explain(handle, 0, 0, 0, 0, 0x5040), "host page not present"));
    ck_assert_int_eq(amdvi_dpi_destroy(handle), 0);
}
END_TEST

START_TEST(effects_come_in_their_order)
{
    int handle = scene(), kind, length;
    long long address, data;

    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), AMDVI_DPI_NONE);
    for (int i = 0; i < 2; i++) {
        amdvi_dpi_poke(handle, COMMANDS + i * 16, 1LL << 60 | STORE | 1);
        amdvi_dpi_poke(handle, COMMANDS + i * 16 + 8, 70 + i);
    }
    amdvi_dpi_write(handle, MMIO, 0, 0x2008, 8, 32);
    ck_assert_int_eq(amdvi_dpi_run(handle), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), 0);
        ck_assert(kind == AMDVI_DPI_STORE && address == STORE && data == 70 + i && length == 8);
    }
    ck_assert_int_eq(amdvi_dpi_peek(handle, STORE, &data), 0);
    ck_assert_int_eq(data, 71);
    amdvi_dpi_reset(handle);
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), AMDVI_DPI_NONE);
    amdvi_dpi_destroy(handle);
}
END_TEST

/* Of those that nobody fetches the oldest go. */
START_TEST(the_last_effects_are_kept)
{
    enum { ALL = 5000, KEPT = 4096, RING = 512 };
    int handle = scene(), kind, length;
    long long address, data;

    for (int n = 0; n < ALL; n++) {
        amdvi_dpi_poke(handle, COMMANDS + n % RING * 16, 1LL << 60 | STORE | 1);
        amdvi_dpi_poke(handle, COMMANDS + n % RING * 16 + 8, n);
        amdvi_dpi_write(handle, MMIO, 0, 0x2008, 8, (n + 1) % RING * 16);
        amdvi_dpi_run(handle);
    }
    for (int n = ALL - KEPT; n < ALL; n++) {
        ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), 0);
        ck_assert_int_eq(data, n);
    }
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), AMDVI_DPI_NONE);
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
    int handle = scene(), ok, perm, reason;
    long long value;

    ck_assert_int_eq(amdvi_dpi_create("no.such=1", 16), -3);
    ck_assert_int_eq(amdvi_dpi_create("preset=none", 16), -4);
    ck_assert_int_eq(amdvi_dpi_create("preset", 16), -3);
    ck_assert_int_eq(amdvi_dpi_create("", 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_run(handle + 1), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_run(0), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_run(-5), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_poke(handle, 16 << 20, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_poke(handle, -8, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_peek(handle, 4, &value), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_read(handle, 9, 0, 0, 8, &value), -1);
    ck_assert_int_eq(amdvi_dpi_read(handle, MMIO, 0, 1, 8, &value), -5);
    ck_assert_int_eq(amdvi_dpi_read(handle, MMIO, 70000, 0, 8, &value), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 70000, 0, 0, 0, 0, 0, 8, &ok, &value, &perm, &reason),
                     AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 7, 0, 0, 0, 0, 8, &ok, &value, &perm, &reason),
                     AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 1, 1 << 20, 0, 8, &ok, &value, &perm, &reason), -1);
    ok = perm = 1;
    value = 1;
    ck_assert_int_eq(amdvi_dpi_interrupt(handle, 70000, 0xfee00000, 0, &ok, &value, &perm), AMDVI_DPI_RANGE);
    ck_assert(ok == 0 && value == 0 && perm == 0);
    ok = perm = 1;
    ck_assert_int_eq(amdvi_dpi_interrupt(0, 0, 0xfee00000, 0, &ok, &value, &perm), AMDVI_DPI_HANDLE);
    ck_assert(ok == 0 && value == 0 && perm == 0);
    ck_assert_ptr_nonnull(
        strstr(amdvi_dpi_explain(handle, 0, 0, AMDVI_DPI_PASID, 1 << 20, 0x5040), "out of range"));
    ck_assert_str_eq(amdvi_dpi_text(AMDVI_DPI_HANDLE), "no such device");
    ck_assert_str_eq(amdvi_dpi_text(-1), amdvi_status_text(AMDVI_ERR_ARGUMENT));
    ck_assert_str_eq(amdvi_dpi_text(INT_MIN), amdvi_dpi_text(INT_MAX));
    ck_assert_int_eq(amdvi_dpi_destroy(handle), 0);
    ck_assert_int_eq(amdvi_dpi_destroy(handle), AMDVI_DPI_HANDLE);
}
END_TEST

/* ---------------------------------------------------------------- memory of the bench */

static long long words[0x500000 / 8];
static long long refused_word;
static int answer, reads, writes, asked;

/* What a simulator has. */
void *svGetScope(void);
void *svSetScope(const void *scope);
static bool in_scope;

void *svGetScope(void)
{
    return words;
}

void *svSetScope(const void *new)
{
    bool before = in_scope;

    in_scope = new == words;
    return before ? words : NULL;
}

static long long *word_of(int handle, long long address)
{
    ck_assert(in_scope);
    ck_assert(address >= 0 && address % 8 == 0 && address < (long long)sizeof(words));
    asked = handle;
    return words + address / 8;
}

int amdvi_bench_read(int handle, long long address, long long *data)
{
    *data = *word_of(handle, address);
    reads++;
    return address == refused_word ? answer : 0;
}

int amdvi_bench_write(int handle, long long address, long long data, int enables)
{
    long long *word = word_of(handle, address);

    for (int i = 0; i < 8; i++)
        if (enables >> i & 1)
            memcpy((char *)word + i, (char *)&data + i, 1);
    writes++;
    return 0;
}

/* As scene(), with an event log. */
static int scene_on_memory(void)
{
    int handle = amdvi_dpi_create_on_memory("preset=genoa");

    ck_assert_int_ge(handle, 1);
    words[DEVICES / 8] = TABLE | 3 | 1 << 9 | 3LL << 61;
    words[TABLE / 8 + 5] = PAGE | 1 | 3LL << 61;
    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 8, 8, COMMANDS | 9LL << 56);
    amdvi_dpi_write(handle, MMIO, 0, 0x10, 8, LOG | 9LL << 56);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x1005);
    return handle;
}

START_TEST(the_bench_answers_for_memory)
{
    int handle = scene_on_memory(), ok, perm, reason;
    long long pa;

    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 1, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(ok && pa == PAGE + 0x40);
    ck_assert_int_gt(reads, 0);
    ck_assert_int_eq(asked, handle);
    ck_assert(!in_scope); /* back as it was */
    words[COMMANDS / 8] = 1LL << 60 | STORE | 1;
    words[COMMANDS / 8 + 1] = 70;
    amdvi_dpi_write(handle, MMIO, 0, 0x2008, 8, 16);
    ck_assert_int_eq(amdvi_dpi_run(handle), 0);
    ck_assert_int_eq(words[STORE / 8], 70);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x6040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(!ok && reason == 14);
    ck_assert_int_eq(words[LOG / 8] >> 60 & 15, 2); /* IO_PAGE_FAULT [7.4] */
    ck_assert_int_eq(words[LOG / 8 + 1], 0x6040);
    ck_assert_int_eq(amdvi_dpi_poke(handle, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_peek(handle, 0, &pa), AMDVI_DPI_RANGE);
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(the_bench_may_refuse)
{
    static const int answers[] = {AMDVI_MEMORY_MASTER_ABORT, AMDVI_MEMORY_TARGET_ABORT,
                                  AMDVI_MEMORY_DATA_ERROR, 77, -1};
    static const int types[] = {1, 2, 3, 1, 1}; /* no such answer: master abort */

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        int handle = scene_on_memory(), ok, perm, reason;
        long long pa;
        refused_word = TABLE + 5 * 8;
        answer = answers[i];
        ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
        ck_assert(!ok && reason == AMDVI_REASON_TABLE_READ_ERROR);
        ck_assert_int_eq(words[LOG / 8] >> 60 & 15, 4); /* PAGE_TAB_HARDWARE_ERROR [7.5] */
        ck_assert_int_eq(words[LOG / 8] >> 57 & 3, types[i]);
        amdvi_dpi_destroy(handle);
    }
    ck_assert_int_eq(amdvi_dpi_create_on_memory(NULL), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_create_on_memory("no.such=1"), -3);
}
END_TEST

START_TEST(devices_are_apart)
{
    int handles[AMDVI_DPI_DEVICES];
    long long value;

    for (int i = 0; i < AMDVI_DPI_DEVICES; i++) {
        handles[i] = amdvi_dpi_create("", 1);
        ck_assert_int_ge(handles[i], 1);
        amdvi_dpi_poke(handles[i], 0, i);
    }
    ck_assert_int_eq(amdvi_dpi_create("", 1), -2);
    for (int i = 0; i < AMDVI_DPI_DEVICES; i++) {
        amdvi_dpi_peek(handles[i], 0, &value);
        ck_assert_int_eq(value, i);
        amdvi_dpi_destroy(handles[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dpi");
    TCase *tests = tcase_create("dpi");

    tcase_add_test(tests, requests_are_answered);
    tcase_add_test(tests, effects_come_in_their_order);
    tcase_add_test(tests, the_last_effects_are_kept);
    tcase_add_test(tests, what_is_out_of_range_is_refused);
    tcase_add_test(tests, the_bench_answers_for_memory);
    tcase_add_test(tests, the_bench_may_refuse);
    tcase_add_test(tests, devices_are_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
