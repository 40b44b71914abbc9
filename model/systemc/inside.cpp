// SPDX-License-Identifier: Apache-2.0
/* The module's face to its template, and the extension of payloads. */
#include "model/systemc/core.h"

namespace amdvi
{

tlm::tlm_extension_base *dma_extension::clone() const
{
    return new dma_extension(*this);
}

void dma_extension::copy_from(const tlm::tlm_extension_base &other)
{
    *this = static_cast<const dma_extension &>(other);
}

namespace face
{

inside::inside(const iommu_options &options) : core_(std::make_unique<core>(options))
{
}

inside::~inside() = default;

tlm::tlm_fw_transport_if<> &inside::in(unsigned port)
{
    return *core_->ports[port];
}

tlm::tlm_fw_transport_if<> &inside::registers(space which)
{
    return *core_->spaces[which];
}

tlm::tlm_bw_transport_if<> &inside::out()
{
    return core_->out;
}

tlm::tlm_bw_transport_if<> &inside::mem()
{
    return core_->mem;
}

void inside::connect_in(unsigned port, tlm::tlm_bw_transport_if<> *initiator)
{
    core_->ports[port]->answers.connect(initiator);
}

void inside::connect_registers(space which, tlm::tlm_bw_transport_if<> *initiator)
{
    core_->spaces[which]->answers.connect(initiator);
}

void inside::connect_out(tlm::tlm_fw_transport_if<> *target)
{
    core_->out.connect(target);
}

void inside::connect_mem(tlm::tlm_fw_transport_if<> *target)
{
    core_->mem.connect(target);
    core_->memory.connect(target);
}

void inside::on_atc_invalidate(std::function<amdvi_atc_answer(const amdvi_atc_invalidation &)> function)
{
    core_->atc_invalidate = std::move(function);
}

void inside::on_prg_response(std::function<void(const amdvi_prg_response &)> function)
{
    core_->prg_response = std::move(function);
}

void inside::on_interrupt(std::function<void(const amdvi_irq &)> function)
{
    core_->interrupt = std::move(function);
}

void inside::atc_complete(std::uint32_t tag)
{
    core_->atc_complete(tag);
}

amdvi_page_request_result inside::page_request(const struct amdvi_page_request &request)
{
    return core_->page_request(request);
}

void inside::observe(const amdvi_observer &observer)
{
    core_->observe(observer);
}

void inside::grant_pointers(bool yes)
{
    core_->grant_pointers(yes);
}

void inside::trace(sc_core::sc_trace_file *file, const std::string &name)
{
    core_->wave.trace(file, name);
}

void inside::reset()
{
    core_->reset();
}

amdvi_device *inside::device()
{
    return core_->device.get();
}

} // namespace face

} // namespace amdvi
