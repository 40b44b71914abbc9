// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/request.h"

#include <algorithm>
#include <cstring>

namespace amdvi::face
{

namespace
{

constexpr std::uint64_t page_bytes = 4096, granule = 1 << 20;

using type = dma_extension::address_type;

std::uint8_t operation(const tlm::tlm_generic_payload &payload, const dma_extension *extension)
{
    if (payload.is_write())
        return extension && extension->atomic ? AMDVI_ATOMIC : AMDVI_WRITE;
    return extension && extension->execute && extension->type != type::translation_request ? AMDVI_EXECUTE
                                                                                           : AMDVI_READ;
}

void take_extension(amdvi_request &request, const dma_extension &extension)
{
    request.device = extension.device_id;
    request.has_pasid = extension.has_pasid;
    request.pasid = extension.has_pasid ? extension.pasid : 0;
    request.privileged = extension.privileged;
    if (extension.type == type::translated)
        request.at = AMDVI_TRANSLATED;
    if (extension.type != type::translation_request)
        return;
    request.at = AMDVI_TRANSLATION_REQUEST;
    request.execute = extension.execute;
    request.no_write = extension.no_write;
}

/* Attributes that no transaction has. */
tlm::tlm_response_status judged(const tlm::tlm_generic_payload &payload, const dma_extension *extension)
{
    const bool ats = extension && extension->type == type::translation_request;

    if (!payload.is_read() && !payload.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (ats && payload.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (payload.get_data_length() == 0 || payload.get_streaming_width() == 0 || !payload.get_data_ptr())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (ats && (payload.get_data_length() != 8 || payload.get_streaming_width() < 8))
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (payload.get_byte_enable_ptr() && (ats || payload.get_byte_enable_length() == 0))
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

bool all_enabled(const tlm::tlm_generic_payload &payload)
{
    const unsigned char *enables = payload.get_byte_enable_ptr();
    const unsigned length = std::min(payload.get_byte_enable_length(), payload.get_data_length());

    return !enables ||
           std::all_of(enables, enables + length, [](unsigned char e) { return e == TLM_BYTE_ENABLED; });
}

} // namespace

std::uint64_t next_edge(std::uint64_t address)
{
    for (std::uint64_t edge : {0xfee00000ull, 0xfef00000ull, 0xfd00000000ull})
        if (address < edge)
            return edge;
    return address < 0x10000000000ull ? (address / granule + 1) * granule : UINT64_MAX;
}

amdvi_request request_of(const tlm::tlm_generic_payload &payload, const dma_extension *extension,
                         std::uint16_t default_device)
{
    amdvi_request request{};

    request.device = default_device;
    request.op = operation(payload, extension);
    request.address = payload.get_address();
    if (extension)
        take_extension(request, *extension);
    return request;
}

order order_of(const tlm::tlm_generic_payload &payload, const dma_extension *extension,
               std::uint16_t default_device)
{
    order o;

    o.request = request_of(payload, extension, default_device);
    o.request.length = std::min(payload.get_data_length(), payload.get_streaming_width());
    o.refused = judged(payload, extension);
    if (o.refused != tlm::TLM_OK_RESPONSE)
        return o;
    if (o.request.address + (o.request.length - 1) < o.request.address)
        o.refused = tlm::TLM_ADDRESS_ERROR_RESPONSE;
    else if (o.request.pasid >> 20)
        o.refused = tlm::TLM_GENERIC_ERROR_RESPONSE;
    o.interrupt =
        amdvi_request_is_interrupt(&o.request) && payload.get_data_length() == 4 && all_enabled(payload);
    if (o.interrupt)
        std::memcpy(&o.data, payload.get_data_ptr(), sizeof(o.data));
    return o;
}

amdvi_request part_of(const order &order, std::uint64_t done)
{
    amdvi_request part = order.request;

    part.address += done;
    part.length = std::min(order.request.length - done, page_bytes - part.address % page_bytes);
    if (amdvi_request_is_interrupt(&part))
        part.length = 1;
    return part;
}

std::uint64_t covered_by(const amdvi_result &result, std::uint64_t address, std::uint64_t left, bool pages)
{
    const std::uint64_t in_page = page_bytes - address % page_bytes;
    std::uint64_t covered = pages ? in_page : std::max(result.covered, in_page);

    return std::min({covered, left, next_edge(address) - address});
}

tlm::tlm_response_status response_of(const amdvi_fault &fault, const order &order, bool report_dropped)
{
    const bool write = order.request.op == AMDVI_WRITE || order.request.op == AMDVI_ATOMIC;

    if (fault.reply == AMDVI_REPLY_ZERO && !write)
        return tlm::TLM_OK_RESPONSE;
    if (fault.reply == AMDVI_REPLY_DROP && order.request.op == AMDVI_WRITE && !report_dropped)
        return tlm::TLM_OK_RESPONSE;
    return tlm::TLM_ADDRESS_ERROR_RESPONSE;
}

amdvi_result result_of(const amdvi_int_result &message)
{
    amdvi_result result{};

    result.ok = message.ok;
    result.identity = true;
    result.perm = AMDVI_RIGHT_WRITE;
    result.pa = message.address;
    result.size = result.covered = 4;
    result.fault = message.fault;
    return result;
}

/* Bits of a completion's entry [9.2]. */
namespace ats
{
enum {
    READ = 0,
    WRITE = 1,
    UNTRANSLATED = 2,
    EXECUTE = 3,
    PRIVILEGED = 4,
    GLOBAL = 5,
    NO_SNOOP = 10,
    SIZE = 11
};

std::uint64_t bit(bool value, unsigned at)
{
    return static_cast<std::uint64_t>(value) << at;
}

/* All of a large page, unless something in it is decided page by page. */
std::uint64_t place(const amdvi_result &result, std::uint64_t address, bool pages)
{
    const std::uint64_t size = result.size, in_page = address & (size - 1), first = address - in_page;

    if (size <= page_bytes || pages || result.covered != size - in_page || next_edge(first) - first < size)
        return result.pa & ~(page_bytes - 1);
    return ((result.pa - in_page) & ~(size - 1)) | ((size / 2 - 1) & ~(page_bytes - 1)) | bit(true, SIZE);
}
} // namespace ats

std::uint64_t completion_entry(const amdvi_result &result, std::uint64_t address, bool pages)
{
    return ats::place(result, address, pages) | ats::bit(result.perm & AMDVI_RIGHT_READ, ats::READ) |
           ats::bit(result.perm & AMDVI_RIGHT_WRITE, ats::WRITE) |
           ats::bit(result.untranslated_only, ats::UNTRANSLATED) |
           ats::bit(result.perm & AMDVI_RIGHT_EXEC, ats::EXECUTE) |
           ats::bit(result.privileged_page, ats::PRIVILEGED) | ats::bit(result.global, ats::GLOBAL) |
           ats::bit(result.no_snoop_forbidden, ats::NO_SNOOP);
}

tlm::tlm_response_status complete_translation(tlm::tlm_generic_payload &payload, const amdvi_result &result,
                                              bool pages)
{
    const std::uint64_t entry = completion_entry(result, payload.get_address(), pages);

    std::memcpy(payload.get_data_ptr(), &entry, sizeof(entry));
    return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status answer_failure(tlm::tlm_generic_payload &payload, tlm::tlm_response_status status)
{
    if (status == tlm::TLM_OK_RESPONSE && payload.is_read())
        std::memset(payload.get_data_ptr(), 0, payload.get_data_length());
    return status;
}

/* ---------------------------------------------------------------- legs */

legs::legs(tlm::tlm_generic_payload &payload, const std::vector<piece> &pieces)
    : payload_(payload), pieces_(pieces)
{
}

/* The pattern of byte enables counts from the start of the data. */
void legs::fill(tlm::tlm_generic_payload &leg, const piece &piece, std::uint64_t at, std::uint64_t length,
                std::vector<unsigned char> &enables) const
{
    const unsigned char *pattern = payload_.get_byte_enable_ptr();
    const std::uint64_t period = payload_.get_byte_enable_length();

    leg.set_command(payload_.get_command());
    leg.set_address(piece.address);
    leg.set_data_ptr(payload_.get_data_ptr() + at);
    leg.set_data_length(static_cast<unsigned>(length));
    leg.set_streaming_width(static_cast<unsigned>(length));
    leg.set_dmi_allowed(false);
    leg.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    enables.resize(pattern ? std::min(period, length) : 0);
    for (std::size_t i = 0; i < enables.size(); i++)
        enables[i] = pattern[(at + i) % period];
    leg.set_byte_enable_ptr(pattern ? enables.data() : nullptr);
    leg.set_byte_enable_length(static_cast<unsigned>(enables.size()));
}

bool legs::next(tlm::tlm_generic_payload &leg, std::vector<unsigned char> &enables)
{
    const std::uint64_t length = payload_.get_data_length();
    const std::uint64_t width = std::min<std::uint64_t>(length, payload_.get_streaming_width());

    while (beat_ < length) {
        const piece &piece = pieces_[index_];
        const std::uint64_t at = beat_ + piece.offset, end = std::min(length, at + piece.length);
        if (++index_ == pieces_.size()) {
            index_ = 0;
            beat_ += width;
        }
        if (at < end) {
            fill(leg, piece, at, end - at, enables);
            return true;
        }
    }
    return false;
}

} // namespace amdvi::face
