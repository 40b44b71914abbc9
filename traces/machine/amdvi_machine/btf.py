# SPDX-License-Identifier: Apache-2.0
"""Where the members of the kernel's structures lie, from its own description of types (BTF, /sys/kernel/btf/vmlinux)."""
from __future__ import annotations

import struct

from .errors import SourceError

STRUCT, UNION, DATASEC, ENUM64 = 4, 5, 15, 19
# Bytes behind the 12 of each type, by kind: fixed, and for each of its members.
EXTRA = {1: (4, 0), 2: (0, 0), 3: (12, 0), STRUCT: (0, 12), UNION: (0, 12), 6: (0, 8), 7: (0, 0), 8: (0, 0), 9: (0, 0), 10: (0, 0),
         11: (0, 0), 12: (0, 0), 13: (0, 8), 14: (4, 0), DATASEC: (0, 12), 16: (0, 0), 17: (4, 0), 18: (0, 0), ENUM64: (0, 12)}
TYPE = struct.Struct("<III")
MOST_DEPTH = 16


class Btf:
    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        if len(data) < 24 or data[:2] != b"\x9f\xeb":
            raise SourceError(name, 0, "magic: no BTF")
        head, type_at, type_len, text_at, text_len = struct.unpack_from("<IIIII", data, 4)
        if head + max(type_at + type_len, text_at + text_len) > len(data):
            raise SourceError(name, 0, "header: sections end behind the file")
        self._texts = head + text_at, head + text_at + text_len
        self._place: list[int] = [0]  # of each type; number 0 is void
        self._structs: dict[str, int] = {}
        self._scan(head + type_at, head + type_at + type_len)

    def _text(self, offset: int) -> str:
        begin, end = self._texts
        stop = self.data.find(b"\0", begin + offset, end)
        return self.data[begin + offset:stop].decode("ascii", "replace") if stop >= 0 else ""

    def _scan(self, at: int, end: int) -> None:
        while at + 12 <= end:
            name, info, _size = TYPE.unpack_from(self.data, at)
            kind = info >> 24 & 31
            if kind not in EXTRA:
                raise SourceError(self.name, 0, f"type {len(self._place)}: kind {kind} is not known")
            if kind == STRUCT and name:
                self._structs.setdefault(self._text(name), len(self._place))
            self._place.append(at)
            fixed, each = EXTRA[kind]
            at += 12 + fixed + each * (info & 0xFFFF)
        if at != end:
            raise SourceError(self.name, 0, f"type {len(self._place) - 1}: runs over the section's end")

    def _members(self, number: int, base: int, depth: int, found: dict[str, int]) -> None:
        if not 0 < number < len(self._place) or depth > MOST_DEPTH:
            return
        at = self._place[number]
        _name, info, _size = TYPE.unpack_from(self.data, at)
        if info >> 24 & 31 not in (STRUCT, UNION):
            return
        for index in range(info & 0xFFFF):
            name, kind, offset = TYPE.unpack_from(self.data, at + 12 + 12 * index)
            bits = offset & 0xFFFFFF if info >> 31 else offset
            if name:
                found.setdefault(self._text(name), base + bits // 8)
            else:  # members of a nameless structure are those of the one around it
                self._members(kind, base + bits // 8, depth + 1, found)

    def members(self, name: str) -> dict[str, int]:
        """Offsets in bytes by member; empty when the kernel has no such structure."""
        found: dict[str, int] = {}
        if name in self._structs:
            self._members(self._structs[name], 0, 0, found)
        return found
