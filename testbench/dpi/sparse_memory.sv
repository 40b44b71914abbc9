// SPDX-License-Identifier: Apache-2.0
// Memory of a bench: words where something was written, zero elsewhere, 16 MiB of them.
package sparse_memory_pkg;
  import amdvi_memory_pkg::*;

  class sparse_memory extends memory;
    localparam longint SIZE = 64'h1000000;
    longint words[longint];
    int reads, writes;

    virtual function int read(longint address, output longint data);
      data = words.exists(address) != 0 ? words[address] : 0;
      reads++;
      return address >= 0 && address < SIZE ? MEMORY_OK : MEMORY_MASTER_ABORT;
    endfunction

    virtual function int write(longint address, longint data, bit [7:0] enables);
      longint mask = 0;
      if (address < 0 || address >= SIZE) return MEMORY_MASTER_ABORT;
      for (int i = 0; i < 8; i++) if (enables[i]) mask |= 64'hff << (8 * i);
      words[address] = (words.exists(address) != 0 ? words[address] & ~mask : 0) | (data & mask);
      writes++;
      return MEMORY_OK;
    endfunction
  endclass
endpackage
