// SPDX-License-Identifier: Apache-2.0
/* What is to be done at a later time of the simulation, in the order of time, then of entry. */
#ifndef AMDVI_SYSTEMC_AGENDA_H
#define AMDVI_SYSTEMC_AGENDA_H

#include <cstdint>
#include <queue>
#include <vector>

#include <systemc>

#include "model/systemc/fifo.h"

namespace amdvi::face
{

class agenda
{
  public:
    using action = void (*)(void *context, void *what);

    /* While a module is constructed: it owns the process. */
    agenda();
    /* After `delay` from now, in a method process: it must not wait. */
    void after(const sc_core::sc_time &delay, action act, void *context, void *what);

    /* The same one delta cycle later. */
    void after_delta(action act, void *context, void *what);
    /* One thing more, which is often put off or brought forward: done once, at the time that was set last or
     * earlier. No time is set yet. */
    void alarm_does(action act, void *context, void *what)
    {
        alarm_set_ = false;
        alarm_ = {sc_core::SC_ZERO_TIME, 0, act, context, what};
    }
    void alarm_at(const sc_core::sc_time &when);
    /* Somebody of the platform is in the middle of a call of his. */
    class visit
    {
      public:
        explicit visit(agenda &times) : times_(times)
        {
            times_.visitors_++;
        }
        ~visit()
        {
            times_.visitors_--;
        }
        visit(const visit &) = delete;
        visit &operator=(const visit &) = delete;

      private:
        agenda &times_;
    };
    /* It is acting now: what is called from here is called from the module's own process, and not in the
     * middle of a call of somebody whom that has called. */
    bool running() const
    {
        return running_ && visitors_ == 0;
    }

  private:
    struct item {
        sc_core::sc_time when;
        std::uint64_t number;
        action act;
        void *context, *what;
        bool operator<(const item &other) const
        {
            return when != other.when ? when > other.when : number > other.number;
        }
    };
    void run();
    bool due(item &next);
    bool alarm_due();
    void notify_later();

    std::vector<item> next_delta_;
    fifo<item> now_; /* most have no delay: no heap for them */
    std::priority_queue<item> later_;
    item alarm_{};
    bool alarm_set_ = false;
    std::uint64_t number_ = 0;
    bool running_ = false;
    unsigned visitors_ = 0;
    sc_core::sc_event event_;
};

} // namespace amdvi::face

#endif
