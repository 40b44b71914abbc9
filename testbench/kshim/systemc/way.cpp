// SPDX-License-Identifier: GPL-2.0-only
/* The machine's calls as transactions on the sockets of a bridge. */
#include "systemc/bridge.h"

#include <cstdio>

#include <amdvi/host.h>

namespace kshim
{

static std::vector<std::unique_ptr<bridge>> made;

const std::vector<std::unique_ptr<bridge>> &bridges()
{
    return made;
}

/* ---------------------------------------------------------------- life */

/* In the order of the documentation: what sets several keys at once comes before those. */
static std::vector<std::pair<std::string, std::string>> keys_of(const amdvi_config *config)
{
    std::vector<std::pair<std::string, std::string>> keys;
    char value[1024];

    for (std::size_t i = 0; amdvi_config_key_at(i); i++) {
        const char *name = amdvi_config_key_at(i)->name;
        if (amdvi_config_get(config, name, value, sizeof(value)) == AMDVI_OK)
            keys.emplace_back(name, value);
    }
    return keys;
}

static amdvi_status make(const machine_order *order, bool timed, void **unit, amdvi_device **device)
{
    amdvi::iommu_options options;

    options.ports = PORTS;
    options.config = keys_of(order->config);
    if (timed)
        options.config.emplace_back("timing", "on");
    made.push_back(
        std::make_unique<bridge>(("machine" + std::to_string(order->index)).c_str(), *order, options, timed));
    *unit = made.back().get();
    *device = made.back()->iommu.device();
    return AMDVI_OK;
}

static bridge *of(void *unit)
{
    return static_cast<bridge *>(unit);
}

/* ---------------------------------------------------------------- the processor */

static bool place_of(bridge *unit, std::uint64_t spa, bridge::window &which, std::uint64_t &offset)
{
    amdvi_bus_place place{};

    amdvi_bus_find(unit->iommu.device(), spa, &place);
    which = place.space == AMDVI_BUS_VF           ? bridge::VF
            : place.space == AMDVI_BUS_VF_CONTROL ? bridge::VFC
                                                  : bridge::REGS;
    offset = place.offset;
    if (which != bridge::REGS)
        offset += static_cast<std::uint64_t>(place.guest_id) * (which == bridge::VF ? 4096 : 64);
    return place.space != AMDVI_BUS_NOTHING;
}

static amdvi_status bus(void *unit, tlm::tlm_command command, std::uint64_t spa, unsigned size,
                        std::uint64_t &value)
{
    bridge::window which;
    std::uint64_t offset;

    if (!place_of(of(unit), spa, which, offset))
        return AMDVI_ERR_UNSUPPORTED;
    return of(unit)->access(which, command, offset, value, size);
}

static amdvi_status bus_read(void *unit, std::uint64_t spa, unsigned size, std::uint64_t *value)
{
    *value = 0;
    return bus(unit, tlm::TLM_READ_COMMAND, spa, size, *value);
}

static amdvi_status bus_write(void *unit, std::uint64_t spa, unsigned size, std::uint64_t value)
{
    return bus(unit, tlm::TLM_WRITE_COMMAND, spa, size, value);
}

static amdvi_status pci_read(void *unit, unsigned offset, unsigned size, std::uint64_t *value)
{
    *value = 0;
    return of(unit)->access(bridge::PCI, tlm::TLM_READ_COMMAND, offset, *value, size);
}

static amdvi_status pci_write(void *unit, unsigned offset, unsigned size, std::uint64_t value)
{
    return of(unit)->access(bridge::PCI, tlm::TLM_WRITE_COMMAND, offset, value, size);
}

/* ---------------------------------------------------------------- devices */

static amdvi_status dma(void *unit, const amdvi_request *request, void *data, amdvi_result *result)
{
    return of(unit)->dma(*request, data, *result);
}

static amdvi_status translate(void *unit, const amdvi_request *request, amdvi_result *result)
{
    return of(unit)->dma(*request, nullptr, *result);
}

static amdvi_status interrupt(void *unit, std::uint16_t requester, std::uint64_t address, std::uint32_t data,
                              amdvi_int_result *result)
{
    return of(unit)->interrupt(requester, address, data, *result);
}

static amdvi_status page_request(void *unit, const struct amdvi_page_request *request,
                                 amdvi_page_request_result *result)
{
    *result = of(unit)->iommu.page_request(*request);
    return AMDVI_OK;
}

static amdvi_status atc_complete(void *unit, std::uint32_t tag)
{
    of(unit)->iommu.atc_complete(tag);
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- time */

static sc_core::sc_time nanoseconds(std::uint64_t ns)
{
    return sc_core::sc_time::from_value(ns * sc_core::sc_time(1, sc_core::SC_NS).value());
}

static void advance(void *, std::uint64_t, std::uint64_t now)
{
    start_simulation();
    if (nanoseconds(now) > sc_core::sc_time_stamp())
        sc_core::wait(nanoseconds(now) - sc_core::sc_time_stamp());
}

static std::uint64_t now(void *)
{
    const std::uint64_t tick = sc_core::sc_time(1, sc_core::SC_NS).value();

    return (sc_core::sc_time_stamp().value() + tick - 1) / tick;
}

static machine_way way(bool timed)
{
    machine_way w{};

    w.create = timed ? [](void *, const machine_order *order, void **unit,
                          amdvi_device **device) { return make(order, true, unit, device); }
                     : [](void *, const machine_order *order, void **unit, amdvi_device **device) {
                           return make(order, false, unit, device);
                       };
    w.destroy = [](void *) {}; /* modules stay to the end of the simulation */
    w.reset = [](void *unit) {
        start_simulation();
        of(unit)->iommu.reset();
        return AMDVI_OK;
    };
    w.bus_read = bus_read;
    w.bus_write = bus_write;
    w.pci_read = pci_read;
    w.pci_write = pci_write;
    w.dma = dma;
    w.interrupt = interrupt;
    w.translate = translate;
    w.page_request = page_request;
    w.atc_complete = atc_complete;
    w.work = [](void *) { return false; }; /* a register write runs the rings */
    w.advance = advance;
    w.now = now;
    return w;
}

const machine_way way_systemc = way(false), way_systemc_timed = way(true);

} // namespace kshim
