// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/signals.h"

#include "model/systemc/core.h"

#include <amdvi/layout.h>

namespace amdvi::face
{

/* Names of registers are those of their signals, too. */
static const char *const rings[] = {"cmd_head",   "cmd_tail", "event_head",
                                    "event_tail", "ppr_head", "ppr_tail"};

void signals::trace(sc_core::sc_trace_file *file, const std::string &name)
{
    traced_ = true;
    for (unsigned i = 0; i < RINGS; i++)
        sc_core::sc_trace(file, ring_[i], name + "." + rings[i]);
    sc_core::sc_trace(file, requests_, name + ".requests");
    sc_core::sc_trace(file, accesses_, name + ".accesses");
    sc_core::sc_trace(file, walkers_, name + ".walkers");
    sc_core::sc_trace(file, interrupts_, name + ".interrupts");
}

/* Registers are read behind the back of observers. */
void signals::update()
{
    core::unobserved quiet(core_);

    for (unsigned i = 0; i < RINGS; i++) {
        const amdvi_register *reg = amdvi_register_find(rings[i]);
        std::uint64_t value = 0;
        amdvi_mmio_read(core_.device.get(), reg->offset, reg->width, &value);
        ring_[i] = static_cast<std::uint32_t>(value);
    }
    requests_ = core_.transactions.count();
    accesses_ = static_cast<std::uint32_t>(core_.memory.under_way());
    walkers_ = core_.timing.busy_walkers();
}

} // namespace amdvi::face
