// SPDX-License-Identifier: Apache-2.0
/* What a waveform shows of a module: rings, what is under way, messages. Kept up to date only when somebody
 * asked for it. */
#ifndef AMDVI_SYSTEMC_SIGNALS_H
#define AMDVI_SYSTEMC_SIGNALS_H

#include <cstdint>
#include <string>

#include <systemc>

namespace amdvi::face
{

class core;

class signals
{
  public:
    explicit signals(core &c) : core_(c)
    {
    }
    /* Before the simulation begins. */
    void trace(sc_core::sc_trace_file *file, const std::string &name);
    bool traced() const
    {
        return traced_;
    }
    /* The module's state may have changed. */
    void update();
    void message()
    {
        interrupts_++;
    }

  private:
    enum { COMMAND_HEAD, COMMAND_TAIL, EVENT_HEAD, EVENT_TAIL, PPR_HEAD, PPR_TAIL, RINGS };

    core &core_;
    bool traced_ = false;
    std::uint32_t ring_[RINGS] = {}; /* bytes from the ring's base */
    std::uint32_t requests_ = 0, accesses_ = 0, walkers_ = 0, interrupts_ = 0;
};

} // namespace amdvi::face

#endif
