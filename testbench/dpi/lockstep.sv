// SPDX-License-Identifier: Apache-2.0
// The design under test and the model in lockstep: the same memory, requests, and commands; answers within the envelope,
// event records as the answers demand them, stores and interrupts as the model makes them. The first difference ends the run with exit status 1.
// +own=1: memory is the bench's, and the model asks for each word; else it is the model's. +trace=FILE: everything is recorded, with
// the design's answer at the first difference.
//     +bug=N +variant=N +seed=N +steps=N +own=1 +trace=FILE
module lockstep;
  import amdvi_pkg::*;
  import amdvi_memory_pkg::*;
  import amdvi_trace_pkg::*;
  import envelope_pkg::*;
  import sparse_memory_pkg::*;

  localparam longint DEVICES = 64'h100000, TABLES = 64'h200000, DATA = 64'h800000, STORE = 64'h40000,
                     COMMANDS = 64'h10000, EVENTS = 64'h50000, PRESENT = 64'h1, READ = 64'h1 << 61, WRITE = 64'h1 << 62;
  localparam int PAGES = 6;

  logic clk = 0, rst = 1;
  int bug, variant, steps, seed, model, own_memory;
  string trace;
  logic req_valid = 0, req_ready, req_write, rsp_valid, rsp_ok, cmd_valid = 0, cmd_ready, store_valid, irq_valid;
  logic [15:0] req_device;
  logic [63:0] req_address, rsp_pa, store_address, store_data, mem_address, mem_data;
  logic [7:0] req_tag, rsp_tag, rsp_reason;
  logic [127:0] cmd;
  logic mem_read, mem_valid = 0, log_valid;
  logic [127:0] log_record;
  bit [127:0] told[$];  // by the design, of the requests under way
  int head = 0, records = 0, model_records = 0;
  int tail = 0, stores = 0, answers = 0, interrupts = 0;
  envelope limits;
  sparse_memory words;
  answer_t got[2];
  bit arrived[2];

  translation_path dut (.*);

  always #5 clk = ~clk;

  always @(posedge clk) begin
    longint value;
    mem_valid <= 0;
    if (mem_read) begin
      value = load(mem_address);
      mem_data <= value;
      mem_valid <= 1;
    end
    if (rsp_valid) begin
      arrived[rsp_tag[0]] = 1;
      got[rsp_tag[0]].ok = int'(rsp_ok);
      got[rsp_tag[0]].pa = rsp_pa;
      got[rsp_tag[0]].reason = int'(rsp_reason);
    end
    if (store_valid) begin
      if (store_address != STORE) begin
        if (trace != "") void'(amdvi_dpi_differs_memory(model, store_address, store_data));
        differ("a store goes elsewhere");
      end
      seen_store = store_data;
    end
    if (irq_valid) interrupts++;
    if (log_valid) told.push_back(log_record);
  end
  longint seen_store = 0;

  function automatic void differ(string what);
    void'(amdvi_dpi_record_end(model));  // where nothing else has ended it
    $display("DIFFERENCE at %0t: %s", $time, what);
    $fatal(1, "the design differs from the model");
  endfunction

  function automatic void differ_store(string what);
    if (trace != "") void'(amdvi_dpi_differs_memory(model, STORE, seen_store));
    differ(what);
  endfunction

  function automatic longint load(longint address);
    longint value;
    int status;
    if (own_memory != 0) status = words.read(address, value);
    else status = amdvi_dpi_peek(model, address, value);
    if (status != 0) $fatal(1, "no memory at 0x%0h", address);
    return value;
  endfunction

  function automatic void store(longint address, longint value);
    int status;
    if (own_memory != 0) status = words.write(address, value, 8'hff);
    else status = amdvi_dpi_poke(model, address, value);
    if (status != 0) $fatal(1, "no memory at 0x%0h", address);
  endfunction

  function automatic int draw(int n);
    return int'($urandom() % n);
  endfunction

  task automatic command(longint low, longint high);
    store(COMMANDS + tail, low);
    store(COMMANDS + tail + 8, high);
    tail = (tail + 16) % 8192;
    @(negedge clk);
    cmd = {high, low};
    cmd_valid = 1;
    while (!cmd_ready) @(negedge clk);
    @(negedge clk);
    cmd_valid = 0;
  endtask

  task automatic ring();
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h2008, 8, tail));
    void'(amdvi_dpi_run(model));
  endtask

  function automatic longint entry_at(int device, int page);
    return TABLES + device * 4096 + page * 8;
  endfunction

  task automatic edit(int device, int page);
    longint was, will;
    was = load(entry_at(device, page));
    case (draw(5))
      0: will = 0;
      4: will = (DATA + draw(64) * 4096) | PRESENT | WRITE;
      1: will = (DATA + draw(64) * 4096) | PRESENT | READ;
      default: will = (DATA + draw(64) * 4096) | PRESENT | READ | WRITE;
    endcase
    limits.before_edit(device, page);
    store(entry_at(device, page), will);
    limits.after_edit(device, page, was[0]);
  endtask

  // The model has written a record for a refusal of its own, and none else; software reads and clears it.
  task automatic read_log(int device, longint address, int op, answer_t own);
    int kind, length, found;
    longint place, data;
    bit [127:0] record;
    if (own.ok != 0) return;
    found = amdvi_dpi_effect(model, kind, place, data, length);
    if (found != 0 || kind != EFFECT_LOG || place != EVENTS + head)
      $fatal(1, "the model writes no record");
    record[63:0] = load(place);
    record[127:64] = load(place + 8);
    if (record != record_of(device, device + 1, address, op, own.reason))
      $fatal(1, "the model's record is another: %0h", record);
    store(place, 0);
    store(place + 8, 0);
    head = (head + 16) % 8192;
    model_records++;
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h2010, 8, head));
  endtask

  // Whether the design has told of that record; in any order, once.
  function automatic bit take_record(bit [127:0] record);
    foreach (told[i])
      if (told[i] == record) begin
        told.delete(i);
        records++;
        return 1;
      end
    return 0;
  endfunction

  // In the place of the model's record `index` the design wrote another, or none.
  function automatic void differ_record(int index, string what);
    bit [127:0] record = told.size() != 0 ? told[0] : 0;
    if (trace != "") void'(amdvi_dpi_differs_event(model, index, record[63:0], record[127:64]));
    differ($sformatf("%s: the design writes %0h", what, record));
  endfunction

  // INVALIDATE_IOMMU_PAGES, perhaps a few requests, COMPLETION_WAIT with store and interrupt.
  task automatic invalidate(int device, int page);
    int kind, length, told, was;
    longint address, data;
    command((64'h3 << 60) | (longint'(device + 1) << 32), page << 12);
    ring();
    for (int d = 0; d < 2; d++) limits.invalidated(d, page);
    if (draw(2)) requests();
    was = interrupts;
    stores++;
    command((64'h1 << 60) | STORE | 3, stores);
    ring();
    repeat (3) @(negedge clk);
    told = 0;
    while (amdvi_dpi_effect(model, kind, address, data, length) == 0) begin
      if (kind == EFFECT_STORE && (address != STORE || data != seen_store)) differ_store("the store of a COMPLETION_WAIT");
      if (kind == EFFECT_INTERRUPT) told++;
    end
    if (seen_store != stores) differ_store("a COMPLETION_WAIT does not store");
    if (told != interrupts - was) begin
      if (trace != "") void'(amdvi_dpi_differs_interrupts(model, interrupts - was));
      differ($sformatf("interrupts of a COMPLETION_WAIT: the model %0d, the design %0d", told, interrupts - was));
    end
    // The command named one domain; only its device's page is sure to be gone.
    limits.fence(device, page);
    for (int op = 0; op < 2; op++) limits.covered.delete(limits.key(1 - device, page, op));
  endtask

  task automatic requests();
    int device[2], page[2], op[2], offset[2], index[2], ok, perm, reason, status, missing = -1;
    longint pa;
    answer_t own;
    for (int i = 0; i < 2; i++) begin
      device[i] = draw(2);
      page[i] = draw(PAGES);
      op[i] = draw(2);
      offset[i] = draw(512) * 8;
      arrived[i] = 0;
      status = amdvi_dpi_translate(model, device[i], op[i], AT_UNTRANSLATED, 0, 0, page[i] * 4096 + offset[i], 8, ok, pa,
                                   perm, reason);
      if (status != 0) $fatal(1, "translate: %s", amdvi_dpi_text(status));
      own.ok = ok;
      own.pa = pa;
      own.reason = reason;
      if (!limits.accepts(device[i], page[i] * 4096 + offset[i], op[i], own, 0))
        $fatal(1, "the model leaves the envelope");
      index[i] = model_records;
      read_log(device[i], page[i] * 4096 + offset[i], op[i], own);
      @(negedge clk);
      req_device = 16'(device[i]);
      req_write = op[i] == OP_WRITE;
      req_address = page[i] * 4096 + offset[i];
      req_tag = 8'(i);
      req_valid = 1;
      while (!req_ready) @(negedge clk);
      @(negedge clk);
      req_valid = 0;
    end
    for (int i = 0; i < 200 && !(arrived[0] && arrived[1]); i++) @(negedge clk);
    repeat (8) @(negedge clk);
    for (int i = 0; i < 2; i++) begin
      if (!arrived[i]) differ("no answer");
      answers++;
      if (!limits.accepts(device[i], page[i] * 4096 + offset[i], op[i], got[i], 1)) begin
        if (trace != "")
          void'(amdvi_dpi_differs_answer(model, device[i], op[i], AT_UNTRANSLATED, 0, 0, page[i] * 4096 + offset[i], 8,
                                         got[i].ok, got[i].pa, got[i].reason));
        differ($sformatf("%s of 0x%0h: the design says ok=%0d pa=0x%0h reason=%0d\n%s", op[i] ? "write" : "read",
                         page[i] * 4096 + offset[i], got[i].ok, got[i].pa, got[i].reason,
                         amdvi_dpi_explain(model, device[i], op[i], 0, 0, page[i] * 4096 + offset[i])));
      end
    end
    // A record for each refusal of the design, in any order and at any time, and no other.
    for (int i = 0; i < 2; i++)
      if (got[i].ok == 0)
        if (!take_record(record_of(device[i], device[i] + 1, page[i] * 4096 + offset[i], op[i], got[i].reason)))
          missing = i;
    if (missing >= 0) differ_record(index[missing], "an event record is missing or another");
    if (told.size() != 0) differ_record(model_records, "an event record too many");
  endtask

  task automatic set_up();
    words = new;
    if (own_memory != 0) model = amdvi_create_on("preset=genoa", words);
    else model = amdvi_dpi_create("preset=genoa", 16);
    if (model < 1) $fatal(1, "create: %s", amdvi_dpi_text(model));
    if (trace != "")
      if (amdvi_dpi_record(model, trace) != 0) $fatal(1, "%s cannot be written", trace);
    limits = new(model);
    for (int d = 0; d < 2; d++) begin
      store(DEVICES + d * 32, (TABLES + d * 4096) | 3 | (1 << 9) | READ | WRITE);
      store(DEVICES + d * 32 + 8, d + 1);
    end
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h0, 8, DEVICES));
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h8, 8, COMMANDS | (64'h9 << 56)));
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h170, 8, 64'h55 << 32));
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h10, 8, EVENTS | (64'h9 << 56)));
    void'(amdvi_dpi_write(model, SPACE_MMIO, 0, 64'h18, 8, 64'h21015 | (64'h3 << 50)));
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
    for (int i = 0; i < steps; i++)
      case (draw(5))
        0: edit(draw(2), draw(PAGES));
        1: invalidate(draw(2), draw(PAGES));
        default: requests();
      endcase
    $display("seed %0d: %0d answers, %0d event records, %0d COMPLETION_WAITs; the design gave the newest translation %0d times, an older one %0d",
             seed, answers, records, stores, limits.fresh, limits.old);
    if (own_memory != 0)
      $display("the bench's memory: %0d words read, %0d written", words.reads, words.writes);
    $display("no difference");
    void'(amdvi_dpi_destroy(model));
    $finish;
  end
endmodule
