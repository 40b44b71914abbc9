// SPDX-License-Identifier: Apache-2.0
/* What the architecture leaves open of an IOMMU without guests: table entries, walks, records, commands, ATS,
 * page requests. */
#include "model/config/config_keys.h"

const struct config_key config_keys_of_choices[CONFIG_TRP_MODE - CONFIG_DTE_RIGHTS] = {
    [CONFIG_DTE_RIGHTS - CONFIG_DTE_RIGHTS] =
        {{"ptc.dte_rights", "looked_up", "looked_up|kept",
          "DTE.IR and IW of a cached translation: those of the entry now, or those of the entry "
          "that it was made with, until INVALIDATE_IOMMU_PAGES",
          "iommu 10.2, 16: XSA-442"},
         CHOICE,
         0},
    [CONFIG_MARC_MATCH - CONFIG_DTE_RIGHTS] =
        {{"marc.match", "request", "request|result|none",
          "address that MARC apertures are for: of an untranslated request without PASID, which is then not "
          "translated; that which a translation gives; or none, and the registers are only stored",
          "iommu 2.4, 2.8, 13 no. 28: fields by name only"},
         CHOICE,
         0},
    [CONFIG_DTE_MODE_FAULT -
        CONFIG_DTE_RIGHTS] = {{"dte.mode_fault", "page_fault", "page_fault|illegal_entry",
                               "what an unsupported Mode is", "iommu 13 no. 10"},
                              CHOICE,
                              0},
    [CONFIG_DTE_BEYOND -
        CONFIG_DTE_RIGHTS] = {{"dte.beyond_table", "page_fault", "page_fault|illegal_entry",
                               "what a DeviceID beyond the device table is", "iommu 13 no. 11"},
                              CHOICE,
                              0},
    [CONFIG_DTE_BIT245 -
        CONFIG_DTE_RIGHTS] = {{"dte.bit245", "reserved", "reserved|ignored", "whether DTE bit 245 must be 0",
                               "iommu 15 D1; 13 no. 12 calls it ignored"},
                              CHOICE,
                              0},
    [CONFIG_DTE_RESERVED -
        CONFIG_DTE_RIGHTS] = {{"dte.reserved", "features", "features|2.62|3.05|3.10|3.11",
                               "reserved bits that differ by revision, above all 6:4, 106, 183:182 and "
                               "245:192: gated by features, or as that revision has them",
                               "iommu 17.2; 13 no. 12; 3.4: VB, QM3, OV, QM"},
                              CHOICE,
                              0},
    [CONFIG_DTE_TV0 -
        CONFIG_DTE_RIGHTS] = {{"dte.tv0", "block", "block|pass", "requests of a device with V=1 and TV=0",
                               "iommu 13 no. 8; old emulators pass"},
                              CHOICE,
                              0},
    [CONFIG_DTE_V0_INTERRUPTS - CONFIG_DTE_RIGHTS] =
        {{"dte.v0_interrupts", "independent", "independent|bypass",
          "interrupts of a device with V=0 and IV=1: IV alone counts, or they bypass remapping",
          "iommu 13 no. 9; OV bypasses"},
         CHOICE,
         0},
    [CONFIG_DTE_V0_CACHED - CONFIG_DTE_RIGHTS] =
        {{"dte.v0_cached", "always", "always|npcache",
          "whether an entry with V=0 is cached, or only with NpCache=1 in the capability", "iommu 13 no. 39"},
         CHOICE,
         0},
    [CONFIG_DTE_GV0_PASID - CONFIG_DTE_RIGHTS] =
        {{"dte.gv0_pasid", "page_fault", "page_fault|ignore",
          "a request with PASID of a device without guest translation: refused, or its PASID is ignored",
          "iommu 13 no. 20; no source states it"},
         CHOICE,
         0},
    [CONFIG_DTE_GV_GTEN0 -
        CONFIG_DTE_RIGHTS] = {{"dte.gv_without_gten", "ignored", "ignored|illegal_entry",
                               "what GV=1 is while GTEn=0", "iommu 13 no. 21; no source states it"},
                              CHOICE,
                              0},
    [CONFIG_DTE_SNP_MODE0 - CONFIG_DTE_RIGHTS] =
        {{"dte.snp_mode0", "illegal_entry", "illegal_entry|legal",
          "V=TV=1 with Mode=0 while EFR.SNPSup=1: illegal as on older parts, or an identity "
          "mapping with DTE.IR and IW as on newer ones",
          "iommu 3.3, 3.4, 16: which parts is not public"},
         CHOICE,
         0},
    [CONFIG_DTE_EXCLUSION - CONFIG_DTE_RIGHTS] =
        {{"dte.exclusion_order", "first", "first|last",
          "an excluded request passes before Mode, IR and IW are looked at, or only behind them",
          "iommu 13 no. 30"},
         CHOICE,
         0},
    [CONFIG_DTE_ORDER -
        CONFIG_DTE_RIGHTS] = {{"dte.check_order", "mode", "mode|permission",
                               "what of a device table entry is checked first: Mode, or IR and IW",
                               "iommu 15 D8; 4.3 step 1 has IR and IW"},
                              CHOICE,
                              0},
    [CONFIG_INT_PASS_EVENT - CONFIG_DTE_RIGHTS] =
        {{"int.pass_denied_event", "off", "on|off",
          "on: NMI, INIT and ExtInt without their pass bit log INVALID_DEVICE_REQUEST type 4",
          "iommu 13 no. 33"},
         SWITCH,
         1},
    [CONFIG_FORCE_PHYSICAL -
        CONFIG_DTE_RIGHTS] = {{"int.force_physical", "off", "on|off",
                               "on: with EFR.ForcePhyDestSup an IRTE's DM counts as physical",
                               "iommu 13 no. 31; 8.4 has on"},
                              SWITCH,
                              1},
    [CONFIG_INT_CONTROL0 -
        CONFIG_DTE_RIGHTS] = {{"int.control0", "silent", "silent|illegal_entry",
                               "an interrupt that IntCtl=0 aborts: no event, or ILLEGAL_DEV_TABLE_ENTRY",
                               "iommu 13 no. 34; OV has an illegal entry"},
                              CHOICE,
                              0},
    [CONFIG_GA_LOG_BIT - CONFIG_DTE_RIGHTS] =
        {{"int.ga_log_intr", "read", "read|cached",
          "GALogIntr of a guest-mode entry: read for every interrupt like IsRun, or cached "
          "until INVALIDATE_INTERRUPT_TABLE",
          "iommu 8.6: LX73, inferred for hardware"},
         CHOICE,
         0},
    [CONFIG_EVENT_US_BIT - CONFIG_DTE_RIGHTS] = {{"event.us_bit", "50", "50 or 49",
                                                  "record bit that is US in INVALID_DEVICE_REQUEST",
                                                  "iommu 13 no. 25; VB has 49"},
                                                 NUMBER,
                                                 50},
    [CONFIG_EVENT_GIOV_US -
        CONFIG_DTE_RIGHTS] = {{"event.giov_us", "on", "on|off",
                               "US in GN=1 records of requests that GIoV gives PASID 0", "iommu 15 D2"},
                              SWITCH,
                              1},
    [CONFIG_EVENT_RW - CONFIG_DTE_RIGHTS] =
        {{"event.rw", "memory", "memory|all",
          "RW in records of interrupts and translation requests: 0, or whether they write or ask to",
          "iommu 15 D3, 7.2"},
         CHOICE,
         0},
    [CONFIG_EVENT_TABLE_RW -
        CONFIG_DTE_RIGHTS] = {{"event.table_rw", "access", "access|request",
                               "RW of a host fault on a guest table: 1 for updates only, or as requested",
                               "iommu 15 D4"},
                              CHOICE,
                              0},
    [CONFIG_EVENT_NX -
        CONFIG_DTE_RIGHTS] = {{"event.nx", "requested", "requested|violated",
                               "NX in GN=1 records: of each execute request, or only where NX refuses it",
                               "iommu 15 D5, 7.2"},
                              CHOICE,
                              0},
    [CONFIG_EVENT_BEYOND_ADDRESS -
        CONFIG_DTE_RIGHTS] = {{"event.beyond_address", "request", "request|zero",
                               "address of the record of a DeviceID beyond the device table",
                               "iommu 15 D6; VB has 0"},
                              CHOICE,
                              0},
    [CONFIG_EVENT_TV0_PASID -
        CONFIG_DTE_RIGHTS] = {{"event.tv0_pasid", "reported", "reported|omitted",
                               "whether the record of a request that TV=0 blocks has GN=1 and its PASID",
                               "iommu 15 D7"},
                              CHOICE,
                              0},
    [CONFIG_EVENT_ILLEGAL_PASID -
        CONFIG_DTE_RIGHTS] = {{"event.illegal_pasid", "reported", "reported|omitted",
                               "whether ILLEGAL_DEV_TABLE_ENTRY has GN=1 and the PASID of the request",
                               "iommu 15 D18"},
                              CHOICE,
                              0},
    [CONFIG_EVENT_TABLE_GRANULE - CONFIG_DTE_RIGHTS] = {{"event.table_granule", "8", "8 or 16",
                                                         "granule of the address in PAGE_TAB_HARDWARE_ERROR",
                                                         "iommu 13 no. 26; VB has both"},
                                                        NUMBER,
                                                        16},
    [CONFIG_EVENT_LATCH - CONFIG_DTE_RIGHTS] =
        {{"event.latch", "upper", "upper|lower",
          "hardware event register that gets the first half of the record: 0040h or 0048h",
          "iommu 13 no. 2; FB has 0048h"},
         CHOICE,
         0},
    [CONFIG_HARDWARE_AD -
        CONFIG_DTE_RIGHTS] = {{"walk.hardware_ad", "on", "on|off",
                               "whether the walkers set accessed and dirty bits", "iommu 4.5, 5.3"},
                              SWITCH,
                              1},
    [CONFIG_LEAF_LEVEL -
        CONFIG_DTE_RIGHTS] = {{"walk.leaf_level", "level", "level|4k",
                               "page of a leaf with NextLevel 0 above level 1: that of its level, or 4 KiB",
                               "iommu 13 no. 14; an old emulator has 4 KiB"},
                              CHOICE,
                              0},
    [CONFIG_LEVEL1 -
        CONFIG_DTE_RIGHTS] = {{"walk.level1_next", "fault", "fault|leaf",
                               "an entry of level 1 with NextLevel 1 to 6: a fault, or a leaf like any other",
                               "iommu 15 D9; Linux and QM take it as a leaf"},
                              CHOICE,
                              0},
    [CONFIG_WIDTH_FAULT - CONFIG_DTE_RIGHTS] =
        {{"walk.width_fault", "level", "level|not_present",
          "flags of an address above the width of Mode: PR=1 like skipped levels, or PR=0",
          "iommu 13 no. 40"},
         CHOICE,
         0},
    [CONFIG_ENTRY_ORDER -
        CONFIG_DTE_RIGHTS] = {{"walk.entry_order", "reserved", "reserved|level|permission",
                               "what of a present host entry is looked at first: reserved bits, then level, "
                               "then permission; level, then reserved bits; or permission",
                               "iommu 13 no. 36, 15 D8, D19; 4.3; VB"},
                              CHOICE,
                              0},
    [CONFIG_HOST_A -
        CONFIG_DTE_RIGHTS] = {{"walk.host_a", "all", "all|leaf",
                               "which host entries of a walk get their accessed bit", "iommu 15 D13"},
                              CHOICE,
                              0},
    [CONFIG_GCR3_INNER -
        CONFIG_DTE_RIGHTS] = {{"walk.gcr3_inner", "gpa", "gpa|spa",
                               "what the pointers between levels of a GCR3 table are", "iommu 13 no. 22"},
                              CHOICE,
                              0},
    [CONFIG_GUEST_TABLE_IW -
        CONFIG_DTE_RIGHTS] = {{"walk.guest_table_iw", "when_written", "when_written|always",
                               "when the host page of a guest table must be writable: when a bit is set in "
                               "it, or always while bits may be set",
                               "iommu 13 no. 23"},
                              CHOICE,
                              0},
    [CONFIG_WP -
        CONFIG_DTE_RIGHTS] = {{"walk.wp", "on", "on|off",
                               "off: R/W=0 in a guest table does not stop writes of privileged requests",
                               "iommu 13 no. 24"},
                              SWITCH,
                              1},
    [CONFIG_GUEST_PERMISSION -
        CONFIG_DTE_RIGHTS] = {{"walk.guest_permission", "end", "end|each_level",
                               "when guest permissions are checked: behind the last level, or at each",
                               "iommu 15 D17"},
                              CHOICE,
                              0},
    [CONFIG_NESTED_FAULT - CONFIG_DTE_RIGHTS] =
        {{"walk.nested_fault", "gpa", "gpa|gva",
          "host faults under a guest walk: GN=0 with DomainID and GPA, or GN=1 with PASID and GVA",
          "iommu 13 no. 19, 5.4"},
         CHOICE,
         0},
    [CONFIG_HT_RANGES - CONFIG_DTE_RIGHTS] =
        {{"ht_ranges", "on", "on|off",
          "on: FD_0000_0000h-FF_FFFF_FFFFh have their special meanings unless EFR2.HTRangeIgnore",
          "iommu 8.1"},
         SWITCH,
         1},
    [CONFIG_EVENT_OVERFLOW_RESTART -
        CONFIG_DTE_RIGHTS] = {{"log.restart_clears_overflow", "off", "on|off",
                               "on: the enable bit of a log going 0 to 1 clears its overflow bit",
                               "iommu 7.1: one emulator does it"},
                              SWITCH,
                              1},
    [CONFIG_LOG_RUN - CONFIG_DTE_RIGHTS] =
        {{"log.run_on_overflow", "clear", "clear|keep",
          "the run bit of a log that overflows: cleared until the log is enabled again, or "
          "kept, and the log goes on once its overflow bit is taken back",
          "iommu 13 no. 16; VB keeps it"},
         CHOICE,
         0},
    [CONFIG_LOG_INT_STATUS - CONFIG_DTE_RIGHTS] = {{"log.event_int_status", "always", "always|enabled",
                                                    "whether a record sets EventLogInt while EventIntEn=0",
                                                    "iommu 13 no. 15; OV needs the enable bit"},
                                                   CHOICE,
                                                   0},
    [CONFIG_LOG_INTERRUPT -
        CONFIG_DTE_RIGHTS] = {{"log.interrupt", "each", "each|edge",
                               "interrupt of a record: each one, or only the one that sets the status bit",
                               "iommu 7.1"},
                              CHOICE,
                              0},
    [CONFIG_LOG_UNWRITABLE -
        CONFIG_DTE_RIGHTS] = {{"log.unwritable", "host", "host|both|none",
                               "which logs overflow when a record cannot be written: the host's, a "
                               "guest's too beside GUEST_EVENT_FAULT, or none",
                               "model's choice; iommu 7.1 speaks of full logs only, viommu 11 #19, #22"},
                              CHOICE,
                              0},
    [CONFIG_GA_POINTER -
        CONFIG_DTE_RIGHTS] = {{"log.ga_pointer_top", "18", "18 or 15", "highest bit of the GA log pointers",
                               "iommu 13 no. 13; VB has 15"},
                              NUMBER,
                              18},
    [CONFIG_RING_BASE -
        CONFIG_DTE_RIGHTS] = {{"ring.base_write", "clears", "clears|keeps",
                               "what a write of a ring base does to its head and tail", "iommu 13 no. 17"},
                              CHOICE,
                              0},
    [CONFIG_CMD_HEAD - CONFIG_DTE_RIGHTS] =
        {{"cmd.faulty_head", "stay", "stay|next|tail",
          "head after a faulty command, of the host and of guests: at it, behind it, or at the tail",
          "iommu 13 no. 18, viommu 12 E4; VB is at the tail"},
         CHOICE,
         0},
    [CONFIG_CMD_IOTLB_PASID -
        CONFIG_DTE_RIGHTS] = {{"cmd.iotlb_pasid", "linux", "linux|low_first",
                               "place of the PASID in INVALIDATE_IOTLB_PAGES: [15:8] in 23:16, [7:0] in "
                               "55:48, [19:16] in 59:56; or [7:0] in 23:16, [19:8] in 59:48",
                               "iommu 13 no. 1; VB, XN have low_first"},
                              CHOICE,
                              0},
    [CONFIG_CMD_IOTLB_TYPE -
        CONFIG_DTE_RIGHTS] = {{"cmd.iotlb_type", "any", "any|zero",
                               "which TYPE of INVALIDATE_IOTLB_PAGES is legal with InvIotlbTypeSup",
                               "iommu 13 no. 35"},
                              CHOICE,
                              0},
    [CONFIG_CMD_STRAY_PASID -
        CONFIG_DTE_RIGHTS] = {{"cmd.stray_pasid", "ignored", "ignored|illegal",
                               "a PASID in INVALIDATE_IOMMU_PAGES or INVALIDATE_IOTLB_PAGES with GN=0",
                               "iommu 15 D12"},
                              CHOICE,
                              0},
    [CONFIG_CMD_GUEST_RESERVED -
        CONFIG_DTE_RIGHTS] = {{"cmd.guest_reserved", "checked", "checked|ignored",
                               "reserved bits of INSERT_GUEST_EVENT and RESET_VMMIO", "iommu 15 D20"},
                              CHOICE,
                              0},
    [CONFIG_ATS_N - CONFIG_DTE_RIGHTS] = {{"ats.n", "fc", "fc|not_fc",
                                           "N of ATS responses: FC, or its inverse", "iommu 13 no. 27"},
                                          CHOICE,
                                          0},
    [CONFIG_ATS_RANGE - CONFIG_DTE_RIGHTS] =
        {{"ats.range_reply", "success", "success|refused",
          "a translation request for the interrupt range or another reserved one: success "
          "without permissions, or refused",
          "iommu 9.2"},
         CHOICE,
         0},
    [CONFIG_ATS_UNANSWERED -
        CONFIG_DTE_RIGHTS] = {{"ats.unanswered", "64", "1 to 4096",
                               "INVALIDATE_IOTLB_PAGES of the host, and of each guest, that devices may "
                               "leave unanswered before the next one waits",
                               "model's choice; the queue's depth is not published, iommu 6.4"},
                              NUMBER,
                              4096},
    [CONFIG_PPR_LOG_OFF -
        CONFIG_DTE_RIGHTS] = {{"ppr.log_off", "drop", "drop|refuse",
                               "a page request while PPRLogEn=0, of the host or of its guest",
                               "iommu 15 D14"},
                              CHOICE,
                              0},
    [CONFIG_PPR_REFUSE_RESPONSE - CONFIG_DTE_RIGHTS] =
        {{"ppr.refuse_response", "always", "always|last",
          "whether every refused page request is answered, or only the last of its group", "iommu 7.7"},
         CHOICE,
         0},
    [CONFIG_PPR_REFUSED -
        CONFIG_DTE_RIGHTS] = {{"ppr.refused", "answer_rx", "answer_rx|answer|event",
                               "a refused page request: the hardware answers it and says so by RX=1 in "
                               "INVALID_PPR_REQUEST; answers "
                               "it with RX=0; or leaves the answer to the software",
                               "iommu 16, 9.4: Linux answers unless RX=1"},
                              CHOICE,
                              0},
    [CONFIG_PPR_PASID - CONFIG_DTE_RIGHTS] =
        {{"ppr.response_pasid", "gn_and_gprp", "gn_and_gprp|gn",
          "when a PRG response carries the PASID: GN=1 in COMPLETE_PPR_REQUEST (or in the "
          "request that the hardware answers) and DTE.GPRP=1, or GN=1 alone",
          "iommu 16, 9.4: the field's name; Linux never sets GPRP"},
         CHOICE,
         0},
};
