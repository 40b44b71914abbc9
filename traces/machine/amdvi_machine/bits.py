# SPDX-License-Identifier: Apache-2.0
"""
Bits and offsets that the collector needs on a machine where nothing of this project is installed.

The descriptions in */spec/*.yaml are where they come from; test_bits.py holds every line of this file against them.
"""
from __future__ import annotations

PAGE = 4096
ADDRESS = 0x000F_FFFF_FFFF_F000  # bits 51:12
INTERRUPT_ADDRESS = 0x000F_FFFF_FFFF_FFC0  # bits 51:6

# Fields of the device table entry, as pieces (lowest bit, width) from the low end of the value on.
DTE = {
    "V": ((0, 1),), "TV": ((1, 1),), "Mode": ((9, 3),), "Host root": ((12, 40),), "GV": ((55, 1),), "GLX": ((56, 2),),
    "GCR3 root": ((58, 3), (80, 16), (107, 21)), "IR": ((61, 1),), "IW": ((62, 1),), "DomainID": ((64, 16),),
    "IV": ((128, 1),), "IntTabLen": ((129, 4),), "IntTable root": ((134, 46),), "GuestPagingMode": ((182, 2),),
    "IntCtl": ((188, 2),),
}
DTE_BYTES = 32

# Of the host (v1) table entry.
V1 = {"PR": ((0, 1),), "NextLevel": ((9, 3),), "Addr": ((12, 40),), "FC": ((60, 1),), "IR": ((61, 1),), "IW": ((62, 1),)}
# Of the guest (v2) table entry, and of the GCR3 table's.
V2 = {"P": ((0, 1),), "RW": ((1, 1),), "US": ((2, 1),), "A": ((5, 1),), "D": ((6, 1),), "PS": ((7, 1),), "Addr": ((12, 40),)}
GCR3 = {"V": ((0, 1),), "Addr": ((12, 40),)}

# Registers: offset by name. Those that a snapshot reads; heads and tails belong to the rings.
REGISTERS = {
    "devtab_base": 0x0000, "cmd_base": 0x0008, "event_base": 0x0010, "control": 0x0018, "exclusion_base": 0x0020,
    "exclusion_limit": 0x0028, "efr": 0x0030, "ppr_base": 0x0038, "ga_base": 0x00E0, "ga_tail_addr": 0x00E8,
    "efr2": 0x01A0, "xt_general": 0x0170, "xt_ppr": 0x0178, "xt_ga": 0x0180, "cmd_head": 0x2000, "cmd_tail": 0x2008,
    "event_head": 0x2010, "event_tail": 0x2018, "status": 0x2020, "ppr_head": 0x2030, "ppr_tail": 0x2038,
    "ga_head": 0x2040, "ga_tail": 0x2048,
}
# What software may not write, or what a trace's configuration says.
READ_ONLY = {"efr", "efr2", "status"}
CONTROL = {"IommuEn": 0, "EventLogEn": 2, "Coherent": 10, "CmdBufEn": 12, "GTEn": 16, "GAEn": 17, "XTEn": 50}
EFR = {"GTSup": 4}

COMMANDS = {"COMPLETION_WAIT": 1, "INVALIDATE_DEVTAB_ENTRY": 2, "INVALIDATE_IOMMU_PAGES": 3}


def get(fields: dict[str, tuple[tuple[int, int], ...]], name: str, value: int) -> int:
    """A field's value; its pieces stand from the low end on."""
    result = shift = 0
    for low, width in fields[name]:
        result |= (value >> low & ((1 << width) - 1)) << shift
        shift += width
    return result


def put(fields: dict[str, tuple[tuple[int, int], ...]], **values: int) -> int:
    """An entry with these fields; names are written with _ for a space."""
    entry = 0
    for name, value in values.items():
        for low, width in fields[name.replace("_", " ")]:
            entry |= (value & ((1 << width) - 1)) << low
            value >>= width
    return entry


def device_text(devid: int) -> str:
    return f"{devid >> 8:02x}:{devid >> 3 & 31:02x}.{devid & 7:x}"
