// SPDX-License-Identifier: Apache-2.0
/* The text form: every kind and key, every error with its line, and that what is printed reads back the same.
 */
#define _POSIX_C_SOURCE 200809L

#include "random_trace.h"
#include "support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "amdvi-trace 1\n"

struct good {
    const char *line, *canonical; /* NULL: the same */
};

static const struct good good[] = {
    {"config preset=genoa ram=0x100 x=a#b", NULL},
    {"mem addr=16 data=00FFa0", "mem addr=0x10 data=00ffa0"},
    {"fill len=0x10 addr=0 byte=255", "fill addr=0x0 len=0x10 byte=0xff"},
    {"memfile addr=0x0 file=a/b.img offset=0x1 len=0x2 zstd=1", NULL},
    {"mmio_write off=0x18 size=8 value=0x1", NULL},
    {"mmio_read off=0x18 size=4", NULL},
    {"mmio_read off=0x18 size=0x8 value=1 mask=3", "mmio_read off=0x18 size=8 value=0x1 mask=0x3"},
    {"pci_write off=0x40 size=2 value=0xffff", NULL},
    {"pci_read off=0x40 size=1 value=0x1 mask=0x1", NULL},
    {"vf_write gid=0xffff off=0x8 size=8 value=0x30", NULL},
    {"vf_read gid=0x1 off=0x8 size=4 value=0x30 mask=0xff", NULL},
    {"vfc_write gid=0x1 off=0x20 size=8 value=0x30", NULL},
    {"vfc_read gid=0x1 off=0x20 size=8 value=0x1 mask=0x3", NULL},
    {"run", NULL},
    {"dma dev=0x10 addr=0x1000 len=0x4 op=write pasid=0x5 priv=1 at=translated data=01020304", NULL},
    {"dma dev=0x10 addr=0xffffffffffffffff len=0x1 op=atomic at=untranslated", NULL},
    {"dma dev=1 addr=2 len=3 op=exec", "dma dev=0x1 addr=0x2 len=0x3 op=exec"},
    {"ats dev=0x1 addr=0x2 len=0x8 pasid=0xfffff nw=1 exec=1 priv=1", NULL},
    {"pri dev=0x1 addr=0x2 tag=0x1ff pasid=0x1 priv=1 r=1 w=1 x=1 last=1", NULL},
    {"int dev=0xa0 addr=0xfee00000 data=0x4", NULL},
    {"ok", NULL},
    {"ok pa=0x1 size=0x1000 len=0x10 perm=rwx data=0102", NULL},
    {"ok perm=-", NULL},
    {"ok perm=rx", NULL},
    {"ok addr=0xfee00000 data=0x40 vector=0x40 dest=0x1 mode=0 type=1", NULL},
    {"fault", NULL},
    {"fault kind=IO_PAGE_FAULT reply=abort flags=GN+NX+US+I+PR+RW+PE+RZ+TR+T5+vNR+vEvent+vPtr+vCmd", NULL},
    {"fault kind=RMP_HARDWARE_ERROR reply=zero flags=0", NULL},
    {"fault reply=drop flags=T7+RW", "fault reply=drop flags=RW+T7"},
    {"expect_mem addr=0x0 data=00", NULL},
    {"expect_event log=host index=0 kind=IO_PAGE_FAULT dev=0x1 dom=0x2 pasid=0x3 addr=0x4 flags=PR raw=00ff",
     NULL},
    {"expect_event log=7 index=0x10", "expect_event log=0x7 index=16"},
    {"expect_ppr log=host index=1 dev=0x1 pasid=0x2 addr=0x3 tag=0x4 flags=R+W+X+US+GN+LAST", NULL},
    {"expect_ppr log=host index=1 flags=LAST+RZ", "expect_ppr log=host index=1 flags=RZ+LAST"},
    {"expect_ga index=0 tag=0x1 dev=0x2", NULL},
    {"expect_count log=0x5 event=1 ppr=2 ga=3", NULL},
    {"expect_prg dev=0x1 index=511 code=0xf pasid=0x1", NULL},
    {"expect_irq kind=event gid=0x1 vector=0x30 count=0", NULL},
    {"expect_irq kind=comwait", NULL},
    {"expect_irq kind=msi", NULL},
    {"expect_atc_inv dev=0x1 addr=0x0 size=0x0 pasid=0x1", NULL},
    {"run t=12 vm=guest-1 cpu=3 # and why", NULL},
    {" \trun\t# a=b", "run # a=b"},
    {"run vm=a#b", NULL},
    {"reset", NULL},
    {"reset t=0x10 # by the host", "reset t=16 # by the host"},
    {"run #", NULL},
    {"config t=5 a=b", "config a=b t=5"},
};

START_TEST(reads_and_prints)
{
    const struct good *example = &good[_i];
    char text[512], printed[512];
    struct amdvi_trace_record record;
    snprintf(text, sizeof(text), HEAD "%s\n", example->line);
    struct amdvi_trace_reader *reader = read_one(text, &record);
    amdvi_trace_format(&record, printed, sizeof(printed));
    ck_assert_str_eq(printed, example->canonical ? example->canonical : example->line);
    ck_assert_uint_eq(record.line, 2);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_END);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_END);
    amdvi_trace_close(reader);
}
END_TEST

START_TEST(every_kind_has_an_example)
{
    bool seen[AMDVI_TRACE_KINDS] = {
        [AMDVI_TRACE_KIND_HEADER] = true, [AMDVI_TRACE_KIND_COMMENT] = true, [AMDVI_TRACE_KIND_BLANK] = true};
    uint64_t keys[AMDVI_TRACE_KINDS] = {0};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[512];
        struct amdvi_trace_record record;
        snprintf(text, sizeof(text), HEAD "%s", good[i].line);
        amdvi_trace_close(read_one(text, &record));
        seen[record.kind] = true;
        keys[record.kind] |= record.have;
    }
    for (unsigned k = 0; k < AMDVI_TRACE_KINDS; k++) {
        const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info((enum amdvi_trace_kind)k);
        ck_assert_msg(seen[k], "no example of %s", info->name);
        for (size_t i = 0; i < info->rules_count; i++)
            ck_assert_msg(keys[k] >> info->rules[i].key & 1, "no example of %s %s=", info->name,
                          amdvi_trace_key_name((enum amdvi_trace_key)info->rules[i].key));
    }
}
END_TEST

struct wrong {
    const char *text;
    uint64_t line;
    const char *says;
};

static const struct wrong wrong[] = {
    {"", 1, "there is none"},
    {"# only\n\n", 3, "there is none"},
    {"run\n", 1, "first record"},
    {"amdvi-trace\n", 1, "version number"},
    {"amdvi-trace 2\n", 1, "only version 1"},
    {"amdvi-trace x\n", 1, "version number"},
    {HEAD HEAD, 2, "only the first"},
    {HEAD "walk dev=1\n", 2, "unknown record 'walk'"},
    {HEAD "# c\n\nrun x=1\n", 4, "unknown key 'x' of run"},
    {HEAD "run now\n", 2, "'now' is not key=value"},
    {HEAD "run =1\n", 2, "lacks a key"},
    {HEAD "mem addr= data=00\n", 2, "lacks a value"},
    {HEAD "mem addr=1 addr=2 data=00\n", 2, "addr= is given twice"},
    {HEAD "run t=1 t=1\n", 2, "t= is given twice"},
    {HEAD "run t=-1\n", 2, "t=-1"},
    {HEAD "mem addr=1\n", 2, "data= is missing in mem"},
    {HEAD "mem data=00\n", 2, "addr= is missing in mem"},
    {HEAD "mem addr=0x10000000000000000 data=00\n", 2, "addr=0x10000000000000000"},
    {HEAD "mem addr=18446744073709551616 data=00\n", 2, "64 bits"},
    {HEAD "mem addr=+1 data=00\n", 2, "64 bits"},
    {HEAD "mem addr=1a data=00\n", 2, "64 bits"},
    {HEAD "mem addr=0x data=00\n", 2, "64 bits"},
    {HEAD "mem addr=0x1g data=00\n", 2, "64 bits"},
    {HEAD "mem addr=0 data=000\n", 2, "byte string"},
    {HEAD "mem addr=0 data=0x00\n", 2, "byte string"},
    {HEAD "mem addr=0 data=0g\n", 2, "byte string"},
    {HEAD "fill addr=0 len=1 byte=256\n", 2, "byte=256"},
    {HEAD "mmio_write off=0 size=2 value=0\n", 2, "4 or 8"},
    {HEAD "pci_read off=0 size=8\n", 2, "1, 2 or 4"},
    {HEAD "dma dev=0x10000 addr=0 len=1 op=read\n", 2, "dev=0x10000"},
    {HEAD "dma dev=01:20.0 addr=0 len=1 op=read\n", 2, "dev=01:20.0 is not a DeviceID"},
    {HEAD "dma dev=01:00.8 addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=100:00.0 addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=01:00 addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=01:00. addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=:00.0 addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=0001:01:00.0 addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=01:00.0. addr=0 len=1 op=read\n", 2, "bus:device.function"},
    {HEAD "dma dev=0 addr=0 len=1 op=peek\n", 2, "read, write, exec or atomic"},
    {HEAD "dma dev=0 addr=0 len=1 op=read at=none\n", 2, "untranslated or translated"},
    {HEAD "dma dev=0 addr=0 len=1 op=read priv=2\n", 2, "0 or 1"},
    {HEAD "dma dev=0 addr=0 len=1 op=read pasid=0x100000\n", 2, "pasid=0x100000"},
    {HEAD "pri dev=0 addr=0 tag=512\n", 2, "tag=512"},
    {HEAD "ok perm=wr\n", 2, "that order"},
    {HEAD "ok perm=rr\n", 2, "that order"},
    {HEAD "ok perm=r-\n", 2, "that order"},
    {HEAD "ok data=xyz\n", 2, "neither"},
    {HEAD "fault kind=OOPS\n", 2, "an event name"},
    {HEAD "fault kind=event\n", 2, "an event name"},
    {HEAD "fault reply=maybe\n", 2, "abort, zero or drop"},
    {HEAD "fault flags=PR+XX\n", 2, "flag names"},
    {HEAD "fault flags=PR+PR\n", 2, "flag names"},
    {HEAD "fault flags=T1+T2\n", 2, "flag names"},
    {HEAD "fault flags=T0\n", 2, "flag names"},
    {HEAD "fault flags=PR+\n", 2, "flag names"},
    {HEAD "fault flags=0x10\n", 2, "flag names"},
    {HEAD "expect_ppr log=host index=0 flags=PR\n", 2, "R W X"},
    {HEAD "expect_event log=guest index=0\n", 2, "host or a GuestID"},
    {HEAD "expect_event log=0xffffffffffffffff index=0\n", 2, "host or a GuestID"},
    {HEAD "expect_event log=0x10000 index=0\n", 2, "host or a GuestID"},
    {HEAD "expect_irq kind=IO_PAGE_FAULT\n", 2, "event, ppr, ga"},
    {HEAD "config\n", 2, "config needs"},
    {HEAD "config preset\n", 2, "not key=value"},
    {HEAD "run\rrun\n", 2, "carriage return"},
};

static enum amdvi_trace_status read_all(const char *text, size_t len, struct amdvi_trace_error *error)
{
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    enum amdvi_trace_status status = amdvi_trace_open_memory(text, len, "wrong.trace", NULL, &reader, error);
    ck_assert_int_eq(status, AMDVI_TRACE_OK);
    while (status == AMDVI_TRACE_OK)
        status = amdvi_trace_next(reader, &record);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), status);
    *error = *amdvi_trace_last_error(reader);
    amdvi_trace_close(reader);
    return status;
}

START_TEST(says_what_is_wrong_and_where)
{
    struct amdvi_trace_error error;
    char prefix[64];
    ck_assert_int_eq(read_all(wrong[_i].text, strlen(wrong[_i].text), &error), AMDVI_TRACE_ERR_SYNTAX);
    ck_assert_uint_eq(error.line, wrong[_i].line);
    snprintf(prefix, sizeof(prefix), "wrong.trace:%llu: ", (unsigned long long)wrong[_i].line);
    ck_assert_msg(!strncmp(error.text, prefix, strlen(prefix)), "%s", error.text);
    ck_assert_msg(strstr(error.text, wrong[_i].says), "%s", error.text);
}
END_TEST

/* 15:8 bus, 7:3 device, 2:0 function, wherever a record takes a DeviceID. */
START_TEST(devices_by_bus_device_and_function)
{
    static const struct {
        const char *text;
        uint64_t device;
    } forms[] = {{"01:00.0", 0x100},      {"0000:00:14.3", 0xa3}, {"ff:1f.7", 0xffff}, {"FF:1F.7", 0xffff},
                 {"0000:0a:02.1", 0xa11}, {"1:2.3", 0x113},       {"0x100", 0x100},    {"256", 0x100}};
    static const char *const records[] = {"dma dev=%s addr=0 len=1 op=read",
                                          "ats dev=%s addr=0",
                                          "pri dev=%s addr=0 tag=1",
                                          "int dev=%s addr=0 data=0",
                                          "expect_event log=host index=0 dev=%s",
                                          "expect_ppr log=host index=0 dev=%s",
                                          "expect_ga index=0 dev=%s",
                                          "expect_prg dev=%s index=0 code=0",
                                          "expect_atc_inv dev=%s addr=0 size=0"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) * (sizeof(records) / sizeof(records[0])); i++) {
        size_t form = i / (sizeof(records) / sizeof(records[0])),
               at = i % (sizeof(records) / sizeof(records[0]));
        char line[128], text[160];
        struct amdvi_trace_reader *reader;
        struct amdvi_trace_record record;
        snprintf(line, sizeof(line), records[at], forms[form].text);
        int len = snprintf(text, sizeof(text), HEAD "%s\n", line);
        ck_assert_int_eq(amdvi_trace_open_memory(text, (size_t)len, NULL, NULL, &reader, NULL),
                         AMDVI_TRACE_OK);
        ck_assert_msg(amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK, "%s", line);
        ck_assert_uint_eq(record.num[AMDVI_TRACE_KEY_DEV], forms[form].device);
        ck_assert_uint_gt(amdvi_trace_format(&record, line, sizeof(line)), 0);
        ck_assert_ptr_nonnull(strstr(line, "dev=0x"));
        amdvi_trace_close(reader);
    }
}
END_TEST

START_TEST(refuses_zero_bytes)
{
    static const char text[] = HEAD "run # a\0b\n";
    static const char word[] = HEAD "ru\0n\n";
    struct amdvi_trace_error error;
    ck_assert_int_eq(read_all(text, sizeof(text) - 1, &error), AMDVI_TRACE_ERR_SYNTAX);
    ck_assert_int_eq(read_all(word, sizeof(word) - 1, &error), AMDVI_TRACE_ERR_SYNTAX);
    ck_assert_uint_eq(error.line, 2);
}
END_TEST

START_TEST(takes_any_line_end)
{
    struct sink out = {0};
    struct amdvi_trace_error error;
    static const char text[] = "# first\r\n\r\namdvi-trace 1\r\n  \t\nrun # x \r\nrun";
    ck_assert_int_eq(convert(text, sizeof(text) - 1, AMDVI_TRACE_FORM_TEXT, &out, &error), AMDVI_TRACE_OK);
    static const char want[] = "# first\n\namdvi-trace 1\n\nrun # x \nrun\n";
    ck_assert_uint_eq(out.len, sizeof(want) - 1);
    ck_assert_mem_eq(out.bytes, want, out.len);
    sink_free(&out);
}
END_TEST

START_TEST(tells_data_of_int_and_dma)
{
    struct amdvi_trace_record record;
    uint64_t number = 0;
    struct amdvi_trace_reader *reader = read_one(HEAD "ok data=10\n", &record);
    ck_assert_uint_eq(record.bytes_len, 1);
    ck_assert_uint_eq(record.bytes[0], 0x10);
    ck_assert(amdvi_trace_ok_int_data(&record, &number));
    ck_assert_uint_eq(number, 10);
    amdvi_trace_close(reader);
    reader = read_one(HEAD "ok data=0x1f\n", &record);
    ck_assert_ptr_null(record.bytes);
    ck_assert(amdvi_trace_ok_int_data(&record, &number));
    ck_assert_uint_eq(number, 0x1f);
    amdvi_trace_close(reader);
}
END_TEST

START_TEST(lines_are_long_but_bounded)
{
    size_t len = 3 << 20;
    struct sink text = {0};
    struct amdvi_trace_record record;
    sink_write(&text, HEAD "mem addr=0 data=", strlen(HEAD) + 16);
    for (size_t i = 0; i < len; i++)
        sink_write(&text, i & 1 ? "5a" : "a5", 2);
    sink_write(&text, "", 1);
    struct amdvi_trace_reader *reader = read_one((const char *)text.bytes, &record);
    ck_assert_uint_eq(record.bytes_len, len);
    ck_assert_uint_eq(record.bytes[len - 1], 0x5a);
    amdvi_trace_close(reader);
    struct amdvi_trace_options options = {.max_line = 1 << 20};
    struct amdvi_trace_error error;
    ck_assert_int_eq(amdvi_trace_open_memory(text.bytes, text.len - 1, "t", &options, &reader, &error),
                     AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_ERR_RANGE);
    amdvi_trace_close(reader);
    sink_free(&text);
}
END_TEST

START_TEST(random_records_read_back)
{
    uint64_t seed = random_seed();
    for (uint64_t n = 0; n < 20000; n++) {
        struct random_trace random;
        char text[4096] = HEAD;
        random_start(&random, seed + n);
        const struct amdvi_trace_record *record = random_record(
            &random, (enum amdvi_trace_kind)(AMDVI_TRACE_KIND_CONFIG +
                                             n % (AMDVI_TRACE_KINDS - AMDVI_TRACE_KIND_CONFIG)));
        struct amdvi_trace_error error;
        ck_assert_msg(amdvi_trace_record_check(record, &error) == AMDVI_TRACE_OK, "%s", error.text);
        size_t head = strlen(HEAD);
        ck_assert_uint_lt(amdvi_trace_format(record, text + head, sizeof(text) - head), sizeof(text) - head);
        struct amdvi_trace_record again;
        struct amdvi_trace_reader *reader = read_one(text, &again);
        assert_same(record, &again);
        amdvi_trace_close(reader);
    }
}
END_TEST

START_TEST(writer_refuses_bad_records)
{
    struct sink out = {0};
    struct amdvi_trace_writer *writer;
    struct amdvi_trace_record record;
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, sink_write, &out, &writer, NULL);
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_MEM);
    ck_assert_int_eq(amdvi_trace_write(writer, &record), AMDVI_TRACE_ERR_ARGUMENT);
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_RUN);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_ADDR, 0);
    ck_assert_int_eq(amdvi_trace_write(writer, &record), AMDVI_TRACE_ERR_ARGUMENT);
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_RUN);
    record.comment = "two\nlines";
    ck_assert_int_eq(amdvi_trace_write(writer, &record), AMDVI_TRACE_ERR_ARGUMENT);
    record.comment = NULL;
    ck_assert_int_eq(amdvi_trace_write(writer, &record), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_writer_finish(writer), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_write(writer, &record), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_uint_eq(out.len, strlen(HEAD "run\n"));
    ck_assert_mem_eq(out.bytes, HEAD "run\n", out.len);
    amdvi_trace_writer_close(writer);
    sink_free(&out);
}
END_TEST

static long one_byte(void *context, void *buffer, size_t size)
{
    const char **text = context;
    if (!**text || !size)
        return 0;
    *(char *)buffer = *(*text)++;
    return 1;
}

START_TEST(reads_from_a_callback)
{
    const char *text = HEAD "run\nrun\n";
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    ck_assert_int_eq(amdvi_trace_open_callback(one_byte, &text, NULL, NULL, &reader, NULL), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_END);
    ck_assert_int_eq(amdvi_trace_seek(reader, 0), AMDVI_TRACE_ERR_UNSUPPORTED);
    amdvi_trace_close(reader);
}
END_TEST

START_TEST(a_comment_decides_nothing)
{
    static const char *const texts[] = {"# amd-iommu-capture text 1\n" HEAD "run\n",
                                        "# tracer: nop\n\n" HEAD "run\n",
                                        "# a-1 [000] d..2. 4.774847: map: x\r\n \t" HEAD "run\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct amdvi_trace_record record;
        struct amdvi_trace_reader *reader = read_one(texts[i], &record);
        ck_assert_int_eq(amdvi_trace_info(reader)->source, AMDVI_TRACE_SOURCE_TEXT);
        ck_assert_int_eq(record.kind, AMDVI_TRACE_KIND_RUN);
        amdvi_trace_close(reader);
    }
}
END_TEST

START_TEST(says_why_a_file_cannot_be_opened)
{
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    ck_assert_int_eq(amdvi_trace_open("/nowhere/x.trace", NULL, &reader, &error), AMDVI_TRACE_ERR_IO);
    ck_assert_ptr_null(reader);
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/x.trace: cannot be opened: No such file"));
}
END_TEST

static void check_file(const char *path)
{
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    struct amdvi_trace_writer *writer;
    struct sink first = {0}, second = {0};
    ck_assert_msg(amdvi_trace_open(path, &options, &reader, &error) == AMDVI_TRACE_OK, "%s", error.text);
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, sink_write, &first, &writer, NULL);
    ck_assert_msg(amdvi_trace_copy(reader, writer) == AMDVI_TRACE_OK, "%s",
                  amdvi_trace_last_error(reader)->text);
    amdvi_trace_writer_close(writer);
    amdvi_trace_close(reader);
    ck_assert_int_eq(convert(first.bytes, first.len, AMDVI_TRACE_FORM_TEXT, &second, &error), AMDVI_TRACE_OK);
    ck_assert_uint_eq(first.len, second.len);
    ck_assert_mem_eq(first.bytes, second.bytes, first.len);
    sink_free(&first);
    sink_free(&second);
}

START_TEST(reads_the_conformance_traces)
{
    static const char *const folders[] = {AMDVI_SHARED "/conformance/base",
                                          AMDVI_SHARED "/conformance/viommu"};
    for (size_t i = 0; i < 2; i++) {
        DIR *folder = opendir(folders[i]);
        struct dirent *entry;
        while (folder && (entry = readdir(folder))) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", folders[i], entry->d_name);
            if (strstr(entry->d_name, ".trace"))
                check_file(path);
        }
        if (folder)
            closedir(folder);
    }
}
END_TEST

START_TEST(lists_its_grammar)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    amdvi_trace_grammar_print(out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(
        text, "dma dev=NUMBER|BUS:DEVICE.FUNCTION addr= len= op=read|write|exec|atomic [pasid=] [priv=0|1]"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace text");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, reads_and_prints, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_test(tests, every_kind_has_an_example);
    tcase_add_loop_test(tests, says_what_is_wrong_and_where, 0, sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(tests, devices_by_bus_device_and_function);
    tcase_add_test(tests, refuses_zero_bytes);
    tcase_add_test(tests, takes_any_line_end);
    tcase_add_test(tests, tells_data_of_int_and_dma);
    tcase_add_test(tests, lines_are_long_but_bounded);
    tcase_add_test(tests, random_records_read_back);
    tcase_add_test(tests, writer_refuses_bad_records);
    tcase_add_test(tests, reads_from_a_callback);
    tcase_add_test(tests, a_comment_decides_nothing);
    tcase_add_test(tests, says_why_a_file_cannot_be_opened);
    tcase_add_test(tests, reads_the_conformance_traces);
    tcase_add_test(tests, lists_its_grammar);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
