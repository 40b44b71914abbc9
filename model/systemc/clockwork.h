// SPDX-License-Identifier: Apache-2.0
/* With timing=on: the library's timed executor, run by the clock of the simulation; its memory is the socket
 * `mem`. */
#ifndef AMDVI_SYSTEMC_CLOCKWORK_H
#define AMDVI_SYSTEMC_CLOCKWORK_H

#include <cstdint>
#include <memory>
#include <string>

#include <amdvi/timed.h>
#include <systemc>

namespace amdvi::face
{

class core;

class clockwork
{
  public:
    explicit clockwork(core &c) : core_(c)
    {
    }
    bool on() const
    {
        return static_cast<bool>(timed_);
    }
    /* A key that is the executor's: timing, timing.preset, a parameter with or without "timing." before it.
     * AMDVI_ERR_UNKNOWN_KEY for others. */
    amdvi_status set(const std::string &key, const std::string &value);
    bool wanted() const
    {
        return wanted_;
    }
    /* Takes the device on; its time begins now. */
    amdvi_status start();
    void stop();

    /* Everything up to the present happens, unless an answer of memory that has its place before is to come
     * at this very moment. Inside. */
    void catch_up()
    {
        if (!timed_)
            return;
        present_ = now();
        run(present_);
    }
    /* The same; the executor's clock stays behind when nothing is due. */
    void catch_up_with_events()
    {
        if (!timed_)
            return;
        present_ = now();
        catch_up_again();
    }
    /* The same, at the same time as the last one. */
    void catch_up_again()
    {
        if (timed_ && amdvi_timed_next(timed_.get()) <= present_)
            run(present_);
    }
    /* It is. Requests that come now have their place behind it. */
    bool awaits() const
    {
        return timed_ && amdvi_timed_awaits(timed_.get());
    }
    amdvi_status request(unsigned port, const amdvi_request &request, std::uint64_t tag);
    amdvi_status interrupt(unsigned port, const amdvi_request &request, std::uint32_t data,
                           std::uint64_t tag);
    /* Memory has answered; the bytes come from the device's own memory, unless there is an error. */
    void answer(std::uint64_t id, amdvi_memory_result result, bool bytes);
    /* Asks to be woken when something happens next. */
    void arm();
    /* At work at this moment; without time there are none. */
    std::uint32_t busy_walkers() const
    {
        return amdvi_timed_busy_walkers(timed_.get());
    }
    /* From now to a time of the executor's. */
    sc_core::sc_time until(std::uint64_t ps) const
    {
        return picoseconds(ps - present_);
    }
    /* What a request that caches answer takes, for blocking transport. */
    const sc_core::sc_time &hit_latency() const
    {
        return hit_latency_;
    }

  private:
    struct deleter {
        void operator()(amdvi_timed *timed) const
        {
            amdvi_timed_destroy(timed);
        }
    };
    std::uint64_t now() const;
    std::uint64_t parameter(const char *name) const;
    unsigned port_of(unsigned port) const;
    sc_core::sc_time picoseconds(std::uint64_t ps) const;
    static void look_again(void *context, void *self);
    void run(std::uint64_t until);
    void issue(const amdvi_ask &ask);
    void await();
    void give_up();

    core &core_;
    bool wanted_ = false, prepared_ = false;
    amdvi_timed_parameters parameters_{};
    std::unique_ptr<amdvi_timed, deleter> timed_;
    sc_core::sc_time begun_, hit_latency_;
    std::uint64_t present_ = 0;              /* as of the last time that somebody has come inside, ps */
    sc_core::sc_time::value_type units_ = 1; /* of the simulation in a picosecond */
    unsigned l1_ports_ = 1;
    std::uint64_t read_ps_ = 0, write_ps_ = 0; /* what memory should take */
    bool looking_again_ = false;
    unsigned quiet_ = 0;  /* delta cycles in which the answer that is awaited has not come */
    unsigned missed_ = 0; /* answers that came at another time than expected */
};

} // namespace amdvi::face

#endif
