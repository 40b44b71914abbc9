// SPDX-License-Identifier: Apache-2.0
// Page requests as a part of the design under test (7.7, 9.4): into the PPR log of the host or of the guest that owns the device, or
// refused with an event and an answer; COMPLETE_PPR_REQUEST. PPREn and all logs are on, and are never full.
module page_requests (
    input logic clk, rst,
    input int bug,
    input logic pri_valid, output logic pri_ready, input logic [15:0] pri_device, input logic pri_guest, input logic [19:0] pri_pasid,
    input logic pri_privileged, pri_execute, pri_read, pri_write, pri_last, input logic [8:0] pri_index, input logic [63:0] pri_address,
    input logic complete, input logic [127:0] cmd,  // a COMPLETE_PPR_REQUEST, while pri_ready
    output logic prg_valid, output logic [15:0] prg_device, output logic prg_guest, output logic [19:0] prg_pasid,
    output logic [8:0] prg_index, output logic [3:0] prg_code,
    output logic log_valid, output logic [1:0] log_kind, output logic [15:0] log_guest, output logic [127:0] log_record,
    output logic mem_read, output logic [63:0] mem_address, input logic mem_valid, input logic [63:0] mem_data);

  localparam logic [63:0] DEVICE_TABLE = 64'h100000;
  localparam logic [3:0] INVALID_REQUEST = 1;
  typedef enum { IDLE, ENTRY, ENTRY_TOP } state_e;

  state_e state;
  logic [15:0] device;
  logic guest, answers, allowed, carries_pasid;
  logic user, execute, reads, writes, last;
  logic [19:0] pasid;
  logic [8:0] index;
  logic [3:0] code;
  logic [63:0] address;

  // X, R, W, US are bits 49, 50, 53, 54; GN is 56, in INVALID_PPR_REQUEST 57; RX, bit 48, says that the hardware answers [7.3, 7.7].
  function automatic logic [127:0] record(logic refused, logic [15:0] named);
    logic u = bug == 37 ? 1'b0 : user;
    return {address[63:12], 12'h0, refused ? 4'h9 : 4'h1, 2'b0, refused && guest, !refused && guest, 1'b0, u, writes, 2'b0, reads, execute, refused,
            2'b0, pasid[19:16], last, index, pasid[15:0], named};
  endfunction

  task automatic respond(logic [3:0] with_code);
    prg_valid <= 1;
    {prg_device, prg_index, prg_code} <= {device, index, with_code};
    prg_guest <= guest && carries_pasid;
    prg_pasid <= guest && carries_pasid ? pasid : 20'h0;
  endtask

  assign pri_ready = state == IDLE;

  always_ff @(posedge clk) begin
    log_valid <= 0;
    prg_valid <= 0;
    mem_read <= 0;
    if (rst) state <= IDLE;
    else case (state)
      IDLE: if (complete || pri_valid) begin
          answers <= complete;
          if (complete) begin
            device <= cmd[15:0];
            {guest, pasid, index, code} <= {cmd[66], cmd[66] ? cmd[51:32] : 20'h0, cmd[104:96], cmd[111:108]};
          end else begin
            device <= pri_device;
            {guest, pasid, index, address} <= {pri_guest, pri_guest ? pri_pasid : 20'h0, pri_index, pri_address};
            {user, execute, reads, writes, last} <= {pri_guest && !pri_privileged, pri_execute, pri_read, pri_write, pri_last};
          end
          mem_read <= 1;
          mem_address <= DEVICE_TABLE + {43'h0, complete ? cmd[15:0] : pri_device, 5'h0};
          state <= ENTRY;
        end
      ENTRY: if (mem_valid) begin  // V, TV, PPR, GPRP, GV [3.2]
          allowed <= mem_data[1:0] == 2'b11 && mem_data[55] && (mem_data[52] || bug == 35);
          carries_pasid <= mem_data[53] || bug == 36;
          mem_read <= 1;
          mem_address <= DEVICE_TABLE + {43'h0, device, 5'h18};
          state <= ENTRY_TOP;
        end
      ENTRY_TOP: if (mem_valid) begin
          logic owned = mem_data[15];
          state <= IDLE;
          if (answers) respond(bug == 39 ? 4'h0 : code);
          else begin
            log_valid <= 1;
            log_kind <= allowed ? 2'd1 : 2'd0;
            log_guest <= allowed && owned && bug != 38 ? mem_data[47:32] : 16'h0;
            log_record <= record(!allowed, allowed && owned ? mem_data[31:16] : device);
            if (!allowed && bug != 40) respond(INVALID_REQUEST);
          end
        end
      default: state <= IDLE;
    endcase
  end
endmodule
