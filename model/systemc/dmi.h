// SPDX-License-Identifier: Apache-2.0
/* Direct memory pointers that devices hold, and what takes them back. */
#ifndef AMDVI_SYSTEMC_DMI_H
#define AMDVI_SYSTEMC_DMI_H

#include <cstdint>
#include <vector>

#include <amdvi/amdvi.h>
#include <tlm>

namespace amdvi::face
{

class core;

class dmi_grants
{
  public:
    explicit dmi_grants(core &c) : core_(c)
    {
    }
    bool get(unsigned port, std::uint16_t default_device, tlm::tlm_generic_payload &payload,
             tlm::tlm_dmi &dmi);
    /* A command is about to be executed. */
    void on_command(const amdvi_command_info &info);
    /* The target takes back what lies there. */
    void on_target(std::uint64_t first, std::uint64_t last);
    void revoke_all();

  private:
    struct grant {
        unsigned port;
        std::uint16_t device;
        bool has_pasid;
        std::uint32_t pasid;
        bool guest; /* guest tables are on the way: host commands speak of other addresses */
        std::uint64_t first, last, spa;
        std::uint64_t page_first, page_last; /* of what software knows as the page */
    };
    bool permitted(amdvi_request request, std::uint8_t op, amdvi_result &result);
    tlm::tlm_dmi::dmi_access_e rights(const amdvi_request &request, bool atomic, amdvi_result &result);
    bool ask_target(tlm::tlm_generic_payload &payload, std::uint64_t spa, tlm::tlm_dmi &dmi);
    void keep(unsigned port, const amdvi_request &request, const tlm::tlm_dmi &dmi, const amdvi_result &how);
    template <typename PREDICATE> void revoke(PREDICATE covered);

    core &core_;
    std::vector<grant> grants_;
};

} // namespace amdvi::face

#endif
