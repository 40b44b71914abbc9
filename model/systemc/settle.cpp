// SPDX-License-Identifier: Apache-2.0
/* What the device has asked for while it worked, done now that it does not. */
#include "model/systemc/core.h"

#include <amdvi/host.h>

namespace amdvi::face
{

/* Until nothing is left to do now; also in the middle of a step, which has called somebody. Who is called may
 * throw. */
void core::step_on(sc_core::sc_time *delay)
{
    struct at_it {
        explicit at_it(bool &f) : flag(f), before(f)
        {
            flag = true;
        }
        ~at_it()
        {
            flag = before;
        }
        bool &flag;
        const bool before;
    };
    const at_it now(settling_);

    while (step(delay))
        ;
}

/* `delay`: of the blocking call that this happens in; null: memory is asked by non-blocking transport. What
 * comes up in the middle of an operation is done behind it. */
void core::settle(sc_core::sc_time *delay)
{
    if (settling_ || gate_.called_out())
        return;
    work_ = false;
    step_on(delay);
    timing.arm();
    if (wave.traced() && !gate_.inside())
        wave.update();
}

void core::stir_gently()
{
    if (settling_) {
        work_ = true;
        return;
    }
    gently_ = !times.running();
    stir();
    gently_ = false;
    if (sends())
        something_to_send();
}

void core::something_to_send()
{
    if (settling_)
        return;
    if (times.running()) {
        stir();
    } else if (!sending_) {
        sending_ = true;
        times.after(sc_core::SC_ZERO_TIME, send_now, this, nullptr);
    }
}

void core::send_now(void *context, void *)
{
    auto c = static_cast<core *>(context);

    c->sending_ = false;
    c->stir();
}

bool core::sends() const
{
    return !interrupts_.empty() || !responses_.empty() || transactions.departs() || !asks_.empty();
}

bool core::enter_to_step(sc_core::sc_time *delay, sc_core::sc_time &spent)
{
    if (!(delay ? gate_.enter() : gate_.try_enter()))
        return false;
    memory.spend_on(&spent);
    timing.catch_up_with_events();
    return true;
}

/* Something is to be done inside. */
bool core::pends() const
{
    return transactions.asks_on() || !answers_.empty() || !arrivals_.empty() || !finished_.empty() ||
           pending_devices_;
}

/* False: nothing is left, or somebody else is inside, who settles when he leaves. */
bool core::step(sc_core::sc_time *delay)
{
    sc_core::sc_time unused, &spent = delay ? *delay : unused;
    bool stepped = false;

    if (!gently_ && step_send(delay, spent))
        return true;
    if (!pends())
        return false;
    if (!enter_to_step(delay, spent)) {
        work_ = true;
        return false;
    }
    while (step_inside()) {
        stepped = true;
        timing.catch_up_again();
    }
    gate_.leave();
    return stepped;
}

/* What calls others. */
bool core::step_send(sc_core::sc_time *delay, sc_core::sc_time &spent)
{
    if (!interrupts_.empty() || !responses_.empty())
        step_told(delay, spent);
    else if (transactions.departs())
        transactions.step_out();
    else if (!asks_.empty())
        step_ask(delay, spent);
    else
        return false;
    return true;
}

/* False: nothing is left; what has come has to wait for an answer of this moment. */
bool core::step_inside()
{
    if (transactions.asks_on()) {
        transactions.step_in();
    } else if (!answers_.empty()) {
        const answer a = answers_.front();
        answers_.pop_front();
        take_answer(a);
    } else if (!arrivals_.empty() && !timing.awaits()) {
        flight *const f = arrivals_.front();
        arrivals_.pop_front();
        make_external();
        transactions.begin(f);
    } else if (!finished_.empty()) {
        step_atc();
    } else if (pending_devices_) {
        wait_for_devices();
    } else {
        return false;
    }
    return true;
}

/* The timed executor takes the bytes when it wants them: several may have waited for a line. */
void core::take_answer(const answer &a)
{
    if (!timing.on()) {
        amdvi_memory_done(device.get(), a.id, a.result, a.data);
        return;
    }
    if (a.bytes && a.result == AMDVI_MEMORY_OK)
        memory.arrived(a.address, a.length, a.data);
    timing.answer(a.id, a.result, a.bytes);
}

void core::step_ask(sc_core::sc_time *delay, sc_core::sc_time &spent)
{
    const amdvi_ask ask = asks_.front();
    answer a{ask.id, ask.address, ask.length, ask.kind != AMDVI_ASK_WRITE, AMDVI_MEMORY_OK, {}};

    asks_.pop_front();
    if (timing.on() || (!delay && !settling_by_debug_)) {
        memory.send(ask);
        return;
    }
    a.result = settling_by_debug_ ? memory.debug_answer(ask, a.data) : memory.answer(ask, a.data, spent);
    answers_.push_back(a);
}

/* ---------------------------------------------------------------- caches of devices */

void core::step_atc()
{
    const std::uint32_t tag = finished_.front();

    finished_.pop_front();
    catch_up();
    if (amdvi_atc_complete(device.get(), tag) != AMDVI_OK)
        SC_REPORT_WARNING("/amdvi/atc", ("nobody waits for tag " + std::to_string(tag)).c_str());
    amdvi_run(device.get());
}

/* The invalidation times out, if InvTimeOut says so [2.4]: then is time to look. */
void core::wait_for_devices()
{
    static const std::uint64_t milliseconds[8] = {0, 1, 10, 100, 1000, 10000, 100000, 0};
    const std::uint64_t limit = milliseconds[read_field("control", "InvTimeOut") & 7];

    pending_devices_ = false;
    if (limit > 0)
        times.after(sc_core::sc_time(static_cast<double>(limit), sc_core::SC_MS) +
                        sc_core::sc_time(1, sc_core::SC_NS),
                    time_is_over, this, nullptr);
}

void core::time_is_over(void *context, void *)
{
    auto c = static_cast<core *>(context);
    sc_core::sc_time none;

    if (!c->try_enter(none)) {
        c->times.after(sc_core::sc_time(1, sc_core::SC_US), time_is_over, context, nullptr);
        return;
    }
    c->run();
    c->gate_.leave();
    c->stir();
}

/* ---------------------------------------------------------------- signals */

void core::send_message(const amdvi_irq &irq, sc_core::sc_time *delay, sc_core::sc_time &spent)
{
    std::uint32_t data = irq.data;

    if ((external_ || timing.on()) && !delay)
        memory.send_message(irq.address, data);
    else
        memory.access(tlm::TLM_WRITE_COMMAND, irq.address, &data, sizeof(data), spent);
}

void core::step_told(sc_core::sc_time *delay, sc_core::sc_time &spent)
{
    if (!interrupts_.empty()) {
        const amdvi_irq irq = interrupts_.front();
        interrupts_.pop_front();
        if (amdvi_irq_duty_of(&irq) == AMDVI_IRQ_DUTY_MESSAGE)
            send_message(irq, delay, spent);
        if (interrupt)
            interrupt(irq);
        return;
    }
    const amdvi_prg_response response = responses_.front();
    responses_.pop_front();
    if (prg_response)
        prg_response(response);
}

} // namespace amdvi::face
