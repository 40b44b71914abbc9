// SPDX-License-Identifier: Apache-2.0
// The design under test and the model in lockstep: the same memory, requests, and commands; answers within the envelope,
// event records as the answers demand them, stores and interrupts as the model makes them. The first difference ends the run
// by $fatal, with an exit status other than 0.
// +own=1: memory is the bench's, and the model asks for each word; else it is the model's. +trace=FILE: everything is recorded, with
// the design's answer at the first difference.
//     +bug=N +variant=N +seed=N +steps=N +own=1 +trace=FILE
module lockstep;
  import amdvi_pkg::*;
  import amdvi_memory_pkg::*;
  import amdvi_trace_pkg::*;
  import scene_pkg::*;
  import guests_pkg::*;
  import freedoms_pkg::*;
  import envelope_pkg::*;
  import sparse_memory_pkg::*;
  import model_memory_pkg::*;

  localparam int RING = 8192, PARTS = 4;
  // IommuEn, EventLogEn, ComWaitIntEn, CmdBufEn, PPRLogEn, PPREn, GTEn, GAEn, GAMEn=1, GALogEn, XTEn, IntCapXTEn, vCmdEn,
  // vIommuEn, GCR3TRPMode, GstBufferTRPMode.
  localparam longint CONTROL = 64'h1203b015 | (64'hf << 50) | (64'h5 << 58);
  localparam bit [127:0] EVERYTHING = {64'h7ffffffffffff003, 64'h3000000000000000};  // S, PDE and all ones [6.3]

  logic clk = 0, rst = 1;
  int bug, variant, steps, seed, model, own_memory;
  string trace;
  logic req_valid = 0, req_ready, req_guest, req_write, rsp_valid, rsp_ok, cmd_valid = 0, cmd_ready, store_valid, irq_valid;
  logic [15:0] req_device;
  logic [19:0] req_pasid;
  logic [63:0] req_address, rsp_pa, store_address, store_data, reg_value;
  logic [7:0] req_tag, rsp_tag, rsp_reason;
  logic [127:0] cmd;
  logic reg_valid = 0, reg_control, idle, quiet;
  logic [15:0] reg_guest;
  logic [11:0] reg_offset;
  logic [2:0][18:0] head;
  logic [2:0] running, waited;
  logic pri_valid = 0, pri_ready, pri_guest, pri_privileged, pri_execute, pri_read, pri_write, pri_last, prg_valid, prg_guest;
  logic [15:0] pri_device, prg_device, int_device;
  logic [19:0] pri_pasid, prg_pasid;
  logic [8:0] pri_index, prg_index;
  logic [3:0] prg_code;
  logic [63:0] pri_address, int_address = MESSAGES, msg_address, irr_address;
  logic int_valid = 0, int_ready, msg_valid, msg_ok, msg_posted, irr_valid, irr_own, bell_valid;
  logic [31:0] int_data, msg_data, bell_destination;
  logic [4:0] irr_bit;
  logic [7:0] bell_vector;
  logic atc_valid, atc_guest;
  logic [15:0] atc_device;
  logic [19:0] atc_pasid;
  logic [63:0] atc_address;
  logic [5:0] atc_length;
  logic [PARTS-1:0][1:0] log_kind;
  logic [PARTS-1:0] log_valid, mem_read, mem_valid = 0;
  logic [PARTS-1:0][15:0] log_guest;
  logic [PARTS-1:0][127:0] log_record;
  logic [PARTS-1:0][63:0] mem_address, mem_data;
  record_t told[$];  // by the design, of the requests under way
  int told_at[$];
  int records = 0, clocks = 0;
  int log_head[LOGS], model_records[LOGS];
  record_t model_told[$];
  store_t seen_stores[$], model_stores[$];
  int tail = 0, stores = 0, answers = 0;
  int interrupts = 0, model_interrupts = 0;  // of the host's processor, since they were compared last
  freedoms shown;
  envelope limits;
  memory words;
  sparse_memory mine;
  answer_t got[2];
  bit arrived[2];
  int arrived_at[2];

  design_under_test #(.PARTS(PARTS)) dut (.*);

  always #5 clk = ~clk;

  always @(posedge clk) begin
    longint value;
    clocks++;
    mem_valid <= 0;
    for (int i = 0; i < PARTS; i++)
      if (mem_read[i]) begin
        value = load(mem_address[i]);
        mem_data[i] <= value;
        mem_valid[i] <= 1;
      end
    if (rsp_valid) begin
      arrived[rsp_tag[0]] = 1;
      arrived_at[rsp_tag[0]] = clocks;
      got[rsp_tag[0]].ok = int'(rsp_ok);
      got[rsp_tag[0]].pa = rsp_pa;
      got[rsp_tag[0]].reason = int'(rsp_reason);
    end
    if (store_valid) begin
      store_t at;
      at.address = store_address;
      at.data = store_data;
      seen_stores.push_back(at);
    end
    if (irq_valid) interrupts++;
    watch_devices();
    for (int i = 0; i < PARTS; i++)
      if (log_valid[i]) begin
        record_t r;
        r.log = log_kind[i] == 2 ? LOGS - 1 : (GUESTS + 1) * int'(log_kind[i]) + int'(log_guest[i]);
        {r.high, r.low} = log_record[i];
        if (is_own(r.log, r.low)) seen_posts[seen_posts.size() - 1].ga = r.low;
        else begin
          told.push_back(r);
          told_at.push_back(clocks);
        end
      end
  end

  function automatic void differ(string what);
    void'(amdvi_dpi_record_end(model));  // where nothing else has ended it
    $display("DIFFERENCE at %0t: %s", $time, what);
    $fatal(1, "the design differs from the model");
  endfunction

  function automatic longint load(longint address);
    longint value;
    if (words.read(address, value) != MEMORY_OK) $fatal(1, "no memory at 0x%0h", address);
    return value;
  endfunction

  function automatic void store(longint address, longint value);
    if (words.write(address, value, 8'hff) != MEMORY_OK) $fatal(1, "no memory at 0x%0h", address);
  endfunction

  function automatic int draw(int n);
    return int'($urandom() % n);
  endfunction

  // For some steps much of what happens is about one device, one PASID, one page.
  int focus, focus_pasid, focus_page;

  function automatic int some_page();
    return draw(2) == 0 ? draw(PAGES) : focus_page;
  endfunction

  // In an interrupt table of 8 entries.
  function automatic int some_index();
    return draw(2) == 0 ? draw(8) : focus_page + 2;
  endfunction

  function automatic int some_device();
    return draw(4) == 0 ? draw(DEVICES) : focus;
  endfunction

  function automatic int some_pasid();
    return draw(4) == 0 ? draw(PASIDS) : focus_pasid;
  endfunction

  task automatic command(bit [127:0] c);
    store(COMMANDS + tail, c[63:0]);
    store(COMMANDS + tail + 8, c[127:64]);
    tail = (tail + 16) % RING;
    @(negedge clk);
    cmd = c;
    cmd_valid = 1;
    while (!cmd_ready) @(negedge clk);
    @(negedge clk);
    cmd_valid = 0;
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h2008, 8, tail));
    void'(amdvi_dpi_run(model));
  endtask

  // ---------------------------------------------------------------- what software changes

  // A page of a host table: of a device with guest tables, one of those that these name.
  function automatic void edit_host(int n, longint page);
    longint will = (DATA + draw(64) * 4096) | PRESENT;
    case (draw(8))
      0: will = 0;
      1: will |= READ;
      2: will |= WRITE;
      default: will |= READ | WRITE;
    endcase
    limits.before_edit(host_entry(n, page), HOST_ENTRY, domain_of(n), 0, page, page);
    store(host_entry(n, page), will);
  endfunction

  function automatic void edit_guest(int n, int pasid, longint page);
    longint place = guest_table(n, pasid, 1) + page * 8;
    longint frame = has_host_table(n) ? draw(PAGES) * 4096 : DATA + draw(64) * 4096;
    for (int p = 0; p < PASIDS; p++)  // each that uses, or may still use, these tables
      if (limits.may_hold(guest_table(n, 0, 5) + p * 8, gcr3_entry(n, pasid)))
        limits.before_edit(place, GUEST_ENTRY, domain_of(n), p, page, page);
    case (draw(8))
      0: store(place, 0);
      1, 2: store(place, frame | GUEST_READ);
      default: store(place, frame | GUEST_WRITE);
    endcase
  endfunction

  // A PASID gets its own tables, those of another, or none.
  function automatic void edit_gcr3(int n, int pasid);
    longint place = guest_table(n, 0, 5) + pasid * 8;
    limits.before_edit(place, GCR3_ENTRY, domain_of(n), pasid, 0, 64'hfffffffffffff);
    store(place, draw(8) == 0 ? 0 : gcr3_entry(n, draw(2) == 0 ? pasid : draw(PASIDS)));
  endfunction

  // IR and IW of the device table entry; GIoV where there are guest tables alone. Without IR guest tables cannot be read: what is
  // kept of them decides which of these reads is refused, so their devices keep it.
  function automatic void edit_device(int n);
    longint place = DEVICE_TABLE + id_of(n) * 32, giov = 64'h1 << 54, will = load(place) & ~(READ | WRITE);
    case (draw(10))
      0: will |= READ;
      1: will |= has_guest_tables(n) ? READ : WRITE;
      default: will |= READ | WRITE;
    endcase
    if (n == 2) will = draw(3) == 0 ? will & ~giov : will | giov;
    limits.before_edit(place, DEVICE_ENTRY, id_of(n), 0, 0, 0);
    store(place, will);
  endfunction

  function automatic void edit(int n);
    int which = !has_guest_tables(n) ? 9 : draw(has_host_table(n) ? 10 : 6);
    if (draw(12) == 0) edit_device(n);
    else if (draw(5) == 0) edit_interrupt(n, some_index());
    else case (which)
      0: edit_gcr3(n, some_pasid());
      1, 2, 3, 4, 5: edit_guest(n, some_pasid(), some_page());
      default: edit_host(n, some_page());
    endcase
  endfunction

  // A command that covers something of it.
  function automatic bit [127:0] invalidation(int n);
    bit [127:0] c = draw(4) == 0 ? EVERYTHING : 0;
    c[63:60] = 3;
    c[47:32] = domain_of(n);
    if (!c[64]) c[127:76] = some_page();
    if (has_guest_tables(n) && draw(has_host_table(n) ? 3 : 8) != 0) begin
      c[66] = 1;
      c[19:0] = some_pasid();
    end
    if (draw(8) == 0) c = (128'h2 << 60) | 128'(id_of(n));  // INVALIDATE_DEVTAB_ENTRY
    if (draw(6) == 0) c = (128'h5 << 60) | 128'(id_of(n));  // INVALIDATE_INTERRUPT_TABLE
    return draw(32) == 0 ? {64'h0, 64'h8 << 60} : c;
  endfunction

  // An invalidation, perhaps a few requests, COMPLETION_WAIT with store and interrupt.
  task automatic invalidate(int n);
    bit [127:0] c = invalidation(n);
    command(c);
    limits.invalidated(c, 0);
    if (draw(2)) requests();
    completion_wait();
    limits.fence(0);
  endtask

  task automatic completion_wait();
    stores++;
    command({64'(stores), (64'h1 << 60) | STORE | 3});
    repeat (3) @(negedge clk);
    read_effects();
    compare_stores();
    compare_interrupts();
  endtask

  // ---------------------------------------------------------------- requests

  function automatic request_t some_request(int n);
    request_t q;
    q.device = id_of(n);
    q.op = draw(2);
    q.address = some_page() * 4096 + draw(512) * 8;
    q.flags = draw(8) < (has_guest_tables(n) ? 6 : 1) ? FLAG_PASID : 0;
    q.pasid = q.flags == 0 ? 0 : draw(32) == 0 ? 512 + draw(PASIDS) : some_pasid();  // 512: beyond the GCR3 table
    return q;
  endfunction

  task automatic ask_design(request_t q, int tag);
    @(negedge clk);
    req_device = 16'(q.device);
    req_guest = q.flags != 0;
    req_pasid = 20'(q.pasid);
    req_write = q.op == OP_WRITE;
    req_address = q.address;
    req_tag = 8'(tag);
    req_valid = 1;
    while (!req_ready) @(negedge clk);
    @(negedge clk);
    req_valid = 0;
  endtask

  // Where a record of it lies, or would be.
  task automatic ask_model(request_t q, output int log, output int index);
    answer_t own;
    int perm, status;
    status = amdvi_dpi_translate(model, q.device, q.op, AT_UNTRANSLATED, q.flags, q.pasid, q.address, 8, own.ok, own.pa, perm,
                                 own.reason);
    if (status != 0) $fatal(1, "translate: %s", amdvi_dpi_text(status));
    if (!limits.accepts(q, own, 0)) $fatal(1, "the model leaves the envelope");
    read_effects();
    if (model_told.size() != int'(own.ok == 0)) $fatal(1, "the model writes %0d records", model_told.size());
    if (own.ok == 0)
      if (!limits.accepts_record(model_told[0])) $fatal(1, "the model's record is another: %0h %0h, the walker's %0h %0h\n%s", model_told[0].high, model_told[0].low,
               limits.expected[0].high, limits.expected[0].low, amdvi_dpi_explain(model, q.device, q.op, q.flags, q.pasid, q.address));
    log = own.ok == 0 ? model_told[0].log : 0;
    index = own.ok == 0 ? model_records[log] - 1 : model_records[0];
    model_told.delete();
    model_posts.delete();  // the design's are those of its own answers
  endtask

  function automatic void differ_answer(request_t q, answer_t a);
    if (trace != "")
      void'(amdvi_dpi_differs_answer(model, q.device, q.op, AT_UNTRANSLATED, q.flags, q.pasid, q.address, 8, a.ok, a.pa, a.reason));
    differ($sformatf("%s of 0x%0h%s: the design says ok=%0d pa=0x%0h reason=%0d\n%s", q.op == OP_WRITE ? "write" : "read", q.address,
                     q.flags != 0 ? $sformatf(" with PASID %0d", q.pasid) : "", a.ok, a.pa, a.reason,
                     amdvi_dpi_explain(model, q.device, q.op, q.flags, q.pasid, q.address)));
  endfunction

  // Answers within the envelope; a record for each refusal of the design, in any order and at any time, and no other.
  task automatic requests();
    request_t q[2];
    int log[2], index[2], missing = -1;
    for (int i = 0; i < 2; i++) begin
      q[i] = some_request(some_device());
      arrived[i] = 0;
      ask_model(q[i], log[i], index[i]);
      ask_design(q[i], i);
    end
    for (int i = 0; i < 300 && !(arrived[0] && arrived[1]); i++) @(negedge clk);
    repeat (8) @(negedge clk);
    for (int i = 0; i < 2; i++) begin
      if (!arrived[i]) differ("no answer");
      answers++;
      if (!limits.accepts(q[i], got[i], 1)) differ_answer(q[i], got[i]);
      if (got[i].ok == 0)
        if (!take_record(i)) missing = i;
    end
    if (arrived_at[1] < arrived_at[0]) shown.show(ANSWERS_SWAPPED);
    if (missing >= 0)
      differ_record(log[missing], index[missing], "an event record is missing or another",
                    amdvi_dpi_explain(model, q[missing].device, q[missing].op, q[missing].flags, q[missing].pasid, q[missing].address));
    no_more_records();
    compare_posts();
  endtask

`include "effects.svh"
`include "guest_steps.svh"
`include "device_steps.svh"

  // ---------------------------------------------------------------- life

  // Registers of the model, and of the walker that knows the envelope.
  function automatic void register(longint offset, longint value);
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, offset, 8, value));
    limits.write(SPACE_MMIO, 0, offset, value);
  endfunction

  task automatic create();
    model_memory its;
    mine = new;
    words = mine;
    if (own_memory != 0) model = amdvi_create_on("preset=genoa", mine);
    else model = amdvi_dpi_create("preset=genoa", 16);
    if (model < 1) $fatal(1, "create: %s", amdvi_dpi_text(model));
    if (own_memory == 0) begin
      its = new(model);
      words = its;
    end
    if (trace != "")
      if (amdvi_dpi_record(model, trace) != 0) $fatal(1, "%s cannot be written", trace);
    shown = new;
    limits = new("preset=genoa", words, shown);
  endtask

  task automatic set_up();
    create();
    for (int n = 0; n < DEVICES; n++) write_tables(words, n);
    write_private_space(words);
    write_own_tables(words);
    for (int g = 1; g <= GUESTS; g++) write_guest(words, g);
    register(64'h0, DEVICE_TABLE);
    register(64'h8, COMMANDS | (64'h9 << 56));
    register(64'h170, 64'h55 << 32);
    register(64'h10, EVENTS | (64'h9 << 56));
    register(64'h38, PAGE_REQUESTS | (64'h9 << 56));
    register(64'he0, GUEST_INTERRUPTS | (64'h9 << 56));
    register(64'he8, GUEST_INTERRUPTS_TAIL);
    register(64'h18, CONTROL);
    write_interrupt_tables();
    for (int n = 0; n < DEVICES; n++)
      for (int page = 0; page < PAGES; page++) begin
        if (has_host_table(n)) edit_host(n, page);
        if (has_guest_tables(n)) for (int pasid = 0; pasid < PASIDS; pasid++) edit_guest(n, pasid, page);
      end
  endtask

  initial begin
    if (!$value$plusargs("bug=%d", bug)) bug = 0;
    if (!$value$plusargs("variant=%d", variant)) variant = 0;
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    if (!$value$plusargs("steps=%d", steps)) steps = 2000;
    if (!$value$plusargs("own=%d", own_memory)) own_memory = 0;
    if (!$value$plusargs("trace=%s", trace)) trace = "";
    void'($urandom(seed));
    set_up();
    repeat (3) @(posedge clk);
    @(negedge clk) rst = 0;
    for (int g = 1; g <= GUESTS; g++) start_guest(g);
    for (int i = 0; i < steps; i++) begin
      if (i % 64 == 0) begin
        focus = draw(DEVICES);
        focus_pasid = draw(PASIDS);
        focus_page = draw(PAGES);
      end
      case (draw(8))
        7: page_request_step();
        6: interrupt_step();
        5: guest_step();
        0: edit(some_device());
        1: invalidate(some_device());
        default: requests();
      endcase
    end
    $display("seed %0d: %0d answers, %0d event records, %0d COMPLETION_WAITs, %0d commands of guests, %0d page requests, %0d interrupts, %0d of guests' logs", seed, answers, records, stores, guest_commands,
             page_requests, messages, posts);
    shown.report();
    if (own_memory != 0)
      $display("the bench's memory: %0d words read, %0d written", mine.reads, mine.writes);
    $display("no difference");
    void'(amdvi_dpi_destroy(model));
    $finish;
  end
endmodule
