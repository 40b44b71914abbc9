# SPDX-License-Identifier: Apache-2.0
"""Fault reasons and the records they become (7)."""
from __future__ import annotations

from dataclasses import dataclass

from .layout import EVENT_CODES, EVENT_FLAGS, EVENT_NAMES, PPR_FLAGS, VFLAGS, bits


@dataclass
class Fault(Exception):
    """Why a request failed. kind None: there is no event for this reason."""

    kind: str | None
    flags: frozenset[str] = frozenset()
    addr: int = 0
    dom: int = 0
    pasid: int = 0
    type: int = 0
    reply: str = "abort"
    guest: bool = False  # a fault of the guest stage (viommu.md 8.1)
    silent: bool = False  # never logged, whatever the device table entry says
    dev: int = 0

    @property
    def names(self) -> frozenset[str]:
        extra = {f"T{self.type}"} if self.type else set()
        return self.flags | frozenset(extra)


def flag_bits(flags: frozenset[str]) -> int:
    return sum(EVENT_FLAGS[name] for name in flags if name in EVENT_FLAGS)


def vflag_bits(flags: frozenset[str]) -> int:
    return sum(VFLAGS[name] for name in flags if name in VFLAGS)


def encode(fault: Fault, dev: int) -> bytes:
    """7.2: DeviceID, PASID or DomainID, flags, code, address."""
    code = EVENT_CODES[fault.kind or ""]
    flags = flag_bits(fault.flags) | fault.type << 9
    value = dev | vflag_bits(fault.flags) | flags << 48 | code << 60 | fault.addr << 64
    if "GN" in fault.flags:
        value |= bits(fault.pasid, 15, 0) << 32 | bits(fault.pasid, 19, 16) << 16
    else:
        value |= fault.dom << 32
    return value.to_bytes(16, "little")


def address_mask(kind: str) -> int:
    """7.3: low bits that the layout of a record drops."""
    everything = (1 << 64) - 1
    return everything & ~{"ILLEGAL_DEV_TABLE_ENTRY": 3, "DEV_TAB_HARDWARE_ERROR": 7, "PAGE_TAB_HARDWARE_ERROR": 7,
                          "ILLEGAL_COMMAND_ERROR": 15, "COMMAND_HARDWARE_ERROR": 7,
                          "IOTLB_INV_TIMEOUT": 15}.get(kind, 0)


REFUSED_FLAGS = PPR_FLAGS | {"GN": 1 << 9, "RX": 1 << 0}  # 7.3 code 9


def encode_ppr(dev: int, pasid: int | None, addr: int, tag: int, last: bool, flags: frozenset[str],
               code: int = 1) -> bytes:
    """7.7: page service request, also the body of INVALID_PPR_REQUEST (7.3)."""
    names = sum((REFUSED_FLAGS if code == 9 else PPR_FLAGS)[name] for name in flags)
    number = pasid or 0
    value = dev | bits(number, 15, 0) << 16 | (tag & 0x1FF | last << 9) << 32 | bits(number, 19, 16) << 42
    value |= names << 48 | code << 60 | (addr & ~0xFFF) << 64
    return value.to_bytes(16, "little")


@dataclass(frozen=True)
class Event:
    """A decoded event record."""

    kind: str
    dev: int
    dom: int
    pasid: int
    addr: int
    flags: frozenset[str]


def flag_names(value: int, low: int) -> frozenset[str]:
    names = {name for name, bit in EVENT_FLAGS.items() if value & bit}
    names |= {name for name, bit in VFLAGS.items() if low & bit}
    if value >> 9:
        names.add(f"T{value >> 9}")
    return frozenset(names)


def decode(record: bytes) -> Event:
    value = int.from_bytes(record, "little")
    number = bits(value, 59, 48)
    kind = EVENT_NAMES.get(bits(value, 63, 60), "?")
    gn = bool(number & 1)
    pasid = bits(value, 47, 32) | bits(value, 19, 16) << 16
    return Event(kind, bits(value, 15, 0), 0 if gn else bits(value, 47, 32), pasid if gn else 0, value >> 64,
                 flag_names(number, value & 0xFFFFFFFF))


@dataclass(frozen=True)
class Ppr:
    """A decoded PPR record."""

    dev: int
    pasid: int
    addr: int
    tag: int
    flags: frozenset[str]


def decode_ppr(record: bytes) -> Ppr:
    value = int.from_bytes(record, "little")
    flags = {name for name, bit in PPR_FLAGS.items() if bits(value, 59, 48) & bit}
    if bits(value, 41, 41):
        flags.add("LAST")
    pasid = bits(value, 31, 16) | bits(value, 45, 42) << 16
    return Ppr(bits(value, 15, 0), pasid, value >> 64, bits(value, 40, 32), frozenset(flags))
