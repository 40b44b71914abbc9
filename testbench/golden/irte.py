# SPDX-License-Identifier: Apache-2.0
"""Interrupt remapping entries (8.3)."""
from __future__ import annotations

from dataclasses import dataclass

from .layout import IRTE32, IRTE128, IRTEGUEST, View, masks


@dataclass(frozen=True)
class IrteMode:
    """Control bits that decide the format."""

    ga: bool
    xt: bool
    gam: int
    gappi_dis: bool

    @property
    def size(self) -> int:
        return 16 if self.ga else 4


def view(value: int, mode: IrteMode) -> View:
    if not mode.ga:
        return View(value, IRTE32)
    return View(value, IRTEGUEST if value >> 7 & 1 else IRTE128)


def is_malformed(entry: View, mode: IrteMode) -> bool:
    """8.5: IntType, reserved bits, GuestMode that is not enabled."""
    if entry.GuestMode:
        return _bad_guest(entry, mode)
    if entry.IntType > 1:
        return True
    reserved = masks((63, 32), (119, 72)) if mode.ga else masks((31, 24))
    return bool(entry.value & reserved)


def _bad_guest(entry: View, mode: IrteMode) -> bool:
    if not mode.ga or mode.gam != 1:
        return True
    reserved = masks((4, 3), (75, 72), (119, 116)) | (0 if mode.gappi_dis else masks((5, 5)))
    return bool(entry.value & reserved)


def destination(entry: View, mode: IrteMode) -> int:
    if not mode.ga:
        return entry.Dest
    return entry.DestHigh << 24 | entry.DestLow if mode.xt else entry.DestX
