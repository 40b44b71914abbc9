// SPDX-License-Identifier: Apache-2.0
// What the lockstep bench puts into memory, and where: devices with a host table, with guest tables, with both; what a
// request, an answer and a record are.
package scene_pkg;
  import amdvi_memory_pkg::*;

  localparam longint COMMANDS = 64'h10000, STORE = 64'h40000, EVENTS = 64'h50000, PAGE_REQUESTS = 64'h60000, GUEST_INTERRUPTS = 64'h70000,
                     GUEST_INTERRUPTS_TAIL = 64'h7f000, DEVICE_TABLE = 64'h100000,
                     HOST_TABLES = 64'h200000, GUEST_TABLES = 64'h300000, INTERRUPT_TABLES = 64'h560000, VAPIC = 64'h580000, DATA = 64'h800000;
  localparam longint PRESENT = 64'h1, READ = 64'h1 << 61, WRITE = 64'h1 << 62;
  // P, U/S, A and D of a guest's entry: software sets accessed and dirty bits before the IOMMU would [5.3].
  localparam longint GUEST_READ = 64'h65, GUEST_WRITE = 64'h67;
  localparam int DEVICES = 6, GUESTS = 2, GUEST_DEVICE = 'h10, FIRST_DEVICE = 8, PASIDS = 3, PAGES = 6;
  localparam longint TABLES_OF_GUEST = 64'h40000, GUEST_PAGE = 256;  // where nested devices see them: from that page on

  typedef struct { int device, op, flags, pasid; longint address; } request_t;
  typedef struct { int ok; longint pa; int reason; } answer_t;
  typedef struct { longint address, data; } store_t;
  // Logs: the host's events, those of guest 1 and so on, the host's page requests, those of guests, guest interrupts.
  localparam int LOGS = 2 * GUESTS + 3;
  typedef struct { int log; longint low, high; } record_t;
  // What becomes of an interrupt: a message, or a bit in a vAPIC page and perhaps a doorbell (else destination is -1).
  // Of one that a guest's own log raised also the record in the GA log; 0: none.
  typedef struct { int ok, posted, data, irr_bit, destination, doorbell; longint address, irr, ga; } message_t;

  // Devices by number: 0 and 1 have a host table, 2 has guest tables (GIoV=1), 3 has both; so have 4 and 5, which belong to
  // guests 1 and 2 (vImuEn).
  function automatic bit has_guest_tables(int n);
    return n >= 2;
  endfunction

  function automatic bit has_host_table(int n);
    return n != 2;
  endfunction

  // 0: the host.
  function automatic int guest_of(int n);
    return n < 4 ? 0 : n - 3;
  endfunction

  function automatic int id_of(int n);
    return FIRST_DEVICE + n;
  endfunction

  function automatic int domain_of(int n);
    return n + 1;
  endfunction

  function automatic longint host_entry(int n, longint page);
    return HOST_TABLES + n * 4096 + page * 8;
  endfunction

  // Entries 0 to 3 remap, 4 to 7 post.
  function automatic longint interrupt_entry(int n, int index);
    return INTERRUPT_TABLES + n * 4096 + index * 16;
  endfunction

  // Level 1 to 4 of a PASID's tables; level 5: the device's GCR3 table.
  function automatic longint guest_table(int n, int pasid, int level);
    return GUEST_TABLES + n * TABLES_OF_GUEST + (level == 5 ? 64'h3f000 : pasid * 64'h4000 + (level - 1) * 4096);
  endfunction

  // The same as the device's tables name it: a GPA where there is a host table [5.4].
  function automatic longint named(int n, longint address);
    return has_host_table(n) ? address - GUEST_TABLES - n * TABLES_OF_GUEST + GUEST_PAGE * 4096 : address;
  endfunction

  function automatic longint gcr3_entry(int n, int pasid);
    return named(n, guest_table(n, pasid, 4)) | PRESENT;
  endfunction

  // Everything of a device but the entries of its pages.
  function automatic void write_tables(memory words, int n);
    longint root = named(n, guest_table(n, 0, 5)), low = 3, high = domain_of(n);
    low |= READ | WRITE;
    if (has_host_table(n)) low |= host_entry(n, 0) | (1 << 9);
    if (has_guest_tables(n)) begin
      low |= (64'h1 << 55) | (((root >> 12) & 7) << 58);  // GV, and GCR3 root in its pieces [3.2]
      high |= (((root >> 15) & 64'hffff) << 16) | (((root >> 31) & 64'h1fffff) << 43);
      if (!has_host_table(n)) low |= 64'h1 << 54;  // GIoV
      for (int pasid = 0; pasid < PASIDS; pasid++) begin
        void'(words.write(guest_table(n, 0, 5) + pasid * 8, gcr3_entry(n, pasid), 8'hff));
        for (int level = 4; level > 1; level--)
          void'(words.write(guest_table(n, pasid, level), named(n, guest_table(n, pasid, level - 1)) | GUEST_WRITE, 8'hff));
      end
      for (longint page = 0; page < 64 && has_host_table(n); page++)
        void'(words.write(host_entry(n, GUEST_PAGE + page),
                          (GUEST_TABLES + n * TABLES_OF_GUEST + page * 4096) | PRESENT | READ | WRITE, 8'hff));
    end
    if (has_guest_tables(n)) low |= n == 2 ? 64'h0 : n == 5 ? 64'h1 << 52 : 64'h3 << 52;  // PPR, GPRP
    void'(words.write(DEVICE_TABLE + id_of(n) * 32 + 16, interrupt_entry(n, 0) | 1 | (3 << 1) | (64'h2 << 60), 8'hff));  // IV, 8 entries
    if (guest_of(n) != 0)
      void'(words.write(DEVICE_TABLE + id_of(n) * 32 + 24, (64'h1 << 15) | (GUEST_DEVICE << 16) | (longint'(guest_of(n)) << 32), 8'hff));
    void'(words.write(DEVICE_TABLE + id_of(n) * 32, low, 8'hff));
    void'(words.write(DEVICE_TABLE + id_of(n) * 32 + 8, high, 8'hff));
  endfunction
endpackage
