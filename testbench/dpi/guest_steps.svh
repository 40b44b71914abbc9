// SPDX-License-Identifier: Apache-2.0
// A part of the lockstep bench: what guests do by their VF MMIO pages. Rings that the hardware executes, IDs that it
// translates, mistakes that stop a ring, and what comes of it on both sides.

  localparam int GUEST_DOMAINS = 3;  // gDomIDs in use
  typedef enum { WAIT, DROP_PASID, DROP_HOST, DROP_ALL, DROP_DEVICE, DROP_CACHE, ANSWER, WRONG } guest_command_e;
  typedef struct { guest_command_e kind; int domain, pasid, page; bit everything; } guest_command_t;

  guest_command_t pending[int][$];  // between head and tail
  int guest_tail[GUESTS+1], guest_stores[GUESTS+1], guest_commands = 0;
  int host_domain[GUESTS+1][GUEST_DOMAINS];  // -1: no valid entry

  task automatic write_design(bit control, int guest, longint offset, longint value);
    @(negedge clk);
    reg_control = control;
    reg_guest = 16'(guest);
    reg_offset = offset[11:0];
    reg_value = value;
    reg_valid = 1;
    @(negedge clk);
    reg_valid = 0;
  endtask

  // A register of a guest, on both sides.
  task automatic write_guest_register(bit control, int guest, longint offset, longint value);
    if (amdvi_dpi_write(model, control ? SPACE_VFC : SPACE_VF, guest, offset, 8, value) != 0) $fatal(1, "a guest's register");
    write_design(control, guest, offset, value);
  endtask

  task automatic map_domain(int guest, int domain, int host);
    host_domain[guest][domain] = host;
    write_guest_register(1, guest, 64'h8, map_write(domain, host < 0 ? 0 : host, host >= 0));
  endtask

  function automatic int domain_of_guest(int guest);
    return domain_of(guest + 3);
  endfunction

  task automatic enable_commands(int guest, bit on);
    write_guest_register(1, guest, 64'h20, GUEST_COMMANDS | 8 | (longint'(on) << 8) | (1 << 9));  // with ComWaitIntEn
  endtask

  task automatic start_guest(int guest);
    // Guest 2 has no interrupts for events.
    longint events = GUEST_EVENTS | 8 | ((guest == 2 ? 1 : 3) << 8);
    write_guest_register(1, guest, 64'h10, (TRANS + guest) << 16);
    write_guest_register(1, guest, 64'h28, events);
    write_guest_register(1, guest, 64'h30, (GUEST_PPRS << 4) | 8 | (7 << 8));  // PPRLogEn, PPRIntEn, PPREn
    limits.write(SPACE_VFC, guest, 64'h10, (TRANS + guest) << 16);
    limits.write(SPACE_VFC, guest, 64'h28, events);
    enable_commands(guest, 1);
    write_guest_register(1, guest, 64'h0, map_write(GUEST_DEVICE, id_of(guest + 3), 1));
    for (int d = 0; d < GUEST_DOMAINS; d++) map_domain(guest, d, domain_of_guest(guest));
  endtask

  // ---------------------------------------------------------------- what a guest asks for

  function automatic guest_command_t some_command(int guest);
    guest_command_t c;
    c.domain = draw(GUEST_DOMAINS);
    c.pasid = some_pasid();
    c.page = some_page();
    c.everything = draw(2) == 0;
    case (draw(24))
      9: c.kind = ANSWER;
      10: c.kind = DROP_CACHE;
      0: c.kind = DROP_ALL;
      1: c.kind = WRONG;
      2: c.kind = DROP_DEVICE;
      3: c.kind = DROP_HOST;
      4, 5, 6, 7, 8: c.kind = WAIT;
      default: c.kind = DROP_PASID;
    endcase
    return c;
  endfunction

  // As the guest writes it: with its own IDs.
  function automatic bit [127:0] words_of(int guest, guest_command_t c);
    bit [127:0] w = 0;
    case (c.kind)
      WAIT: begin
        w = {64'(guest_stores[guest]), (64'h1 << 60) | GUEST_STORE | 1};
        w[1] = guest_stores[guest] % 2 != 0;
      end
      DROP_ALL: w[63:60] = 8;
      DROP_DEVICE: w = (128'h2 << 60) | GUEST_DEVICE;
      DROP_CACHE: w = drop_in_device(GUEST_DEVICE, c.pasid, c.page);
      ANSWER: w = answer_to(GUEST_DEVICE, c.pasid, c.page);
      WRONG: begin  // a command of the host's alone, or a reserved bit
        w = (128'h9 << 60) | (128'(guest) << 32);
        if (c.everything) w = (128'h3 << 60) | (128'h1 << 31);
      end
      default: begin
        if (c.everything) w = EVERYTHING;
        else w[127:76] = c.page;
        w[63:60] = 3;
        w[47:32] = c.domain;
        if (c.kind == DROP_PASID) begin
          w[66] = 1;
          w[19:0] = c.pasid;
        end
      end
    endcase
    return w;
  endfunction

  function automatic void put_command(int guest, bit last);
    guest_command_t c = some_command(guest);
    bit [127:0] w;
    if (last) c.kind = WAIT;
    if (c.kind == WAIT) guest_stores[guest]++;
    w = words_of(guest, c);
    store(guest_ram(guest, GUEST_COMMANDS + guest_tail[guest]), w[63:0]);
    store(guest_ram(guest, GUEST_COMMANDS + guest_tail[guest] + 8), w[127:64]);
    guest_tail[guest] = (guest_tail[guest] + 16) % RING_OF_GUEST;
    pending[guest].push_back(c);
  endfunction

  // ---------------------------------------------------------------- what comes of it

  // With GN=1, the PASID and host domain: everything, or that page.
  function automatic bit [127:0] drop_of(int host, int pasid, guest_command_t c);
    bit [127:0] w = EVERYTHING;
    if (!c.everything && c.kind == DROP_PASID) w = 128'(c.page) << 76;
    w[63:60] = 3;
    w[47:32] = host;
    w[66] = 1;
    w[19:0] = pasid;
    return w;
  endfunction

  // In the envelope; IDs as the maps have them. INVALIDATE_IOMMU_ALL reaches what the guest's DomIDMap names (viommu 11
  // #14). GN=0 of a guest is sure of nothing: its host tables are the host's.
  function automatic void executed(int guest, guest_command_t c);
    guest_commands++;
    case (c.kind)
      WAIT: limits.fence(guest);
      DROP_PASID: limits.invalidated(drop_of(host_domain[guest][c.domain], c.pasid, c), guest);
      DROP_ALL:
        for (int d = 0; d < GUEST_DOMAINS; d++)
          for (int p = 0; p < PASIDS; p++)
            if (host_domain[guest][d] >= 0) limits.invalidated(drop_of(host_domain[guest][d], p, c), guest);
      default: ;
    endcase
  endfunction

  function automatic bit is_refused(int guest, guest_command_t c);
    if (c.kind == WRONG) return 1;
    return (c.kind == DROP_PASID || c.kind == DROP_HOST) && host_domain[guest][c.domain] < 0;
  endfunction

  // Commands up to one that stops the ring; 1: there is one.
  function automatic bit take_commands(int guest);
    while (pending[guest].size() != 0) begin
      guest_command_t c = pending[guest][0];
      if (is_refused(guest, c)) return 1;
      executed(guest, c);
      void'(pending[guest].pop_front());
    end
    return 0;
  endfunction

  // Records of commands and page requests: the model's are the only ones.
  function automatic void compare_records();
    while (model_told.size() != 0) begin
      record_t m = model_told[0];
      int which = -1;
      foreach (told[i])
        if (told[i].log == m.log && told[i].low == m.low && told[i].high == m.high) which = i;
      if (which < 0) begin
        int behind = 0;
        foreach (model_told[i]) if (model_told[i].log == m.log) behind++;
        differ_record(m.log, model_records[m.log] - behind, "a record is missing or another",
                      $sformatf("the model writes %0h %0h", m.high, m.low));
      end
      forget(which);
      void'(model_told.pop_front());
    end
    no_more_records();
  endfunction

  function automatic void compare_register(int guest, longint offset, longint value, longint mask, string what);
    longint own;
    if (amdvi_dpi_read(model, SPACE_VF, guest, offset, 8, own) != 0) $fatal(1, "a guest's register");
    if ((own & mask) == value) return;
    if (trace != "") void'(amdvi_dpi_differs_register(model, SPACE_VF, guest, offset, 8, value, mask));
    differ($sformatf("%s of guest %0d: the model %0h, the design %0h", what, guest, own & mask, value));
  endfunction

  // Both run what they have; head, CmdBufRun and ComWaitInt of each guest agree then.
  task automatic run_guests();
    void'(amdvi_dpi_run(model));
    read_effects();
    @(negedge clk);
    for (int i = 0; i < 5000; i++) if (!idle) @(negedge clk);
    repeat (4) @(negedge clk);
    compare_stores();
    compare_records();
    compare_sent();
    compare_interrupts();
    posts_are_due();
    for (int g = 1; g <= GUESTS; g++) begin
      compare_register(g, 64'h0, longint'(head[g]), 64'h7fff0, "command head");
      compare_register(g, 64'h20, (longint'(running[g]) << 4) | (longint'(waited[g]) << 2), 64'h14, "status");
    end
  endtask

  // The guest replaces a command that stopped its ring, and enables the ring again.
  task automatic repair(int guest);
    longint place = guest_ram(guest, GUEST_COMMANDS) + longint'(head[guest]);
    store(place, 64'h1 << 60);
    store(place + 8, 0);
    pending[guest][0].kind = DROP_DEVICE;  // a command without effect in the envelope
    enable_commands(guest, 0);
    enable_commands(guest, 1);
  endtask

  task automatic finish_guests();
    bit again = 1;
    while (again) begin
      again = 0;
      run_guests();
      for (int g = 1; g <= GUESTS; g++)
        if (take_commands(g)) begin
          repair(g);
          again = 1;
        end
    end
  endtask

  // Some commands of one guest or of both; perhaps while its ring is disabled; perhaps with a map that has changed.
  task automatic guest_step();
    int paused = draw(8) == 0 ? 1 + draw(GUESTS) : 0;
    if (paused != 0) enable_commands(paused, 0);
    for (int g = 1; g <= GUESTS; g++) begin
      int d = draw(GUEST_DOMAINS);
      if (draw(8) == 0) map_domain(g, d, draw(6) == 0 ? -1 : draw(6) == 0 ? ABSENT_DOMAIN : domain_of_guest(g));
      for (int i = draw(5); i > 0; i--) put_command(g, i == 1 && draw(2) == 0);
      write_guest_register(0, g, 64'h8, guest_tail[g]);
      if (draw(8) == 0) write_guest_register(0, g, 64'h20, 64'h4);  // ComWaitInt, by writing 1
    end
    if (paused != 0) begin
      run_paused(paused);
      enable_commands(paused, 1);
    end
    finish_guests();
    if (guest_of(focus) != 0) requests();
  endtask

  // The other guest's ring goes on, and may stop.
  task automatic run_paused(int guest);
    run_guests();
    if (take_commands(3 - guest)) repair(3 - guest);
  endtask
