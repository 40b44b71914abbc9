// SPDX-License-Identifier: GPL-2.0-only
#include "systemc/bridge.h"

#include <cstring>

#include <amdvi/host.h>

namespace kshim
{

using sc_core::sc_time;

/* ---------------------------------------------------------------- memory */

address_space::address_space(sc_core::sc_module_name name, const amdvi_memory &memory, const sc_time &latency)
    : sc_core::sc_module(name), socket("socket"), memory_(memory), latency_(latency)
{
    socket.register_b_transport(this, &address_space::access);
    socket.register_transport_dbg(this, &address_space::debug);
}

/* FEEx_xxxxh, also with the upper bits of the destination in address bits 63:40 [8.4]. */
static bool is_message(const tlm::tlm_generic_payload &p)
{
    return p.is_write() && p.get_data_length() == 4 && (p.get_address() >> 20 & 0xfffff) == 0xfee;
}

bool address_space::move(tlm::tlm_generic_payload &p)
{
    const auto result =
        p.is_read() ? memory_.read(memory_.context, p.get_address(), p.get_data_ptr(), p.get_data_length())
                    : memory_.write(memory_.context, p.get_address(), p.get_data_ptr(), p.get_data_length());

    return result == AMDVI_MEMORY_OK;
}

void address_space::access(tlm::tlm_generic_payload &p, sc_time &delay)
{
    bool good = true;

    delay += latency_;
    if (is_message(p)) {
        last = {true, p.get_address(), 0};
        std::memcpy(&last.data, p.get_data_ptr(), sizeof(last.data));
    } else {
        good = move(p);
    }
    p.set_response_status(good ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

unsigned address_space::debug(tlm::tlm_generic_payload &p)
{
    return !is_message(p) && move(p) ? p.get_data_length() : 0;
}

/* ---------------------------------------------------------------- putting it together */

bridge::bridge(sc_core::sc_module_name name, const machine_order &order, const amdvi::iommu_options &options,
               bool timed)
    : sc_core::sc_module(name), iommu("iommu", options), timed_(timed), callbacks_(order.callbacks),
      devices_("device", PORTS), windows_("window", WINDOWS),
      out_("out_space", order.memory, sc_time(80, sc_core::SC_NS)),
      mem_("mem_space", order.memory, sc_time(80, sc_core::SC_NS))
{
    join("in0", devices_[0], iommu.in[0], true);
    join("in1", devices_[1], iommu.in[1], true);
    join("regs", windows_[REGS], iommu.regs, true);
    join("pci", windows_[PCI], iommu.pci, true);
    join("vf", windows_[VF], iommu.vf, true);
    join("vfc", windows_[VFC], iommu.vfc, true);
    join("out", iommu.out, out_.socket, false);
    join("mem", iommu.mem, mem_.socket, false);
    iommu.on_interrupt([this](const amdvi_irq &irq) { on_interrupt(irq); });
    iommu.on_atc_invalidate([this](const amdvi_atc_invalidation &what) {
        return callbacks_.atc_invalidate(callbacks_.context, &what);
    });
    iommu.on_prg_response(
        [this](const amdvi_prg_response &what) { callbacks_.prg_response(callbacks_.context, &what); });
}

template <typename FROM, typename TO> void bridge::join(const char *name, FROM &from, TO &to, bool strict)
{
    checkers.push_back(std::make_unique<testbench::checker<BUS_BITS>>(name));
    checkers.back()->rules.strict = strict;
    from.bind(checkers.back()->up);
    checkers.back()->down.bind(to);
}

/* Without time the message has left on `mem` just before. */
void bridge::on_interrupt(const amdvi_irq &irq)
{
    if (!timed_ && amdvi_irq_duty_of(&irq) == AMDVI_IRQ_DUTY_MESSAGE)
        messages_missed += !mem_.last.any || mem_.last.address != irq.address || mem_.last.data != irq.data;
    mem_.last.any = false;
    callbacks_.interrupt(callbacks_.context, &irq);
}

/* ---------------------------------------------------------------- transactions */

tlm::tlm_response_status bridge::send(initiator &socket, tlm::tlm_command command, std::uint64_t address,
                                      void *data, unsigned length, amdvi::dma_extension *who)
{
    tlm::tlm_generic_payload p;
    sc_time delay;

    start_simulation();
    p.set_command(command);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char *>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_extension(who);
    socket->b_transport(p, delay);
    p.clear_extension(who);
    sc_core::wait(delay);
    return p.get_response_status();
}

amdvi_status bridge::access(window which, tlm::tlm_command command, std::uint64_t offset,
                            std::uint64_t &value, unsigned size)
{
    switch (send(windows_[which], command, offset, &value, size, nullptr)) {
    case tlm::TLM_OK_RESPONSE:
        return AMDVI_OK;
    case tlm::TLM_GENERIC_ERROR_RESPONSE:
        return AMDVI_ERR_BUSY;
    default:
        return AMDVI_ERR_ACCESS;
    }
}

static amdvi::dma_extension extension_of(const amdvi_request &request)
{
    using type = amdvi::dma_extension::address_type;
    static const type types[] = {type::untranslated, type::translation_request, type::translated};
    amdvi::dma_extension who;

    who.device_id = request.device;
    who.has_pasid = request.has_pasid;
    who.pasid = request.pasid;
    who.privileged = request.privileged;
    who.type = types[request.at];
    who.execute = request.op == AMDVI_EXECUTE || request.execute;
    who.no_write = request.no_write;
    who.atomic = request.op == AMDVI_ATOMIC;
    return who;
}

/* A translation request brings an entry of 8 bytes; what the machine wants is the verdict. */
amdvi_status bridge::dma(const amdvi_request &request, void *data, amdvi_result &result)
{
    const bool asks = request.at == AMDVI_TRANSLATION_REQUEST;
    const bool writes = !asks && (request.op == AMDVI_WRITE || request.op == AMDVI_ATOMIC);
    amdvi::dma_extension who = extension_of(request);
    std::uint64_t entry = 0;
    const auto response =
        send(devices_[request.device >> 8 != 0], writes ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
             request.address, asks ? &entry : data, asks ? 8 : static_cast<unsigned>(request.length), &who);

    result = who.result;
    if (response == tlm::TLM_OK_RESPONSE || (response == tlm::TLM_ADDRESS_ERROR_RESPONSE && !result.ok))
        return AMDVI_OK;
    return response == tlm::TLM_ADDRESS_ERROR_RESPONSE ? AMDVI_ERR_MEMORY : AMDVI_ERR_ARGUMENT;
}

/* The message is what came out, if any did: a posted interrupt leaves nothing on `out`. */
amdvi_status bridge::interrupt(std::uint16_t requester, std::uint64_t address, std::uint32_t data,
                               amdvi_int_result &result)
{
    amdvi_request request{};
    amdvi_result verdict{};
    amdvi_status status;

    request.device = requester;
    request.op = AMDVI_WRITE;
    request.address = address;
    request.length = sizeof(data);
    out_.last.any = false;
    status = dma(request, &data, verdict);
    result = amdvi_int_result{};
    result.ok = verdict.ok;
    result.fault = verdict.fault;
    result.posted = verdict.ok && !out_.last.any;
    result.address = out_.last.address;
    result.data = out_.last.data;
    return status;
}

} // namespace kshim
