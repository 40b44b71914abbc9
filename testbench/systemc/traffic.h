// SPDX-License-Identifier: Apache-2.0
/*
 * Random requests of a device, blocking and non-blocking in turn, with everything that the base protocol
 * allows: lengths, byte enables, streaming, delays, ways through the phases. Its pages are known, so each
 * response and each byte is checked.
 */
#ifndef AMDVI_TESTBENCH_SYSTEMC_TRAFFIC_H
#define AMDVI_TESTBENCH_SYSTEMC_TRAFFIC_H

#include <memory>
#include <random>
#include <vector>

#include <amdvi/systemc.h>
#include <tlm_utils/peq_with_get.h>

#include "testbench/systemc/world.h"

namespace testbench
{

class traffic : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface
{
  public:
    static constexpr unsigned PAGES = 96;
    static constexpr std::uint64_t BASE = 0x40000000;

    traffic(sc_core::sc_module_name name, std::uint64_t seed, std::uint16_t device, ram_core &memory);
    /* Maps its pages, at SPAs from `spa` on. */
    void map(world &w, std::uint64_t root, std::uint64_t spa);
    void connect(tlm::tlm_fw_transport_if<> *target)
    {
        target_ = target;
    }
    std::uint64_t wanted = 0; /* transactions to make */
    unsigned blocking = 30;   /* percent */
    unsigned most = 16;       /* under way at once */
    std::uint64_t made = 0, ended = 0, refused = 0, wrong = 0;
    std::string first_wrong;

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
    void free(tlm::tlm_generic_payload *p) override;

  private:
    struct page {
        unsigned rights = 0;
        std::uint64_t spa = 0;
        bool busy = false;
    };
    struct transaction {
        explicit transaction(tlm::tlm_mm_interface *mm) : payload(mm)
        {
        }
        ~transaction()
        {
            payload.clear_extension(&extension);
        }
        tlm::tlm_generic_payload payload;
        amdvi::dma_extension extension;
        std::vector<unsigned char> data, enables, before;
        unsigned first, last; /* pages */
        std::uint64_t address;
        bool over = true;
    };
    void run();
    void end_later();
    transaction *fresh();
    bool fill(transaction &t);
    void choose_attributes(transaction &t);
    void send(transaction &t);
    void requested(tlm::tlm_sync_enum status, tlm::tlm_phase phase, const sc_core::sc_time &delay,
                   transaction &t);
    void over(transaction &t);
    void check(transaction &t);
    bool permitted(const transaction &t) const;
    void check_data(transaction &t);
    unsigned char &byte_behind(std::uint64_t address);
    void complain(const transaction &t, const char *what);
    std::uint64_t pick(std::uint64_t n)
    {
        return random_() % n;
    }

    std::mt19937_64 random_;
    const std::uint16_t device_;
    ram_core &memory_;
    tlm::tlm_fw_transport_if<> *target_ = nullptr;
    std::vector<page> pages_{PAGES};
    std::vector<unsigned char> shadow_;
    std::vector<std::unique_ptr<transaction>> all_;
    std::vector<transaction *> free_;
    std::unordered_map<tlm::tlm_generic_payload *, transaction *> under_way_;
    transaction *requesting_ = nullptr;
    sc_core::sc_event go_on_;
    tlm_utils::peq_with_get<tlm::tlm_generic_payload> responses_, ends_;
};

} // namespace testbench

#endif
