// SPDX-License-Identifier: Apache-2.0
// The model for SystemVerilog: what amdvi/dpi.h says, function by function.
// Context: with memory of the bench (amdvi_memory_pkg.sv) these call what it exports.
package amdvi_pkg;

  localparam int STATUS_HANDLE = -101, STATUS_RANGE = -102, STATUS_NONE = -103, STATUS_FILE = -104;

  typedef enum int { SPACE_MMIO, SPACE_PCI, SPACE_VF, SPACE_VFC } space_e;
  typedef enum int { OP_READ, OP_WRITE, OP_EXECUTE, OP_ATOMIC } op_e;
  typedef enum int { AT_UNTRANSLATED, AT_TRANSLATION_REQUEST, AT_TRANSLATED } at_e;
  typedef enum int { EFFECT_STORE, EFFECT_LOG, EFFECT_TABLE, EFFECT_INTERRUPT, EFFECT_POSTED, EFFECT_DOORBELL, EFFECT_WAKE,
                     EFFECT_RESPONSE, EFFECT_INVALIDATION } effect_e;
  typedef enum int { LOG_EVENTS, LOG_PAGE_REQUESTS, LOG_GUEST_INTERRUPTS } log_e;
  localparam int FLAG_PASID = 1, FLAG_PRIVILEGED = 2, FLAG_EXECUTE = 4, FLAG_NO_WRITE = 8, FLAG_READ = 16, FLAG_WRITE = 32,
                 FLAG_LAST = 64;

  import "DPI-C" function int amdvi_dpi_create(input string settings, input int megabytes);
  import "DPI-C" context function int amdvi_dpi_destroy(input int handle);
  import "DPI-C" context function int amdvi_dpi_reset(input int handle);
  import "DPI-C" function int amdvi_dpi_poke(input int handle, input longint address, input longint value);
  import "DPI-C" function int amdvi_dpi_peek(input int handle, input longint address, output longint value);
  import "DPI-C" context function int amdvi_dpi_write(input int handle, input int space, input int guest,
      input longint offset, input int size, input longint value);
  import "DPI-C" context function int amdvi_dpi_read(input int handle, input int space, input int guest,
      input longint offset, input int size, output longint value);
  import "DPI-C" context function int amdvi_dpi_run(input int handle);
  import "DPI-C" context function int amdvi_dpi_translate(input int handle, input int device, input int op, input int at,
      input int flags, input int pasid, input longint address, input longint length, output int ok, output longint pa,
      output int perm, output int reason);
  import "DPI-C" context function int amdvi_dpi_look(input int handle, input int device, input int op, input int at,
      input int flags, input int pasid, input longint address, input longint length, output int ok, output longint pa,
      output int perm, output int reason);
  import "DPI-C" context function int amdvi_dpi_interrupt(input int handle, input int device, input longint address,
      input int data, output int ok, output longint new_address, output int new_data);
  import "DPI-C" context function int amdvi_dpi_page_request(input int handle, input int device, input int flags, input int pasid,
      input longint address, input int index, output int ok, output int reason);
  import "DPI-C" function int amdvi_dpi_effect(input int handle, output int kind, output longint address,
      output longint data, output int length);
  import "DPI-C" context function string amdvi_dpi_explain(input int handle, input int device, input int op, input int flags,
      input int pasid, input longint address);
  import "DPI-C" context function string amdvi_dpi_explain_interrupt(input int handle, input int device, input int data);
  import "DPI-C" function string amdvi_dpi_text(input int status);

endpackage
