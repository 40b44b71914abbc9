// SPDX-License-Identifier: Apache-2.0
// The design under test: the translation path, and beside it the rings of guests, page requests, interrupts, and what devices
// keep.
module design_under_test #(parameter int PARTS = 4) (
    input logic clk, rst,
    input int bug, variant,
    input logic req_valid, output logic req_ready,
    input logic [15:0] req_device, input logic req_guest, input logic [19:0] req_pasid,
    input logic req_write, input logic [63:0] req_address, input logic [7:0] req_tag,
    output logic rsp_valid, output logic [7:0] rsp_tag, output logic rsp_ok, output logic [63:0] rsp_pa,
    output logic [7:0] rsp_reason,
    input logic cmd_valid, output logic cmd_ready, input logic [127:0] cmd,
    input logic reg_valid, reg_control, input logic [15:0] reg_guest, input logic [11:0] reg_offset, input logic [63:0] reg_value,
    output logic [2:0][18:0] head, output logic [2:0] running, waited, output logic idle, quiet,
    input logic pri_valid, output logic pri_ready, input logic [15:0] pri_device, input logic pri_guest, input logic [19:0] pri_pasid,
    input logic pri_privileged, pri_execute, pri_read, pri_write, pri_last, input logic [8:0] pri_index, input logic [63:0] pri_address,
    output logic prg_valid, output logic [15:0] prg_device, output logic prg_guest, output logic [19:0] prg_pasid,
    output logic [8:0] prg_index, output logic [3:0] prg_code,
    output logic atc_valid, output logic [15:0] atc_device, output logic atc_guest, output logic [19:0] atc_pasid,
    output logic [63:0] atc_address, output logic [5:0] atc_length,
    input logic int_valid, output logic int_ready, input logic [15:0] int_device, input logic [63:0] int_address,
    input logic [31:0] int_data,
    output logic msg_valid, msg_ok, msg_posted, output logic [63:0] msg_address, output logic [31:0] msg_data,
    output logic irr_valid, irr_own, output logic [63:0] irr_address, output logic [4:0] irr_bit,
    output logic bell_valid, output logic [31:0] bell_destination, output logic [7:0] bell_vector,
    output logic [PARTS-1:0] log_valid, output logic [PARTS-1:0][1:0] log_kind, output logic [PARTS-1:0][15:0] log_guest, output logic [PARTS-1:0][127:0] log_record,
    output logic store_valid, output logic [63:0] store_address, store_data, output logic irq_valid,
    output logic [PARTS-1:0] mem_read, output logic [PARTS-1:0][63:0] mem_address,
    input logic [PARTS-1:0] mem_valid, input logic [PARTS-1:0][63:0] mem_data);

  logic [2:0] event_interrupts, ppr_interrupts, wait_interrupts, wait_ends, raise_event, raise_ppr;
  logic path_ready, all_ready, queue_valid, taken;
  logic [127:0] queue_cmd, next_cmd;

  // The host's commands go first; a command is for all.
  assign all_ready = path_ready && pri_ready && int_ready;
  assign cmd_ready = all_ready;
  assign next_cmd = cmd_valid ? cmd : queue_cmd;
  assign taken = (cmd_valid || queue_valid) && all_ready;
  // Interrupts of guests: IntEn bits of VF Control, records in their logs, COMPLETION_WAITs, which count as events (viommu 8.5,
  // 11 #23).
  always_ff @(posedge clk) begin
    if (reg_valid && reg_control && reg_offset == 12'h28) event_interrupts[reg_guest] <= reg_value[9] || bug == 51;
    if (reg_valid && reg_control && reg_offset == 12'h30) ppr_interrupts[reg_guest] <= reg_value[9];
    if (reg_valid && reg_control && reg_offset == 12'h20) wait_interrupts[reg_guest] <= reg_value[9];
  end
  for (genvar g = 0; g < 3; g++) begin : raise
    assign raise_event[g] = g != 0 && ((log_valid[0] && log_guest[0] == 16'(g) && event_interrupts[g])
                                       || (log_valid[1] && log_guest[1] == 16'(g) && event_interrupts[g])
                                       || (wait_ends[g] && wait_interrupts[g]));
    assign raise_ppr[g] = g != 0 && log_valid[2] && log_guest[2] == 16'(g) && ppr_interrupts[g];
  end
  assign log_kind[0] = 0;
  assign log_kind[1] = 0;
  assign log_guest[3] = 0;

  translation_path path (
      .cmd_valid(taken), .cmd_ready(path_ready), .cmd(next_cmd),
      .log_valid(log_valid[0]), .log_guest(log_guest[0]), .log_record(log_record[0]),
      .mem_read(mem_read[0]), .mem_address(mem_address[0]), .mem_valid(mem_valid[0]), .mem_data(mem_data[0]), .*);

  guest_queue queue (
      .cmd_valid(queue_valid), .cmd_ready(all_ready && !cmd_valid), .cmd(queue_cmd),
      .log_valid(log_valid[1]), .log_guest(log_guest[1]), .log_record(log_record[1]),
      .mem_read(mem_read[1]), .mem_address(mem_address[1]), .mem_valid(mem_valid[1]), .mem_data(mem_data[1]), .*);

  page_requests requests (
      .complete(taken && next_cmd[63:60] == 4'd7), .cmd(next_cmd),
      .log_valid(log_valid[2]), .log_kind(log_kind[2]), .log_guest(log_guest[2]), .log_record(log_record[2]),
      .mem_read(mem_read[2]), .mem_address(mem_address[2]), .mem_valid(mem_valid[2]), .mem_data(mem_data[2]), .*);

  device_caches caches (.invalidate(taken && next_cmd[63:60] == 4'd4), .cmd(next_cmd), .*);

  posting interrupts (
      .cmd_taken(taken), .cmd(next_cmd),
      .log_valid(log_valid[3]), .log_kind(log_kind[3]), .log_record(log_record[3]),
      .mem_read(mem_read[3]), .mem_address(mem_address[3]), .mem_valid(mem_valid[3]), .mem_data(mem_data[3]), .*);
endmodule
