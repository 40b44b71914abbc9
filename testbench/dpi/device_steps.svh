// SPDX-License-Identifier: Apache-2.0
// A part of the lockstep bench: page requests and their answers, interrupts that are remapped or posted.

  int page_requests = 0, messages = 0, posts = 0;
  typedef struct { longint address, data; int length; } sent_t;  // to a device, as effects say it
  sent_t seen_sent[int][$], model_sent[int][$];  // by their kind: EFFECT_RESPONSE, EFFECT_INVALIDATION
  message_t seen_message;
  message_t seen_posts[$], model_posts[$], due_posts[$];  // interrupts of guests' own logs; of the model also those of devices
  bit message_arrived;

  function automatic sent_t sent_of(longint address, longint data, int length);
    sent_t s;
    s.address = address;
    s.data = data;
    s.length = length;
    return s;
  endfunction

  // With each clock.
  function automatic void watch_devices();
    if (prg_valid)
      seen_sent[EFFECT_RESPONSE].push_back(sent_of(64'(prg_device), {12'h0, prg_pasid, 15'h0, prg_guest, prg_code, 3'h0, prg_index}, 8));
    if (atc_valid)
      seen_sent[EFFECT_INVALIDATION].push_back(sent_of(atc_address, {12'h0, atc_pasid, 15'h0, atc_guest, atc_device}, int'(atc_length)));
    if (msg_valid) begin
      message_arrived = 1;
      seen_message.ok = int'(msg_ok);
      if (msg_ok) seen_message.posted = int'(msg_posted);
      if (msg_ok && !msg_posted) begin
        seen_message.address = msg_address;
        seen_message.data = int'(msg_data);
      end
    end
    if (irr_valid) take_post();
  endfunction

  // A bit in a vAPIC page, and a doorbell with it.
  function automatic void take_post();
    message_t m = irr_own ? no_message() : seen_message;
    m.irr = irr_address;
    m.irr_bit = int'(irr_bit);
    m.posted = 1;
    if (bell_valid) begin
      m.destination = int'(bell_destination);
      m.doorbell = int'(bell_vector);
    end
    if (irr_own) seen_posts.push_back(m);
    else seen_message = m;
  endfunction

  // ---------------------------------------------------------------- interrupts of guests' logs

  // What the model has posted the design has to post.
  task automatic posts_are_due();
    while (model_posts.size() != 0) due_posts.push_back(model_posts.pop_front());
    compare_posts();
  endtask

  task automatic compare_posts();
    for (int i = 0; i < 500; i++) if (!quiet) @(negedge clk);
    repeat (2) @(negedge clk);
    while (due_posts.size() != 0) begin
      message_t m = due_posts.pop_front();
      int which = -1;
      foreach (seen_posts[i]) if (same_message(seen_posts[i], m)) which = i;
      if (which < 0) differ_post(m, "the interrupt of a guest's log is missing or another", 0);
      seen_posts.delete(which);
      posts++;
      store(m.irr & ~7, 0);
    end
    if (seen_posts.size() != 0) differ_post(seen_posts[0], "an interrupt of a guest's log too many", 1);
    own_interrupts_change();
  endtask

  // One too many is told as such; in the place of one that is missing stands what the model wrote for it.
  function automatic void differ_post(message_t m, string what, bit too_many);
    int guest = (int'(m.irr - own_page(0))) / 4096;
    if (trace != "" && too_many)
      void'(amdvi_dpi_differs_guest_interrupts(model, vector_of(m) < 'h80 ? LOG_EVENTS : LOG_PAGE_REQUESTS, guest, 1));
    if (trace != "" && !too_many) void'(amdvi_dpi_differs_memory(model, m.irr & ~7, 0));
    differ($sformatf("%s: bit %0d at %0h, doorbell %0d to %0d, GA record %0h", what, m.irr_bit, m.irr, m.doorbell, m.destination, m.ga));
  endfunction

  // Whether its processor runs, and where; nothing of that is kept [8.6].
  function automatic void own_interrupts_change();
    int g = 1 + draw(GUESTS), kind = draw(2);
    if (draw(4) == 0) write_own_entry(words, kind, g, (longint'(draw(2)) << 6) | (longint'(draw(2)) << 2), draw(4));
  endfunction

  // ---------------------------------------------------------------- page requests

  // COMPLETE_PPR_REQUEST: GN=1, a code, a group.
  function automatic bit [127:0] answer_to(int device, int pasid, int index);
    bit [127:0] c = (128'h7 << 60) | 128'(device);
    c[51:32] = pasid;
    c[66] = index[0];
    c[104:96] = index;
    c[111:108] = index[1] ? 15 : 0;
    return c;
  endfunction

  task automatic request_page(int n);
    int flags = draw(128), pasid, ok, reason;
    longint address = draw(PAGES) * 4096;
    flags = flags & ~FLAG_NO_WRITE;
    pasid = (flags & FLAG_PASID) != 0 ? draw(4) == 0 ? 'h54321 : some_pasid() : 0;
    if (amdvi_dpi_page_request(model, id_of(n), flags, pasid, address, page_requests % 512, ok, reason) != 0)
      $fatal(1, "page request");
    @(negedge clk);
    {pri_device, pri_guest, pri_pasid} = {16'(id_of(n)), (flags & FLAG_PASID) != 0, 20'(pasid)};
    pri_privileged = (flags & FLAG_PRIVILEGED) != 0;
    {pri_execute, pri_read} = {(flags & FLAG_EXECUTE) != 0, (flags & FLAG_READ) != 0};
    {pri_write, pri_last} = {(flags & FLAG_WRITE) != 0, (flags & FLAG_LAST) != 0};
    {pri_index, pri_address} = {9'(page_requests), address};
    pri_valid = 1;
    while (!pri_ready) @(negedge clk);
    @(negedge clk);
    pri_valid = 0;
    page_requests++;
  endtask

  // INVALIDATE_IOTLB_PAGES: a page, a range, or everything [6.3].
  function automatic bit [127:0] drop_in_device(int device, int pasid, longint page);
    bit [127:0] c = (128'h4 << 60) | 128'(device) | (128'h8 << 24);
    bit [19:0] p = pasid;
    {c[59:56], c[23:16], c[55:48]} = p;
    c[66] = page[0];
    c[127:76] = page;
    c[64] = draw(2) == 0;
    if (draw(4) == 0) c[127:64] = {EVERYTHING[127:66], 2'b01};
    return c;
  endfunction

  function automatic int receiver_of(int kind, sent_t s);
    return kind == EFFECT_RESPONSE ? int'(s.address) : int'(s.data[15:0]);
  endfunction

  function automatic void differ_sent(int kind, sent_t s, string what);
    if (kind == EFFECT_RESPONSE) begin
      if (trace != "") void'(amdvi_dpi_differs_response(model, int'(s.address), s.data));
      differ({"a PRG response", what});
    end else begin
      if (trace != "") void'(amdvi_dpi_differs_invalidation(model, s.address, s.data, s.length));
      differ({"an ATS invalidation", what});
    end
  endfunction

  // Of a kind, to each device in the model's order.
  function automatic void compare_sent_of(int kind);
    while (model_sent[kind].size() != 0) begin
      sent_t m = model_sent[kind].pop_front(), d = sent_of(0, 0, 0);
      int which = -1;
      foreach (seen_sent[kind][i]) if (which < 0) if (receiver_of(kind, seen_sent[kind][i]) == receiver_of(kind, m)) which = i;
      if (which > 0) shown.show(RINGS_SWAPPED);
      if (which < 0) which = 0;  // perhaps to another device
      if (seen_sent[kind].size() != 0) begin
        d = seen_sent[kind][which];
        seen_sent[kind].delete(which);
      end
      if (d.address == m.address && d.data == m.data && d.length == m.length) continue;
      differ_sent(kind, d, $sformatf(": the model %0h %0h, length %0d, the design %0h %0h, length %0d", m.address, m.data, m.length,
                                     d.address, d.data, d.length));
    end
    if (seen_sent[kind].size() != 0) differ_sent(kind, seen_sent[kind][0], " too many");
  endfunction

  function automatic void compare_sent();
    compare_sent_of(EFFECT_RESPONSE);
    compare_sent_of(EFFECT_INVALIDATION);
  endfunction

  // Up to three, and perhaps an answer of the host; perhaps an invalidation in a device.
  task automatic page_request_step();
    for (int i = 1 + draw(3); i > 0; i--) request_page(some_device());
    if (draw(2)) command(answer_to(id_of(some_device()), some_pasid(), draw(512)));
    if (draw(2)) command(drop_in_device(id_of(some_device()), draw(4) == 0 ? 'h54321 : some_pasid(), longint'(draw(4096))));
    read_effects();
    while (!pri_ready) @(negedge clk);
    repeat (4) @(negedge clk);
    compare_records();
    compare_sent();
    compare_interrupts();
    posts_are_due();
  endtask

  // ---------------------------------------------------------------- interrupts of devices

  function automatic longint some_low(int index);
    longint low = draw(8) == 0 ? 0 : 1;
    low |= longint'(draw(4)) << 8;
    if (index < 4) return low | (longint'(draw(2)) << 2) | (longint'(draw(2)) << 6) | (draw(2) == 0 ? 64'h0 : 64'h120000);
    return low | 64'h80 | (longint'(draw(2)) << 2) | (longint'(draw(2)) << 6) | (longint'(draw(1000)) << 32);
  endfunction

  function automatic longint some_high(int index);
    longint high = 32 + draw(224);
    high |= longint'(draw(2)) << 56;
    return index < 4 ? high : high | (VAPIC + draw(VAPICS) * 4096);
  endfunction

  // A whole entry, or only what hardware reads anew each time: that the old ones share with the newest.
  function automatic void edit_interrupt(int n, int index);
    longint place = interrupt_entry(n, index), low = some_low(index), high = some_high(index);
    if (draw(3) == 0) begin
      low = (load(place) & ~history::FRESH_LOW) | (low & history::FRESH_LOW);
      high = (load(place + 8) & ~history::FRESH_HIGH) | (high & history::FRESH_HIGH);
    end
    limits.before_edit(place, INTERRUPT_ENTRY, id_of(n), 0, 0, 0);
    store(place, low);
    store(place + 8, high);
  endfunction

  function automatic void write_interrupt_tables();
    for (int n = 0; n < DEVICES; n++)
      for (int i = 0; i < 8; i++) begin
        store(interrupt_entry(n, i), some_low(i));
        store(interrupt_entry(n, i) + 8, some_high(i));
      end
  endfunction

  task automatic send(int device, int data);
    message_arrived = 0;
    seen_message = no_message();
    @(negedge clk);
    int_device = 16'(device);
    int_data = data;
    int_valid = 1;
    while (!int_ready) @(negedge clk);
    @(negedge clk);
    int_valid = 0;
    for (int i = 0; i < 100; i++) if (!message_arrived) @(negedge clk);
    repeat (4) @(negedge clk);
  endtask

  // By the place of its bit in the IRR [8.6].
  function automatic int vector_of(message_t m);
    return (int'(m.irr[11:0]) - 'h200) / 16 * 32 + m.irr_bit;
  endfunction

  // A message, or what was posted: the vector, or the page of the bit, or the doorbell.
  function automatic void differ_message(int device, int data, message_t own);
    message_t m = seen_message;
    bit elsewhere = m.posted != 0 && own.posted != 0 && vector_of(m) == vector_of(own) && m.irr != own.irr;
    if (trace != "" && elsewhere) void'(amdvi_dpi_differs_memory(model, own.irr & ~7, 0));
    if (trace != "" && !elsewhere)
      void'(amdvi_dpi_differs_message(model, device, MESSAGES, data, m.ok, m.posted, m.address, m.data, m.destination, vector_of(m)));
    differ($sformatf("interrupt %0h of %0h: the design says ok=%0d posted=%0d address=%0h data=%0h, bit %0d at %0h, doorbell %0d to %0h\n%s",
                     data, device, m.ok, m.posted, m.address, m.data, m.irr_bit, m.irr, m.doorbell, m.destination,
                     amdvi_dpi_explain_interrupt(model, device, data)));
  endfunction

  task automatic interrupt_step();
    for (int i = 2 + draw(3); i > 0; i--) interrupt_of(some_device());
  endtask

  task automatic interrupt_of(int n);
    int data = draw(16) == 0 ? 8 : some_index(), log, index;  // 8: beyond the table
    message_t own;
    own = limits.interrupt(model, id_of(n), data);
    read_effects();
    if (model_posts.size() != 0) own = joined(own, model_posts.pop_front());
    if (!limits.accepts_interrupt(id_of(n), data, own, 0)) $fatal(1, "the model leaves the envelope with an interrupt");
    log = model_told.size() != 0 ? model_told[0].log : 0;
    index = model_records[log] - int'(model_told.size() != 0);
    if (model_told.size() != 0)
      if (!limits.accepts_record(model_told[0])) $fatal(1, "the model's record of an interrupt is another");
    model_told.delete();
    send(id_of(n), data);
    messages++;
    if (!message_arrived) differ("no message");
    if (!limits.accepts_interrupt(id_of(n), data, seen_message, 1)) differ_message(id_of(n), data, own);
    if (limits.expected.size() != 0) begin
      if (!take_record(-1))
        differ_record(log, index, "the record of an interrupt is missing or another", amdvi_dpi_explain_interrupt(model, id_of(n), data));
    end
    no_more_records();
    if (own.posted != 0) store(own.irr & ~7, 0);
  endtask
