// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/memory.h"

#include "model/systemc/core.h"

#include <cstring>

namespace amdvi::face
{

static amdvi_memory_result result_of(tlm::tlm_response_status status)
{
    switch (status) {
    case tlm::TLM_OK_RESPONSE:
        return AMDVI_MEMORY_OK;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
    case tlm::TLM_INCOMPLETE_RESPONSE:
        return AMDVI_MEMORY_MASTER_ABORT;
    default:
        return AMDVI_MEMORY_TARGET_ABORT;
    }
}

static bool as_expected(const amdvi_ask &ask, const unsigned char *bytes)
{
    return std::memcmp(bytes, &ask.expected, sizeof(ask.expected)) == 0;
}

/* ---------------------------------------------------------------- at once */

amdvi_memory_result memory_port::look(tlm::tlm_command command, std::uint64_t address, void *data,
                                      std::size_t length)
{
    tlm::tlm_generic_payload *payload = core_.pool.get();
    unsigned count;

    payload_set(*payload, command, address, data, static_cast<unsigned>(length));
    count = target_->transport_dbg(*payload);
    payload->release();
    return count == length ? AMDVI_MEMORY_OK : AMDVI_MEMORY_MASTER_ABORT;
}

void memory_port::arrived(std::uint64_t address, std::uint32_t length, const unsigned char *data)
{
    bytes_read read{address, length, {}};

    std::memcpy(read.data, data, length);
    for (const exchange_made &made : exchanges_)
        if (made.when == sc_core::sc_time_stamp())
            show(read, made);
    arrived_.push_back(read);
}

amdvi_memory_result memory_port::look_now(tlm::tlm_command command, std::uint64_t address, void *data,
                                          std::size_t length)
{
    for (auto read = arrived_.rbegin(); command == tlm::TLM_READ_COMMAND && read != arrived_.rend(); ++read)
        if (address == read->address && length == read->length) {
            std::memcpy(data, read->data, length);
            return AMDVI_MEMORY_OK;
        }
    return look(command, address, data, length);
}

amdvi_memory_result memory_port::access(tlm::tlm_command command, std::uint64_t address, void *data,
                                        std::size_t length, sc_core::sc_time &delay)
{
    tlm::tlm_generic_payload *payload;
    amdvi_memory_result result;

    if (!target_)
        return AMDVI_MEMORY_MASTER_ABORT;
    if (looking_)
        return command == tlm::TLM_READ_COMMAND ? look(command, address, data, length)
                                                : AMDVI_MEMORY_TARGET_ABORT;
    if (in_moment_)
        return look_now(command, address, data, length);
    payload = core_.pool.get();
    payload_set(*payload, command, address, data, static_cast<unsigned>(length));
    core_.the_gate().going_out();
    target_->b_transport(*payload, delay);
    result = result_of(payload->get_response_status());
    payload->release();
    return result;
}

/* A read of this moment, whose place lies behind the exchange, sees it: also one that memory had executed
 * just before. */
void memory_port::show(bytes_read &read, const exchange_made &made)
{
    if (made.address < read.address || made.address + sizeof(made.after) > read.address + read.length)
        return;
    unsigned char *at = read.data + (made.address - read.address);
    if (std::memcmp(at, &made.before, sizeof(made.before)) == 0)
        std::memcpy(at, &made.after, sizeof(made.after));
}

void memory_port::exchanged(std::uint64_t address, std::uint64_t before, std::uint64_t after)
{
    const exchange_made made{sc_core::sc_time_stamp(), address, before, after};

    if (!exchanges_.empty() && exchanges_.back().when != made.when)
        exchanges_.clear();
    exchanges_.push_back(made);
    for (bytes_read &read : arrived_)
        show(read, made);
}

/* Who inspects the device comes past the module: no time is his, and nothing changes. */
amdvi_memory_result memory_port::by_library(tlm::tlm_command command, std::uint64_t address, void *data,
                                            std::size_t length)
{
    if (core_.the_gate().inside())
        return access(command, address, data, length, *delay_);
    return command == tlm::TLM_READ_COMMAND && target_ ? look(command, address, data, length)
                                                       : AMDVI_MEMORY_TARGET_ABORT;
}

amdvi_memory_result memory_port::exchange(std::uint64_t address, std::uint64_t expected,
                                          std::uint64_t desired, std::uint64_t *seen)
{
    amdvi_memory_result result =
        in_moment_ && look(tlm::TLM_READ_COMMAND, address, seen, sizeof(*seen)) == AMDVI_MEMORY_OK
            ? AMDVI_MEMORY_OK
            : by_library(tlm::TLM_READ_COMMAND, address, seen, sizeof(*seen));

    if (result != AMDVI_MEMORY_OK || *seen != expected)
        return result;
    if (in_moment_)
        exchanged(address, expected, desired);
    return by_library(tlm::TLM_WRITE_COMMAND, address, &desired, sizeof(desired));
}

amdvi_memory memory_port::callbacks()
{
    amdvi_memory memory{};

    memory.context = this;
    memory.read = [](void *context, std::uint64_t spa, void *data, std::size_t length) {
        return static_cast<memory_port *>(context)->by_library(tlm::TLM_READ_COMMAND, spa, data, length);
    };
    memory.write = [](void *context, std::uint64_t spa, const void *data, std::size_t length) {
        return static_cast<memory_port *>(context)->by_library(tlm::TLM_WRITE_COMMAND, spa,
                                                               const_cast<void *>(data), length);
    };
    memory.compare_exchange = [](void *context, std::uint64_t spa, std::uint64_t expected,
                                 std::uint64_t desired, std::uint64_t *seen) {
        return static_cast<memory_port *>(context)->exchange(spa, expected, desired, seen);
    };
    return memory;
}

amdvi_memory_result memory_port::answer(const amdvi_ask &ask, unsigned char *data, sc_core::sc_time &delay)
{
    std::uint64_t desired = ask.desired;
    amdvi_memory_result result;

    if (ask.kind == AMDVI_ASK_WRITE)
        return access(tlm::TLM_WRITE_COMMAND, ask.address, const_cast<std::uint8_t *>(ask.data), ask.length,
                      delay);
    result = access(tlm::TLM_READ_COMMAND, ask.address, data, ask.length, delay);
    if (ask.kind == AMDVI_ASK_READ || result != AMDVI_MEMORY_OK || !as_expected(ask, data))
        return result;
    return access(tlm::TLM_WRITE_COMMAND, ask.address, &desired, sizeof(desired), delay);
}

/* ---------------------------------------------------------------- later */

memory_port::question *memory_port::take()
{
    question *q;

    if (free_.empty()) {
        all_.push_back(std::make_unique<question>());
        free_.push_back(all_.back().get());
    }
    q = free_.back();
    free_.pop_back();
    q->writing = q->update = q->abandoned = q->message = false;
    return q;
}

void memory_port::close(const question *q)
{
    open_[q->place] = open_.back();
    open_[q->place]->place = q->place;
    open_.pop_back();
}

void memory_port::go(question *q, tlm::tlm_command command, void *data, unsigned length)
{
    tlm::tlm_generic_payload *payload = core_.pool.get();

    payload_set(*payload, command, q->ask.address, data, length);
    core_.mem.send(*payload, *this, q);
}

void memory_port::begin(question *q)
{
    if (q->ask.kind == AMDVI_ASK_WRITE) {
        q->writing = true;
        go(q, tlm::TLM_WRITE_COMMAND, q->ask.data, q->ask.length);
    } else if (q->writing) {
        go(q, tlm::TLM_WRITE_COMMAND, &q->ask.desired, sizeof(q->ask.desired));
    } else {
        go(q, tlm::TLM_READ_COMMAND, q->bytes, q->ask.length);
    }
}

/* Behind a response, which may not have returned yet: nobody is called from there, and its payload, which
 * comes back with it, is still the target's. */
void memory_port::begin_next(question *q)
{
    core_.times.after(
        sc_core::SC_ZERO_TIME,
        [](void *self, void *what) {
            static_cast<memory_port *>(self)->begin(static_cast<question *>(what));
        },
        this, q);
}

void memory_port::send(const amdvi_ask &ask)
{
    question *q = take();

    q->ask = ask;
    q->update = ask.kind == AMDVI_ASK_UPDATE && !core_.timing.on(); /* else made when its time is over */
    q->place = open_.size();
    open_.push_back(q);
    if (q->update) {
        std::deque<question *> &waiting = updates_[ask.address];
        waiting.push_back(q);
        if (waiting.size() > 1)
            return;
    }
    begin(q);
}

void memory_port::send_message(std::uint64_t address, std::uint32_t data)
{
    question *q = take();

    q->ask = amdvi_ask{};
    q->ask.kind = AMDVI_ASK_WRITE;
    q->ask.address = address;
    q->ask.length = sizeof(data);
    q->message = true;
    std::memcpy(q->ask.data, &data, sizeof(data));
    begin(q);
}

void memory_port::next_update(const question *q)
{
    std::deque<question *> &waiting = updates_[q->ask.address];

    waiting.pop_front();
    if (waiting.empty())
        updates_.erase(q->ask.address);
    else
        begin_next(waiting.front());
}

void memory_port::tell(question *q, amdvi_memory_result result)
{
    core_.answered(q->ask, result, q->bytes);
}

void memory_port::done(question *q, amdvi_memory_result result)
{
    if (!q->message)
        close(q);
    if (q->update)
        next_update(q);
    if (!q->abandoned && !q->message)
        tell(q, result);
    free_.push_back(q);
}

void memory_port::finished(tlm::tlm_generic_payload &payload, void *what)
{
    auto q = static_cast<question *>(what);
    const amdvi_memory_result result = result_of(payload.get_response_status());

    payload.release();
    if (!q->update || q->writing || result != AMDVI_MEMORY_OK || q->abandoned) {
        done(q, result);
        return;
    }
    if (!as_expected(q->ask, q->bytes)) {
        done(q, result);
        return;
    }
    q->writing = true;
    begin_next(q);
}

/* ---------------------------------------------------------------- a reset */

amdvi_memory_result memory_port::debug_answer(const amdvi_ask &ask, unsigned char *data)
{
    std::uint64_t desired = ask.desired;
    amdvi_memory_result result;

    if (!target_)
        return AMDVI_MEMORY_MASTER_ABORT;
    if (ask.kind == AMDVI_ASK_WRITE)
        return look(tlm::TLM_WRITE_COMMAND, ask.address, const_cast<std::uint8_t *>(ask.data), ask.length);
    result = look(tlm::TLM_READ_COMMAND, ask.address, data, ask.length);
    if (ask.kind == AMDVI_ASK_READ || result != AMDVI_MEMORY_OK || !as_expected(ask, data))
        return result;
    return look(tlm::TLM_WRITE_COMMAND, ask.address, &desired, sizeof(desired));
}

/* A write that is on its way arrives. */
amdvi_memory_result memory_port::debug_rest(question &q)
{
    return q.writing ? AMDVI_MEMORY_OK : debug_answer(q.ask, q.bytes);
}

void memory_port::forget_all()
{
    for (question *q : open_)
        q->abandoned = true;
}

void memory_port::answer_all()
{
    const std::vector<question *> open = open_;

    for (question *q : open) {
        if (q->abandoned)
            continue;
        q->abandoned = true;
        tell(q, debug_rest(*q));
    }
}

} // namespace amdvi::face
