# SPDX-License-Identifier: Apache-2.0
"""
Memory in an ELF core file: /proc/kcore, a kdump vmcore, or what the collector writes.

Only headers and notes are read when it is opened; no allocation follows a size that the file names without a bound.
"""
from __future__ import annotations

import bisect
import re
import struct
from typing import BinaryIO, NamedTuple

from .bits import PAGE
from .errors import SourceError, Unreadable

PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xFFFF
MOST_SEGMENTS = 1 << 20
MOST_NOTE = 1 << 20
NO_ADDRESS = (1 << 64) - 1


class Segment(NamedTuple):
    offset: int
    virtual: int
    physical: int
    size: int


class Table:
    """Segments by one of their addresses; they may overlap, as the kernel's text and the memory that it lies in do."""

    def __init__(self, key: str, segments: list[Segment]) -> None:
        self.key = key
        self.segments = sorted(segments, key=lambda one: getattr(one, key))
        self.starts = [getattr(one, key) for one in self.segments]
        self.reach: list[int] = []  # the furthest end up to here
        for start, segment in zip(self.starts, self.segments):
            self.reach.append(max(start + segment.size, self.reach[-1] if self.reach else 0))

    def find(self, address: int) -> tuple[Segment | None, int]:
        """A segment with this address, and how far inside it lies."""
        index = bisect.bisect_right(self.starts, address) - 1
        while index >= 0 and self.reach[index] > address:
            inside = address - self.starts[index]
            if inside < self.segments[index].size:
                return self.segments[index], inside
            index -= 1
        return None, 0


class Core:
    """Reads by physical or by the kernel's virtual address."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        self.segments: list[Segment] = []
        self.vmcoreinfo: dict[str, str] = {}
        self._headers()
        self._physical = Table("physical", [one for one in self.segments if one.physical != NO_ADDRESS])
        self._virtual = Table("virtual", self.segments)

    def _take(self, offset: int, size: int, what: str) -> bytes:
        try:
            self.file.seek(offset)
            data = self.file.read(size)
        except (OSError, OverflowError, ValueError) as error:
            raise SourceError(self.name, 0, f"{what}: {error}") from None
        if len(data) != size:
            raise SourceError(self.name, 0, f"{what}: the file ends at {offset + len(data):#x}, {size} bytes are needed at {offset:#x}")
        return data

    def _headers(self) -> None:
        head = self._take(0, 64, "ELF header")
        if head[:4] != b"\x7fELF" or head[4:6] != b"\x02\x01":
            raise SourceError(self.name, 0, "e_ident: no 64-bit little-endian ELF file")
        kind, machine = struct.unpack_from("<HH", head, 16)
        table, sections = struct.unpack_from("<QQ", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        if kind != 4 or machine != 62:
            raise SourceError(self.name, 0, f"e_type {kind}, e_machine {machine}: no core file of an x86-64 machine")
        if count == PN_XNUM:  # the number stands in the first section header then
            count = struct.unpack_from("<I", self._take(sections, 64, "section header 0"), 44)[0]
        if size != 56 or count > MOST_SEGMENTS:
            raise SourceError(self.name, 0, f"e_phentsize {size}, e_phnum {count}: not what this reads")
        for index, entry in enumerate(struct.iter_unpack("<IIQQQQQQ", self._take(table, size * count, "program headers"))):
            self._segment(index, entry)

    def _segment(self, index: int, entry: tuple[int, ...]) -> None:
        kind, _flags, offset, virtual, physical, in_file, _in_memory, _align = entry
        if kind == PT_NOTE:
            self._notes(offset, in_file)
        if kind != PT_LOAD or not in_file:
            return
        if physical != NO_ADDRESS and physical + in_file > 1 << 52:
            physical = NO_ADDRESS
        if virtual + in_file > 1 << 64:
            raise SourceError(self.name, 0, f"program header {index}: p_vaddr {virtual:#x} and p_filesz {in_file:#x} run over")
        self.segments.append(Segment(offset, virtual, physical, in_file))

    def _notes(self, offset: int, size: int) -> None:
        """VMCOREINFO is a text of KEY=VALUE lines; other notes do not matter here."""
        if size > MOST_NOTE:
            return
        data, at = self._take(offset, size, "notes"), 0
        while at + 12 <= len(data):
            name_size, text_size, _kind = struct.unpack_from("<III", data, at)
            text_at = at + 12 + (name_size + 3 & ~3)
            if data[at + 12:at + 22] == b"VMCOREINFO":
                text = data[text_at:text_at + text_size].decode("ascii", "replace")
                self.vmcoreinfo.update(re.findall(r"^([^=\n]+)=(.*)$", text, re.M))
            at = text_at + (text_size + 3 & ~3)

    def _read(self, table: Table, address: int, size: int) -> bytes:
        out = bytearray()
        while len(out) < size:
            place = address + len(out)
            segment, inside = table.find(place)
            if segment is None:
                raise Unreadable(f"{table.key} address {place:#x} is not in {self.name}")
            piece = min(size - len(out), segment.size - inside)
            try:
                self.file.seek(segment.offset + inside)
                data = self.file.read(piece)
            except (OSError, OverflowError, ValueError) as error:
                raise Unreadable(f"{table.key} address {place:#x} of {self.name}: {error}") from None
            if len(data) != piece:
                raise Unreadable(f"{table.key} address {place:#x}: {self.name} ends before it")
            out += data
        return bytes(out)

    def physical(self, address: int, size: int) -> bytes:
        """At most a few pages at a time; Unreadable when a byte of them is not in the file."""
        return self._read(self._physical, address, size)

    def virtual(self, address: int, size: int) -> bytes:
        return self._read(self._virtual, address, size)

    def to_physical(self, virtual: int) -> int:
        segment, inside = self._virtual.find(virtual)
        if segment is None or segment.physical == NO_ADDRESS:
            raise Unreadable(f"{self.name} has no physical address of {virtual:#x}")
        return segment.physical + inside


def write(file: BinaryIO, pages: dict[int, bytes]) -> None:
    """A core file of these pages (by physical address, PAGE bytes each); neighbours share a segment."""
    runs: list[tuple[int, list[bytes]]] = []
    for address in sorted(pages):
        if not runs or runs[-1][0] + PAGE * len(runs[-1][1]) != address:
            runs.append((address, []))
        runs[-1][1].append(pages[address])
    extra = 64 if len(runs) >= PN_XNUM else 0
    data_at = -(-(64 + extra + 56 * len(runs)) // PAGE) * PAGE
    file.write(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64 + extra, 64 if extra else 0, 0, 64, 56,
                           PN_XNUM if extra else len(runs), 64 if extra else 0, 1 if extra else 0, 0))
    if extra:
        file.write(struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, len(runs), 0, 0))
    offset = data_at
    for address, parts in runs:
        size = PAGE * len(parts)
        file.write(struct.pack("<IIQQQQQQ", PT_LOAD, 4, offset, 0, address, size, size, PAGE))
        offset += size
    file.write(bytes(data_at - 64 - extra - 56 * len(runs)))
    for _address, parts in runs:
        file.write(b"".join(parts))
