// SPDX-License-Identifier: Apache-2.0
/* What a part is: features, addresses, and the geometry of its caches. */
#include "model/config/config_keys.h"

#include "model/caches/cache.h"

const char config_from_preset[] = "from the preset";

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

/* Sets and ways into which lines go. */
#define PLACE_KEYS(id, name, indexes, meaning)                                                               \
    [CONFIG_##id##_DISABLE] = {{name ".way_disable", "0", "16 bits",                                         \
                                "bit n: no line goes into way n; the last way is always left",               \
                                "performance a.1: way-disable masks of the hardware's registers"},           \
                               NUMBER,                                                                       \
                               UINT16_MAX},                                                                  \
    [CONFIG_##id##_INDEX] = {{name ".index", "hash", indexes, meaning,                                       \
                              "performance a.1: low bits of the DeviceID on RD890; today's hash is not "     \
                              "published"},                                                                  \
                             CHOICE,                                                                         \
                             0}

#define GROUP_KEYS(id, name)                                                                                 \
    [CONFIG_##id##_PARTITION] = {{name ".partition", "off", "off|ways|sets",                                 \
                                  "whether groups of domains have ways or sets of their own",                \
                                  "performance b: HyperTRIO, a study"},                                      \
                                 CHOICE,                                                                     \
                                 0},                                                                         \
    [CONFIG_##id##_GROUPS] = {{name ".groups", "1", "1, 2, 4 to 65536",                                      \
                               "groups of domains by the low bits of the DomainID, for " name ".partition; " \
                               "at most one a way or set",                                                   \
                               "performance b: HyperTRIO, a study"},                                         \
                              NUMBER,                                                                        \
                              65536}

const struct config_key config_keys_of_part[CONFIG_DTE_RIGHTS] = {
    [CONFIG_PRESET] = {{"preset", "genoa", "rome|milan|genoa|turin|raphael|legacy|emulator-min",
                        "named feature preset: sets efr, efr2, cap_header, misc0 and pci_id", "iommu 11.3"},
                       CHOICE,
                       0},
    [CONFIG_SPEC] = {{"spec", "any", "any|2.62|3.05|3.10|3.11",
                      "revision of the specification: takes from efr and efr2 of the preset what the "
                      "revision does not have, and sets dte.reserved; any: the preset as it is",
                      "iommu 17"},
                     CHOICE,
                     0},
    [CONFIG_EFR] = {{"efr", config_from_preset, "64 bits",
                     "extended feature register; a feature whose bit is 0 is absent", "iommu 2.5, 11.1"},
                    NUMBER,
                    UINT64_MAX},
    [CONFIG_EFR2] = {{"efr2", config_from_preset, "64 bits", "second extended feature register",
                      "iommu 2.6, 11.1"},
                     NUMBER,
                     UINT64_MAX},
    [CONFIG_CAP_HEADER] = {{"cap_header", config_from_preset, "32 bits",
                            "capability header: IotlbSup, NpCache, EFRSup and their like; CapRev (bits "
                            "23:19) is 1 as in silicon, QEMU's model has 0",
                            "iommu 1.2, 11.3"},
                           NUMBER,
                           UINT32_MAX},
    [CONFIG_MISC0] = {{"misc0", config_from_preset, "32 bits",
                       "capability MiscInfo0: MSI number, address sizes", "iommu 1.2, 11.3"},
                      NUMBER,
                      UINT32_MAX},
    [CONFIG_MISC1] = {{"misc1", "0", "32 bits", "capability MiscInfo1: MSI number of the GA log",
                       "iommu 1.2"},
                      NUMBER,
                      UINT32_MAX},
    [CONFIG_PCI_ID] = {{"pci_id", config_from_preset, "32 bits", "PCI device id << 16 | vendor id",
                        "iommu 1.1"},
                       NUMBER,
                       UINT32_MAX},
    [CONFIG_DEVID] = {{"devid", "0x0002", "16 bits, or bus:device.function",
                       "DeviceID of the IOMMU's own PCI function", "trace format"},
                      DEVICE,
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
        {{"timing", "off", "on|off",
          "on: replayers play under the timed executor, whose parameters are keys timing.NAME, too; "
          "the library itself takes no time (amdvi/timed.h does)",
          "trace format"},
         SWITCH,
         1},
    [CONFIG_AUTORUN] = {{"autorun", "1", "0|1", "replayers run the device after every register write",
                         "trace format"},
                        NUMBER,
                        1},
    SIZE_KEYS(DTC, "dtc", "7", "8", "device table cache"),
    PLACE_KEYS(
        DTC, "dtc", "hash|device",
        "what chooses the set: a hash, or the low bits of the DeviceID (function, then device, then bus)"),
    SIZE_KEYS(ITC, "itc", "7", "8", "interrupt table cache"),
    PLACE_KEYS(
        ITC, "itc", "hash|device",
        "what chooses the set: a hash, or the low bits of the DeviceID (function, then device, then bus)"),
    SIZE_KEYS(PTC, "ptc", "11", "8", "translation cache"),
    PLACE_KEYS(PTC, "ptc", "hash|address|domain",
               "what chooses the set: a hash, the page number (from ptc.index_shift on), or the DomainID"),
    GROUP_KEYS(PTC, "ptc"),
    SIZE_KEYS(PDC, "pdc", "9", "8", "page directory cache"),
    PLACE_KEYS(PDC, "pdc", "hash|address|domain",
               "what chooses the set: a hash, the address above the directory's reach, or the DomainID"),
    GROUP_KEYS(PDC, "pdc"),
    SIZE_KEYS(GCR3, "gcr3", "6", "8", "GCR3 cache"),
    [CONFIG_INDEX_SHIFT] = {{"ptc.index_shift", "12", "12 to 48",
                             "lowest address bit that chooses a set of the PTC with ptc.index=address",
                             "study; HyperSIO takes 21"},
                            NUMBER,
                            48},
    [CONFIG_CACHE_POLICY] = {{"cache.policy", "plru", "plru|lru|fifo|random", "how caches choose victims",
                              "performance 1.2"},
                             CHOICE,
                             0},
    [CONFIG_PAGE_SIZES] = {{"ptc.page_sizes", "0x49", "7 bits",
                            "page sizes that the PTC holds: bit i is 2^(12+3i) bytes, bit 0 always",
                            "performance a.1: the value that firmware sets"},
                           NUMBER,
                           0x7f},
};
