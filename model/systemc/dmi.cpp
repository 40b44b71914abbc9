// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/dmi.h"

#include "model/systemc/core.h"
#include "model/systemc/words.h"

#include <algorithm>

namespace amdvi::face
{

namespace
{

constexpr std::uint64_t page_bytes = 4096;
/* Of guest pages only the piece is known that host tables keep together; commands speak of the guest's page.
 */
constexpr std::uint64_t guest_page_bytes = 1 << 30;

struct range {
    std::uint64_t first, last;
};

range page_around(std::uint64_t address, std::uint64_t bytes)
{
    return {address & ~(bytes - 1), address | (bytes - 1)};
}

bool interrupt_place(std::uint64_t address)
{
    return address >> 20 == 0xfee;
}

/* The page that one translation covers, or the 4 KiB of it where not all of it is sure. */
range translated_page(const amdvi_result &result, std::uint64_t address, bool pages)
{
    const range page = page_around(address, std::max(result.size, page_bytes));

    if (result.identity || pages || result.covered != page.last - address + 1 ||
        next_edge(page.first) <= page.last)
        return page_around(address, page_bytes);
    return page;
}

void narrow(tlm::tlm_dmi &dmi, const range &spa, const range &iova)
{
    const std::uint64_t first = std::max<std::uint64_t>(dmi.get_start_address(), spa.first);
    const std::uint64_t last = std::min<std::uint64_t>(dmi.get_end_address(), spa.last);

    dmi.set_dmi_ptr(dmi.get_dmi_ptr() + (first - dmi.get_start_address()));
    dmi.set_start_address(iova.first + (first - spa.first));
    dmi.set_end_address(iova.first + (last - spa.first));
}

} // namespace

/* ---------------------------------------------------------------- granting */

bool dmi_grants::permitted(amdvi_request request, std::uint8_t op, amdvi_result &result)
{
    bool updates = false;

    request.op = op;
    return core_.look(request, result, &updates) && result.ok && !updates;
}

tlm::tlm_dmi::dmi_access_e dmi_grants::rights(const amdvi_request &request, bool atomic, amdvi_result &result)
{
    const std::uint8_t fetch = request.op == AMDVI_EXECUTE ? AMDVI_EXECUTE : AMDVI_READ;
    amdvi_result other;
    unsigned granted = tlm::tlm_dmi::DMI_ACCESS_NONE;

    if (permitted(request, atomic ? AMDVI_ATOMIC : AMDVI_WRITE, other)) {
        granted |= tlm::tlm_dmi::DMI_ACCESS_WRITE;
        result = other;
    }
    if (permitted(request, fetch, other)) {
        granted |= tlm::tlm_dmi::DMI_ACCESS_READ;
        result = other;
    }
    return static_cast<tlm::tlm_dmi::dmi_access_e>(granted);
}

bool dmi_grants::ask_target(tlm::tlm_generic_payload &payload, std::uint64_t spa, tlm::tlm_dmi &dmi)
{
    const std::uint64_t asked = payload.get_address();
    bool granted;

    payload.set_address(spa);
    granted = core_.out.get_direct_mem_ptr(payload, dmi);
    payload.set_address(asked);
    return granted && dmi.get_start_address() <= spa && spa <= dmi.get_end_address();
}

static bool refuse(tlm::tlm_dmi &dmi, const range &page)
{
    dmi.init();
    dmi.set_start_address(page.first);
    dmi.set_end_address(page.last);
    dmi.allow_none();
    return false;
}

static bool grants_what_is_asked(const tlm::tlm_generic_payload &payload, const tlm::tlm_dmi &dmi)
{
    return payload.is_write() ? dmi.is_write_allowed() : dmi.is_read_allowed();
}

void dmi_grants::keep(unsigned port, const amdvi_request &request, const tlm::tlm_dmi &dmi,
                      const amdvi_result &how)
{
    grant g{};
    const std::uint64_t bytes = std::max(how.size, page_bytes);

    g.port = port;
    g.device = request.device;
    g.has_pasid = request.has_pasid;
    g.pasid = request.pasid;
    g.guest = request.has_pasid || core_.has_guest_tables(request.device);
    g.first = dmi.get_start_address();
    g.last = dmi.get_end_address();
    g.page_first = page_around(g.first, g.guest ? guest_page_bytes : bytes).first;
    g.page_last = page_around(g.last, g.guest ? guest_page_bytes : bytes).last;
    g.spa = how.pa - (request.address - g.first);
    for (const grant &other : grants_)
        if (other.port == port && other.device == g.device && other.has_pasid == g.has_pasid &&
            other.pasid == g.pasid && other.first == g.first && other.last == g.last && other.spa == g.spa)
            return;
    grants_.push_back(g);
}

bool dmi_grants::get(unsigned port, std::uint16_t default_device, tlm::tlm_generic_payload &payload,
                     tlm::tlm_dmi &dmi)
{
    const dma_extension *extension = payload.get_extension<dma_extension>();
    amdvi_request request = request_of(payload, extension, default_device);
    const range page = page_around(request.address, page_bytes);
    const bool on = core_.read_field("control", "IommuEn") != 0;
    tlm::tlm_dmi::dmi_access_e granted;
    amdvi_result result{};

    request.length = 1;
    if (core_.watched() || request.at == AMDVI_TRANSLATION_REQUEST ||
        (on && interrupt_place(request.address)) || request.pasid >> 20)
        return refuse(dmi, page);
    granted = rights(request, extension && extension->atomic, result);
    if (!granted || !ask_target(payload, result.pa, dmi))
        return refuse(dmi, page);
    dmi.set_granted_access(static_cast<tlm::tlm_dmi::dmi_access_e>(dmi.get_granted_access() & granted));
    if (!grants_what_is_asked(payload, dmi))
        return refuse(dmi, page);
    if (on) {
        const range iova = translated_page(result, request.address, core_.pages_matter());
        const std::uint64_t spa = result.pa - (request.address - iova.first);
        narrow(dmi, {spa, spa + (iova.last - iova.first)}, iova);
    }
    keep(port, request, dmi, result);
    return true;
}

/* ---------------------------------------------------------------- taking back */

template <typename PREDICATE> void dmi_grants::revoke(PREDICATE covered)
{
    std::vector<grant> gone;
    auto kept =
        std::stable_partition(grants_.begin(), grants_.end(), [&](const grant &g) { return !covered(g); });

    gone.assign(kept, grants_.end());
    grants_.erase(kept, grants_.end());
    for (const grant &g : gone)
        core_.ports[g.port]->answers.invalidate(g.first, g.last);
}

void dmi_grants::revoke_all()
{
    if (!grants_.empty())
        revoke([](const grant &) { return true; });
}

void dmi_grants::on_target(std::uint64_t first, std::uint64_t last)
{
    revoke([&](const grant &g) { return g.spa <= last && g.spa + (g.last - g.first) >= first; });
}

/* Commands of any domain: who has which domain may have changed since. Addresses count without the sign that
 * is extended into their upper bits [6.3]. */
static bool overlaps(const command_range &command, std::uint64_t first, std::uint64_t last)
{
    constexpr std::uint64_t used = (std::uint64_t(1) << 52) - 1;

    return command.all || last - first >= used || (first & used) > (last & used) ||
           ((first & used) <= (command.last & used) && (last & used) >= (command.first & used));
}

void dmi_grants::on_command(const amdvi_command_info &info)
{
    const command_words words(info.executed);
    const command_range range = words.range();

    if (grants_.empty() || !info.legal)
        return;
    switch (words.kind()) {
    case command_words::HARMLESS:
        break;
    case command_words::DEVICE:
        revoke([&](const grant &g) { return g.device == words.device(); });
        break;
    case command_words::DEVICE_RANGE:
        revoke([&](const grant &g) {
            return g.device == words.device() && overlaps(range, g.page_first, g.page_last);
        });
        break;
    case command_words::RANGE:
        /* Without GN the addresses are the host's: those of a guest's tables may be anything. */
        revoke([&](const grant &g) {
            return (g.guest && !words.of_guest()) || overlaps(range, g.page_first, g.page_last);
        });
        break;
    default:
        revoke_all();
        break;
    }
}

} // namespace amdvi::face
