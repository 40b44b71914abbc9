// SPDX-License-Identifier: Apache-2.0
/* The functions of DPI-C as a bench calls them: handles, ranges, effects. */
#include "testbench/unit/run.h"

#include <amdvi/amdvi.h>
#include <amdvi/dpi.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    DEVICES = 0x100000,
    TABLE = 0x200000,
    PAGE = 0x400000,
    COMMANDS = 0x10000,
    STORE = 0x40000,
    LOG = 0x50000,
    MMIO = AMDVI_DPI_MMIO
};

/* Device 0 with page 5 mapped, rings on. */
static int scene(void)
{
    int handle = amdvi_dpi_create("preset=genoa", 16);

    ck_assert_int_ge(handle, 1);
    amdvi_dpi_poke(handle, DEVICES, TABLE | 3 | 1 << 9 | 3LL << 61);
    amdvi_dpi_poke(handle, TABLE + 5 * 8, PAGE | 1 | 3LL << 61);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 8, 8, COMMANDS | 9LL << 56), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x1001), 0);
    return handle;
}

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
    ck_assert_str_eq(amdvi_dpi_text(AMDVI_DPI_HANDLE), "no such device");
    ck_assert_str_eq(amdvi_dpi_text(-1), amdvi_status_text(AMDVI_ERR_ARGUMENT));
    ck_assert_str_eq(amdvi_dpi_text(INT_MIN), amdvi_dpi_text(INT_MAX));
    ck_assert_int_eq(amdvi_dpi_destroy(handle), 0);
    ck_assert_int_eq(amdvi_dpi_destroy(handle), AMDVI_DPI_HANDLE);
}
END_TEST

/* The last lines of a trace. */
static void expect_end(const char *path, const char *end)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "r");
    size_t length, wanted = strlen(end);

    ck_assert_ptr_nonnull(file);
    length = fread(text, 1, sizeof(text), file);
    fclose(file);
    remove(path);
    ck_assert_uint_gt(length, wanted);
    ck_assert_mem_eq(text, "amdvi-trace 1\n", 14);
    if (memcmp(text + length - wanted, end, wanted) != 0)
        ck_abort_msg("ends with %.*s", (int)wanted, text + length - wanted);
}

START_TEST(a_difference_ends_the_trace)
{
    static const struct {
        int flags, at, op, ok, reason;
        const char *end;
    } rows[] = {
        {0, 0, 0, 1, 0, "\ndma dev=0x0 addr=0x5040 len=8 op=read\nok pa=0x77040\n"},
        {0, 0, 1, 0, 14, " op=write\nfault kind=IO_PAGE_FAULT flags=RW\n"},
        {0, 0, 0, 0, 14, " op=read\nfault kind=IO_PAGE_FAULT flags=0\n"},
        {0, 0, 1, 0, 19, " op=write\nfault kind=IO_PAGE_FAULT flags=PR+RW+PE\n"},
        {0, 2, 0, 0, 3, " op=read at=translated\nfault\n"},
        {AMDVI_DPI_PASID | AMDVI_DPI_PRIVILEGED, 0, 3, 0, 14, " op=atomic pasid=0x9 priv=1\nfault\n"},
        {AMDVI_DPI_PASID, 0, 1, 0, 26, " op=write pasid=0x9\nfault kind=IO_PAGE_FAULT flags=GN+US+RW\n"},
        {AMDVI_DPI_PASID, 0, 0, 0, 23, " op=read pasid=0x9\nfault kind=IO_PAGE_FAULT flags=GN+US\n"},
        {AMDVI_DPI_PASID, 0, 1, 0, 28, " pasid=0x9\nfault kind=IO_PAGE_FAULT flags=GN+US+PR+RW+PE\n"},
        {AMDVI_DPI_PASID | AMDVI_DPI_PRIVILEGED, 0, 2, 0, 22,
         " op=exec pasid=0x9 priv=1\nfault kind=IO_PAGE_FAULT flags=GN+NX\n"},
        {AMDVI_DPI_PASID, 0, 0, 0, 19, " op=read pasid=0x9\nfault kind=IO_PAGE_FAULT flags=PR+PE\n"},
        {AMDVI_DPI_PASID, 0, 1, 0, 10, " pasid=0x9\nfault kind=IO_PAGE_FAULT flags=GN+US+PR+RW+PE\n"},
        {0, 0, 1, 0, 10, " op=write\nfault kind=IO_PAGE_FAULT flags=PR+RW+PE\n"},
        {AMDVI_DPI_PASID, 0, 1, 0, 19, " op=write pasid=0x9\nfault\n"},
        {0, 0, 0, 0, 26, " op=read\nfault kind=IO_PAGE_FAULT flags=GN+US\n"}, /* GIoV */
        {AMDVI_DPI_NO_WRITE | AMDVI_DPI_EXECUTE, 1, 0, 1, 0,
         "\nats dev=0x0 addr=0x5040 len=8 nw=1 exec=1\nok pa=0x77040\n"},
    };
    const char *path = "dpi-difference.trace";
    int handle = scene(), ok, perm, reason;
    long long pa;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(amdvi_dpi_reset(handle), 0);
        ck_assert_int_eq(amdvi_dpi_record(handle, path), 0);
        ck_assert_int_eq(amdvi_dpi_record(handle, path), -11);
        amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason);
        ck_assert_int_eq(amdvi_dpi_differs_answer(handle, 0, rows[i].op, rows[i].at, rows[i].flags, 9, 0x5040,
                                                  8, rows[i].ok, 0x77040, rows[i].reason),
                         0);
        expect_end(path, rows[i].end);
        ck_assert_int_eq(amdvi_dpi_record_end(handle), AMDVI_DPI_FILE);
    }
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(records_and_registers_end_a_trace)
{
    static const struct {
        int log, guest;
        long long low, high;
        const char *end;
    } records[] = {
        {AMDVI_DPI_EVENTS, 7, 0x10, 0x5000,
         "\nexpect_event log=0x7 index=3 raw=10000000000000000050000000000000\n"},
        {AMDVI_DPI_EVENTS, -1, 0x10, 0,
         "\nexpect_event log=host index=3 raw=10000000000000000000000000000000\n"},
        {AMDVI_DPI_PAGE_REQUESTS, 7, 0x1164164343210010, 0x5fff,
         "\nexpect_ppr log=0x7 index=3 dev=0x10 addr=0x5000 tag=0x43 pasid=0x54321 flags=R+W+US+GN+LAST\n"},
        {AMDVI_DPI_PAGE_REQUESTS, -1, 0x1082020143210010, 0,
         "\nexpect_ppr log=host index=3 dev=0x10 addr=0x0 tag=0x1 flags=X+RZ+LAST\n"},
        {AMDVI_DPI_PAGE_REQUESTS, -1, 0, 0,
         "\nexpect_ppr log=host index=3 dev=0x0 addr=0x0 tag=0x0 flags=0\n"},
        {AMDVI_DPI_GUEST_INTERRUPTS, -1, 0x1000001077665544, 0,
         "\nexpect_ga index=3 tag=0x77665544 dev=0x10\n"},
    };
    const char *path = "dpi-other.trace";
    int handle = scene();

    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        amdvi_dpi_record(handle, path);
        ck_assert_int_eq(amdvi_dpi_differs_record(handle, records[i].log, records[i].guest, 3, records[i].low,
                                                  records[i].high),
                         0);
        expect_end(path, records[i].end);
    }
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, AMDVI_DPI_VF, 7, 0x20, 8, 0x10, 0x14), 0);
    expect_end(path, "\nvf_read gid=0x7 off=0x20 size=8 value=0x10 mask=0x14\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, MMIO, 0, 0x2020, 4, 0x8, 0x18), 0);
    expect_end(path, "\nmmio_read off=0x2020 size=4 value=0x8 mask=0x18\n");
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, MMIO, 0, 0, 8, 0, 0), AMDVI_DPI_FILE);
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(messages_and_responses_end_a_trace)
{
    static const struct {
        int ok, posted, destination;
        const char *end;
    } rows[] = {
        {0, 0, -1, "\nint dev=0x9 addr=0xfee00000 data=0x5\nfault\n"},
        {1, 0, -1, " data=0x5\nok addr=0xfee01000 data=0x21\n"},
        {1, 1, -1, " data=0x5\nok vector=0x41\n"},
        {1, 1, 3, " data=0x5\nok vector=0x41 dest=0x3\n"},
    };
    const char *path = "dpi-message.trace";
    int handle = scene();

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        amdvi_dpi_record(handle, path);
        ck_assert_int_eq(amdvi_dpi_differs_message(handle, 9, 0xfee00000, 5, rows[i].ok, rows[i].posted,
                                                   0xfee01000, 0x21, rows[i].destination, 0x41),
                         0);
        expect_end(path, rows[i].end);
    }
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_response(handle, 9, 0x543210001f043), 0);
    expect_end(path, "\nexpect_prg dev=0x9 index=67 code=0xf pasid=0x54321\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_guest_interrupts(handle, AMDVI_DPI_EVENTS, 7, 2), 0);
    expect_end(path, "\nexpect_irq kind=event gid=0x7 count=2\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_guest_interrupts(handle, AMDVI_DPI_PAGE_REQUESTS, 7, 0), 0);
    expect_end(path, "\nexpect_irq kind=ppr gid=0x7 count=0\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_invalidation(handle, 0x6000, 0x5432100010009, 13), 0);
    expect_end(path, "\nexpect_atc_inv dev=0x9 addr=0x6000 size=0x2000 pasid=0x54321\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_invalidation(handle, 0, 9, 0), 0);
    expect_end(path, "\nexpect_atc_inv dev=0x9 addr=0x0 size=0x0\n");
    amdvi_dpi_record(handle, path);
    ck_assert_int_eq(amdvi_dpi_differs_response(handle, 9, 0x1043), 0);
    expect_end(path, "\nexpect_prg dev=0x9 index=67 code=0x1\n");
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(traces_that_cannot_be_written_are_refused)
{
    int handle = scene();

    ck_assert_int_eq(amdvi_dpi_record(handle, "no-such-folder/a.trace"), AMDVI_DPI_FILE);
    ck_assert_int_eq(amdvi_dpi_record(handle, NULL), AMDVI_DPI_FILE);
    ck_assert_int_eq(amdvi_dpi_record(0, "a.trace"), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_differs_memory(handle, 0, 0), AMDVI_DPI_FILE);
    ck_assert_int_eq(amdvi_dpi_differs_interrupts(handle, 1), AMDVI_DPI_FILE);
    ck_assert_int_eq(amdvi_dpi_record(handle, "dpi-refused.trace"), 0);
    ck_assert_int_eq(amdvi_dpi_differs_interrupts(handle, -1), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_event(handle, -1, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_record(handle, 0, 0x10000, 0, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_record(handle, 3, 0, 0, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_record(handle, 0, 0, -1, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_response(handle, 0x10000, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_guest_interrupts(handle, 2, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_invalidation(handle, 0, 0, 64), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_message(handle, -1, 0, 0, 0, 0, 0, 0, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, 4, 0, 0, 8, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, MMIO, 0, 0, 9, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_register(handle, MMIO, 0, 0, 3, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_answer(handle, -1, 0, 0, 0, 0, 0, 8, 1, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_answer(handle, 0, 0, 0, AMDVI_DPI_PASID, 1 << 20, 0, 8, 1, 0, 0),
                     AMDVI_DPI_RANGE);
    amdvi_dpi_destroy(handle); /* ends the trace */
    expect_end("dpi-refused.trace", "\nexpect_irq kind=msi count=0\n");
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
    tcase_add_test(tests, what_is_out_of_range_is_refused);
    tcase_add_test(tests, a_difference_ends_the_trace);
    tcase_add_test(tests, messages_and_responses_end_a_trace);
    tcase_add_test(tests, records_and_registers_end_a_trace);
    tcase_add_test(tests, traces_that_cannot_be_written_are_refused);
    tcase_add_test(tests, the_bench_answers_for_memory);
    tcase_add_test(tests, the_bench_may_refuse);
    tcase_add_test(tests, devices_are_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
