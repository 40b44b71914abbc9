// SPDX-License-Identifier: Apache-2.0
// Guests of HW-vIOMMU in the bench's memory: the private space with registers and ID maps (viommu 2), a guest's RAM as its
// TransDevID sees it, and what software writes to start them.
package guests_pkg;
  import amdvi_memory_pkg::*;
  import scene_pkg::*;

  localparam longint PRIVATE_TABLES = 64'h500000, SLOTS = 64'h520000, DEVICE_MAPS = 64'h530000, DOMAIN_MAPS = 64'h540000,
                     GUEST_RAM = 64'h600000, RAM = 64'h10000, ENTRY = PRESENT | READ | WRITE;
  localparam int OWN_DEVICE = 2, PRIVATE_DOMAIN = 'h15, TRANS = 'h60, RING_OF_GUEST = 4096, ABSENT_DOMAIN = 'h40;
  localparam int VAPICS = 4;  // pages of virtual processors; behind them one for each guest's own interrupts
  localparam longint GUEST_INTERRUPT_TABLES = 64'h570000;
  // Pages of a guest's RAM, by GPA.
  localparam longint GUEST_COMMANDS = 64'h0000, GUEST_EVENTS = 64'h1000, GUEST_PPRS = 64'h2000, GUEST_STORE = 64'h3000;

  function automatic longint guest_ram(int guest, longint gpa);
    return GUEST_RAM + guest * RAM + gpa;
  endfunction

  function automatic void put(memory words, longint address, longint value);
    void'(words.write(address, value, 8'hff));
  endfunction

  function automatic longint directory(longint table_, int next_level);
    return table_ | ENTRY | (next_level << 9);
  endfunction

  // Three levels [viommu 2.2]: slots and dirty bits at 0, DevIDMaps at 40 bits 10_0000_0000h, DomIDMaps at 20_0000_0000h.
  function automatic void write_private_space(memory words);
    longint t = PRIVATE_TABLES;
    put(words, DEVICE_TABLE + OWN_DEVICE * 32, t | 3 | (3 << 9) | READ | WRITE);
    put(words, DEVICE_TABLE + OWN_DEVICE * 32 + 8, PRIVATE_DOMAIN);
    put(words, t + 0 * 8, directory(t + 64'h1000, 2));
    put(words, t + 64 * 8, directory(t + 64'h4000, 2));
    put(words, t + 128 * 8, directory(t + 64'h7000, 2));
    put(words, t + 64'h1000, directory(t + 64'h2000, 1));
    put(words, t + 64'h2000, SLOTS | ENTRY);
    put(words, t + 64'h1000 + 2 * 8, directory(t + 64'h3000, 1));
    for (int i = 0; i < 2; i++) put(words, t + 64'h3000 + i * 8, (SLOTS + 4096 * (1 + i)) | ENTRY);
    put(words, t + 64'h4000, directory(t + 64'h5000, 1));
    put(words, t + 64'h4000 + 8, directory(t + 64'h6000, 1));
    put(words, t + 64'h7000, directory(t + 64'h8000, 1));
    put(words, t + 64'h5000 + 256 * 8, (DEVICE_MAPS + 4096) | ENTRY);
    put(words, t + 64'h6000, (DEVICE_MAPS + 2 * 4096) | ENTRY);
    for (int g = 1; g <= GUESTS; g++) put(words, t + 64'h8000 + g * 128 * 8, (DOMAIN_MAPS + g * 4096) | ENTRY);
  endfunction

  // Of the interrupts of guests' logs: types 0 (events) and 1 (page requests), by GuestID (viommu 2.4).
  function automatic longint own_entry(int kind, int guest);
    return GUEST_INTERRUPT_TABLES + 64'h2000 + kind * 4096 + guest * 16;
  endfunction

  // Each has a word of the IRR for itself.
  function automatic void write_own_entry(memory words, int kind, int guest, longint flags, longint destination);
    put(words, own_entry(kind, guest), flags | 64'h81 | (destination << 8) | (longint'('h70 + kind) << 32));
    put(words, own_entry(kind, guest) + 8, own_page(guest) | (64 * kind + 'h40 + guest));
  endfunction

  function automatic longint own_page(int guest);
    return VAPIC + (VAPICS + guest) * 4096;
  endfunction

  function automatic void write_own_tables(memory words);
    put(words, DEVICE_TABLE + OWN_DEVICE * 32 + 16, GUEST_INTERRUPT_TABLES | 1 | (10 << 1) | (64'h2 << 60));
    for (int kind = 0; kind < 2; kind++) put(words, GUEST_INTERRUPT_TABLES + kind * 2048, own_entry(kind, 0) | (8 << 2) | 1);
    for (int g = 1; g <= GUESTS; g++) for (int kind = 0; kind < 2; kind++) write_own_entry(words, kind, g, 64'h40, g);
  endfunction

  // The entry of a guest's TransDevID, and the table that its buffers are found by.
  function automatic void write_guest(memory words, int guest);
    longint root = PRIVATE_TABLES + 64'h10000 + guest * 4096;
    put(words, DEVICE_TABLE + (TRANS + guest) * 32, root | 3 | (1 << 9) | READ | WRITE);
    put(words, DEVICE_TABLE + (TRANS + guest) * 32 + 8, 'h20 + guest);
    for (int page = 0; page < 16; page++) put(words, root + page * 8, guest_ram(guest, page * 4096) | ENTRY);
  endfunction

  // Which log lies there.
  function automatic int log_at(longint place);
    int guest = int'((place - GUEST_RAM) / RAM);
    if (place >= GUEST_RAM) return (place - GUEST_RAM) % RAM < GUEST_PPRS ? guest : GUESTS + 1 + guest;
    return place >= GUEST_INTERRUPTS ? LOGS - 1 : place >= PAGE_REQUESTS ? GUESTS + 1 : 0;
  endfunction

  // Whose it is; 0: the host's.
  function automatic int owner_of(int log);
    return log == LOGS - 1 ? 0 : log % (GUESTS + 1);
  endfunction

  // Bytes of a log and of its records.
  function automatic int size_of(int log);
    return owner_of(log) != 0 ? RING_OF_GUEST : log == LOGS - 1 ? 4096 : 8192;
  endfunction

  function automatic int record_size(int log);
    return log == LOGS - 1 ? 8 : 16;
  endfunction

  function automatic longint base_of(int log);
    int guest = owner_of(log);
    if (guest != 0) return guest_ram(guest, log <= GUESTS ? GUEST_EVENTS : GUEST_PPRS);
    return log == 0 ? EVENTS : log == LOGS - 1 ? GUEST_INTERRUPTS : PAGE_REQUESTS;
  endfunction

  // The head pointer: of the host's MMIO, or of the guest's VF page.
  function automatic longint head_register(int log);
    longint place = log <= GUESTS ? 64'h10 : log == LOGS - 1 ? 64'h40 : 64'h30;
    return owner_of(log) != 0 ? place : 64'h2000 + place;
  endfunction

  // DID Map Control: W, the guest's ID, the host's, V [viommu 3.1].
  function automatic longint map_write(int guest_id, int host_id, bit valid);
    return (64'h1 << 63) | (longint'(guest_id) << 46) | (longint'(host_id) << 14) | longint'(valid);
  endfunction
endpackage
