# SPDX-License-Identifier: Apache-2.0
"""
Which pages the IOMMU's tables lie in: device table, host tables, GCR3 and guest tables, interrupt tables.

Memory may be a running machine's, so nothing in it is trusted: a page is visited once at each level, levels only fall, and the
number of pages has a bound. What cannot be read is told and left out.
"""
from __future__ import annotations

import struct
from typing import Callable

from . import bits
from .bits import DTE, DTE_BYTES, GCR3, PAGE, V1, V2
from .errors import Unreadable

Read = Callable[[int, int], bytes]
EMPTY = bytes(PAGE)
MOST_PROBLEMS = 100


class Full(Exception):
    """The bound on pages is reached."""


class Walk:
    """Collects pages by physical address; `missing` says what is not among them."""

    def __init__(self, read: Read, most_pages: int) -> None:
        self.read, self.most_pages = read, most_pages
        self.pages: dict[int, bytes] = {}
        self.missing: list[str] = []
        self.devices: dict[int, int] = {}  # DeviceID: its entry
        self._seen: set[tuple[int, int, int]] = set()
        self._left_out = 0

    def _miss(self, text: str) -> None:
        if len(self.missing) < MOST_PROBLEMS:
            self.missing.append(text)
        else:
            self._left_out += 1

    def page(self, address: int, what: str) -> bytes:
        """A page; zeros when it cannot be read."""
        address &= bits.ADDRESS
        if address not in self.pages:
            if len(self.pages) >= self.most_pages:
                raise Full
            try:
                self.pages[address] = self.read(address, PAGE)
            except Unreadable as error:
                self._miss(f"{what} at {address:#x}: {error}")
                return EMPTY
        return self.pages[address]

    def range(self, address: int, size: int, what: str) -> None:
        first = address & ~(PAGE - 1)
        try:
            for at in range(first, address + size, PAGE):
                self.page(at, what)
        except Full:
            self._miss(f"{what}: more than {self.most_pages} pages")

    # -------------------------------------------------------------- tables

    def _once(self, address: int, level: int, kind: int) -> bool:
        key = (address, level, kind)
        new = key not in self._seen
        self._seen.add(key)
        return new

    def host(self, root: int, level: int, what: str) -> None:
        """A host table: an entry names the level of the table that it points to; 0 and 7 are pages."""
        if not 1 <= level <= 6 or not self._once(root, level, 1):
            return
        page = self.page(root, what)
        if page == EMPTY:
            return
        for (entry,) in struct.iter_unpack("<Q", page):
            lower = bits.get(V1, "NextLevel", entry)
            if entry & 1 and 0 < lower < level:
                self.host(entry & bits.ADDRESS, lower, what)

    def guest(self, root: int, level: int, what: str, place: Callable[[int], int]) -> None:
        """A guest table, as the processor's; its addresses may themselves be those of a guest (`place`)."""
        if level < 1 or not self._once(root, level, 2):
            return
        page = self.page(place(root), what)
        if page == EMPTY:
            return
        for (entry,) in struct.iter_unpack("<Q", page):
            if level > 1 and bits.get(V2, "P", entry) and not (level <= 3 and bits.get(V2, "PS", entry)):
                self.guest(entry & bits.ADDRESS, level - 1, what, place)

    def gcr3(self, root: int, level: int, modes: int, what: str, place: Callable[[int], int]) -> None:
        """The table from PASID to guest table; `level` counts the levels below."""
        if not self._once(root, level, 3):
            return
        for (entry,) in struct.iter_unpack("<Q", self.page(place(root), what)):
            if not bits.get(GCR3, "V", entry):
                continue
            if level:
                self.gcr3(entry & bits.ADDRESS, level - 1, modes, what, place)
            else:
                self.guest(entry & bits.ADDRESS, 4 + modes, what, place)

    def translate(self, root: int, level: int, address: int) -> int:
        """Where a host table puts a guest's page; Unreadable when nowhere."""
        page = root
        while level:
            entry = struct.unpack_from("<Q", self.page(page, "host table"), (address >> 3 + 9 * level & 511) * 8)[0]
            lower = bits.get(V1, "NextLevel", entry)
            size = 1 << 12 + 9 * (level - 1)
            if not entry & 1 or (0 < lower < 7 and lower >= level):
                raise Unreadable(f"guest address {address:#x} is not mapped")
            if lower in (0, 7):
                base = entry & bits.ADDRESS
                if lower == 7:  # the lowest zero bit, from 12 on, is half of the size
                    size = 2 << ((~base >> 12) & -(~base >> 12)).bit_length() + 11
                return (base & ~(size - 1) | address & size - 1) & bits.ADDRESS
            page, level = entry & bits.ADDRESS, lower
        return page

    # -------------------------------------------------------------- devices

    def _device(self, devid: int, entry: int, wide: bool) -> None:
        what = f"tables of {bits.device_text(devid)}"
        mode, root = bits.get(DTE, "Mode", entry), bits.get(DTE, "Host root", entry) << 12
        translated = bits.get(DTE, "V", entry) and bits.get(DTE, "TV", entry)
        if translated and 1 <= mode <= 6:
            self.host(root, mode, what)
        if translated and bits.get(DTE, "GV", entry):
            self._guest_device(entry, mode, root, what)
        if bits.get(DTE, "IV", entry) and bits.get(DTE, "IntCtl", entry) == 2:
            size = min(1 << bits.get(DTE, "IntTabLen", entry), 2048) * (16 if wide else 4)
            self.range(bits.get(DTE, "IntTable root", entry) << 6, size, what)

    def _guest_device(self, entry: int, mode: int, root: int, what: str) -> None:
        nested = 1 <= mode <= 6
        place = (lambda address: self.translate(root, mode, address)) if nested else (lambda address: address)
        try:
            self.gcr3(bits.get(DTE, "GCR3 root", entry) << 12, min(bits.get(DTE, "GLX", entry), 2),
                      min(bits.get(DTE, "GuestPagingMode", entry), 1), what, place)
        except Unreadable as error:
            self._miss(f"{what}: {error}")

    def table(self, base: int, pages: int, wide: bool) -> None:
        """The device table of so many pages, and all that it leads to; `wide`: interrupt entries of 128 bits."""
        try:
            for index in range(pages):
                page = self.page(base + index * PAGE, "device table")
                for slot in range(0, PAGE, DTE_BYTES):
                    entry = int.from_bytes(page[slot:slot + DTE_BYTES], "little")
                    if entry:
                        devid = (index * PAGE + slot) // DTE_BYTES
                        self.devices[devid] = entry
                        self._device(devid, entry, wide)
        except Full:
            self._miss(f"more than {self.most_pages} pages of tables: the rest was not read")

    def problems(self) -> list[str]:
        return self.missing + ([f"{self._left_out} more places could not be read"] if self._left_out else [])
