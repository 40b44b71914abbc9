// SPDX-License-Identifier: Apache-2.0
// Interrupts as a part of the design under test (8): entries of 128 bits, remapped to a message, or posted into a guest's vAPIC page
// with a doorbell or a record in the GA log; some entries are kept until INVALIDATE_INTERRUPT_TABLE. Fixed interrupts alone. Those of
// guests' own logs are posted by a table of two levels behind the IOMMU's own entry, and nothing of it is kept (viommu 2.4, 8.5).
module posting (
    input logic clk, rst,
    input int bug, variant,
    input logic int_valid, output logic int_ready, input logic [15:0] int_device, input logic [63:0] int_address,
    input logic [31:0] int_data,
    input logic cmd_taken, input logic [127:0] cmd,
    input logic [2:0] raise_event, raise_ppr, output logic quiet,
    output logic msg_valid, msg_ok, msg_posted, output logic [63:0] msg_address, output logic [31:0] msg_data,
    output logic irr_valid, irr_own, output logic [63:0] irr_address, output logic [4:0] irr_bit,
    output logic bell_valid, output logic [31:0] bell_destination, output logic [7:0] bell_vector,
    output logic log_valid, output logic [1:0] log_kind, output logic [127:0] log_record,
    output logic mem_read, output logic [63:0] mem_address, input logic mem_valid, input logic [63:0] mem_data);

  localparam logic [63:0] DEVICE_TABLE = 64'h100000;
  localparam logic [15:0] OWN_DEVICE = 2;
  localparam int LINES = 64;
  typedef enum { IDLE, DOMAIN, INTERRUPTS, LOW, HIGH, DELIVER, PAUSE, OWN, OWN_TABLE } state_e;

  state_e state;
  logic [127:0] lines[LINES];
  logic [15:0] devices[LINES];
  logic [LINES-1:0] valid;
  logic [15:0] device, domain;
  logic [63:0] address, low, high, was_low;
  logic [31:0] data;
  logic hit, own, type_ppr;
  logic [2:0][3:0] events, pprs;  // interrupts that guests wait for
  int guest, delay;

  function automatic int slot();
    return int'({bug == 44 ? 3'h0 : device[2:0], data[2:0]});
  endfunction

  // What is never kept: GALogIntr, IsRun, Destination and GATag of a guest's entry [8.6].
  function automatic logic [63:0] fresh_low(logic [63:0] kept, now);
    logic [63:0] fresh = 64'hffffffffffffff44;
    if (bug == 41) fresh[6] = 0;
    if (bug == 42) fresh[63:8] = 0;
    return kept[7] ? (kept & ~fresh) | (now & fresh) : kept;
  endfunction

  // IO_PAGE_FAULT with I=1, bit 51; RW=0 [8.5].
  task automatic refuse();
    msg_valid <= 1;
    msg_ok <= 0;
    log_valid <= bug != 46;
    log_kind <= 0;
    log_record <= {address, 4'h2, 8'h0, 1'b1, 3'b0, domain, 16'h0, device};
    state <= IDLE;
  endtask

  task automatic read(logic [63:0] place, state_e next);
    mem_read <= 1;
    mem_address <= place;
    state <= next;
  endtask

  // To a message; destinations of 32 bits [8.4].
  task automatic remap();
    msg_posted <= 0;
    msg_address <= {high[63:56], low[31:16], 8'h0, 12'hfee, low[15:8], 9'h0, low[6], 2'h0};
    msg_data <= {data[31:11], low[4:2], high[7:0]};
  endtask

  // The vector's bit in the IRR at 200h, 32 bits every 10h; then a doorbell, or the log [8.6].
  task automatic post();
    msg_posted <= 1;
    irr_valid <= 1;
    irr_own <= own;
    irr_address <= {12'h0, high[51:12], 12'h200} + (bug == 43 ? {59'h0, high[7:5], 2'h0} : {57'h0, high[7:5], 4'h0});
    irr_bit <= high[4:0];
    if (low[6]) begin
      bell_valid <= 1;
      bell_destination <= {high[63:56], low[31:8]};
      bell_vector <= high[7:0];
    end else if (low[2]) begin
      log_valid <= 1;
      log_kind <= 2;
      log_record <= {64'h0, 4'h1, 12'h0, bug == 45 ? 16'h0 : own ? OWN_DEVICE : device, low[63:32]};
    end
  endtask

  // The next of a guest's, an event before a page request.
  task automatic take_own();
    for (int g = 1; g <= 2; g++)
      if (events[g] != 0 || pprs[g] != 0) begin
        guest <= g;
        type_ppr <= events[g] == 0 && bug != 52;
      end
    own <= 1;
    delay <= variant == 22 ? 30 : 0;
    state <= PAUSE;
  endtask

  task automatic count();
    for (int g = 1; g <= 2; g++) begin
      events[g] <= events[g] + {3'h0, raise_event[g]} - {3'h0, state == IDLE && !int_valid && events[g] != 0 && is_last(g)};
      pprs[g] <= pprs[g] + {3'h0, raise_ppr[g]} - {3'h0, state == IDLE && !int_valid && events[g] == 0 && pprs[g] != 0 && is_last(g)};
    end
  endtask

  // Guest 2 goes before guest 1.
  function automatic logic is_last(int g);
    return g == 2 || (events[2] == 0 && pprs[2] == 0);
  endfunction

  task automatic deliver();
    if (own) begin
      if (low[0] && low[7]) post();
      state <= IDLE;
    end else if (!low[0]) refuse();
    else begin
      if (low[7]) post();
      else remap();
      msg_valid <= 1;
      msg_ok <= 1;
      state <= IDLE;
    end
  endtask

  assign int_ready = state == IDLE;
  assign quiet = state == IDLE && events == '0 && pprs == '0 && raise_event == 0 && raise_ppr == 0;

  always_ff @(posedge clk) begin
    msg_valid <= 0;
    irr_valid <= 0;
    bell_valid <= 0;
    log_valid <= 0;
    mem_read <= 0;
    if (rst) begin
      state <= IDLE;
      valid <= '0;
      {events, pprs} <= '0;
    end else begin
      if (bug != 50) count();
      if (cmd_taken && cmd[63:60] == 4'd8) valid <= '0;
      if (cmd_taken && cmd[63:60] == 4'd5 && bug != 47)
        for (int i = 0; i < LINES; i++) if (devices[i] == cmd[15:0] || variant == 19) valid[i] <= 0;
      case (state)
        IDLE: if (int_valid) begin
            {device, address, data} <= {int_device, int_address, int_data};
            own <= 0;
            read(DEVICE_TABLE + {43'h0, int_device, 5'h8}, DOMAIN);
          end else if (events != '0 || pprs != '0) take_own();
        PAUSE: if (delay > 0) delay <= delay - 1;
          else read(DEVICE_TABLE + {43'h0, OWN_DEVICE, 5'h10}, OWN);
        OWN: if (mem_valid)  // the first level by the type and GuestID[15:8], 8 bytes each (viommu 2.4)
            read({12'h0, mem_data[51:6], 6'h0} + {52'h0, type_ppr, 11'h0}, OWN_TABLE);
        OWN_TABLE: if (mem_valid) begin
            read({12'h0, mem_data[51:6], 6'h0} + 64'(guest) * 16, LOW);
            hit <= 0;
          end
        DOMAIN: if (mem_valid) begin
            domain <= mem_data[15:0];
            read(DEVICE_TABLE + {43'h0, device, 5'h10}, INTERRUPTS);
          end
        INTERRUPTS: if (mem_valid) begin  // IntTabLen, and the table's root
            if (({21'h0, data[10:0]} >> mem_data[4:1]) != 0) refuse();
            else read({12'h0, mem_data[51:6], 6'h0} + {49'h0, data[10:0], 4'h0}, LOW);
            hit <= valid[slot()] && devices[slot()] == (bug == 44 ? devices[slot()] : device) && variant != 18;
          end
        LOW: if (mem_valid) begin
            low <= hit ? fresh_low(lines[slot()][63:0], mem_data) : mem_data;
            was_low <= mem_data;
            read(mem_address + 8, HIGH);
          end
        HIGH: if (mem_valid) begin
            high <= !hit ? mem_data
                    : {lines[slot()][7] && bug != 42 ? mem_data[63:56] : lines[slot()][127:120], lines[slot()][119:64]};
            if (!own && !hit && (was_low[0] || variant == 20)) begin
              lines[slot()] <= {mem_data, was_low};
              devices[slot()] <= device;
              valid[slot()] <= 1;
            end
            state <= DELIVER;
          end
        DELIVER: deliver();
        default: state <= IDLE;
      endcase
    end
  end
endmodule
