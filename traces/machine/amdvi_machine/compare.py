# SPDX-License-Identifier: Apache-2.0
"""Mappings of host tables, to compare what the events led to with what memory shows after them."""
from __future__ import annotations

import struct
from typing import Callable, Iterator

from . import bits
from .bits import DTE, DTE_BYTES, PAGE, V1
from .errors import Unreadable
from .image import shift_of

MOST_ENTRIES = 1 << 22
MOST_PAGES = 1 << 18
Read = Callable[[int, int], bytes]
Mapping = tuple[int, int, int]  # device, IOVA, entry


class Leaves:
    """Pages of tables; memory is not trusted, so the number of tables that are read has a bound."""

    def __init__(self, read: Read) -> None:
        self.read, self.left = read, MOST_PAGES

    def of(self, root: int, level: int, iova: int = 0) -> Iterator[tuple[int, int]]:
        """IOVA and entry of each page of a table."""
        self.left -= 1
        try:
            page = self.read(root, PAGE) if self.left > 0 else b""
        except Unreadable:
            return
        for index, (entry,) in enumerate(struct.iter_unpack("<Q", page)):
            if not entry & 1:
                continue
            below, at = bits.get(V1, "NextLevel", entry), iova + (index << shift_of(level))
            if below in (0, 7):
                yield at, entry
            elif below < level:
                yield from self.of(entry & bits.ADDRESS, below, at)


def mappings(read: Read, entries: dict[int, int]) -> set[Mapping]:
    found: set[Mapping] = set()
    leaves = Leaves(read)
    for device, entry in entries.items():
        mode = bits.get(DTE, "Mode", entry)
        if entry & 3 != 3 or not 1 <= mode <= 6:
            continue
        for iova, leaf in leaves.of(bits.get(DTE, "Host root", entry) << 12, mode):
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
