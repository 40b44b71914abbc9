// SPDX-License-Identifier: Apache-2.0
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include "model/systemc/agenda.h"

namespace amdvi::face
{

agenda::agenda()
{
    sc_core::sc_spawn_options options;

    options.spawn_method();
    options.dont_initialize();
    options.set_sensitivity(&event_);
    sc_core::sc_spawn([this] { run(); }, sc_core::sc_gen_unique_name("agenda"), &options);
}

void agenda::after(const sc_core::sc_time &delay, action act, void *context, void *what)
{
    item entry{sc_core::sc_time_stamp() + delay, number_++, act, context, what};

    if (delay == sc_core::SC_ZERO_TIME) {
        now_.push_back(entry);
        if (!running_)
            event_.notify(sc_core::SC_ZERO_TIME);
    } else {
        later_.push(entry);
        if (!running_)
            event_.notify(delay);
    }
}

void agenda::after_delta(action act, void *context, void *what)
{
    const item entry{sc_core::sc_time_stamp(), number_++, act, context, what};

    if (running_) {
        next_delta_.push_back(entry);
        return;
    }
    now_.push_back(entry);
    event_.notify(sc_core::SC_ZERO_TIME);
}

/* Takes out what comes next, if its time has come. What lies in both was entered at different times for the
 * same one: the number decides. */
bool agenda::due(item &next)
{
    bool later = !later_.empty() && later_.top().when <= sc_core::sc_time_stamp();

    if (later && (now_.empty() || later_.top().number < now_.front().number)) {
        next = later_.top();
        later_.pop();
        return true;
    }
    if (now_.empty())
        return false;
    next = now_.front();
    now_.pop_front();
    return true;
}

void agenda::run()
{
    item next;

    running_ = true;
    while (due(next))
        next.act(next.context, next.what);
    running_ = false;
    if (!next_delta_.empty()) {
        now_.insert(now_.end(), next_delta_.begin(), next_delta_.end());
        next_delta_.clear();
        event_.notify(sc_core::SC_ZERO_TIME);
    }
    if (!later_.empty())
        event_.notify(later_.top().when - sc_core::sc_time_stamp());
}

} // namespace amdvi::face
