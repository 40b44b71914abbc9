// SPDX-License-Identifier: Apache-2.0
/* Payloads of the module's own, with reference counts: they come back when nobody holds them any more. */
#ifndef AMDVI_SYSTEMC_PAYLOADS_H
#define AMDVI_SYSTEMC_PAYLOADS_H

#include <cstdint>
#include <memory>
#include <vector>

#include <tlm>

namespace amdvi::face
{

class payloads : public tlm::tlm_mm_interface
{
  public:
    ~payloads() override;
    /* Held once; release() gives it back. */
    tlm::tlm_generic_payload *get();
    void free(tlm::tlm_generic_payload *payload) override;

  private:
    std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
    std::vector<tlm::tlm_generic_payload *> free_;
};

/* As a transaction of `length` bytes without byte enables, not yet answered. */
void payload_set(tlm::tlm_generic_payload &payload, tlm::tlm_command command, std::uint64_t address,
                 void *data, unsigned length);

/* The extensions of `from` are those of `to`, too: the same objects. */
void extensions_lend(tlm::tlm_generic_payload &from, tlm::tlm_generic_payload &to);
/* Takes them away again; what the target has put there or exchanged goes to `owner`. */
void extensions_return(tlm::tlm_generic_payload &owner, tlm::tlm_generic_payload &borrower);

} // namespace amdvi::face

#endif
