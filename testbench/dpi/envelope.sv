// SPDX-License-Identifier: Apache-2.0
// What a design may answer: for each page every translation that memory has shown since the last COMPLETION_WAIT behind
// an invalidation of it, and nothing else. What is not present is never kept [10.2]: where nothing was mapped, only the
// new translation counts.
package envelope_pkg;
  import amdvi_pkg::*;

  typedef struct { int ok; longint pa; int reason; } answer_t;

  // The record of a refusal: IO_PAGE_FAULT with PR=0 for what is not present, PR=1 and PE=1 for what is not allowed, RW for
  // writes [7.4].
  function automatic bit [127:0] record_of(int device, int domain, longint address, int op, int reason);
    bit denied = reason == 19;
    return {address, 4'h2, 5'h0, denied, op == OP_WRITE, denied, 4'h0, domain[15:0], 16'h0, device[15:0]};
  endfunction

  class envelope;
    int handle;
    answer_t allowed[string][$];
    bit covered[string];
    int fresh, old;  // permitted behaviours that were seen

    function new(int h);
      handle = h;
    endfunction

    function string key(int device, longint page, int op);
      return $sformatf("%0d.%0h.%0d", device, page, op);
    endfunction

    function answer_t look(int device, longint page, int op);
      answer_t a;
      int perm, status;
      status = amdvi_dpi_look(handle, device, op, 0, 0, 0, page << 12, 1, a.ok, a.pa, perm, a.reason);
      if (status != 0) $fatal(1, "look: %s", amdvi_dpi_text(status));
      return a;
    endfunction

    // Software is about to change the page's entry, or has never named it.
    function void before_edit(int device, longint page);
      for (int op = 0; op < 2; op++) begin
        string k = key(device, page, op);
        if (!allowed.exists(k)) allowed[k].push_back(look(device, page, op));
      end
    endfunction

    function void after_edit(int device, longint page, bit was_present);
      for (int op = 0; op < 2; op++) begin
        string k = key(device, page, op);
        if (!was_present) begin
          // what was there before it went away may still be kept
          answer_t kept[$];
          foreach (allowed[k][i]) if (allowed[k][i].ok != 0 || allowed[k][i].reason != 14) kept.push_back(allowed[k][i]);
          allowed[k] = kept;
        end
        allowed[k].push_back(look(device, page, op));
      end
    endfunction

    function void invalidated(int device, longint page);
      for (int op = 0; op < 2; op++) covered[key(device, page, op)] = 1;
      for (int op = 0; op < 2; op++) before_edit(device, page);
    endfunction

    // A COMPLETION_WAIT has completed.
    function void fence(int device, longint page);
      for (int op = 0; op < 2; op++) begin
        string k = key(device, page, op);
        if (covered.exists(k)) begin
          allowed[k].delete();
          allowed[k].push_back(look(device, page, op));
          covered.delete(k);
        end
      end
    endfunction

    function bit accepts(int device, longint address, int op, answer_t a, bit counted);
      string k = key(device, address >> 12, op);
      before_edit(device, address >> 12);
      for (int i = allowed[k].size() - 1; i >= 0; i--) begin
        answer_t m = allowed[k][i];
        if (m.ok == a.ok && (a.ok == 0 ? m.reason == a.reason : m.pa == (a.pa & ~64'hfff) && a.pa[11:0] == address[11:0]))
        begin
          if (counted && i == allowed[k].size() - 1) fresh++;
          else if (counted) old++;
          return 1;
        end
      end
      return 0;
    endfunction
  endclass
endpackage
