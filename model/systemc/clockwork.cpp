// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/clockwork.h"

#include "model/systemc/core.h"

namespace amdvi::face
{

/* ---------------------------------------------------------------- parameters */

amdvi_status clockwork::set(const std::string &key, const std::string &value)
{
    const std::string prefix = "timing.";
    const std::string name = key.compare(0, prefix.size(), prefix) == 0 ? key.substr(prefix.size()) : key;

    if (!prepared_)
        amdvi_timed_preset_parameters(&parameters_, nullptr);
    prepared_ = true;
    if (key == "timing") {
        wanted_ = value == "on";
        return value == "on" || value == "off" ? AMDVI_OK : AMDVI_ERR_BAD_VALUE;
    }
    if (key == "timing.preset")
        return amdvi_timed_preset_parameters(&parameters_, value.c_str());
    return amdvi_timed_set(&parameters_, name.c_str(), value.c_str());
}

std::uint64_t clockwork::parameter(const char *name) const
{
    std::uint64_t value = 0;

    amdvi_timed_get(&parameters_, name, &value);
    return value;
}

/* ---------------------------------------------------------------- life */

sc_core::sc_time clockwork::picoseconds(std::uint64_t ps) const
{
    return sc_core::sc_time::from_value(ps * units_);
}

amdvi_status clockwork::start()
{
    amdvi_timed_host host{};
    amdvi_timed *made = nullptr;
    amdvi_status status;

    host.context = &core_;
    host.issue = [](void *context, const amdvi_ask *ask) {
        static_cast<core *>(context)->timing.issue(*ask);
    };
    host.complete = [](void *context, const amdvi_timed_completion *completion) {
        core::on_complete(context, completion->what);
    };
    status = amdvi_timed_create(core_.device.get(), &parameters_, &host, nullptr, &made);
    if (status != AMDVI_OK)
        return status;
    timed_.reset(made);
    if (core_.options.complete_early)
        amdvi_timed_hear_ahead(made, [](void *context, const amdvi_timed_completion *completion) {
            return static_cast<core *>(context)->transactions.hear(*completion);
        });
    units_ = sc_core::sc_time(1, sc_core::SC_PS).value();
    l1_ports_ = static_cast<unsigned>(parameter("l1.ports"));
    begun_ = sc_core::sc_time_stamp();
    looking_again_ = false;
    core_.times.alarm_does([](void *context, void *) { static_cast<core *>(context)->time_passes(); }, &core_,
                           nullptr);
    quiet_ = missed_ = 0;
    read_ps_ = parameter("memory.latency");
    write_ps_ = parameter("memory.write");
    hit_latency_ = picoseconds(parameter("clock") * (parameter("l1.latency") + 2 * parameter("link.latency") +
                                                     parameter("l2a.latency")));
    return AMDVI_OK;
}

void clockwork::stop()
{
    timed_.reset();
    core_.memory.end_moment(true);
}

std::uint64_t clockwork::now() const
{
    const sc_core::sc_time::value_type passed = sc_core::sc_time_stamp().value() - begun_.value();

    return units_ == 1 ? passed : passed / units_; /* a division takes longer than all the rest */
}

/* ---------------------------------------------------------------- the present */

/* Deltas that a target may take at the time at which its answer is due; mistakes after which nobody expects
 * any more. */
enum : unsigned { PATIENCE = 8, MISTAKES = 32 };

void clockwork::give_up()
{
    quiet_ = 0;
    missed_++;
    amdvi_timed_late(timed_.get());
}

/* Nobody wakes for an answer: one whose time is over shows here. */
void clockwork::run(std::uint64_t until)
{
    bool waits;

    core_.memory.begin_moment();
    amdvi_timed_run(timed_.get(), until);
    while ((waits = awaits()) && amdvi_timed_now(timed_.get()) < until) {
        give_up();
        amdvi_timed_run(timed_.get(), until);
    }
    core_.memory.end_moment(!waits);
}

/* With a memory of the latency that the parameters say, its answers take their places among the executor's
 * own events. */
void clockwork::issue(const amdvi_ask &ask)
{
    const std::uint64_t takes = ask.kind == AMDVI_ASK_WRITE ? write_ps_ : read_ps_;

    if (missed_ < MISTAKES && takes > 0)
        amdvi_timed_memory_expect(timed_.get(), ask.id, amdvi_timed_now(timed_.get()) + takes);
    core::on_issue(&core_, &ask);
}

/* The answer may come in one of the delta cycles of this time. */
void clockwork::await()
{
    if (looking_again_)
        return;
    looking_again_ = true;
    core_.times.after_delta(look_again, &core_, this);
}

void clockwork::look_again(void *context, void *self)
{
    auto work = static_cast<clockwork *>(self);

    work->looking_again_ = false;
    if (work->awaits() && ++work->quiet_ > PATIENCE)
        work->give_up();
    static_cast<core *>(context)->time_passes();
}

void clockwork::arm()
{
    std::uint64_t next;

    if (!timed_)
        return;
    if (awaits()) {
        await();
        return;
    }
    next = amdvi_timed_wake(timed_.get());
    if (next == AMDVI_TIMED_NEVER)
        return;
    core_.times.alarm_at(begun_ + picoseconds(next));
}

/* ---------------------------------------------------------------- requests and memory */

unsigned clockwork::port_of(unsigned port) const
{
    return port % l1_ports_;
}

amdvi_status clockwork::request(unsigned port, const amdvi_request &request, std::uint64_t tag)
{
    return amdvi_timed_request(timed_.get(), present_, port_of(port), &request, tag);
}

amdvi_status clockwork::interrupt(unsigned port, const amdvi_request &request, std::uint32_t data,
                                  std::uint64_t tag)
{
    return amdvi_timed_interrupt(timed_.get(), present_, port_of(port), request.device, request.address, data,
                                 tag);
}

void clockwork::answer(std::uint64_t id, amdvi_memory_result result, bool bytes)
{
    quiet_ = 0;
    core_.memory.begin_moment();
    if (amdvi_timed_now(timed_.get()) != present_)
        amdvi_timed_run(timed_.get(), present_);
    if (result == AMDVI_MEMORY_OK && bytes)
        amdvi_timed_memory_answer(timed_.get(), id);
    else
        amdvi_timed_memory_done(timed_.get(), id, result, nullptr);
    core_.memory.end_moment(false);
}

} // namespace amdvi::face
