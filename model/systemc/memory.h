// SPDX-License-Identifier: Apache-2.0
/*
 * The device's memory: the socket `mem`. Calls of the library that want their answer at once go by
 * b_transport, and by transport_dbg while nothing may have an effect; questions that may be answered later by
 * nb_transport.
 */
#ifndef AMDVI_SYSTEMC_MEMORY_H
#define AMDVI_SYSTEMC_MEMORY_H

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include <systemc>
#include <tlm>

#include <amdvi/external.h>

#include "model/systemc/sender.h"

namespace amdvi::face
{

class core;

class memory_port : public sender::owner
{
  public:
    explicit memory_port(core &c) : core_(c)
    {
    }
    void connect(tlm::tlm_fw_transport_if<> *target)
    {
        target_ = target;
    }
    amdvi_memory callbacks();
    /* Where the delay of accesses goes. */
    void spend_on(sc_core::sc_time *delay)
    {
        delay_ = delay;
    }
    /* While true, reads have no side effects and writes fail. */
    void only_look(bool yes)
    {
        looking_ = yes;
    }

    /* From here on accesses take no time: what arrived() told is what was read, all else is looked at. */
    void begin_moment()
    {
        in_moment_ = true;
    }
    /* `over`: what has arrived was taken. */
    void end_moment(bool over)
    {
        in_moment_ = false;
        if (over)
            arrived_.clear();
    }
    void arrived(std::uint64_t address, std::uint32_t length, const unsigned char *data);
    /* Nothing that is under way is waited for any more. */
    void forget_all();

    /* At once; `delay` grows. */
    amdvi_memory_result access(tlm::tlm_command command, std::uint64_t address, void *data,
                               std::size_t length, sc_core::sc_time &delay);
    /* Answers a question at once; the answer goes to `data`. */
    amdvi_memory_result answer(const amdvi_ask &ask, unsigned char *data, sc_core::sc_time &delay);
    /* Sends it; amdvi_memory_done() follows. */
    void send(const amdvi_ask &ask);
    /* A message-signalled interrupt, without waiting for its response. */
    void send_message(std::uint64_t address, std::uint32_t data);
    /* As answer(), by debug transport. */
    amdvi_memory_result debug_answer(const amdvi_ask &ask, unsigned char *data);
    /* Answers all that is under way from what memory shows to a debugger; what still comes for it is ignored.
     */
    void answer_all();
    std::size_t under_way() const
    {
        return open_.size();
    }
    bool busy() const
    {
        return !open_.empty();
    }

    void finished(tlm::tlm_generic_payload &payload, void *what) override;

  private:
    struct question {
        amdvi_ask ask;
        std::size_t place; /* in open_ */
        bool writing, update, abandoned, message;
        unsigned char bytes[AMDVI_ASK_BYTES]; /* what was read, also of an update */
    };
    struct bytes_read {
        std::uint64_t address;
        std::size_t length;
        unsigned char data[AMDVI_ASK_BYTES];
    };
    amdvi_memory_result by_library(tlm::tlm_command command, std::uint64_t address, void *data,
                                   std::size_t length);
    amdvi_memory_result look_now(tlm::tlm_command command, std::uint64_t address, void *data,
                                 std::size_t length);
    amdvi_memory_result look(tlm::tlm_command command, std::uint64_t address, void *data, std::size_t length);
    amdvi_memory_result exchange(std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
                                 std::uint64_t *seen);
    struct exchange_made {
        sc_core::sc_time when;
        std::uint64_t address, before, after;
    };
    static void show(bytes_read &read, const exchange_made &made);
    void exchanged(std::uint64_t address, std::uint64_t before, std::uint64_t after);
    amdvi_memory_result debug_rest(question &q);
    question *take();
    void begin(question *q);
    void begin_next(question *q);
    void go(question *q, tlm::tlm_command command, void *data, unsigned length);
    void next_update(const question *q);
    void done(question *q, amdvi_memory_result result);
    void tell(question *q, amdvi_memory_result result);
    void close(const question *q);

    core &core_;
    tlm::tlm_fw_transport_if<> *target_ = nullptr;
    sc_core::sc_time *delay_ = nullptr;
    bool looking_ = false;
    bool in_moment_ = false;
    std::vector<bytes_read> arrived_;
    std::vector<exchange_made> exchanges_; /* of one time */
    std::vector<std::unique_ptr<question>> all_;
    std::vector<question *> free_, open_;
    /* Read and write of an update belong together: one at a time for an address. */
    std::unordered_map<std::uint64_t, std::deque<question *>> updates_;
};

} // namespace amdvi::face

#endif
