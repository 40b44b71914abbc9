// SPDX-License-Identifier: Apache-2.0
#include "internal.h"
static enum amdvi_trace_status binary_open(struct amdvi_trace_reader *reader)
{
    return trace_reader_fail(reader, AMDVI_TRACE_ERR_UNSUPPORTED, 0, "not yet");
}
static void nothing(struct amdvi_trace_reader *reader)
{
    (void)reader;
}
const struct trace_reader_ops trace_binary_reader = {
    .name = "binary trace", .open = binary_open, .close = nothing};
const struct trace_reader_ops trace_capture_reader = {
    .name = "binary trace", .open = binary_open, .close = nothing};
const struct trace_reader_ops trace_qemu_reader = {
    .name = "binary trace", .open = binary_open, .close = nothing};
const struct trace_reader_ops trace_ftrace_reader = {
    .name = "binary trace", .open = binary_open, .close = nothing};
enum amdvi_trace_status trace_binary_writer_open(struct amdvi_trace_writer *writer)
{
    return trace_writer_fail(writer, AMDVI_TRACE_ERR_UNSUPPORTED, "not yet");
}
