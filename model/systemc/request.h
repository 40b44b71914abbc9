// SPDX-License-Identifier: Apache-2.0
/* What a payload asks of the IOMMU, and what an answer of the IOMMU is as a response. */
#ifndef AMDVI_SYSTEMC_REQUEST_H
#define AMDVI_SYSTEMC_REQUEST_H

#include <cstdint>
#include <vector>

#include <amdvi/systemc.h>

namespace amdvi::face
{

struct order {
    amdvi_request request{}; /* `length` is that of the addresses covered: a streaming burst's width */
    bool interrupt = false;
    std::uint32_t data = 0;                                  /* of an interrupt */
    tlm::tlm_response_status refused = tlm::TLM_OK_RESPONSE; /* other than OK: not executed */
};

/* What the command, the address and the extension say. */
amdvi_request request_of(const tlm::tlm_generic_payload &payload, const dma_extension *extension,
                         std::uint16_t default_device);

order order_of(const tlm::tlm_generic_payload &payload, const dma_extension *extension,
               std::uint16_t default_device);

/*
 * The part of a request that one translation may decide: inside one page of 4 KiB. A part of an interrupt's
 * length at an interrupt's place is none.
 */
amdvi_request part_of(const order &order, std::uint64_t done);

/* Where the next range begins or ends that no table decides [8.1]; the old hole is decided piece by piece. */
std::uint64_t next_edge(std::uint64_t address);

/* Bytes from `address` that a translation of it covers: no more than `result` says, and not into or out of
 * the ranges that no table decides [8.1]. `pages`: other things than tables decide too, page by page. */
std::uint64_t covered_by(const amdvi_result &result, std::uint64_t address, std::uint64_t left, bool pages);

/* Of a request that failed; OK: a read is answered with zeros, or a write is dropped and that does not count.
 */
tlm::tlm_response_status response_of(const amdvi_fault &fault, const order &order, bool report_dropped);

/* The verdict on an interrupt in the words of one on a request. */
amdvi_result result_of(const amdvi_int_result &message);

/* The entry of an ATS completion [9.2]. */
std::uint64_t completion_entry(const amdvi_result &result, std::uint64_t address, bool pages);

/* The response to a translation request: the entry is put into the payload. */
tlm::tlm_response_status complete_translation(tlm::tlm_generic_payload &payload, const amdvi_result &result,
                                              bool pages);
/* The same to a request that failed: a read that is OK gives zeros. */
tlm::tlm_response_status answer_failure(tlm::tlm_generic_payload &payload, tlm::tlm_response_status status);

/* A contiguous part of the addresses of a transaction, and where it goes. */
struct piece {
    std::uint64_t offset, length, address;
};

/*
 * Transactions that a burst becomes when it is not one piece: beat after beat of a streaming burst, piece
 * after piece of a beat.
 */
class legs
{
  public:
    legs(tlm::tlm_generic_payload &payload, const std::vector<piece> &pieces);
    /* Fills in the next one; false when there is none. `enables` keeps its byte enables as long as it is
     * used. */
    bool next(tlm::tlm_generic_payload &leg, std::vector<unsigned char> &enables);

  private:
    void fill(tlm::tlm_generic_payload &leg, const piece &piece, std::uint64_t at, std::uint64_t length,
              std::vector<unsigned char> &enables) const;

    tlm::tlm_generic_payload &payload_;
    const std::vector<piece> &pieces_;
    std::uint64_t beat_ = 0; /* offset of the beat in the data */
    std::size_t index_ = 0;
};

} // namespace amdvi::face

#endif
