// SPDX-License-Identifier: Apache-2.0
// A small translation path as a design under test: device table entry, a host table of one level, a few cached pages,
// the commands INVALIDATE_IOMMU_PAGES (one page), INVALIDATE_IOMMU_ALL and COMPLETION_WAIT, an event record for each request that
// fails. One request at a time.
// `bug` plants a mistake, `variant` uses a freedom of the architecture; 0: neither.
module translation_path (
    input logic clk, rst,
    input int bug, variant,
    input logic req_valid, output logic req_ready,
    input logic [15:0] req_device, input logic req_write, input logic [63:0] req_address, input logic [7:0] req_tag,
    output logic rsp_valid, output logic [7:0] rsp_tag, output logic rsp_ok, output logic [63:0] rsp_pa,
    output logic [7:0] rsp_reason,
    input logic cmd_valid, output logic cmd_ready, input logic [127:0] cmd,
    output logic log_valid, output logic [127:0] log_record,
    output logic store_valid, output logic [63:0] store_address, store_data, output logic irq_valid,
    output logic mem_read, output logic [63:0] mem_address, input logic mem_valid, input logic [63:0] mem_data);

  localparam int ENTRIES = 8;
  localparam logic [63:0] DEVICE_TABLE = 64'h100000;
  localparam logic [7:0] NOT_PRESENT = 14, PERMISSION = 19;
  typedef enum { IDLE, LOOKUP, ENTRY, TABLE, ANSWER, SECOND, SLOW, DOMAIN, TELL, EARLY } state_e;
  typedef struct packed { logic [15:0] device; logic [51:0] page, frame; logic r, w, present; } line_t;
  typedef struct packed { logic [7:0] tag; logic ok; logic [63:0] pa; logic [7:0] reason; logic told; logic [127:0] record; } answer_t;

  state_e state;
  line_t lines[ENTRIES];
  logic [ENTRIES-1:0] valid;
  logic [51:0] late[4];  // variant 7: invalidations that take effect with the COMPLETION_WAIT
  int lates, delay;
  logic [15:0] device;
  logic is_write, held_valid;
  logic [63:0] address, root;
  logic [7:0] tag;
  answer_t held, now;
  logic [31:0] random;

  function automatic int slot(logic [51:0] page);
    return variant == 2 ? 0 : int'(page[2:0]);
  endfunction

  function automatic logic hit(int s);
    line_t l = lines[s];
    return valid[s] && l.page == address[63:12] && (l.device == device || bug == 6) && variant != 1;
  endfunction

  function automatic answer_t judge(logic [51:0] frame, logic present, r, w);
    answer_t a;
    a.tag = tag;
    a.ok = present && (is_write ? w || bug == 3 : r || bug == 4);
    a.pa = {frame, bug == 2 ? 12'h0 : address[11:0]};
    if (bug == 1 && address[5]) a.pa[12] = ~a.pa[12];
    a.reason = a.ok ? 0 : present && bug != 10 ? PERMISSION : NOT_PRESENT;
    if (!a.ok) a.pa = 0;
    a.told = 0;
    a.record = 0;
    return a;
  endfunction

  // IO_PAGE_FAULT: PR, RW, PE are bits 52, 53, 54 [7.4].
  function automatic logic [127:0] record(logic [15:0] domain);
    logic denied = now.reason == PERMISSION;
    logic [63:0] where = bug == 16 ? {address[63:12], 12'h0} : address;
    return {where, 4'h2, 5'h0, denied, is_write && bug != 14, denied, 4'h0, bug == 13 ? 16'h0 : domain, 16'h0, device};
  endfunction

  task automatic answer(answer_t a);
    rsp_valid <= 1;
    {rsp_tag, rsp_ok, rsp_pa, rsp_reason} <= {a.tag, a.ok, a.pa, a.reason};
    if (variant != 11 && variant != 12) tell(a);
  endtask

  task automatic tell(answer_t a);
    log_valid <= a.told && bug != 12;
    log_record <= a.record;
  endtask

  task automatic drop(logic [51:0] page);
    for (int i = 0; i < ENTRIES; i++)
      if (lines[i].page == page || variant == 3) valid[i] <= 0;
  endtask

  task automatic execute();
    case (cmd[63:60])
      4'd3: if (bug != 5) begin
        if (variant == 7 && lates < 4) begin
          late[lates] <= cmd[127:76];
          lates <= lates + 1;
        end else drop(cmd[127:76]);
      end
      4'd8: valid <= '0;
      4'd1: begin
        for (int i = 0; i < lates; i++) drop(late[i]);
        lates <= 0;
        store_valid <= cmd[0];
        store_address <= {12'h0, cmd[51:3], 3'h0};
        store_data <= bug == 8 ? cmd[127:64] + 1 : cmd[127:64];
        irq_valid <= cmd[1] && bug != 9;
      end
      default: ;
    endcase
  endtask

  assign req_ready = state == IDLE && !cmd_valid;
  assign cmd_ready = state == IDLE;

  always_ff @(posedge clk) begin
    random <= {random[30:0], random[31] ^ random[21] ^ random[1] ^ random[0]};
    rsp_valid <= 0;
    store_valid <= 0;
    irq_valid <= 0;
    log_valid <= 0;
    mem_read <= 0;
    if (rst) begin
      state <= IDLE;
      held_valid <= 0;
      lates <= 0;
      random <= 32'h12345;
      valid <= '0;
    end else case (state)
      IDLE: if (cmd_valid) execute();
        else if (req_valid) begin
          {device, is_write, address, tag} <= {req_device, req_write, req_address, req_tag};
          if (variant == 4 && random[1:0] == 0) valid[random[4:2]] <= 0;
          state <= LOOKUP;
        end
      LOOKUP: if (hit(slot(address[63:12]))) begin
          now <= judge(lines[slot(address[63:12])].frame, lines[slot(address[63:12])].present,
                       lines[slot(address[63:12])].r, lines[slot(address[63:12])].w);
          delay <= variant == 5 ? int'(random[4:0]) : 0;
          state <= SLOW;
        end else begin
          mem_read <= 1;
          mem_address <= DEVICE_TABLE + {43'h0, device, 5'h0};
          state <= ENTRY;
        end
      ENTRY: if (mem_valid) begin
          root <= {12'h0, mem_data[51:12], 12'h0};
          mem_read <= 1;
          mem_address <= {12'h0, mem_data[51:12], address[20:12], 3'h0};
          state <= TABLE;
        end
      TABLE: if (mem_valid) begin
          now <= judge({12'h0, mem_data[51:12]}, mem_data[0], mem_data[61], mem_data[62]);
          if ((mem_data[0] || bug == 7) && !(variant == 10 && !mem_data[62]) && !(variant == 8 && random[0])) begin
            lines[slot(address[63:12])] <= {device, address[63:12], {12'h0, mem_data[51:12]}, mem_data[61], mem_data[62],
                                            mem_data[0]};
            valid[slot(address[63:12])] <= 1;
          end
          delay <= variant == 5 ? int'(random[4:0]) : 0;
          if (variant == 9 && address[20:12] != 511) begin  // the next page, too
            mem_read <= 1;
            mem_address <= root + {52'h0, address[20:12] + 9'd1, 3'h0};
            state <= SECOND;
          end else state <= SLOW;
        end
      SECOND: if (mem_valid) begin
          if (mem_data[0]) begin
            lines[slot(address[63:12] + 1)] <= {device, address[63:12] + 52'd1, {12'h0, mem_data[51:12]}, mem_data[61],
                                                mem_data[62], 1'b1};
            valid[slot(address[63:12] + 1)] <= 1;
          end
          state <= SLOW;
        end
      SLOW: if (delay > 0) delay <= delay - 1;
        else if ((!now.ok || bug == 15) && !now.told) begin
          mem_read <= 1;
          mem_address <= DEVICE_TABLE + {43'h0, device, 5'h8};
          state <= DOMAIN;
        end else if (variant == 6 && !held_valid) begin  // the first of two waits for the second
          held <= now;
          held_valid <= 1;
          state <= IDLE;
        end else if (variant == 12 && now.told) begin  // the record first
          tell(now);
          delay <= 5;
          state <= EARLY;
        end else begin
          if (bug != 11) answer(now);
          delay <= 5;
          state <= held_valid ? ANSWER : variant == 11 ? TELL : IDLE;
        end
      DOMAIN: if (mem_valid) begin
          now.record <= record(mem_data[15:0]);
          now.told <= 1;
          state <= SLOW;
        end
      EARLY: if (delay > 0) delay <= delay - 1;
        else begin
          answer(now);
          state <= IDLE;
        end
      TELL: if (delay > 0) delay <= delay - 1;  // the record some time behind the answer
        else begin
          tell(now);
          state <= IDLE;
        end
      ANSWER: begin
          answer(held);
          held_valid <= 0;
          state <= IDLE;
        end
      default: state <= IDLE;
    endcase
  end
endmodule
