// SPDX-License-Identifier: Apache-2.0
/*
 * A device with its sockets. What the library asks for while it works is noted, and done when its call has
 * returned (settle()), so that nobody of the platform is called from the middle of an operation, except
 * memory.
 */
#ifndef AMDVI_SYSTEMC_CORE_H
#define AMDVI_SYSTEMC_CORE_H

#include <cstring>
#include <memory>
#include <vector>

#include <amdvi/external.h>
#include <amdvi/systemc.h>

#include "model/systemc/agenda.h"
#include "model/systemc/clockwork.h"
#include "model/systemc/device_port.h"
#include "model/systemc/dmi.h"
#include "model/systemc/fifo.h"
#include "model/systemc/flights.h"
#include "model/systemc/gate.h"
#include "model/systemc/memory.h"
#include "model/systemc/payloads.h"
#include "model/systemc/registers.h"
#include "model/systemc/sender.h"
#include "model/systemc/signals.h"

namespace amdvi::face
{

struct device_deleter {
    void operator()(amdvi_device *device) const
    {
        amdvi_destroy(device);
    }
};

class core
{
  public:
    explicit core(const iommu_options &options);
    ~core();

    /* A call on the device begins; what it costs is added to `delay`. False: it cannot be made from here. */
    bool enter(sc_core::sc_time &delay)
    {
        if (!gate_.enter())
            return false;
        memory.spend_on(&delay);
        if (timing.on())
            timing.catch_up();
        return true;
    }
    /* The same from a method process or another place where nobody may wait. */
    bool try_enter(sc_core::sc_time &delay);
    /* It has ended; `delay` as above. */
    void leave(sc_core::sc_time &delay)
    {
        gate_.leave();
        if (work_ || timing.on() || wave.traced())
            settle(&delay);
    }
    /* What non-blocking transport has left to do. */
    void stir()
    {
        work_ = true;
        settle(nullptr);
    }
    /* The same from the middle of somebody's call: what calls others is done in the next delta cycle. */
    void stir_gently();
    /* There is. */
    void something_to_send();
    /* Runs the rings. Inside. */
    void run();
    gate &the_gate()
    {
        return gate_;
    }

    /* Other things than page tables decide about pages of 4 KiB: the exclusion range [2.3]. */
    bool pages_matter() const
    {
        return pages_matter_;
    }
    /* Somebody listens to accesses, requests or hits: all of them must come by here. */
    bool watched() const
    {
        return watched_ || !pointers_;
    }
    /* False: nobody gets a pointer, as if somebody listened. */
    void grant_pointers(bool yes);
    /* Software has written a register of the host's window. Inside. */
    void register_written(std::uint64_t offset);
    /* A field of a register of the host, without anybody noticing. */
    std::uint64_t read_field(const char *name, const char *field);
    /* amdvi_look_updates() by debug transport; `updates` may be null. False: it cannot be made from here. */
    bool look(const amdvi_request &request, amdvi_result &result, bool *updates = nullptr);
    bool has_guest_tables(std::uint16_t device);
    /* For the life of the object the user's observer hears nothing. Inside or idle. */
    class unobserved
    {
      public:
        explicit unobserved(core &c);
        ~unobserved();

      private:
        core &core_;
        const bool off_;
    };

    /* From non-blocking transport: a request begins. */
    void arrived(flight *flight);
    /* The same; true: it has ended, `delay` after now. */
    bool ended_early(flight *flight, sc_core::sc_time &delay);
    /* Makes the device one whose memory answers later, from the first non-blocking request on. */
    void make_external();
    /* Memory has answered a question; `data` has AMDVI_ASK_BYTES. */
    void answered(const amdvi_ask &ask, amdvi_memory_result result, const unsigned char *data);
    /* Something of the timed executor is due. */
    void time_passes();
    /* What the library calls. */
    static void on_issue(void *context, const amdvi_ask *ask);
    static void on_complete(void *context, const amdvi_completion *completion);
    void atc_complete(std::uint32_t tag);
    amdvi_page_request_result page_request(const struct amdvi_page_request &request);
    void observe(const amdvi_observer &observer);
    void reset();

    const iommu_options options;
    std::unique_ptr<amdvi_device, device_deleter> device;
    std::function<amdvi_atc_answer(const amdvi_atc_invalidation &)> atc_invalidate;
    std::function<void(const amdvi_prg_response &)> prg_response;
    std::function<void(const amdvi_irq &)> interrupt;

    payloads pool;
    agenda times;
    sender out, mem;
    memory_port memory;
    dmi_grants dmi;
    clockwork timing;
    flights transactions;
    std::vector<std::unique_ptr<device_port>> ports;
    std::unique_ptr<register_port> spaces[inside::SPACES];
    register_server server;
    signals wave;

  private:
    struct callbacks;
    friend struct callbacks;
    struct answer {
        std::uint64_t id, address;
        std::uint32_t length;
        bool bytes; /* it is about what is in memory */
        amdvi_memory_result result;
        unsigned char data[AMDVI_ASK_BYTES];
    };
    void create();
    void start_timing();
    void settle(sc_core::sc_time *delay);
    void step_on(sc_core::sc_time *delay);
    bool step(sc_core::sc_time *delay);
    bool enter_to_step(sc_core::sc_time *delay, sc_core::sc_time &spent);
    bool pends() const;
    bool enter_at_once();
    bool begin_at_once(flight *flight);
    void go_on();
    bool step_inside();
    bool sends() const;
    bool step_send(sc_core::sc_time *delay, sc_core::sc_time &spent);
    static void send_now(void *context, void *unused);
    void step_ask(sc_core::sc_time *delay, sc_core::sc_time &spent);
    void step_told(sc_core::sc_time *delay, sc_core::sc_time &spent);
    void step_atc();
    void take_answer(const answer &a);
    void answer_all_at_once();
    void send_message(const amdvi_irq &irq, sc_core::sc_time *delay, sc_core::sc_time &spent);
    void catch_up();
    void wait_for_devices();
    static void time_is_over(void *context, void *unused);

    gate gate_;
    sc_core::sc_time no_delay_; /* what nobody is charged for */
    bool work_ = false, settling_ = false, external_ = false, settling_by_debug_ = false;
    bool gently_ = false;  /* settling in somebody's call */
    bool sending_ = false; /* something is to be sent in the next delta cycle */
    bool watched_ = false, pointers_ = true, pages_matter_ = false;
    amdvi_observer user_{};
    amdvi_observation *observation_ = nullptr;
    std::uint64_t clock_ = 0; /* nanoseconds that the device has been told of */
    bool pending_devices_ = false;
    fifo<std::uint32_t> finished_; /* tags */
    fifo<flight *> arrivals_;
    fifo<amdvi_ask> asks_;
    fifo<answer> answers_;
    fifo<amdvi_irq> interrupts_;
    fifo<amdvi_prg_response> responses_;
};

} // namespace amdvi::face

#endif
