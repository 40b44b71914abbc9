// SPDX-License-Identifier: Apache-2.0
// A part of the lockstep bench: what the two do by themselves, stores, interrupts and records, and that it is the same.

  // What the model did by itself: stores, records, which software reads and clears; interrupts are counted.
  function automatic void read_effects();
    int kind, length;
    longint place, data;
    message_t m;
    while (amdvi_dpi_effect(model, kind, place, data, length) == 0)
      case (kind)
        EFFECT_STORE: begin
          store_t at;
          at.address = place;
          at.data = data;
          model_stores.push_back(at);
        end
        EFFECT_LOG: if (place != GUEST_INTERRUPTS_TAIL) read_record(place);
        EFFECT_POSTED: begin
          m = no_message();
          take_effect(kind, place, data, m);
          model_posts.push_back(m);
        end
        EFFECT_DOORBELL: begin
          m = model_posts.pop_back();
          take_effect(kind, place, data, m);
          model_posts.push_back(m);
        end
        EFFECT_RESPONSE, EFFECT_INVALIDATION: model_sent[kind].push_back(sent_of(place, data, length));
        EFFECT_INTERRUPT: model_interrupts++;
        default: ;
      endcase
  endfunction

  function automatic void read_record(longint place);
    record_t r;
    r.log = log_at(place);
    r.low = load(place);
    r.high = record_size(r.log) == 8 ? 0 : load(place + 8);
    store(place, 0);
    if (record_size(r.log) == 16) store(place + 8, 0);
    if (is_own(r.log, r.low)) model_posts[model_posts.size() - 1].ga = r.low;
    else model_told.push_back(r);
    model_records[r.log]++;
    log_head[r.log] = (log_head[r.log] + record_size(r.log)) % size_of(r.log);
    void'(amdvi_dpi_write(model, owner_of(r.log) != 0 ? SPACE_VF : SPACE_MMIO, owner_of(r.log), head_register(r.log), 8,
                          log_head[r.log]));
  endfunction

  function automatic void differ_store(longint address, longint data, string what);
    if (trace != "") void'(amdvi_dpi_differs_memory(model, address, data));
    differ($sformatf("%s: the design stores %0h at %0h", what, data, address));
  endfunction

  // What the design left at that place: the model, too, has stored there all that it will.
  function automatic longint last_store(longint address);
    longint data = 0;
    foreach (seen_stores[i]) if (seen_stores[i].address == address) data = seen_stores[i].data;
    return data;
  endfunction

  // The design stored what the model did, each ring in its order; a ring stores at one place.
  function automatic void compare_stores();
    for (int n = 0; model_stores.size() != 0; n++) begin
      store_t m = model_stores.pop_front();
      int which = -1;
      foreach (seen_stores[i]) if (which < 0) if (seen_stores[i].address == m.address) which = i;
      if (which < 0) begin
        if (seen_stores.size() != 0) differ_store(seen_stores[0].address, seen_stores[0].data, "the place of a COMPLETION_WAIT's store");
        differ_store(m.address, 0, "a COMPLETION_WAIT does not store");
      end
      if (seen_stores[which].data != m.data) differ_store(m.address, last_store(m.address), "the store of a COMPLETION_WAIT");
      if (which > 0) shown.show(RINGS_SWAPPED);
      seen_stores.delete(which);
    end
    if (seen_stores.size() != 0) differ_store(seen_stores[0].address, seen_stores[0].data, "a store too many");
  endfunction

  // The host's processor: COMPLETION_WAITs of guests interrupt the guest alone (viommu 8.5).
  function automatic void compare_interrupts();
    if (interrupts != model_interrupts) begin
      if (trace != "") void'(amdvi_dpi_differs_interrupts(model, interrupts));
      differ($sformatf("interrupts: the model %0d, the design %0d", model_interrupts, interrupts));
    end
    interrupts = 0;
    model_interrupts = 0;
  endfunction

  // Whether the design has told of a record that belongs to the answer last accepted; in any order, once. `which`: of
  // the two requests under way, below 0: none.
  function automatic bit take_record(int which);
    foreach (told[i])
      if (limits.accepts_record(told[i])) begin
        if (which >= 0 ? told_at[i] < arrived_at[which] : 0) shown.show(RECORD_BEFORE);
        if (which >= 0 ? told_at[i] > arrived_at[which] : 0) shown.show(RECORD_BEHIND);
        if (i > 0) shown.show(RECORDS_SWAPPED);
        if (limits.raised[limits.which_record(told[i])].posted != 0 && told[i].log != LOGS - 1)
          due_posts.push_back(limits.raised[limits.which_record(told[i])]);
        forget(i);
        return 1;
      end
    return 0;
  endfunction

  function automatic void forget(int which);
    told.delete(which);
    told_at.delete(which);
    records++;
  endfunction

  // In the place of record `index` of that log of the model the design wrote another, or none.
  function automatic void differ_record(int log, int index, string what, string why);
    record_t r;
    r.log = log;
    r.low = 0;
    r.high = 0;
    foreach (told[i]) if (told[i].log == log) r = told[i];
    if (trace != "")
      void'(amdvi_dpi_differs_record(model, log == LOGS - 1 ? LOG_GUEST_INTERRUPTS : log > GUESTS ? LOG_PAGE_REQUESTS : LOG_EVENTS,
                                     owner_of(log) == 0 ? -1 : owner_of(log), index, r.low, r.high));
    differ($sformatf("%s: log %0d, the design writes %0h %0h\n%s", what, log, r.high, r.low, why));
  endfunction

  function automatic void no_more_records();
    if (told.size() != 0) differ_record(told[0].log, model_records[told[0].log], "a record too many", "");
  endfunction
