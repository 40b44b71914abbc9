// SPDX-License-Identifier: Apache-2.0
// The design under test: the translation path, and beside it the rings of guests.
module design_under_test #(parameter int PARTS = 2) (
    input logic clk, rst,
    input int bug, variant,
    input logic req_valid, output logic req_ready,
    input logic [15:0] req_device, input logic req_guest, input logic [19:0] req_pasid,
    input logic req_write, input logic [63:0] req_address, input logic [7:0] req_tag,
    output logic rsp_valid, output logic [7:0] rsp_tag, output logic rsp_ok, output logic [63:0] rsp_pa,
    output logic [7:0] rsp_reason,
    input logic cmd_valid, output logic cmd_ready, input logic [127:0] cmd,
    input logic reg_valid, reg_control, input logic [15:0] reg_guest, input logic [11:0] reg_offset, input logic [63:0] reg_value,
    output logic [2:0][18:0] head, output logic [2:0] running, waited, output logic idle,
    output logic [PARTS-1:0] log_valid, output logic [PARTS-1:0][15:0] log_guest, output logic [PARTS-1:0][127:0] log_record,
    output logic store_valid, output logic [63:0] store_address, store_data, output logic irq_valid,
    output logic [PARTS-1:0] mem_read, output logic [PARTS-1:0][63:0] mem_address,
    input logic [PARTS-1:0] mem_valid, input logic [PARTS-1:0][63:0] mem_data);

  logic path_ready, queue_valid;
  logic [127:0] queue_cmd;

  // The host's commands go first.
  assign cmd_ready = path_ready;

  translation_path path (
      .cmd_valid(cmd_valid || queue_valid), .cmd_ready(path_ready), .cmd(cmd_valid ? cmd : queue_cmd),
      .log_valid(log_valid[0]), .log_guest(log_guest[0]), .log_record(log_record[0]),
      .mem_read(mem_read[0]), .mem_address(mem_address[0]), .mem_valid(mem_valid[0]), .mem_data(mem_data[0]), .*);

  guest_queue queue (
      .cmd_valid(queue_valid), .cmd_ready(path_ready && !cmd_valid), .cmd(queue_cmd),
      .log_valid(log_valid[1]), .log_guest(log_guest[1]), .log_record(log_record[1]),
      .mem_read(mem_read[1]), .mem_address(mem_address[1]), .mem_valid(mem_valid[1]), .mem_data(mem_data[1]), .*);
endmodule
