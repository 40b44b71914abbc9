// SPDX-License-Identifier: Apache-2.0
// The rings of guests as a part of the design under test (viommu 7): VF and VF Control registers of two guests, commands fetched by
// GPA through TransDevID, IDs translated by DevIDMap and DomIDMap in the private space, and handed to the path as the host's
// commands. It stops at what no test of the bench asks for: guests' buffers and maps that cannot be reached.
module guest_queue (
    input logic clk, rst,
    input int bug, variant,
    input logic reg_valid, reg_control, input logic [15:0] reg_guest, input logic [11:0] reg_offset, input logic [63:0] reg_value,
    output logic [2:0][18:0] head, output logic [2:0] running, waited, wait_ends, output logic idle,
    output logic cmd_valid, input logic cmd_ready, output logic [127:0] cmd,
    output logic log_valid, output logic [15:0] log_guest, output logic [127:0] log_record,
    output logic mem_read, output logic [63:0] mem_address, input logic mem_valid, input logic [63:0] mem_data);

  localparam logic [63:0] DEVICE_TABLE = 64'h100000, OWN_ENTRY = DEVICE_TABLE + 64'd64, DEVICE_MAP = 64'h1000000000,
                          DOMAIN_MAP = 64'h2000000000;
  localparam int GUESTS = 2;
  typedef enum { IDLE, ENTRY, TABLE, LOW, HIGH, DECODE, PRIVATE3, PRIVATE2, PRIVATE1, PRIVATE0, MAP, ISSUE, NEXT } state_e;

  state_e state, then_in;
  logic [2:0][51:12] base;
  logic [2:0][3:0] length;
  logic [2:0][18:0] tail;
  logic [2:0][15:0] trans;
  logic [2:0] enabled;
  int g, delay;  // whose turn it is
  logic [63:0] gpa, spa, ipa;
  logic [127:0] words;

  function automatic logic [18:0] step(int which);
    logic [18:0] size = 19'd16 << length[which];
    return bug == 31 ? head[which] + 16 : (head[which] + 16) & (size - 1);
  endfunction

  function automatic logic has_work(int which);
    return enabled[which] && running[which] && head[which] != tail[which];
  endfunction

  // Unknown opcodes, those of the host alone (9, Ah), reserved bits [6.2, viommu 7.1].
  function automatic logic illegal(logic [127:0] c);
    case (c[63:60])
      4'd1: return c[59:52] != 0;
      4'd3: return c[31:20] != 0 || c[59:48] != 0 || c[75:67] != 0;
      4'd2, 4'd5: return c[59:16] != 0 || c[127:64] != 0;
      4'd4: return c[65] || c[67] || c[75:70] != 0;
      4'd7: return c[31:16] != 0 || c[59:52] != 0 || c[65:64] != 0 || c[95:67] != 0 || c[127:112] != 0;
      4'd8: return c[59:0] != 0 || c[127:64] != 0;
      default: return 1;
    endcase
  endfunction

  task automatic read(logic [63:0] place, state_e next);
    mem_read <= 1;
    mem_address <= place;
    state <= next;
  endtask

  // By GPA, through the host table of TransDevID.
  task automatic seek(logic [63:0] place, state_e next);
    gpa <= place;
    then_in <= next;
    read(DEVICE_TABLE + {43'h0, trans[g], 5'h0}, ENTRY);
  endtask

  // The ring stops at the command; the guest reads of it in its log (viommu 7.3).
  task automatic refuse();
    if (bug == 30) state <= NEXT;
    else begin
      running[g] <= 0;
      state <= IDLE;
    end
    log_valid <= 1;
    log_guest <= 16'(g);
    log_record <= {{12'h0, base[g], 12'h0} + {45'h0, head[g]}, 4'h5, 60'h0};
  endtask

  task automatic map(logic [63:0] private_address);
    ipa <= private_address;
    read(OWN_ENTRY, PRIVATE3);
  endtask

  task automatic decode();
    int whose = bug == 26 ? 1 : g;
    if (illegal(words)) refuse();
    else case (words[63:60])
      4'd1: if (words[0] && bug != 27) seek({12'h0, words[51:3], 3'h0}, ISSUE);
        else begin
          spa <= {12'h0, words[51:3], 3'h0};
          state <= ISSUE;
        end
      4'd3: if (bug == 25) state <= ISSUE;
        else map(DOMAIN_MAP + {64'(whose) << 19} + {45'h0, words[47:32], 3'h0});
      4'd2, 4'd4, 4'd5, 4'd7: map(DEVICE_MAP + {64'(whose) << 20} + {44'h0, words[15:0], 4'h0});
      default: state <= ISSUE;
    endcase
  endtask

  task automatic write_register();
    if (!reg_control && reg_offset == 12'h8) tail[reg_guest] <= reg_value[18:0] & 19'h7fff0;
    if (!reg_control && reg_offset == 12'h20 && reg_value[2]) waited[reg_guest] <= 0;
    if (reg_control && reg_offset == 12'h10) trans[reg_guest] <= reg_value[31:16];
    if (reg_control && reg_offset == 12'h20) begin
      length[reg_guest] <= reg_value[3:0];
      base[reg_guest] <= reg_value[51:12];
      if (reg_value[8] && !enabled[reg_guest]) running[reg_guest] <= 1;
      if (!reg_value[8] && bug != 32) running[reg_guest] <= 0;
      enabled[reg_guest] <= reg_value[8];
    end
  endtask

  assign idle = state == IDLE && !has_work(1) && !has_work(2);

  always_ff @(posedge clk) begin
    log_valid <= 0;
    wait_ends <= '0;
    mem_read <= 0;
    if (rst) begin
      state <= IDLE;
      head <= '0;
      tail <= '0;
      enabled <= '0;
      running <= '0;
      waited <= '0;
      cmd_valid <= 0;
      g <= 1;
    end else begin
      if (reg_valid) write_register();
      case (state)
        IDLE: if (delay > 0) delay <= delay - 1;
          else if (has_work(g)) seek({12'h0, base[g], 12'h0} + {45'h0, head[g]}, LOW);
          else g <= 3 - g;
        ENTRY: if (mem_valid) read({12'h0, mem_data[51:12], gpa[20:12], 3'h0}, TABLE);
        TABLE: if (mem_valid) begin
            spa <= {12'h0, mem_data[51:12], gpa[11:0]};
            if (then_in == LOW) read({12'h0, mem_data[51:12], gpa[11:0]}, LOW);
            else state <= then_in;
          end
        LOW: if (mem_valid) begin
            words[63:0] <= mem_data;
            read(spa + 8, HIGH);
          end
        HIGH: if (mem_valid) begin
            words[127:64] <= mem_data;
            state <= DECODE;
          end
        DECODE: decode();
        PRIVATE3: if (mem_valid) read({12'h0, mem_data[51:12], ipa[38:30], 3'h0}, PRIVATE2);
        PRIVATE2: if (mem_valid) read({12'h0, mem_data[51:12], ipa[29:21], 3'h0}, PRIVATE1);
        PRIVATE1: if (mem_valid) read({12'h0, mem_data[51:12], ipa[20:12], 3'h0}, PRIVATE0);
        PRIVATE0: if (mem_valid) read({12'h0, mem_data[51:12], ipa[11:0]}, MAP);
        MAP: if (mem_valid) begin  // V, and the host's ID in 39:24 (viommu 6)
            if (words[63:60] == 4'd3) words[47:32] <= mem_data[39:24];
            else words[15:0] <= mem_data[39:24];
            if (mem_data[0]) state <= ISSUE;
            else refuse();
          end
        ISSUE: begin
            cmd <= words;
            if (words[63:60] == 4'd1) begin
              cmd[51:3] <= spa[51:3];
              if (bug != 56) cmd[1] <= 0;  // that interrupt is the guest's
            end
            cmd_valid <= !(cmd_valid && cmd_ready);
            if (bug == 34 && words[63:60] == 4'd3) cmd[63:60] <= 4'd2;
            if (cmd_valid && cmd_ready) begin
              if (words[63:60] == 4'd1 && words[1]) begin
                if (bug != 33) waited[g] <= 1;
                wait_ends[g] <= 1;
              end
              state <= NEXT;
            end
          end
        NEXT: begin
            head[g] <= step(g);
            if (variant != 16) g <= 3 - g;  // whose ring goes on is free (viommu 7.2)
            if (variant == 17) delay <= 20;
            state <= IDLE;
          end
        default: state <= IDLE;
      endcase
    end
  end
endmodule
