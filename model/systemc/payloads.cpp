// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/payloads.h"

namespace amdvi::face
{

payloads::~payloads()
{
    /* What is still under way may hold extensions of others. */
    for (auto &payload : all_) {
        payload->set_mm(nullptr);
        payload->resize_extensions();
        for (unsigned i = 0; i < tlm::max_num_extensions(); i++)
            payload->set_extension(i, nullptr);
    }
}

tlm::tlm_generic_payload *payloads::get()
{
    tlm::tlm_generic_payload *payload;

    if (free_.empty()) {
        all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
        payload = all_.back().get();
    } else {
        payload = free_.back();
        free_.pop_back();
    }
    payload->acquire();
    return payload;
}

void payloads::free(tlm::tlm_generic_payload *payload)
{
    payload->reset();
    free_.push_back(payload);
}

void payload_set(tlm::tlm_generic_payload &payload, tlm::tlm_command command, std::uint64_t address,
                 void *data, unsigned length)
{
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(static_cast<unsigned char *>(data));
    payload.set_data_length(length);
    payload.set_streaming_width(length);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_byte_enable_length(0);
    payload.set_dmi_allowed(false);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

void extensions_lend(tlm::tlm_generic_payload &from, tlm::tlm_generic_payload &to)
{
    to.resize_extensions();
    from.resize_extensions();
    for (unsigned i = 0; i < tlm::max_num_extensions(); i++)
        to.set_extension(i, from.get_extension(i));
}

/* The target's own extension: it stays with its payload's memory manager if it is one that goes by itself, so
 * the owner gets a copy. */
static void take_over(tlm::tlm_generic_payload &owner, unsigned index, tlm::tlm_extension_base *extension)
{
    tlm::tlm_extension_base *copy = extension ? extension->clone() : nullptr;

    if (copy && owner.has_mm())
        owner.set_auto_extension(index, copy);
    else
        owner.set_extension(index, copy);
}

void extensions_return(tlm::tlm_generic_payload &owner, tlm::tlm_generic_payload &borrower)
{
    for (unsigned i = 0; i < tlm::max_num_extensions(); i++) {
        if (borrower.get_extension(i) == owner.get_extension(i))
            borrower.set_extension(i, nullptr);
        else
            take_over(owner, i, borrower.get_extension(i));
    }
    borrower.reset();
    for (unsigned i = 0; i < tlm::max_num_extensions(); i++) {
        if (borrower.get_extension(i))
            borrower.get_extension(i)->free();
        borrower.set_extension(i, nullptr);
    }
}

} // namespace amdvi::face
