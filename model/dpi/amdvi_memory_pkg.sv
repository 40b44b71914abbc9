// SPDX-License-Identifier: Apache-2.0
// Memory that the bench has: extend `memory`, and create devices on it. Only for benches that do so: what this package
// exports is called by the model.
package amdvi_memory_pkg;

  // What memory may answer; the numbers are those of hardware-error events [7.3].
  localparam int MEMORY_OK = 0, MEMORY_MASTER_ABORT = 1, MEMORY_TARGET_ABORT = 2, MEMORY_DATA_ERROR = 3;

  // 8 bytes at a time, at aligned addresses, without taking time.
  virtual class memory;
    pure virtual function int read(longint address, output longint data);
    // Bit i of `enables`: byte i (bits 8i+7:8i of `data`) is written.
    pure virtual function int write(longint address, longint data, bit [7:0] enables);
  endclass

  memory memories[int];

  import "DPI-C" context function int amdvi_dpi_create_on_memory(input string settings);
  export "DPI-C" function amdvi_bench_read;
  export "DPI-C" function amdvi_bench_write;

  // A device by handle, as of amdvi_dpi_create(); a negative number: why not.
  function automatic int amdvi_create_on(string settings, memory which);
    int handle = amdvi_dpi_create_on_memory(settings);
    if (handle > 0) memories[handle] = which;
    return handle;
  endfunction

  function automatic int amdvi_bench_read(input int handle, input longint address, output longint data);
    data = 0;
    if (memories.exists(handle) == 0) return MEMORY_MASTER_ABORT;
    return memories[handle].read(address, data);
  endfunction

  function automatic int amdvi_bench_write(input int handle, input longint address, input longint data,
                                           input int enables);
    if (memories.exists(handle) == 0) return MEMORY_MASTER_ABORT;
    return memories[handle].write(address, data, enables[7:0]);
  endfunction

endpackage
