// SPDX-License-Identifier: Apache-2.0
// What the architecture permits and a design has shown, one by one, with the section of the reference that permits it.
package freedoms_pkg;

  typedef enum int { HOST_ENTRY, GUEST_ENTRY, GCR3_ENTRY, INTERRUPT_ENTRY, DEVICE_ENTRY } entry_e;
  localparam int ENTRIES = 5;

  // Of an accepted answer: entries that were old, by kind; newest ones where an old one was permitted; old ones of them
  // that an invalidation had covered already.
  typedef struct packed { bit [ENTRIES-1:0][7:0] old_of; bit [11:0] newest, covered; } taken_t;

  typedef enum int {
    NOTHING_OLD, OLD_HOST, OLD_GUEST, OLD_GCR3, OLD_INTERRUPT, OLD_DEVICE, UNTIL_WAIT, MIXED, NEWEST_THOUGH_OLD, ANSWERS_SWAPPED, RECORD_BEFORE, RECORD_BEHIND,
    RECORDS_SWAPPED, RINGS_SWAPPED, KINDS
  } freedom_e;

  class freedoms;
    int count[KINDS];

    function void show(freedom_e which);
      count[int'(which)]++;
    endfunction

    function void answer(taken_t t);
      bit old = 0;
      for (int i = 0; i < ENTRIES; i++)
        if (t.old_of[i] > 0) begin
          old = 1;
          count[int'(OLD_HOST) + i]++;
        end
      if (t.covered > 0) show(UNTIL_WAIT);
      if (old && t.newest > 0) show(MIXED);
      if (!old) show(t.newest > 0 ? NEWEST_THOUGH_OLD : NOTHING_OLD);
    endfunction

    function string text(int which);
      case (which)
        NOTHING_OLD: return "the newest entries, no other was possible | 6.4";
        OLD_HOST: return "an old host entry | 6.4, 10.2";
        OLD_GUEST: return "an old entry of a guest's table | 6.4, 10.2";
        OLD_GCR3: return "an old GCR3 entry | 5.1, 10.2";
        OLD_INTERRUPT: return "an old entry of an interrupt table | 10.2";
        OLD_DEVICE: return "an old entry of the device table | 3.1, 10.2";
        UNTIL_WAIT: return "an old entry between its invalidation and COMPLETION_WAIT | 6.1, 6.4";
        MIXED: return "old and new entries in one answer | 5.4, 10.1";
        NEWEST_THOUGH_OLD: return "the newest entry where an old one was possible: not kept, or evicted early | 10.2";
        ANSWERS_SWAPPED: return "answers in another order than the requests | 6.1";
        RECORD_BEFORE: return "an event record before its answer | 7.1";
        RECORD_BEHIND: return "an event record behind its answer | 7.1";
        RECORDS_SWAPPED: return "event records in another order than the requests | 7.1";
        RINGS_SWAPPED: return "stores and responses of different rings in another order than the model's | viommu 7.2";
        default: return "";
      endcase
    endfunction

    function void report();
      $display("permitted behaviour | section | times");
      for (int i = 0; i < KINDS; i++) $display("%s | %0d", text(i), count[i]);
    endfunction
  endclass
endpackage
