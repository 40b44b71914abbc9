// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include "model/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, SWITCH, CHOICE, PLAN };

struct key {
    struct amdvi_config_key public;
    enum kind kind;
    uint64_t limit; /* NUMBER: largest legal value */
};

static const char from_preset[] = "from the preset";

#define SIZE_KEYS(id, name, entries, ways, what)                                                             \
    [CONFIG_##id##                                                                                           \
        _ENTRIES] = {{name ".log2_entries", entries, "0 to 16", "log2 of the lines of the " what,            \
                      "performance 1.2; the encoding of the hardware's registers, entry counts are "         \
                      "not published"},                                                                      \
                     NUMBER,                                                                                 \
                     16},                                                                                    \
  [CONFIG_##id##_WAYS] = {{name ".ways", ways, "1, 2, 4, 8 or 16", "ways of the " what,                      \
                           "performance 1.2; at most 16 in the hardware's registers"},                       \
                          NUMBER,                                                                            \
                          CACHE_WAYS_MAX}

static const struct key keys[CONFIG_KEYS] = {
    [CONFIG_PRESET] = {{"preset", "genoa", "rome|milan|genoa|turin|raphael|legacy|emulator-min",
                        "named feature preset: sets efr, efr2, cap_header, misc0 and pci_id", "iommu 11.3"},
                       CHOICE,
                       0},
    [CONFIG_EFR] = {{"efr", from_preset, "64 bits",
                     "extended feature register; a feature whose bit is 0 is absent", "iommu 2.5, 11.1"},
                    NUMBER,
                    UINT64_MAX},
    [CONFIG_EFR2] = {{"efr2", from_preset, "64 bits", "second extended feature register", "iommu 2.6, 11.1"},
                     NUMBER,
                     UINT64_MAX},
    [CONFIG_CAP_HEADER] = {{"cap_header", from_preset, "32 bits",
                            "capability header: IotlbSup, NpCache, EFRSup and their like", "iommu 1.2, 11.3"},
                           NUMBER,
                           UINT32_MAX},
    [CONFIG_MISC0] = {{"misc0", from_preset, "32 bits", "capability MiscInfo0: MSI number, address sizes",
                       "iommu 1.2, 11.3"},
                      NUMBER,
                      UINT32_MAX},
    [CONFIG_MISC1] = {{"misc1", "0", "32 bits", "capability MiscInfo1: MSI number of the GA log",
                       "iommu 1.2"},
                      NUMBER,
                      UINT32_MAX},
    [CONFIG_PCI_ID] = {{"pci_id", from_preset, "32 bits", "PCI device id << 16 | vendor id", "iommu 1.1"},
                       NUMBER,
                       UINT32_MAX},
    [CONFIG_DEVID] = {{"devid", "0x0002", "16 bits", "DeviceID of the IOMMU's own PCI function",
                       "trace format"},
                      NUMBER,
                      UINT16_MAX},
    [CONFIG_MMIO_BASE] = {{"mmio_base", "0xfd180000", "64 bits",
                           "base address in the capability block; informational, the library has no bus",
                           "iommu 11.3"},
                          NUMBER,
                          UINT64_MAX},
    [CONFIG_VF_BASE] = {{"vf_base", "0xE000000000", "64 bits",
                         "VF MMIO aperture in the vendor-specific capability", "trace format, viommu E7"},
                        NUMBER,
                        UINT64_MAX},
    [CONFIG_VFC_BASE] = {{"vfc_base", "0xE010000000", "64 bits",
                          "VF Control aperture in the vendor-specific capability", "trace format, viommu E7"},
                         NUMBER,
                         UINT64_MAX},
    [CONFIG_RAM] =
        {{"ram", "0x100000000", "up to 2^52",
          "bytes of system memory from address 0; for replayers, the library itself asks its callbacks",
          "trace format"},
         NUMBER,
         (uint64_t)1 << 52},
    [CONFIG_CACHES] = {{"caches", "on", "on|off",
                        "off: every request walks; on: caches keep what they may keep", "trace format"},
                       SWITCH,
                       1},
    [CONFIG_TIMING] =
        {{"timing", "off", "off", "on (the timed executor) is not available yet", "trace format"}, SWITCH, 0},
    [CONFIG_AUTORUN] = {{"autorun", "1", "0|1", "replayers run the device after every register write",
                         "trace format"},
                        NUMBER,
                        1},
    SIZE_KEYS(DTC, "dtc", "7", "8", "device table cache"),
    SIZE_KEYS(ITC, "itc", "7", "8", "interrupt table cache"),
    SIZE_KEYS(PTC, "ptc", "11", "8", "translation cache"),
    SIZE_KEYS(PDC, "pdc", "9", "8", "page directory cache"),
    SIZE_KEYS(GCR3, "gcr3", "6", "8", "GCR3 cache"),
    [CONFIG_CACHE_POLICY] = {{"cache.policy", "plru", "plru|lru|fifo|random", "how caches choose victims",
                              "performance 1.2"},
                             CHOICE,
                             0},
    [CONFIG_PAGE_SIZES] = {{"ptc.page_sizes", "0x49", "7 bits",
                            "page sizes that the PTC holds: bit i is 2^(12+3i) bytes, bit 0 always",
                            "performance a.1: the value that firmware sets"},
                           NUMBER,
                           0x7f},
    [CONFIG_DTE_MODE_FAULT] = {{"dte.mode_fault", "page_fault", "page_fault|illegal_entry",
                                "what an unsupported Mode is", "iommu 13 no. 10"},
                               CHOICE,
                               0},
    [CONFIG_DTE_BEYOND] = {{"dte.beyond_table", "page_fault", "page_fault|illegal_entry",
                            "what a DeviceID beyond the device table is", "iommu 13 no. 11"},
                           CHOICE,
                           0},
    [CONFIG_DTE_BIT245] = {{"dte.bit245", "reserved", "reserved|ignored", "whether DTE bit 245 must be 0",
                            "iommu 15 D1; 13 no. 12 calls it ignored"},
                           CHOICE,
                           0},
    [CONFIG_DTE_RESERVED] = {{"dte.reserved", "features", "features|3.05|3.10|3.11",
                              "reserved bits that differ by revision, 6:4, 106, 183:182 and 245:192: gated "
                              "by features, or as revision 3.05, 3.10 or 3.11 has them",
                              "iommu 13 no. 12; 3.4: VB, QM3, OV"},
                             CHOICE,
                             0},
    [CONFIG_DTE_TV0] = {{"dte.tv0", "block", "block|pass", "requests of a device with V=1 and TV=0",
                         "iommu 13 no. 8; old emulators pass"},
                        CHOICE,
                        0},
    [CONFIG_DTE_V0_INTERRUPTS] =
        {{"dte.v0_interrupts", "independent", "independent|bypass",
          "interrupts of a device with V=0 and IV=1: IV alone counts, or they bypass remapping",
          "iommu 13 no. 9; OV bypasses"},
         CHOICE,
         0},
    [CONFIG_DTE_V0_CACHED] =
        {{"dte.v0_cached", "always", "always|npcache",
          "whether an entry with V=0 is cached, or only with NpCache=1 in the capability", "iommu 13 no. 39"},
         CHOICE,
         0},
    [CONFIG_DTE_GV0_PASID] =
        {{"dte.gv0_pasid", "page_fault", "page_fault|ignore",
          "a request with PASID of a device without guest translation: refused, or its PASID is ignored",
          "iommu 13 no. 20; no source states it"},
         CHOICE,
         0},
    [CONFIG_DTE_GV_GTEN0] = {{"dte.gv_without_gten", "ignored", "ignored|illegal_entry",
                              "what GV=1 is while GTEn=0", "iommu 13 no. 21; no source states it"},
                             CHOICE,
                             0},
    [CONFIG_DTE_EXCLUSION] =
        {{"dte.exclusion_order", "first", "first|last",
          "an excluded request passes before Mode, IR and IW are looked at, or only behind them",
          "iommu 13 no. 30"},
         CHOICE,
         0},
    [CONFIG_DTE_ORDER] = {{"dte.check_order", "mode", "mode|permission",
                           "what of a device table entry is checked first: Mode, or IR and IW",
                           "iommu 15 D8; 4.3 step 1 has IR and IW"},
                          CHOICE,
                          0},
    [CONFIG_INT_PASS_EVENT] =
        {{"int.pass_denied_event", "off", "on|off",
          "on: NMI, INIT and ExtInt without their pass bit log INVALID_DEVICE_REQUEST type 4",
          "iommu 13 no. 33"},
         SWITCH,
         1},
    [CONFIG_FORCE_PHYSICAL] = {{"int.force_physical", "off", "on|off",
                                "on: with EFR.ForcePhyDestSup an IRTE's DM counts as physical",
                                "iommu 13 no. 31; 8.4 has on"},
                               SWITCH,
                               1},
    [CONFIG_INT_CONTROL0] = {{"int.control0", "silent", "silent|illegal_entry",
                              "an interrupt that IntCtl=0 aborts: no event, or ILLEGAL_DEV_TABLE_ENTRY",
                              "iommu 13 no. 34; OV has an illegal entry"},
                             CHOICE,
                             0},
    [CONFIG_EVENT_US_BIT] = {{"event.us_bit", "50", "50 or 49",
                              "record bit that is US in INVALID_DEVICE_REQUEST",
                              "iommu 13 no. 25; VB has 49"},
                             NUMBER,
                             50},
    [CONFIG_EVENT_GIOV_US] = {{"event.giov_us", "on", "on|off",
                               "US in GN=1 records of requests that GIoV gives PASID 0", "iommu 15 D2"},
                              SWITCH,
                              1},
    [CONFIG_EVENT_RW] =
        {{"event.rw", "memory", "memory|all",
          "RW in records of interrupts and translation requests: 0, or whether they write or ask to",
          "iommu 15 D3, 7.2"},
         CHOICE,
         0},
    [CONFIG_EVENT_TABLE_RW] = {{"event.table_rw", "access", "access|request",
                                "RW of a host fault on a guest table: 1 for updates only, or as requested",
                                "iommu 15 D4"},
                               CHOICE,
                               0},
    [CONFIG_EVENT_NX] = {{"event.nx", "requested", "requested|violated",
                          "NX in GN=1 records: of each execute request, or only where NX refuses it",
                          "iommu 15 D5, 7.2"},
                         CHOICE,
                         0},
    [CONFIG_EVENT_BEYOND_ADDRESS] = {{"event.beyond_address", "request", "request|zero",
                                      "address of the record of a DeviceID beyond the device table",
                                      "iommu 15 D6; VB has 0"},
                                     CHOICE,
                                     0},
    [CONFIG_EVENT_TV0_PASID] = {{"event.tv0_pasid", "reported", "reported|omitted",
                                 "whether the record of a request that TV=0 blocks has GN=1 and its PASID",
                                 "iommu 15 D7"},
                                CHOICE,
                                0},
    [CONFIG_EVENT_ILLEGAL_PASID] = {{"event.illegal_pasid", "reported", "reported|omitted",
                                     "whether ILLEGAL_DEV_TABLE_ENTRY has GN=1 and the PASID of the request",
                                     "iommu 15 D18"},
                                    CHOICE,
                                    0},
    [CONFIG_EVENT_TABLE_GRANULE] = {{"event.table_granule", "8", "8 or 16",
                                     "granule of the address in PAGE_TAB_HARDWARE_ERROR",
                                     "iommu 13 no. 26; VB has both"},
                                    NUMBER,
                                    16},
    [CONFIG_EVENT_LATCH] = {{"event.latch", "upper", "upper|lower",
                             "hardware event register that gets the first half of the record: 0040h or 0048h",
                             "iommu 13 no. 2; FB has 0048h"},
                            CHOICE,
                            0},
    [CONFIG_HARDWARE_AD] = {{"walk.hardware_ad", "on", "on|off",
                             "whether the walkers set accessed and dirty bits", "iommu 4.5, 5.3"},
                            SWITCH,
                            1},
    [CONFIG_LEAF_LEVEL] = {{"walk.leaf_level", "level", "level|4k",
                            "page of a leaf with NextLevel 0 above level 1: that of its level, or 4 KiB",
                            "iommu 13 no. 14; an old emulator has 4 KiB"},
                           CHOICE,
                           0},
    [CONFIG_LEVEL1] = {{"walk.level1_next", "fault", "fault|leaf",
                        "an entry of level 1 with NextLevel 1 to 6: a fault, or a leaf like any other",
                        "iommu 15 D9; Linux and QM take it as a leaf"},
                       CHOICE,
                       0},
    [CONFIG_WIDTH_FAULT] = {{"walk.width_fault", "level", "level|not_present",
                             "flags of an address above the width of Mode: PR=1 like skipped levels, or PR=0",
                             "iommu 13 no. 40"},
                            CHOICE,
                            0},
    [CONFIG_ENTRY_ORDER] = {{"walk.entry_order", "reserved", "reserved|level|permission",
                             "what of a present host entry is looked at first: reserved bits, then level, "
                             "then permission; level, then reserved bits; or permission",
                             "iommu 13 no. 36, 15 D8, D19; 4.3; VB"},
                            CHOICE,
                            0},
    [CONFIG_HOST_A] = {{"walk.host_a", "all", "all|leaf",
                        "which host entries of a walk get their accessed bit", "iommu 15 D13"},
                       CHOICE,
                       0},
    [CONFIG_GCR3_INNER] = {{"walk.gcr3_inner", "gpa", "gpa|spa",
                            "what the pointers between levels of a GCR3 table are", "iommu 13 no. 22"},
                           CHOICE,
                           0},
    [CONFIG_GUEST_TABLE_IW] = {{"walk.guest_table_iw", "when_written", "when_written|always",
                                "when the host page of a guest table must be writable: when a bit is set in "
                                "it, or always while bits may be set",
                                "iommu 13 no. 23"},
                               CHOICE,
                               0},
    [CONFIG_WP] = {{"walk.wp", "on", "on|off",
                    "off: R/W=0 in a guest table does not stop writes of privileged requests",
                    "iommu 13 no. 24"},
                   SWITCH,
                   1},
    [CONFIG_GUEST_PERMISSION] = {{"walk.guest_permission", "end", "end|each_level",
                                  "when guest permissions are checked: behind the last level, or at each",
                                  "iommu 15 D17"},
                                 CHOICE,
                                 0},
    [CONFIG_NESTED_FAULT] =
        {{"walk.nested_fault", "gpa", "gpa|gva",
          "host faults under a guest walk: GN=0 with DomainID and GPA, or GN=1 with PASID and GVA",
          "iommu 13 no. 19, 5.4"},
         CHOICE,
         0},
    [CONFIG_HT_RANGES] =
        {{"ht_ranges", "on", "on|off",
          "on: FD_0000_0000h-FF_FFFF_FFFFh have their special meanings unless EFR2.HTRangeIgnore",
          "iommu 8.1"},
         SWITCH,
         1},
    [CONFIG_EVENT_OVERFLOW_RESTART] = {{"log.restart_clears_overflow", "off", "on|off",
                                        "on: the enable bit of a log going 0 to 1 clears its overflow bit",
                                        "iommu 7.1: one emulator does it"},
                                       SWITCH,
                                       1},
    [CONFIG_LOG_RUN] = {{"log.run_on_overflow", "clear", "clear|keep",
                         "the run bit of a log that overflows: cleared until the log is enabled again, or "
                         "kept, and the log goes on once its overflow bit is taken back",
                         "iommu 13 no. 16; VB keeps it"},
                        CHOICE,
                        0},
    [CONFIG_LOG_INT_STATUS] = {{"log.event_int_status", "always", "always|enabled",
                                "whether a record sets EventLogInt while EventIntEn=0",
                                "iommu 13 no. 15; OV needs the enable bit"},
                               CHOICE,
                               0},
    [CONFIG_LOG_INTERRUPT] = {{"log.interrupt", "each", "each|edge",
                               "interrupt of a record: each one, or only the one that sets the status bit",
                               "iommu 7.1"},
                              CHOICE,
                              0},
    [CONFIG_GA_POINTER] = {{"log.ga_pointer_top", "18", "18 or 15", "highest bit of the GA log pointers",
                            "iommu 13 no. 13; VB has 15"},
                           NUMBER,
                           18},
    [CONFIG_RING_BASE] = {{"ring.base_write", "clears", "clears|keeps",
                           "what a write of a ring base does to its head and tail", "iommu 13 no. 17"},
                          CHOICE,
                          0},
    [CONFIG_CMD_HEAD] =
        {{"cmd.faulty_head", "stay", "stay|next|tail",
          "head after a faulty command, of the host and of guests: at it, behind it, or at the tail",
          "iommu 13 no. 18, viommu 12 E4; VB is at the tail"},
         CHOICE,
         0},
    [CONFIG_CMD_IOTLB_PASID] = {{"cmd.iotlb_pasid", "linux", "linux|low_first",
                                 "place of the PASID in INVALIDATE_IOTLB_PAGES: [15:8] in 23:16, [7:0] in "
                                 "55:48, [19:16] in 59:56; or [7:0] in 23:16, [19:8] in 59:48",
                                 "iommu 13 no. 1; VB, XN have low_first"},
                                CHOICE,
                                0},
    [CONFIG_CMD_IOTLB_TYPE] = {{"cmd.iotlb_type", "any", "any|zero",
                                "which TYPE of INVALIDATE_IOTLB_PAGES is legal with InvIotlbTypeSup",
                                "iommu 13 no. 35"},
                               CHOICE,
                               0},
    [CONFIG_CMD_STRAY_PASID] = {{"cmd.stray_pasid", "ignored", "ignored|illegal",
                                 "a PASID in INVALIDATE_IOMMU_PAGES or INVALIDATE_IOTLB_PAGES with GN=0",
                                 "iommu 15 D12"},
                                CHOICE,
                                0},
    [CONFIG_CMD_GUEST_RESERVED] = {{"cmd.guest_reserved", "checked", "checked|ignored",
                                    "reserved bits of INSERT_GUEST_EVENT and RESET_VMMIO", "iommu 15 D20"},
                                   CHOICE,
                                   0},
    [CONFIG_ATS_N] = {{"ats.n", "fc", "fc|not_fc", "N of ATS responses: FC, or its inverse",
                       "iommu 13 no. 27"},
                      CHOICE,
                      0},
    [CONFIG_ATS_RANGE] = {{"ats.range_reply", "success", "success|refused",
                           "a translation request for the interrupt range or another reserved one: success "
                           "without permissions, or refused",
                           "iommu 9.2"},
                          CHOICE,
                          0},
    [CONFIG_PPR_LOG_OFF] = {{"ppr.log_off", "drop", "drop|refuse",
                             "a page request while PPRLogEn=0, of the host or of its guest", "iommu 15 D14"},
                            CHOICE,
                            0},
    [CONFIG_PPR_REFUSE_RESPONSE] =
        {{"ppr.refuse_response", "always", "always|last",
          "whether every refused page request is answered, or only the last of its group", "iommu 7.7"},
         CHOICE,
         0},
    [CONFIG_TRP_MODE] = {{"viommu.gst_buffer_trp_mode", "supported", "supported|absent",
                          "absent: Control[60] reads 0 and guest buffers are private addresses",
                          "viommu 11 #24"},
                         CHOICE,
                         0},
    [CONFIG_UNMAPPED_ID] = {{"viommu.unmapped_id", "guest_error", "guest_error|host_error|skip",
                             "what a guest's command with an ID that is not mapped does", "viommu 11 #8"},
                            CHOICE,
                            0},
    [CONFIG_MAP_FAULT] = {{"viommu.map_fault", "log", "log|silent",
                           "a DID map write whose table is not mapped: VIOMMU_HARDWARE_ERROR, or nothing",
                           "viommu 11 #7"},
                          CHOICE,
                          0},
    [CONFIG_ZERO_HOST_ID] = {{"viommu.zero_host_device", "legal", "legal|invalid",
                              "a DevIDMap entry that is valid and names host device 0", "viommu 11 #6"},
                             CHOICE,
                             0},
    [CONFIG_SLOT_IS_REGISTER] = {{"viommu.slot_is_register", "on", "on|off",
                                  "on: a write to the 64-byte slot in memory changes the VF registers",
                                  "viommu 11 #12"},
                                 SWITCH,
                                 1},
    [CONFIG_GUEST_DEVTAB] =
        {{"viommu.guest_inv_devtab", "invalidate", "invalidate|ignore",
          "a guest's INVALIDATE_DEVTAB_ENTRY: drop the host's entry of the device, or nothing",
          "viommu 11 #15"},
         CHOICE,
         0},
    [CONFIG_SPACE_FAULT] = {{"viommu.space_fault", "page_fault", "page_fault|hardware_error",
                             "what the host log gets when TransDevID does not lead to a guest's buffer",
                             "viommu 11 #18"},
                            CHOICE,
                            0},
    [CONFIG_COMWAIT_IRQ] = {{"viommu.comwait_irq_type", "0", "0 or 2",
                             "entry of the extended interrupt table that a guest's completion wait uses",
                             "viommu 11 #23"},
                            NUMBER,
                            2},
    [CONFIG_GUEST_LOG_OFF] = {{"viommu.guest_log_off", "drop", "drop|host",
                               "where a record goes whose guest has its event log off", "viommu 11 #37"},
                              CHOICE,
                              0},
    [CONFIG_RESERVED_GID] = {{"viommu.reserved_guest_ids", "legal", "legal|rejected",
                              "GuestID 0 and those with bit 15: like others, or without registers",
                              "viommu 11 #26"},
                             CHOICE,
                             0},
    [CONFIG_DIRTY_STRIDE] = {{"viommu.dirty_stride", "32", "32 or 16",
                              "bytes of dirty status for each value of GuestID[7:0]", "viommu 11 #9"},
                             NUMBER,
                             32},
    [CONFIG_GUEST_TURN] = {{"viommu.commands_per_turn", "1", "0 to 32768",
                            "commands of one guest before the next guest's turn; 0: until its ring is empty",
                            "viommu 11 #34"},
                           NUMBER,
                           32768},
    [CONFIG_GUEST_HEAD_RESET] = {{"viommu.enable_resets_head", "off", "on|off",
                                  "on: the guest's CmdBufEn going 0 to 1 sets its head to 0",
                                  "viommu 11 #35"},
                                 SWITCH,
                                 1},
    [CONFIG_GUEST_INVALIDATE_ALL] = {{"viommu.invalidate_all", "guest", "guest|full",
                                      "what a guest's INVALIDATE_IOMMU_ALL drops: its own entries, or all",
                                      "viommu 11 #14"},
                                     CHOICE,
                                     0},
    [CONFIG_DOMAIN_MAP_SHIFT] = {{"viommu.domain_map_shift", "24", "1 to 48",
                                  "lowest bit of hDomID in a DomIDMap entry; bit 0 is V", "viommu 11 #1"},
                                 NUMBER,
                                 48},
    [CONFIG_QUEUE_MAP_SHIFT] = {{"viommu.queue_map_shift", "0", "0 to 48",
                                 "lowest bit of QueueID in the second half of a DevIDMap entry",
                                 "viommu 11 #2"},
                                NUMBER,
                                48},
    [CONFIG_MAP_WITHOUT_W] = {{"viommu.did_map_without_w", "latch", "latch|read",
                               "a DID map write with W=0: only kept in the register, or the entry is "
                               "read into it",
                               "viommu 11 #4"},
                              CHOICE,
                              0},
    [CONFIG_MAP_ENABLE] = {{"viommu.did_map_enable", "viommuen", "viommuen|always",
                            "when a DID map write reaches memory: with IommuEn and vIommuEn, or "
                            "always",
                            "viommu 12 E1"},
                           CHOICE,
                           0},
    [CONFIG_GUEST_GN0] = {{"viommu.guest_gn0", "nested", "nested|range",
                           "a guest's INVALIDATE_IOMMU_PAGES with GN=0: drops what is nested in "
                           "the domain, or what the host's command would drop",
                           "viommu 11 #16"},
                          CHOICE,
                          0},
    [CONFIG_WAIT_SCOPE] = {{"viommu.wait_scope", "guest", "guest|global",
                            "whose earlier commands a guest's COMPLETION_WAIT waits for", "viommu 11 #17"},
                           CHOICE,
                           0},
    [CONFIG_HOST_FAULT] = {{"viommu.host_fault", "host", "host|both",
                            "who hears of a host-stage fault of a guest's device: the host, or the "
                            "guest too",
                            "viommu 11 #20"},
                           CHOICE,
                           0},
    [CONFIG_RECORD_DOMAIN] = {{"viommu.record_domain", "reverse", "reverse|zero",
                               "DomainID of a guest's record with GN=0: the lowest gDomID whose entry "
                               "names it, else 0; or always 0",
                               "viommu 11 #21"},
                              CHOICE,
                              0},
    [CONFIG_GCR3_FAULT] = {{"viommu.gcr3_fault", "guest", "guest|host",
                            "where an invalid GCR3 entry or a PASID out of range of a guest's "
                            "device is logged",
                            "viommu 12 E5"},
                           CHOICE,
                           0},
    [CONFIG_LOG_FAULT] = {{"viommu.log_fault", "guest_event_fault", "guest_event_fault|both",
                           "a guest log that TransDevID does not lead to: GUEST_EVENT_FAULT alone, "
                           "or IO_PAGE_FAULT beside it",
                           "viommu 12 E10"},
                          CHOICE,
                          0},
    [CONFIG_RESET_ALL_BIT] = {{"viommu.reset_all_bit", "28", "28 or 27",
                               "27: bit 27 of RESET_VMMIO is taken for All, too", "viommu 11 #28"},
                              NUMBER,
                              28},
    [CONFIG_AON_BIT] = {{"ppr.auto_rsp_aon_bit", "42", "42 or 48",
                         "bit of the control register that is PprAutoRspAon",
                         "viommu 11 #29; one driver has 48"},
                        NUMBER,
                        48},
    [CONFIG_VSC_ID] = {{"vsc_id", "0", "16 bits", "VSC_ID of the vendor-specific capability",
                        "viommu 11 #30"},
                       NUMBER,
                       UINT16_MAX},
    [CONFIG_VSC_REVISION] = {{"vsc_revision", "1", "8 bits", "revision of the vendor-specific capability",
                              "viommu 11 #30"},
                             NUMBER,
                             UINT8_MAX},
    [CONFIG_SPACE_CACHE] = {{"viommu.space_cache", "on", "on|off",
                             "whether translations of private addresses are cached", "viommu 11 #33"},
                            SWITCH,
                            1},
    [CONFIG_HOLD] = {{"viommu.hold", "on", "on|off",
                      "whether a guest's command engine holds the translations of its own "
                      "pages until a command covers them",
                      "model's choice; caches may keep what they may keep, iommu 10.2"},
                     SWITCH,
                     1},
    [CONFIG_INSERT_EVENT] = {{"viommu.insert_guest_event", "off", "on|off",
                              "on: INSERT_GUEST_EVENT writes a record with code [59:56] and body "
                              "[127:64] to the guest's event log",
                              "viommu 11 #38"},
                             SWITCH,
                             1},
    [CONFIG_REGISTERS_OFF] = {{"viommu.registers_while_off", "work", "work|dead",
                               "VF and VF Control registers while vIommuEn=0: like always, or they "
                               "read 0 and take nothing",
                               "viommu 12 E11"},
                              CHOICE,
                              0},
    [CONFIG_GUEST_PPR_ENABLE] = {{"viommu.ppr_enable", "guest", "guest|both",
                                  "whose PPREn a guest's device needs: the guest's, or the host's as well",
                                  "viommu 9.2; iommu 2.4"},
                                 CHOICE,
                                 0},
    [CONFIG_PMU_BANKS] = {{"pmu.banks", "2", "1 to 63", "performance counter banks", "iommu 2.9"},
                          NUMBER,
                          63},
    [CONFIG_PMU_COUNTERS] = {{"pmu.counters", "4", "1 to 15", "counters in a bank", "iommu 2.9"}, NUMBER, 15},
    [CONFIG_INJECT_PLAN] =
        {{"inject.plan", "none", "none, or rules as in amdvi/inject.h",
          "faults on demand: memory that fails, cache entries with bit errors, devices that do "
          "not answer; as read:pte:nth=5:data_error;atc:dev=0x100:timeout",
          "made for tests and studies"},
         PLAN,
         0},
};

struct preset {
    const char *name;
    uint64_t efr, efr2;
    uint32_t cap_header, misc0, pci_id;
};

/* iommu 11.3. PCI device ids: 1481h Rome/Milan, 14D9h Raphael (1.1); 149Eh Genoa and 1423h family 15h are
 * second-hand there, and Turin takes Genoa's. */
static const struct preset presets[] = {
    {"rome", 0x058f77ef22294ade, 0, 0x190b640f, 0x00203040, 0x14811022},
    {"milan", 0x059f77ef22294ade, 0, 0x190b640f, 0x00203040, 0x14811022},
    {"genoa", 0x25bf732fa2295afe, 0x1d, 0x190b640f, 0x00203040, 0x149e1022},
    {"turin", 0x25bf732fa2295afe, 0x53d, 0x190b640f, 0x00203040, 0x149e1022},
    {"raphael", 0x246577efa2254afa, 0, 0x190b640f, 0x00203040, 0x14d91022},
    {"legacy", 0x0000000f00004a5a, 0, 0x090b640f, 0x00203040, 0x14231022},
    {"emulator-min", 0x29d7, 0, 0x1d0b640f, 0x00183040, 0x14511022},
};

enum { PRESETS = sizeof(presets) / sizeof(presets[0]) };

static int find_key(const char *name)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(keys[i].public.name, name) == 0)
            return i;
    return -1;
}

/* Number of `value` in "a|b|c", or -1. */
static int find_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    for (int i = 0; *choices; i++) {
        size_t word = strcspn(choices, "|");
        if (word == length && memcmp(choices, value, length) == 0)
            return i;
        choices += word + (choices[word] == '|');
    }
    return -1;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
    return errno == 0 && *end == 0;
}

static void apply_preset(struct amdvi_config *config, unsigned index)
{
    const struct preset *preset = &presets[index];

    config->value[CONFIG_PRESET] = index;
    config->value[CONFIG_EFR] = preset->efr;
    config->value[CONFIG_EFR2] = preset->efr2;
    config->value[CONFIG_CAP_HEADER] = preset->cap_header;
    config->value[CONFIG_MISC0] = preset->misc0;
    config->value[CONFIG_PCI_ID] = preset->pci_id;
}

static bool parse_switch(const char *text, uint64_t *value)
{
    if (strcmp(text, "on") == 0 || strcmp(text, "1") == 0)
        *value = 1;
    else if (strcmp(text, "off") == 0 || strcmp(text, "0") == 0)
        *value = 0;
    else
        return false;
    return true;
}

static bool parse_choice(const struct key *key, const char *text, uint64_t *value)
{
    int choice = find_choice(key->public.values, text);

    *value = (uint64_t)choice;
    return choice >= 0;
}

static bool parse_value(const struct key *key, const char *text, uint64_t *value)
{
    switch (key->kind) {
    case SWITCH:
        return parse_switch(text, value);
    case CHOICE:
        return parse_choice(key, text, value);
    default:
        return parse_number(text, value);
    }
}

static bool within_limits(int id, uint64_t value)
{
    switch (id) {
    case CONFIG_DTC_WAYS:
    case CONFIG_ITC_WAYS:
    case CONFIG_PTC_WAYS:
    case CONFIG_PDC_WAYS:
    case CONFIG_GCR3_WAYS:
        return value != 0 && (value & (value - 1)) == 0;
    case CONFIG_COMWAIT_IRQ:
        return value != 1;
    case CONFIG_DIRTY_STRIDE:
        return value == 16 || value == 32;
    case CONFIG_RESET_ALL_BIT:
        return value == 27 || value == 28;
    case CONFIG_AON_BIT:
        return value == 42 || value == 48;
    case CONFIG_GA_POINTER:
        return value == 15 || value == 18;
    case CONFIG_EVENT_US_BIT:
        return value == 49 || value == 50;
    case CONFIG_EVENT_TABLE_GRANULE:
        return value == 8 || value == 16;
    case CONFIG_PMU_BANKS:
    case CONFIG_PMU_COUNTERS:
    case CONFIG_DOMAIN_MAP_SHIFT:
        return value != 0;
    default:
        return true;
    }
}

/* The key whose value is a plan of faults (inject.h). */
static enum amdvi_status set_plan(struct amdvi_config *config, const char *text)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count, length = strlen(text);

    if (strcmp(text, "none") == 0)
        length = 0;
    else if (length >= sizeof(config->inject_plan) ||
             amdvi_inject_parse(text, rules, AMDVI_INJECT_RULES_MAX, &count) != AMDVI_OK)
        return AMDVI_ERR_BAD_VALUE;
    memcpy(config->inject_plan, text, length);
    config->inject_plan[length] = 0;
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_set(struct amdvi_config *config, const char *key, const char *value)
{
    uint64_t number;
    int id;

    if (!config || !key || !value)
        return AMDVI_ERR_ARGUMENT;
    id = find_key(key);
    if (id < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    if (keys[id].kind == PLAN)
        return set_plan(config, value);
    if (!parse_value(&keys[id], value, &number))
        return AMDVI_ERR_BAD_VALUE;
    if (keys[id].kind != CHOICE && (number > keys[id].limit || !within_limits(id, number)))
        return AMDVI_ERR_BAD_VALUE;
    if (id == CONFIG_PRESET)
        apply_preset(config, (unsigned)number);
    config->value[id] = number;
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_create(struct amdvi_config **config)
{
    if (!config)
        return AMDVI_ERR_ARGUMENT;
    *config = calloc(1, sizeof(**config));
    if (!*config)
        return AMDVI_ERR_NO_MEMORY;
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (keys[i].public.fallback != from_preset)
            amdvi_config_set(*config, keys[i].public.name, keys[i].public.fallback);
    return AMDVI_OK;
}

void amdvi_config_destroy(struct amdvi_config *config)
{
    free(config);
}

static void print_choice(const char *choices, uint64_t index, char *value, size_t size)
{
    while (index-- > 0)
        choices += strcspn(choices, "|") + 1;
    snprintf(value, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

enum amdvi_status amdvi_config_get(const struct amdvi_config *config, const char *key, char *value,
                                   size_t size)
{
    int id = config && key && value && size ? find_key(key) : -1;

    if (id < 0)
        return config && key && value && size ? AMDVI_ERR_UNKNOWN_KEY : AMDVI_ERR_ARGUMENT;
    if (keys[id].kind == PLAN)
        snprintf(value, size, "%s", *config->inject_plan ? config->inject_plan : "none");
    else if (keys[id].kind == CHOICE)
        print_choice(keys[id].public.values, config->value[id], value, size);
    else if (keys[id].kind == SWITCH)
        snprintf(value, size, "%s", config->value[id] ? "on" : "off");
    else
        snprintf(value, size, config->value[id] < 10 ? "%" PRIu64 : "0x%" PRIx64, config->value[id]);
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_number(const struct amdvi_config *config, const char *key, uint64_t *value)
{
    int id;

    if (!config || !key || !value)
        return AMDVI_ERR_ARGUMENT;
    id = find_key(key);
    if (id < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    *value = config->value[id];
    return AMDVI_OK;
}

const struct amdvi_config_key *amdvi_config_key_at(size_t index)
{
    return index < CONFIG_KEYS ? &keys[index].public : NULL;
}

const char *amdvi_preset_at(size_t index)
{
    return index < PRESETS ? presets[index].name : NULL;
}
