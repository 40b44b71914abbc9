// SPDX-License-Identifier: Apache-2.0
// A small translation path as a design under test: device table entry, a host table of one level, GCR3 table of one level and
// guest tables of four, nested where a device has both; a few device table entries are kept, a few lines for host translations
// and a few for what guest tables gave in the end; the commands INVALIDATE_IOMMU_PAGES, INVALIDATE_DEVTAB_ENTRY,
// INVALIDATE_IOMMU_ALL and COMPLETION_WAIT, an event record for each request that fails. One request at a time.
// `bug` plants a mistake, `variant` uses a freedom of the architecture; 0: neither.
module translation_path (
    input logic clk, rst,
    input int bug, variant,
    input logic req_valid, output logic req_ready,
    input logic [15:0] req_device, input logic req_guest, input logic [19:0] req_pasid,
    input logic req_write, input logic [63:0] req_address, input logic [7:0] req_tag,
    output logic rsp_valid, output logic [7:0] rsp_tag, output logic rsp_ok, output logic [63:0] rsp_pa,
    output logic [7:0] rsp_reason,
    input logic cmd_valid, output logic cmd_ready, input logic [127:0] cmd,
    output logic log_valid, output logic [15:0] log_guest, output logic [127:0] log_record,
    output logic store_valid, output logic [63:0] store_address, store_data, output logic irq_valid,
    output logic mem_read, output logic [63:0] mem_address, input logic mem_valid, input logic [63:0] mem_data);

  localparam int LINES = 256;
  localparam logic [63:0] DEVICE_TABLE = 64'h100000;
  localparam logic [7:0] DEVICE_DENIED = 10, HOST_ABSENT = 14, HOST_DENIED = 19, NO_GUEST_TABLES = 21, PASID_RANGE = 22, GCR3_INVALID = 23,
                         GUEST_ABSENT = 26, GUEST_DENIED = 28;
  typedef enum { IDLE, ENTRY, ENTRY_HIGH, ENTRY_TOP, LOOKUP, GUEST, HOST, HOST_READ, GUEST_READ, NEXT, SECOND, SLOW, ANSWER, TELL,
                 EARLY } state_e;
  // Of host tables: a page as the device or its guest tables name it. `guest`: of a PASID, translated to the end.
  typedef struct packed { logic guest; logic [15:0] device, domain; logic [19:0] pasid; logic [51:0] page, frame; logic r, w, present; } line_t;
  typedef struct packed { logic [7:0] tag; logic ok; logic [63:0] pa; logic [7:0] reason; logic told; logic [15:0] owner; logic [127:0] record; } answer_t;

  state_e state;
  line_t lines[LINES];
  logic [LINES-1:0] valid;
  logic [127:0] late[4];  // variant 7: invalidations that take effect with the COMPLETION_WAIT
  int lates, delay;
  // The request, and words 0, 1, 3 of its device table entry: some of these are kept, too.
  logic [15:0] device;
  logic is_write, asked_guest, held_valid;
  logic [19:0] pasid;
  logic [63:0] address;
  logic [2:0][63:0] entry, entries[8];
  logic [15:0] entry_of[8];
  logic [7:0] entry_valid;
  logic [7:0] tag;
  // The walk: level 5 is the GCR3 table, 0 the page itself; where the step reads, and what the guest's entries allow so far.
  int level;
  logic [63:0] where;
  logic guest_w;
  answer_t held, now;
  logic [31:0] random;

  // What the entry says [3.2]: Mode, root, GV, GIoV (PASID 0 for requests without one [5.2]), GCR3 root; vImuEn, GuestID, GDeviceID.
  wire host = entry[0][11:9] != 0;
  wire guest = entry[0][55] && (asked_guest || entry[0][54]);
  wire [63:0] root = {12'h0, entry[0][51:12], 12'h0};
  wire [51:0] gcr3 = {12'h0, entry[1][63:43], entry[1][31:16], entry[0][60:58]};
  wire [15:0] domain = entry[1][15:0];
  wire [15:0] owner = entry[2][15] ? entry[2][47:32] : 16'h0;  // 0: the host
  wire [15:0] named_device = entry[2][31:16];
  wire rights = is_write ? entry[0][62] : entry[0][61];

  function automatic int slot(logic of_guest, logic [51:0] page);
    return variant == 2 ? 0 : int'({of_guest, bug == 6 ? 2'h0 : device[1:0], of_guest && bug != 17 ? pasid[1:0] : 2'h0, page[2:0]});
  endfunction

  function automatic logic hit(logic of_guest, logic [51:0] page);
    line_t l = lines[slot(of_guest, page)];
    if (!valid[slot(of_guest, page)] || l.page != page || l.guest != of_guest || variant == 1) return 0;
    if (of_guest && l.pasid != pasid && bug != 17) return 0;
    return l.device == device || bug == 6;
  endfunction

  function automatic logic [8:0] index_of(int l);
    case (l)
      5: return bug == 21 ? 9'h0 : pasid[8:0];
      4: return address[47:39];
      3: return address[38:30];
      2: return address[29:21];
      default: return address[20:12];
    endcase
  endfunction

  // Where a refusal is reported: a host table knows the page by the address that the guest's tables gave [5.4].
  function automatic logic [127:0] record(logic [7:0] reason, logic [63:0] place);
    logic denied = reason == DEVICE_DENIED || reason == HOST_DENIED || reason == GUEST_DENIED;
    logic of_guest = reason >= NO_GUEST_TABLES || (reason == DEVICE_DENIED && asked_guest);  // GN: the address is a GVA
    logic w = is_write && (of_guest || level == 0 || reason == DEVICE_DENIED) && bug != 14;
    logic [63:0] named = of_guest || bug == 24 ? address : place;
    logic [19:0] p = bug == 23 ? 20'h0 : pasid;
    if (bug == 16) named[11:0] = 0;
    // IO_PAGE_FAULT: GN, US, PR, RW, PE are bits 48, 50, 52, 53, 54 [7.2].
    return {named, 4'h2, 5'h0, denied, w, denied, 1'b0, of_guest, 1'b0, of_guest,
            of_guest ? p[15:0] : bug == 13 ? 16'h0 : domain, 12'h0, of_guest ? p[19:16] : 4'h0,
            reason > NO_GUEST_TABLES && owner != 0 && bug != 29 ? named_device : device};
  endfunction

  function automatic answer_t refusal(logic [7:0] reason, logic [63:0] place);
    answer_t a = '0;
    a.tag = tag;
    a.reason = bug == 10 && !guest && reason == HOST_DENIED ? HOST_ABSENT : reason;
    a.record = record(a.reason, place);
    a.told = 1;
    a.owner = reason > NO_GUEST_TABLES && bug != 28 ? owner : 0;  // a guest hears of its own tables (viommu 8.1)
    return a;
  endfunction

  function automatic answer_t good(logic [51:0] frame);
    answer_t a = '0;
    a.tag = tag;
    a.ok = 1;
    a.pa = {frame, bug == 2 ? 12'h0 : address[11:0]};
    if (bug == 1 && address[5]) a.pa[12] = ~a.pa[12];
    a.record = record(HOST_ABSENT, address);
    a.told = bug == 15;
    return a;
  endfunction

  task automatic done(answer_t a);
    now <= a;
    delay <= variant == 5 ? int'(random[4:0]) : 0;
    state <= SLOW;
  endtask

  task automatic answer(answer_t a);
    rsp_valid <= 1;
    {rsp_tag, rsp_ok, rsp_pa, rsp_reason} <= {a.tag, a.ok, a.pa, a.reason};
    if (variant != 11 && variant != 12) tell(a);
  endtask

  task automatic tell(answer_t a);
    log_valid <= a.told && bug != 12;
    log_guest <= a.owner;
    log_record <= a.record;
  endtask

  task automatic read(logic [63:0] place, state_e then_in);
    mem_read <= 1;
    mem_address <= place;
    state <= then_in;
  endtask

  // An entry of a guest's table, or in the end the page, lies at `place`.
  task automatic seek(int new_level, logic [63:0] place);
    level <= new_level;
    where <= place;
    state <= HOST;
  endtask

  task automatic fill(logic of_guest, logic [51:0] page, frame, logic r, w, present);
    if ((present || bug == 7) && !(variant == 10 && !w) && !(variant == 8 && random[0]) && !(variant == 13 && !of_guest && guest)
        && !(variant == 14 && of_guest)) begin
      lines[slot(of_guest, page)] <= {of_guest, device, domain, pasid, page, frame, r, w, present};
      valid[slot(of_guest, page)] <= 1;
    end
  endtask

  // The host's part of a step is known.
  task automatic host_step(logic [51:0] frame, logic present, r, w);
    logic last = level == 0;
    if (!present) done(refusal(HOST_ABSENT, where));
    else if (!(last && is_write ? w || bug == 3 : r || bug == 4) && !(bug == 22 && guest))
      done(refusal(HOST_DENIED, where));
    else if (!last) read({frame, where[11:0]}, GUEST_READ);
    else begin
      if (guest) fill(1, address[63:12], frame, r, guest_w && w, 1);
      done(good(frame));
      if (variant == 9 && !guest && address[20:12] != 511) read(root + {52'h0, address[20:12] + 9'd1, 3'h0}, SECOND);
    end
  endtask

  task automatic guest_step(logic [63:0] entry);
    if (!entry[0]) done(refusal(level == 5 ? GCR3_INVALID : GUEST_ABSENT, address));
    else begin
      guest_w <= guest_w && (entry[1] || level == 5);
      if (level > 1) seek(level - 1, {12'h0, entry[51:12], index_of(level - 1), 3'h0});
      else if (is_write && !(guest_w && entry[1]) && bug != 20) done(refusal(GUEST_DENIED, address));
      else seek(0, {12'h0, entry[51:12], address[11:0]});
    end
  endtask

  // GN=0 reaches what host tables gave: also what lies in lines of guests, which nobody can tell by a GPA [6.4].
  task automatic drop(logic [127:0] c);
    for (int i = 0; i < LINES; i++) begin
      logic in_range = c[64] || variant == 3 || lines[i].page == c[127:76];
      if (lines[i].domain != c[47:32] && variant != 3) continue;
      if (c[66] ? lines[i].guest && in_range && (lines[i].pasid == c[19:0] || variant == 15) && bug != 18
                : lines[i].guest ? bug != 19 : in_range)
        valid[i] <= 0;
    end
  endtask

  task automatic execute();
    case (cmd[63:60])
      4'd3: if (bug != 5 || cmd[66]) begin
        if (variant == 7 && lates < 4) begin
          late[lates] <= cmd;
          lates <= lates + 1;
        end else drop(cmd);
      end
      4'd2: if (bug != 48 && entry_of[cmd[2:0]] == cmd[15:0]) entry_valid[cmd[2:0]] <= 0;
      4'd8: {valid, entry_valid} <= '0;
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
      entry_valid <= '0;
    end else case (state)
      IDLE: if (cmd_valid) execute();
        else if (req_valid) begin
          {device, asked_guest, pasid} <= {req_device, req_guest, req_guest ? req_pasid : 20'h0};
          {is_write, address, tag} <= {req_write, req_address, req_tag};
          guest_w <= 1;
          if (variant == 4) valid[random[9:2]] <= 0;
          if (entry_valid[req_device[2:0]] && entry_of[req_device[2:0]] == req_device && variant != 21) begin
            entry <= entries[req_device[2:0]];
            state <= LOOKUP;
          end else read(DEVICE_TABLE + {43'h0, req_device, 5'h0}, ENTRY);
        end
      ENTRY: if (mem_valid) begin
          entry[0] <= mem_data;
          read(DEVICE_TABLE + {43'h0, device, 5'h8}, ENTRY_HIGH);
        end
      ENTRY_HIGH: if (mem_valid) begin
          entry[1] <= mem_data;
          read(DEVICE_TABLE + {43'h0, device, 5'h18}, ENTRY_TOP);
        end
      ENTRY_TOP: if (mem_valid) begin
          entry[2] <= mem_data;
          entries[device[2:0]] <= {mem_data, entry[1:0]};
          entry_of[device[2:0]] <= device;
          entry_valid[device[2:0]] <= 1;
          state <= LOOKUP;
        end
      LOOKUP: begin
          line_t l = lines[slot(1, address[63:12])];
          if (asked_guest && !guest) done(refusal(NO_GUEST_TABLES, address));
          else if (!rights && !(bug == 49 && !guest)) done(refusal(DEVICE_DENIED, address));
          else if (!guest) seek(0, address);
          else if (hit(1, address[63:12]) && (is_write ? l.w : l.r)) done(good(l.frame));
          else if (pasid[19:9] != 0) done(refusal(PASID_RANGE, address));
          else seek(5, {gcr3, index_of(5), 3'h0});
        end
      HOST: begin
          line_t l = lines[slot(0, where[63:12])];
          if (!host) host_step(where[63:12], 1, 1, 1);
          else if (hit(0, where[63:12])) host_step(l.frame, l.present, l.r, l.w);
          else read(root + {52'h0, where[20:12], 3'h0}, HOST_READ);
        end
      HOST_READ: if (mem_valid) begin
          fill(0, where[63:12], {12'h0, mem_data[51:12]}, mem_data[61], mem_data[62], mem_data[0]);
          host_step({12'h0, mem_data[51:12]}, mem_data[0], mem_data[61], mem_data[62]);
        end
      GUEST_READ: if (mem_valid) guest_step(mem_data);
      SECOND: if (mem_valid) begin  // the next page, too
          fill(0, address[63:12] + 52'd1, {12'h0, mem_data[51:12]}, mem_data[61], mem_data[62], mem_data[0]);
          state <= SLOW;
        end
      SLOW: if (delay > 0) delay <= delay - 1;
        else if (variant == 6 && !held_valid) begin  // the first of two waits for the second
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
