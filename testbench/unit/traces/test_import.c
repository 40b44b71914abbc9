// SPDX-License-Identifier: Apache-2.0
/* Importers: what each foreign line becomes, what real captures hold, and that nothing foreign is taken on
 * trust. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define CAPTURE "# amd-iommu-capture text 1\n"

/* The canonical text of an imported one, without what stands before the first action. */
static char *imported(const char *text, const char *from, struct sink *out)
{
    struct amdvi_trace_error error;
    enum amdvi_trace_status status = convert(text, strlen(text), AMDVI_TRACE_FORM_TEXT, out, &error);
    ck_assert_msg(status == AMDVI_TRACE_OK, "%s", error.text);
    sink_write(out, "", 1);
    char *start = strstr((char *)out->bytes, from);
    ck_assert_msg(start != NULL, "%s", (char *)out->bytes);
    return start;
}

struct example {
    const char *line, *becomes;
};

static const struct example lines[] = {
    {"M 1000 00ff", "mem addr=0x1000 data=00ff\n"},
    {"S 1000 00ff", "expect_mem addr=0x1000 data=00ff\n"},
    {"t 5\nW 0018 8 1005", "mmio_write off=0x18 size=8 value=0x1005 t=5000000\n"},
    {"R 2020 4 8", "mmio_read off=0x2020 size=4\n"},
    {"W 2008 4 10", "mmio_write off=0x2008 size=4 value=0x10\n"},
    {"W 0018 8 1001\nW 2008 4 10", "mmio_write off=0x18 size=8 value=0x1001\n"
                                   "mmio_write off=0x2008 size=4 value=0x10\n"
                                   "mmio_read off=0x2000 size=8 value=0x10\n"},
    {"W 0018 4 1001\nW 001c 4 5\nW 2008 4 20", "mmio_write off=0x18 size=4 value=0x1001\n"
                                               "mmio_write off=0x1c size=4 value=0x5\n"
                                               "mmio_write off=0x2008 size=4 value=0x20\n"
                                               "mmio_read off=0x2000 size=8 value=0x20\n"},
    {"C 00000 00000000000000000000000000000000\nM 0 00", "mem addr=0x0 data=00\n"},
    {"T 0028 r fffff008 2c79000 fff 3",
     "dma dev=0x28 addr=0xfffff008 len=0x1 op=read\nok pa=0x2c79008 perm=rw\n"},
    {"T 0028 w 10fff 200000 1fffff 2", "dma dev=0x28 addr=0x10fff len=0x1 op=write\nok pa=0x210fff perm=w\n"},
    {"T 0040 w 2e2dcf5ef3 fault perm", "dma dev=0x40 addr=0x2e2dcf5ef3 len=0x1 op=write\nfault\n"},
    {"T 0040 r 0 fault none ~",
     "dma dev=0x40 addr=0x0 len=0x1 op=read # the tables changed during this translation\n"},
    {"T 0040 r 1234 1000 fff 3 !", "dma dev=0x40 addr=0x1234 len=0x1 op=read\nok pa=0x1234\n"},
    {"I 00a0 ioapic fee00000 4 fee01004 4023",
     "int dev=0xa0 addr=0xfee00000 data=0x4\nok vector=0x23 dest=0x1 mode=1\n"},
    {"I 00a0 msi fee00000 4 12300fee02000 23",
     "int dev=0xa0 addr=0xfee00000 data=0x4\nok vector=0x23 dest=0x12302 mode=0\n"},
    {"I 00a0 ioapic fee00000 4 abort", "int dev=0xa0 addr=0xfee00000 data=0x4\nfault\n"},
    {"I 00a0 ioapic fee00000 7 fee00000 7 !",
     "int dev=0xa0 addr=0xfee00000 data=0x7\nok addr=0xfee00000 data=0x7\n"},
    {"I 00a0 ioapic fee00000 7 fee01000 7 !",
     "int dev=0xa0 addr=0xfee00000 data=0x7 # recorded as remapped while the IOMMU was disabled\n"},
};

struct pipe {
    const char *text;
    size_t left;
};

static long from_pipe(void *context, void *buffer, size_t size)
{
    struct pipe *pipe = context;
    size_t len = pipe->left < size ? pipe->left : size;
    memcpy(buffer, pipe->text, len);
    pipe->text += len;
    pipe->left -= len;
    return (long)len;
}

/* A capture is read twice, so a pipe is kept: up to a limit. */
START_TEST(a_kept_pipe_is_bounded)
{
    static const char text[] = CAPTURE "M 1000 00ff\nM 2000 00ff\n";
    struct amdvi_trace_options options = {.max_pipe = sizeof(text) - 1};
    for (int shorter = 0; shorter < 2; shorter++) {
        struct pipe pipe = {text, sizeof(text) - 1};
        struct amdvi_trace_reader *reader;
        struct amdvi_trace_error error = {0};
        options.max_pipe -= (uint64_t)shorter;
        enum amdvi_trace_status status =
            amdvi_trace_open_callback(from_pipe, &pipe, "p", &options, &reader, &error);
        ck_assert_int_eq(status, shorter ? AMDVI_TRACE_ERR_RANGE : AMDVI_TRACE_OK);
        ck_assert(!shorter || strstr(error.text, "give a file"));
        amdvi_trace_close(reader);
    }
}
END_TEST

START_TEST(capture_lines_become_records)
{
    char text[512];
    struct sink out = {0};
    snprintf(text, sizeof(text), CAPTURE "%s\n", lines[_i].line);
    char *end = imported(text, "# amd-iommu-capture text 1\n", &out);
    ck_assert_str_eq(strchr(end, '\n') + 1, lines[_i].becomes);
    sink_free(&out);
}
END_TEST

static const struct example configs[] = {
    {"M 0 00", "efr=0x29d3 efr2=0x0 devid=0x0 "},
    {"N 0010 fed80000 22\nM 0 00\nR 0030 8 1234567890\nR 01a0 8 1d",
     "efr=0x1234567890 efr2=0x1d devid=0x10 "},
    {"R 0030 4 11111111\nR 0034 4 22222222\nR 0030 4 5", "efr=0x2222222211111111 efr2=0x0 devid=0x0 "},
};

START_TEST(capture_is_configured_ahead)
{
    char text[512];
    struct sink out = {0};
    snprintf(text, sizeof(text), CAPTURE "%s\n", configs[_i].line);
    char *config = imported(text, "config preset=emulator-min ", &out);
    ck_assert_msg(strstr(config, configs[_i].becomes) != NULL, "%s", config);
    sink_free(&out);
}
END_TEST

START_TEST(later_reset_becomes_writes)
{
    struct sink out = {0};
    char *text = imported(CAPTURE "Z 00\nW 0018 8 1\nZ 00\n", "# reset\n", &out);
    char *again = strstr(text + 1, "# reset, as register writes");
    ck_assert_ptr_nonnull(again);
    ck_assert_ptr_nonnull(strstr(again, "mmio_write off=0x18 size=8 value=0x0\n"
                                        "mmio_write off=0x8 size=8 value=0x800000000000000\n"));
    sink_free(&out);
}
END_TEST

static const char *const bad_lines[] = {
    "X 1",
    "M 1000 0",
    "M 1000",
    "M xyz 00",
    "W 0018 2 1",
    "W 18 8",
    "T 0028 x 0 0",
    "T 0028 r 0 0 fff",
    "T 0028 r 0 0 fff 4",
    "T 10000 r 0 fault none",
    "T 1 r 0 fault maybe",
    "I 1 lapic 0 0 0 0",
    "I 1 msi 0 0 0",
    "I 1 msi 0 100000000 0 0",
    "t 1s",
    "D",
    "D 12345",
    "N 8",
    "r 0 3 0",
    "MM 0 00",
    "T",
    "!",
    "# amd-iommu-capture text 2",
};

START_TEST(bad_capture_lines_are_errors)
{
    char text[256];
    struct sink out = {0};
    struct amdvi_trace_error error;
    snprintf(text, sizeof(text), CAPTURE "t 1\n%s\n", bad_lines[_i]);
    ck_assert_int_lt(convert(text, strlen(text), AMDVI_TRACE_FORM_TEXT, &out, &error), 0);
    ck_assert_uint_eq(error.line, 3);
    sink_free(&out);
}
END_TEST

struct real {
    const char *path;
    enum amdvi_trace_source source;
    uint64_t commands, translations, interrupts, stores;
    bool checks;
};

static const struct real real[] = {
    {AMDVI_SAMPLES "/linux61-lazy.capture.txt.zst", AMDVI_TRACE_SOURCE_CAPTURE, 1093, 16712, 5616, 166, true},
    {AMDVI_SAMPLES "/linux-ftrace-sample.txt", AMDVI_TRACE_SOURCE_FTRACE, 12, 0, 0, 0, false},
    {AMDVI_SHARED "/captures/linux61-strict.capture.txt.zst", AMDVI_TRACE_SOURCE_CAPTURE, 15007, 16391, 5908,
     7089, true},
    {AMDVI_SHARED "/captures/linux61-lazy.capture.txt.zst", AMDVI_TRACE_SOURCE_CAPTURE, 1093, 16712, 5616,
     166, true},
    {AMDVI_SHARED "/captures/linux612-strict.capture.txt.zst", AMDVI_TRACE_SOURCE_CAPTURE, 15201, 18485, 7167,
     7178, true},
    {AMDVI_SHARED "/captures/qemu-trace-log-sample.txt.zst", AMDVI_TRACE_SOURCE_QEMU_LOG, 15267, 15906, 6712,
     0, false},
};

START_TEST(real_captures_have_their_counts)
{
    const struct real *want = &real[_i];
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    struct amdvi_trace_writer *writer;
    struct sink text = {0}, again = {0};
    if (!file_exists(want->path) && strncmp(want->path, AMDVI_SHARED, strlen(AMDVI_SHARED)) == 0)
        return;
    ck_assert_msg(amdvi_trace_open(want->path, &options, &reader, &error) == AMDVI_TRACE_OK, "%s",
                  error.text);
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, sink_write, &text, &writer, NULL);
    ck_assert_msg(amdvi_trace_copy(reader, writer) == AMDVI_TRACE_OK, "%s",
                  amdvi_trace_last_error(reader)->text);
    const struct amdvi_trace_info *info = amdvi_trace_info(reader);
    const struct amdvi_trace_import_counts *counts = amdvi_trace_import_counts(reader);
    ck_assert_int_eq(info->source, want->source);
    ck_assert_int_eq(info->can_check_translations, want->checks);
    ck_assert_int_eq(info->can_check_interrupts, want->checks);
    ck_assert_int_eq(info->can_check_stores, want->checks);
    ck_assert_int_eq(info->has_memory, want->checks);
    ck_assert_uint_eq(counts->commands, want->commands);
    ck_assert_uint_eq(counts->translations, want->translations);
    ck_assert_uint_eq(counts->interrupts, want->interrupts);
    ck_assert_uint_eq(counts->stores, want->stores);
    amdvi_trace_writer_close(writer);
    amdvi_trace_close(reader);
    ck_assert_int_eq(convert(text.bytes, text.len, AMDVI_TRACE_FORM_TEXT, &again, &error), AMDVI_TRACE_OK);
    ck_assert_uint_eq(text.len, again.len);
    ck_assert_mem_eq(text.bytes, again.bytes, text.len);
    sink_free(&text);
    sink_free(&again);
}
END_TEST

START_TEST(compressed_input_may_be_cut)
{
    static uint8_t bytes[64 << 10];
    FILE *file = fopen(AMDVI_SAMPLES "/linux61-lazy.capture.txt.zst", "rb");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t cut = 4; cut < len; cut += 997) {
        struct sink out = {0};
        struct amdvi_trace_error error;
        ck_assert_int_ne(convert(bytes, cut, AMDVI_TRACE_FORM_TEXT, &out, &error), AMDVI_TRACE_OK);
        sink_free(&out);
    }
}
END_TEST

static uint64_t file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    fclose(file);
    return (uint64_t)size;
}

static long nothing_more(void *context, void *buffer, size_t size)
{
    return 0;
}

/* Of a file as it is stored, compressed; of memory; not of a pipe. */
START_TEST(progress_is_known_where_the_size_is)
{
    const char *path = AMDVI_SAMPLES "/linux61-lazy.capture.txt.zst";
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    uint64_t done = 1, last = 0, size = 1, bytes = file_size(path);

    ck_assert_int_eq(amdvi_trace_open(path, NULL, &reader, NULL), AMDVI_TRACE_OK);
    while (amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK) {
        ck_assert(amdvi_trace_progress(reader, &done, &size));
        ck_assert_uint_ge(done, last);
        ck_assert_uint_le(done, size);
        ck_assert_uint_eq(size, bytes);
        last = done;
    }
    ck_assert_uint_eq(done, size);
    amdvi_trace_close(reader);
    ck_assert_int_eq(amdvi_trace_open_memory("amdvi-trace 1\n", 14, NULL, NULL, &reader, NULL),
                     AMDVI_TRACE_OK);
    ck_assert(amdvi_trace_progress(reader, &done, &size) && done == 14 && size == 14);
    amdvi_trace_close(reader);
    ck_assert_int_eq(amdvi_trace_open_callback(nothing_more, NULL, "p", NULL, &reader, NULL), AMDVI_TRACE_OK);
    ck_assert(!amdvi_trace_progress(reader, &done, &size) && done == 14);
    amdvi_trace_close(reader);
}
END_TEST

static const struct example qemu_lines[] = {
    {"memory_region_ops_write cpu 0 mr 0x55 addr 0xfed82008 value 0x16c0 size 4 name 'amdvi-mmio'",
     "mmio_write off=0x2008 size=4 value=0x16c0\n"},
    {"12@1700000000.000001:memory_region_ops_read cpu 0 mr 0x55 addr 0xfed80018 value 0x402 size 8 name "
     "'amdvi-mmio'",
     "mmio_read off=0x18 size=8 # gave 0x402\n"},
    {"amdvi_translation_result devid: 01:04.1 gpa 0xfffff002 hpa 0x27e8000",
     "dma dev=0x121 addr=0xfffff002 len=0x1 op=read # direction unknown; gave 0x27e8000\n"},
    {"amdvi_ir_remap_msi_req addr 0xfee00000 data 0x4 devid 0xa0", "int dev=0xa0 addr=0xfee00000 data=0x4\n"},
    {"amdvi_new_event x", "# amdvi_new_event x\n"},
    {"amdvi_translation_result devid: zz gpa 0x1 hpa 0x2",
     "# amdvi_translation_result devid: zz gpa 0x1 hpa 0x2\n"},
};

START_TEST(qemu_lines_become_records)
{
    struct sink out = {0};
    char *text = imported(qemu_lines[_i].line, "config ", &out);
    ck_assert_str_eq(strchr(text, '\n') + 1, qemu_lines[_i].becomes);
    sink_free(&out);
}
END_TEST

START_TEST(ftrace_commands_go_into_a_ring)
{
    struct sink out = {0};
    char *text =
        imported("  modprobe-97  [001] d..2.  4.774847: iommu_cmd: (f+0x0/0xd0) iommu=0x10 w0=0x20 "
                 "w1=0x20000000 w2=0x0 w3=0x0 sync=1\n"
                 "  [x]: y-9 [000] d..2.  4.774848: iommu_cmd: (f) iommu=0x20 w0=0x0 w1=0x0 w2=0x0 w3=0x0\n"
                 "  t-9 [000] .....  4.774849: unmap: IOMMU: iova=0x0\n",
                 "mem addr=0xfff0000400000", &out);
    ck_assert_str_eq(text,
                     "mem addr=0xfff0000400000 data=20000000000000200000000000000000 t=4774847000 cpu=001\n"
                     "mmio_write off=0x2008 size=4 value=0x10\n"
                     "#   [x]: y-9 [000] d..2.  4.774848: iommu_cmd: (f) iommu=0x20 w0=0x0 w1=0x0 w2=0x0 "
                     "w3=0x0\n"
                     "# unmap: IOMMU: iova=0x0\n");
    sink_free(&out);
}
END_TEST

START_TEST(ftrace_command_without_words_is_an_error)
{
    struct sink out = {0};
    struct amdvi_trace_error error;
    static const char text[] = "  a-1  [000] d..2.  4.774847: iommu_cmd: (f) iommu=0x10 w0=0x20\n";
    ck_assert_int_eq(convert(text, sizeof(text) - 1, AMDVI_TRACE_FORM_TEXT, &out, &error),
                     AMDVI_TRACE_ERR_SYNTAX);
    ck_assert_uint_eq(error.line, 1);
    sink_free(&out);
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("trace import");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_kept_pipe_is_bounded);
    tcase_add_loop_test(tests, capture_lines_become_records, 0, COUNT(lines));
    tcase_add_loop_test(tests, capture_is_configured_ahead, 0, COUNT(configs));
    tcase_add_test(tests, later_reset_becomes_writes);
    tcase_add_loop_test(tests, bad_capture_lines_are_errors, 0, COUNT(bad_lines));
    tcase_add_loop_test(tests, real_captures_have_their_counts, 0, COUNT(real));
    tcase_add_test(tests, compressed_input_may_be_cut);
    tcase_add_test(tests, progress_is_known_where_the_size_is);
    tcase_add_loop_test(tests, qemu_lines_become_records, 0, COUNT(qemu_lines));
    tcase_add_test(tests, ftrace_commands_go_into_a_ring);
    tcase_add_test(tests, ftrace_command_without_words_is_an_error);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
