// SPDX-License-Identifier: Apache-2.0
/* Traces of a bench, and what a design under test did otherwise at their ends. */
#include "testbench/dpi/scene.h"
#include "testbench/unit/run.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

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

static int lines_with(const char *path, const char *begin)
{
    char line[256];
    FILE *file = fopen(path, "r");
    int count = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        count += strncmp(line, begin, strlen(begin)) == 0;
    fclose(file);
    return count;
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
    for (int device = -1; device <= 0x10000; device += 0x10001) {
        ck_assert_int_eq(amdvi_dpi_differs_response(handle, device, 0), AMDVI_DPI_RANGE);
        ck_assert_int_eq(amdvi_dpi_differs_message(handle, device, 0, 0, 0, 0, 0, 0, 0, 0), AMDVI_DPI_RANGE);
    }
    ck_assert_int_eq(amdvi_dpi_differs_guest_interrupts(handle, 2, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_invalidation(handle, 0, 0, 64), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_answer(handle, -1, 0, 0, 0, 0, 0, 8, 1, 0, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_differs_answer(handle, 0, 0, 0, AMDVI_DPI_PASID, 1 << 20, 0, 8, 1, 0, 0),
                     AMDVI_DPI_RANGE);
    amdvi_dpi_destroy(handle); /* ends the trace */
    expect_end("dpi-refused.trace", "\nexpect_irq kind=msi count=0\n");
}
END_TEST

START_TEST(registers_have_sizes_that_a_trace_has)
{
    static const struct {
        int space, size;
        long long offset;
        const char *end; /* null: refused */
    } rows[] = {
        {AMDVI_DPI_PCI, 1, 0xfff, "\npci_read off=0xfff size=1 value=0x88 mask=0xff\n"},
        {AMDVI_DPI_PCI, 2, 4, "\npci_read off=0x4 size=2 value=0x7788 mask=0xffff\n"},
        {AMDVI_DPI_PCI, 8, 8,
         "\npci_read off=0x8 size=4 value=0x55667788 mask=0xffffffff\n"
         "pci_read off=0xc size=4 value=0x11223344 mask=0xffffffff\n"},
        {AMDVI_DPI_VFC, 4, 0x10, "\nvfc_read gid=0x7 off=0x10 size=4 value=0x55667788 mask=0xffffffff\n"},
        {MMIO, 8, 0x18, "\nmmio_read off=0x18 size=8 value=0x1122334455667788 mask=0xffffffffffffffff\n"},
        {MMIO, 1, 0, NULL},
        {MMIO, 2, 0, NULL},
        {AMDVI_DPI_VF, 2, 0, NULL},
        {MMIO, 3, 0, NULL},
        {MMIO, 9, 0, NULL},
        {MMIO, INT_MIN, 0, NULL},
        {4, 8, 0, NULL},
        {AMDVI_DPI_PCI, 2, 0xfff, NULL},
        {MMIO, 8, 1LL << 31, NULL},
        {MMIO, 8, -8, NULL},
    };
    const char *path = "dpi-register.trace";
    int handle = scene();

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        amdvi_dpi_record(handle, path);
        ck_assert_int_eq(amdvi_dpi_differs_register(handle, rows[i].space, 7, rows[i].offset, rows[i].size,
                                                    0x1122334455667788, -1),
                         rows[i].end ? 0 : AMDVI_DPI_RANGE);
        ck_assert_int_eq(amdvi_dpi_record_end(handle), rows[i].end ? AMDVI_DPI_FILE : 0);
        if (rows[i].end)
            expect_end(path, rows[i].end);
    }
    remove(path);
    amdvi_dpi_destroy(handle);
}
END_TEST

/* A COMPLETION_WAIT that interrupts, in the rings of `count` guests, whose buffers all lie at one place; done
 * in one action. */
static void interrupt_guests(int handle, int count)
{
    enum { TRANS = 0x60, AT = 1 << 16, TABLE_OF_GUESTS = 0x500000, ENABLED = 1 << 8 | 1 << 9 };

    amdvi_dpi_poke(handle, DEVICES + TRANS * 32, TABLE_OF_GUESTS | 3 | 1 << 9 | 3LL << 61);
    amdvi_dpi_poke(handle, TABLE_OF_GUESTS + COMMANDS / 4096 * 8, COMMANDS | 1 | 3LL << 61);
    amdvi_dpi_poke(handle, COMMANDS, 1LL << 60 | 2);
    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x12031001 | 0xfLL << 50 | 5LL << 58); /* vIommuEn, vCmdEn */
    for (int guest = 1; guest <= count; guest++) {
        amdvi_dpi_write(handle, AMDVI_DPI_VFC, guest, 0x10, 8, (long long)TRANS * AT);
        amdvi_dpi_write(handle, AMDVI_DPI_VFC, guest, 0x20, 8, COMMANDS | 8 | ENABLED);
        amdvi_dpi_write(handle, AMDVI_DPI_VF, guest, 0x8, 8, 16);
    }
    ck_assert_int_eq(amdvi_dpi_run(handle), 0);
}

/* What the design raised takes the place of all that the model did, however many there were. */
START_TEST(interrupts_of_many_guests_are_replaced)
{
    enum { GUESTS = 200 };
    const char *path = "dpi-guests.trace";
    int handle = scene();

    ck_assert_int_eq(amdvi_dpi_record(handle, path), 0);
    interrupt_guests(handle, GUESTS);
    ck_assert_int_eq(amdvi_dpi_record_end(handle), 0);
    ck_assert_int_eq(lines_with(path, "expect_irq kind=comwait gid="), GUESTS);
    ck_assert_int_eq(amdvi_dpi_reset(handle), 0);
    ck_assert_int_eq(amdvi_dpi_record(handle, path), 0);
    interrupt_guests(handle, GUESTS);
    ck_assert_int_eq(amdvi_dpi_differs_guest_interrupts(handle, AMDVI_DPI_EVENTS, 1, 2), 0);
    ck_assert_int_eq(lines_with(path, "expect_irq"), 1);
    expect_end(path, "\nexpect_irq kind=event gid=0x1 count=2\n");
    amdvi_dpi_destroy(handle);
}
END_TEST

/* A disk that is full: whoever ends the recording hears of it, also as it goes with its device. */
START_TEST(what_was_not_written_is_told)
{
    int handle = scene();
    long long value;

    for (int reads = 0; reads < 5000; reads += 4999) { /* less and more than is kept before it is written */
        amdvi_dpi_reset(handle);
        ck_assert_int_eq(amdvi_dpi_record(handle, "/dev/full"), 0);
        for (int i = 0; i < reads; i++)
            amdvi_dpi_read(handle, MMIO, 0, 0, 8, &value);
        ck_assert_int_eq(amdvi_dpi_record_end(handle), AMDVI_DPI_FILE);
        ck_assert_int_eq(amdvi_dpi_record(handle, "/dev/full"), 0);
        ck_assert_int_eq(amdvi_dpi_differs_memory(handle, 0, 0), AMDVI_DPI_FILE);
    }
    ck_assert_int_eq(amdvi_dpi_record(handle, "/dev/full"), 0);
    ck_assert_int_eq(amdvi_dpi_destroy(handle), AMDVI_DPI_FILE);
    ck_assert_int_eq(amdvi_dpi_destroy(handle), AMDVI_DPI_HANDLE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dpi-traces");
    TCase *tests = tcase_create("dpi-traces");

    tcase_add_test(tests, a_difference_ends_the_trace);
    tcase_add_test(tests, records_and_registers_end_a_trace);
    tcase_add_test(tests, messages_and_responses_end_a_trace);
    tcase_add_test(tests, traces_that_cannot_be_written_are_refused);
    tcase_add_test(tests, registers_have_sizes_that_a_trace_has);
    tcase_add_test(tests, interrupts_of_many_guests_are_replaced);
    tcase_add_test(tests, what_was_not_written_is_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
