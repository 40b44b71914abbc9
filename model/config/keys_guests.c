// SPDX-License-Identifier: Apache-2.0
/* What it leaves open of a hardware vIOMMU. */
#include "model/config/config_keys.h"

const struct config_key config_keys_of_guests[CONFIG_PMU_BANKS - CONFIG_TRP_MODE] = {
    [CONFIG_TRP_MODE -
     CONFIG_TRP_MODE] = {{"viommu.gst_buffer_trp_mode", "supported", "supported|absent",
                          "absent: Control[60] reads 0 and guest buffers are private addresses",
                          "viommu 11 #24"},
                         CHOICE,
                         0},
    [CONFIG_UNMAPPED_ID -
        CONFIG_TRP_MODE] = {{"viommu.unmapped_id", "guest_error", "guest_error|host_error|skip",
                             "what a guest's command with an ID that is not mapped does", "viommu 11 #8"},
                            CHOICE,
                            0},
    [CONFIG_MAP_FAULT - CONFIG_TRP_MODE] =
        {{"viommu.map_fault", "silent", "silent|log",
          "a DID map write whose page of the map is not mapped: nothing, or VIOMMU_HARDWARE_ERROR",
          "viommu 11 #7, 14 no. 1"},
         CHOICE,
         0},
    [CONFIG_ZERO_HOST_ID -
        CONFIG_TRP_MODE] = {{"viommu.zero_host_device", "legal", "legal|invalid",
                             "a DevIDMap entry that is valid and names host device 0", "viommu 11 #6"},
                            CHOICE,
                            0},
    [CONFIG_SLOT_IS_REGISTER -
        CONFIG_TRP_MODE] = {{"viommu.slot_is_register", "on", "on|off",
                             "on: a write to the 64-byte slot in memory changes the VF registers",
                             "viommu 11 #12"},
                            SWITCH,
                            1},
    [CONFIG_GUEST_DEVTAB - CONFIG_TRP_MODE] =
        {{"viommu.guest_inv_devtab", "invalidate", "invalidate|ignore",
          "a guest's INVALIDATE_DEVTAB_ENTRY: drop the host's entry of the device, or nothing",
          "viommu 11 #15"},
         CHOICE,
         0},
    [CONFIG_SPACE_FAULT -
        CONFIG_TRP_MODE] = {{"viommu.space_fault", "page_fault", "page_fault|hardware_error",
                             "what the host log gets when TransDevID does not lead to a guest's buffer",
                             "viommu 11 #18"},
                            CHOICE,
                            0},
    [CONFIG_COMWAIT_IRQ -
        CONFIG_TRP_MODE] = {{"viommu.comwait_irq_type", "0", "0 or 2",
                             "entry of the extended interrupt table that a guest's completion wait uses",
                             "viommu 11 #23"},
                            NUMBER,
                            2},
    [CONFIG_GUEST_LOG_OFF -
        CONFIG_TRP_MODE] = {{"viommu.guest_log_off", "drop", "drop|host",
                             "where a record goes whose guest has its event log off", "viommu 11 #37"},
                            CHOICE,
                            0},
    [CONFIG_RESERVED_GID -
        CONFIG_TRP_MODE] = {{"viommu.reserved_guest_ids", "legal", "legal|rejected",
                             "GuestID 0 and those with bit 15: like others, or without registers",
                             "viommu 11 #26"},
                            CHOICE,
                            0},
    [CONFIG_DIRTY_STRIDE -
        CONFIG_TRP_MODE] = {{"viommu.dirty_stride", "32", "32 or 16",
                             "bytes of dirty status for each value of GuestID[7:0]", "viommu 11 #9"},
                            NUMBER,
                            32},
    [CONFIG_GUEST_TURN -
        CONFIG_TRP_MODE] = {{"viommu.commands_per_turn", "1", "0 to 32768",
                             "commands of one guest before the next guest's turn; 0: until its ring is empty",
                             "viommu 11 #34"},
                            NUMBER,
                            32768},
    [CONFIG_GUEST_HEAD_RESET -
        CONFIG_TRP_MODE] = {{"viommu.enable_resets_head", "off", "on|off",
                             "on: the guest's CmdBufEn going 0 to 1 sets its head to 0", "viommu 11 #35"},
                            SWITCH,
                            1},
    [CONFIG_GUEST_INVALIDATE_ALL -
        CONFIG_TRP_MODE] = {{"viommu.invalidate_all", "guest", "guest|full",
                             "what a guest's INVALIDATE_IOMMU_ALL drops: its own entries, or all",
                             "viommu 11 #14"},
                            CHOICE,
                            0},
    [CONFIG_DOMAIN_MAP_SHIFT -
        CONFIG_TRP_MODE] = {{"viommu.domain_map_shift", "24", "1 to 48",
                             "lowest bit of hDomID in a DomIDMap entry; bit 0 is V", "viommu 11 #1"},
                            NUMBER,
                            48},
    [CONFIG_QUEUE_MAP_SHIFT -
        CONFIG_TRP_MODE] = {{"viommu.queue_map_shift", "0", "0 to 48",
                             "lowest bit of QueueID in the second half of a DevIDMap entry", "viommu 11 #2"},
                            NUMBER,
                            48},
    [CONFIG_MAP_WITHOUT_W -
        CONFIG_TRP_MODE] = {{"viommu.did_map_without_w", "latch", "latch|read",
                             "a DID map write with W=0: only kept in the register, or the entry is "
                             "read into it",
                             "viommu 11 #4"},
                            CHOICE,
                            0},
    [CONFIG_MAP_ENABLE -
        CONFIG_TRP_MODE] = {{"viommu.did_map_enable", "viommuen", "viommuen|always",
                             "when a DID map write reaches memory: with IommuEn and vIommuEn, or "
                             "always",
                             "viommu 12 E1"},
                            CHOICE,
                            0},
    [CONFIG_GUEST_GN0 -
        CONFIG_TRP_MODE] = {{"viommu.guest_gn0", "nested", "nested|range",
                             "a guest's INVALIDATE_IOMMU_PAGES with GN=0: drops what is nested in "
                             "the domain, or what the host's command would drop",
                             "viommu 11 #16"},
                            CHOICE,
                            0},
    [CONFIG_WAIT_SCOPE -
        CONFIG_TRP_MODE] = {{"viommu.wait_scope", "guest", "guest|global",
                             "whose earlier commands a guest's COMPLETION_WAIT waits for", "viommu 11 #17"},
                            CHOICE,
                            0},
    [CONFIG_HOST_FAULT -
        CONFIG_TRP_MODE] = {{"viommu.host_fault", "host", "host|both",
                             "who hears of a host-stage fault of a guest's device: the host, or the "
                             "guest too",
                             "viommu 11 #20"},
                            CHOICE,
                            0},
    [CONFIG_RECORD_DOMAIN -
        CONFIG_TRP_MODE] = {{"viommu.record_domain", "reverse", "reverse|zero",
                             "DomainID of a guest's record with GN=0: the lowest gDomID whose entry "
                             "names it, else 0; or always 0",
                             "viommu 11 #21"},
                            CHOICE,
                            0},
    [CONFIG_GCR3_FAULT -
        CONFIG_TRP_MODE] = {{"viommu.gcr3_fault", "guest", "guest|host",
                             "where an invalid GCR3 entry or a PASID out of range of a guest's "
                             "device is logged",
                             "viommu 12 E5"},
                            CHOICE,
                            0},
    [CONFIG_LOG_FAULT -
        CONFIG_TRP_MODE] = {{"viommu.log_fault", "guest_event_fault", "guest_event_fault|both",
                             "a guest log that TransDevID does not lead to: GUEST_EVENT_FAULT alone, "
                             "or IO_PAGE_FAULT beside it",
                             "viommu 12 E10"},
                            CHOICE,
                            0},
    [CONFIG_RESET_ALL_BIT -
        CONFIG_TRP_MODE] = {{"viommu.reset_all_bit", "28", "28 or 27",
                             "27: bit 27 of RESET_VMMIO is taken for All, too", "viommu 11 #28"},
                            NUMBER,
                            28},
    [CONFIG_AON_BIT - CONFIG_TRP_MODE] = {{"ppr.auto_rsp_aon_bit", "42", "42 or 48",
                                           "bit of the control register that is PprAutoRspAon",
                                           "viommu 11 #29; one driver has 48"},
                                          NUMBER,
                                          48},
    [CONFIG_VSC_ID - CONFIG_TRP_MODE] = {{"vsc_id", "0", "16 bits",
                                          "VSC_ID of the vendor-specific capability", "viommu 11 #30"},
                                         NUMBER,
                                         UINT16_MAX},
    [CONFIG_VSC_REVISION -
        CONFIG_TRP_MODE] = {{"vsc_revision", "1", "8 bits", "revision of the vendor-specific capability",
                             "viommu 11 #30"},
                            NUMBER,
                            UINT8_MAX},
    [CONFIG_SPACE_CACHE -
        CONFIG_TRP_MODE] = {{"viommu.space_cache", "on", "on|off",
                             "whether translations of private addresses are cached", "viommu 11 #33"},
                            SWITCH,
                            1},
    [CONFIG_HOLD - CONFIG_TRP_MODE] = {{"viommu.hold", "on", "on|off",
                                        "whether a guest's command engine holds the translations of its own "
                                        "pages until a command covers them",
                                        "model's choice; caches may keep what they may keep, iommu 10.2"},
                                       SWITCH,
                                       1},
    [CONFIG_INSERT_EVENT -
        CONFIG_TRP_MODE] = {{"viommu.insert_guest_event", "off", "on|off",
                             "on: INSERT_GUEST_EVENT writes a record with code [59:56] and body "
                             "[127:64] to the guest's event log",
                             "viommu 11 #38"},
                            SWITCH,
                            1},
    [CONFIG_REGISTERS_OFF -
        CONFIG_TRP_MODE] = {{"viommu.registers_while_off", "work", "work|dead",
                             "VF and VF Control registers while vIommuEn=0: like always, or they "
                             "read 0 and take nothing",
                             "viommu 12 E11"},
                            CHOICE,
                            0},
    [CONFIG_GUEST_PPR_ENABLE -
        CONFIG_TRP_MODE] = {{"viommu.ppr_enable", "guest", "guest|both",
                             "whose PPREn a guest's device needs: the guest's, or the host's as well",
                             "viommu 9.2; iommu 2.4"},
                            CHOICE,
                            0},
};
