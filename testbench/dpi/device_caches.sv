// SPDX-License-Identifier: Apache-2.0
// INVALIDATE_IOTLB_PAGES as a part of the design under test (6.2, 6.3): the request to a device's own translation cache.
module device_caches (
    input logic clk, rst,
    input int bug,
    input logic invalidate, input logic [127:0] cmd,  // a command of that kind is taken
    output logic atc_valid, output logic [15:0] atc_device, output logic atc_guest, output logic [19:0] atc_pasid,
    output logic [63:0] atc_address, output logic [5:0] atc_length);

  // The lowest zero at or above bit 12 ends the ones that say how large the range is; 0: everything.
  function automatic logic [5:0] length_of(logic [127:0] c);
    if (!c[64]) return 12;
    for (int n = 12; n < 51; n++) if (!c[64 + n]) return bug == 53 ? 6'(n) : 6'(n + 1);
    return 0;
  endfunction

  always_ff @(posedge clk) begin
    atc_valid <= invalidate && !rst && bug != 54;
    atc_device <= cmd[15:0];
    atc_guest <= cmd[66];
    // In three pieces.
    atc_pasid <= !cmd[66] ? 20'h0 : bug == 55 ? {cmd[59:56], cmd[55:48], cmd[23:16]} : {cmd[59:56], cmd[23:16], cmd[55:48]};
    atc_length <= length_of(cmd);
    atc_address <= length_of(cmd) == 0 ? 64'h0 : {cmd[127:76], 12'h0} & (64'hffffffffffffffff << length_of(cmd));
  end
endmodule
