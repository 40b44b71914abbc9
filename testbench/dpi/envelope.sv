// SPDX-License-Identifier: Apache-2.0
// What a design may answer: a walk in which each table entry is the newest, or any that memory has shown since the last
// COMPLETION_WAIT behind an invalidation of it [6.4], in any mix; what was not present is never kept [10.2]. The walks are
// those of a second device of the model, without caches, which reads memory through `history`.
package envelope_pkg;
  import amdvi_pkg::*;
  import amdvi_memory_pkg::*;
  import scene_pkg::*;
  import guests_pkg::*;
  import freedoms_pkg::*;

  // An entry as it was: for whom it may still be in a cache, and what covers it.
  typedef struct {
    entry_e kind;
    int domain, pasid;  // tags; pasid of guest entries only
    longint first, last;  // pages that it maps
    bit [GUESTS:0] covered;  // by an invalidation of that ring; goes with the ring's next COMPLETION_WAIT
    longint value, high, third, fourth;  // as many as the entry has words
  } kept_t;

  // Memory as caches may have seen it. One pass after the other takes another mix.
  class history extends memory;
    localparam longint FRESH_LOW = 64'hffffffffffffff44, FRESH_HIGH = 64'hff00000000000000;
    memory now;
    kept_t kept[longint][$];
    int device, domain, pasid;  // of the request
    int taken[$], among[$], at;
    taken_t passed;  // what the pass took
    longint written[longint];  // by the walker: its log records
    int picked[longint];  // of an entry of several words whose first was read: which old one

    function void first_pass();
      taken.delete();
      among.delete();
      rewind();
    endfunction

    function void rewind();
      at = 0;
      passed = '0;
      picked.delete();
    endfunction

    function int old();
      int sum = 0;
      for (int i = 0; i < ENTRIES; i++) sum += int'(passed.old_of[i]);
      return sum;
    endfunction

    function bit next_pass();
      rewind();
      while (taken.size() > 0) begin
        taken[taken.size() - 1]++;
        if (taken[taken.size() - 1] < among[among.size() - 1]) return 1;
        void'(taken.pop_back());
        void'(among.pop_back());
      end
      return 0;
    endfunction

    // Which of so many; 0: the newest.
    function int take(int count);
      if (at == taken.size()) begin
        taken.push_back(0);
        among.push_back(count);
      end
      at++;
      return taken[at - 1];
    endfunction

    // Entries of interrupt tables and of the device table are tagged by devices: `domain` is the DeviceID.
    function bit is_for(kept_t k);
      if (k.kind == INTERRUPT_ENTRY || k.kind == DEVICE_ENTRY) return k.domain == device;
      return k.domain == domain && (k.kind == HOST_ENTRY || k.pasid == pasid);
    endfunction

    function void take_old(longint address, inout longint data);
      int usable[$], which;
      foreach (kept[address][i]) if (is_for(kept[address][i])) usable.push_back(i);
      if (usable.size() == 0) return;
      which = take(usable.size() + 1);
      if (which == 0) passed.newest++;
      else begin
        kept_t k = kept[address][usable[which - 1]];
        if (k.kind == INTERRUPT_ENTRY || k.kind == DEVICE_ENTRY) picked[address] = usable[which - 1];
        data = k.kind == INTERRUPT_ENTRY ? refreshed(k.value, data) : k.value;
        passed.old_of[int'(k.kind)]++;
        if (k.covered != 0) passed.covered++;
      end
    endfunction

    // GALogIntr, IsRun, Destination, GATag of entries for guests (bit 7) are read anew for each interrupt [8.6].
    function longint refreshed(longint old, longint newest);
      longint mask = old[7] ? FRESH_LOW : 0;
      return (old & ~mask) | (newest & mask);
    endfunction

    virtual function int read(longint address, output longint data);
      int status = now.read(address, data);
      if (address >= SLOTS && address < SLOTS + 64'h3000)  // a guest's registers: the walker has its own
        data = written.exists(address) != 0 ? written[address] : 0;
      if (address >= VAPIC && address < VAPIC + (VAPICS + GUESTS + 1) * 4096) data = 0;
      if (status == MEMORY_OK)
        if (kept.exists(address) != 0) take_old(address, data);
      for (int i = 8; i < 32; i += 8)
        if (picked.exists(address - i) != 0) take_more(address - i, i, data);
      return status;
    endfunction

    // A further word of the entry, if it has that many.
    function void take_more(longint entry, int offset, inout longint data);
      kept_t k = kept[entry][picked[entry]];
      if (k.kind == DEVICE_ENTRY) data = offset == 8 ? k.high : offset == 16 ? k.third : k.fourth;
      else if (offset == 8) data = k.value[7] ? (k.high & ~FRESH_HIGH) | (data & FRESH_HIGH) : k.high;
    endfunction

    virtual function int write(longint address, longint data, bit [7:0] enables);
      written[address] = data;
      return MEMORY_OK;
    endfunction
  endclass

  localparam longint MESSAGES = 64'hfee00000;

  function automatic message_t no_message();
    message_t m;
    m.ok = 0;
    m.posted = 0;
    m.data = 0;
    m.irr_bit = 0;
    m.destination = -1;
    m.doorbell = 0;
    m.address = 0;
    m.irr = 0;
    m.ga = 0;
    return m;
  endfunction

  // A record of the GA log that an interrupt of a guest's own log has caused.
  function automatic bit is_own(int log, longint low);
    return log == LOGS - 1 && int'(low[47:32]) == OWN_DEVICE;
  endfunction

  // A bit in a vAPIC page that was empty, a doorbell.
  function automatic void take_effect(int kind, longint place, longint data, inout message_t m);
    if (kind == EFFECT_POSTED) begin
      m.posted = 1;
      m.irr = place;
      for (int i = 0; i < 32; i++) if (data[i]) m.irr_bit = i;
    end
    if (kind == EFFECT_DOORBELL) begin
      m.destination = int'(place);
      m.doorbell = int'(data);
    end
  endfunction

  // The answer and its effects: what is posted has no message.
  function automatic message_t joined(message_t answer, message_t effects);
    message_t m = answer;
    if (effects.posted == 0) return m;
    m = effects;
    m.ok = answer.ok;
    return m;
  endfunction

  function automatic bit same_message(message_t a, message_t b);
    return a.ok == b.ok && a.posted == b.posted && a.data == b.data && a.irr_bit == b.irr_bit && a.destination == b.destination &&
           a.doorbell == b.doorbell && a.address == b.address && a.irr == b.irr && a.ga == b.ga;
  endfunction

  class envelope;
    localparam int MOST = 100000;  // mixes of one request
    history words;
    int walker;
    freedoms shown;
    record_t expected[$];  // of the answer that was accepted last
    int mixes, best;  // walked so far; how many old entries the best had, below 0: none has fitted
    taken_t fewest;
    message_t raised[$];  // what each of these records posts, if it is in a guest's log

    function new(string settings, memory now, freedoms f);
      words = new;
      words.now = now;
      walker = amdvi_create_on({settings, ";caches=off"}, words);
      if (walker < 1) $fatal(1, "create: %s", amdvi_dpi_text(walker));
      shown = f;
    endfunction

    // What software writes into registers, apart from pointers of rings.
    function void write(int space, int guest, longint offset, longint value);
      if (amdvi_dpi_write(walker, space, guest, offset, 8, value) != 0) $fatal(1, "register 0x%0h", offset);
    endfunction

    // Software is about to replace an entry, which requests of that domain find for those pages.
    function void before_edit(longint address, entry_e kind, int domain, int pasid, longint first, longint last);
      kept_t k;
      void'(words.now.read(address, k.value));
      if (!k.value[0] && kind != INTERRUPT_ENTRY) return;
      void'(words.now.read(address + 8, k.high));
      void'(words.now.read(address + 16, k.third));
      void'(words.now.read(address + 24, k.fourth));
      k.kind = kind;
      k.domain = domain;
      k.pasid = pasid;
      k.first = first;
      k.last = last;
      k.covered = 0;
      words.kept[address].push_back(k);
    endfunction

    // Whether an entry is, or may still be in a cache as, that value.
    function bit may_hold(longint address, longint value);
      longint is;
      void'(words.now.read(address, is));
      if (is == value) return 1;
      if (words.kept.exists(address) != 0)
        foreach (words.kept[address][i]) if (words.kept[address][i].value == value) return 1;
      return 0;
    endfunction

    // GN=0 reaches host entries, GN=1 those of a PASID [6.4]. Ranges are those of 6.3.
    function bit covers(bit [127:0] command, kept_t k);
      longint first = longint'(command[127:76]), last = longint'(command[127:76]);
      if (command[63:60] == 8) return 1;
      if (k.kind == INTERRUPT_ENTRY) return command[63:60] == 5 && k.domain == int'(command[15:0]);
      if (k.kind == DEVICE_ENTRY) return command[63:60] == 2 && k.domain == int'(command[15:0]);
      if (command[63:60] != 3 || k.domain != int'(command[47:32])) return 0;
      if (command[66] != (k.kind != HOST_ENTRY) || (command[66] && k.pasid != int'(command[19:0]))) return 0;
      if (k.kind == GCR3_ENTRY && !command[65]) return 0;  // a directory
      if (command[64]) begin
        longint size = 2;
        while (size != 0 && (first & (size >> 1)) != 0) size <<= 1;
        first = size == 0 ? 0 : first & ~(size - 1);
        last = size == 0 ? 64'hfffffffffffff : first | (size - 1);
      end
      return first <= k.first && k.last <= last;
    endfunction

    // By the ring of the host (0) or of a guest, with host IDs.
    function void invalidated(bit [127:0] command, int ring);
      foreach (words.kept[a])
        for (int i = 0; i < words.kept[a].size(); i++)
          if (covers(command, words.kept[a][i])) words.kept[a][i].covered = words.kept[a][i].covered | (1 << ring);
    endfunction

    // A COMPLETION_WAIT of that ring has completed.
    function void fence(int ring);
      foreach (words.kept[a])
        for (int i = words.kept[a].size() - 1; i >= 0; i--)
          if (words.kept[a][i].covered[ring]) words.kept[a].delete(i);
    endfunction

    // The record of the walker's answer; its log is empty again. 0: there is none. What it posts goes into `m`.
    function bit read_record(output record_t r, output message_t m);
      int kind, length;
      longint place, data;
      r.log = -1;
      m = no_message();
      while (amdvi_dpi_effect(walker, kind, place, data, length) == 0) begin
        take_effect(kind, place, data, m);
        if (kind == EFFECT_LOG)
          if (place != GUEST_INTERRUPTS_TAIL) begin
            if (is_own(log_at(place), words.written[place])) m.ga = words.written[place];
            else begin
              r.log = log_at(place);
              r.low = words.written[place];
              r.high = record_size(r.log) == 8 ? 0 : words.written[place + 8];
            end
            empty_log(log_at(place), place);
          end
      end
      return r.log >= 0;
    endfunction

    // Software has read up to the record at that place.
    function void empty_log(int log, longint place);
      write(owner_of(log) != 0 ? SPACE_VF : SPACE_MMIO, owner_of(log), head_register(log),
            (place + record_size(log) - base_of(log)) % size_of(log));
    endfunction

    function answer_t walk(request_t q);
      answer_t a;
      int perm, status;
      status = amdvi_dpi_translate(walker, q.device, q.op, AT_UNTRANSLATED, q.flags, q.pasid, q.address, 8, a.ok, a.pa, perm,
                                   a.reason);
      if (status != 0) $fatal(1, "translate: %s", amdvi_dpi_text(status));
      return a;
    endfunction

    function void first_mix(int device);
      expected.delete();
      raised.delete();
      best = -1;
      mixes = 0;
      words.device = device;
      words.first_pass();
    endfunction

    // One mix was walked. Of several that give the answer each has its say about the record; the one with the fewest old
    // entries says what the design has shown. 1: there is another.
    function bit next_mix(bit fits, bit logged, record_t r, message_t posted);
      if (fits && logged) begin
        expected.push_back(r);
        raised.push_back(posted);
      end
      if (fits && (best < 0 || words.old() < best)) begin
        best = words.old();
        fewest = words.passed;
      end
      mixes++;
      if (mixes == MOST) $fatal(1, "too many entries of one request are open: invalidate more often");
      return words.next_pass();
    endfunction

    function bit last_mix(bit counted);
      if (counted && best >= 0) shown.answer(fewest);
      return best >= 0;
    endfunction

    // The answer is that of some mix.
    function bit accepts(request_t q, answer_t a, bit counted);
      bit more = 1, logged;
      answer_t m;
      message_t posted;
      record_t r;
      words.domain = domain_of(q.device - FIRST_DEVICE);
      words.pasid = q.pasid;
      first_mix(q.device);
      while (more) begin
        m = walk(q);
        logged = read_record(r, posted);
        more = next_mix(m.ok == a.ok && m.pa == a.pa && m.reason == a.reason, logged, r, posted);
      end
      return last_mix(counted);
    endfunction

    // As the model and the walker answer an interrupt, without what is an effect.
    function message_t interrupt(int handle, int device, int data);
      message_t m = no_message();
      int status = amdvi_dpi_interrupt(handle, device, MESSAGES, data, m.ok, m.address, m.data);
      if (status != 0) $fatal(1, "interrupt: %s", amdvi_dpi_text(status));
      return m;
    endfunction

    function bit accepts_interrupt(int device, int data, message_t a, bit counted);
      bit more = 1, logged;
      message_t m, posted;
      record_t r;
      first_mix(device);
      while (more) begin
        m = interrupt(walker, device, data);
        logged = read_record(r, posted);
        more = next_mix(same_message(joined(m, posted), a), logged, r, posted);
      end
      return last_mix(counted);
    endfunction

    // Which of them it is, below 0: none.
    function int which_record(record_t r);
      foreach (expected[i]) if (expected[i].log == r.log && expected[i].low == r.low && expected[i].high == r.high) return i;
      return -1;
    endfunction

    function bit accepts_record(record_t r);
      return which_record(r) >= 0;
    endfunction
  endclass
endpackage
