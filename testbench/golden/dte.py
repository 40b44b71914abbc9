# SPDX-License-Identifier: Apache-2.0
"""Device table entry: decode and legality (3)."""
from __future__ import annotations

from dataclasses import dataclass

from .config import Config
from .layout import DTE, View, mask, masks
from .memory import Memory

SIZE = 32


class Dte(View):
    """One 256-bit entry."""

    def __init__(self, value: int) -> None:
        super().__init__(value, DTE)

    @property
    def root(self) -> int:
        return self.Root << 12

    @property
    def gcr3_root(self) -> int:
        """3.2: [14:12], [30:15], [51:31]."""
        return self.GCR3a << 12 | self.GCR3b << 15 | self.GCR3c << 31

    @property
    def int_root(self) -> int:
        return self.IntRoot << 6


@dataclass(frozen=True)
class Segment:
    """What one device table base register says (2.2)."""

    base: int
    entries: int


def locate(segments: list[Segment], dev: int) -> int | None:
    """3.1: address of the entry, None if the DeviceID lies beyond the table."""
    shift = 17 - len(segments).bit_length()  # 1, 2, 4, 8 segments leave 16, 15, 14, 13 index bits
    segment, index = segments[dev >> shift], dev & ((1 << shift) - 1)
    return segment.base + SIZE * index if index < segment.entries else None


def read(memory: Memory, addr: int) -> Dte:
    return Dte(memory.read_int(addr, SIZE))


def _gated(cfg: Config) -> int:
    """3.2, decision D1: bits 127:1 that belong to a feature that is absent."""
    f = cfg.f
    out = 0 if cfg.f2.CXLIOSup else mask(6, 4)
    out |= 0 if f.HASup else mask(8, 7)
    out |= 0 if f.EPHSup else mask(53, 52)
    out |= 0 if f.GIoSup else mask(54, 54)
    out |= 0 if f.GTSup else masks((60, 55), (95, 80), (127, 107))
    out |= 0 if cfg.iotlb_sup else masks((96, 96), (101, 101))
    out |= 0 if f.SATSSup else mask(106, 106)
    return out


def reserved_memory(cfg: Config) -> int:
    return masks((3, 2), (63, 63)) | _gated(cfg)


def reserved_interrupt(cfg: Config) -> int:
    """Decision D1: quad-word 2 bits 53:52, quad-word 3 bits 14:0 and 53:48; absent features."""
    out = masks((181, 180), (206, 192), (245, 240)) & ~mask(245, 245)
    out |= 0 if cfg.f.GTSup else mask(183, 182)
    out |= 0 if cfg.f.vIommuSup else masks((207, 207), (239, 208))
    out |= 0 if cfg.f.AttrFWSup else masks((255, 246))
    return out


def illegal_rz(entry: Dte, cfg: Config, guest: bool) -> bool | None:
    """3.4, memory part. None: legal; else the RZ flag of ILLEGAL_DEV_TABLE_ENTRY."""
    if entry.value & reserved_memory(cfg):
        return True
    if not entry.TV:
        return None
    if entry.HAD == 2 or (entry.HAD == 3 and not cfg.f.HDSup):
        return True
    if guest and _bad_guest_levels(entry, cfg):
        return False
    if cfg.f.SNPSup and not entry.Mode:
        return False
    return True if cfg.f.HATS == 3 and (entry.Mode or entry.Root) else None


def _bad_guest_levels(entry: Dte, cfg: Config) -> bool:
    if entry.GLX == 3 or entry.GLX > cfg.f.GLXSup:
        return True
    return entry.GuestPagingMode > (1 if cfg.guest_levels() == 5 else 0)
