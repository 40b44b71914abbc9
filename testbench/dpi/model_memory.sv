// SPDX-License-Identifier: Apache-2.0
// Memory of a device of the model, for those who want a `memory`.
package model_memory_pkg;
  import amdvi_pkg::*;
  import amdvi_memory_pkg::*;

  class model_memory extends memory;
    int handle;

    function new(int h);
      handle = h;
    endfunction

    virtual function int read(longint address, output longint data);
      return amdvi_dpi_peek(handle, address, data) == 0 ? MEMORY_OK : MEMORY_MASTER_ABORT;
    endfunction

    // The bench writes whole words.
    virtual function int write(longint address, longint data, bit [7:0] enables);
      return amdvi_dpi_poke(handle, address, data) == 0 ? MEMORY_OK : MEMORY_MASTER_ABORT;
    endfunction
  endclass
endpackage
