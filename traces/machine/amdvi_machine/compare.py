# SPDX-License-Identifier: Apache-2.0
"""Mappings of tables, to compare what the events led to with what memory shows after them."""
from __future__ import annotations

import struct
from typing import Callable, Iterator

from . import bits
from .bits import DTE, DTE_BYTES, PAGE
from .errors import Unreadable
from .image import GuestTable, Image, Table, shift_of

MOST_ENTRIES = 1 << 22
MOST_PAGES = 1 << 18
HOST, GUEST = Table(Image(), 0, 6), GuestTable(Image(), 0, 5)  # for their formats
Read = Callable[[int, int], bytes]
Mapping = tuple[int, int, int]  # device, IOVA, entry


class Leaves:
    """Pages of tables; memory is not trusted, so the number of tables that are read has a bound."""

    def __init__(self, read: Read) -> None:
        self.read, self.left = read, MOST_PAGES

    def of(self, kind: Table, root: int, level: int, iova: int = 0) -> Iterator[tuple[int, int]]:
        """IOVA and entry of each page of a table."""
        self.left -= 1
        try:
            page = self.read(root, PAGE) if self.left > 0 else b""
        except Unreadable:
            return
        for index, (entry,) in enumerate(struct.iter_unpack("<Q", page)):
            at, below = iova + (index << shift_of(level)), kind.below(entry, level)
            if below:
                yield from self.of(kind, entry & bits.ADDRESS, below, at)
            elif entry & 1:
                yield at, entry

    def of_device(self, entry: int) -> Iterator[tuple[int, int]]:
        """Of a host table, or of the guest table that is used without PASID."""
        mode, place = bits.get(DTE, "Mode", entry), bits.get(DTE, "GCR3 root", entry) << 12
        if 1 <= mode <= 6:
            yield from self.of(HOST, bits.get(DTE, "Host root", entry) << 12, mode)
        elif bits.get(DTE, "GV", entry):
            try:
                for _level in range(bits.get(DTE, "GLX", entry) + 1):
                    place = int.from_bytes(self.read(place, 8), "little") & bits.ADDRESS
            except Unreadable:
                return
            yield from self.of(GUEST, place, 4 + (bits.get(DTE, "GuestPagingMode", entry) & 1))


def mappings(read: Read, entries: dict[int, int]) -> set[Mapping]:
    found: set[Mapping] = set()
    leaves = Leaves(read)
    for device, entry in entries.items():
        if entry & 3 != 3:
            continue
        for iova, leaf in leaves.of_device(entry):
            found.add((device, iova, leaf))
            if len(found) > MOST_ENTRIES:
                return found
    return found


def compare(entries: dict[int, int], ours: Read, theirs: Read, table: int) -> tuple[int, int]:
    """How many mappings of these devices are in both, and how many in one only."""
    after = {}
    for device in entries:
        try:
            after[device] = int.from_bytes(theirs(table + device * DTE_BYTES, DTE_BYTES), "little")
        except Unreadable:
            continue
    mine, its = mappings(ours, {device: entry for device, entry in entries.items() if device in after}), mappings(theirs, after)
    return len(mine & its), len(mine ^ its)
