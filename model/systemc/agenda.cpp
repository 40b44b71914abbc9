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

void agenda::alarm_at(const sc_core::sc_time &when)
{
    if (alarm_set_ && alarm_.when <= when)
        return;
    alarm_set_ = true;
    alarm_.when = when;
    if (!running_)
        event_.notify(when > sc_core::sc_time_stamp() ? when - sc_core::sc_time_stamp()
                                                      : sc_core::SC_ZERO_TIME);
}

bool agenda::alarm_due()
{
    if (!alarm_set_ || alarm_.when > sc_core::sc_time_stamp())
        return false;
    alarm_set_ = false;
    return true;
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
    do {
        while (due(next))
            next.act(next.context, next.what);
        if (alarm_due())
            alarm_.act(alarm_.context, alarm_.what);
    } while (!now_.empty());
    running_ = false;
    if (!next_delta_.empty()) {
        for (const item &entry : next_delta_)
            now_.push_back(entry);
        next_delta_.clear();
        event_.notify(sc_core::SC_ZERO_TIME);
    }
    notify_later();
}

/* Of several notifications of an event the kernel keeps the earliest. */
void agenda::notify_later()
{
    const sc_core::sc_time now = sc_core::sc_time_stamp();

    if (!later_.empty())
        event_.notify(later_.top().when - now);
    if (alarm_set_ && (later_.empty() || alarm_.when < later_.top().when))
        event_.notify(alarm_.when > now ? alarm_.when - now : sc_core::SC_ZERO_TIME);
}

} // namespace amdvi::face
