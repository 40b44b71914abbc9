// SPDX-License-Identifier: Apache-2.0
// Traces of a bench, and differences of a design in them: the functions of amdvi/dpi.h. Benches that import it link
// libamdvi-traces, too.
package amdvi_trace_pkg;

  import "DPI-C" context function int amdvi_dpi_record(input int handle, input string path);
  import "DPI-C" context function int amdvi_dpi_record_end(input int handle);
  import "DPI-C" context function int amdvi_dpi_differs_answer(input int handle, input int device, input int op,
      input int at, input int flags, input int pasid, input longint address, input longint length, input int ok,
      input longint pa, input int reason);
  import "DPI-C" context function int amdvi_dpi_differs_memory(input int handle, input longint address,
      input longint data);
  import "DPI-C" context function int amdvi_dpi_differs_interrupts(input int handle, input int count);
  import "DPI-C" context function int amdvi_dpi_differs_event(input int handle, input int index, input longint low,
      input longint high);
  import "DPI-C" context function int amdvi_dpi_differs_record(input int handle, input int log, input int guest,
      input int index, input longint low, input longint high);
  import "DPI-C" context function int amdvi_dpi_differs_message(input int handle, input int device, input longint address,
      input int data, input int ok, input int posted, input longint new_address, input int new_data, input int destination,
      input int doorbell);
  import "DPI-C" context function int amdvi_dpi_differs_response(input int handle, input int device, input longint data);
  import "DPI-C" context function int amdvi_dpi_differs_register(input int handle, input int space, input int guest,
      input longint offset, input int size, input longint value, input longint mask);
  import "DPI-C" context function int amdvi_dpi_differs_guest_interrupts(input int handle, input int log, input int guest,
      input int count);
  import "DPI-C" context function int amdvi_dpi_differs_invalidation(input int handle, input longint address,
      input longint data, input int length);

endpackage
