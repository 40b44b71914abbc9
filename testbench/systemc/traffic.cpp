// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/traffic.h"

#include <algorithm>
#include <sstream>

namespace testbench
{

enum : std::uint64_t { PAGE_SIZE = 4096 };

traffic::traffic(sc_core::sc_module_name name, std::uint64_t seed, std::uint16_t device, ram_core &memory)
    : sc_core::sc_module(name), random_(seed), device_(device), memory_(memory), shadow_(PAGES * PAGE_SIZE),
      responses_("responses"), ends_("ends")
{
    SC_HAS_PROCESS(traffic);
    SC_THREAD(run);
    SC_METHOD(end_later);
    sensitive << responses_.get_event() << ends_.get_event();
    dont_initialize();
}

void traffic::map(world &w, std::uint64_t root, std::uint64_t spa)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const std::uint64_t kind = pick(10);
        page &p = pages_[i];
        p.spa = spa + (i * 37 % PAGES) * PAGE_SIZE;
        p.rights = kind == 0 ? 0 : kind == 1 ? MAY_READ : kind == 2 ? MAY_WRITE : MAY_READ | MAY_WRITE;
        if (p.rights)
            w.map(root, BASE + i * PAGE_SIZE, p.spa, p.rights);
        for (unsigned b = 0; b < PAGE_SIZE; b++)
            shadow_[i * PAGE_SIZE + b] = memory_.bytes[p.spa + b] = static_cast<unsigned char>(random_());
    }
}

unsigned char &traffic::byte_behind(std::uint64_t address)
{
    return memory_.bytes[pages_[(address - BASE) / PAGE_SIZE].spa + address % PAGE_SIZE];
}

void traffic::complain(const transaction &t, const char *what)
{
    std::ostringstream line;

    if (wrong++ > 0)
        return;
    line << name() << " at " << sc_core::sc_time_stamp() << ": " << what << ": "
         << (t.payload.is_read() ? "read" : "write") << " of " << t.payload.get_data_length() << " at 0x"
         << std::hex << t.address << std::dec << ", width " << t.payload.get_streaming_width() << ", "
         << t.payload.get_response_string();
    first_wrong = line.str();
}

/* ---------------------------------------------------------------- making one */

traffic::transaction *traffic::fresh()
{
    if (free_.empty()) {
        all_.push_back(std::make_unique<transaction>(this));
        all_.back()->payload.set_extension(&all_.back()->extension);
        free_.push_back(all_.back().get());
    }
    transaction *t = free_.back();
    free_.pop_back();
    return t;
}

void traffic::choose_attributes(transaction &t)
{
    const unsigned length = static_cast<unsigned>(t.data.size());
    tlm::tlm_generic_payload &p = t.payload;

    p.set_command(pick(2) ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
    p.set_address(t.address);
    p.set_data_ptr(t.data.data());
    p.set_data_length(length);
    p.set_streaming_width(length);
    if (pick(8) == 0)
        p.set_streaming_width(1 + static_cast<unsigned>(pick(length)));
    t.enables.assign(pick(4) == 0 ? 1 + pick(length) : 0, 0);
    for (unsigned char &e : t.enables)
        e = pick(3) ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
    p.set_byte_enable_ptr(t.enables.empty() ? nullptr : t.enables.data());
    p.set_byte_enable_length(static_cast<unsigned>(t.enables.size()));
    p.set_dmi_allowed(false);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    t.extension.device_id = device_;
}

/* False: its pages are busy. */
bool traffic::fill(transaction &t)
{
    static const unsigned lengths[] = {1, 2, 4, 8, 16, 64, 64, 64, 128, 256};
    const unsigned length = pick(16) == 0 ? 1 + static_cast<unsigned>(pick(600)) : lengths[pick(10)];
    const std::uint64_t end = PAGES * PAGE_SIZE;
    std::uint64_t at = pick(end - length);

    if (pick(6) == 0) /* around an edge */
        at = std::min(end - length, (1 + pick(PAGES - 1)) * PAGE_SIZE - pick(length + 1));
    t.first = static_cast<unsigned>(at / PAGE_SIZE);
    t.last = static_cast<unsigned>((at + length - 1) / PAGE_SIZE);
    for (unsigned i = t.first; i <= t.last; i++)
        if (pages_[i].busy)
            return false;
    t.address = BASE + at;
    t.data.resize(length);
    for (unsigned char &b : t.data)
        b = static_cast<unsigned char>(random_());
    t.before = t.data;
    choose_attributes(t);
    for (unsigned i = t.first; i <= t.last; i++)
        pages_[i].busy = true;
    t.over = false;
    return true;
}

void traffic::run()
{
    wait(sc_core::sc_time(1, sc_core::SC_NS)); /* tables are made meanwhile */
    while (made < wanted) {
        transaction *t = fresh();
        if (!fill(*t)) {
            free_.push_back(t);
            wait(sc_core::sc_time(10, sc_core::SC_NS));
            continue;
        }
        made++;
        t->payload.acquire();
        if (pick(100) < blocking) {
            sc_core::sc_time delay = sc_core::sc_time(static_cast<double>(pick(4)), sc_core::SC_NS);
            target_->b_transport(t->payload, delay);
            over(*t);
            wait(delay);
        } else {
            send(*t);
            while (requesting_ || under_way_.size() >= most)
                wait(go_on_);
        }
        if (pick(8) == 0)
            wait(sc_core::sc_time(static_cast<double>(pick(60)), sc_core::SC_NS));
    }
}

/* ---------------------------------------------------------------- phases */

void traffic::send(transaction &t)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::sc_time(static_cast<double>(pick(4) ? 0 : pick(5)), sc_core::SC_NS);

    requesting_ = &t;
    under_way_[&t.payload] = &t;
    const tlm::tlm_sync_enum status = target_->nb_transport_fw(t.payload, phase, delay);
    requested(status, phase, delay, t);
}

void traffic::requested(tlm::tlm_sync_enum status, tlm::tlm_phase phase, const sc_core::sc_time &delay,
                        transaction &t)
{
    if (status == tlm::TLM_ACCEPTED)
        return;
    requesting_ = nullptr;
    if (delay != sc_core::SC_ZERO_TIME)
        wait(delay);
    if (status == tlm::TLM_COMPLETED)
        over(t);
    else if (phase == tlm::BEGIN_RESP)
        ends_.notify(t.payload, sc_core::SC_ZERO_TIME);
}

tlm::tlm_sync_enum traffic::nb_transport_bw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                            sc_core::sc_time &delay)
{
    transaction *t = under_way_.at(&p);

    if (phase == tlm::END_REQ || (phase == tlm::BEGIN_RESP && requesting_ == t)) {
        requesting_ = nullptr;
        go_on_.notify(delay);
    }
    if (phase != tlm::BEGIN_RESP)
        return tlm::TLM_ACCEPTED;
    switch (pick(3)) {
    case 0:
        responses_.notify(p, delay);
        return tlm::TLM_COMPLETED;
    case 1:
        phase = tlm::END_RESP;
        delay += sc_core::sc_time(static_cast<double>(pick(3)), sc_core::SC_NS);
        responses_.notify(p, delay);
        return tlm::TLM_UPDATED;
    default:
        ends_.notify(p, delay + sc_core::sc_time(static_cast<double>(pick(3)), sc_core::SC_NS));
        return tlm::TLM_ACCEPTED;
    }
}

void traffic::end_later()
{
    while (tlm::tlm_generic_payload *p = ends_.get_next_transaction()) {
        tlm::tlm_phase phase = tlm::END_RESP;
        sc_core::sc_time delay;
        target_->nb_transport_fw(*p, phase, delay);
        over(*under_way_.at(p));
    }
    while (tlm::tlm_generic_payload *p = responses_.get_next_transaction())
        over(*under_way_.at(p));
}

void traffic::over(transaction &t)
{
    check(t);
    for (unsigned i = t.first; i <= t.last; i++)
        pages_[i].busy = false;
    t.over = true;
    ended++;
    under_way_.erase(&t.payload);
    go_on_.notify();
    t.payload.release();
}

/* The last one that held it has let go. */
void traffic::free(tlm::tlm_generic_payload *p)
{
    for (auto &t : all_)
        if (&t->payload == p) {
            if (!t->over)
                complain(*t, "freed while under way");
            free_.push_back(t.get());
        }
}

/* ---------------------------------------------------------------- judgement */

bool traffic::permitted(const transaction &t) const
{
    const unsigned need = t.payload.is_read() ? MAY_READ : MAY_WRITE;
    const std::uint64_t covered = std::min(t.payload.get_streaming_width(), t.payload.get_data_length());

    for (std::uint64_t i = (t.address - BASE) / PAGE_SIZE; i <= (t.address + covered - 1 - BASE) / PAGE_SIZE;
         i++)
        if (!(pages_[i].rights & need))
            return false;
    return true;
}

void traffic::check_data(transaction &t)
{
    const tlm::tlm_generic_payload &p = t.payload;
    const std::uint64_t width = std::min(p.get_streaming_width(), p.get_data_length());

    for (std::size_t i = 0; i < t.data.size(); i++) {
        const bool enabled = t.enables.empty() || t.enables[i % t.enables.size()] == TLM_BYTE_ENABLED;
        unsigned char &expected = shadow_[t.address - BASE + i % width];
        if (p.is_write() && enabled)
            expected = t.data[i];
        else if (p.is_read() && t.data[i] != (enabled ? expected : t.before[i]))
            complain(t, "wrong byte");
    }
}

void traffic::check(transaction &t)
{
    const bool good = permitted(t);

    refused += !good;
    if (t.payload.get_response_status() != (good ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE))
        complain(t, "wrong response");
    if (t.payload.get_address() != t.address)
        complain(t, "another address");
    if (t.extension.result.ok != good)
        complain(t, "wrong verdict");
    if (good)
        check_data(t);
    else if (t.data != t.before)
        complain(t, "buffer changed");
    if (t.payload.is_write())
        for (std::size_t i = 0; i < t.data.size(); i++)
            if (byte_behind(t.address + i) != shadow_[t.address - BASE + i])
                complain(t, "wrong byte in memory");
}

} // namespace testbench
