# SPDX-License-Identifier: Apache-2.0
"""Bit positions, typed by hand from the reference (section numbers are those of iommu.md unless said otherwise).

A layout is a table name -> (high bit, low bit). View reads fields of an integer by name.
"""
from __future__ import annotations

from functools import lru_cache

Layout = dict[str, tuple[int, int]]


def bits(value: int, high: int, low: int) -> int:
    return (value >> low) & ((1 << (high - low + 1)) - 1)


def mask(high: int, low: int) -> int:
    return ((1 << (high - low + 1)) - 1) << low


@lru_cache(maxsize=None)
def masks(*ranges: tuple[int, int]) -> int:
    out = 0
    for high, low in ranges:
        out |= mask(high, low)
    return out


class View:
    """An integer whose fields are attributes. It never changes: a field is taken out of it once."""

    def __init__(self, value: int, layout: Layout) -> None:
        self.value = value
        self.layout = layout

    def __getattr__(self, name: str) -> int:
        try:
            high, low = self.layout[name]
        except KeyError:
            raise AttributeError(name) from None
        self.__dict__[name] = value = self.value >> low & (2 << high - low) - 1
        return value


VIEWS_MOST = 20_000
_views: dict[tuple[int, int], View] = {}


def fields(value: int, layout: Layout) -> View:
    """A View of one of the layouts below; the same one as long as the value is the same, for it is asked often."""
    key = value, id(layout)
    found = _views.get(key)
    if found is None:
        if len(_views) >= VIEWS_MOST:
            _views.clear()
        found = _views[key] = View(value, layout)
    return found


def pack(layout: Layout, **fields: int) -> int:
    """The integer with these fields; a value that does not fit is an error."""
    out = 0
    for name, value in fields.items():
        high, low = layout[name]
        if value < 0 or value >> (high - low + 1):
            raise ValueError(f"{name}={value:#x} does not fit")
        out |= value << low
    return out


# 2.5
EFR: Layout = {
    "PreFSup": (0, 0), "PPRSup": (1, 1), "XTSup": (2, 2), "NXSup": (3, 3), "GTSup": (4, 4), "GAPPISup": (5, 5),
    "IASup": (6, 6), "GASup": (7, 7), "HESup": (8, 8), "PCSup": (9, 9), "HATS": (11, 10), "GATS": (13, 12),
    "GLXSup": (15, 14), "SmiFSup": (17, 16), "SmiFRC": (20, 18), "GAMSup": (23, 21), "DualPprLogSup": (25, 24),
    "DualEventLogSup": (29, 28), "SATSSup": (31, 31), "PASmax": (36, 32), "USSup": (37, 37),
    "DevTblSegSup": (39, 38), "PprOvrflwEarlySup": (40, 40), "PprAutoRspSup": (41, 41), "MarcSup": (43, 42),
    "BlkStopMrkSup": (44, 44), "PerfOptSup": (45, 45), "MsiCapMmioSup": (46, 46), "GIoSup": (48, 48),
    "HASup": (49, 49), "EPHSup": (50, 50), "AttrFWSup": (51, 51), "HDSup": (52, 52), "GDUpdateDisSup": (53, 53),
    "InvIotlbTypeSup": (54, 54), "vIommuSup": (55, 55), "GAUpdateDisSup": (61, 61), "ForcePhyDestSup": (62, 62),
    "SNPSup": (63, 63),
}

# 2.6
EFR2: Layout = {
    "CXLIOSup": (0, 0), "TMPMSup": (2, 2), "GCR3TRPModeSup": (3, 3), "GAPPIDisSup": (4, 4), "SNPAVICSup": (7, 5),
    "NumIntRemapSup": (9, 8), "HTRangeIgnore": (11, 11),
}

# 2.4
CONTROL: Layout = {
    "IommuEn": (0, 0), "HtTunEn": (1, 1), "EventLogEn": (2, 2), "EventIntEn": (3, 3), "ComWaitIntEn": (4, 4),
    "InvTimeOut": (7, 5), "PassPW": (8, 8), "ResPassPW": (9, 9), "Coherent": (10, 10), "Isoc": (11, 11),
    "CmdBufEn": (12, 12), "PPRLogEn": (13, 13), "PPRIntEn": (14, 14), "PPREn": (15, 15), "GTEn": (16, 16),
    "GAEn": (17, 17), "SmiFEn": (22, 22), "SlfWBDis": (23, 23), "SmiFLogEn": (24, 24), "GAMEn": (27, 25),
    "GALogEn": (28, 28), "GAIntEn": (29, 29), "DualPprLogEn": (31, 30), "DualEventLogEn": (33, 32),
    "DevTblSegEn": (36, 34), "PrivAbrtEn": (38, 37), "PprAutoRspEn": (39, 39), "MarcEn": (40, 40),
    "BlkStopMrkEn": (41, 41), "PprAutoRspAon": (42, 42), "NumIntRemapMode": (44, 43), "EPHEn": (45, 45),
    "HADUpdate": (47, 46), "GDUpdateDis": (48, 48), "XTEn": (50, 50), "IntCapXTEn": (51, 51), "vCmdEn": (52, 52),
    "vIommuEn": (53, 53), "GAUpdateDis": (54, 54), "GAPPIEn": (55, 55), "TMPMEn": (56, 56),
    "GCR3TRPMode": (58, 58), "IRTCacheDis": (59, 59), "GstBufferTRPMode": (60, 60), "SNPAVICEn": (63, 61),
}

# 2.7
STATUS: Layout = {
    "EventOverflow": (0, 0), "EventLogInt": (1, 1), "ComWaitInt": (2, 2), "EventLogRun": (3, 3),
    "CmdBufRun": (4, 4), "PprOverflow": (5, 5), "PprInt": (6, 6), "PprLogRun": (7, 7), "GALogRun": (8, 8),
    "GALOverflow": (9, 9), "GAInt": (10, 10), "PprOverflowB": (11, 11), "PprLogActive": (12, 12),
    "EventOverflowB": (15, 15), "EventLogActive": (16, 16), "PprOverflowEarlyB": (17, 17),
    "PprOverflowEarly": (18, 18),
}
STATUS_W1C = 0x68E67

# 3.2
DTE: Layout = {
    "V": (0, 0), "TV": (1, 1), "CXL": (6, 4), "HAD": (8, 7), "Mode": (11, 9), "Root": (51, 12), "PPR": (52, 52),
    "GPRP": (53, 53), "GIoV": (54, 54), "GV": (55, 55), "GLX": (57, 56), "GCR3a": (60, 58), "IR": (61, 61),
    "IW": (62, 62), "DomainID": (79, 64), "GCR3b": (95, 80), "I": (96, 96), "SE": (97, 97), "SA": (98, 98),
    "IoCtl": (100, 99), "Cache": (101, 101), "SD": (102, 102), "EX": (103, 103), "SysMgt": (105, 104),
    "SATS": (106, 106), "GCR3c": (127, 107), "IV": (128, 128), "IntTabLen": (132, 129), "IG": (133, 133),
    "IntRoot": (179, 134), "GuestPagingMode": (183, 182), "InitPass": (184, 184), "EIntPass": (185, 185),
    "NMIPass": (186, 186), "HPTMode": (187, 187), "IntCtl": (189, 188), "Lint0Pass": (190, 190),
    "Lint1Pass": (191, 191), "VmTag": (203, 192), "VMGTW": (206, 206), "vImuEn": (207, 207),
    "GDeviceID": (223, 208), "GuestID": (239, 224), "AttrV": (246, 246), "Mode0FC": (247, 247),
    "SnoopAttribute": (255, 248),
}

# 4.2
V1: Layout = {
    "PR": (0, 0), "A": (5, 5), "D": (6, 6), "NextLevel": (11, 9), "Addr": (51, 12), "U": (59, 59), "FC": (60, 60),
    "IR": (61, 61), "IW": (62, 62),
}

# 5.1
GCR3: Layout = {"V": (0, 0), "Addr": (51, 12)}

# 5.3
V2: Layout = {
    "P": (0, 0), "RW": (1, 1), "US": (2, 2), "PWT": (3, 3), "PCD": (4, 4), "A": (5, 5), "D": (6, 6), "PS": (7, 7),
    "G": (8, 8), "Addr": (51, 12), "NX": (63, 63),
}

# 8.3, a 32-bit entry and the two 128-bit forms
IRTE32: Layout = {
    "RemapEn": (0, 0), "SupIOPF": (1, 1), "IntType": (4, 2), "RqEoi": (5, 5), "DM": (6, 6), "GuestMode": (7, 7),
    "Dest": (15, 8), "Vector": (23, 16),
}
IRTE128: Layout = {
    "RemapEn": (0, 0), "SupIOPF": (1, 1), "IntType": (4, 2), "RqEoi": (5, 5), "DM": (6, 6), "GuestMode": (7, 7),
    "DestX": (15, 8), "DestLow": (31, 8), "Vector": (71, 64), "DestHigh": (127, 120),
}
IRTEGUEST: Layout = {
    "RemapEn": (0, 0), "SupIOPF": (1, 1), "GALogIntr": (2, 2), "GAPPIDis": (5, 5), "IsRun": (6, 6),
    "GuestMode": (7, 7), "DestX": (15, 8), "DestLow": (31, 8), "GATag": (63, 32), "Vector": (71, 64),
    "Backing": (115, 76), "DestHigh": (127, 120),
}

# 6.2: one layout per opcode
COMMANDS: dict[int, Layout] = {
    1: {"s": (0, 0), "i": (1, 1), "f": (2, 2), "store": (51, 3), "data": (127, 64)},
    2: {"dev": (15, 0)},
    3: {"pasid": (19, 0), "dom": (47, 32), "S": (64, 64), "PDE": (65, 65), "GN": (66, 66), "addr": (127, 76)},
    4: {"dev": (15, 0), "pasid_mid": (23, 16), "maxpend": (31, 24), "queue": (47, 32), "pasid_low": (55, 48),
        "pasid_high": (59, 56), "S": (64, 64), "GN": (66, 66), "type": (69, 68), "addr": (127, 76)},
    5: {"dev": (15, 0)},
    6: {"dev": (15, 0), "count": (31, 24), "pasid": (51, 32), "S": (64, 64), "GN": (66, 66), "inval": (68, 68),
        "addr": (127, 76)},
    7: {"dev": (15, 0), "pasid": (51, 32), "GN": (66, 66), "tag": (111, 96)},
    8: {},
    9: {"gid": (47, 32)},
    10: {"gid": (15, 0), "all": (28, 28), "vcmd": (31, 31)},
}

# 6.2 last paragraph; opcodes 9 and Ah: decision D20
COMMAND_RESERVED: dict[int, int] = {
    1: masks((59, 52)),
    2: masks((59, 16), (127, 64)),
    3: masks((31, 20), (59, 48), (75, 67)),
    4: masks((65, 65), (67, 67), (75, 70)),
    5: masks((59, 16), (127, 64)),
    6: masks((23, 16), (59, 52), (65, 65), (67, 67), (75, 69)),
    7: masks((31, 16), (59, 52), (65, 64), (95, 67), (127, 112)),
    8: masks((59, 0), (127, 64)),
    9: masks((31, 0), (59, 48), (127, 64)),
    10: masks((27, 16), (30, 29), (59, 32), (127, 64)),
}

# 7.2: flags by name, value inside the 12-bit flags number (bits 59:48)
EVENT_FLAGS: dict[str, int] = {
    "GN": 0x001, "NX": 0x002, "US": 0x004, "I": 0x008, "PR": 0x010, "RW": 0x020, "PE": 0x040, "RZ": 0x080,
    "TR": 0x100,
}
# viommu.md 8.3: flags in DW0
VFLAGS: dict[str, int] = {"vNR": 1 << 27, "vEvent": 1 << 29, "vPtr": 1 << 30, "vCmd": 1 << 31}

# 7.3
EVENT_CODES: dict[str, int] = {
    "ILLEGAL_DEV_TABLE_ENTRY": 1, "IO_PAGE_FAULT": 2, "DEV_TAB_HARDWARE_ERROR": 3, "PAGE_TAB_HARDWARE_ERROR": 4,
    "ILLEGAL_COMMAND_ERROR": 5, "COMMAND_HARDWARE_ERROR": 6, "IOTLB_INV_TIMEOUT": 7, "INVALID_DEVICE_REQUEST": 8,
    "INVALID_PPR_REQUEST": 9, "EVENT_COUNTER_ZERO": 10, "GUEST_EVENT_FAULT": 11, "VIOMMU_HARDWARE_ERROR": 12,
    "RMP_PAGE_FAULT": 13, "RMP_HARDWARE_ERROR": 14,
}
EVENT_NAMES: dict[int, str] = {code: name for name, code in EVENT_CODES.items()}

# 7.7: PPR record flags inside the 12-bit number (bits 59:48)
PPR_FLAGS: dict[str, int] = {"X": 0x002, "R": 0x004, "W": 0x020, "US": 0x040, "RZ": 0x080, "GN": 0x100}

# viommu.md 3
VFC_COMMAND: Layout = {"Len": (3, 0), "CmdBufEn": (8, 8), "ComWaitIntEn": (9, 9), "Base": (51, 12)}
VFC_EVENT: Layout = {
    "Len": (3, 0), "LenB": (7, 4), "EventLogEn": (8, 8), "EventIntEn": (9, 9), "Dual": (11, 10), "Base": (51, 12),
}
VFC_PPR: Layout = {
    "Len": (3, 0), "LenB": (7, 4), "PPRLogEn": (8, 8), "PPRIntEn": (9, 9), "PPREn": (10, 10), "Dual": (12, 11),
    "PprAutoRspEn": (13, 13), "BlkStopMrkEn": (14, 14), "PprAutoRspAon": (15, 15), "Base": (55, 16),
}
VFC_MAP: Layout = {"V": (0, 0), "host": (29, 14), "queue": (45, 30), "guest": (61, 46), "W": (63, 63)}
VFC_MISC: Layout = {"TransDevID": (31, 16)}

# viommu.md 2.1
IPA_VF = 0x00_0000_0000
IPA_DIRTY = 0x00_0040_0000
IPA_DEVMAP = 0x10_0000_0000
IPA_DOMMAP = 0x20_0000_0000
IPA_CMD = 0x28_0000_0000
IPA_PPR = 0x30_0000_0000
IPA_EVENT = 0x40_0000_0000
IPA_RING = 512 * 1024
