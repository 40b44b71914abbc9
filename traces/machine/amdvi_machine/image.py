# SPDX-License-Identifier: Apache-2.0
"""Memory of the trace as it stands so far, and tables in it that follow what the driver maps and unmaps."""
from __future__ import annotations

import struct
from typing import Iterator

from . import bits
from .bits import PAGE, V1, V2

# Tables that the source does not show lie far above what a real machine has.
OWN = 0xF_FFF0_0000_0000
OWN_END = 0xF_FFFF_0000_0000
DEVICE_TABLE = OWN
COMMAND_RING = OWN + 0x40_0000
EVENT_RING = OWN + 0x50_0000
INTERRUPTS = OWN + 0x1000_0000
TABLES = OWN + 0x1_0000_0000
MOST_PAGES = 1 << 16  # of the image: 256 MiB of tables map 128 GiB in pages of 4 KiB
DEEPEST = 6

Store = tuple[int, bytes]


class TooMuch(Exception):
    """More tables than the image may have."""


class Image:
    """Pages by physical address. What is written is kept and told, so that a trace can follow."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}
        self.given = 0  # pages that a source showed; the bound is on what comes to them
        self.next_table = TABLES

    def page(self, address: int) -> bytearray:
        base = address & ~(PAGE - 1)
        if base not in self.pages:
            if len(self.pages) >= self.given + MOST_PAGES:
                raise TooMuch
            self.pages[base] = bytearray(PAGE)
        return self.pages[base]

    def write(self, address: int, data: bytes) -> Store:
        """Within a page."""
        offset = address & PAGE - 1
        self.page(address)[offset:offset + len(data)] = data
        return address, data

    def read(self, address: int, size: int) -> bytes:
        """Within a page; zeros where nothing was written."""
        base, offset = address & ~(PAGE - 1), address & PAGE - 1
        return bytes(self.pages[base][offset:offset + size]) if base in self.pages else bytes(size)

    def word(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def new_table(self) -> int:
        self.next_table += PAGE
        return self.next_table - PAGE


def shift_of(level: int) -> int:
    return 12 + 9 * (level - 1)


class Table:
    """A host table; `root` may be one that a memory image shows, or a new one."""

    def __init__(self, image: Image, root: int, level: int) -> None:
        self.image, self.root, self.level = image, root, level

    def below(self, entry: int, level: int) -> int:
        """The level of the table that an entry points to; 0: it is a page, or nothing."""
        lower = bits.get(V1, "NextLevel", entry)
        return lower if entry & 1 and 0 < lower < level else 0

    def pointer(self, table: int, level: int) -> int:
        return bits.put(V1, PR=1, NextLevel=level, Addr=table >> 12, IR=1, IW=1)

    def leaf(self, address: int, size: int, level: int, rights: int) -> int:
        """
        An entry of that level for a page: a default size says 0, another one 7 and its size in the address; the kernel's
        right 1 is read, 2 is write.
        """
        plain = size == 1 << shift_of(level)
        if not plain:
            address = (address | size - 1) & ~(size >> 1) & bits.ADDRESS
        return bits.put(V1, PR=1, NextLevel=0 if plain else 7, Addr=address >> 12, FC=1, IR=rights & 1, IW=rights >> 1 & 1)

    def reach(self) -> int:
        """Addresses below this have a place in the table."""
        return 1 << min(64, shift_of(self.level + 1))

    def _find(self, iova: int, to: int) -> tuple[int, int, int]:
        """Where the walk of an address ends: the entry's place, its level, the entry; not below level `to`."""
        table, level = self.root, self.level
        while True:
            slot = table + (iova >> shift_of(level) & 511) * 8
            entry = self.image.word(slot)
            below = self.below(entry, level)
            if level <= to or not below:
                return slot, level, entry
            table, level = entry & bits.ADDRESS, below

    def _place(self, iova: int, to: int, made: list[Store]) -> int:
        """The place of the entry at a level; tables that are missing are made."""
        while True:
            slot, level, entry = self._find(iova, to)
            if level <= to or entry & 1:
                return slot
            pointer = self.pointer(self.image.new_table(), level - 1)
            made.append(self.image.write(slot, pointer.to_bytes(8, "little")))

    def map(self, iova: int, address: int, size: int, count: int, rights: int) -> Iterator[Store]:
        """So many pages; a size that no level has by itself takes as many equal entries as it covers."""
        level = min((size.bit_length() - 13) // 9 + 1, self.level)
        each = size >> shift_of(level)
        while count:
            made: list[Store] = []
            slot = self._place(iova, level, made)
            yield from made
            room = 512 - (slot >> 3 & 511)
            pages = max(1, min(count, room // each))
            first = self.leaf(address, size, level, rights)  # those behind it differ in the address, by whole pages
            entries = [first + page * size for page in range(pages) for _same in range(min(each, room))]
            yield self.image.write(slot, struct.pack(f"<{len(entries)}Q", *entries))
            iova, address, count = iova + pages * size, address + pages * size, count - pages

    def unmap(self, iova: int, size: int) -> Iterator[Store]:
        """Clears what maps this range; neighbours in one table become one store."""
        end = min(iova + size, self.reach())
        while iova < end:
            slot, level, entry = self._find(iova, 1)
            span = 1 << shift_of(level)
            count = 1
            if level == 1:
                count = min(512 - (slot >> 3 & 511), -(-(end - iova) // span))
            if level == 1 or entry & 1:
                yield self.image.write(slot, bytes(8 * count))
            iova = (iova & ~(span - 1)) + count * span


class GuestTable(Table):
    """A guest table (v2): the processor's format, as Linux fills it. Pages are of 4 KiB, 2 MiB or 1 GiB."""

    def below(self, entry: int, level: int) -> int:
        return level - 1 if bits.get(V2, "P", entry) and not (level <= 3 and bits.get(V2, "PS", entry)) else 0

    def pointer(self, table: int, level: int) -> int:
        return bits.put(V2, P=1, RW=1, US=1, A=1, Addr=table >> 12)

    def leaf(self, address: int, size: int, level: int, rights: int) -> int:
        return bits.put(V2, P=1, RW=rights >> 1 & 1, US=1, A=1, D=1, PS=level > 1, Addr=address >> 12)
