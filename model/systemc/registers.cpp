// SPDX-License-Identifier: Apache-2.0
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include "model/systemc/registers.h"

#include "model/systemc/core.h"
#include "model/systemc/words.h"

#include <algorithm>
#include <cstring>

namespace amdvi::face
{

enum : std::uint64_t { VF_BYTES = 4096, VFC_BYTES = 64, GUESTS = 65536, PCI_BYTES = 4096 };

register_port::register_port(core &c, inside::space which) : answers(c.times), core_(c), which_(which)
{
}

/* ---------------------------------------------------------------- what is served */

bool register_port::width_served(unsigned length) const
{
    const bool small = which_ == inside::PCI && (length == 1 || length == 2);

    return small || length == 4 || length == 8;
}

static bool all_bytes(const tlm::tlm_generic_payload &payload)
{
    const unsigned char *enables = payload.get_byte_enable_ptr();
    const unsigned length = std::min(payload.get_byte_enable_length(), payload.get_data_length());

    return !enables || (length > 0 &&
                        std::all_of(enables, enables + length, [](auto e) { return e == TLM_BYTE_ENABLED; }));
}

tlm::tlm_response_status register_port::judged(const tlm::tlm_generic_payload &payload) const
{
    const unsigned length = payload.get_data_length();

    if (!payload.is_read() && !payload.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (!all_bytes(payload))
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (!width_served(length) || payload.get_streaming_width() < length || !payload.get_data_ptr())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (which_ == inside::PCI && payload.get_address() > PCI_BYTES - length)
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (which_ == inside::PCI && payload.get_address() % length != 0)
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if ((which_ == inside::VF && payload.get_address() / VF_BYTES >= GUESTS) ||
        (which_ == inside::VFC && payload.get_address() / VFC_BYTES >= GUESTS))
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

static tlm::tlm_response_status response_of(amdvi_status status)
{
    switch (status) {
    case AMDVI_OK:
        return tlm::TLM_OK_RESPONSE;
    case AMDVI_ERR_ACCESS:
    case AMDVI_ERR_UNSUPPORTED:
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    default:
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
}

/* ---------------------------------------------------------------- accesses; inside */

amdvi_status register_port::read(std::uint64_t address, unsigned size, std::uint64_t &value)
{
    amdvi_device *device = core_.device.get();

    switch (which_) {
    case inside::REGS:
        return amdvi_mmio_read(device, address, size, &value);
    case inside::PCI:
        return amdvi_pci_read(device, static_cast<unsigned>(address), size, &value);
    case inside::VF:
        return amdvi_vf_read(device, static_cast<std::uint16_t>(address / VF_BYTES), address % VF_BYTES, size,
                             &value);
    default:
        return amdvi_vfc_read(device, static_cast<std::uint16_t>(address / VFC_BYTES), address % VFC_BYTES,
                              size, &value);
    }
}

amdvi_status register_port::write(std::uint64_t address, unsigned size, std::uint64_t value)
{
    amdvi_device *device = core_.device.get();

    switch (which_) {
    case inside::REGS:
        return amdvi_mmio_write(device, address, size, value);
    case inside::PCI:
        return amdvi_pci_write(device, static_cast<unsigned>(address), size, value);
    case inside::VF:
        return amdvi_vf_write(device, static_cast<std::uint16_t>(address / VF_BYTES), address % VF_BYTES,
                              size, value);
    default:
        return amdvi_vfc_write(device, static_cast<std::uint16_t>(address / VFC_BYTES), address % VFC_BYTES,
                               size, value);
    }
}

/* Pointers to memory go as soon as an enable or a table may have changed. */
void register_port::after_write(std::uint64_t address)
{
    if (which_ == inside::REGS)
        core_.register_written(address);
    else if (which_ != inside::VF || !vf_register_moves_only(address % VF_BYTES))
        core_.dmi.revoke_all();
    core_.run();
}

amdvi_status register_port::access(tlm::tlm_generic_payload &payload)
{
    const unsigned size = payload.get_data_length();
    std::uint64_t value = 0;
    amdvi_status status;

    if (payload.is_read()) {
        status = read(payload.get_address(), size, value);
        if (status == AMDVI_OK)
            std::memcpy(payload.get_data_ptr(), &value, size);
        return status;
    }
    std::memcpy(&value, payload.get_data_ptr(), size);
    status = write(payload.get_address(), size, value);
    if (status == AMDVI_OK)
        after_write(payload.get_address());
    return status;
}

void register_port::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    tlm::tlm_response_status status = judged(payload);

    payload.set_dmi_allowed(false);
    if (status == tlm::TLM_OK_RESPONSE && !core_.enter(delay))
        status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    else if (status == tlm::TLM_OK_RESPONSE) {
        status = response_of(access(payload));
        core_.leave(delay);
    }
    payload.set_response_status(status);
}

bool register_port::get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &dmi)
{
    dmi.init();
    dmi.set_start_address(0);
    dmi.set_end_address(~sc_dt::uint64(0));
    dmi.allow_none();
    return false;
}

/* ---------------------------------------------------------------- debug */

/* The aligned word of four bytes; counting accesses is an effect, so that place shows nothing. */
bool register_port::debug_word(std::uint64_t address, std::uint64_t &value)
{
    static const std::uint64_t counted = amdvi_register_find("counted_access")->offset;

    value = 0;
    if ((which_ == inside::PCI && address >= PCI_BYTES) ||
        (which_ == inside::VF && address / VF_BYTES >= GUESTS) ||
        (which_ == inside::VFC && address / VFC_BYTES >= GUESTS))
        return false;
    if (which_ == inside::REGS && address / 8 == counted / 8)
        return true;
    return read(address, 4, value) == AMDVI_OK;
}

unsigned register_port::transport_dbg(tlm::tlm_generic_payload &payload)
{
    sc_core::sc_time none;
    std::uint64_t value;
    unsigned count = 0;

    if (!payload.is_read() || !core_.try_enter(none))
        return 0;
    {
        core::unobserved quiet(core_);
        core_.memory.only_look(true);
        for (; count < payload.get_data_length(); count++) {
            const std::uint64_t address = payload.get_address() + count;
            if (!debug_word(address & ~std::uint64_t(3), value))
                break;
            payload.get_data_ptr()[count] = static_cast<unsigned char>(value >> 8 * (address & 3));
        }
        core_.memory.only_look(false);
    }
    core_.leave(none);
    return count;
}

/* ---------------------------------------------------------------- non-blocking */

tlm::tlm_sync_enum register_port::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                  sc_core::sc_time &delay)
{
    if (phase == tlm::END_RESP)
        return answers.end_response(payload, delay);
    if (phase != tlm::BEGIN_REQ)
        return tlm::TLM_ACCEPTED;
    payload.acquire();
    core_.times.after(
        delay,
        [](void *self, void *what) {
            auto port = static_cast<register_port *>(self);
            port->core_.server.take(*port, *static_cast<tlm::tlm_generic_payload *>(what));
        },
        this, &payload);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

register_server::register_server()
{
    sc_core::sc_spawn([this] { run(); }, sc_core::sc_gen_unique_name("register_server"));
}

void register_server::take(register_port &port, tlm::tlm_generic_payload &payload)
{
    waiting_.push_back({&port, &payload});
    arrived_.notify();
}

void register_server::run()
{
    for (;;) {
        while (waiting_.empty())
            sc_core::wait(arrived_);
        const request next = waiting_.front();
        sc_core::sc_time delay;
        waiting_.pop_front();
        next.port->b_transport(*next.payload, delay);
        if (delay != sc_core::SC_ZERO_TIME)
            sc_core::wait(delay);
        next.port->answers.respond(*next.payload);
    }
}

} // namespace amdvi::face
